"""What may be inspected: layers, named architectures, fitted estimators."""

from typing import NamedTuple

from .._estimator.base import NeuralEstimator
from ..architectures import ARCHITECTURES, Architecture
from ..layers import Layer, is_active
from ..plotting.fitted_network import last_step


class Network(NamedTuple):
    """Layers that do something, and the shape of one input row or None."""

    layers: tuple
    input_shape: tuple | None


def read_network(network, input_shape=None):
    """The layers and input shape of whatever describes a network.

    Parameters
    ----------
    network : sequence of Layer, Architecture, str or fitted estimator
        A string is a name of `sknn_course.architectures.ARCHITECTURES`. Of a
        pipeline the last step is read, of a search its best estimator.
    input_shape : tuple of int, default=None
        Shape of one input row; None takes that of the architecture or estimator.

    Returns
    -------
    Network
        Without layers that do nothing, such as dropout of rate 0.

    Raises
    ------
    ValueError, TypeError
        If ``network`` is none of these, or an unknown name.
    NotFittedError
        If an estimator has not been fitted.

    Examples
    --------
    >>> from sknn_course.inspection.networks import read_network
    >>> from sknn_course.layers import Dense, Dropout
    >>> read_network([Dropout(0.0), Dense(3)], (4,))
    Network(layers=(Dense(units=3),), input_shape=(4,))
    """
    if isinstance(network, str):
        if network not in ARCHITECTURES:
            raise ValueError(
                f"network={network!r} is no name of ARCHITECTURES: use one of "
                f"{sorted(ARCHITECTURES)}."
            )
        network = ARCHITECTURES[network]
    if isinstance(network, Architecture):
        layers, own_shape = network.layers, network.input_shape
    elif isinstance(network, list | tuple):
        layers, own_shape = tuple(network), None
    else:
        layout = fitted_network(network)._layout
        layers, own_shape = layout.layers, layout.shapes[0]
    for layer in layers:
        if not isinstance(layer, Layer):
            raise TypeError(
                f"network holds {layer!r}, which is no layer specification: use those "
                "of sknn_course.layers, such as Dense(10)."
            )
    shape = own_shape if input_shape is None else tuple(input_shape)
    return Network(tuple(filter(is_active, layers)), shape)


def fitted_network(estimator):
    """The fitted estimator with a network at the end of pipelines and searches.

    Raises
    ------
    TypeError
        If it is no estimator with a network.
    NotFittedError
    """
    network = last_step(estimator)[0] if hasattr(estimator, "fit") else None
    if not isinstance(network, NeuralEstimator):
        raise TypeError(
            f"network={estimator!r} has no layers: give a list of layers, an "
            "Architecture, a name of ARCHITECTURES, or a fitted estimator of "
            "sknn_course with a network."
        )
    return network
