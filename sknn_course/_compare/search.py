"""A cross-validated search that can end early."""

import time
from collections.abc import Callable, Sequence
from math import inf
from typing import Any

import numpy as np
from sklearn.model_selection import ParameterGrid, ParameterSampler

from sknn_course._compat import BaseSearchCV


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
    networks among them together. With one, they are handed over in waves. The first
    is always tried, and no other that is expected to end too late. A wave in which
    every fit fails does not end the search.

    Parameters
    ----------
    estimator : estimator
    settings : list of dict
        Parameter settings to try, in this order.
    deadline : float, default=inf
        Value of ``time.monotonic()``, in seconds, after which nothing new is
        started. The best setting is still fitted to all data.
    chunk : int, default=1
        Settings of a wave.
    end : float, default=inf
        Like ``deadline``, one that a wave is to keep even if it takes longer than
        expected.
    stacked : bool, default=False
        Whether settings that are fitted together take less time each, as networks
        do. Then waves take as many as are expected to fit into the time that is left.
    waves : list of tuple (int, float), default=()
        Settings and seconds of waves that were measured before.
    scoring, n_jobs, refit, cv, error_score
        As in :class:`sklearn.model_selection.GridSearchCV`.

    Attributes
    ----------
    best_estimator_, best_score_, best_params_, best_index_, cv_results_
        As in :class:`sklearn.model_selection.GridSearchCV`.
    n_tried_ : int
        Number of settings that were tried, failed ones included.
    waves_ : list of tuple (int, float)
        The settings of each wave and the seconds that it took.
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
        estimator: Any,
        settings: list[dict[str, Any]],
        *,
        deadline: Any = inf,
        chunk: Any = 1,
        end: float = inf,
        stacked: bool = False,
        waves: Sequence[tuple[int, float]] = (),
        scoring: Any = None,
        n_jobs: Any = None,
        refit: Any = True,
        cv: Any = None,
        error_score: Any = np.nan,
    ) -> None:
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
        self.end = end
        self.stacked = stacked
        self.waves = waves

    def _run_search(
        self, evaluate_candidates: Callable[[list[dict[str, Any]]], Any]
    ) -> None:
        self.n_tried_, self.failures_, self.waves_ = 0, [], [*self.waves]
        n_before = len(self.waves_)
        while n_wave := self._plan_wave():
            some = self.settings[self.n_tried_ : self.n_tried_ + n_wave]
            start = time.monotonic()
            try:
                evaluate_candidates(some)
            except ValueError as error:  # scikit-learn's "All the n fits failed."
                self.failures_.append(str(error))
            self.waves_.append((len(some), time.monotonic() - start))
            self.n_tried_ += len(some)
        if len(self.failures_) == len(self.waves_) - n_before:
            raise ValueError(self.failures_[0])

    def _plan_wave(self) -> int:
        """The number of settings to try next; 0 ends the search."""
        n_left = len(self.settings) - self.n_tried_
        if self.deadline == inf:
            return n_left
        least = 0 if self.n_tried_ else min(self.chunk, n_left)
        if not self.waves_:
            return least
        now = time.monotonic()
        left, at_most = self.deadline - now, self.end - now
        slowest = expected_seconds(self.waves_, 1)
        most = n_left if self.stacked else min(self.chunk, n_left)
        fitting = [
            n
            for n in range(1, most + 1)
            if expected_seconds(self.waves_, n, self.stacked) <= left
            and n * slowest <= at_most
        ]
        return max(fitting, default=least)


def expected_seconds(
    waves: list[tuple[int, float]], n_settings: int, stacked: bool = False
) -> float:
    """Return what a wave is expected to take.

    Settings one after another are expected to take as long as the slowest so far. Of
    networks that train together, each beyond the first wave's is expected to add half
    of what one took there, until two waves tell what it does add.

    Parameters
    ----------
    waves : list of tuple (int, float)
        Settings and seconds of those that were measured.
    n_settings : int
    stacked : bool, default=False

    Returns
    -------
    float

    Examples
    --------
    >>> from sknn_course._compare.search import expected_seconds
    >>> expected_seconds([(1, 4.0)], 3), expected_seconds([(1, 4.0)], 3, stacked=True)
    (12.0, 8.0)
    >>> expected_seconds([(1, 4.0), (3, 5.0)], 5, stacked=True)
    6.0
    """
    if not stacked:
        return n_settings * max(seconds / n for n, seconds in waves)
    n, seconds = waves[-1]
    more = seconds / n / 2
    if len(waves) > 1 and waves[-2][0] != n:
        rise = (seconds - waves[-2][1]) / (n - waves[-2][0])
        more = min(max(rise, seconds / n / 10), seconds / n)
    return max(seconds + more * (n_settings - n), seconds * n_settings / n / 2)
