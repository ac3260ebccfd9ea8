"""How the layers of a network are called in tables and pictures."""

from collections import Counter
from collections.abc import Sequence

from ..layers import Layer


def layer_names(layers: Sequence[Layer]) -> list[str]:
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
    kinds = [layer.kind_name for layer in layers]
    single = {layer.kind_name for layer in layers if not layer.is_numbered}
    if "dense" in kinds:
        kinds[len(kinds) - 1 - kinds[::-1].index("dense")] = "output"
    totals, numbers = Counter(kinds), Counter[str]()
    names = []
    for kind in kinds:
        numbers[kind] += 1
        alone = kind == "output" or (kind in single and totals[kind] == 1)
        names.append(kind if alone else f"{kind}{numbers[kind]}")
    return names
