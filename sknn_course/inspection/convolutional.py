"""Fully convolutional networks: dense layers that slide over larger images."""

import copy
from math import prod

import torch
from torch import nn
from torch.nn.utils import skip_init

from .networks import fitted_network


def to_fully_convolutional(network, input_shape=None):
    """A network whose dense layers are convolutions [1]_ [2]_.

    The first dense layer becomes a convolution whose kernel is as large as the
    maps that reach it, those after it become 1 x 1 convolutions; global average
    pooling becomes an average over windows of the maps' size. On images of the
    original size the outputs are the same, in a map of 1 x 1. On larger images
    there is one output for each position of the original network as a window:
    the output at (i, j) is that for the window at (i s, j s), s the product of
    all strides. At the windows' borders, where the padding of convolutions met
    zeros before, it now meets pixels; so this holds exactly without padding.

    Parameters
    ----------
    network : fitted estimator or torch.nn.Sequential
        A fitted estimator of this package with a network, also as the last step of
        a pipeline or in a search, or layers of torch that run in a row.
    input_shape : tuple of int, default=None
        (channels, height, width) of the original images. None takes that of the
        estimator; estimators for flat rows and torch modules need it.

    Returns
    -------
    torch.nn.Sequential
        From images of shape (n, channels, height, width) to outputs of shape
        (n, n_outputs, rows, columns) before the output activation. It has copies of
        the parameters and is in evaluation mode.

    Raises
    ------
    ValueError
        If a layer cannot slide, or the shape does not fit.

    References
    ----------
    .. [1] Kiel NNDL 2020 sheet 5 and RDFIA practical 2: 40 x 40 pixels to a map of
       2 x 2, where the original takes 32 x 32.
    .. [2] J. Long, E. Shelhamer, T. Darrell, "Fully convolutional networks for
       semantic segmentation", CVPR 2015.

    Examples
    --------
    >>> import torch
    >>> from sklearn.datasets import load_digits
    >>> from sknn_course import CNNClassifier
    >>> from sknn_course.inspection import to_fully_convolutional
    >>> X, y = load_digits(return_X_y=True)
    >>> cnn = CNNClassifier(filters=(8,), tol=0.1, random_state=0).fit(X, y)
    >>> sliding = to_fully_convolutional(cnn)
    >>> sliding(torch.zeros(1, 1, 12, 16)).argmax(1).shape  # classes at 3 x 5 windows
    torch.Size([1, 3, 5])
    """
    if isinstance(network, nn.Module):
        module = network
    else:
        fitted = fitted_network(network)
        module, own_shape = fitted._module, fitted._layout.shapes[0]
        input_shape = own_shape if input_shape is None else input_shape
    if input_shape is None or len(input_shape) != 3:
        raise ValueError(
            f"input_shape={input_shape!r} is no size of images: give (channels, "
            "height, width) of the images that the network takes."
        )
    module = copy.deepcopy(module).eval()
    like = next(module.parameters())
    images = torch.linspace(-1, 1, prod(input_shape), dtype=like.dtype)
    images = images.reshape(1, *input_shape).to(like.device)
    rows = maps = images
    result = nn.Sequential()
    with torch.no_grad():
        for part in _leaves(module):
            sliding = _sliding(part, tuple(maps.shape[1:]))
            rows = part(rows.flatten(1) if isinstance(part, nn.Linear) else rows)
            if sliding is not None:
                result.append(sliding)
                maps = sliding.eval()(maps)
            if not _equal(rows, maps):
                raise ValueError(
                    f"{part} cannot slide over maps: on images of the original size "
                    "it gives other values there than in the network."
                )
    return result.eval()


def _leaves(module):
    """The layers of nested `Sequential` modules in a row."""
    if not isinstance(module, nn.Sequential):
        return [module]
    return [leaf for part in module for leaf in _leaves(part)]


def _sliding(part, shape):
    """What does for maps of ``shape`` as ``part`` does; None leaves it out."""
    if isinstance(part, nn.Flatten):
        return None
    if isinstance(part, nn.Linear):
        return _convolution(part, shape)
    if isinstance(part, nn.BatchNorm1d):
        return _batch_norm(part, shape)
    if isinstance(part, nn.AdaptiveAvgPool2d):
        if part.output_size not in (1, (1, 1)):
            raise ValueError(f"{part} cannot slide: its windows change with the size.")
        return nn.AvgPool2d(shape[1:], stride=1)
    return part


def _convolution(linear, shape):
    """z = x W + b as a convolution with kernels as large as the maps."""
    if linear.in_features != prod(shape):
        raise ValueError(
            f"{linear} does not fit maps of {' x '.join(map(str, shape))}: give the "
            "input_shape of the images that the network takes."
        )
    result = skip_init(
        nn.Conv2d,
        *(shape[0], linear.out_features, shape[1:]),
        bias=linear.bias is not None,
        device=linear.weight.device,
        dtype=linear.weight.dtype,
    )
    result.weight.copy_(linear.weight.reshape(result.weight.shape))
    if linear.bias is not None:
        result.bias.copy_(linear.bias)
    return result


def _batch_norm(norm, shape):
    """Normalisation per map in place of per feature."""
    if norm.num_features != shape[0]:
        raise ValueError(
            f"{norm} cannot slide: it normalises each pixel of the {shape[0]} maps "
            "apart. Put it behind a dense layer."
        )
    result = nn.BatchNorm2d(norm.num_features, norm.eps, norm.momentum, norm.affine)
    result.load_state_dict(norm.state_dict())
    return result.to(norm.running_mean)


def _equal(rows, maps):
    """Whether values agree to the rounding of a GPU's fast products."""
    rows, maps = rows.flatten(1), maps.flatten(1)
    scale = float(rows.abs().max())
    return rows.shape == maps.shape and torch.allclose(
        rows, maps, rtol=0, atol=1e-2 * scale
    )
