"""A cross-validated search that can end early."""

import time
from math import inf

import numpy as np
from sklearn.model_selection import ParameterGrid, ParameterSampler

from sknn_course._compat import BaseSearchCV


def draw_settings(space, n_settings, random_state):
    """Return parameter settings: the whole grid where it is small, else a sample.

    Parameters
    ----------
    space : dict or list of dict
        Lists or distributions by parameter name, as ``RandomizedSearchCV`` takes
        them.
    n_settings : int
        Most settings to return.
    random_state : int

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
    return list(ParameterSampler(space, n_settings, random_state=random_state))


class SearchWithinBudget(BaseSearchCV):
    """Search over given settings that starts no new ones after a deadline.

    Without a deadline all fits are handed to joblib at once. With one, they are
    handed over ``chunk`` settings at a time; the first chunk is always tried.
    A chunk in which every fit fails does not end the search.

    Parameters
    ----------
    estimator : estimator
    settings : list of dict
        Parameter settings to try, in this order.
    deadline : float, default=inf
        Value of ``time.monotonic()``, in seconds, after which nothing new is
        started. The best setting is still fitted to all data.
    chunk : int, default=1
    scoring, n_jobs, refit, cv, error_score
        As in :class:`sklearn.model_selection.GridSearchCV`.

    Attributes
    ----------
    best_estimator_, best_score_, best_params_, best_index_, cv_results_
        As in :class:`sklearn.model_selection.GridSearchCV`.
    n_tried_ : int
        Number of settings that were tried, failed ones included.
    failures_ : list of str
        The errors of chunks in which every fit failed.

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

    def _run_search(self, evaluate_candidates):
        size = len(self.settings) if self.deadline == inf else self.chunk
        self.n_tried_, self.failures_ = 0, []
        for start in range(0, len(self.settings), size):
            if start and time.monotonic() > self.deadline:
                break
            some = self.settings[start : start + size]
            self.n_tried_ += len(some)
            try:
                evaluate_candidates(some)
            except ValueError as error:  # scikit-learn's "All the n fits failed."
                self.failures_.append(str(error))
        if len(self.failures_) == -(-self.n_tried_ // size):
            raise ValueError(self.failures_[0])
