"""The networks of Kiel NNDL 2018 sheet 5 for MNIST: ReLU, valid padding."""

from ...architectures.families import active_layers, convolutional_network
from ...layers import Activation, Conv2d, Dense, GlobalAveragePool
from .parts import MNIST, check_known


def _blocks(*filters, dense=(), conv_dropout=0.0, dropout=0.0):
    """Blocks of valid 3 x 3 convolutions that end in pooling, then dense layers."""
    return active_layers(
        convolutional_network(
            filters,
            dense,
            10,
            input_shape=MNIST,
            padding="valid",
            conv_dropout=conv_dropout,
            dropout=dropout,
        )
    )


def kiel_2018_cnn():
    """The MNIST network of Kiel NNDL 2018 sheet 5, with 1,199,882 parameters.

    Returns
    -------
    tuple of Layer

    Examples
    --------
    >>> from sknn_course.course.networks import kiel_2018_cnn
    >>> kiel_2018_cnn()[4:8]
    (Pool2d(size=2, kind='max'), Dropout(rate=0.25), Flatten(), Dense(units=128))
    """
    return _blocks([32, 64], dense=[128], conv_dropout=0.25, dropout=0.5)


def kiel_2018_variation(number):
    """The three variations of `kiel_2018_cnn` in Kiel NNDL 2018 sheet 5.

    Parameters
    ----------
    number : {1, 2, 3}
        1: three poolings and 64 dense units (97,482 parameters); 2: no hidden
        dense layer (63,124); 3: global average pooling (167,818).

    Returns
    -------
    tuple of Layer

    Examples
    --------
    >>> from sknn_course.course.networks import kiel_2018_variation
    >>> kiel_2018_variation(3)[-4:]
    (Conv2d(filters=128, kernel_size=3, padding='valid', stride=1),
    Activation(function='relu'), GlobalAveragePool(), Dense(units=10))
    """
    check_known("number", number, (1, 2, 3))
    if number == 1:
        return _blocks([32, 64], [64], [64], dense=[64], dropout=0.5)
    if number == 2:
        return _blocks([32, 64], [64, 10])
    *blocks, _flatten, _output = _blocks([32, 64], [64, 64])
    last = (Conv2d(128, 3, "valid"), Activation("relu"), GlobalAveragePool(), Dense(10))
    return (*blocks, *last)


def kiel_2018_grid_winner():
    """The winner of the grid search in Kiel NNDL 2018 sheet 5, 650,698 parameters.

    Returns
    -------
    tuple of Layer

    Examples
    --------
    >>> from sknn_course.course.networks import kiel_2018_grid_winner
    >>> kiel_2018_grid_winner()[-4:]
    (Flatten(), Dense(units=64), Activation(function='relu'), Dense(units=10))
    """
    return _blocks([32, 64], [128, 256], dense=[64])
