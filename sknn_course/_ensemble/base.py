"""How ensembles fit: draw candidates, train them on folds, select, keep."""

import operator
import time
import warnings
from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, MetaEstimatorMixin
from sklearn.exceptions import FitFailedWarning
from sklearn.metrics import get_scorer_names
from sklearn.utils import (
    Tags,
    check_array,
    check_random_state,
    get_tags,
    indexable,
)
from sklearn.utils.validation import (
    check_is_fitted,
    validate_data,
)

from .._compat import HasMethods, Interval, StrOptions, check_sample_weight
from .candidates import Candidate, draw_candidates
from .folds import make_folds
from .judge import Judge
from .prediction import JointPredictor, kept_arrays
from .results import tabulate
from .selection import select_greedily
from .targets import TARGETS, Classes, Labels
from .training import FoldFit, Rows, Trainer

AT_LEAST_ONE = Interval(Integral, 1, None, closed="left")
LATEST = 0.8  # of a budget, by which a wave must be foreseen to end
GROWTH, FEWEST = 2, 0.1  # candidates of a wave over all before it


class Ensemble(MetaEstimatorMixin, BaseEstimator):
    """Base of the ensembles; subclasses have ``_default_estimator``, ``_target_of``."""

    _parameter_constraints: dict = {
        "estimator": [HasMethods(["fit", "predict"]), None],
        "param_distributions": [Mapping, list, tuple, None],
        "n_candidates": [AT_LEAST_ONE],
        "max_members": [AT_LEAST_ONE],
        "cv": ["cv_object"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither"), None],
        "scoring": [StrOptions(set(get_scorer_names())), callable, None],
        "early_stopping_on_fold": ["boolean"],
        "preprocess_once": ["boolean"],
        "time_budget": [Interval(Real, 0, None, closed="neither"), None],
        "random_state": ["random_state"],
        "n_jobs": [Interval(Integral, None, -1, closed="right"), AT_LEAST_ONE, None],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        estimator: Any = None,
        param_distributions: Any = None,
        *,
        n_candidates: int = 16,
        max_members: int = 32,
        cv: Any = None,
        validation_fraction: float | None = None,
        scoring: Any = None,
        early_stopping_on_fold: bool = True,
        preprocess_once: bool = False,
        time_budget: float | None = None,
        random_state: Any = None,
        n_jobs: int | None = None,
        verbose: Any = False,
    ):
        self.estimator = estimator
        self.param_distributions = param_distributions
        self.n_candidates = n_candidates
        self.max_members = max_members
        self.cv = cv
        self.validation_fraction = validation_fraction
        self.scoring = scoring
        self.early_stopping_on_fold = early_stopping_on_fold
        self.preprocess_once = preprocess_once
        self.time_budget = time_budget
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.verbose = verbose

    def _fit(self, X: Any, y: Any, sample_weight: Any, groups: Any) -> None:
        """Fit; only what has succeeded changes the estimator."""
        started = time.monotonic()
        if y is None:
            raise ValueError(
                f"This {type(self).__name__} estimator requires y to be passed, but "
                "the target y is None."
            )
        self._check_kind()
        X, y, groups = indexable(self._rows(X), y, groups)
        target, y = self._target_of(y)
        if sample_weight is not None:
            sample_weight = check_sample_weight(
                sample_weight, X, ensure_non_negative=True
            )
        rng = check_random_state(self.random_state)
        candidates = draw_candidates(
            self._estimator(), self.param_distributions, self.n_candidates, rng
        )
        folds = make_folds(
            self.cv, self.validation_fraction, X, y, groups, target.stratifies, rng
        )
        judge = Judge(self.scoring, target, folds, y, sample_weight)
        trainer = Trainer(
            Rows(X, y, sample_weight),
            folds,
            target,
            self.early_stopping_on_fold,
            self.preprocess_once,
            self.n_jobs,
        )
        fits = self._train(trainer, candidates, started)
        candidates = candidates[: len(fits)]
        right = _successes(candidates, fits)
        outputs = judge.mean_by_row([fits[k] for k in right])
        oof_scores = np.full(len(fits), np.nan)
        oof_scores[right] = [judge.score(one) for one in outputs]
        if not np.isfinite(oof_scores).any():
            raise ValueError(
                f"scoring={self.scoring!r} is finite for no candidate: use another."
            )
        weights = np.zeros(len(fits))
        weights[right] = select_greedily(judge.loss(outputs), self.max_members)
        mean = np.tensordot(weights[right], outputs, 1)
        scores = np.full((len(fits), len(folds)), np.nan)
        scores[right] = [judge.fold_scores(fits[k]) for k in right]
        found: dict[str, Any] = {
            "members_": [f.member for k in np.flatnonzero(weights) for f in fits[k]],
            "weights_": np.repeat(weights[weights > 0] / len(folds), len(folds)),
            "n_candidates_": len(fits),
            "cv_results_": tabulate(candidates, fits, scores, oof_scores, weights),
            "best_index_": int(np.nanargmax(oof_scores)),
            "best_score_": float(np.nanmax(oof_scores)),
            "oof_score_": judge.score(mean),
            "oof_predictions_": judge.in_order(mean),
            "held_out_": [places for _, places in folds],
            "_target": target,
            "_made": {},
        }
        found["best_params_"] = candidates[found["best_index_"]].params
        validate_data(self, X, skip_check_array=True)
        if isinstance(target, Classes | Labels):
            found["classes_"] = target.classes
        else:
            found["oof_predictions_"] = target.predict(found["oof_predictions_"])
        self.__dict__.update(found)
        if self.verbose:
            print(
                f"{len(right)} candidates, {len(folds)} folds: best "
                f"{self.best_score_:.6g}, ensemble of {np.count_nonzero(weights)} "
                f"{self.oof_score_:.6g}"
            )

    def _train(
        self, trainer: Trainer, candidates: list[Candidate], started: float
    ) -> list[list[FoldFit]]:
        """Train all candidates at once, or within a budget wave after wave."""
        if self.time_budget is None:
            return trainer.fit(candidates)
        fits: list[list[FoldFit]] = []
        paces: list[float] = []  # seconds of a candidate, by wave
        n = 1
        while n > FEWEST * len(fits):
            begun = time.monotonic()
            fits += trainer.fit(candidates[len(fits) : len(fits) + n])
            now = time.monotonic()
            paces.append((now - begun) / n)
            left = LATEST * self.time_budget - (now - started)
            n = min(
                len(candidates) - len(fits),
                GROWTH * len(fits),
                int(left / max(paces[-2:])),
            )
            if self.verbose:
                print(f"{len(fits)} of {len(candidates)}, {now - started:.1f} s")
        return fits

    def _check_kind(self) -> None:
        own, given = get_tags(self), get_tags(self._estimator())
        if given.estimator_type != own.estimator_type:
            raise ValueError(
                f"estimator={self.estimator!r} is a {given.estimator_type}, but "
                f"{type(self).__name__} needs a {own.estimator_type}."
            )

    def _estimator(self) -> BaseEstimator:
        """What is cloned for the candidates."""
        return self._default_estimator() if self.estimator is None else self.estimator

    def _checked(self, X: Any) -> Any:
        """X, of the columns that `fit` saw."""
        check_is_fitted(self)
        X = self._rows(X)
        validate_data(self, X, skip_check_array=True, reset=False)
        return X

    def _rows(self, X: Any) -> Any:
        """X as it is where it is a table or sparse, otherwise an array."""
        if sparse.issparse(X) or hasattr(X, "columns"):
            return X
        return check_array(
            X, dtype=None, allow_nd=True, ensure_all_finite=False, estimator=self
        )

    def _mean(self, X: Any) -> np.ndarray:
        """Mean outputs of the members, shape (n_rows, n_outputs)."""
        X = self._checked(X)
        return self._predictor().mean(X, self.weights_)

    def _each(self, X: Any) -> np.ndarray:
        """Outputs of each member, shape (n_members, n_rows, n_outputs)."""
        X = self._checked(X)
        return self._predictor().each(X)

    def _predictor(self) -> JointPredictor:
        """The members as they predict together, made again where one has changed."""
        made, arrays = self._made.get("predictor"), kept_arrays(self.members_)
        if (
            made is None
            or len(made.arrays) != len(arrays)
            or any(map(operator.is_not, made.arrays, arrays))
        ):
            made = self._made["predictor"] = JointPredictor(self.members_, self._target)
        return made

    def __getstate__(self) -> dict[str, Any]:
        state = super().__getstate__()
        if "_made" not in state:
            return state
        target = state["_target"]  # as plain data, which skops holds
        kept = type(target).__name__, getattr(target, "classes", None)
        return {**state, "_made": {}, "_target": kept}

    def __setstate__(self, state: dict[str, Any]) -> None:
        if "_target" in state:
            name, classes = state["_target"]
            given = () if classes is None else (classes,)
            state = {**state, "_target": TARGETS[name](*given)}
        super().__setstate__(state)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        inner = get_tags(self._estimator())
        tags.input_tags = inner.input_tags
        tags.target_tags.multi_output = inner.target_tags.multi_output
        if tags.classifier_tags is not None and inner.classifier_tags is not None:
            tags.classifier_tags.multi_label = inner.classifier_tags.multi_label
            tags.classifier_tags.multi_class = inner.classifier_tags.multi_class
        return tags


def _successes(candidates: list[Candidate], fits: list[list[FoldFit]]) -> list[int]:
    """Places of the candidates that were trained on all folds.

    Raises
    ------
    Exception
        The first, where no candidate was.

    Warns
    -----
    FitFailedWarning
        Where some were not.
    """
    errors = [[fit.error for fit in row if fit.error is not None] for row in fits]
    right = [k for k, found in enumerate(errors) if not found]
    first = next((found[0] for found in errors if found), None)
    if first is not None:
        n_failed = sum(map(len, errors))
        counts = f"{n_failed} of {sum(map(len, fits))} fits failed"
        if not right:
            first.add_note(f"{counts}, none of {len(fits)} candidates is left.")
            raise first
        failed = next(k for k, found in enumerate(errors) if found)
        warnings.warn(
            f"{counts}: {len(fits) - len(right)} of {len(fits)} candidates are left "
            f"out. The first is {candidates[failed].params}:\n"
            + "".join(first.__notes__),
            FitFailedWarning,
            stacklevel=4,
        )
    return right
