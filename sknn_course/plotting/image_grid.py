"""Images side by side."""

from math import isqrt

import numpy as np

from .._estimator.image_rows import find_input_shape, flat_rows
from .canvas import MAPS, panel_axes


def as_images(X, image_shape=None):
    """Images from rows or images.

    Parameters
    ----------
    X : array-like of shape (n, n_features), (n, height, width) or \
(n, channels, height, width)
    image_shape : tuple of int, default=None
        (channels, height, width) or (height, width) of flat rows. None takes
        squares, of three channels where only this fits.

    Returns
    -------
    ndarray of shape (n, channels, height, width)

    Raises
    ------
    ValueError
        If the rows are of no such shape, or are no images with 1 or 3 channels.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_course.plotting.image_grid import as_images
    >>> as_images(np.zeros((5, 64))).shape, as_images(np.zeros((5, 3072))).shape
    ((5, 1, 8, 8), (5, 3, 32, 32))
    """
    rows, known = flat_rows(X)
    rows = np.asarray(rows)
    if rows.ndim != 2:
        raise ValueError(f"X is of shape {rows.shape}: give images, or a row for each.")
    n_features = rows.shape[1]
    side = isqrt(n_features // 3)
    if image_shape is None and known is None and 3 * side**2 == n_features:
        known = (3, side, side)
    shape = find_input_shape(image_shape, known, n_features)
    if shape[0] not in (1, 3):
        raise ValueError(
            f"Images of shape {shape} cannot be shown: 1 channel is a grey image, "
            "3 are red, green and blue."
        )
    return rows.reshape(-1, *shape)


def value_range(images):
    """The range that all images are drawn with: (0, 255), (0, 1) or their own.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_course.plotting.image_grid import value_range
    >>> value_range(np.array([0.1, 0.8])), value_range(np.array([-2.0, 3.0]))
    ((0.0, 1.0), (-2.0, 3.0))
    """
    low, high = float(np.min(images)), float(np.max(images))
    if low >= 0:
        return 0.0, next((top for top in (1.0, 16.0, 255.0) if high <= top), high)
    return low, high


def draw_image(ax, image, limits, cmap=MAPS):
    """Draw one image of shape (channels, height, width).

    Returns
    -------
    matplotlib AxesImage
    """
    low, high = limits
    if len(image) == 3:
        shown = (np.moveaxis(image, 0, -1) - low) / max(high - low, 1e-12)
        drawn = ax.imshow(np.clip(shown, 0, 1), interpolation="nearest")
    else:
        drawn = ax.imshow(
            image[0], cmap=cmap, vmin=low, vmax=high, interpolation="nearest"
        )
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_color("#bbbbbb")
    return drawn


def draw_grid(
    ax,
    caller,
    images,
    *,
    titles=None,
    limits=None,
    n_columns=None,
    cmap=MAPS,
    side=1.0,
    extra_width=0.0,
):
    """Draw images in a grid.

    Parameters
    ----------
    ax : matplotlib Axes, array-like of Axes or None
    caller : str
    images : ndarray of shape (n, channels, height, width)
    titles : list of str, default=None
    limits : tuple of float, default=None
        Values drawn darkest and lightest; None is `value_range`.
    n_columns : int, default=None
        None is about as many as rows.
    cmap : str
    side : float
        Of one image in a new figure, in inches.
    extra_width : float
        Of a new figure beside the images, in inches.

    Returns
    -------
    ndarray of shape (n,) of matplotlib Axes
    """
    n_images = len(images)
    if n_columns is None:
        n_columns = min(8, int(np.ceil(np.sqrt(n_images))))
    limits = value_range(images) if limits is None else limits
    n_lines = 0 if titles is None else 1
    axes = panel_axes(
        ax,
        caller,
        n_images,
        n_columns=n_columns,
        width=side * max(1, min(images.shape[3] / images.shape[2], 3)),
        height=side + 0.2 * n_lines,
        extra_width=extra_width,
    )
    for index, (one, image) in enumerate(zip(axes, images, strict=True)):
        draw_image(one, image, limits, cmap)
        if titles is not None:
            one.set_title(titles[index], fontsize=9, pad=3)
    return axes


def require_count(name, value):
    """Refuse what is no number of images.

    Raises
    ------
    ValueError
    """
    if not isinstance(value, int | np.integer) or value < 1:
        raise ValueError(f"{name}={value!r} has to be an integer of at least 1.")
