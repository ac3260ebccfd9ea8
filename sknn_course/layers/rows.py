"""Specifications of layers that work on rows of numbers, most on images too."""

from dataclasses import dataclass
from math import prod

from .specification import Layer, Shape, ShapeError, is_size, times


@dataclass(frozen=True, repr=False)
class Dense(Layer):
    """Fully connected layer, z = x W + b.

    Parameters
    ----------
    units : int
        Number of outputs.
    """

    takes_padding = True
    short_name = "dense"

    units: int

    def __post_init__(self) -> None:
        self._take("units", is_size, "a positive number of units")

    def output_shape(self, input_shape: Shape) -> Shape:
        if len(input_shape) != 1:
            raise ShapeError(
                f"{self} needs rows of numbers, got images of "
                f"{times(input_shape)}: put Flatten() before it."
            )
        return (self.units,)

    def tensor_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        return {"weight": (prod(input_shape), self.units), "bias": (self.units,)}

    def n_connections(self, input_shape: Shape) -> int:
        return prod(input_shape) * self.units


@dataclass(frozen=True, repr=False)
class Flatten(Layer):
    """All values of a row in one vector."""

    takes_padding = True
    short_name = "flatten"
    is_numbered = False

    def output_shape(self, input_shape: Shape) -> Shape:
        return (prod(input_shape),)


@dataclass(frozen=True, repr=False)
class Activation(Layer):
    """Elementwise activation function.

    Parameters
    ----------
    function : str
        One of the names that `sknn_course.MLPClassifier` takes as `activation`.
    """

    takes_padding = True

    function: str

    def __post_init__(self) -> None:
        self._take(
            "function", lambda f: isinstance(f, str), "the name of an activation"
        )

    @property
    def kind_name(self) -> str:
        return self.function


@dataclass(frozen=True, repr=False)
class Softmax(Layer):
    """exp(z) / sum of exp(z) over the features of a row, or the maps of a pixel.

    Classifiers have a softmax of their own after the last layer. Where this is the
    last layer, theirs acts on its probabilities: the double softmax, whose loss
    lies between ln(1 + (n_classes - 1) / e), 1.461150 for ten classes, and one
    above [1]_.

    References
    ----------
    .. [1] Kiel NNDL 2020 sheet 5: the losses of its MNIST networks are such ones.
    """

    short_name = "softmax"
    is_numbered = False


@dataclass(frozen=True, repr=False)
class BatchNorm(Layer):
    """Batch normalisation, per feature or per map [1]_.

    Parameters
    ----------
    momentum : float, default=0.1
        Share of a batch's mean and variance in the running ones, which predictions
        use: after each batch running = (1 - momentum) running + momentum batch.
        torch's default; Keras calls the other share momentum, by default 0.99.
    epsilon : float, default=1e-5
        Added to the variance. torch's default; Keras has 1e-3.

    References
    ----------
    .. [1] S. Ioffe, C. Szegedy, "Batch Normalization", ICML 2015.
    """

    takes_padding = True
    short_name = "batch_norm"

    momentum: float = 0.1
    epsilon: float = 1e-5

    def __post_init__(self) -> None:
        self._take_number("momentum", lambda m: 0 < m <= 1, "a share in (0, 1]")
        self._take_number("epsilon", lambda e: e > 0, "a positive number")

    def tensor_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        return dict.fromkeys(("scale", "shift", "mean", "variance"), input_shape[:1])


@dataclass(frozen=True, repr=False)
class Dropout(Layer):
    """Inverted dropout: kept values are divided by the share that is kept.

    Parameters
    ----------
    rate : float
        Probability that a value is set to zero in training.
    """

    takes_padding = True
    short_name = "dropout"
    strength_field = "rate"

    rate: float = 0.0

    def __post_init__(self) -> None:
        self._take_number("rate", lambda p: 0 <= p < 1, "a rate in [0, 1)")


@dataclass(frozen=True, repr=False)
class GaussianNoise(Layer):
    """Additive normal noise in training.

    Parameters
    ----------
    std : float
        Standard deviation, in the units of the layer's input.
    """

    takes_padding = True
    short_name = "noise"
    strength_field = "std"

    std: float = 0.0

    def __post_init__(self) -> None:
        self._take_number("std", lambda s: s >= 0, "a number from 0")
