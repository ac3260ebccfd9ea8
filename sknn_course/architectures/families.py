"""Families of networks: perceptrons and convolutional networks of any sizes."""

from dataclasses import replace
from numbers import Real

from .._compat import InvalidParameterError
from .._plain_values import one_or_several, plain, sizes_of
from ..layers import (
    Activation,
    BatchNorm,
    Conv2d,
    Dense,
    Dropout,
    Flatten,
    GaussianNoise,
    GlobalAveragePool,
    Layer,
    Pool2d,
    is_active,
)

NORM = BatchNorm()


def per_layer(rates, n_layers, name):
    """One dropout rate for each of ``n_layers`` layers.

    Parameters
    ----------
    rates : float or sequence of float
        In [0, 1).
    n_layers : int
    name : str
        Parameter to name in the error.

    Returns
    -------
    list of float

    Raises
    ------
    InvalidParameterError
        A ValueError and a TypeError, if the sequence has another length, or a rate
        lies outside [0, 1).

    Examples
    --------
    >>> from sknn_course.architectures import per_layer
    >>> per_layer(0.5, 2, "dropout")
    [0.5, 0.5]
    """
    try:
        listed = one_or_several(rates)
        if isinstance(rates, Real):
            listed *= n_layers
        if len(listed) != n_layers or not all(0 <= rate < 1 for rate in listed):
            raise TypeError
        return [float(rate) for rate in listed]
    except TypeError:
        raise InvalidParameterError(
            f"{name}={rates!r} does not fit: give one rate in [0, 1), or one for "
            f"each of the {n_layers} layers."
        ) from None


def multilayer_perceptron(
    sizes,
    n_outputs,
    *,
    activation="relu",
    dropout=0.0,
    input_dropout=0.0,
    batch_norm=False,
    norm=NORM,
    noise=0.0,
    embedding=None,
):
    """Dense layers, each with activation, dropout, batch norm and noise.

    Parameters
    ----------
    sizes : list of int
        Units of the hidden layers.
    n_outputs : int
    activation : str
    dropout : float or sequence of float
        After each hidden layer's activation.
    input_dropout : float
        On the input.
    batch_norm : bool or {'before', 'after'}
        Before the activation, or after it and dropout (True).
    norm : BatchNorm
        The layer that is put there.
    noise : float
        Standard deviation of the noise after each hidden layer.
    embedding : PeriodicEmbedding or None
        Of the input, after its dropout.

    Returns
    -------
    tuple of Layer

    Examples
    --------
    >>> from sknn_course.architectures import multilayer_perceptron
    >>> multilayer_perceptron([5], 2)
    (Dropout(rate=0.0), Dense(units=5), Activation(function='relu'),
    Dropout(rate=0.0), GaussianNoise(std=0.0), Dense(units=2))
    """
    batch_norm = plain(batch_norm)
    layers: list[Layer] = [Dropout(float(input_dropout))]
    if embedding is not None:
        layers.append(embedding)
    for size, rate in zip(
        sizes, per_layer(dropout, len(sizes), "dropout"), strict=True
    ):
        layers += [
            Dense(size),
            *([norm] if batch_norm == "before" else []),
            Activation(activation),
            Dropout(rate),
            *([norm] if batch_norm in (True, "after") else []),
            GaussianNoise(float(noise)),
        ]
    return (*layers, Dense(n_outputs))


def convolutional_network(
    filters,
    dense_layer_sizes,
    n_outputs,
    *,
    input_shape,
    kernel_size=3,
    pool_size=2,
    padding="same",
    activation="relu",
    conv_dropout=0.0,
    dropout=0.0,
    input_dropout=0.0,
    batch_norm=False,
    norm=NORM,
    noise=0.0,
    global_pool=False,
):
    """Blocks of convolutions that end in pooling, then dense layers.

    Rows of numbers, ``input_shape=(1, 1, n)``, get windows along the row.

    Parameters
    ----------
    filters : sequence of int or of sequences of int
        Filters of the convolutions of each block.
    dense_layer_sizes : list of int
    n_outputs : int
    input_shape : tuple of int
        (channels, height, width).
    kernel_size, pool_size : int
        Sides of the windows, in pixels.
    padding : {'same', 'valid'} or int
    activation : str
    conv_dropout : float or sequence of float
        After each block's pooling.
    dropout : float or sequence of float
        After each hidden dense layer's activation.
    input_dropout : float
        On the input.
    batch_norm : bool or {'before', 'after'}
        Convolutions: before the activation (True) or after it. Dense layers: as
        in `multilayer_perceptron`.
    norm : BatchNorm
        The layer that is put there.
    noise : float
        Standard deviation of the noise after each pooling.
    global_pool : bool
        Mean of each map in place of all its pixels, before the dense layers.

    Returns
    -------
    tuple of Layer

    Examples
    --------
    >>> from sknn_course.architectures import convolutional_network
    >>> layers = convolutional_network([32], [64], 10, input_shape=(1, 28, 28))
    >>> layers[1:4]
    (Conv2d(filters=32, kernel_size=3, padding='same', stride=1),
    Activation(function='relu'), Pool2d(size=2, kind='max'))
    """
    try:
        blocks = [sizes_of(block, "filters") for block in one_or_several(filters)]
        if not all(blocks):
            raise TypeError
    except TypeError:
        raise InvalidParameterError(
            f"filters={filters!r} does not fit: give a list or tuple of blocks, each "
            "a whole number or a list or tuple of one or more."
        ) from None
    rates = per_layer(conv_dropout, len(blocks), "conv_dropout")
    along_row = input_shape[1] == 1
    kernel = (1, kernel_size) if along_row else kernel_size
    pool = (1, pool_size) if along_row else pool_size
    batch_norm = plain(batch_norm)
    layers: list[Layer] = [Dropout(float(input_dropout))]
    for block, rate in zip(blocks, rates, strict=True):
        for n_filters in block:
            layers += [
                Conv2d(n_filters, kernel, padding),
                *([norm] if batch_norm in (True, "before") else []),
                Activation(activation),
                *([norm] if batch_norm == "after" else []),
            ]
        layers += [Pool2d(pool), Dropout(rate), GaussianNoise(float(noise))]
    dense = multilayer_perceptron(
        dense_layer_sizes,
        n_outputs,
        activation=activation,
        dropout=dropout,
        batch_norm=batch_norm,
        norm=norm,
    )
    return (*layers, GlobalAveragePool() if global_pool else Flatten(), *dense[1:])


def with_outputs(layers, n_outputs):
    """A network with another number of outputs.

    Parameters
    ----------
    layers : sequence of Layer
    n_outputs : int
        Units of the last dense layer, or filters of the last convolution where no
        dense layer follows it.

    Returns
    -------
    tuple of Layer

    Raises
    ------
    ValueError
        If there is neither a dense layer nor a convolution.

    Examples
    --------
    >>> from sknn_course.architectures import lenet5, with_outputs
    >>> with_outputs(lenet5(), 3)[-3:]
    (Dense(units=84), Activation(function='tanh'), Dense(units=3))
    """
    layers = list(layers)
    for index in reversed(range(len(layers))):
        if isinstance(layers[index], Dense):
            layers[index] = replace(layers[index], units=n_outputs)
            return tuple(layers)
        if isinstance(layers[index], Conv2d):
            layers[index] = replace(layers[index], filters=n_outputs)
            return tuple(layers)
    raise ValueError(f"No Dense and no Conv2d, which give outputs, among {layers}.")


def active_layers(layers):
    """A network without the layers that do nothing, dropout of rate 0 and the like."""
    return tuple(layer for layer in layers if is_active(layer))
