"""What a score measures: functions of a fitted estimator and of some rows."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn import metrics

NEGATED = "neg_"  # scikit-learn's prefix of errors, which it turns into scores


@dataclass(frozen=True)
class OfPredictions:
    """A function of the true and the predicted targets."""

    metric: Callable[..., float]

    def __call__(self, estimator: Any, X: Any, y: np.ndarray) -> float:
        return self.metric(y, estimator.predict(X))


@dataclass(frozen=True)
class OfOneClass:
    """A function of one class against the other; the mean over more than two."""

    metric: Callable[..., float]
    positive: Any = None

    def __call__(self, estimator: Any, X: Any, y: np.ndarray) -> float:
        predicted = estimator.predict(X)
        if self.positive is None:
            return self.metric(y, predicted, average="macro", zero_division=0)
        hits = predicted == self.positive
        return self.metric(y == self.positive, hits, zero_division=0)


@dataclass(frozen=True)
class OfRanking:
    """A function of how rows are ordered, one class against the rest.

    Probabilities and decision functions order equally well. The mean over the
    classes that are there; of two classes, it is the one of ``positive``.
    """

    metric: Callable[..., float]
    positive: Any = None

    def __call__(self, estimator: Any, X: Any, y: np.ndarray) -> float:
        if hasattr(estimator, "predict_proba"):
            values = estimator.predict_proba(X)
        else:
            values = estimator.decision_function(X)
        if values.ndim == 1:
            values = np.stack([-values, values], axis=1)  # (n_samples, 2)
        classes = [*estimator.classes_]
        wanted = [self.positive] if self.positive in classes else classes
        found = []
        for one in wanted:
            is_one = y == one
            if is_one.any() and not is_one.all():
                found.append(self.metric(is_one, values[:, classes.index(one)]))
        return float(np.mean(found)) if found else float("nan")


@dataclass(frozen=True)
class OfScikitLearn:
    """One of scikit-learn's own scorers, by name."""

    name: str

    def __call__(self, estimator: Any, X: Any, y: np.ndarray) -> float:
        value = metrics.get_scorer(self.name)(estimator, X, y)
        return -value if self.name.startswith(NEGATED) else value


def log_loss(estimator: Any, X: Any, y: np.ndarray) -> float:
    return metrics.log_loss(y, estimator.predict_proba(X), labels=estimator.classes_)
