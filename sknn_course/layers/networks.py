"""Networks as sequences of layer specifications: shapes, counts, structure."""

from collections.abc import Iterable, Sequence
from dataclasses import fields, replace

from .._plain_values import plain
from .specification import Layer, Shape, ShapeError, times


def layer_shapes(layers: Iterable[Layer], input_shape: Iterable[int]) -> list[Shape]:
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
    shapes = [plain(tuple(input_shape))]
    for layer in layers:
        try:
            shapes.append(layer.output_shape(shapes[-1]))
        except ShapeError as error:
            path = " -> ".join(map(times, shapes))
            raise ShapeError(f"{error} Sizes layer by layer: {path}.") from None
    return shapes


def count_parameters(layers: Sequence[Layer], input_shape: Shape) -> tuple[int, int]:
    """Numbers of trained parameters and of recorded values of a network.

    Parameters
    ----------
    layers : sequence of Layer
    input_shape : tuple of int
        Shape of one input row.

    Returns
    -------
    n_parameters : int
        Trained ones; of a convolution with `links`, the linked ones.
    n_buffers : int
        Means and variances that batch normalisation records.

    Examples
    --------
    >>> from sknn_course.layers import BatchNorm, Dense, count_parameters
    >>> count_parameters([Dense(1000), BatchNorm(), Dense(10)], (784,))
    (797010, 2000)
    """
    shapes = layer_shapes(layers, input_shape)
    pairs = list(zip(layers, shapes[:-1], strict=True))
    return (
        sum(layer.n_parameters(shape) for layer, shape in pairs),
        sum(layer.n_buffers(shape) for layer, shape in pairs),
    )


def is_active(layer: Layer) -> bool:
    """Whether a layer does anything: dropout of rate 0 and noise of 0 do not.

    Parameters
    ----------
    layer : Layer
    """
    return layer.strength != 0


def structure(layers: Iterable[Layer]) -> tuple[Layer, ...]:
    """The layers without the values in which stacked networks may differ.

    Parameters
    ----------
    layers : iterable of Layer

    Examples
    --------
    >>> from sknn_course.layers import Dense, Dropout, structure
    >>> structure((Dense(5), Dropout(0.5))) == structure((Dense(5), Dropout(0.1)))
    True
    """
    return tuple(map(_with_defaults, layers))


def _with_defaults(layer: Layer) -> Layer:
    free = layer.strength_field, layer.initial_field
    defaults = {f.name: f.default for f in fields(layer) if f.name in free}
    return replace(layer, **defaults) if defaults else layer
