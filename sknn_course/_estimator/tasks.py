"""Classification and regression: what targets and predictions mean."""

import numpy as np
from scipy.sparse import issparse
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils import column_or_1d
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import type_of_target, unique_labels

from .._compat import (
    StrOptions,
    check_partial_fit_first_call,
    fit_context,
    with_callbacks,
)
from .base import NeuralEstimator, _OnlineMethod
from .validation_data import check_same_outputs


def _pair(X_val, y_val):
    """Validation rows as one argument; None where there are none."""
    return None if X_val is None and y_val is None else (X_val, y_val)


class NeuralClassifier(ClassifierMixin, NeuralEstimator):
    """Base of the neural classifiers."""

    _parameter_constraints: dict = {
        **NeuralEstimator._parameter_constraints,
        "class_weight": [StrOptions({"balanced"}), dict, list, None],
    }
    loss = "log_loss"

    def _loss_and_score(self):
        if self._multilabel is not None:
            return "binary_log_loss", "subset_accuracy"
        if len(self.classes_) == 1:
            return "binary_log_loss", "one_class"
        several = self.n_outputs_ > 1
        return ("log_loss" if several else "binary_log_loss"), "accuracy"

    def _encode(self, y, incremental):
        """Indicators of the classes, shape (n_samples, n_outputs)."""
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        if not hasattr(self, "classes_") or not (self.warm_start or incremental):
            self._learn_classes(y)
        else:
            shape = (len(self.classes_),) if self._multilabel is not None else ()
            if y.shape[1:] != shape:
                raise ValueError(
                    f"y is of shape {y.shape}, but it was of shape "
                    f"{('n_samples', *shape)} in the first fit."
                )
            self._check_known_classes(unique_labels(y))
        return self._indicators(y)

    def _first_classes(self, y, classes):
        """Take over the classes given to the first call of ``partial_fit``."""
        if check_partial_fit_first_call(self, classes):
            several = type_of_target(y).startswith("multilabel")
            self._multilabel = LabelBinarizer().fit(y) if several else None

    def _learn_classes(self, y):
        self._multilabel = None if y.ndim == 1 else LabelBinarizer().fit(y)
        if self._multilabel is not None:
            self.classes_ = self._multilabel.classes_
        elif y.dtype.kind in "biuU":  # what `unique_labels` gives, much sooner
            self.classes_ = np.unique(y)
        else:
            self.classes_ = unique_labels(y)

    def _encode_validation(self, y):
        several = self._multilabel is not None
        check_same_outputs(
            y,
            self.n_outputs_ if several else 1,
            f"0/1 indicators of {self.n_outputs_} labels" if several else "classes",
        )
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        unknown = np.setdiff1d(unique_labels(y), self.classes_)
        if len(unknown):
            raise ValueError(
                f"y_val has classes {unknown} that y has not: y has {self.classes_}."
            )
        return self._indicators(y)

    def _indicators(self, y):
        if self._multilabel is not None:
            return self._multilabel.transform(y)
        codes = np.searchsorted(self.classes_, y)
        if len(self.classes_) <= 2:
            return (codes * (len(self.classes_) - 1))[:, None]
        return codes[:, None] == np.arange(len(self.classes_))

    def _check_known_classes(self, classes):
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

    def _n_classes(self):
        return len(self.classes_)

    def _class_weights(self, y, incremental):
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

    def _stratifies(self):
        return self.n_outputs_ == 1

    @with_callbacks
    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None, X_val=None, y_val=None):
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
        return self._fit(X, y, sample_weight, validation=_pair(X_val, y_val))

    @_OnlineMethod
    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, sample_weight=None, classes=None):
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

    def predict(self, X):
        """Predict classes.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
        """
        outputs = self._predict_outputs(X)
        if self._multilabel is not None:
            return self._multilabel.inverse_transform(outputs)
        if self.n_outputs_ > 1:
            return self.classes_[outputs.argmax(axis=1)]
        last = len(self.classes_) - 1  # 0 where there is one class alone
        return self.classes_[last * (outputs.ravel() > 0.5)]

    def predict_proba(self, X):
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
        if self._settings["loss"] == "binary_log_loss":
            eps = np.finfo(outputs.dtype).eps
            outputs = np.clip(outputs, eps, 1 - eps)  # as in the loss
        if self.n_outputs_ == 1:
            return np.hstack([1 - outputs, outputs])
        return outputs

    def predict_log_proba(self, X):
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

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


class NeuralRegressor(RegressorMixin, NeuralEstimator):
    """Base of the neural regressors."""

    _parameter_constraints: dict = {
        **NeuralEstimator._parameter_constraints,
        "loss": [StrOptions({"squared_error", "poisson"})],
    }

    def _loss_and_score(self):
        return self.loss, "r2"

    def _encode(self, y, incremental):
        """Numbers, shape (n_samples, n_outputs)."""
        if issparse(y):
            raise TypeError("y is sparse, but a regressor needs dense: y.toarray().")
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        if self.loss == "poisson" and np.min(y) < 0:
            raise ValueError(
                f"loss='poisson' needs y >= 0, got a minimum of {np.min(y)}."
            )
        if y.dtype.kind not in "biuf":
            raise ValueError(f"y holds {y.dtype} values: a regressor needs numbers.")
        if not np.isfinite(y).all():  # None has become NaN
            raise ValueError("y contains None or NaN: a regressor needs numbers.")
        return y.reshape(len(y), -1)

    def _encode_validation(self, y):
        n = self.n_outputs_
        check_same_outputs(y, n, f"{n} outputs" if n > 1 else "one output")
        return self._encode(y, incremental=False)

    def _stratifies(self):
        return False

    @staticmethod
    def _n_classes():
        return None

    def _first_classes(self, y, classes):
        pass

    @with_callbacks
    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None, X_val=None, y_val=None):
        """Train the network on X and y.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows; the CNN also takes images, see the class.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,), default=None
        X_val, y_val : as X and y, default=None
            Rows to evaluate after each epoch: `validation_scores_`,
            `validation_loss_curve_` and `training_score_curve_` are recorded, and
            `early_stopping` judges by them in place of setting rows aside.

        Returns
        -------
        self : object
        """
        return self._fit(X, y, sample_weight, validation=_pair(X_val, y_val))

    @_OnlineMethod
    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, sample_weight=None):
        """Train for one more epoch, on the given rows.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,), default=None

        Returns
        -------
        self : object
        """
        return self._fit(X, y, sample_weight, incremental=True)

    def predict(self, X):
        """Predict numbers.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
        """
        outputs = self._predict_outputs(X)
        return outputs.ravel() if self.n_outputs_ == 1 else outputs
