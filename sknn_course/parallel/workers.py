"""A part of a wave trained in worker processes, where that is sooner.

The operations of small networks are too short for torch's threads to share, and
Python's wait for the interpreter's lock between them; processes do not. A job is all
that training needs: nothing of the task around it goes to a worker.
"""

import copy
import multiprocessing
import pickle
import threading
import warnings
from bisect import bisect
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from time import perf_counter

import joblib
import numpy as np
import torch
from sklearn.utils import check_random_state

from .._engine import FitJob
from .._engine.cost_model import COSTS
from .._engine.interrupts import wait_for
from .._engine.plan import fills_core, training_seconds
from .equal_data import cut_bytes
from .pool import WORKERS, can_start_workers
from .retry import set_state, state_of, train_group

Groups = list[list[FitJob]]  # jobs of equal structure


def divide(groups: Groups, max_bytes: int) -> tuple[Groups, list[Groups], Groups]:
    """Divide the groups of a wave among this process and workers, where that pays.

    Parameters
    ----------
    groups : list of list of FitJob
        Of `group_by_structure`.
    max_bytes : int
        Of the rows in all processes together, each of which holds its own.

    Returns
    -------
    own : list of list of FitJob
        To be trained here, on one core, while the workers train.
    worker_groups : list of list of list of FitJob
        The groups of each worker.
    rest : list of list of FitJob
        To be trained here afterwards, on all cores.
    """
    leaving = _may_leave(groups) if max_bytes and _is_main() else set()
    small = _filter(groups, leaving.__contains__)
    different = {job.train for group in small for job in group}
    n_bytes = sum(map(cut_bytes, different))
    most = min(joblib.cpu_count(), max_bytes // max(1, n_bytes))
    start = COSTS.process_start_seconds
    if WORKERS.is_there:
        most, start = min(most, WORKERS.n_workers + 1), COSTS.process_send_seconds
    bound = COSTS.process_worth * sum(map(training_seconds, small))
    late = 2 * start  # networks may stop after a half of their epochs
    numbers = range(2, most + 1) if late < bound else []
    plans = [_cut(small, n, start) for n in numbers]
    best = min(plans, key=lambda plan: _seconds(plan, start), default=None)
    if best is None or _seconds(best, late) > bound:
        return [], [], groups
    own, *worker_groups = filter(None, best)
    return own, worker_groups, _filter(groups, lambda job: job not in leaving)


def _is_main() -> bool:
    """Whether this is the thread and the process that may start others."""
    return (
        can_start_workers()
        and threading.current_thread() is threading.main_thread()
        and multiprocessing.parent_process() is None
    )


def _may_leave(groups: Groups) -> set[FitJob]:
    """Jobs that can be trained in another process, and small ones."""
    jobs = [job for group in groups for job in group]
    uses = Counter(job.rng for job in jobs)
    uses[check_random_state(None)] = 1  # its users get generators of their own
    return {
        job
        for job in jobs
        if job.device.type == "cpu"
        and not fills_core(job)
        and not job.settings.verbose
        and job.task is job.augment is None
        and uses[job.rng] == 1
    }


def _filter(groups: Groups, is_wanted: Callable[[FitJob], bool]) -> Groups:
    some = [list(filter(is_wanted, group)) for group in groups]
    return [group for group in some if group]


def _cut(groups: Groups, n_processes: int, start: float) -> list[Groups]:
    """The groups of each process, all of which end at about the same time."""
    seconds = list(map(training_seconds, groups))
    each = (sum(seconds) + (n_processes - 1) * start) / n_processes
    ends = [each + k * (each - start) for k in range(n_processes - 1)]
    of_processes: list[Groups] = [[] for _ in range(n_processes)]
    done = 0.0
    for group, of_group in zip(groups, seconds, strict=True):
        parts: Groups = [[] for _ in of_processes]
        of_job = of_group / len(group)
        for job in group:
            parts[bisect(ends, done + of_job / 2)].append(job)
            done += of_job
        for of_process, part in zip(of_processes, parts, strict=True):
            if part:
                of_process.append(part)
    return of_processes


def _seconds(of_processes: list[Groups], start: float) -> float:
    """Until all have trained their groups, those of this process first."""
    own, *others = (sum(map(training_seconds, groups)) for groups in of_processes)
    return max([own, *(start + other for other in others)])


@contextmanager
def trained_by_workers(worker_groups: list[Groups]) -> Iterator[Iterable]:
    """Inside, workers train; what is inside is to take their results at its end.

    Parameters
    ----------
    worker_groups : list of list of list of FitJob
        The groups of each worker.

    Yields
    ------
    iterable of tuple
        Each group, its jobs trained, with the seconds that it took and whether it
        failed as a stack; or with None, its jobs as they were, where a worker failed.
    """
    if not worker_groups:
        yield ()
        return
    _give_generators(worker_groups)
    calls = [(_pickled(groups),) for groups in worker_groups]
    with WORKERS.running(_train, calls, len(calls)) as futures:
        yield _results(worker_groups, futures)


def _give_generators(worker_groups: list[Groups]) -> None:
    """Seeded by numpy's global one, to the jobs that draw from it."""
    numpys = check_random_state(None)
    for job in (job for groups in worker_groups for group in groups for job in group):
        if job.rng is numpys:
            job.rng = np.random.RandomState(numpys.randint(2**31))


def _pickled(groups: Groups) -> bytes:
    """By pickle itself, which is many times quicker than loky's pickler."""
    return pickle.dumps(
        [[_converted(job, torch.Tensor.numpy) for job in group] for group in groups]
    )


def _train(pickled: bytes) -> bytes:
    """In a worker: trained copies of the jobs, with seconds and failure, by group."""
    results = []
    for group in pickle.loads(pickled):
        group = [_converted(job, torch.tensor) for job in group]
        started = perf_counter()
        failed = not train_group(group, lambda job: True, n_cores=1)
        outcome = perf_counter() - started, failed
        for job in group:
            job.train = job.validation = None  # the others have them
        results.append(
            ([_converted(job, torch.Tensor.numpy) for job in group], outcome)
        )
    return pickle.dumps(results)


def _results(
    worker_groups: list[Groups], futures: Sequence[Future]
) -> Iterator[tuple[list[FitJob], tuple[float, bool] | None]]:
    """Take over what workers have trained, as soon as all have."""
    groups = [group for groups in worker_groups for group in groups]
    try:
        results = [r for part in wait_for(futures) for r in pickle.loads(part)]
    except Exception as error:
        warnings.warn(
            f"A worker process failed with {error!r}: what it was to train is trained "
            "in this process.",
            RuntimeWarning,
            stacklevel=2,
        )
        WORKERS.end()
        results = [([], None)] * len(groups)
    for group, (copies, outcome) in zip(groups, results, strict=True):
        for job, trained in zip(group, copies, strict=False):
            set_state(job, state_of(_converted(trained, torch.tensor)))
        yield group, outcome


def _converted(job: FitJob, convert: Callable) -> FitJob:
    """A copy of a job, its tensors as arrays, which are pickled sooner, or back."""
    job = copy.copy(job)
    job.optimizer = copy.copy(job.optimizer)
    job.parameters, job.buffers = convert(job.parameters), convert(job.buffers)
    job.best = tuple(map(convert, job.best))
    if job.optimizer.moments is not None:
        moments = job.optimizer.moments
        job.optimizer.moments = {name: convert(m) for name, m in moments.items()}
    return job
