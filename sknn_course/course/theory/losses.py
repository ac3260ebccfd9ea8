"""The losses of the course with their factors, their derivatives and minima.

Targets and predictions have one row for each of p samples.

References
----------
.. [1] Kiel NNDL 2020, sheets 4 and 5: mean squared error with 1/(2p), cross-entropy
   with 1/p; the log-likelihood is printed without 1/p, but its figures are means.
"""

import numpy as np
from scipy.special import entr, logsumexp, xlogy


def mean_squared_error(y, y_hat):
    """1/(2p) sum over samples and outputs of (y - y_hat)^2.

    Parameters
    ----------
    y, y_hat : array of shape (p,) or (p, n_outputs)

    Returns
    -------
    float

    See Also
    --------
    sklearn.metrics.mean_squared_error : Without 1/2, mean over outputs.

    Examples
    --------
    >>> from sknn_course.course.theory import mean_squared_error
    >>> mean_squared_error([[0.0, 0.0], [0.0, 0.0]], [[1.0, 1.0], [2.0, 2.0]])
    2.5
    """
    difference = np.subtract(y, y_hat)
    return float((difference**2).sum() / (2 * len(difference)))


def binary_cross_entropy(y, y_hat):
    """-1/p sum over samples and outputs of y ln y_hat + (1 - y) ln(1 - y_hat).

    0 ln 0 is 0. It is not negative, and for given y least at y_hat = y, where it is
    `binary_entropy` of y.

    Parameters
    ----------
    y, y_hat : array of shape (p,) or (p, n_outputs)
        In [0, 1].

    Returns
    -------
    float

    Examples
    --------
    >>> from sknn_course.course.theory import binary_cross_entropy
    >>> binary_cross_entropy([0, 1], [0.0, 1.0])
    0.0
    >>> round(binary_cross_entropy([0, 1], [0.5, 0.5]), 4)
    0.6931
    """
    y, y_hat = np.asarray(y, float), np.asarray(y_hat, float)
    total = xlogy(y, y_hat) + xlogy(1 - y, 1 - y_hat)
    return float(-total.sum() / len(y)) + 0.0  # no -0.0


def binary_cross_entropy_derivative(y, y_hat):
    """-y / y_hat + (1 - y) / (1 - y_hat), per sample, not divided by p.

    Parameters
    ----------
    y, y_hat : array-like
        y_hat in (0, 1).

    Returns
    -------
    ndarray

    Examples
    --------
    >>> from sknn_course.course.theory import binary_cross_entropy_derivative
    >>> binary_cross_entropy_derivative([0.5, 1.0], [0.5, 0.5])
    array([ 0., -2.])
    """
    y, y_hat = np.asarray(y, float), np.asarray(y_hat, float)
    return -y / y_hat + (1 - y) / (1 - y_hat)


def binary_cross_entropy_second_derivative(y, y_hat):
    """y / y_hat^2 + (1 - y) / (1 - y_hat)^2 > 0, per sample: the loss is convex.

    Parameters
    ----------
    y, y_hat : array-like
        y_hat in (0, 1).

    Returns
    -------
    ndarray

    Examples
    --------
    >>> from sknn_course.course.theory import binary_cross_entropy_second_derivative
    >>> binary_cross_entropy_second_derivative([0.5, 1.0], [0.5, 0.5])
    array([4., 4.])
    """
    y, y_hat = np.asarray(y, float), np.asarray(y_hat, float)
    return y / y_hat**2 + (1 - y) / (1 - y_hat) ** 2


def binary_entropy(y):
    """-y ln y - (1 - y) ln(1 - y): the least cross-entropy for a target y.

    Parameters
    ----------
    y : array-like
        In [0, 1].

    Returns
    -------
    ndarray

    Examples
    --------
    >>> from sknn_course.course.theory import binary_entropy
    >>> binary_entropy([0.0, 0.5]).round(4)
    array([0.    , 0.6931])
    """
    y = np.asarray(y, float)
    return entr(y) + entr(1 - y)


def loss_per_sample(classes, probabilities):
    """-ln p(true class) of each sample, and whether its class is the likeliest.

    A few confident errors outweigh the many samples that are right: the mean loss
    may rise while the accuracy rises too (Kiel NNDL 2020 sheet 5).

    Parameters
    ----------
    classes : array of int of shape (p,)
        Column of the true class.
    probabilities : array of shape (p, n_classes)

    Returns
    -------
    loss : ndarray of shape (p,)
        Infinite where the true class has probability 0.
    right : ndarray of bool of shape (p,)

    Examples
    --------
    >>> from sknn_course.course.theory import loss_per_sample
    >>> loss, right = loss_per_sample([0, 0], [[0.9, 0.1], [0.01, 0.99]])
    >>> loss.round(4), right
    (array([0.1054, 4.6052]), array([ True, False]))
    """
    classes, P = np.asarray(classes), np.asarray(probabilities, float)
    with np.errstate(divide="ignore"):
        loss = -np.log(P[np.arange(len(P)), classes])
    return loss + 0.0, P.argmax(1) == classes


def log_likelihood_loss(classes, probabilities):
    """-1/p sum over samples of ln p(true class).

    Parameters
    ----------
    classes : array of int of shape (p,)
    probabilities : array of shape (p, n_classes)

    Returns
    -------
    float

    See Also
    --------
    sklearn.metrics.log_loss : The same, with probabilities clipped.

    Examples
    --------
    >>> from sknn_course.course.theory import log_likelihood_loss
    >>> round(log_likelihood_loss([0, 1], [[0.5, 0.5], [0.5, 0.5]]), 4)
    0.6931
    """
    return float(loss_per_sample(classes, probabilities)[0].mean())


def double_softmax_loss(classes, probabilities):
    """Cross-entropy of the softmax of probabilities: mean of ln sum_k e^(p_k) - p_c.

    What a loss 'from logits' gives of outputs that a softmax made already. The Kiel
    NNDL 2020 sheet 5 prints it for its MNIST networks.

    Parameters
    ----------
    classes : array of int of shape (p,)
    probabilities : array of shape (p, n_classes)

    Returns
    -------
    float
        At least `double_softmax_floor`.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_course.course.theory import double_softmax_loss
    >>> round(double_softmax_loss(range(10), np.eye(10)), 6)  # all right and certain
    1.46115
    """
    P = np.asarray(probabilities, float)
    return float(np.mean(logsumexp(P, axis=1) - P[np.arange(len(P)), classes]))


def double_softmax_floor(n_classes):
    """ln(1 + (n_classes - 1) / e), the least double softmax loss.

    A network that is certain of every sample has the floor plus its error rate,
    since one certain error costs 1 more than a sample that is right.

    Parameters
    ----------
    n_classes : int

    Examples
    --------
    >>> from sknn_course.course.theory import double_softmax_floor
    >>> round(double_softmax_floor(10), 6)
    1.46115
    """
    return float(np.log1p((n_classes - 1) / np.e))


def weight_decay_loss(parameters, weight_decay):
    """weight_decay / 2 times the sum of the squares of all parameters.

    The penalty that the FMAN45 starter reports beside its classification loss.

    Parameters
    ----------
    parameters : iterable of array
        Weights and biases.
    weight_decay : float

    Returns
    -------
    float

    Examples
    --------
    >>> from sknn_course.course.theory import weight_decay_loss
    >>> weight_decay_loss([[1.0, 2.0], [3.0]], 0.5)
    3.5
    """
    return weight_decay / 2 * float(sum(np.square(p).sum() for p in parameters))
