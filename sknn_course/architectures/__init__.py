"""Networks as tuples of layer specifications."""

from .._plain_values import sizes_of
from .classics import ARCHITECTURES, Architecture, alexnet, lenet5, zfnet
from .families import (
    convolutional_network,
    multilayer_perceptron,
    per_layer,
    with_outputs,
)

__all__ = [
    "ARCHITECTURES",
    "Architecture",
    "alexnet",
    "convolutional_network",
    "lenet5",
    "multilayer_perceptron",
    "per_layer",
    "sizes_of",
    "with_outputs",
    "zfnet",
]
