"""Gradients by central differences, to check those derived by hand.

References
----------
.. [1] FMAN45 Machine Learning, assignment 3, Lund 2019 (the practical's own check).
"""

from typing import NamedTuple

import numpy as np


class GradientCheck(NamedTuple):
    """A gradient beside its central differences.

    Parameters
    ----------
    numerical : ndarray
        Central differences.
    relative_error : float
        ``|gradient - numerical| / (|gradient| + |numerical|)`` in Euclidean norms;
        0 where both are zero. About 1e-10 for a right gradient, above 1e-4 for a
        wrong one.
    """

    numerical: np.ndarray
    relative_error: float


def numerical_gradient(function, x, step=1e-5):
    """(f(x + step e_i) - f(x - step e_i)) / (2 step) for each element of x.

    Parameters
    ----------
    function : callable
        Takes an array of the shape of ``x``, returns a number.
    x : array-like
    step : float, default=1e-5

    Returns
    -------
    ndarray of the shape of ``x``

    See Also
    --------
    scipy.optimize.check_grad : Forward differences, of vectors.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_course.course.theory import numerical_gradient
    >>> numerical_gradient(lambda x: np.sum(x**3), [1.0, 2.0]).round(6)
    array([ 3., 12.])
    """
    x = np.array(x, dtype=float)
    gradient = np.empty_like(x)
    for index in np.ndindex(x.shape):
        value = x[index]
        x[index] = value + step
        above = function(x)
        x[index] = value - step
        gradient[index] = (above - function(x)) / (2 * step)
        x[index] = value
    return gradient


def gradient_check(function, gradient, x, step=1e-5):
    """Compare a gradient with central differences.

    A layer with output y is checked through the number ``sum(dy * y)``, whose
    gradient is what the layer's backward pass makes of ``dy``.

    Parameters
    ----------
    function : callable
        Takes an array of the shape of ``x``, returns a number.
    gradient : array of the shape of ``x``
        The gradient to check.
    x : array-like
    step : float, default=1e-5

    Returns
    -------
    GradientCheck

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_course.course.theory import (
    ...     gradient_check,
    ...     relu_backward,
    ...     relu_forward,
    ... )
    >>> x, dy = np.array([-1.0, 0.5, 2.0]), np.array([1.0, 2.0, 3.0])
    >>> dx = relu_backward(x, dy)
    >>> gradient_check(lambda x: dy @ relu_forward(x), dx, x).relative_error < 1e-9
    True
    """
    numerical = numerical_gradient(function, x, step)
    gradient = np.asarray(gradient, float)
    if gradient.shape != numerical.shape:
        raise ValueError(
            f"gradient has the shape {gradient.shape}, x {numerical.shape}: "
            "they must be equal."
        )
    size = np.linalg.norm(gradient) + np.linalg.norm(numerical)
    difference = np.linalg.norm(gradient - numerical)
    return GradientCheck(numerical, float(difference / size) if size else 0.0)
