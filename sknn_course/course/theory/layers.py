"""Layers forward and backward, as FMAN45 assignment 3 derives them.

A layer maps x to y. From dL/dy, written ``dy``, its backward pass gives dL/dx and
the gradients of its parameters. One sample is a vector; a batch has the samples on
the last axis, so that its matrix has them as columns. The networks of
`sknn_course._engine.ops` compute the same with samples as rows.

References
----------
.. [1] FMAN45 Machine Learning, assignment 3, exercises 1 to 4, Lund 2019.
"""

import numpy as np
from scipy.special import expit, log_softmax, softmax


def dense_forward(x, A, b):
    """y = A x + b, for one sample or for each column of a batch.

    Parameters
    ----------
    x : array of shape (n,) or (..., n_samples)
        One sample, or samples on the last axis, whose other axes have n values.
    A : array of shape (m, n)
    b : array of shape (m,)

    Returns
    -------
    ndarray of shape (m,) or (m, n_samples)

    Raises
    ------
    ValueError
        If a sample does not have n values.

    Examples
    --------
    >>> from sknn_course.course.theory import dense_forward
    >>> dense_forward([1, 2], [[1, 0], [0, 3], [1, 1]], [0, 0, 10])
    array([ 1,  6, 13])
    """
    X, A, b = _columns(x, A), np.asarray(A), np.asarray(b)
    Y = A @ X + b[:, None]  # (m, n_samples)
    return Y[:, 0] if np.ndim(x) == 1 else Y


def dense_backward(x, A, dy):
    """dx = A^T dy, dA = dy x^T, db = dy; of a batch the sums over its samples.

    Parameters
    ----------
    x : array of shape (n,) or (..., n_samples)
    A : array of shape (m, n)
    dy : array of shape (m,) or (m, n_samples)
        Gradient with respect to the output.

    Returns
    -------
    dx : ndarray of the shape of ``x``
    dA : ndarray of shape (m, n)
    db : ndarray of shape (m,)

    Examples
    --------
    >>> from sknn_course.course.theory import dense_backward
    >>> dx, dA, db = dense_backward([1, 2], [[1, 0], [0, 3], [1, 1]], [1, 0, -1])
    >>> dx.tolist(), dA.tolist(), db.tolist()
    ([0, -1], [[1, 2], [0, 0], [-1, -2]], [1, 0, -1])
    """
    X, A = _columns(x, A), np.asarray(A)
    dY = np.asarray(dy).reshape(len(A), -1)  # (m, n_samples)
    return (A.T @ dY).reshape(np.shape(x)), dY @ X.T, dY.sum(1)


def _columns(x, A):
    """A sample or batch as a matrix, one column for each sample."""
    x, (_, n) = np.asarray(x), np.shape(A)
    n_samples = 1 if x.ndim == 1 else x.shape[-1]
    if x.size != n * n_samples:
        raise ValueError(
            f"x of shape {x.shape} has {x.size // n_samples} values in a sample, "
            f"the columns of A are {n}: they must be equally many."
        )
    return x.reshape(n, n_samples)


def relu_forward(x):
    """max(x, 0), elementwise.

    Parameters
    ----------
    x : array-like

    Examples
    --------
    >>> from sknn_course.course.theory import relu_forward
    >>> relu_forward([-1.0, 0.0, 2.0])
    array([0., 0., 2.])
    """
    return np.maximum(x, 0)


def relu_backward(x, dy):
    """dx = dy [x > 0]; the derivative at 0 is taken as 0.

    Parameters
    ----------
    x, dy : array-like of equal shape
        Input of the layer, gradient with respect to its output.

    Returns
    -------
    ndarray of the shape of ``x``

    Examples
    --------
    >>> from sknn_course.course.theory import relu_backward
    >>> relu_backward([-1.0, 0.0, 2.0], [5.0, 5.0, 5.0])
    array([0., 0., 5.])
    """
    return np.where(np.asarray(x) > 0, dy, 0)


def softplus_forward(x):
    """ln(1 + e^x), the smooth ReLU, without overflow.

    Parameters
    ----------
    x : array-like

    Examples
    --------
    >>> from sknn_course.course.theory import softplus_forward
    >>> softplus_forward([-1000.0, 0.0, 1000.0]).round(4).tolist()
    [0.0, 0.6931, 1000.0]
    """
    return np.logaddexp(0, x)


def softplus_backward(x, dy):
    """dx = dy / (1 + e^-x): the derivative is the logistic function.

    Parameters
    ----------
    x, dy : array-like of equal shape

    Returns
    -------
    ndarray of the shape of ``x``

    Examples
    --------
    >>> from sknn_course.course.theory import softplus_backward
    >>> softplus_backward([0.0, 1000.0], [2.0, 2.0])
    array([1., 2.])
    """
    return np.asarray(dy) * expit(x)


def softmax_loss_forward(scores, classes):
    """Mean over samples of -x_c + ln sum_k e^(x_k), without overflow.

    Parameters
    ----------
    scores : array of shape (n_classes,) or (n_classes, n_samples)
    classes : int or array of int of shape (n_samples,)
        Row c of the true class.

    Returns
    -------
    float

    Examples
    --------
    >>> from sknn_course.course.theory import softmax_loss_forward
    >>> round(softmax_loss_forward([5.0, 4.0, 2.0], 0), 4)  # -ln 0.7054
    0.349
    >>> softmax_loss_forward([1000.0, 0.0], 1)
    1000.0
    """
    X, c = _scores(scores, classes)
    return float(-log_softmax(X, axis=0)[c, np.arange(len(c))].mean())


def softmax_loss_backward(scores, classes):
    """dx = (softmax(x) - one-hot(c)) / n_samples

    Parameters
    ----------
    scores : array of shape (n_classes,) or (n_classes, n_samples)
    classes : int or array of int of shape (n_samples,)

    Returns
    -------
    ndarray of the shape of ``scores``

    Examples
    --------
    >>> from sknn_course.course.theory import softmax_loss_backward
    >>> softmax_loss_backward([5.0, 4.0, 2.0], 0).round(4)
    array([-0.2946,  0.2595,  0.0351])
    """
    X, c = _scores(scores, classes)
    dX = softmax(X, axis=0)
    dX[c, np.arange(len(c))] -= 1
    return (dX / len(c)).reshape(np.shape(scores))


def _scores(scores, classes):
    X, c = np.asarray(scores, float), np.atleast_1d(classes)
    return X.reshape(len(X), -1), c
