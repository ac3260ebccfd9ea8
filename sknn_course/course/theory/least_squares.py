"""Least squares from the normal equations, as the Kiel sheets derive them.

w* = (X^T X)^-1 X^T y needs an invertible X^T X and squares the condition number.
`sknn_course.LeastSquaresRegressor` factorises X instead, and takes the solution of
least norm where there are many.
"""

import numpy as np


def augmented(X):
    """X with a leading column of ones, whose weight is the intercept.

    Parameters
    ----------
    X : array of shape (n_samples, n_features)

    Returns
    -------
    ndarray of shape (n_samples, 1 + n_features)

    Examples
    --------
    >>> from sknn_course.course.theory import augmented
    >>> augmented([[5.0], [7.0]])
    array([[1., 5.],
           [1., 7.]])
    """
    return np.insert(np.asarray(X, float), 0, 1.0, axis=1)


def normal_equations(X, y):
    """w with X^T X w = X^T y.

    Parameters
    ----------
    X : array of shape (n_samples, n_features)
        With a column of ones where an intercept is wanted: `augmented`.
    y : array of shape (n_samples,) or (n_samples, n_outputs)

    Returns
    -------
    ndarray of shape (n_features,) or (n_features, n_outputs)

    Raises
    ------
    numpy.linalg.LinAlgError
        If X^T X is singular to rounding.

    See Also
    --------
    sknn_course.LeastSquaresRegressor : Factorises X, for any X.

    Examples
    --------
    >>> from sknn_course.course.theory import augmented, normal_equations
    >>> X = augmented([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    >>> normal_equations(X, [1.0, 3.0, 4.0, 6.0]).round(6)  # 1 + 2 x_0 + 3 x_1
    array([1., 2., 3.])
    """
    X, y = np.asarray(X, float), np.asarray(y, float)
    gram = X.T @ X
    rank = np.linalg.matrix_rank(gram, hermitian=True)
    if rank < len(gram):
        raise np.linalg.LinAlgError(
            f"X^T X of shape {gram.shape} has rank {rank}: the columns of X are "
            "linearly dependent, w is not unique. LeastSquaresRegressor gives the "
            "solution of least norm."
        )
    return np.linalg.solve(gram, X.T @ y)


def linear_loss(X, y, w):
    """(y - X w)^T (y - X w) / (2 p) with p samples.

    Parameters
    ----------
    X : array of shape (p, n_features)
    y : array of shape (p,)
    w : array of shape (n_features,)

    Returns
    -------
    float

    Examples
    --------
    >>> from sknn_course.course.theory import linear_loss
    >>> linear_loss([[1.0], [1.0]], [1.0, 3.0], [0.0])  # (1 + 9) / 4
    2.5
    """
    residual = np.asarray(y, float) - np.asarray(X, float) @ w
    return float(residual @ residual / (2 * len(residual)))


def linear_loss_gradient(X, y, w):
    """X^T (X w - y) / p, the gradient of `linear_loss`.

    The sheets print -2 (y - X w)^T X, which has the same zero.

    Parameters
    ----------
    X : array of shape (p, n_features)
    y : array of shape (p,)
    w : array of shape (n_features,)

    Returns
    -------
    ndarray of shape (n_features,)

    Examples
    --------
    >>> from sknn_course.course.theory import linear_loss_gradient
    >>> linear_loss_gradient([[1.0], [1.0]], [1.0, 3.0], [0.0])
    array([-2.])
    """
    X = np.asarray(X, float)
    return X.T @ (X @ w - y) / len(X)
