"""The search for one estimator of a comparison, in one part or in several."""

import re
import time
import warnings
from dataclasses import replace
from math import ceil, inf, isfinite
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.exceptions import FitFailedWarning

from sknn_course._compare.candidates import MODELS, Candidate, bare, bare_name
from sknn_course._compare.leaderboard import Result
from sknn_course._compare.resources import resources
from sknn_course._compare.scores import Score, shown_scores
from sknn_course._compare.search import SearchWithinBudget, expected_seconds


class Trial:
    """The settings of one candidate that are to be tried, and what came of it.

    Parameters
    ----------
    candidate : Candidate
    settings : list of dict
    table : Table
    score : Score
    folds : list of tuple (ndarray, ndarray)
        Rows to fit and rows to score.
    n_processes : int

    Attributes
    ----------
    result : Result or None
        Of all parts so far.
    """

    def __init__(
        self,
        candidate: Candidate,
        settings: list[dict[str, Any]],
        table: Any,
        score: Score,
        folds: list[tuple[np.ndarray, np.ndarray]],
        n_processes: int,
    ) -> None:
        self.candidate = candidate
        self.settings = settings
        self.table = table
        self.score = score
        self.folds = folds
        self.n_processes = n_processes
        self.result: Result | None = None
        self._waves: list[tuple[int, float]] = []
        self._seconds_of_last_fit = 0.0

    @property
    def n_left(self) -> int:
        """int : settings that were not tried yet."""
        return len(self.settings) - (self.result.n_settings if self.result else 0)

    @property
    def stacked(self) -> bool:
        """bool : whether its settings are trained together."""
        return MODELS[self.candidate.model].neural

    @property
    def seconds(self) -> float:
        """float : what it has taken so far."""
        return self.result.seconds if self.result else 0.0

    @property
    def seconds_left(self) -> float:
        """float : what the rest is expected to take, with the fit of the best."""
        return self._expected_seconds(self.n_left)

    def can_go_on(self, deadline: float) -> bool:
        """Whether one more setting is expected to end by a ``time.monotonic()``."""
        return time.monotonic() + self._expected_seconds(1) < deadline

    def _expected_seconds(self, n_settings: int) -> float:
        if not self._waves or not n_settings:
            return 0.0
        waves = expected_seconds(self._waves, n_settings, self.stacked)
        return waves + self._seconds_of_last_fit

    def run(
        self, most: int | None = None, deadline: float = inf, end: float = inf
    ) -> Result:
        """Try settings that are left, and fit the best of all to the training rows.

        Parameters
        ----------
        most : int, default=None
            Settings to try; None for all that are left.
        deadline : float, default=inf
            Value of ``time.monotonic()`` by which this should have ended; one setting
            is tried in any case.
        end : float, default=inf
            That of all trials, which even longer waves than expected should keep.

        Returns
        -------
        Result
        """
        start = time.monotonic()
        before = self.result
        done = before.n_settings if before else 0
        search = SearchWithinBudget(
            self.candidate.estimator,
            self.settings[done:][:most],
            scoring=self.score,
            refit=False,
            cv=self.folds,
            deadline=deadline - self._seconds_of_last_fit,
            chunk=ceil(self.n_processes / len(self.folds)),
            end=end - self._seconds_of_last_fit,
            stacked=self.stacked,
            waves=self._waves,
        )
        found = Result(
            model=self.candidate.model,
            estimator=self.candidate.kind,
            n_planned=len(self.settings),
        )
        # Anything may go wrong inside an estimator, and must not harm the others.
        # Its warnings would break the lines of progress.
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("ignore")
            warnings.simplefilter("always", FitFailedWarning)
            try:
                with resources(
                    self.candidate.model, self.table.n_features, self.n_processes
                ):
                    search.fit(self.table.X_train, self.table.y_train)
                    self._keep_scores(search, found)
                    if before is None or self._is_better(found, before):
                        self._fit_best(search.best_params_, found)
                reasons = search.failures_ + [str(one.message) for one in caught]
                found.failure = _last_error(reasons[0]) if reasons else ""
                if not found.ok and not found.failure:
                    found.failure = f"{self.score.name} is not a number"
            except Exception as error:
                found.cv_scores, found.failure = [], _reason(error)
        found.n_settings = getattr(search, "n_tried_", 0)
        found.seconds = time.monotonic() - start
        self._waves = getattr(search, "waves_", self._waves)
        self.result = found if before is None else self._merge(before, found)
        return self.result

    def _keep_scores(self, search: SearchWithinBudget, found: Result) -> None:
        columns = [
            search.cv_results_[f"split{fold}_test_score"]
            for fold in range(len(self.folds))
        ]
        scores = self.score.sign * np.stack(columns, axis=1)  # (n_settings, n_folds)
        best = scores[search.best_index_]
        found.cv_scores = best.tolist() if isfinite(best.mean()) else []
        found.failed_fits = int(np.isnan(scores).sum()) + len(self.folds) * (
            search.n_tried_ - len(scores)
        )
        found.setting = search.best_params_
        found.best_params = {
            bare_name(key): value for key, value in sorted(found.setting.items())
        }

    def _fit_best(self, params: dict[str, Any], found: Result) -> None:
        start = time.monotonic()
        table = self.table
        fitted = clone(self.candidate.estimator).set_params(**clone(params, safe=False))
        fitted.fit(table.X_train, table.y_train)

        def on_test_rows(score: Score) -> float:
            return score.sign * score(fitted, table.X_test, table.y_test)

        found.test_score = on_test_rows(self.score)
        for one in shown_scores(self.score):
            try:
                found.test_scores[one.name] = on_test_rows(one)
            except Exception:  # not every estimator has probabilities, or an order
                found.test_scores[one.name] = float("nan")
        found.n_parameters = count_parameters(bare(fitted))
        found.fitted = fitted
        self._seconds_of_last_fit = time.monotonic() - start

    def _is_better(self, found: Result, before: Result) -> bool:
        if not before.ok:
            return True
        return self.score.sign * (found.cv_mean - before.cv_mean) > 0

    def _merge(self, before: Result, found: Result) -> Result:
        failed_fits = 0
        for one in (before, found):
            all_fits = one.n_settings * len(self.folds)
            failed_fits += one.failed_fits if one.ok or one.failed_fits else all_fits
        better = found.ok and self._is_better(found, before)
        return replace(
            found if better else before,
            n_settings=before.n_settings + found.n_settings,
            failed_fits=failed_fits,
            failure=before.failure or found.failure,
            seconds=before.seconds + found.seconds,
        )


def _reason(error: Exception) -> str:
    """An error in one line."""
    first_line = str(error).strip().partition("\n")[0]
    return _last_error(str(error)) or f"{type(error).__name__}: {first_line}"


def _last_error(message: str) -> str:
    """The last error in what scikit-learn tells of failed fits, with tracebacks."""
    if "fits failed" not in message:
        return ""
    found = re.findall(r"^(?:\w+\.)*(\w+: .*)", message, re.MULTILINE)
    return found[-1] if found else ""


def count_parameters(estimator: Any) -> int | None:
    """Return how many numbers a fitted estimator keeps for predicting.

    Parameters
    ----------
    estimator : fitted estimator

    Returns
    -------
    int or None
        None where the estimator is of no known kind.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import RidgeClassifier
    >>> from sknn_course._compare.trial import count_parameters
    >>> count_parameters(RidgeClassifier().fit(*load_iris(return_X_y=True)))
    15
    """
    if hasattr(estimator, "net_"):
        return sum(one.numel() for one in estimator.net_.module_.parameters())
    if hasattr(estimator, "constant_") or hasattr(estimator, "class_prior_"):
        return int(np.size(getattr(estimator, "class_prior_", estimator.n_outputs_)))
    names: tuple[str, ...] = ()
    if hasattr(estimator, "dual_coef_"):
        names = ("support_vectors_", "X_fit_", "dual_coef_", "intercept_")
    elif hasattr(estimator, "coef_"):
        names = ("coef_", "intercept_")
    sizes = [int(np.size(getattr(estimator, name, ()))) for name in names]
    return sum(sizes) or None
