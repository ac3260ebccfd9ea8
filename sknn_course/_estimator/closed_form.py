"""What the estimators in closed form share: validation, targets, one commit."""

from abc import ABC, abstractmethod
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import issparse
from sklearn.base import (
    ClassifierMixin,
    MultiOutputMixin,
    RegressorMixin,
)
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils import Tags, compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from sknn_course import resume
from sknn_course._choices import SuggestsChoices
from sknn_course._devices import widest_float
from sknn_course._estimator.fit_method import validated_fit
from sknn_course._estimator.parameter_types import (
    Array,
    ClassWeight,
    Device,
    MatrixLike,
)
from sknn_course._estimator.plain_rows import FLOATS
from sknn_course._estimator.sparse_indices import check_indices
from sknn_course._estimator.target_checks import (
    check_labels,
    check_numbers,
    check_weights,
)
from sknn_course._estimator.unchanged_on_error import unchanged_on_error

MOST_EXPONENT = 1021  # 2 to it, and to its negative, is a normal float64


class ClosedFormEstimator(SuggestsChoices, ABC):
    """Base: a subclass solves, and computes outputs."""

    device: Device

    @abstractmethod
    def _solve(self, X: Array, y: Array, sample_weight: Array) -> dict[str, Any]:
        """The fitted attributes, for dense rows of positive weight; changes nothing."""

    @abstractmethod
    def _outputs(self, X: Any) -> Array:
        """What they predict for validated rows."""

    def _fit(self, X: Any, y: Array, sample_weight: Array, **attributes: Any) -> Self:
        """Solve, then set all attributes at once."""
        rows = sample_weight > 0  # the others take no part
        if not rows.all():
            X, y, sample_weight = X[rows], y[rows], sample_weight[rows]
        X = X.toarray() if issparse(X) else X
        attributes |= self._solved(X, y, sample_weight)
        self.__dict__.update(attributes)
        return self

    def _solved(self, X: Array, y: Array, sample_weight: Array) -> dict[str, Any]:
        if resume.active is None:
            return self._solve(X, y, sample_weight)
        return resume.active.result_of(self._solve, X, y, sample_weight)

    def _predict_outputs(self, X: MatrixLike) -> Array:
        """Outputs in the floating type of the rows."""
        check_is_fitted(self)
        check_indices(X)
        X = validate_data(self, X, accept_sparse="csr", dtype=FLOATS, reset=False)
        return self._outputs(X).astype(X.dtype, copy=False)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


class TargetRegressor(MultiOutputMixin, RegressorMixin, ClosedFormEstimator):
    """Base of the regressors."""

    @validated_fit
    def fit(
        self, X: MatrixLike, y: MatrixLike, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Fit the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data. Sparse data are made dense.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Target values.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row, not negative. A row of weight 2 counts as two
            equal rows, one of weight 0 as none.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        with unchanged_on_error(self):
            y = y if y is None else check_numbers(y, self)
            check_indices(X)
            X, y = validate_data(
                self, X, y, accept_sparse="csr", dtype=FLOATS, multi_output=True
            )
            return self._fit(X, y, check_weights(sample_weight, X))

    def predict(self, X: MatrixLike) -> Array:
        """Predict the targets.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Predicted values, float32 where X is, else float64.
        """
        return self._predict_outputs(X)


class SignClassifier(ClassifierMixin, ClosedFormEstimator):
    """Base of the classifiers: they fit -1 and +1, one output for each class.

    Two classes share one output. The class of the largest output, or the sign of
    the only one, is the prediction.
    """

    class_weight: ClassWeight
    classes_: Array
    _label_binarizer: LabelBinarizer

    @validated_fit
    def fit(
        self, X: MatrixLike, y: MatrixLike, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Fit the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data. Sparse data are made dense.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Class labels, or a matrix of zeros and ones (multilabel).
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row, not negative. A row of weight 2 counts as two
            equal rows, one of weight 0 as none.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        with unchanged_on_error(self):
            check_labels(y)
            check_indices(X)
            X, y = validate_data(
                self, X, y, accept_sparse="csr", dtype=FLOATS, multi_output=True
            )
            check_classification_targets(y)
            weight = check_weights(sample_weight, X)
            binarizer = LabelBinarizer(neg_label=-1)
            Y = binarizer.fit_transform(y)  # (n_samples, n_classifiers)
            if not binarizer.y_type_.startswith("multilabel"):
                y = column_or_1d(y, warn=True)
            if self.class_weight is not None:
                weight = self._weigh_classes(weight, y)
            return self._fit(
                X, Y, weight, classes_=binarizer.classes_, _label_binarizer=binarizer
            )

    def _weigh_classes(self, weight: Array, y: Array) -> Array:
        weight = weight * compute_sample_weight(self.class_weight, y)
        if not (np.isfinite(weight).all() and weight.min() >= 0 and weight.any()):
            raise ValueError(
                f"class_weight={self.class_weight!r}: weights must be finite and not "
                "negative, nor all be zero."
            )
        return weight

    def decision_function(self, X: MatrixLike) -> Array:
        """Return the outputs, whose sign or largest one decides.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data.

        Returns
        -------
        scores : ndarray of shape (n_samples,) or (n_samples, n_classes)
            One column for each class or label; for two classes the output of
            ``classes_[1]`` alone, positive where that class is predicted.
        """
        scores = self._predict_outputs(X)
        return scores.ravel() if scores.size == len(scores) else scores

    def predict(self, X: MatrixLike) -> Array:
        """Predict class labels.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_labels)
            Class labels; zeros and ones if the model was fitted to such a
            matrix.
        """
        scores = self.decision_function(X)
        # Takes the largest, or thresholds at (neg_label + pos_label) / 2 = 0.
        return self._label_binarizer.inverse_transform(scores)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


def closed_form_tensor(
    array: ArrayLike, device: torch.device, copy: bool = True
) -> torch.Tensor:
    """Copy an array to the device, in the floating type of closed forms.

    They lose as many digits as the condition number has, so that float32 data
    too are computed with in float64, where the device has it.
    """
    # A copy of our own: torch takes no negative strides and warns of read-only
    # arrays, as memory-mapped ones are.
    if copy:
        array = np.array(array, dtype=np.float64, order="C")
    tensor = torch.from_numpy(array)
    return tensor.to(widest_float(device)).to(device)


def scaled_tensor(
    array: Array, device: torch.device
) -> tuple[torch.Tensor, NDArray[np.integer]]:
    """`closed_form_tensor` of columns times powers of two, which round nothing.

    Parameters
    ----------
    array : ndarray of shape (n_samples, n_columns)
    device : torch.device

    Returns
    -------
    tensor : torch.Tensor
        The largest magnitude of each column is in [0.5, 1), or zero.
    exponent : ndarray of int of shape (n_columns,)
        The array is ``tensor * 2 ** exponent``.
    """
    scaled = np.array(array, dtype=np.float64, order="C")
    largest = np.maximum(scaled.max(axis=0), -scaled.min(axis=0))
    exponent = np.clip(np.frexp(largest)[1], -MOST_EXPONENT, MOST_EXPONENT + 3)
    scaled *= np.exp2(-exponent)
    return closed_form_tensor(scaled, device, copy=False), exponent
