"""How the layers of a network are called in tables and pictures."""

from collections import Counter

from ..layers import (
    Activation,
    BatchNorm,
    Conv2d,
    Dense,
    Dropout,
    Flatten,
    GaussianNoise,
    GlobalAveragePool,
    LocalResponseNorm,
    Pool2d,
    Softmax,
)

SHORT = {
    BatchNorm: "batch_norm",
    Conv2d: "conv",
    Dense: "dense",
    Dropout: "dropout",
    GaussianNoise: "noise",
    LocalResponseNorm: "norm",
    Pool2d: "pool",
    Flatten: "flatten",
    GlobalAveragePool: "global_pool",
    Softmax: "softmax",
}
SINGLE = {"flatten", "global_pool", "softmax"}  # without a number if there is one


def layer_names(layers):
    """A name for each layer: conv1, relu1, pool1, ..., output.

    Parameters
    ----------
    layers : sequence of Layer

    Returns
    -------
    list of str
        Numbered by kind from 1; the last dense layer is the output.

    Examples
    --------
    >>> from sknn_course.inspection.names import layer_names
    >>> from sknn_course.layers import Activation, Dense
    >>> layer_names([Dense(9), Activation("relu"), Dense(2)])
    ['dense1', 'relu1', 'output']
    """
    kinds = [getattr(x, "function", None) or SHORT[type(x)] for x in layers]
    if "dense" in kinds:
        kinds[len(kinds) - 1 - kinds[::-1].index("dense")] = "output"
    totals = Counter(kinds)
    numbers: Counter[str] = Counter()
    names = []
    for kind in kinds:
        numbers[kind] += 1
        alone = kind == "output" or (kind in SINGLE and totals[kind] == 1)
        names.append(kind if alone else f"{kind}{numbers[kind]}")
    return names


def layer_type(layer):
    """What a layer is, in a word.

    Examples
    --------
    >>> from sknn_course.inspection.names import layer_type
    >>> from sknn_course.layers import Pool2d
    >>> layer_type(Pool2d(kind="average"))
    'AveragePool2d'
    """
    if isinstance(layer, Pool2d):
        return f"{layer.kind.capitalize()}Pool2d"
    return type(layer).__name__


def layer_settings(layer):
    """What a layer is set to, in a few words.

    Examples
    --------
    >>> from sknn_course.inspection.names import layer_settings
    >>> from sknn_course.layers import Conv2d, Dropout
    >>> layer_settings(Conv2d(96, 11, "valid", 4)), layer_settings(Dropout(0.5))
    ('96 of 11×11, stride 4', '0.5')
    """
    if isinstance(layer, Conv2d):
        parts = [f"{layer.filters} of {cross(layer.window)}", *_moves(layer, (1, 1))]
        if layer.pad != (0, 0):
            parts.append(f"padding {_one_or_two(layer.pad)}")
        if layer.links is not None:
            parts.append(f"{sum(map(len, layer.links))} links")
        if layer.flipped:
            parts.append("flipped")
        return ", ".join(parts)
    if isinstance(layer, Pool2d):
        return ", ".join([cross(layer.window), *_moves(layer, layer.window)])
    if isinstance(layer, LocalResponseNorm):
        return f"over {layer.size} maps"
    values = {
        Activation: "function",
        Dense: "units",
        Dropout: "rate",
        GaussianNoise: "std",
    }
    name = values.get(type(layer))
    return str(getattr(layer, name)) if name else ""


def cross(sides):
    """Sides as text, such as '28×28'."""
    return "×".join(map(str, sides))


def _moves(layer, usual):
    step = layer.step
    return [] if step == usual else [f"stride {_one_or_two(step)}"]


def _one_or_two(pair):
    return str(pair[0]) if pair[0] == pair[1] else cross(pair)
