"""Convolutional networks for images and for rows of numbers."""

from collections.abc import Sequence
from numbers import Integral
from typing import Any, Literal

from ._choices import Choices, did_you_mean
from ._compat import Interval
from ._engine.ops.activations import ACTIVATIONS
from ._estimator.base import NeuralEstimator
from ._estimator.classifier import NeuralClassifier
from ._estimator.documentation import documented
from ._estimator.inputs import ImageInputs
from ._estimator.parameter_types import (
    ActivationName,
    Architecture,
    Augmentation,
    BatchNormPlace,
    ClassWeight,
    Device,
    Dtype,
    LossName,
    RandomState,
    Rates,
    ScheduleName,
    Sizes,
    SolverName,
)
from ._estimator.parameters import AT_LEAST_ONE, RATE
from ._estimator.regressor import NeuralRegressor
from .architectures import (
    ARCHITECTURES,
    convolutional_network,
    sizes_of,
    with_outputs,
)
from .layers import Activation, BatchNorm, Layer, ShapeError, Softmax, layer_shapes

_CONSTRAINTS: dict[str, list[Any]] = {
    "filters": ["array-like"],
    "architecture": [Choices(ARCHITECTURES), tuple, list, None],
    "kernel_size": [AT_LEAST_ONE],
    "pool_size": [AT_LEAST_ONE],
    "padding": [
        Choices({"same", "valid"}),
        Interval(Integral, 0, None, closed="left"),
    ],
    "dense_layer_sizes": ["array-like", AT_LEAST_ONE],
    "conv_dropout": [RATE, "array-like"],
    "global_pool": ["boolean"],
    "input_shape": [tuple, list, None],
    "augmentation": [str, list, tuple, callable, None],
}


class _ConvolutionalNetwork(NeuralEstimator):
    """What the classifier and the regressor share: images, convolution blocks."""

    _inputs = ImageInputs()
    filters: Sequence[int | Sequence[int]]
    dense_layer_sizes: Sizes
    architecture: Architecture
    kernel_size: int
    pool_size: int
    padding: Literal["same", "valid"] | int
    conv_dropout: Rates
    global_pool: bool
    input_shape: Sequence[int] | None
    augmentation: Augmentation
    input_shape_: tuple[int, ...]

    def _layers(
        self, input_shape: tuple[int, ...], n_outputs: int
    ) -> tuple[Layer, ...]:
        if self.architecture is None:
            return self._blocks(input_shape, n_outputs)
        return self._given_layers(input_shape, n_outputs)

    def _given_layers(
        self, input_shape: tuple[int, ...], n_outputs: int
    ) -> tuple[Layer, ...]:
        name, given = "The architecture", self.architecture
        if isinstance(given, str):
            name, given = f"architecture={given!r}", ARCHITECTURES[given].layers
        for layer in given or ():
            if not isinstance(layer, Layer) or (
                isinstance(layer, Activation) and layer.function not in ACTIVATIONS
            ):
                meant = did_you_mean(getattr(layer, "function", None), ACTIVATIONS)
                raise ValueError(
                    f"architecture contains {layer!r}: give layers of "
                    "sknn_course.layers, with activation functions among "
                    f"{sorted(ACTIVATIONS)}.{meant}"
                )
        layers = with_outputs(given, n_outputs)
        try:
            shape = layer_shapes(layers, input_shape)[-1]
        except ShapeError as error:
            size = " x ".join(map(str, input_shape))
            raise ShapeError(
                f"{name} does not suit images of {size}. {error}"
            ) from None
        if shape != (n_outputs,):
            raise ShapeError(
                f"{name} ends in outputs of shape {shape}, but y needs ({n_outputs},): "
                "end it with Flatten() or GlobalAveragePool() and a Dense layer."
            )
        if n_outputs == 1 and isinstance(layers[-1], Softmax):
            raise ValueError(
                f"{name} ends in Softmax(), which is always 1 over the single output "
                "that y needs: leave it out."
            )
        return layers

    def _blocks(
        self, input_shape: tuple[int, ...], n_outputs: int
    ) -> tuple[Layer, ...]:
        layers = convolutional_network(
            self.filters,
            sizes_of(self.dense_layer_sizes, "dense_layer_sizes"),
            n_outputs,
            input_shape=input_shape,
            kernel_size=self.kernel_size,
            pool_size=self.pool_size,
            padding=self.padding,
            activation=self.activation,
            conv_dropout=self.conv_dropout,
            dropout=self.dropout,
            input_dropout=self.input_dropout,
            batch_norm=self.batch_norm,
            norm=BatchNorm(self.batch_norm_momentum, self.batch_norm_epsilon),
            noise=self.noise,
            global_pool=self.global_pool,
        )
        try:
            layer_shapes(layers, input_shape)
        except ShapeError as error:
            raise ShapeError(
                f"filters={self.filters!r} does not suit rows of "
                f"n_features={self.n_features_in_}. {error}"
            ) from None
        return layers


@documented
class CNNClassifier(_ConvolutionalNetwork, NeuralClassifier):
    """Convolutional network classifier.

    Blocks of convolutions that end in pooling, then dense layers; trained as
    `MLPClassifier`.

    Parameters
    ----------
    filters : sequence of int or of sequences of int, default=((32, 32),)
        Filters of the convolutions of each block; each block ends in max-pooling.
        ``((32, 32), (64, 64))`` are two blocks of two convolutions.

    dense_layer_sizes : array-like of int, default=(64,)
        Units of each dense hidden layer.

    activation : {%(activations)s}, default='relu'
        Activation function of convolutions and hidden layers.

    architecture : str, sequence of Layer or None, default=None
        A network of `sknn_course.architectures.ARCHITECTURES` by its name, or the
        layers of one, in place of the blocks. Its last dense layer (or convolution,
        where none follows) gets as many units as y needs outputs. What describes
        the blocks is then ignored: `filters`, `dense_layer_sizes`, `kernel_size`,
        `pool_size`, `padding`, `conv_dropout`, `dropout`, `input_dropout`,
        `batch_norm`, `batch_norm_momentum`, `batch_norm_epsilon`, `noise`,
        `global_pool`; and `activation`, but for the range of
        ``weight_init='glorot'``.

    kernel_size : int, default=3
        Side of the kernels, in pixels.

    pool_size : int, default=2
        Side of the pooling windows, in pixels, and their step.

    padding : {'same', 'valid'} or int, default='same'
        Zeros around images before each convolution.

    conv_dropout : float or list of float, default=0.0
        Dropout rate after the pooling of the blocks: one, or one for each.

    global_pool : bool, default=False
        Whether the dense layers see the mean of each map in place of its pixels.

    input_shape : tuple of int, default=None
        (channels, height, width) or (height, width) of an image. X may be of shape
        (n, channels, height, width), (n, height, width), or flat rows. None takes
        the shape of X; flat rows are images of the named `architecture` where their
        length is that of its images, else square images where it is a square, else
        rows of 1 x length pixels with windows along the row.
        Once fitted, images of another shape are refused. Series of shape
        (n, channels, 1, length) get windows along the series.

    augmentation : str, callable or list of these, default=None
        Changes of the images in training, each drawn anew for each image and
        epoch: see `sknn_course.augmentation`. For example
        ``['horizontal_flip', 'shift(4)']``. 'mixup' and 'cutmix' mix pairs of
        images and their targets.

    %(training)s

    %(regularization)s

    batch_norm : bool or {'before', 'after'}, default=False
        Batch normalisation of the convolutions before (True) or after the
        activation; of the dense layers as in `MLPClassifier`.

    %(batch_norm)s

    noise : float, default=0.0
        Standard deviation of normal noise after each pooling, in training.

    %(initialisation)s

    %(class_weight)s

    %(label_smoothing)s

    %(computing)s

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The classes.

    input_shape_ : tuple of int
        (channels, height, width) of the images.

    %(attributes)s

    See Also
    --------
    CNNRegressor : For numbers.
    sknn_course.MLPClassifier : Without convolutions.

    References
    ----------
    .. [1] Y. LeCun et al., "Gradient-based learning applied to document
       recognition", Proc. IEEE 86, 1998.
    .. [2] K. Simonyan, A. Zisserman, "Very deep convolutional networks for
       large-scale image recognition", ICLR 2015.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sknn_course import CNNClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> cnn = CNNClassifier(filters=((16, 16),), early_stopping=True, random_state=0)
    >>> cnn.fit(X[:1000], y[:1000]).score(X[1000:], y[1000:]) > 0.9
    True
    """

    _parameter_constraints = {
        **NeuralClassifier._parameter_constraints,
        **_CONSTRAINTS,
    }

    def __init__(
        self,
        filters: Sequence[int | Sequence[int]] = ((32, 32),),
        dense_layer_sizes: Sizes = (64,),
        activation: ActivationName = "relu",
        *,
        architecture: Architecture = None,
        kernel_size: int = 3,
        pool_size: int = 2,
        padding: Literal["same", "valid"] | int = "same",
        conv_dropout: Rates = 0.0,
        global_pool: bool = False,
        input_shape: Sequence[int] | None = None,
        augmentation: Augmentation = None,
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
class CNNRegressor(_ConvolutionalNetwork, NeuralRegressor):
    """Convolutional network regressor.

    Blocks of convolutions that end in pooling, then dense layers; trained as
    `MLPRegressor`.

    Parameters
    ----------
    %(loss)s

    filters : sequence of int or of sequences of int, default=((32, 32),)
        Filters of the convolutions of each block; each block ends in max-pooling.
        ``((32, 32), (64, 64))`` are two blocks of two convolutions.

    dense_layer_sizes : array-like of int, default=(64,)
        Units of each dense hidden layer.

    activation : {%(activations)s}, default='relu'
        Activation function of convolutions and hidden layers.

    architecture : str, sequence of Layer or None, default=None
        A network of `sknn_course.architectures.ARCHITECTURES` by its name, or the
        layers of one, in place of the blocks. Its last dense layer (or convolution,
        where none follows) gets as many units as y needs outputs. What describes
        the blocks is then ignored: `filters`, `dense_layer_sizes`, `kernel_size`,
        `pool_size`, `padding`, `conv_dropout`, `dropout`, `input_dropout`,
        `batch_norm`, `batch_norm_momentum`, `batch_norm_epsilon`, `noise`,
        `global_pool`; and `activation`, but for the range of
        ``weight_init='glorot'``.

    kernel_size : int, default=3
        Side of the kernels, in pixels.

    pool_size : int, default=2
        Side of the pooling windows, in pixels, and their step.

    padding : {'same', 'valid'} or int, default='same'
        Zeros around images before each convolution.

    conv_dropout : float or list of float, default=0.0
        Dropout rate after the pooling of the blocks: one, or one for each.

    global_pool : bool, default=False
        Whether the dense layers see the mean of each map in place of its pixels.

    input_shape : tuple of int, default=None
        (channels, height, width) or (height, width) of an image. X may be of shape
        (n, channels, height, width), (n, height, width), or flat rows. None takes
        the shape of X; flat rows are images of the named `architecture` where their
        length is that of its images, else square images where it is a square, else
        rows of 1 x length pixels with windows along the row.
        Once fitted, images of another shape are refused. Series of shape
        (n, channels, 1, length) get windows along the series.

    augmentation : str, callable or list of these, default=None
        Changes of the images in training, each drawn anew for each image and
        epoch: see `sknn_course.augmentation`. For example
        ``['horizontal_flip', 'shift(4)']``. 'mixup' and 'cutmix' mix pairs of
        images and their targets.

    %(training)s

    %(regularization)s

    batch_norm : bool or {'before', 'after'}, default=False
        Batch normalisation of the convolutions before (True) or after the
        activation; of the dense layers as in `MLPClassifier`.

    %(batch_norm)s

    noise : float, default=0.0
        Standard deviation of normal noise after each pooling, in training.

    %(initialisation)s

    %(quantile)s

    %(normalize_y)s

    %(computing)s

    Attributes
    ----------
    input_shape_ : tuple of int
        (channels, height, width) of the images.

    %(attributes)s

    See Also
    --------
    CNNClassifier : For classes.
    sknn_course.MLPRegressor : Without convolutions.

    References
    ----------
    .. [1] Y. LeCun et al., "Gradient-based learning applied to document
       recognition", Proc. IEEE 86, 1998.
    .. [2] K. Simonyan, A. Zisserman, "Very deep convolutional networks for
       large-scale image recognition", ICLR 2015.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sknn_course import CNNRegressor
    >>> X, y = load_digits(return_X_y=True)
    >>> y = X.reshape(-1, 8, 8)[:, :, :4].mean(axis=(1, 2))
    >>> cnn = CNNRegressor(filters=((16,),), early_stopping=True, random_state=0)
    >>> cnn.fit(X[:1000], y[:1000]).score(X[1000:], y[1000:]) > 0.9
    True
    """

    _parameter_constraints = {
        **NeuralRegressor._parameter_constraints,
        **_CONSTRAINTS,
    }

    def __init__(
        self,
        loss: LossName = "squared_error",
        filters: Sequence[int | Sequence[int]] = ((32, 32),),
        dense_layer_sizes: Sizes = (64,),
        activation: ActivationName = "relu",
        *,
        architecture: Architecture = None,
        kernel_size: int = 3,
        pool_size: int = 2,
        padding: Literal["same", "valid"] | int = "same",
        conv_dropout: Rates = 0.0,
        global_pool: bool = False,
        input_shape: Sequence[int] | None = None,
        augmentation: Augmentation = None,
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
        weight_init: str = "glorot",
        bias_init: str = "auto",
        quantile: float = 0.5,
        normalize_y: bool = False,
        device: Device = "auto",
        dtype: Dtype = "float32",
        callbacks: Sequence[Any] | None = None,
    ) -> None:
        self._assign(locals())
