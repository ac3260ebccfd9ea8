"""All candidates on all folds, trained in one call of joblib."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import joblib
import numpy as np
from joblib.parallel import get_active_backend
from sklearn.base import BaseEstimator, clone
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import has_fit_parameter

from .._compat import safe_indexing
from ..parallel import StackedBackend
from .candidates import Candidate, steps_of, with_last_step
from .targets import Target


@dataclass(frozen=True)
class Rows:
    """What an ensemble is fitted to.

    Parameters
    ----------
    X : array-like, DataFrame or sparse matrix of shape (n_rows, ...)
    y : ndarray of shape (n_rows,) or (n_rows, n_outputs)
    sample_weight : ndarray of shape (n_rows,) or None
    """

    X: Any
    y: np.ndarray
    sample_weight: np.ndarray | None


@dataclass(frozen=True)
class Prepared:
    """A fold's rows behind the steps before the network.

    Parameters
    ----------
    steps : list of (str, transformer)
        Fitted to the fold's training rows, or to all rows.
    X_train, X_test : array-like
    error : Exception or None
        What a step raised.
    """

    steps: list[tuple[str, Any]]
    X_train: Any = None
    X_test: Any = None
    error: Exception | None = None

    def of_fold(self, train: np.ndarray, test: np.ndarray) -> "Prepared":
        """What was prepared of all rows, divided."""
        if self.error is not None:
            return self
        X = self.X_train
        return Prepared(self.steps, safe_indexing(X, train), safe_indexing(X, test))


@dataclass(frozen=True)
class FoldFit:
    """A candidate on one fold.

    Parameters
    ----------
    member : estimator or None
        Fitted; None where it failed.
    outputs : ndarray of shape (n_test, n_outputs)
        For the rows that the fold holds out.
    fit_time : float
        Seconds, without those that it waited for others.
    error : Exception or None
    """

    member: BaseEstimator | None
    outputs: np.ndarray
    fit_time: float
    error: Exception | None = None


class Trainer:
    """Fits candidates to folds.

    Parameters
    ----------
    rows : Rows
    folds : list of (ndarray, ndarray)
        Places of the training and of the held-out rows.
    target : Target
    early_stopping_on_fold : bool
        Whether networks that stop early judge by the held-out rows.
    preprocess_once : bool
        Whether the steps before the last are fitted to all rows.
    n_jobs : int or None
    """

    def __init__(
        self,
        rows: Rows,
        folds: list[tuple[np.ndarray, np.ndarray]],
        target: Target,
        early_stopping_on_fold: bool,
        preprocess_once: bool,
        n_jobs: int | None,
    ):
        self.rows, self.folds, self.target = rows, folds, target
        self.early_stopping_on_fold = early_stopping_on_fold
        self.preprocess_once = preprocess_once
        self.n_jobs = n_jobs
        self._prepared: dict[tuple, Prepared] = {}

    def fit(self, candidates: list[Candidate]) -> list[list[FoldFit]]:
        """Fit candidates, those of this package as stacks.

        Returns
        -------
        list of list of FoldFit
            By candidate and fold.
        """
        self._prepare(candidates)
        tasks = [(one, fold) for one in candidates for fold in range(len(self.folds))]
        with parallel_call(self.n_jobs) as parallel:
            found = parallel(
                joblib.delayed(_fit)(*self._given(*task)) for task in tasks
            )
        fits = [
            self._fold_fit(*task, outcome)
            for task, outcome in zip(tasks, found, strict=True)
        ]
        n = len(self.folds)
        return [fits[k : k + n] for k in range(0, len(fits), n)]

    def _prepare(self, candidates: list[Candidate]) -> None:
        """Fit the steps before the last once for all candidates that share them."""
        folds = range(len(self.folds))
        needed = {(c.preparation_key, fold): c for c in candidates for fold in folds}
        self._prepared = {k: self._prepared[k] for k in needed if k in self._prepared}
        missing = {key: c for key, c in needed.items() if key not in self._prepared}
        if self.preprocess_once:
            missing = {key: c for key, c in missing.items() if key[1] == 0}
        given = [
            (candidate.steps, *self._rows_of_steps(fold))
            for (_, fold), candidate in missing.items()
        ]
        if candidates[0].steps:
            with parallel_call(self.n_jobs) as parallel:
                new = parallel(joblib.delayed(_prepare)(*one) for one in given)
        else:
            new = [_prepare(*one) for one in given]
        for (key, fold), prepared in zip(missing, new, strict=True):
            if self.preprocess_once:
                for k in folds:
                    self._prepared[key, k] = prepared.of_fold(*self.folds[k])
            else:
                self._prepared[key, fold] = prepared

    def _rows_of_steps(self, fold: int) -> tuple[Any, Any, np.ndarray]:
        """X and y to fit the steps to, between them X to transform besides."""
        if self.preprocess_once:
            return self.rows.X, None, self.rows.y
        train, test = self.folds[fold]
        X = self.rows.X
        return safe_indexing(X, train), safe_indexing(X, test), self.rows.y[train]

    def _given(self, candidate: Candidate, fold: int) -> tuple:
        """The arguments of `_fit`."""
        network = steps_of(candidate.estimator)[-1][1]
        prepared = self._prepared[candidate.preparation_key, fold]
        (train, test), weight = self.folds[fold], self.rows.sample_weight
        y, y_test = self.rows.y[train], self.rows.y[test]
        given: dict[str, Any] = {}
        if weight is not None:
            if not has_fit_parameter(network, "sample_weight"):
                raise ValueError(
                    f"sample_weight is given, but {network} takes none in fit: leave "
                    "it out, or use another estimator."
                )
            given["sample_weight"] = weight[train]
        if (
            prepared.error is None
            and self.early_stopping_on_fold
            and judges_by_given_rows(network)
        ):
            judging = np.full(len(test), True) if weight is None else weight[test] > 0
            if self.target.stratifies:  # a network knows the classes it was trained on
                judging &= np.isin(y_test, y)
            if judging.all():
                given["X_val"], given["y_val"] = prepared.X_test, y_test
            elif judging.any():
                places = np.flatnonzero(judging)
                given["X_val"] = safe_indexing(prepared.X_test, places)
                given["y_val"] = y_test[places]
        return network, prepared, y, given, self.target

    def _fold_fit(self, candidate: Candidate, fold: int, outcome: dict) -> FoldFit:
        if "error" in outcome:
            return FoldFit(None, np.empty((0, 0)), np.nan, outcome["error"])
        steps = self._prepared[candidate.preparation_key, fold].steps
        member = with_last_step(candidate.estimator, steps, outcome["estimator"])
        return FoldFit(member, outcome["outputs"], outcome["fit_time"])


def judges_by_given_rows(network: Any) -> bool:
    """Whether a network stops early, and takes the rows by which it judges."""
    return (
        getattr(network, "early_stopping", False) is True
        and has_fit_parameter(network, "X_val")
        and getattr(network, "solver", None) != "lbfgs"  # which has no epochs
    )


@contextmanager
def parallel_call(n_jobs: int | None) -> Iterator[joblib.Parallel]:
    """A call of joblib that stacks, unless the caller has chosen another backend."""
    backend, _ = get_active_backend()
    is_chosen = backend is get_active_backend()[0]  # the default one is made each time
    nested = bool(backend.nesting_level)
    if isinstance(backend, StackedBackend):
        yield joblib.Parallel()
    elif is_chosen and not nested:
        yield joblib.Parallel(n_jobs=n_jobs)
    else:
        n_processes: int | str = "auto"
        if nested:
            n_processes = 1
        elif n_jobs is not None:
            n_cores = joblib.cpu_count()
            n_processes = n_jobs if n_jobs > 0 else max(1, n_cores + 1 + n_jobs)
        with joblib.parallel_config("stacked", n_processes=n_processes):
            yield joblib.Parallel()


def _prepare(steps: list, X_train: Any, X_test: Any, y: np.ndarray) -> Prepared:
    if not steps:
        return Prepared([], X_train, X_test)
    pipeline = Pipeline(clone(steps, safe=False))
    try:
        Z_train = pipeline.fit_transform(X_train, y)
        Z_test = None if X_test is None else pipeline.transform(X_test)
        return Prepared(pipeline.steps, Z_train, Z_test)
    except Exception as error:
        return Prepared([], error=_noted(error))


def _fit(
    network: BaseEstimator,
    prepared: Prepared,
    y: np.ndarray,
    given: dict[str, Any],
    target: Target,
) -> dict[str, Any]:
    """Fit a network, or keep its error.

    The result has the keys of scikit-learn's ``_fit_and_score``, by which the stacked
    backend knows to leave out of ``fit_time`` what the others took.
    """
    if prepared.error is not None:
        return {"error": prepared.error}
    try:
        started = perf_counter()
        fitted = clone(network).fit(prepared.X_train, y, **given)
        fit_time = perf_counter() - started
        outputs = target.outputs(fitted, prepared.X_test)
        if not np.isfinite(outputs).all():
            raise ValueError(f"{network} predicts values that are not finite.")
    except Exception as error:
        return {"error": _noted(error)}
    return {
        "estimator": fitted,
        "outputs": outputs,
        "fit_time": fit_time,
        "score_time": perf_counter() - started - fit_time,
        "test_scores": {},
    }


def _noted(error: Exception) -> Exception:
    """The error with its traceback as a note, which other processes keep too."""
    error.add_note("".join(traceback.format_exception(error)))
    return error
