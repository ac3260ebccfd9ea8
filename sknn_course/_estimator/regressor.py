"""Base of the neural regressors."""

from numbers import Real
from typing import Any, ClassVar, Self

from numpy.typing import ArrayLike
from sklearn.base import RegressorMixin

from .._choices import Choices
from .._compat import Interval
from .._engine.losses import LOSSES
from .base import NeuralEstimator
from .fit_method import fit_method, pair, partial_fit_method
from .parameter_types import Array, LossName, MatrixLike
from .target_scale import mean_and_scale
from .targets import NumberTargets, Targets


class NeuralRegressor(RegressorMixin, NeuralEstimator):
    """Base of the neural regressors."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **NeuralEstimator._parameter_constraints,
        "loss": [Choices({n for n, row in LOSSES.items() if row.targets == "numbers"})],
        "quantile": [Interval(Real, 0, 1, closed="neither")],
        "normalize_y": ["boolean"],
    }
    _y_numeric = True
    loss: LossName
    quantile: float
    normalize_y: bool
    _y_mean: Array | None
    _y_scale: Array | None

    @property
    def _targets(self) -> NumberTargets:
        return NumberTargets(self.loss, self.n_outputs_, self._y_mean, self._y_scale)

    def _choose_targets(
        self, y: Array, incremental: bool, classes: ArrayLike | None
    ) -> NumberTargets:
        return NumberTargets(self.loss, y.shape[1] if y.ndim == 2 else 1)

    def _standardised(
        self,
        targets: Targets,
        encoded: Array,
        sample_weight: Array | None,
        first: bool,
    ) -> Array:
        if first:
            self._y_mean, self._y_scale = (
                mean_and_scale(encoded, sample_weight)
                if self.normalize_y
                else (None, None)
            )
        targets.mean, targets.scale = self._y_mean, self._y_scale
        return targets.standardised(encoded)

    @fit_method
    def fit(
        self,
        X: MatrixLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        X_val: MatrixLike | None = None,
        y_val: ArrayLike | None = None,
    ) -> Self:
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
        return self._fit(X, y, sample_weight, validation=pair(X_val, y_val))

    @partial_fit_method
    def partial_fit(
        self, X: MatrixLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> Self:
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

    def predict(self, X: MatrixLike) -> Array:
        """Predict numbers.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
        """
        outputs = self._predict_outputs(X)
        return self._targets.decode(outputs)
