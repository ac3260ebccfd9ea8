"""Layer specifications: what a network is made of, as plain data.

A network is a tuple of layer specifications and the shape of one input row.
Shapes are written without the batch: ``(n_features,)`` for rows of numbers,
``(channels, height, width)`` for images.
"""

from dataclasses import dataclass, replace
from math import prod


class ShapeError(ValueError):
    """A layer cannot take the shape that reaches it."""


@dataclass(frozen=True)
class Layer:
    """What all layer specifications share."""

    def output_shape(self, input_shape):
        """Shape of one output row for one input row of ``input_shape``."""
        return input_shape


@dataclass(frozen=True)
class Dense(Layer):
    """Fully connected layer, z = x W + b.

    Parameters
    ----------
    units : int
        Number of outputs.
    """

    units: int

    def output_shape(self, input_shape):
        return (self.units,)


@dataclass(frozen=True)
class Conv2d(Layer):
    """Convolution (cross-correlation) over images, one map per filter.

    Parameters
    ----------
    filters : int
        Number of output maps.
    kernel_size : int or pair of int
        Height and width of the kernel, in pixels.
    padding : {'same', 'valid'} or int
        'same' keeps the size (odd kernels), 'valid' pads nothing, a number
        is the count of zeros on each side.
    stride : int
        Step of the window, in pixels.
    """

    filters: int
    kernel_size: int | tuple = 3
    padding: str | int = "same"
    stride: int = 1

    def __post_init__(self):
        if self.padding == "same" and min(side % 2 for side in self.window) == 0:
            raise ShapeError(
                f"padding='same' needs an odd kernel_size, got {self.kernel_size}."
            )

    @property
    def window(self):
        """Height and width of the kernel."""
        return _pair(self.kernel_size)

    @property
    def pad(self):
        """Zeros above and below, and left and right."""
        if self.padding == "same":
            return tuple((side - 1) // 2 for side in self.window)
        return _pair(0 if self.padding == "valid" else self.padding)

    def output_shape(self, input_shape):
        return (
            self.filters,
            *_slide(input_shape, self.window, self.pad, _pair(self.stride), self),
        )


@dataclass(frozen=True)
class Pool2d(Layer):
    """Pooling over windows of each map that do not overlap.

    Parameters
    ----------
    size : int or pair of int
        Height and width of the window, which are also its steps, in pixels.
    kind : {'max', 'average'}
        What is taken from each window.
    """

    size: int | tuple = 2
    kind: str = "max"

    @property
    def window(self):
        """Height and width of the window."""
        return _pair(self.size)

    def output_shape(self, input_shape):
        return (
            input_shape[0],
            *_slide(input_shape, self.window, (0, 0), self.window, self),
        )


@dataclass(frozen=True)
class GlobalAveragePool(Layer):
    """Mean of each map, ``(channels, height, width) -> (channels,)``."""

    def output_shape(self, input_shape):
        return (input_shape[0],)


@dataclass(frozen=True)
class Flatten(Layer):
    """All values of a row in one vector."""

    def output_shape(self, input_shape):
        return (prod(input_shape),)


@dataclass(frozen=True)
class Activation(Layer):
    """Elementwise activation function.

    Parameters
    ----------
    function : str
        A name of `sknn_course.modules.activations.ACTIVATIONS`.
    """

    function: str


@dataclass(frozen=True)
class BatchNorm(Layer):
    """Batch normalisation, per feature or per map [1]_.

    References
    ----------
    .. [1] S. Ioffe, C. Szegedy, "Batch Normalization", ICML 2015.
    """


@dataclass(frozen=True)
class Dropout(Layer):
    """Inverted dropout: kept values are divided by the share that is kept.

    Parameters
    ----------
    rate : float
        Probability that a value is set to zero in training.
    """

    rate: float = 0.0


@dataclass(frozen=True)
class GaussianNoise(Layer):
    """Additive normal noise in training.

    Parameters
    ----------
    std : float
        Standard deviation, in the units of the layer's input.
    """

    std: float = 0.0


def _pair(size):
    return tuple(size) if isinstance(size, tuple) else (size, size)


def _slide(input_shape, window, pad, stride, layer):
    """Output sizes floor((N - F + 2P) / S) + 1 of a sliding window."""
    if len(input_shape) != 3:
        raise ShapeError(f"{layer} needs images, got rows of shape {input_shape}.")
    result = tuple(
        (side - f + 2 * p) // s + 1
        for side, f, p, s in zip(input_shape[1:], window, pad, stride, strict=True)
    )
    if min(result) < 1:
        raise ShapeError(
            f"{layer} does not fit an image of {input_shape[1]} x {input_shape[2]}."
        )
    return result


def layer_shapes(layers, input_shape):
    """Shapes along a network.

    Parameters
    ----------
    layers : sequence of Layer
    input_shape : tuple of int
        Shape of one input row.

    Returns
    -------
    list of tuple of int
        The shape before the first layer and after each layer.

    Raises
    ------
    ShapeError
        If a window does not fit; the message shows the sizes layer by layer.

    Examples
    --------
    >>> from sknn_course.layers import Conv2d, Dense, Flatten, Pool2d, layer_shapes
    >>> layer_shapes([Conv2d(6, 5, "valid"), Pool2d(), Flatten(), Dense(10)],
    ...              (1, 32, 32))
    [(1, 32, 32), (6, 28, 28), (6, 14, 14), (1176,), (10,)]
    """
    shapes = [tuple(input_shape)]
    for layer in layers:
        try:
            shapes.append(layer.output_shape(shapes[-1]))
        except ShapeError as error:
            path = " -> ".join(" x ".join(map(str, shape)) for shape in shapes)
            raise ShapeError(f"{error} Sizes layer by layer: {path}.") from None
    return shapes


def structure(layers):
    """The layers without the values in which stacked networks may differ.

    Examples
    --------
    >>> from sknn_course.layers import Dense, Dropout, structure
    >>> structure((Dense(5), Dropout(0.5))) == structure((Dense(5), Dropout(0.1)))
    True
    """
    neutral = {Dropout: {"rate": 0.0}, GaussianNoise: {"std": 0.0}}
    return tuple(replace(layer, **neutral.get(type(layer), {})) for layer in layers)
