"""Permutations of jobs' rows, drawn as scikit-learn draws them."""

from __future__ import annotations

import pickle
from collections import Counter
from collections.abc import Hashable
from copy import deepcopy

import numpy as np

from .job import FitJob


class RowPermutations:
    """Each job's permutation of its rows, epoch after epoch.

    Jobs whose generators are in the same state, as those of a search with one
    ``random_state``, have the same ones: these are drawn once, from a copy, and
    each generator is then set to where its own draws would have left it.

    Parameters
    ----------
    jobs : list of FitJob
    """

    def __init__(self, jobs: list[FitJob]) -> None:
        uses = Counter(job.rng for job in jobs)
        groups: dict[Hashable, list[int]] = {}
        for k, job in enumerate(jobs):
            # the global generator, of random_state=None, gives each another
            key: Hashable = k if uses[job.rng] > 1 else _key(job)
            groups.setdefault(key, []).append(k)
        drawn: dict[int, _Permutation] = {}
        for places in groups.values():
            permutation = _Permutation(jobs[places[0]], is_shared=len(places) > 1)
            drawn |= dict.fromkeys(places, permutation)
        self._of_jobs = [drawn[k] for k in range(len(jobs))]

    def next(self, running: list[int]) -> list[np.ndarray]:
        """Permutations of the next epoch.

        Parameters
        ----------
        running : list of int
            Places of the jobs that have not ended; the others need no new one.

        Returns
        -------
        list of ndarray of shape (n_rows_of_job,)
            One object for jobs with the same one.
        """
        for permutation in dict.fromkeys(self._of_jobs[k] for k in running):
            permutation.draw()
        return [permutation.places for permutation in self._of_jobs]

    def end(self, k: int, job: FitJob) -> None:
        """Leave the generator of the job at place ``k`` as its own draws would."""
        permutation = self._of_jobs[k]
        if job.rng is not permutation.rng:
            job.rng.set_state(permutation.state())

    def state_of(self, k: int) -> tuple[dict, np.ndarray]:
        """The generator's state, as `end` leaves it, and the order of the rows."""
        permutation = self._of_jobs[k]
        return permutation.state(), permutation.places

    def select(self, keep: list[int]) -> None:
        """Go on with the jobs at the places ``keep`` alone."""
        self._of_jobs = [self._of_jobs[k] for k in keep]


class _Permutation:
    """A permutation of rows, for one job or for several."""

    def __init__(self, job: FitJob, is_shared: bool) -> None:
        order = None if job.start is None else job.start.row_order
        self.rng = deepcopy(job.rng) if is_shared else job.rng
        self.n_drawn = job.train.n_samples if job.settings.shuffle else 0
        self.places = np.arange(len(job.train)) if order is None else order
        self._state: dict | None = None

    def state(self) -> dict:
        """That of the generator, asked for once for the jobs that end together."""
        if self._state is None:
            self._state = self.rng.get_state(legacy=False)
        return self._state

    def draw(self) -> None:
        self._state = None
        if not self.n_drawn:
            return
        shuffled = np.arange(self.n_drawn)
        self.rng.shuffle(shuffled)
        if len(self.places) == self.n_drawn:  # else equal rows were merged
            self.places = self.places[shuffled]


def _key(job: FitJob) -> Hashable:
    """Equal for jobs that draw the same permutations."""
    state = pickle.dumps(job.rng.get_state(legacy=False))
    order = None if job.start is None else job.start.row_order.tobytes()
    return state, len(job.train), job.train.n_samples, job.settings.shuffle, order
