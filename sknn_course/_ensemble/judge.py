"""How good candidates and ensembles are on the rows that folds held out."""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.metrics import get_scorer

from .selection import Loss, ScoreLoss
from .targets import Target
from .training import FoldFit


class Judge:
    """Scores predictions of held-out rows, by row and not by fold.

    A row that several folds hold out has the mean of their predictions.

    Parameters
    ----------
    scoring : str, callable or None
    target : Target
    folds : list of (ndarray, ndarray)
    y : ndarray of shape (n_rows,) or (n_rows, n_outputs)
    sample_weight : ndarray of shape (n_rows,) or None
    """

    def __init__(
        self,
        scoring: str | Callable | None,
        target: Target,
        folds: list[tuple[np.ndarray, np.ndarray]],
        y: np.ndarray,
        sample_weight: np.ndarray | None,
    ):
        self.scoring = scoring
        self.target, self.y, self.sample_weight = target, y, sample_weight
        self.tests = [test for _, test in folds]
        self.times = np.bincount(np.concatenate(self.tests), minlength=len(y))
        self.held_out = np.flatnonzero(self.times)
        self.scorer = None
        if scoring not in (None, target.scoring):
            self.scorer = get_scorer(scoring) if isinstance(scoring, str) else scoring
        if sample_weight is not None and not sample_weight[self.held_out].any():
            raise ValueError(
                "sample_weight must contain at least one non-zero number among the "
                "rows that folds hold out."
            )

    def mean_by_row(self, fits: list[list[FoldFit]]) -> np.ndarray:
        """Predictions of candidates, shape (K, n_held_out, n_outputs)."""
        n_outputs = fits[0][0].outputs.shape[1]
        total = np.zeros((len(fits), len(self.y), n_outputs))
        for sums, folds in zip(total, fits, strict=True):
            for test, fit in zip(self.tests, folds, strict=True):
                sums[test] += fit.outputs
        return total[:, self.held_out] / self.times[self.held_out, None]

    def in_order(self, outputs: np.ndarray) -> np.ndarray:
        """Predictions of all rows, NaN for those that no fold holds out."""
        of_all = np.full((len(self.y), outputs.shape[1]), np.nan)
        of_all[self.held_out] = outputs
        return of_all

    def score(self, outputs: np.ndarray, rows: np.ndarray | None = None) -> float:
        """Score of outputs (n_rows, n_outputs), for all held-out rows or for some."""
        rows = self.held_out if rows is None else rows
        if self.scorer is None:
            loss = self.target.loss(outputs[None], self.y[rows], self._shares(rows))
            return -float(loss.with_each(np.zeros(1))[0])
        given: dict[str, Any] = {}
        if self.sample_weight is not None:
            given["sample_weight"] = self.sample_weight[rows]
        predicted = self.target.predicted(outputs)
        X = np.zeros((len(rows), 1))  # the estimator has its predictions
        try:
            return self.scorer(predicted, X, self.y[rows], **given)
        except (AttributeError, TypeError, ValueError) as error:
            raise ValueError(
                f"scoring={self.scoring!r} fails on predictions of held-out rows: "
                f"{error}"
            ) from error

    def fold_scores(self, fits: list[FoldFit]) -> list[float]:
        """Scores of a candidate, fold by fold."""
        return [
            self.score(fit.outputs, test)
            for fit, test in zip(fits, self.tests, strict=True)
        ]

    def loss(self, outputs: np.ndarray) -> Loss:
        """For the selection among candidates of outputs (K, n_held_out, n_outputs)."""
        if self.scorer is None:
            rows = self.held_out
            return self.target.loss(outputs, self.y[rows], self._shares(rows))
        return ScoreLoss(self.score, outputs)

    def _shares(self, rows: np.ndarray) -> np.ndarray:
        """Weights of rows, summing to one."""
        if self.sample_weight is None:
            return np.full(len(rows), 1 / len(rows))
        weight = self.sample_weight[rows]
        return weight / weight.sum() if weight.any() else weight * np.nan
