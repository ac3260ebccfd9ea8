"""Greedy selection of ensembles from what candidates predict (Caruana et al., 2004).

Members are added one by one, again and again the same if need be: each time the one
with which the mean of all predictions has the least loss. How often a candidate was
taken is its weight.
"""

from collections.abc import Callable
from typing import Protocol

import numpy as np

SMALLEST = np.finfo(np.float64).eps  # probability, as in sklearn.metrics.log_loss


class Loss(Protocol):
    """Loss of weighted means of the predictions of K candidates."""

    n_candidates: int

    def with_each(self, counts: np.ndarray) -> np.ndarray:
        """Losses, each candidate once more than ``counts``.

        Parameters
        ----------
        counts : ndarray of shape (K,)

        Returns
        -------
        ndarray of shape (K,)
        """


class SquaredError:
    """Mean squared error, from the products of the candidates' residuals.

    With residuals R (K, m), ``G = R R^T / m`` and weights w that sum to one, the mean
    squared error of the mean prediction is ``w^T G w``.

    Parameters
    ----------
    predictions : ndarray of shape (K, n_rows, n_outputs)
    y : ndarray of shape (n_rows, n_outputs)
    weight : ndarray of shape (n_rows,)
        Weights of the rows, summing to one.
    """

    def __init__(self, predictions: np.ndarray, y: np.ndarray, weight: np.ndarray):
        residuals = predictions - y
        residuals *= np.sqrt(weight / y.shape[1])[:, None]
        residuals = residuals.reshape(len(residuals), -1)
        self.products = residuals @ residuals.T
        self.n_candidates = len(residuals)

    def with_each(self, counts: np.ndarray) -> np.ndarray:
        products = self.products @ counts
        total = counts @ products + 2 * products + self.products.diagonal()
        return total / (counts.sum() + 1) ** 2


class LogLoss:
    """Mean of -log of the probability of what came true, summed over labels.

    Parameters
    ----------
    probabilities : ndarray of shape (K, n_rows, n_labels)
        Of the class of each row, or of each label's being as it is.
    weight : ndarray of shape (n_rows,)
        Weights of the rows, summing to one.
    """

    def __init__(self, probabilities: np.ndarray, weight: np.ndarray):
        self.weight = np.repeat(weight, probabilities.shape[2])
        self.probabilities = probabilities.reshape(len(probabilities), -1)
        self.n_candidates = len(probabilities)

    def with_each(self, counts: np.ndarray) -> np.ndarray:
        mean = counts @ self.probabilities + self.probabilities
        mean /= counts.sum() + 1
        np.clip(mean, SMALLEST, 1, out=mean)
        return -(np.log(mean, out=mean) @ self.weight)


class ScoreLoss:
    """Minus any score, computed for one mean after another.

    Parameters
    ----------
    score : callable
        Of predictions of shape (n_rows, n_outputs).
    predictions : ndarray of shape (K, n_rows, n_outputs)
    """

    def __init__(self, score: Callable[[np.ndarray], float], predictions: np.ndarray):
        self.score, self.predictions = score, predictions
        self.n_candidates = len(predictions)

    def with_each(self, counts: np.ndarray) -> np.ndarray:
        total = np.tensordot(counts, self.predictions, 1)
        n = counts.sum() + 1
        losses = [-self.score((total + one) / n) for one in self.predictions]
        return np.nan_to_num(losses, nan=np.inf, posinf=np.inf, neginf=-np.inf)


def select_greedily(loss: Loss, max_members: int) -> np.ndarray:
    """Take candidates one by one; keep the ensemble of least loss on the way.

    Parameters
    ----------
    loss : Loss
    max_members : int
        How many are taken.

    Returns
    -------
    ndarray of shape (K,)
        Weights, summing to one.
    """
    counts = np.zeros(loss.n_candidates)
    kept, least = counts, np.inf
    own = loss.with_each(counts)
    order = np.argsort(
        own, kind="stable"
    )  # the better candidate where losses are equal
    for _ in range(max_members):
        losses = loss.with_each(counts) if counts.any() else own
        best = order[np.argmin(losses[order])]
        counts = counts.copy()
        counts[best] += 1
        if losses[best] < least:
            kept, least = counts, losses[best]
    return kept / kept.sum()
