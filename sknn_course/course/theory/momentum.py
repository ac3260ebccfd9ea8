"""Momentum as a moving average of gradients, weight decay outside it.

FMAN45 assignment 3 writes the step as::

    m <- mu m + (1 - mu) g,   theta <- theta - alpha (m + wd theta)

The estimators' solver 'sgd' has the classic form u <- mu u + lr g, theta <- theta - u,
with the decay theta <- theta - lr weight_decay theta beside it: the same steps for
lr = alpha (1 - mu) and weight_decay = wd / (1 - mu).
"""

import numpy as np


def moving_average_momentum(
    theta, gradient, n_steps, *, learning_rate, momentum, weight_decay=0.0
):
    """Take steps as the practical writes them.

    Parameters
    ----------
    theta : array-like
        Where to start.
    gradient : callable
        Takes theta, returns the gradient of the loss there.
    n_steps : int
    learning_rate : float
        alpha.
    momentum : float
        mu, in [0, 1); 0 is gradient descent with weight decay.
    weight_decay : float, default=0.0
        wd, on all parameters.

    Returns
    -------
    ndarray of shape (n_steps + 1, ...)
        theta before the first step and after each.

    Examples
    --------
    >>> from sknn_course.course.theory import moving_average_momentum
    >>> moving_average_momentum(1.0, lambda theta: theta, 2,
    ...                         learning_rate=0.5, momentum=0.5)
    array([1.    , 0.75  , 0.4375])
    """
    theta = np.array(theta, float)
    m = np.zeros_like(theta)
    path = [theta]
    for _ in range(n_steps):
        m = momentum * m + (1 - momentum) * np.asarray(gradient(theta))
        theta = theta - learning_rate * (m + weight_decay * theta)
        path.append(theta)
    return np.array(path)


def sgd_parameters(learning_rate, momentum, weight_decay=0.0):
    """Parameters with which the estimators take the practical's steps.

    Parameters
    ----------
    learning_rate, momentum, weight_decay : float
        alpha, mu in [0, 1) and wd of `moving_average_momentum`.

    Returns
    -------
    dict
        Parameters of `sknn_course.MLPClassifier` and its siblings; ``alpha`` there is
        scikit-learn's penalty, which is not wanted.

    Examples
    --------
    >>> from sknn_course.course.theory import sgd_parameters
    >>> sgd_parameters(0.1, 0.75, 0.005)
    {'solver': 'sgd', 'learning_rate_init': 0.025, 'momentum': 0.75,
     'nesterovs_momentum': False, 'weight_decay': 0.02, 'penalize_bias': True,
     'alpha': 0.0}
    """
    if not 0 <= momentum < 1:
        raise ValueError(f"momentum={momentum!r} must be in [0, 1).")
    return {
        "solver": "sgd",
        "learning_rate_init": learning_rate * (1 - momentum),
        "momentum": momentum,
        "nesterovs_momentum": False,
        "weight_decay": weight_decay / (1 - momentum),
        "penalize_bias": True,
        "alpha": 0.0,
    }
