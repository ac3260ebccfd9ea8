"""Base of the neural classifiers."""

from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import ClassifierMixin
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils import Tags, column_or_1d
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import (
    type_of_target,
    unique_labels,
)

from .._choices import Choices
from .._compat import check_partial_fit_first_call
from .base import NeuralEstimator
from .fit_method import fit_method, pair, partial_fit_method
from .parameter_types import Array, ClassWeight, MatrixLike
from .parameters import RATE
from .targets import ClassTargets, LabelTargets, class_or_label_targets


class NeuralClassifier(ClassifierMixin, NeuralEstimator):
    """Base of the neural classifiers."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **NeuralEstimator._parameter_constraints,
        "class_weight": [Choices({"balanced"}), dict, list, None],
        "label_smoothing": [RATE],
    }
    _y_numeric = False
    loss = "log_loss"
    class_weight: ClassWeight
    label_smoothing: float
    classes_: Array
    _multilabel: LabelBinarizer | None

    @property
    def _targets(self) -> ClassTargets | LabelTargets:
        if self._multilabel is not None:
            return LabelTargets(self._multilabel)
        return ClassTargets(self.classes_)

    def _choose_targets(
        self, y: Array, incremental: bool, classes: ArrayLike | None
    ) -> ClassTargets | LabelTargets:
        if incremental and check_partial_fit_first_call(self, classes):
            several = type_of_target(y).startswith("multilabel")
            self._multilabel = LabelBinarizer().fit(y) if several else None
        if hasattr(self, "classes_") and (self.warm_start or incremental):
            targets = self._targets
            self._check_known(y, targets)
        else:
            targets = class_or_label_targets(y)
            self._multilabel = getattr(targets, "binarizer", None)
            self.classes_ = targets.classes
        return targets

    def _check_known(self, y: Array, targets: ClassTargets | LabelTargets) -> None:
        """Refuse targets of another form, or classes, than those of the first fit."""
        several = isinstance(targets, LabelTargets)
        shape = (targets.n_columns,) if several else ()
        if (y.shape[1:] or (1,)) != (shape or (1,)):
            raise ValueError(
                f"y is of shape {y.shape}, but it was of shape "
                f"{('n_samples', *shape)} in the first fit."
            )
        classes = unique_labels(y if several else column_or_1d(y))
        if self.warm_start:
            if set(classes) != set(self.classes_):
                raise ValueError(
                    "warm_start can only be used where `y` has the same classes as "
                    "in the previous call to fit. Previously "
                    f"got {self.classes_}, `y` has {classes}"
                )
        elif len(np.setdiff1d(classes, self.classes_, assume_unique=True)):
            raise ValueError(
                "`y` has classes not in `self.classes_`. "
                f"`self.classes_` has {self.classes_}. 'y' has {classes}."
            )

    def _row_weights(self, y: Array, incremental: bool) -> Array | None:
        if self.class_weight is None:
            return None
        if incremental and self.class_weight == "balanced":
            raise ValueError(
                "class_weight='balanced' is not supported by partial_fit, which "
                "does not see all of y: give a dict of weights instead, as from "
                "sklearn.utils.class_weight.compute_class_weight."
            )
        if isinstance(self.class_weight, list) and not all(
            isinstance(one, dict) or one == "balanced" for one in self.class_weight
        ):
            raise ValueError(
                f"class_weight={self.class_weight!r} does not fit: a list holds a dict "
                "or 'balanced' for each label."
            )
        return compute_sample_weight(self.class_weight, y)

    @fit_method
    def fit(
        self,
        X: MatrixLike,
        y: MatrixLike,
        sample_weight: ArrayLike | None = None,
        X_val: MatrixLike | None = None,
        y_val: MatrixLike | None = None,
    ) -> Self:
        """Train the network on X and y.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows; the CNN also takes images, see the class.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Classes, or 0/1 indicators of labels.
        sample_weight : array-like of shape (n_samples,), default=None
        X_val, y_val : as X and y, default=None
            Rows to evaluate after each epoch: `validation_scores_`,
            `validation_loss_curve_` and `training_score_curve_` are recorded, and
            `early_stopping` judges by them in place of setting rows aside.

        Returns
        -------
        self : object
        """
        return self._fit(X, y, sample_weight, validation=pair(X_val, y_val))

    @partial_fit_method
    def partial_fit(
        self,
        X: MatrixLike,
        y: MatrixLike,
        sample_weight: ArrayLike | None = None,
        classes: ArrayLike | None = None,
    ) -> Self:
        """Train for one more epoch, on the given rows.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,), default=None
        classes : array of shape (n_classes,), default=None
            All classes that will come; needed in the first call.

        Returns
        -------
        self : object
        """
        return self._fit(X, y, sample_weight, incremental=True, classes=classes)

    def predict(self, X: MatrixLike) -> Array:
        """Predict classes.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
        """
        outputs = self._predict_outputs(X)
        return self._targets.decode(outputs)

    def predict_proba(self, X: MatrixLike) -> Array:
        """Predict probabilities of the classes.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            In the order of ``classes_``.
        """
        outputs = self._predict_outputs(X)
        if self._output_activation.is_clipped:
            eps = np.finfo(outputs.dtype).eps
            outputs = np.clip(outputs, eps, 1 - eps)  # as in the loss
        if self.n_outputs_ == 1:
            return np.hstack([1 - outputs, outputs])
        return outputs

    def predict_log_proba(self, X: MatrixLike) -> Array:
        """Predict logarithms of the probabilities of the classes.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
        """
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
