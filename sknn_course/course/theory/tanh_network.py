"""The network of RDFIA practical 2: one tanh layer, softmax, gradients by hand.

Samples are rows. With weights of shape (n_out, n_in)::

    h = tanh(x Wh^T + bh),  scores = h Wy^T + by,  y_hat = softmax(scores)

The practical prints h~ = x Wh^T without bh, dh/dh~ = 1 - h~^2 in place of 1 - h^2
and transposed errors as bias gradients; the sums over the batch are right.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import logsumexp, softmax


class TanhNetwork(NamedTuple):
    """Parameters of the network, or the gradients of them.

    Parameters
    ----------
    Wh : array of shape (n_hidden, n_inputs)
    bh : array of shape (n_hidden,)
    Wy : array of shape (n_outputs, n_hidden)
    by : array of shape (n_outputs,)
    """

    Wh: np.ndarray
    bh: np.ndarray
    Wy: np.ndarray
    by: np.ndarray


def cross_entropy(scores, Y):
    """Mean over rows of -sum_i y_i s_i + ln sum_i e^(s_i); equals -sum y ln softmax(s).

    Parameters
    ----------
    scores : array of shape (n_samples, n_classes)
        Outputs before the softmax.
    Y : array of shape (n_samples, n_classes)
        One-hot rows, or rows that sum to 1.

    Returns
    -------
    float

    Examples
    --------
    >>> from sknn_course.course.theory import cross_entropy
    >>> round(cross_entropy([[0.0, 0.0]], [[1, 0]]), 4)  # ln 2
    0.6931
    """
    scores = np.asarray(scores, float)
    return float(np.mean(logsumexp(scores, axis=1) - (Y * scores).sum(1)))


def tanh_network_forward(network, X):
    """Hidden units and scores of all rows.

    Parameters
    ----------
    network : TanhNetwork
    X : array of shape (n_samples, n_inputs)

    Returns
    -------
    h : ndarray of shape (n_samples, n_hidden)
    scores : ndarray of shape (n_samples, n_outputs)

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_course.course.theory import TanhNetwork, tanh_network_forward
    >>> network = TanhNetwork(
    ...     Wh=np.ones((1, 2)), bh=np.zeros(1), Wy=np.ones((2, 1)), by=np.arange(2))
    >>> h, scores = tanh_network_forward(network, np.array([[1.0, -1.0]]))
    >>> h.tolist(), scores.tolist()
    ([[0.0]], [[0.0, 1.0]])
    """
    h = np.tanh(X @ network.Wh.T + network.bh)
    return h, h @ network.Wy.T + network.by


def tanh_network_gradients(network, X, Y, reduction="mean"):
    """Gradients of the cross-entropy, by hand.

    With e = y_hat - y, the gradient of the scores (divided by n_samples for
    'mean'), and d = (e Wy) * (1 - h^2), that of h~::

        dWy = e^T h,  dby = sum of e over rows,  dWh = d^T x,  dbh = sum of d

    Parameters
    ----------
    network : TanhNetwork
    X : array of shape (n_samples, n_inputs)
    Y : array of shape (n_samples, n_outputs)
        One-hot rows.
    reduction : {'mean', 'sum'}, default='mean'
        Of the gradients over the rows. The practical takes the sum, so that its
        learning rate is n_samples times that of the mean.

    Returns
    -------
    loss : float
        Mean over the rows.
    gradients : TanhNetwork

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_course.course.theory import TanhNetwork, tanh_network_gradients
    >>> network = TanhNetwork(
    ...     Wh=np.ones((1, 2)), bh=np.zeros(1), Wy=np.ones((2, 1)), by=np.zeros(2))
    >>> loss, gradients = tanh_network_gradients(
    ...     network, np.array([[0.0, 0.0]]), np.array([[1, 0]]))
    >>> gradients.by.tolist()
    [-0.5, 0.5]
    """
    if reduction not in ("mean", "sum"):
        raise ValueError(f"reduction={reduction!r} is unknown: use 'mean' or 'sum'.")
    h, scores = tanh_network_forward(network, X)
    n = len(X) if reduction == "mean" else 1
    e = (softmax(scores, axis=1) - Y) / n  # (n_samples, n_outputs)
    d = (e @ network.Wy) * (1 - h**2)  # (n_samples, n_hidden)
    gradients = TanhNetwork(d.T @ X, d.sum(0), e.T @ h, e.sum(0))
    return cross_entropy(scores, Y), gradients


def gradient_descent_step(network, gradients, learning_rate):
    """Every parameter minus the learning rate times its gradient.

    Parameters
    ----------
    network, gradients : TanhNetwork
    learning_rate : float

    Returns
    -------
    TanhNetwork

    Examples
    --------
    >>> from sknn_course.course.theory import TanhNetwork, gradient_descent_step
    >>> gradient_descent_step(TanhNetwork(1, 1, 1, 1), TanhNetwork(1, 2, 3, 4), 0.5)
    TanhNetwork(Wh=0.5, bh=0.0, Wy=-0.5, by=-1.0)
    """
    return TanhNetwork(
        *(p - learning_rate * g for p, g in zip(network, gradients, strict=True))
    )
