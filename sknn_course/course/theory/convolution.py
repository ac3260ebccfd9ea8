"""Cross-correlation and true convolution of an image with a kernel.

Convolutional networks slide the kernel as it stands, which is cross-correlation::

    y(i, j) = sum_uv x(i + u, j + v) k(u, v)

True convolution turns the kernel by half a turn first. The estimators and
`sknn_course.layers.Conv2d` cross-correlate, as torch does.
"""

import numpy as np
from scipy.signal import correlate2d


def cross_correlate(image, kernel, *, stride=1, padding=0):
    """Slide a kernel over an image, as convolution layers do.

    Parameters
    ----------
    image : array of shape (height, width)
    kernel : array of shape (kernel_height, kernel_width)
    stride : int, default=1
        Step of the kernel, in pixels.
    padding : int, default=0
        Zeros on each side of the image.

    Returns
    -------
    ndarray of shape (floor((N - F + 2 P) / S) + 1, ...)
        With side N of the image, F of the kernel, padding P and stride S.

    Raises
    ------
    ValueError
        If the kernel does not fit in the padded image.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_course.course.theory import cross_correlate
    >>> image = np.arange(1, 17).reshape(4, 4)
    >>> cross_correlate(image, [[-1, 1], [0, 1]])
    array([[ 7,  8,  9],
           [11, 12, 13],
           [15, 16, 17]])
    """
    padded, kernel = np.pad(np.asarray(image), padding), np.asarray(kernel)
    if any(n < f for n, f in zip(padded.shape, kernel.shape, strict=True)):
        raise ValueError(
            f"kernel of shape {kernel.shape} does not fit in an image of "
            f"{np.shape(image)} with padding={padding}."
        )
    return correlate2d(padded, kernel, mode="valid")[::stride, ::stride]


def convolve(image, kernel, *, stride=1, padding=0):
    """True convolution, y(i, j) = sum_uv x(i - u, j - v) k(u, v).

    Parameters
    ----------
    image, kernel, stride, padding : array-like, array-like, int, int
        As in `cross_correlate`.

    Returns
    -------
    ndarray of shape (floor((N - F + 2 P) / S) + 1, ...)

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_course.course.theory import convolve
    >>> convolve(np.arange(1, 17).reshape(4, 4), [[-1, 1], [0, 1]])
    array([[ 0,  1,  2],
           [ 4,  5,  6],
           [ 8,  9, 10]])
    """
    turned = np.flip(np.asarray(kernel))
    return cross_correlate(image, turned, stride=stride, padding=padding)
