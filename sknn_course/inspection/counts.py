"""Numbers of parameters and connections of a layer, by hand formula."""

from collections import Counter
from math import prod
from typing import NamedTuple

from ..layers import BatchNorm, Conv2d, Dense, PeriodicEmbedding


class LayerCounts(NamedTuple):
    """Counts of one layer.

    Attributes
    ----------
    parameters : int
        Trainable ones and the means and variances that batch normalisation
        records, as Keras counts.
    trainable : int
    connections : int
        From all inputs and biases to all outputs.
    connections_without_bias : int
    """

    parameters: int
    trainable: int
    connections: int
    connections_without_bias: int

    @property
    def non_trainable(self):
        """Recorded, not trained."""
        return self.parameters - self.trainable


def layer_counts(layer, input_shape):
    """Parameters and connections of a layer.

    A convolution has (F F D + 1) K parameters, D input and K output maps; each of
    its H W positions repeats their connections. Pooling has no parameters here;
    its connections are counted as the sheet does [1]_, one bias for each output.

    Parameters
    ----------
    layer : Layer
    input_shape : tuple of int
        Shape of one input row.

    Returns
    -------
    LayerCounts

    References
    ----------
    .. [1] Kiel NNDL 2020 sheet 5. In the net of 1998 each pooling map also has two
       parameters, and the output layer none.

    Examples
    --------
    >>> from sknn_course.inspection import layer_counts
    >>> from sknn_course.layers import Conv2d
    >>> layer_counts(Conv2d(6, 5, "valid"), (1, 32, 32))
    LayerCounts(parameters=156, trainable=156, connections=122304,
    connections_without_bias=117600)
    """
    output_shape = layer.output_shape(input_shape)
    trainable = layer.n_parameters(input_shape)
    weighted = layer.n_connections(input_shape)
    return LayerCounts(
        trainable + layer.n_buffers(input_shape),
        trainable,
        weighted + prod(output_shape) if weighted else 0,
        weighted,
    )


def fully_connected_counts(layer, input_shape):
    """Counts of a dense layer from all inputs to all outputs of another layer.

    Parameters
    ----------
    layer : Layer
        Such as a convolution, of which this shows how much it saves.
    input_shape : tuple of int

    Returns
    -------
    LayerCounts

    Examples
    --------
    >>> from sknn_course.inspection import fully_connected_counts
    >>> from sknn_course.layers import Conv2d
    >>> fully_connected_counts(Conv2d(32, 5), (3, 32, 32)).parameters
    100696064
    """
    dense = Dense(prod(layer.output_shape(input_shape)))
    return layer_counts(dense, (prod(input_shape),))


def hand_formula(layer, input_shape, flattened=None):
    """The sum that gives a layer's parameters, as one writes it by hand.

    Parameters
    ----------
    layer : Layer
    input_shape : tuple of int
    flattened : tuple of int, default=None
        (channels, height, width) of the maps that the inputs of a dense layer come
        from; written in the order height, width, channels.

    Returns
    -------
    str
        Empty for a layer without parameters.

    Examples
    --------
    >>> from sknn_course.inspection.counts import hand_formula
    >>> from sknn_course.layers import Conv2d, Dense
    >>> hand_formula(Conv2d(32, 3), (1, 28, 28))
    '3·3·1·32+32'
    >>> hand_formula(Dense(64), (6272,), flattened=(32, 14, 14))
    '14·14·32·64+64'
    """
    if isinstance(layer, Conv2d):
        height, width = layer.window
        if layer.links is None:
            maps = f"{input_shape[0]}·{layer.filters}"
            return f"{height}·{width}·{maps}+{layer.filters}"
        seen = sorted(Counter(map(len, layer.links)).items())
        return "+".join(f"{n}·({height}·{width}·{d}+1)" for d, n in seen)
    if isinstance(layer, Dense):
        channels, *sides = flattened or input_shape
        sides = [side for side in sides if side > 1]
        inputs = "·".join(map(str, (*sides, channels)))
        return f"{inputs}·{layer.units}+{layer.units}"
    if isinstance(layer, PeriodicEmbedding):
        shapes = layer.tensor_shapes(input_shape).values()
        return "+".join("·".join(map(str, shape)) for shape in shapes)
    if isinstance(layer, BatchNorm):
        return f"4·{input_shape[0]}"
    return ""
