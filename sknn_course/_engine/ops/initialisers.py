"""Initial weights and biases, name -> rule, drawn in scikit-learn's order.

References
----------
.. [1] X. Glorot, Y. Bengio, "Understanding the difficulty of training deep
   feedforward neural networks", AISTATS 2010.
.. [2] K. He et al., "Delving deep into rectifiers", ICCV 2015.
.. [3] Y. LeCun et al., "Efficient BackProp", 1998.
"""

import re
from collections.abc import Callable, Sequence
from math import prod, sqrt

import numpy as np

from ..._number_range import LARGEST
from ...layers import Conv2d
from .activations import ACTIVATIONS
from .parameters import Parameter, ParameterLayout

Rule = Callable[[np.random.RandomState, tuple[int, ...]], np.ndarray]

# Variance of the weights, times the number of inputs or mean of inputs and outputs.
_VARIANCES = {
    "glorot": lambda fan_in, fan_out: 2 / (fan_in + fan_out),
    "he": lambda fan_in, fan_out: 2 / fan_in,
    "lecun": lambda fan_in, fan_out: 1 / fan_in,
}


def _uniform(bound: float) -> Rule:
    return lambda rng, shape: rng.uniform(-bound, bound, shape)


def _normal(std: float) -> Rule:
    return lambda rng, shape: rng.normal(0.0, std, shape)


def _zeros(rng: np.random.RandomState, shape: tuple[int, ...]) -> np.ndarray:
    return np.zeros(shape)


def _sampler(name: str, activation: str, fan_in: float, fan_out: float) -> Rule:
    """Rule of a name: function of a RandomState and a shape."""
    if name == "zeros":
        return _zeros
    if name == "glorot":
        factor = ACTIVATIONS[activation].glorot_factor
        return _uniform(np.sqrt(factor / (fan_in + fan_out)))
    number = re.fullmatch(r"(uniform|normal)(?:\((.*)\))?", name)
    if number:
        kind, scale = number[1], float(number[2] or 0.05)
        return _uniform(scale) if kind == "uniform" else _normal(scale)
    family, kind = name.split("_")
    variance = _VARIANCES[family](fan_in, fan_out)
    # U(-a, a) has the variance a^2 / 3
    return (
        _uniform(sqrt(3 * variance)) if kind == "uniform" else _normal(sqrt(variance))
    )


NAMES = ("glorot", "zeros", "uniform", "normal") + tuple(
    f"{family}_{kind}" for family in _VARIANCES for kind in ("uniform", "normal")
)
BIAS_NAMES = ("auto", "zeros", "uniform", "normal")


def is_initialiser(name: object, names: Sequence[str] = NAMES) -> bool:
    """Whether ``name`` is one of ``names`` or 'uniform(a)', 'normal(std)'."""
    if not isinstance(name, str):
        return False
    number = re.fullmatch(r"(?:uniform|normal)\((.*)\)", name)
    if number is None:
        return name in names
    try:
        return 0 < float(number[1]) <= LARGEST
    except ValueError:
        return False


def initial_parameters(
    layout: ParameterLayout,
    weight_init: str,
    bias_init: str,
    activation: str,
    rng: np.random.RandomState,
) -> np.ndarray:
    """Draw the initial parameters of a network.

    Layer after layer, weights before biases, as scikit-learn's MLP draws. Weights
    between maps that do not see each other are drawn too, and are then zero.

    Parameters
    ----------
    layout : ParameterLayout
    weight_init : str
        'glorot' is scikit-learn's rule: uniform within
        sqrt(6 / (fan_in + fan_out)), or sqrt(2 / ...) for logistic units.
    bias_init : str
        'auto' draws biases as the weights for 'glorot', else gives zeros.
    activation : str
    rng : numpy.random.RandomState

    Returns
    -------
    ndarray of shape (n_parameters,), float64
    """
    if bias_init == "auto":
        bias_init = weight_init if weight_init == "glorot" else "zeros"
    given = {"weight": weight_init, "bias": bias_init}
    flat, fans = np.zeros(layout.n_parameters), (0.0, 0.0)
    for place in sorted(layout.parameters, key=lambda p: (p.layer, p.role == "bias")):
        if place.role == "weight":
            is_linked = _is_linked(layout, place)
            fans = _fans(place.shape, float(np.mean(is_linked)))
        own = layout.layers[place.layer].initialisers(layout.shapes[place.layer])
        names = given | own
        if place.role in names:
            draw = _sampler(names[place.role], activation, *fans)
            values = draw(rng, place.shape)
            if place.role == "weight":
                values *= is_linked
            flat[place.start : place.stop] = values.ravel()
        else:
            flat[place.start : place.stop] = float(place.role == "scale")
    return flat


def _is_linked(layout: ParameterLayout, place: Parameter) -> np.ndarray | int:
    """0 for weights of maps that do not see each other, else 1: an array, or 1."""
    layer = layout.layers[place.layer]
    if not isinstance(layer, Conv2d) or layer.links is None:
        return 1
    return np.array(layer.is_linked(layout.shapes[place.layer]))[..., None, None]


def _fans(shape: tuple[int, ...], share_linked: float) -> tuple[float, float]:
    """Mean numbers of inputs and outputs of one unit."""
    if len(shape) == 2:
        return shape
    n_linked = share_linked * prod(shape[2:])
    return shape[1] * n_linked, shape[0] * n_linked
