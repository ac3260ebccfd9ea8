"""Where a task waits: for its fit, trained with those of others, and for its own call.

The scheduler lets others run in the meantime.
"""

import inspect
from collections.abc import Iterable
from time import monotonic

import numpy as np

from .._engine import FitJob, train
from .._engine.plan import fills_core
from .equal_data import cut_bytes
from .held_memory import bytes_by_owner, values_in_calls
from .task import Call, Task
from .warning_state import WarningState


def meet(task: Task, job: FitJob) -> None:
    """Hand in the job of a task and sleep until it is trained.

    Raises
    ------
    CallAborted
    """
    task.check()
    task.fills_core = fills_core(job)
    new = task.call.scheduler.data.take(job)
    warnings, n_bytes = WarningState(), _held_bytes(task, job, new)
    task.call.scheduler.mark_waiting(task, job, n_bytes)
    task.goes_on.wait()
    task.seconds_of_others += monotonic() - task.arrived - task.seconds_trained
    warnings.restore()
    task.job = None
    task.check()
    if task.varies_length:
        task.call.scheduler.lengths.put(job)


def train_alone(task: Task, job: FitJob, reason: str) -> None:
    """Train the job of a task at once, outside of the waves.

    Raises
    ------
    CallAborted
    """
    task.call.scheduler.note_alone(task, job, reason)
    try:
        train([job])
    finally:
        task.job = None
    task.check()


def join(call: Call) -> None:
    """Put the parent of a call to sleep until its tasks have ended, or one has failed.

    Raises
    ------
    CallAborted
    """
    task, warnings = call.parent, WarningState()
    assert task is not None
    asleep, done_before = monotonic(), call.seconds
    if call.scheduler.mark_blocked(call):
        task.goes_on.wait()
        done = call.seconds - done_before
        task.seconds_of_others += monotonic() - asleep - done
        warnings.restore()
        task.check()


def _held_bytes(task: Task, job: FitJob, new: Iterable[np.ndarray]) -> int:
    """Of the arrays in a task's calls and those of its job that no other has."""
    scheduler = task.call.scheduler
    n_bytes, held = cut_bytes(job.train), {}
    places = scheduler.places
    if n_bytes * places.max_models > places.max_bytes:  # else of no account
        held = bytes_by_owner(values_in_calls(inspect.currentframe()))
        in_calls = sum(held[owner] for owner in held.keys() - task.given)
        n_bytes = max(n_bytes // 2, in_calls)
    of_job = bytes_by_owner(new)
    return n_bytes + sum(of_job[owner] for owner in of_job.keys() - held.keys())
