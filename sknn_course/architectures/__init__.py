"""Networks as tuples of layer specifications."""

from ..plain_values import sizes_of
from .classics import alexnet, lenet5, zfnet
from .course import ARCHITECTURES, Architecture
from .families import (
    convolutional_network,
    multilayer_perceptron,
    per_layer,
    with_outputs,
)
from .kiel_2018 import kiel_2018_cnn, kiel_2018_grid_winner, kiel_2018_variation
from .kiel_2020 import cifar_cnn, mnist_cnn
from .starters import fman45_cifar_cnn, fman45_mnist_cnn, rdfia_cnn

__all__ = [
    "ARCHITECTURES",
    "Architecture",
    "alexnet",
    "cifar_cnn",
    "convolutional_network",
    "fman45_cifar_cnn",
    "fman45_mnist_cnn",
    "kiel_2018_cnn",
    "kiel_2018_grid_winner",
    "kiel_2018_variation",
    "lenet5",
    "mnist_cnn",
    "multilayer_perceptron",
    "per_layer",
    "rdfia_cnn",
    "sizes_of",
    "with_outputs",
    "zfnet",
]
