"""One step of gradient descent worked by hand, every intermediate value shown.

The network of the Kiel NNDL 2020 sheet 4: one hidden ReLU layer, linear output,
half the squared error. Weights are of shape (n_out, n_in), as on the sheet.

The sheet calls its loss a sum, 1/2 sum (y - y_hat)^2, but divides the update by the
batch size: ``reduction='mean'`` gives its figures, 'sum' those of the sum.
"""

from typing import NamedTuple

import numpy as np

from .layers import relu_backward, relu_forward

WORKED_EXAMPLE = {
    "X": np.array([[-1.0, 1.0], [2.0, -1.0]]),
    "y": np.array([1.0, -1.0]),
    "W1": np.array([[1.0, 2.0], [0.0, -1.0], [-1.0, -3.0], [-2.0, 2.0]]),
    "b1": np.array([-2.0, 2.0, 0.0, -2.0]),
    "W2": np.array([[1.0, 0.0, -1.0, 2.0]]),
    "b2": np.array([-2.0]),
    "learning_rate": 0.5,
}
"""The sheet's 2-4-1 network, its two samples and learning rate."""


class BackpropagationStep(NamedTuple):
    """All values of one step; samples are rows.

    Parameters
    ----------
    z1, a1 : ndarray of shape (n_samples, n_hidden)
        Hidden layer before and after the ReLU.
    y_hat : ndarray of shape (n_samples, n_outputs)
        Linear output.
    delta2 : ndarray of shape (n_samples, n_outputs)
        Errors of the output, y_hat - y.
    delta1 : ndarray of shape (n_samples, n_hidden)
        Errors of the hidden layer, (delta2 W2) [z1 > 0].
    gradients : dict of str to ndarray
        Of W1, b1, W2 and b2: sums over samples, divided by n_samples for 'mean'.
    updated : dict of str to ndarray
        The parameters after the step.
    loss_before, loss_after : float
        1/2 sum (y - y_hat)^2 over the samples.
    """

    z1: np.ndarray
    a1: np.ndarray
    y_hat: np.ndarray
    delta2: np.ndarray
    delta1: np.ndarray
    gradients: dict
    updated: dict
    loss_before: float
    loss_after: float


def backpropagation_step(X, y, W1, b1, W2, b2, learning_rate, reduction="mean"):
    """Forward pass, errors, gradients and new parameters of one step.

    Parameters
    ----------
    X : array of shape (n_samples, n_inputs)
    y : array of shape (n_samples,) or (n_samples, n_outputs)
    W1 : array of shape (n_hidden, n_inputs)
    b1 : array of shape (n_hidden,)
    W2 : array of shape (n_outputs, n_hidden)
    b2 : array of shape (n_outputs,)
    learning_rate : float
    reduction : {'mean', 'sum'}, default='mean'
        Of the gradients over the samples.

    Returns
    -------
    BackpropagationStep

    Examples
    --------
    >>> from sknn_course.course.theory import WORKED_EXAMPLE, backpropagation_step
    >>> step = backpropagation_step(**WORKED_EXAMPLE)
    >>> step.delta1
    array([[0., 0., 0., 2.],
           [0., 0., 2., 0.]])
    >>> step.updated["W2"], step.loss_before, step.loss_after
    (array([[ 1.  ,  1.25, -0.5 ,  1.5 ]]), 2.5, 4.78125)
    """
    if reduction not in ("mean", "sum"):
        raise ValueError(f"reduction={reduction!r} is unknown: use 'mean' or 'sum'.")
    X, W1, b1, W2, b2 = (np.asarray(v, float) for v in (X, W1, b1, W2, b2))
    y = np.asarray(y, float).reshape(len(X), -1)
    z1, a1, y_hat = _forward(X, W1, b1, W2, b2)
    delta2 = y_hat - y
    delta1 = relu_backward(z1, delta2 @ W2)
    n = len(X) if reduction == "mean" else 1
    gradients = {
        "W1": delta1.T @ X / n,
        "b1": delta1.sum(0) / n,
        "W2": delta2.T @ a1 / n,
        "b2": delta2.sum(0) / n,
    }
    before = {"W1": W1, "b1": b1, "W2": W2, "b2": b2}
    updated = {k: before[k] - learning_rate * gradients[k] for k in before}
    after = _forward(X, **updated)[2]
    losses = (float(((out - y) ** 2).sum() / 2) for out in (y_hat, after))
    return BackpropagationStep(
        z1, a1, y_hat, delta2, delta1, gradients, updated, *losses
    )


def _forward(X, W1, b1, W2, b2):
    z1 = X @ W1.T + b1
    a1 = relu_forward(z1)
    return z1, a1, a1 @ W2.T + b2
