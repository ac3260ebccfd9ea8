"""Convolutional networks for images and for rows of numbers."""

from math import prod
from numbers import Integral

import numpy as np
from sklearn.utils.validation import validate_data

from ._compat import Interval, StrOptions
from ._engine.ops.activations import ACTIVATIONS
from ._estimator.documentation import documented
from ._estimator.image_rows import (
    check_image_shape,
    find_input_shape,
    flat_rows,
    warn_of_other_layout,
)
from ._estimator.parameters import AT_LEAST_ONE, RATE
from ._estimator.plain_rows import FLOATS, are_plain
from ._estimator.tasks import NeuralClassifier, NeuralRegressor
from .architectures import (
    ARCHITECTURES,
    convolutional_network,
    sizes_of,
    with_outputs,
)
from .augmentation import augmentation_pipeline
from .layers import Activation, BatchNorm, Layer, ShapeError, Softmax, layer_shapes

_CONSTRAINTS = {
    "filters": ["array-like"],
    "architecture": [StrOptions(set(ARCHITECTURES)), tuple, list, None],
    "kernel_size": [AT_LEAST_ONE],
    "pool_size": [AT_LEAST_ONE],
    "padding": [
        StrOptions({"same", "valid"}),
        Interval(Integral, 0, None, closed="left"),
    ],
    "dense_layer_sizes": ["array-like", AT_LEAST_ONE],
    "conv_dropout": [RATE, "array-like"],
    "global_pool": ["boolean"],
    "input_shape": [tuple, list, None],
    "augmentation": [str, list, tuple, callable, None],
}


class _ConvolutionalNetwork:
    """What the classifier and the regressor share: images, convolution blocks."""

    def _check_X_y(self, X, y, first_pass):
        X, image_shape = flat_rows(X)
        X, y = validate_data(
            self,
            X,
            y,
            multi_output=True,
            y_numeric=self._y_numeric,
            dtype=self._training_dtype(),
            reset=first_pass,
        )
        if first_pass:
            named = self._named_shape()
            if image_shape is None and prod(named or (0,)) == self.n_features_in_:
                image_shape = named
            elif image_shape not in (None, named) and self.input_shape is None:
                warn_of_other_layout(image_shape)
            self.input_shape_ = find_input_shape(
                self.input_shape, image_shape, self.n_features_in_
            )
        else:
            find_input_shape(self.input_shape, None, self.n_features_in_)  # refuses
            self._check_image_shape(image_shape)
        return X, y

    def _check_X(self, X, dtype=FLOATS):
        X, image_shape = flat_rows(X)
        if not (dtype is FLOATS and are_plain(X, self)):
            X = validate_data(self, X, dtype=dtype, reset=False)
        self._check_image_shape(image_shape)
        return X

    def _check_image_shape(self, image_shape):
        check_image_shape(image_shape, self.input_shape_, f"this {type(self).__name__}")

    def _rows(self, X):
        return np.ascontiguousarray(X).reshape(len(X), *self.input_shape_)

    def _named_shape(self):
        """Shape of the images that a named architecture is for, or None."""
        if isinstance(self.architecture, str):
            return ARCHITECTURES[self.architecture].input_shape
        return None

    def _layers(self, input_shape, n_outputs):
        if self.architecture is None:
            return self._blocks(input_shape, n_outputs)
        return self._given_layers(input_shape, n_outputs)

    def _given_layers(self, input_shape, n_outputs):
        named = isinstance(self.architecture, str)
        layers = ARCHITECTURES[self.architecture].layers if named else self.architecture
        for layer in layers:
            if not isinstance(layer, Layer) or (
                isinstance(layer, Activation) and layer.function not in ACTIVATIONS
            ):
                raise ValueError(
                    f"architecture contains {layer!r}: give layers of "
                    "sknn_course.layers, with activation functions among "
                    f"{sorted(ACTIVATIONS)}."
                )
        layers = with_outputs(layers, n_outputs)
        name = f"architecture={self.architecture!r}" if named else "The architecture"
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

    def _blocks(self, input_shape, n_outputs):
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

    def _augmentation(self):
        return augmentation_pipeline(self.augmentation)


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

    activation : {'identity', 'logistic', 'tanh', 'relu', 'elu', 'selu', 'gelu', \
'silu', 'leaky_relu', 'softplus'}, default='relu'
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

    _parameter_constraints: dict = {
        **NeuralClassifier._parameter_constraints,
        **_CONSTRAINTS,
    }
    _y_numeric = False

    def __init__(
        self,
        filters=((32, 32),),
        dense_layer_sizes=(64,),
        activation="relu",
        *,
        architecture=None,
        kernel_size=3,
        pool_size=2,
        padding="same",
        conv_dropout=0.0,
        global_pool=False,
        input_shape=None,
        augmentation=None,
        solver="adam",
        alpha=0.0001,
        batch_size="auto",
        learning_rate="constant",
        learning_rate_init=0.001,
        power_t=0.5,
        max_iter=200,
        shuffle=True,
        random_state=None,
        tol=1e-4,
        verbose=False,
        warm_start=False,
        momentum=0.9,
        nesterovs_momentum=True,
        early_stopping=False,
        validation_fraction=0.1,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-8,
        n_iter_no_change=10,
        max_fun=15000,
        rho=0.9,
        decay_rate=None,
        decay_epochs=10,
        l1=0.0,
        l2=0.0,
        penalize_bias=False,
        weight_decay=0.0,
        dropout=0.0,
        input_dropout=0.0,
        batch_norm=False,
        batch_norm_momentum=0.1,
        batch_norm_epsilon=1e-5,
        noise=0.0,
        weight_init="glorot",
        bias_init="auto",
        class_weight=None,
        device="auto",
        dtype="float32",
        callbacks=None,
    ):
        self._assign(locals())


@documented
class CNNRegressor(_ConvolutionalNetwork, NeuralRegressor):
    """Convolutional network regressor.

    Blocks of convolutions that end in pooling, then dense layers; trained as
    `MLPRegressor`.

    Parameters
    ----------
    loss : {'squared_error', 'poisson'}, default='squared_error'
        Half the squared error, or half the Poisson deviance with an exponential
        output.

    filters : sequence of int or of sequences of int, default=((32, 32),)
        Filters of the convolutions of each block; each block ends in max-pooling.
        ``((32, 32), (64, 64))`` are two blocks of two convolutions.

    dense_layer_sizes : array-like of int, default=(64,)
        Units of each dense hidden layer.

    activation : {'identity', 'logistic', 'tanh', 'relu', 'elu', 'selu', 'gelu', \
'silu', 'leaky_relu', 'softplus'}, default='relu'
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

    _parameter_constraints: dict = {
        **NeuralRegressor._parameter_constraints,
        **_CONSTRAINTS,
    }
    _y_numeric = True

    def __init__(
        self,
        loss="squared_error",
        filters=((32, 32),),
        dense_layer_sizes=(64,),
        activation="relu",
        *,
        architecture=None,
        kernel_size=3,
        pool_size=2,
        padding="same",
        conv_dropout=0.0,
        global_pool=False,
        input_shape=None,
        augmentation=None,
        solver="adam",
        alpha=0.0001,
        batch_size="auto",
        learning_rate="constant",
        learning_rate_init=0.001,
        power_t=0.5,
        max_iter=200,
        shuffle=True,
        random_state=None,
        tol=1e-4,
        verbose=False,
        warm_start=False,
        momentum=0.9,
        nesterovs_momentum=True,
        early_stopping=False,
        validation_fraction=0.1,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-8,
        n_iter_no_change=10,
        max_fun=15000,
        rho=0.9,
        decay_rate=None,
        decay_epochs=10,
        l1=0.0,
        l2=0.0,
        penalize_bias=False,
        weight_decay=0.0,
        dropout=0.0,
        input_dropout=0.0,
        batch_norm=False,
        batch_norm_momentum=0.1,
        batch_norm_epsilon=1e-5,
        noise=0.0,
        weight_init="glorot",
        bias_init="auto",
        device="auto",
        dtype="float32",
        callbacks=None,
    ):
        self._assign(locals())
