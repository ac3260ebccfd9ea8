"""Trainings of several lengths: a longer one goes on from a shorter one."""

import threading
from collections import OrderedDict

from .._engine import FitJob
from .._engine.snapshot import Keeper, Snapshot
from .digest import digest_of_job


class Lengths:
    """Ends of trainings, in memory, for longer ones that are equal otherwise.

    Parameters
    ----------
    max_bytes : int
        Of the arrays that are kept, the newest.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes, self.n_bytes = max_bytes, 0
        self._ends: OrderedDict[str, tuple[Snapshot, bool]] = OrderedDict()
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple:
        return Lengths, (self.max_bytes,)

    def find(self, job: FitJob) -> bool:
        """Whether the job's result is known, and given to it.

        Otherwise it goes on from the longest training that is known, and its keeper
        keeps how it ends.
        """
        key = job.keeper.key if job.keeper is not None else digest_of_job(job)
        if key is None or job.settings.verbose:
            return False
        if job.keeper is None:
            job.keeper = Keeper(key)
        job.keeper.keeps_last = True
        with self._lock:
            snapshot, ended = self._ends.get(key, (None, False))
        length = job.settings.max_iter
        if snapshot is None or snapshot.n_iter > length:
            return False
        if ended or snapshot.n_iter == length:
            snapshot.finish(job)
            return True
        if job.start is None or job.start.n_iter < snapshot.n_iter:
            snapshot.restore(job)
        return False

    def put(self, job: FitJob) -> None:
        """Keep the end of a job's training."""
        keeper = job.keeper
        if keeper is None or not keeper.taken:
            return
        last = max(keeper.taken)
        with self._lock:
            before, _ = self._ends.get(keeper.key, (None, False))
            if before is not None:
                if before.n_iter >= last:
                    return
                self.n_bytes -= before.n_bytes
            self._ends[keeper.key] = keeper.taken[last], keeper.ended
            self._ends.move_to_end(keeper.key)
            self.n_bytes += keeper.taken[last].n_bytes
            while self.n_bytes > self.max_bytes:
                _, (snapshot, _) = self._ends.popitem(last=False)
                self.n_bytes -= snapshot.n_bytes


def longest_of_each(jobs: list[FitJob]) -> tuple[list[FitJob], dict[FitJob, FitJob]]:
    """Jobs to train, and those that end on the way of another.

    Parameters
    ----------
    jobs : list of FitJob

    Returns
    -------
    longest : list of FitJob
        Their keepers take snapshots for the others.
    shorter : dict of FitJob -> FitJob
        The longest one for each of the others.
    """
    if sum(job.keeper is not None and job.keeper.keeps_last for job in jobs) < 2:
        return jobs, {}
    longest: dict[str, FitJob] = {}
    shorter: dict[FitJob, FitJob] = {}
    for job in sorted(jobs, key=lambda job: -job.settings.max_iter):
        if job.keeper is None or not job.keeper.keeps_last:
            continue
        first = longest.setdefault(job.keeper.key, job)
        start = 0 if first.start is None else first.start.n_iter
        if first is not job and job.settings.max_iter > start:
            first.keeper.at.add(job.settings.max_iter)
            shorter[job] = first
    return [job for job in jobs if job not in shorter], shorter


def give_shorter(shorter: dict[FitJob, FitJob]) -> list[FitJob]:
    """Give jobs their results from those that trained longer; those left to train."""
    left = []
    for job, first in shorter.items():
        taken = first.keeper.taken
        length = job.settings.max_iter
        n_iter = max((n for n in taken if n <= length), default=0)
        if n_iter == length or (n_iter and n_iter == max(taken) and first.keeper.ended):
            taken[n_iter].finish(job)
        else:
            left.append(job)
    return left
