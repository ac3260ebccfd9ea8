"""What targets mean: their encoding for a network, and predictions from its outputs."""

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils import column_or_1d
from sklearn.utils.multiclass import unique_labels

from .._engine.losses import LOSSES
from .validation_data import check_same_outputs

Array = NDArray[Any]


class Targets(ABC):
    """The targets of a fit.

    Attributes
    ----------
    n_outputs : int
        Outputs of the network.
    n_columns : int
        Columns of y, 1 where it is one-dimensional.
    content : str
        What y holds, for errors.
    loss, score : str
        Names of the loss of training and of the score of validation rows.
    n_classes : int or None
        None where the targets are numbers.
    stratifies : bool
        Whether validation rows are set aside by class.
    mean, scale : ndarray of shape (n_outputs,), or None
        By which encoded numbers are standardised; None where they are not.
    """

    n_outputs: int
    n_columns: int
    content: str
    loss: str
    score: str
    n_classes: int | None = None
    stratifies = False
    mean: Array | None = None
    scale: Array | None = None

    @abstractmethod
    def encode(self, y: Array) -> Array:
        """Targets of the outputs, shape (n_samples, n_outputs).

        Parameters
        ----------
        y : ndarray of shape (n_samples,) or (n_samples, n_columns)
        """

    @abstractmethod
    def decode(self, outputs: Array) -> Array:
        """Predictions in the form of y.

        Parameters
        ----------
        outputs : ndarray of shape (n_samples, n_outputs)
            After the output activation.
        """

    def encode_validation(self, y: Array) -> Array:
        """Targets of validation rows, which must be like those of the fit.

        Raises
        ------
        ValueError
            If they have other columns, or classes that the fit has not seen.
        """
        check_same_outputs(y, self.n_columns, self.content)
        return self.standardised(self.encode(y))

    def standardised(self, encoded: Array) -> Array:
        """Encoded targets as the network learns them."""
        return encoded

    @property
    def loss_unit(self) -> float:
        """By what a loss of training is multiplied for the unit of y."""
        return 1.0


class ClassTargets(Targets):
    """One class for each row.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,)
        Sorted.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_course._estimator.targets import ClassTargets
    >>> targets = ClassTargets(np.array(["no", "yes"]))
    >>> targets.encode(np.array(["yes", "no"])).ravel()
    array([1, 0])
    >>> targets.decode(np.array([[0.3], [0.9]]))
    array(['no', 'yes'], dtype='<U3')
    """

    n_columns = 1
    content = "classes"

    def __init__(self, classes: Array):
        self.classes = classes
        self.n_classes = len(classes)
        self.n_outputs = 1 if len(classes) <= 2 else len(classes)
        self.stratifies = self.n_outputs == 1
        self.loss = "binary_log_loss" if self.n_outputs == 1 else "log_loss"
        self.score = "one_class" if len(classes) == 1 else "accuracy"

    def encode(self, y: Array) -> Array:
        codes = np.searchsorted(self.classes, _as_column(y))
        if self.n_outputs == 1:
            return (codes * (len(self.classes) - 1))[:, None]
        return codes[:, None] == np.arange(len(self.classes))

    def encode_validation(self, y: Array) -> Array:
        check_same_outputs(y, self.n_columns, self.content)
        y = _as_column(y)
        _refuse_unknown(y, self.classes)
        return self.encode(y)

    def decode(self, outputs: Array) -> Array:
        if self.n_outputs > 1:
            return self.classes[outputs.argmax(axis=1)]
        last = len(self.classes) - 1  # 0 where there is one class alone
        return self.classes[last * (outputs.ravel() > 0.5)]


class LabelTargets(Targets):
    """Several labels for each row, as 0/1 indicators.

    Parameters
    ----------
    binarizer : LabelBinarizer
        Fitted to indicators.
    """

    loss, score = "binary_log_loss", "subset_accuracy"

    def __init__(self, binarizer: LabelBinarizer):
        self.binarizer = binarizer
        self.classes: Array = binarizer.classes_
        self.n_classes = self.n_outputs = self.n_columns = len(self.classes)
        self.content = f"0/1 indicators of {self.n_outputs} labels"

    def encode(self, y: Array) -> Array:
        return self.binarizer.transform(y)

    def encode_validation(self, y: Array) -> Array:
        check_same_outputs(y, self.n_columns, self.content)
        _refuse_unknown(y, self.classes)
        return self.encode(y)

    def decode(self, outputs: Array) -> Array:
        return self.binarizer.inverse_transform(outputs)


class NumberTargets(Targets):
    """Numbers, one or several for each row.

    Parameters
    ----------
    loss : str
        Of training.
    n_outputs : int
    mean, scale : ndarray of shape (n_outputs,), optional

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_course._estimator.targets import NumberTargets
    >>> mean, scale = np.array([20.0]), np.array([10.0])
    >>> targets = NumberTargets("squared_error", 1, mean, scale)
    >>> targets.encode_validation(np.array([10.0, 30.0])).ravel()
    array([-1.,  1.])
    >>> targets.decode(np.array([[0.5]])), targets.loss_unit
    (array([25.]), 100.0)
    """

    score = "r2"

    def __init__(
        self,
        loss: str,
        n_outputs: int,
        mean: Array | None = None,
        scale: Array | None = None,
    ):
        self.loss, self.mean, self.scale = loss, mean, scale
        self.n_outputs = self.n_columns = n_outputs
        self.content = f"{n_outputs} outputs" if n_outputs > 1 else "one output"

    def encode(self, y: Array) -> Array:
        if issparse(y):
            raise TypeError("y is sparse, but a regressor needs dense: y.toarray().")
        y = _as_column(y)
        least = LOSSES[self.loss].least_target
        if least is not None and np.min(y) < least:
            raise ValueError(
                f"loss={self.loss!r} needs y >= {least:g}, got a minimum of "
                f"{np.min(y)}."
            )
        if y.dtype.kind not in "biuf":
            raise ValueError(f"y holds {y.dtype} values: a regressor needs numbers.")
        if not np.isfinite(y).all():  # None has become NaN
            raise ValueError("y contains None or NaN: a regressor needs numbers.")
        return y.reshape(len(y), -1)

    def standardised(self, encoded: Array) -> Array:
        if self.mean is None:
            return encoded
        if LOSSES[self.loss].least_target is not None:
            raise ValueError(
                f"normalize_y=True gives targets below zero, but loss={self.loss!r} "
                "needs others: use normalize_y=False, or another loss."
            )
        return (encoded - self.mean) / self.scale

    @property
    def loss_unit(self) -> float:
        if self.scale is None or self.n_outputs > 1:  # each has a unit of its own
            return 1.0
        return float(self.scale[0] ** LOSSES[self.loss].degree)

    def decode(self, outputs: Array) -> Array:
        if self.mean is not None:
            outputs = (outputs * self.scale + self.mean).astype(outputs.dtype)
        return outputs.ravel() if self.n_outputs == 1 else outputs


def class_or_label_targets(y: Array) -> ClassTargets | LabelTargets:
    """Targets with the classes, or labels, that y has.

    Raises
    ------
    ValueError
        If y has neither.
    """
    if y.ndim == 2 and y.shape[1] > 1:
        return LabelTargets(LabelBinarizer().fit(y))
    y = column_or_1d(y)
    # for these what `unique_labels` gives, much sooner
    return ClassTargets(np.unique(y) if y.dtype.kind in "biuU" else unique_labels(y))


def _as_column(y: Array) -> Array:
    """One-dimensional where there is one column, with scikit-learn's warning."""
    return column_or_1d(y, warn=True) if y.ndim == 2 and y.shape[1] == 1 else y


def _refuse_unknown(y: Array, classes: Array) -> None:
    unknown = np.setdiff1d(unique_labels(y), classes)
    if len(unknown):
        raise ValueError(
            f"y_val has classes {unknown} that y has not: y has {classes}."
        )
