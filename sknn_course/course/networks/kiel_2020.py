"""The networks of Kiel NNDL 2020 sheets 4 and 5 for MNIST and CIFAR-10."""

from ...architectures.families import active_layers, convolutional_network
from ...layers import Activation, BatchNorm, Dense, Dropout, Flatten
from .parts import CIFAR, MNIST, check_known

# filters, dense units and batch normalisation of the sheet's configurations
_MNIST_CONFIGURATIONS = {
    1: (((32, 32),), 64, False),
    2: (((32, 32), (64, 64)), 128, False),
    3: (((32, 32), (64, 64)), 64, False),
    4: (((32, 32), (64, 64), (128, 128)), 64, True),
}
KERAS_NORM = BatchNorm(momentum=0.01, epsilon=1e-3)  # Keras' defaults


def mnist_cnn(configuration, batch_norm=None, padding="same"):
    """The four MNIST networks of Kiel NNDL 2020 sheet 5.

    Pairs of 3 x 3 convolutions, each pair followed by max-pooling, then a dense
    layer with dropout 0.5; ReLU.

    Parameters
    ----------
    configuration : {1, 2, 3, 4}
        '[32],[64]', '[32,64],[128]', '[32,64],[64]' and '[32,64,128],[64]'.
    batch_norm : bool or None
        Before the activation of convolutions, and after the dense layer's
        dropout. None: as in the sheet, in configuration 4 alone.
    padding : {'same', 'valid'} or int
        With 'valid', configuration 4 does not fit images of 28 x 28.

    Returns
    -------
    tuple of Layer

    Examples
    --------
    >>> from sknn_course.course.networks import mnist_cnn
    >>> from sknn_course.layers import count_parameters
    >>> count_parameters(mnist_cnn(4), (1, 28, 28))  # 362,922 in all
    (361898, 1024)
    """
    check_known("configuration", configuration, _MNIST_CONFIGURATIONS)
    filters, units, normalised = _MNIST_CONFIGURATIONS[configuration]
    return active_layers(
        convolutional_network(
            filters,
            [units],
            10,
            input_shape=MNIST,
            padding=padding,
            dropout=0.5,
            batch_norm=normalised if batch_norm is None else batch_norm,
            norm=KERAS_NORM,
        )
    )


def cifar_cnn(
    *,
    hidden_units=2048,
    batch_norm="before",
    dense_batch_norm=True,
    dropout=0.0,
    conv_dropout=0.0,
    noise=0.0,
):
    """The CIFAR-10 network of Kiel NNDL 2020 sheet 5, runs A to L.

    Three pairs of 3 x 3 convolutions with 32, 64 and 128 filters, each pair
    followed by max-pooling, then a dense layer; ELU. The padding is 'same', since
    'valid' leaves a single pixel for the last pooling.

    The sheet says "one fully connected layer with 2048 units", which is also the
    number of flattened values: ``hidden_units=None`` is the other reading, which
    reaches the published accuracies. Its settings list no batch normalisation, its
    text has it in all runs.

    Parameters
    ----------
    hidden_units : int or None
        Of the dense hidden layer; None leaves it out (309,290 parameters, of
        which 308,394 are trained).
    batch_norm : {'before', 'after'} or None
        Of the convolutions, before or after the activation.
    dense_batch_norm : bool
        After the activation of the hidden layer.
    dropout : float
        Before the output layer.
    conv_dropout : float or sequence of float
        After each pooling: one rate, or one for each.
    noise : float
        Standard deviation of the noise after each pooling; 0.2 in the sheet.

    Returns
    -------
    tuple of Layer

    Examples
    --------
    >>> from sknn_course.course.networks import cifar_cnn
    >>> cifar_cnn(dropout=0.5)[-5:-1]
    (Dense(units=2048), Activation(function='elu'), BatchNorm(momentum=0.01,
    epsilon=0.001), Dropout(rate=0.5))
    """
    check_known("batch_norm", batch_norm or "None", ("before", "after", "None"))
    *convolutions, _ = convolutional_network(
        ((32, 32), (64, 64), (128, 128)),
        [],
        10,
        input_shape=CIFAR,
        activation="elu",
        batch_norm=batch_norm,
        norm=KERAS_NORM,
        conv_dropout=conv_dropout,
        noise=noise,
    )
    hidden = ()
    if hidden_units is not None:
        norm = (KERAS_NORM,) if dense_batch_norm else ()
        hidden = (Dense(hidden_units), Activation("elu"), *norm)
    return active_layers((*convolutions, *hidden, Dropout(dropout), Dense(10)))


def mlp_output_dropout():
    """MLP P and R of Kiel NNDL 2020 sheet 4: dropout on the outputs, before softmax.

    Returns
    -------
    tuple of Layer

    Examples
    --------
    >>> from sknn_course.course.networks import mlp_output_dropout
    >>> mlp_output_dropout()[-2:]
    (Dense(units=10), Dropout(rate=0.2))
    """
    return (Flatten(), Dense(1000), Activation("relu"), Dense(10), Dropout(0.2))
