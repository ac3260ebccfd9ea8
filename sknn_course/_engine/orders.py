"""The orders in which jobs go through their rows, drawn as scikit-learn draws them."""

import pickle
from collections import Counter
from copy import deepcopy

import numpy as np


class RowOrders:
    """Each job's order of its rows, epoch after epoch.

    Jobs whose generators are in the same state, as those of a search with one
    ``random_state``, have the same orders: these are drawn once, from a copy, and
    each generator is then set to where its own draws would have left it.

    Parameters
    ----------
    jobs : list of FitJob
    """

    def __init__(self, jobs):
        uses = Counter(job.rng for job in jobs)
        groups = {}
        for k, job in enumerate(jobs):
            # the global generator, of random_state=None, gives each other orders
            key = k if uses[job.rng] > 1 else _key(job)
            groups.setdefault(key, []).append(k)
        order_of = {}
        for places in groups.values():
            order = _Order(jobs[places[0]], is_shared=len(places) > 1)
            order_of |= dict.fromkeys(places, order)
        self._of_jobs = [order_of[k] for k in range(len(jobs))]

    def next(self, running):
        """Orders of the next epoch.

        Parameters
        ----------
        running : list of int
            Places of the jobs that have not ended; the others need no new order.

        Returns
        -------
        list of ndarray of shape (n_rows_of_job,)
            One object for jobs with the same order.
        """
        for order in dict.fromkeys(self._of_jobs[k] for k in running):
            order.draw()
        return [order.places for order in self._of_jobs]

    def end(self, k, job):
        """Leave the generator of the job at place ``k`` as its own draws would."""
        order = self._of_jobs[k]
        if job.rng is not order.rng:
            job.rng.set_state(order.state())

    def select(self, keep):
        """Go on with the jobs at the places ``keep`` alone."""
        self._of_jobs = [self._of_jobs[k] for k in keep]


class _Order:
    """An order of rows, for one job or for several."""

    def __init__(self, job, is_shared):
        self.rng = deepcopy(job.rng) if is_shared else job.rng
        self.n_drawn = job.train.n_samples if job.settings.shuffle else 0
        self.places = np.arange(len(job.train))
        self._state = None

    def state(self):
        """That of the generator, asked for once for the jobs that end together."""
        if self._state is None:
            self._state = self.rng.get_state(legacy=False)
        return self._state

    def draw(self):
        self._state = None
        if not self.n_drawn:
            return
        shuffled = np.arange(self.n_drawn)
        self.rng.shuffle(shuffled)
        if len(self.places) == self.n_drawn:  # else equal rows were merged
            self.places = self.places[shuffled]


def _key(job):
    """Equal for jobs that draw the same orders."""
    state = pickle.dumps(job.rng.get_state(legacy=False))
    return state, len(job.train), job.train.n_samples, job.settings.shuffle
