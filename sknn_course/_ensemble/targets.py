"""What an ensemble averages: probabilities of classes or labels, or numbers."""

from typing import Any, Protocol

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

from .selection import LogLoss, Loss, SquaredError


class Target(Protocol):
    """Meaning of the targets, and of the outputs (n_rows, n_outputs) for them."""

    stratifies: bool
    scoring: str  # of `loss`

    def outputs(self, model: Any, X: Any) -> np.ndarray:
        """What a fitted model gives for rows, to be averaged."""

    def of_network(self, network: Any, outputs: np.ndarray) -> np.ndarray:
        """The same from what a network's output layer gives."""

    def loss(self, outputs: np.ndarray, y: np.ndarray, weight: np.ndarray) -> Loss:
        """The loss of means of outputs of shape (K, n_rows, n_outputs)."""

    def predict(self, outputs: np.ndarray) -> np.ndarray:
        """Classes, labels or numbers from outputs of shape (n_rows, n_outputs)."""

    def predicted(self, outputs: np.ndarray) -> BaseEstimator:
        """An estimator that predicts from these outputs, for scorers."""


class Classes:
    """One class per row.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,)
        Sorted.
    """

    stratifies, scoring = True, "neg_log_loss"

    def __init__(self, classes: np.ndarray):
        self.classes = classes

    def outputs(self, model: Any, X: Any) -> np.ndarray:
        if hasattr(model, "predict_proba"):
            return self._all_classes(model, model.predict_proba(X))
        return (model.predict(X)[:, None] == self.classes).astype(float)  # votes

    def of_network(self, network: Any, outputs: np.ndarray) -> np.ndarray:
        if outputs.shape[1] == 1:
            outputs = np.hstack([1 - outputs, outputs])
        return self._all_classes(network, outputs)

    def _all_classes(self, model: Any, probabilities: np.ndarray) -> np.ndarray:
        """With columns for the classes that the model has not seen."""
        if len(model.classes_) == 1:  # networks have two columns then
            probabilities = np.ones((len(probabilities), 1))
        if len(model.classes_) == len(self.classes):
            return probabilities
        of_all = np.zeros((len(probabilities), len(self.classes)))
        of_all[:, np.searchsorted(self.classes, model.classes_)] = probabilities
        return of_all

    def loss(self, outputs: np.ndarray, y: np.ndarray, weight: np.ndarray) -> Loss:
        codes = np.searchsorted(self.classes, y)
        return LogLoss(outputs[:, np.arange(len(y)), codes][:, :, None], weight)

    def predict(self, outputs: np.ndarray) -> np.ndarray:
        return self.classes[outputs.argmax(axis=1)]

    def predicted(self, outputs: np.ndarray) -> BaseEstimator:
        return PredictedClasses(self, outputs)


class Labels:
    """Several labels per row, as 0/1 indicators.

    Parameters
    ----------
    classes : ndarray of shape (n_labels,)
    """

    stratifies, scoring = False, "neg_log_loss"

    def __init__(self, classes: np.ndarray):
        self.classes = classes

    def outputs(self, model: Any, X: Any) -> np.ndarray:
        if not hasattr(model, "predict_proba"):
            return np.asarray(model.predict(X), float)  # votes
        probabilities = model.predict_proba(X)
        if isinstance(probabilities, list):  # of each label, (n_rows, 2)
            absent = [classes[0] == 0 for classes in model.classes_]
            probabilities = [
                p[:, 1] if p.shape[1] == 2 else np.full(len(p), 1.0 - zero)
                for p, zero in zip(probabilities, absent, strict=True)
            ]
            return np.column_stack(probabilities)
        return probabilities

    def of_network(self, network: Any, outputs: np.ndarray) -> np.ndarray:
        return outputs

    def loss(self, outputs: np.ndarray, y: np.ndarray, weight: np.ndarray) -> Loss:
        return LogLoss(np.where(y == 1, outputs, 1 - outputs), weight)

    def predict(self, outputs: np.ndarray) -> np.ndarray:
        return (outputs > 0.5).astype(int)

    def predicted(self, outputs: np.ndarray) -> BaseEstimator:
        return PredictedClasses(self, outputs)


class Numbers:
    """One number per row, or several."""

    stratifies, scoring = False, "neg_mean_squared_error"

    def outputs(self, model: Any, X: Any) -> np.ndarray:
        predictions = np.asarray(model.predict(X))
        return predictions.reshape(len(predictions), -1)

    def of_network(self, network: Any, outputs: np.ndarray) -> np.ndarray:
        return network._targets.decode(outputs).reshape(outputs.shape)

    def loss(self, outputs: np.ndarray, y: np.ndarray, weight: np.ndarray) -> Loss:
        return SquaredError(outputs, y.reshape(len(y), -1), weight)

    def predict(self, outputs: np.ndarray) -> np.ndarray:
        return outputs.ravel() if outputs.shape[1] == 1 else outputs

    def predicted(self, outputs: np.ndarray) -> BaseEstimator:
        return PredictedNumbers(self, outputs)


class PredictedClasses(ClassifierMixin, BaseEstimator):
    """Predicts by given outputs, whatever X is."""

    def __init__(self, target: Any, outputs: np.ndarray):
        self.target, self.outputs = target, outputs
        self.classes_ = target.classes

    def predict_proba(self, X: Any) -> np.ndarray:
        return self.outputs

    def predict(self, X: Any) -> np.ndarray:
        return self.target.predict(self.outputs)


class PredictedNumbers(RegressorMixin, BaseEstimator):
    """Predicts by given outputs, whatever X is."""

    def __init__(self, target: Any, outputs: np.ndarray):
        self.target, self.outputs = target, outputs
        self.fitted_ = True

    def predict(self, X: Any) -> np.ndarray:
        return self.target.predict(self.outputs)


TARGETS: dict[str, Any] = {cls.__name__: cls for cls in (Classes, Labels, Numbers)}
