"""Receptive fields: which pixels a value of a map depends on."""

from dataclasses import dataclass

from ..layers import Dense, GlobalAveragePool
from .networks import read_network


@dataclass(frozen=True)
class ReceptiveField:
    """What one value of a layer's output sees.

    Attributes
    ----------
    previous : pair of int or None
        Height and width of its window on the layer before, in values of that
        layer; None where it sees all of it.
    input : pair of int or None
        Height and width of its window on the network's input, in pixels; None
        where it sees all of it.
    jump : pair of int or None
        Distance on the input, in pixels, of the windows of two neighbours; None
        where there are none.
    """

    previous: tuple[int, int] | None
    input: tuple[int, int] | None
    jump: tuple[int, int] | None


EVERYTHING = ReceptiveField(None, None, None)


def receptive_fields(network):
    """Receptive fields of each layer, on the layer before and on the input.

    A window of side k and step s makes of a field of side r, whose neighbours lie
    j apart, one of side r + (k - 1) j with neighbours s j apart [1]_ [2]_. Zeros
    of the padding count as pixels.

    Parameters
    ----------
    network : sequence of Layer, Architecture, str or fitted estimator
        As in `layer_table`.

    Returns
    -------
    list of ReceptiveField
        One for each layer that does something (not for dropout of rate 0).

    References
    ----------
    .. [1] Kiel NNDL 2020 sheet 5, direct and indirect receptive fields.
    .. [2] RDFIA practical 2, receptive fields of conv1 and conv2.

    Examples
    --------
    >>> from sknn_course.inspection import receptive_fields
    >>> from sknn_course.layers import Conv2d, Pool2d
    >>> for field in receptive_fields([Conv2d(32, 5), Pool2d(), Conv2d(64, 5)]):
    ...     print(field.previous, field.input, field.jump)
    (5, 5) (5, 5) (1, 1)
    (2, 2) (6, 6) (2, 2)
    (5, 5) (14, 14) (2, 2)
    """
    fields, field = [], ReceptiveField((1, 1), (1, 1), (1, 1))
    for layer in read_network(network).layers:
        field = _next(field, layer)
        fields.append(field)
    return fields


def _next(field, layer):
    """The field of a layer's output, given that of its input."""
    if isinstance(layer, Dense | GlobalAveragePool):
        return ReceptiveField(None, None, None)
    window, step = getattr(layer, "window", (1, 1)), getattr(layer, "step", (1, 1))
    if field.input is None:
        return ReceptiveField(window, None, None)
    # r + (k - 1) j, and s j
    sides = zip(field.input, window, field.jump, strict=True)
    return ReceptiveField(
        window,
        tuple(r + (k - 1) * j for r, k, j in sides),
        tuple(s * j for s, j in zip(step, field.jump, strict=True)),
    )
