"""Tasks, and the joblib calls that they belong to."""

from __future__ import annotations

import contextvars
import threading
import traceback
from collections.abc import Callable
from itertools import count
from time import monotonic
from typing import Any

from .._engine import FitJob
from .._engine.threads import in_forked_child
from .._identity import Same
from .fit_time import leave_out
from .held_memory import owners
from .warning_state import WarningState

# where a task is
QUEUED = "not started"
RUNNING = "running"
WAITING = "waiting for the training of its job"
READY = "ready to go on"
BLOCKED = "waiting for tasks of its own"
DROPPED = "running for nobody"
ENDED = "ended"

_numbers = count()
_thread = threading.local()
in_forked_child(lambda: setattr(_thread, "task", None))


class CallAborted(BaseException):
    """Ends a task whose joblib call has ended by an error, a timeout or Ctrl-C.

    No `Exception`, as `KeyboardInterrupt` is none: no ``error_score`` stops it.
    """


class Call:
    """One call of a `joblib.Parallel`.

    Parameters
    ----------
    scheduler : Scheduler
    parent : Task or None
        The task that makes the call; None outside tasks.

    Attributes
    ----------
    tasks : set of Task
        Those that have not ended.
    seconds : float
        That its tasks took, without those that they waited for others.
    failure : Task or None
        The first in order of those that have failed. Later ones are aborted; earlier
        ones go on, since an ordinary run would end with the error of one of them.
    failed : bool
        Whether that error is final and joblib has been told.
    error : BaseException or None
        Of joblib itself, when it was told the outcome of a task.
    dispatching : bool
        Whether the caller, outside tasks, still hands over tasks.
    not_converged : list of tuple of str
        What tasks leave to `convergence.warn_of_all`.
    is_joined : bool
        Whether the parent sleeps until all tasks have ended or one has failed.
    """

    def __init__(self, scheduler: Any, parent: Task | None, started: float) -> None:
        self.scheduler, self.parent = scheduler, parent
        self.depth: int = 0 if parent is None else parent.call.depth + 1
        self.tasks: set[Task] = set()
        self.dispatching = parent is None
        self.aborted = self.failed = False
        self.failure: Task | None = None
        self.error: BaseException | None = None
        self.not_converged: list[tuple[str, str, str]] = []
        self.is_joined = False
        self.seconds = 0.0
        self.context = contextvars.copy_context()
        self.warnings = WarningState()
        self.started, self.last_submitted = started, monotonic()

    @property
    def is_aborted(self) -> bool:
        """Whether this call, or a task around it, was aborted."""
        return self.aborted or (self.parent is not None and self.parent.is_aborted)

    @property
    def is_over(self) -> bool:
        """Whether its results are there, or an error is."""
        return not self.tasks or self.failed or self.is_aborted

    @property
    def is_settled(self) -> bool:
        """Whether no task can fail any more that comes before the one that has."""
        failure = self.failure
        return failure is not None and all(
            task.has_run for task in self.tasks if task < failure
        )


class Task:
    """One task of a call.

    Parameters
    ----------
    call : Call
    function : callable
    callback : callable
        Joblib's, takes ``(succeeded, result or error)``.
    goes_on : event
        Set when the task may go on.

    Attributes
    ----------
    varies_length : bool
        Whether it is one of a search over ``max_iter``.
    """

    def __init__(
        self, call: Call, function: Callable, callback: Any, goes_on: Any
    ) -> None:
        self.call, self.callback = call, callback
        self.function: Callable | None = function
        self.rank = (-call.depth, next(_numbers))  # inner tasks first
        self.state = QUEUED
        self.goes_on = goes_on
        self.has_run = False
        self.outcome: tuple[bool, Any] | None = None
        self.job: FitJob | None = None
        self.fills_core = False  # its job does, and is therefore trained one by one
        self.held_bytes = 0
        # those of its caller; joblib's batches have items
        calls = getattr(function, "items", ())
        values = [v for _, args, options in calls for v in (*args, *options.values())]
        self.varies_length: bool = any(
            name.rpartition("__")[2] == "max_iter"
            for _, _, options in calls
            for name in options.get("parameters") or ()
        ) or (call.parent is not None and call.parent.varies_length)
        self.given = {Same(owner) for value in values for owner in owners(value)}
        self.arrived = 0.0
        self.seconds = 0.0  # that it took, without those of others
        self.seconds_trained = 0.0  # its share in the last wave
        self.seconds_of_others = 0.0  # in which it waited, beyond such shares

    def __lt__(self, other: Task) -> bool:
        return self.rank < other.rank

    @property
    def is_aborted(self) -> bool:
        """Whether its call was, or a task before it has failed."""
        failure = self.call.failure
        return self.call.is_aborted or (failure is not None and failure < self)

    @property
    def succeeded(self) -> bool:
        """Whether it has run, without an error."""
        return self.outcome is not None and self.outcome[0]

    def check(self) -> None:
        """Raise `CallAborted` where it was aborted."""
        if self.is_aborted:
            raise CallAborted("The joblib call of this task has ended.")


def current_task() -> Task | None:
    """The task that this thread runs, or None."""
    return getattr(_thread, "task", None)


def run(task: Task) -> tuple[bool, Any]:
    """Run a task in this thread: whether it succeeded, and its result or error."""
    started = monotonic()
    _thread.task = task
    call = task.call
    function, task.function = task.function, None  # lets go of its arguments
    assert function is not None
    call.warnings.restore()
    try:
        outcome = True, call.context.copy().run(function)
    except BaseException as error:
        # joblib takes the traceback off
        error.add_note(f"In a task: {''.join(traceback.format_exception(error))}")
        outcome = False, error
    _thread.task = None
    task.given.clear()  # joblib may keep the task
    task.seconds = monotonic() - started - task.seconds_of_others
    leave_out(outcome[1], task.seconds_of_others)
    return outcome
