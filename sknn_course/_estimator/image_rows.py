"""Images and the flat rows that scikit-learn's checks take."""

import warnings
from math import isqrt, prod

import numpy as np

from .._plain_values import sizes_of

UNEQUAL = 4  # a side this many times the other: rather a series than an image


def flat_rows(X):
    """Images as flat rows; anything else as it is.

    Parameters
    ----------
    X : array-like
        Images of shape (n, channels, height, width) or (n, height, width), or rows.

    Returns
    -------
    rows : ndarray of shape (n, n_features), or X
    shape : tuple of int or None
        (channels, height, width) of images, None for rows.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_course._estimator.image_rows import flat_rows
    >>> rows, shape = flat_rows(np.zeros((5, 28, 28)))
    >>> rows.shape, shape
    ((5, 784), (1, 28, 28))
    """
    shape = getattr(X, "shape", None)
    if shape is None and isinstance(X, list):
        try:
            X = np.asarray(X)
        except ValueError as error:
            raise ValueError(
                f"X holds images or rows of unequal sizes: {error}"
            ) from error
        shape = X.shape
    if shape is None or len(shape) not in (3, 4):
        return X, None
    channels = () if len(shape) == 4 else (1,)
    rows = np.asarray(X).reshape(shape[0], prod(shape[1:]))
    return rows, (*channels, *shape[1:])


def find_input_shape(input_shape, image_shape, n_features):
    """Shape of the images that rows hold.

    Parameters
    ----------
    input_shape : tuple of int or None
        (channels, height, width) or (height, width), as the user gives it.
    image_shape : tuple of int or None
        What `flat_rows` found.
    n_features : int
        Length of the rows.

    Returns
    -------
    tuple of int
        (channels, height, width). Without any knowledge, square images of one
        channel where the length is a square, else one channel of 1 x n_features.

    Raises
    ------
    ValueError
        If ``input_shape`` has another number of values than the rows, or another
        order than ``image_shape``.

    Examples
    --------
    >>> from sknn_course._estimator.image_rows import find_input_shape
    >>> find_input_shape(None, None, 784)
    (1, 28, 28)
    >>> find_input_shape((32, 32), None, 1024)
    (1, 32, 32)
    """
    if input_shape is not None:
        shape = tuple(sizes_of(input_shape, "input_shape"))
        shape = (1, *shape) if len(shape) == 2 else shape
        if len(shape) != 3 or prod(shape) != n_features:
            raise ValueError(
                f"input_shape={input_shape!r} does not fit rows of "
                f"{n_features} values: give (channels, height, width) or "
                "(height, width) whose product is that number."
            )
        check_image_shape(image_shape, shape, f"input_shape={input_shape!r}")
        return shape
    if image_shape is not None:
        return image_shape
    side = isqrt(n_features)
    return (1, side, side) if side**2 == n_features else (1, 1, n_features)


def check_image_shape(image_shape, input_shape, owner):
    """Refuse images of another shape than that of the network's.

    Parameters
    ----------
    image_shape : tuple of int or None
        What `flat_rows` found.
    input_shape : tuple of int
        (channels, height, width).
    owner : str
        Whose images these are, for the error.

    Raises
    ------
    ValueError

    Examples
    --------
    >>> from sknn_course._estimator.image_rows import check_image_shape
    >>> check_image_shape((3, 12, 12), (3, 12, 12), "CNNClassifier")
    >>> check_image_shape((12, 12, 3), (3, 12, 12), "CNNClassifier")
    Traceback (most recent call last):
        ...
    ValueError: X holds images of shape (12, 12, 3), but CNNClassifier takes images
    of (channels, height, width) = (3, 12, 12): give X.transpose(0, 3, 1, 2).
    """
    if image_shape is None or image_shape == input_shape:
        return
    channels_last = (*input_shape[1:], input_shape[0])
    remedy = "give images of that shape, or flat rows of their values."
    if image_shape == channels_last:
        remedy = "give X.transpose(0, 3, 1, 2)."
    raise ValueError(
        f"X holds images of shape {image_shape}, but {owner} takes images of "
        f"(channels, height, width) = {input_shape}: {remedy}"
    )


def warn_of_other_layout(image_shape):
    """Warn where the channels look to be last, and where images look to be series.

    Parameters
    ----------
    image_shape : tuple of int
        What `flat_rows` found, of X without a shape of the user's.
    """
    channels, height, width = image_shape
    if width in (1, 3, 4) and channels > width:
        warnings.warn(
            f"X of shape (n, {channels}, {height}, {width}) is taken for images of "
            f"{channels} channels and {height} x {width} pixels. If the channels are "
            "last, give X.transpose(0, 3, 1, 2); if not, input_shape="
            f"{image_shape} says so.",
            stacklevel=2,
        )
    elif channels == 1 and max(height, width) > UNEQUAL * min(height, width) > UNEQUAL:
        series = "X" if height < width else "X.transpose(0, 2, 1)"
        warnings.warn(
            f"X of shape (n, {height}, {width}) is taken for images of {height} x "
            f"{width} pixels in one channel. If it holds series of "
            f"{min(height, width)} channels, give {series}[:, :, None, :]; if it holds "
            f"images, input_shape={(height, width)} says so.",
            stacklevel=2,
        )
