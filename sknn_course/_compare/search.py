"""A cross-validated search that can end early."""

import time
from math import inf
from typing import Any

import numpy as np
from sklearn.model_selection import ParameterGrid, ParameterSampler
from sklearn.model_selection._search import BaseSearchCV


def draw_settings(
    space: Any, n_settings: int, random_state: int, first: dict[str, Any] | None = None
) -> list[dict[str, Any]]:
    """Return parameter settings: the whole grid where it is small, else a sample.

    Parameters
    ----------
    space : dict or list of dict
        Lists or distributions by parameter name, as ``RandomizedSearchCV`` takes
        them.
    n_settings : int
        Most settings to return.
    random_state : int
    first : dict, default=None
        The setting with which a sample begins.

    Returns
    -------
    list of dict

    Examples
    --------
    >>> from sknn_course._compare.search import draw_settings
    >>> draw_settings({"C": [0.1, 1]}, 10, random_state=0)
    [{'C': 0.1}, {'C': 1}]
    >>> len(draw_settings({"C": range(100)}, 10, random_state=0))
    10
    """
    spaces = space if isinstance(space, list) else [space]
    listed = all(hasattr(v, "__len__") for one in spaces for v in one.values())
    if listed and len(ParameterGrid(space)) <= n_settings:
        return list(ParameterGrid(space))
    before = [] if first is None else [first]
    n_drawn = n_settings - len(before)
    if not n_drawn:
        return before
    return before + list(ParameterSampler(space, n_drawn, random_state=random_state))


class SearchWithinBudget(BaseSearchCV):
    """Search over given settings that starts no new ones after a deadline.

    Without a deadline all fits are handed to joblib at once, which trains the
    networks among them together. With one, they are handed over in waves: the first
    has ``chunk`` settings and is always tried; the seconds it took tell whether all
    others can be the next wave, and else how many fill half of the time that is left.
    A wave in which every fit fails does not end the search.

    Parameters
    ----------
    estimator : estimator
    settings : list of dict
        Parameter settings to try, in this order.
    deadline : float, default=inf
        Value of ``time.monotonic()``, in seconds, after which nothing new is
        started. The best setting is still fitted to all data.
    chunk : int, default=1
        Settings of the first wave.
    seconds : float, default=None
        What a setting is known to take: then the first wave is planned too, and
        has one setting at least.
    scoring, n_jobs, refit, cv, error_score
        As in :class:`sklearn.model_selection.GridSearchCV`.

    Attributes
    ----------
    best_estimator_, best_score_, best_params_, best_index_, cv_results_
        As in :class:`sklearn.model_selection.GridSearchCV`.
    n_tried_ : int
        Number of settings that were tried, failed ones included.
    seconds_ : float
        What a setting took in the last wave.
    failures_ : list of str
        The errors of waves in which every fit failed.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import RidgeClassifier
    >>> from sknn_course._compare.search import SearchWithinBudget
    >>> X, y = load_iris(return_X_y=True)
    >>> settings = [{"alpha": 0.1}, {"alpha": 1.0}]
    >>> search = SearchWithinBudget(RidgeClassifier(), settings, deadline=0.0)
    >>> search.fit(X, y).n_tried_
    1
    """

    def __init__(
        self,
        estimator,
        settings,
        *,
        deadline=inf,
        chunk=1,
        seconds=None,
        scoring=None,
        n_jobs=None,
        refit=True,
        cv=None,
        error_score=np.nan,
    ):
        super().__init__(
            estimator,
            scoring=scoring,
            n_jobs=n_jobs,
            refit=refit,
            cv=cv,
            error_score=error_score,
        )
        self.settings = settings
        self.deadline = deadline
        self.chunk = chunk
        self.seconds = seconds

    def _run_search(self, evaluate_candidates):
        self.n_tried_, self.failures_, self.seconds_ = 0, [], self.seconds
        n_waves = 0
        while n_wave := self._plan_wave():
            some = self.settings[self.n_tried_ : self.n_tried_ + n_wave]
            start = time.monotonic()
            try:
                evaluate_candidates(some)
            except ValueError as error:  # scikit-learn's "All the n fits failed."
                self.failures_.append(str(error))
            self.seconds_ = (time.monotonic() - start) / len(some)
            self.n_tried_ += len(some)
            n_waves += 1
        if len(self.failures_) == n_waves:
            raise ValueError(self.failures_[0])

    def _plan_wave(self):
        """The number of settings to try next; 0 ends the search."""
        n_left = len(self.settings) - self.n_tried_
        if self.deadline == inf:
            return n_left
        if self.seconds_ is None:
            return min(self.chunk, n_left)
        seconds_left = self.deadline - time.monotonic()
        least = 0 if self.n_tried_ else 1
        if seconds_left <= self.seconds_:  # another would end too late
            return min(least, n_left)
        n_fitting = seconds_left / max(self.seconds_, 1e-9)
        # settings differ in what they cost: the second half waits for what this showed
        return n_left if n_left <= n_fitting else max(1, int(n_fitting / 2))
