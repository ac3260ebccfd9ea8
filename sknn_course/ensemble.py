"""Ensembles of networks: many candidates trained at once, the best mean kept."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.utils import check_array, column_or_1d
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from ._compat import fit_context
from ._ensemble.base import Ensemble
from ._ensemble.documentation import documented
from ._ensemble.quantiles import weighted_quantiles
from ._ensemble.targets import Classes, Labels, Numbers, Target
from .mlp import MLPClassifier, MLPRegressor


@documented(scoring="minus the log loss", oof=" n_classes")
class EnsembleClassifier(ClassifierMixin, Ensemble):
    """Weighted mean of many classifiers, chosen by rows that they were not trained on.

    Parameters
    ----------
    estimator : estimator, default=None
        A network of this package, or a pipeline that ends in one: these train as
        stacks. Any other classifier works too; without ``predict_proba`` it votes.
        None is ``MLPClassifier(early_stopping=True)``.

    %(parameters)s

    Attributes
    ----------
    %(attributes)s

    classes_ : ndarray of shape (n_classes,)
        The classes.

    See Also
    --------
    EnsembleRegressor : For numbers.
    sklearn.ensemble.BaggingClassifier : One setting, bootstrap samples.
    sklearn.ensemble.StackingClassifier : A model learns the weights.

    Notes
    -----
    %(notes)s

    References
    ----------
    %(references)s

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sknn_course import EnsembleClassifier, MLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> mlp = MLPClassifier((30,), learning_rate_init=0.01, early_stopping=True)
    >>> ensemble = EnsembleClassifier(
    ...     make_pipeline(StandardScaler(), mlp),
    ...     {"mlpclassifier__dropout": [0.0, 0.1, 0.2, 0.3]},
    ...     n_candidates=4, cv=3, random_state=0,
    ... ).fit(X, y)
    >>> bool(ensemble.oof_score_ >= ensemble.best_score_)
    True
    >>> ensemble.predict_proba(X[:2]).shape
    (2, 3)
    """

    def _default_estimator(self) -> MLPClassifier:
        return MLPClassifier(early_stopping=True)

    def _target_of(self, y: Any) -> tuple[Target, np.ndarray]:
        y = check_array(y, ensure_2d=False, dtype=None, input_name="y", estimator=self)
        check_classification_targets(y)
        if type_of_target(y, input_name="y") == "multilabel-indicator":
            return Labels(np.arange(y.shape[1])), y
        if y.ndim == 2 and y.shape[1] > 1:
            raise ValueError(
                f"y of shape {y.shape} holds classes in several columns: give one "
                "column, or 0/1 indicators of labels."
            )
        y = column_or_1d(y, warn=True)
        return Classes(np.unique(y)), y

    @fit_context(prefer_skip_nested_validation=False)
    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, groups: Any = None
    ) -> "EnsembleClassifier":
        """Train the candidates and choose the members.

        Parameters
        ----------
        X : {array-like, DataFrame, sparse matrix} of shape (n_samples, n_features)
            What `estimator` takes.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Classes, or 0/1 indicators of labels.
        sample_weight : array-like of shape (n_samples,), default=None
        groups : array-like of shape (n_samples,), default=None
            For the folds: rows of one group stay together.

        Returns
        -------
        self : object
        """
        self._fit(X, y, sample_weight, groups)
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """Predict probabilities of the classes, or of the labels.

        Parameters
        ----------
        X : {array-like, DataFrame, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            In the order of ``classes_``.
        """
        return self._mean(X)

    def predict(self, X: Any) -> np.ndarray:
        """Predict classes, or indicators of labels.

        Parameters
        ----------
        X : {array-like, DataFrame, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_labels)
        """
        outputs = self._mean(X)
        return self._target.predict(outputs)


@documented(scoring="minus the mean squared error", oof=") or (n_samples, n_outputs")
class EnsembleRegressor(RegressorMixin, Ensemble):
    """Weighted mean of many regressors, chosen by rows that they were not trained on.

    Parameters
    ----------
    estimator : estimator, default=None
        A network of this package, or a pipeline that ends in one: these train as
        stacks. Any other regressor works too. None is
        ``MLPRegressor(early_stopping=True)``.

    %(parameters)s

    Attributes
    ----------
    %(attributes)s

    See Also
    --------
    EnsembleClassifier : For classes.
    sklearn.compose.TransformedTargetRegressor : Around the ensemble, it scales the
        target, which networks need.
    sklearn.ensemble.BaggingRegressor : One setting, bootstrap samples.

    Notes
    -----
    %(notes)s

    References
    ----------
    %(references)s

    Examples
    --------
    >>> from sklearn.datasets import make_friedman1
    >>> from sknn_course import EnsembleRegressor, MLPRegressor
    >>> X, y = make_friedman1(200, random_state=0)
    >>> mlp = MLPRegressor(
    ...     hidden_layer_sizes=(30,), learning_rate_init=0.02, early_stopping=True
    ... )
    >>> ensemble = EnsembleRegressor(
    ...     mlp, {"alpha": [0.0, 0.1]}, n_candidates=4, cv=3, random_state=0
    ... ).fit(X, y)
    >>> mean, std = ensemble.predict(X[:2], return_std=True)
    >>> mean.shape, std.shape
    ((2,), (2,))
    """

    def _default_estimator(self) -> MLPRegressor:
        return MLPRegressor(early_stopping=True)

    def _target_of(self, y: Any) -> tuple[Target, np.ndarray]:
        y = check_array(y, ensure_2d=False, input_name="y", estimator=self)
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        return Numbers(), y

    @fit_context(prefer_skip_nested_validation=False)
    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, groups: Any = None
    ) -> "EnsembleRegressor":
        """Train the candidates and choose the members.

        Parameters
        ----------
        X : {array-like, DataFrame, sparse matrix} of shape (n_samples, n_features)
            What `estimator` takes.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,), default=None
        groups : array-like of shape (n_samples,), default=None
            For the folds: rows of one group stay together.

        Returns
        -------
        self : object
        """
        self._fit(X, y, sample_weight, groups)
        return self

    def predict(
        self, X: Any, return_std: bool = False
    ) -> np.ndarray | tuple[np.ndarray, np.ndarray]:
        """Predict numbers, and how far the members are apart.

        Parameters
        ----------
        X : {array-like, DataFrame, sparse matrix} of shape (n_samples, n_features)
        return_std : bool, default=False

        Returns
        -------
        mean : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        std : ndarray of the same shape, with ``return_std``
            Weighted standard deviation of the members' predictions: their spread, which
            leaves out the noise of y.
        """
        if not return_std:
            mean = self._mean(X)
            return self._target.predict(mean)
        outputs = self._each(X)
        mean = np.tensordot(self.weights_, outputs, 1)
        variance = np.tensordot(self.weights_, np.square(outputs - mean), 1)
        return self._target.predict(mean), self._target.predict(np.sqrt(variance))

    def predict_quantiles(
        self, X: Any, quantiles: Sequence[float] = (0.05, 0.5, 0.95)
    ) -> np.ndarray:
        """Quantiles of the members' predictions, by weight.

        They tell the spread between members, not of y: intervals of predictions that
        hold a share of new rows need the noise of y too.

        Parameters
        ----------
        X : {array-like, DataFrame, sparse matrix} of shape (n_samples, n_features)
        quantiles : sequence of float, default=(0.05, 0.5, 0.95)
            From 0 to 1.

        Returns
        -------
        ndarray of shape (n_samples, n_quantiles) or (n_samples, n_outputs, n_quantiles)
            Each the least prediction with at least this share of the weight at or
            below it.

        Raises
        ------
        ValueError
            If a quantile is not from 0 to 1.
        """
        levels = np.asarray(quantiles)
        if (
            levels.dtype.kind not in "iuf"
            or levels.ndim != 1
            or not np.all((levels >= 0) & (levels <= 1))
        ):
            raise ValueError(
                f"quantiles={quantiles!r} must be a sequence of numbers from 0 to 1."
            )
        found = weighted_quantiles(self._each(X), self.weights_, levels)
        return found[:, 0] if found.shape[1] == 1 else found
