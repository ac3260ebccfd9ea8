"""Multi-layer perceptrons: scikit-learn's, on torch, with more options."""

from collections.abc import Sequence
from typing import Any, Literal

from ._choices import Choices
from ._estimator.base import NeuralEstimator
from ._estimator.classifier import NeuralClassifier
from ._estimator.documentation import documented
from ._estimator.inputs import RowInputs
from ._estimator.parameter_types import (
    ActivationName,
    BatchNormPlace,
    ClassWeight,
    Device,
    Dtype,
    LossName,
    NumericEmbedding,
    RandomState,
    Rates,
    ScheduleName,
    Sizes,
    SolverName,
)
from ._estimator.parameters import AT_LEAST_ONE
from ._estimator.regressor import NeuralRegressor
from .architectures import multilayer_perceptron, sizes_of
from .export import to_sklearn
from .layers import BatchNorm, Layer, PeriodicEmbedding
from .layers.embeddings import EMBEDDINGS


class _MultilayerPerceptron(NeuralEstimator):
    """What the classifier and the regressor share: rows of numbers, dense layers."""

    _inputs = RowInputs()
    hidden_layer_sizes: Sizes
    numeric_embedding: NumericEmbedding

    def _layers(
        self, input_shape: tuple[int, ...], n_outputs: int
    ) -> tuple[Layer, ...]:
        embedding = self.numeric_embedding
        return multilayer_perceptron(
            sizes_of(self.hidden_layer_sizes, "hidden_layer_sizes"),
            n_outputs,
            activation=self.activation,
            dropout=self.dropout,
            input_dropout=self.input_dropout,
            batch_norm=self.batch_norm,
            norm=BatchNorm(self.batch_norm_momentum, self.batch_norm_epsilon),
            noise=self.noise,
            embedding=EMBEDDINGS[embedding]
            if isinstance(embedding, str)
            else embedding,
        )

    def to_sklearn(self) -> Any:
        """This network as scikit-learn's own MLP, see `sknn_course.export.to_sklearn`.

        Returns
        -------
        sklearn.neural_network.MLPClassifier or sklearn.neural_network.MLPRegressor

        Raises
        ------
        ValueError
            If the network has a part that scikit-learn's lacks, which is named.
        """
        return to_sklearn(self)


_CONSTRAINTS = {
    "hidden_layer_sizes": ["array-like", AT_LEAST_ONE],
    "numeric_embedding": [Choices(EMBEDDINGS), PeriodicEmbedding, None],
}


@documented
class MLPClassifier(_MultilayerPerceptron, NeuralClassifier):
    """Multi-layer perceptron classifier.

    All parameters, attributes and results of scikit-learn's `MLPClassifier`, on torch,
    with dropout, batch normalisation, more solvers, schedules and penalties.

    Parameters
    ----------
    hidden_layer_sizes : array-like of int, default=(100,)
        Units of each hidden layer.

    activation : {%(activations)s}, default='relu'
        Activation function of the hidden layers.

    %(training)s

    %(regularization)s

    batch_norm : bool or {'before', 'after'}, default=False
        Batch normalisation before the activation of the hidden layers, or after
        activation and dropout (True, 'after').

    %(batch_norm)s

    noise : float, default=0.0
        Standard deviation of normal noise after each hidden layer, in training.

    %(numeric_embedding)s

    %(initialisation)s

    %(class_weight)s

    %(label_smoothing)s

    %(computing)s

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The classes.

    %(attributes)s

    See Also
    --------
    MLPRegressor : For numbers.
    sknn_course.CNNClassifier : With convolutions.
    sklearn.neural_network.MLPClassifier : What this one extends.

    References
    ----------
    .. [1] D. Rumelhart, G. Hinton, R. Williams, "Learning representations by
       back-propagating errors", Nature 323, 1986.
    .. [2] N. Srivastava et al., "Dropout", JMLR 15, 2014.
    .. [3] S. Ioffe, C. Szegedy, "Batch Normalization", ICML 2015.

    Examples
    --------
    >>> from sklearn.datasets import make_moons
    >>> from sknn_course import MLPClassifier
    >>> X, y = make_moons(200, noise=0.1, random_state=0)
    >>> mlp = MLPClassifier((50,), dropout=0.1, learning_rate_init=0.01, random_state=0)
    >>> mlp.fit(X, y).score(X, y) > 0.9
    True
    """

    _parameter_constraints = {
        **NeuralClassifier._parameter_constraints,
        **_CONSTRAINTS,
    }

    def __init__(
        self,
        hidden_layer_sizes: Sizes = (100,),
        activation: ActivationName = "relu",
        *,
        solver: SolverName = "adam",
        alpha: float = 0.0001,
        batch_size: int | Literal["auto"] = "auto",
        learning_rate: ScheduleName = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: RandomState = None,
        tol: float = 1e-4,
        verbose: bool | int = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        rho: float = 0.9,
        initial_accumulator: float = 0.0,
        decay_rate: float | None = None,
        decay_epochs: int = 10,
        l1: float = 0.0,
        l2: float = 0.0,
        penalize_bias: bool = False,
        weight_decay: float = 0.0,
        grad_clip: float | None = None,
        dropout: Rates = 0.0,
        input_dropout: float = 0.0,
        batch_norm: BatchNormPlace = False,
        batch_norm_momentum: float = 0.1,
        batch_norm_epsilon: float = 1e-5,
        noise: float = 0.0,
        numeric_embedding: NumericEmbedding = None,
        weight_init: str = "glorot",
        bias_init: str = "auto",
        class_weight: ClassWeight = None,
        label_smoothing: float = 0.0,
        device: Device = "auto",
        dtype: Dtype = "float32",
        callbacks: Sequence[Any] | None = None,
    ) -> None:
        self._assign(locals())


@documented
class MLPRegressor(_MultilayerPerceptron, NeuralRegressor):
    """Multi-layer perceptron regressor.

    All parameters, attributes and results of scikit-learn's `MLPRegressor`, on torch,
    with dropout, batch normalisation, more solvers, schedules and penalties.

    Parameters
    ----------
    %(loss)s

    hidden_layer_sizes : array-like of int, default=(100,)
        Units of each hidden layer.

    activation : {%(activations)s}, default='relu'
        Activation function of the hidden layers.

    %(training)s

    %(regularization)s

    batch_norm : bool or {'before', 'after'}, default=False
        Batch normalisation before the activation of the hidden layers, or after
        activation and dropout (True, 'after').

    %(batch_norm)s

    noise : float, default=0.0
        Standard deviation of normal noise after each hidden layer, in training.

    %(numeric_embedding)s

    %(initialisation)s

    %(quantile)s

    %(normalize_y)s

    %(computing)s

    Attributes
    ----------
    %(attributes)s

    See Also
    --------
    MLPClassifier : For classes.
    sknn_course.CNNRegressor : With convolutions.
    sklearn.neural_network.MLPRegressor : What this one extends.

    References
    ----------
    .. [1] D. Rumelhart, G. Hinton, R. Williams, "Learning representations by
       back-propagating errors", Nature 323, 1986.
    .. [2] N. Srivastava et al., "Dropout", JMLR 15, 2014.
    .. [3] S. Ioffe, C. Szegedy, "Batch Normalization", ICML 2015.

    Examples
    --------
    >>> from sknn_course import MLPRegressor
    >>> from sknn_course.datasets import load_eckerle4
    >>> X, y = load_eckerle4(return_X_y=True)
    >>> X = (X - X.mean()) / X.std()
    >>> mlp = MLPRegressor(hidden_layer_sizes=(20,), activation="tanh",
    ...                    solver="lbfgs", alpha=0.0, tol=1e-6, max_iter=2000,
    ...                    random_state=0)
    >>> mlp.fit(X, y).score(X, y) > 0.99
    True
    """

    _parameter_constraints = {
        **NeuralRegressor._parameter_constraints,
        **_CONSTRAINTS,
    }

    def __init__(
        self,
        loss: LossName = "squared_error",
        hidden_layer_sizes: Sizes = (100,),
        activation: ActivationName = "relu",
        *,
        solver: SolverName = "adam",
        alpha: float = 0.0001,
        batch_size: int | Literal["auto"] = "auto",
        learning_rate: ScheduleName = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: RandomState = None,
        tol: float = 1e-4,
        verbose: bool | int = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        rho: float = 0.9,
        initial_accumulator: float = 0.0,
        decay_rate: float | None = None,
        decay_epochs: int = 10,
        l1: float = 0.0,
        l2: float = 0.0,
        penalize_bias: bool = False,
        weight_decay: float = 0.0,
        grad_clip: float | None = None,
        dropout: Rates = 0.0,
        input_dropout: float = 0.0,
        batch_norm: BatchNormPlace = False,
        batch_norm_momentum: float = 0.1,
        batch_norm_epsilon: float = 1e-5,
        noise: float = 0.0,
        numeric_embedding: NumericEmbedding = None,
        weight_init: str = "glorot",
        bias_init: str = "auto",
        quantile: float = 0.5,
        normalize_y: bool = False,
        device: Device = "auto",
        dtype: Dtype = "float32",
        callbacks: Sequence[Any] | None = None,
    ) -> None:
        self._assign(locals())
