"""Images and the flat rows that scikit-learn's checks take."""

from math import isqrt, prod

import numpy as np


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
    >>> from sknn_course.image_rows import flat_rows
    >>> rows, shape = flat_rows(np.zeros((5, 28, 28)))
    >>> rows.shape, shape
    ((5, 784), (1, 28, 28))
    """
    shape = getattr(X, "shape", None)
    if shape is None and isinstance(X, list):
        X = np.asarray(X)
        shape = X.shape
    if shape is None or len(shape) not in (3, 4):
        return X, None
    channels = () if len(shape) == 4 else (1,)
    return np.asarray(X).reshape(shape[0], -1), (*channels, *shape[1:])


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
        If ``input_shape`` has another number of values than the rows.

    Examples
    --------
    >>> from sknn_course.image_rows import find_input_shape
    >>> find_input_shape(None, None, 784)
    (1, 28, 28)
    >>> find_input_shape((32, 32), None, 1024)
    (1, 32, 32)
    """
    if input_shape is not None:
        shape = tuple(int(side) for side in input_shape)
        shape = (1, *shape) if len(shape) == 2 else shape
        if len(shape) != 3 or prod(shape) != n_features:
            raise ValueError(
                f"input_shape={input_shape!r} does not fit rows of "
                f"{n_features} values: give (channels, height, width) or "
                "(height, width) whose product is that number."
            )
        return shape
    if image_shape is not None:
        return image_shape
    side = isqrt(n_features)
    return (1, side, side) if side**2 == n_features else (1, 1, n_features)
