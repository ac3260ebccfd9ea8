"""LeNet-5, AlexNet and ZFNet as the Kiel sheets tabulate them."""

from dataclasses import dataclass

from ..layers import (
    Activation,
    Conv2d,
    Dense,
    Dropout,
    Flatten,
    LocalResponseNorm,
    Pool2d,
)
from .families import active_layers

RELU = Activation("relu")

# maps of S2 that each map of LeNet-5's C3 sees: LeCun et al., 1998, table 1
LENET5_LINKS = (
    *((0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (0, 4, 5), (0, 1, 5)),
    *((0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (0, 3, 4, 5), (0, 1, 4, 5)),
    *((0, 1, 2, 5), (0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5)),
    (0, 1, 2, 3, 4, 5),
)


def lenet5(sparse=False):
    """LeNet-5 [1]_ for images of 32 x 32, as the Kiel sheets count it.

    Departures from the paper, which are the sheets': pooling without parameters,
    and a trained dense output layer in place of radial basis functions. By these
    the sparse network has 60,806 parameters, the paper's 60,000.

    Parameters
    ----------
    sparse : bool
        Whether the maps of the second convolution see 3, 4 or 6 of the 6 maps
        before, as in the paper, or all (61,706 parameters).

    Returns
    -------
    tuple of Layer

    References
    ----------
    .. [1] Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-based learning
       applied to document recognition", Proc. IEEE 86, 1998.

    Examples
    --------
    >>> from sknn_course.architectures import lenet5
    >>> from sknn_course.layers import count_parameters
    >>> count_parameters(lenet5(sparse=True), (1, 32, 32))
    (60806, 0)
    """
    tanh, mean = Activation("tanh"), Pool2d(2, "average")
    return (
        *(Conv2d(6, 5, "valid"), tanh, mean),
        *(Conv2d(16, 5, "valid", links=LENET5_LINKS if sparse else None), tanh, mean),
        *(Conv2d(120, 5, "valid"), tanh, Flatten()),
        *(Dense(84), tanh, Dense(10)),
    )


def _two_norms_five_convolutions(first, filters, dropout):
    """What AlexNet and ZFNet share: overlapping pooling, norms, three dense layers."""
    pool = Pool2d(3, stride=2)
    second, *others = filters
    layers = [first, RELU, pool, LocalResponseNorm()]
    layers += [Conv2d(second, 5), RELU, pool, LocalResponseNorm()]
    for n_filters in others:
        layers += [Conv2d(n_filters, 3), RELU]
    layers += [pool, Flatten()]
    for units in (4096, 4096):
        layers += [Dense(units), RELU, Dropout(dropout)]
    return active_layers((*layers, Dense(1000)))


def alexnet(dropout=0.5):
    """AlexNet [1]_ in one path, for images of 3 x 227 x 227: 62,378,344 parameters.

    As the Kiel sheets tabulate it, pooling comes before the norm; in the paper,
    after it. Each convolution sees all maps; the paper's two halves see their own.

    Parameters
    ----------
    dropout : float
        After each hidden dense layer.

    Returns
    -------
    tuple of Layer

    References
    ----------
    .. [1] A. Krizhevsky, I. Sutskever, G. Hinton, "ImageNet classification with
       deep convolutional neural networks", NeurIPS 2012.

    Examples
    --------
    >>> from sknn_course.architectures import alexnet
    >>> from sknn_course.layers import layer_shapes
    >>> layer_shapes(alexnet(), (3, 227, 227))[-9:-7]
    [(256, 6, 6), (9216,)]
    """
    first = Conv2d(96, 11, "valid", 4)
    return _two_norms_five_convolutions(first, (256, 384, 384, 256), dropout)


def zfnet(dropout=0.5):
    """ZFNet [1]_ as the Kiel sheets tabulate it: 386,548,840 parameters.

    For images of 3 x 227 x 227, the second convolution with stride 1; the sheets'
    total, 383,157,224, comes from wrong counts of the last two convolutions.

    Parameters
    ----------
    dropout : float
        After each hidden dense layer.

    Returns
    -------
    tuple of Layer

    References
    ----------
    .. [1] M. Zeiler, R. Fergus, "Visualizing and understanding convolutional
       networks", ECCV 2014.

    Examples
    --------
    >>> from sknn_course.architectures import zfnet
    >>> from sknn_course.layers import count_parameters
    >>> count_parameters(zfnet(), (3, 227, 227))
    (386548840, 0)
    """
    first = Conv2d(96, 7, "valid", 2)
    return _two_norms_five_convolutions(first, (256, 512, 1024, 512), dropout)


@dataclass(frozen=True)
class Architecture:
    """A network by its layers, with the images that it is for.

    Parameters
    ----------
    layers : tuple of Layer
    input_shape : tuple of int
        (channels, height, width).
    """

    layers: tuple
    input_shape: tuple


ARCHITECTURES = {
    "lenet5": Architecture(lenet5(), (1, 32, 32)),
    "lenet5_sparse": Architecture(lenet5(sparse=True), (1, 32, 32)),
    "alexnet": Architecture(alexnet(), (3, 227, 227)),
    "zfnet": Architecture(zfnet(), (3, 227, 227)),
}
