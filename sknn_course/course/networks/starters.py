"""The small networks that RDFIA practical 2 and Lund FMAN45 assignment 3 start from."""

from ...architectures.families import active_layers, convolutional_network
from ...layers import Activation, Conv2d, Dense, Flatten, Pool2d
from .parts import CIFAR, MNIST


def rdfia_cnn():
    """The CIFAR-10 network of RDFIA practical 2, with 1,191,170 parameters.

    The sheet names no hidden activation function: ReLU here.

    Returns
    -------
    tuple of Layer

    Examples
    --------
    >>> from sknn_course.course.networks import rdfia_cnn
    >>> rdfia_cnn()[:3]
    (Conv2d(filters=32, kernel_size=5, padding='same', stride=1),
    Activation(function='relu'), Pool2d(size=2, kind='max'))
    """
    return active_layers(
        convolutional_network(
            [32, 64, 64], [1000], 10, input_shape=CIFAR, kernel_size=5
        )
    )


def fman45_mnist_cnn():
    """The MNIST starter of Lund FMAN45 assignment 3, with 14,682 parameters.

    Returns
    -------
    tuple of Layer

    Examples
    --------
    >>> from sknn_course.course.networks import fman45_mnist_cnn
    >>> fman45_mnist_cnn()[-3:]
    (Pool2d(size=2, kind='max'), Flatten(), Dense(units=10))
    """
    return active_layers(
        convolutional_network([16, 16], [], 10, input_shape=MNIST, kernel_size=5)
    )


def fman45_cifar_cnn():
    """The CIFAR-10 starter of Lund FMAN45 assignment 3, with 48,602 parameters.

    It is not in the sheet: published copies of the starter have it. There is no
    pooling after the second convolution.

    Returns
    -------
    tuple of Layer

    Examples
    --------
    >>> from sknn_course.course.networks import fman45_cifar_cnn
    >>> fman45_cifar_cnn()[-3:]
    (Activation(function='relu'), Flatten(), Dense(units=10))
    """
    convolution, relu = Conv2d(16, 5), Activation("relu")
    return (convolution, relu, Pool2d(), convolution, relu, Flatten(), Dense(10))
