"""Tasks, and the joblib calls that they belong to."""

import contextvars
import threading
import traceback
from itertools import count
from time import monotonic

from ..training.threads import in_forked_child
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
    rendezvous : Rendezvous
    parent : Task or None
        The task that makes the call; None outside tasks.

    Attributes
    ----------
    tasks : set of Task
        Those that have not ended.
    failed : bool
        Whether a task has failed.
    dispatching : bool
        Whether the caller, outside tasks, still hands over tasks.
    is_joined : bool
        Whether the parent sleeps until all tasks have ended or one has failed.
    """

    def __init__(self, rendezvous, parent):
        self.rendezvous, self.parent = rendezvous, parent
        self.depth = 0 if parent is None else parent.call.depth + 1
        self.tasks = set()
        self.dispatching = parent is None
        self.aborted = self.failed = False
        self.is_joined = False
        self.context = contextvars.copy_context()
        self.warnings = WarningState()
        self.started = self.last_submitted = monotonic()

    @property
    def is_aborted(self):
        """Whether this call, or one around it, was aborted."""
        return self.aborted or (self.parent is not None and self.parent.call.is_aborted)

    @property
    def is_over(self):
        """Whether its results are there, or an error is."""
        return not self.tasks or self.failed or self.is_aborted

    def check(self):
        """Raise `CallAborted` where it was."""
        if self.is_aborted:
            raise CallAborted("The joblib call of this task has ended.")


class Task:
    """One task of a call.

    Parameters
    ----------
    call : Call
    function : callable
    callback : callable
        Takes ``(succeeded, result or error)``.
    goes_on : event
        Set when the task may go on.
    """

    def __init__(self, call, function, callback, goes_on):
        self.call, self.function, self.callback = call, function, callback
        self.rank = (-call.depth, next(_numbers))  # inner tasks first
        self.state = QUEUED
        self.goes_on = goes_on
        self.job = None
        self.fills_core = False  # its job does, and is therefore trained one by one
        self.held_bytes = 0
        # those of its caller; joblib's batches have items
        calls = getattr(function, "items", ())
        values = [v for _, args, options in calls for v in (*args, *options.values())]
        self.given = {id(owner) for value in values for owner in owners(value)}
        self.arrived = 0.0

    def __lt__(self, other):
        return self.rank < other.rank


def current_task():
    """The task that this thread runs, or None."""
    return getattr(_thread, "task", None)


def run(task):
    """Run a task in this thread, and its callback; whether it succeeded."""
    _thread.task = task
    call = task.call
    function, task.function = task.function, None  # lets go of its arguments
    call.warnings.restore()
    try:
        outcome = True, call.context.copy().run(function)
    except BaseException as error:
        # joblib takes the traceback off
        error.add_note(f"In a task: {''.join(traceback.format_exception(error))}")
        outcome = False, error
    _thread.task = None
    task.callback(outcome)
    return outcome[0]
