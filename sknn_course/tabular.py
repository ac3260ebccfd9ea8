"""The strongest network for a table in one call: an ensemble, chosen by itself.

>>> from sklearn.datasets import load_wine
>>> from sklearn.model_selection import train_test_split
>>> from sknn_course.tabular import TabularClassifier
>>> X, y = load_wine(return_X_y=True)
>>> X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
>>> model = TabularClassifier(2, cv=2, random_state=0).fit(X_train, y_train)
>>> model.score(X_test, y_test) > 0.9
True
"""

from collections.abc import Sequence
from typing import Any, ClassVar, Self

from numpy.typing import ArrayLike
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.pipeline import Pipeline

from ._estimator.fit_method import validated_fit
from ._estimator.parameter_types import Array, ClassWeight, Device, RandomState
from ._tabular.base import TabularEstimator
from ._tabular.documentation import documented
from ._tabular.encoder import TableEncoder
from ._tabular.piecewise_linear import PiecewiseLinearEncoder
from ._tabular.scaling import SmoothRobustScaler
from .ensemble import EnsembleClassifier, EnsembleRegressor
from .mlp import MLPClassifier, MLPRegressor

__all__ = [
    "PiecewiseLinearEncoder",
    "SmoothRobustScaler",
    "TableEncoder",
    "TabularClassifier",
    "TabularRegressor",
]


@documented(scoring="minus the log loss", ensemble="EnsembleClassifier")
class TabularClassifier(ClassifierMixin, TabularEstimator):
    """Classifier of tables: an ensemble of networks, chosen and weighted by itself.

    Takes a table as people have it, encodes its columns, trains many networks of
    different settings on folds at once, and predicts with the weighted mean of those
    that predict held-out rows best.

    Parameters
    ----------
    %(parameters)s

    class_weight : 'balanced', dict or None, default=None
        Weights of the classes in training, see `MLPClassifier`. Probabilities then
        follow the weights.

    Attributes
    ----------
    %(attributes)s

    classes_ : ndarray of shape (n_classes,)
        The classes.

    See Also
    --------
    EnsembleClassifier : The same for any estimator and distributions.
    MLPClassifier : One network.
    sklearn.ensemble.HistGradientBoostingClassifier : Trees.

    Notes
    -----
    %(notes)s

    References
    ----------
    %(references)s

    Examples
    --------
    >>> from sknn_course import TabularClassifier
    >>> X = [[5.1, "red"], [4.9, "red"], [6.2, "blue"], [5.9, None]] * 10
    >>> y = ["yes", "yes", "no", "no"] * 10
    >>> TabularClassifier(2, cv=2, random_state=0).fit(X, y).predict(X[:3])
    array(['yes', 'yes', 'no'], dtype='<U3')
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **TabularEstimator._parameter_constraints,
        "class_weight": MLPClassifier._parameter_constraints["class_weight"],
    }
    _target_type = "auto"
    classes_: Array

    def __init__(
        self,
        n_candidates: int = 16,
        *,
        max_members: int = 32,
        cv: Any = None,
        scoring: Any = None,
        class_weight: ClassWeight = None,
        time_budget: float | None = None,
        device: Device = "auto",
        random_state: RandomState = None,
        n_jobs: int | None = None,
        verbose: bool = False,
    ) -> None:
        super().__init__(
            n_candidates,
            max_members=max_members,
            cv=cv,
            scoring=scoring,
            time_budget=time_budget,
            device=device,
            random_state=random_state,
            n_jobs=n_jobs,
            verbose=verbose,
        )
        self.class_weight = class_weight

    def _network(self) -> MLPClassifier:
        return MLPClassifier(class_weight=self.class_weight)

    def _ensemble(self, estimator: Pipeline, **parameters: Any) -> EnsembleClassifier:
        return EnsembleClassifier(estimator, **parameters)

    @validated_fit
    def fit(
        self,
        X: Any,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> Self:
        """Train and choose the members.

        Parameters
        ----------
        X : DataFrame, array-like or sparse matrix of shape (n_samples, n_features)
            Columns of numbers, categories, dates; None or NaN where one is missing.
        y : array-like of shape (n_samples,)
            Classes.
        sample_weight : array-like of shape (n_samples,), default=None
        groups : array-like of shape (n_samples,), default=None
            Rows of one group stay together in the folds.

        Returns
        -------
        self : object
        """
        return self._fit(X, y, sample_weight, groups)

    def predict(self, X: Any) -> Array:
        """Predict classes.

        Parameters
        ----------
        X : as of `fit`

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        return self._fitted().predict(X)

    def predict_proba(self, X: Any) -> Array:
        """Predict probabilities of the classes.

        Parameters
        ----------
        X : as of `fit`

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            In the order of ``classes_``.
        """
        return self._fitted().predict_proba(X)


@documented(scoring="minus the mean squared error", ensemble="EnsembleRegressor")
class TabularRegressor(RegressorMixin, TabularEstimator):
    """Regressor of tables: an ensemble of networks, chosen and weighted by itself.

    Takes a table as people have it, encodes its columns, trains many networks of
    different settings on folds at once, on standardised targets, and predicts with the
    weighted mean of those that predict held-out rows best.

    Parameters
    ----------
    %(parameters)s

    Attributes
    ----------
    %(attributes)s

    See Also
    --------
    EnsembleRegressor : The same for any estimator and distributions.
    MLPRegressor : One network.
    sklearn.ensemble.HistGradientBoostingRegressor : Trees.

    Notes
    -----
    %(notes)s

    References
    ----------
    %(references)s

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sknn_course import TabularRegressor
    >>> X, y = load_diabetes(return_X_y=True, as_frame=False)
    >>> model = TabularRegressor(2, cv=2, random_state=0).fit(X[:300], y[:300])
    >>> model.score(X[300:], y[300:]) > 0.4
    True
    """

    _target_type = "continuous"

    def _network(self) -> MLPRegressor:
        return MLPRegressor(normalize_y=True)

    def _ensemble(self, estimator: Pipeline, **parameters: Any) -> EnsembleRegressor:
        return EnsembleRegressor(estimator, **parameters)

    @validated_fit
    def fit(
        self,
        X: Any,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> Self:
        """Train and choose the members.

        Parameters
        ----------
        X : DataFrame, array-like or sparse matrix of shape (n_samples, n_features)
            Columns of numbers, categories, dates; None or NaN where one is missing.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,), default=None
        groups : array-like of shape (n_samples,), default=None
            Rows of one group stay together in the folds.

        Returns
        -------
        self : object
        """
        return self._fit(X, y, sample_weight, groups)

    def predict(self, X: Any, return_std: bool = False) -> Any:
        """Predict numbers, and how far the members are apart.

        Parameters
        ----------
        X : as of `fit`
        return_std : bool, default=False

        Returns
        -------
        mean : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        std : ndarray of the same shape, with ``return_std``
            Weighted standard deviation of the members' predictions, which leaves out
            the noise of y.
        """
        return self._fitted().predict(X, return_std=return_std)

    def predict_quantiles(
        self, X: Any, quantiles: Sequence[float] = (0.05, 0.5, 0.95)
    ) -> Array:
        """Quantiles of the members' predictions: their spread, not that of y.

        Parameters
        ----------
        X : as of `fit`
        quantiles : sequence of float, default=(0.05, 0.5, 0.95)

        Returns
        -------
        ndarray of shape (n_samples, n_quantiles) or (n_samples, n_outputs, n_quantiles)
        """
        return self._fitted().predict_quantiles(X, quantiles)
