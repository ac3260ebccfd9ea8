"""Why gradients vanish: the chain of factors through the layers of a network.

With z^l = W^l a^(l-1) + b^l and a^l = f(z^l), the errors delta^l = dC/dz^l are::

    delta^L = f'(z^L) * dC/da^L,   delta^l = f'(z^l) * (W^(l+1))^T delta^(l+1)

Each layer between multiplies by a weight and by f', which is at most 1/4 for the
logistic function (at z = 0, where the Kiel sheet prints a strict <), and 0 or 1 for
the ReLU.

References
----------
.. [1] M. Nielsen, "Neural Networks and Deep Learning", chapter 5, 2015.
.. [2] Kiel NNDL 2020, sheet 4.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import expit, softmax
from sklearn.utils import check_random_state

ACTIVATIONS = {
    "identity": (lambda z: z, np.ones_like),
    "logistic": (expit, lambda z: expit(z) * expit(-z)),
    "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    "relu": (lambda z: np.maximum(z, 0), lambda z: (z > 0).astype(float)),
}
"""Name to function and derivative."""


class NeuronChain(NamedTuple):
    """Values along a network with one neuron in each layer.

    Parameters
    ----------
    z, a : ndarray of shape (n_layers,)
        Before and after the activation.
    factors : ndarray of shape (n_layers - 1,)
        w_(l+1) f'(z_l): by this the gradient changes from layer l + 1 to l.
    gradients : ndarray of shape (n_layers,)
        dC/db_l.
    """

    z: np.ndarray
    a: np.ndarray
    factors: np.ndarray
    gradients: np.ndarray


def neuron_chain(x, weights, biases, cost_derivative, activation="logistic"):
    """dC/db_l = f'(z_l) w_(l+1) f'(z_(l+1)) ... w_L f'(z_L) dC/da_L, for each l.

    Parameters
    ----------
    x : float
    weights, biases : sequence of float
        One for each layer.
    cost_derivative : callable
        Takes a_L, returns dC/da_L.
    activation : {'identity', 'logistic', 'tanh', 'relu'}, default='logistic'

    Returns
    -------
    NeuronChain

    Examples
    --------
    >>> from sknn_course.course.theory import neuron_chain
    >>> chain = neuron_chain(0.0, [1, 1, 1], [0.0, -0.5, -0.5], lambda a: 1.0)
    >>> chain.gradients  # quarters
    array([0.015625, 0.0625  , 0.25    ])
    """
    f, derivative = _activation(activation)
    zs, activations = [], [float(x)]
    for w, b in zip(weights, biases, strict=True):
        zs.append(w * activations[-1] + b)
        activations.append(float(f(zs[-1])))
    z, a = np.array(zs), np.array(activations[1:])
    slopes = derivative(z)
    factors = np.asarray(weights, float)[1:] * slopes[:-1]
    # The product runs from the last layer back to each one.
    chain = np.append(factors, slopes[-1] * cost_derivative(a[-1]))
    return NeuronChain(z, a, factors, np.cumprod(chain[::-1])[::-1])


def layer_errors(weights, z, output_error, activation):
    """Errors delta^l of all layers, from the last one's back to the first's.

    Parameters
    ----------
    weights : sequence of L arrays of shape (n_out, n_in)
    z : sequence of L arrays of shape (n_samples, n_out)
        Before the activation of each layer.
    output_error : array of shape (n_samples, n_outputs)
        delta^L: f'(z^L) dC/da^L, or y_hat - y of a softmax with log-likelihood.
    activation : {'identity', 'logistic', 'tanh', 'relu'}
        Of the layers before the last.

    Returns
    -------
    list of L ndarrays of shape (n_samples, n_out)

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_course.course.theory import layer_errors
    >>> errors = layer_errors([np.eye(2), np.full((1, 2), 8.0)],
    ...                       [np.zeros((1, 2)), np.zeros((1, 1))], [[1.0]], "logistic")
    >>> errors[0]
    array([[2., 2.]])
    """
    derivative = _activation(activation)[1]
    errors = [np.asarray(output_error, float)]
    for W, z_before in zip(weights[:0:-1], z[-2::-1], strict=True):
        errors.insert(0, errors[0] @ W * derivative(z_before))
    return errors


def gradient_norms(weights, biases, X, Y, activation):
    """Norm of the gradient of each layer's weights, for softmax and log-likelihood.

    Parameters
    ----------
    weights : sequence of arrays of shape (n_out, n_in)
    biases : sequence of arrays of shape (n_out,)
    X : array of shape (n_samples, n_inputs)
    Y : array of shape (n_samples, n_classes)
        One-hot rows.
    activation : {'identity', 'logistic', 'tanh', 'relu'}
        Of the hidden layers.

    Returns
    -------
    ndarray of shape (n_layers,)
        Frobenius norms of the gradients of the mean loss.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_course.course.theory import gradient_norms
    >>> gradient_norms([np.zeros((2, 1))], [np.zeros(2)], np.ones((1, 1)),
    ...                np.array([[1, 0]]), "logistic").round(4)
    array([0.7071])
    """
    f = _activation(activation)[0]
    z, inputs = [], [np.asarray(X, float)]
    for W, b in zip(weights, biases, strict=True):
        z.append(inputs[-1] @ W.T + b)
        inputs.append(f(z[-1]))
    output_error = (softmax(z[-1], axis=1) - Y) / len(inputs[0])
    errors = layer_errors(weights, z, output_error, activation)
    return np.array(
        [np.linalg.norm(d.T @ a) for d, a in zip(errors, inputs[:-1], strict=True)]
    )


def gradient_norms_by_depth(
    X, Y, activation, *, depths=range(1, 7), width=100, random_state=None
):
    """`gradient_norms` of fresh networks with ever more hidden layers.

    Weights are Glorot uniform, biases zero, as on the Kiel sheet.

    Parameters
    ----------
    X : array of shape (n_samples, n_inputs)
    Y : array of shape (n_samples, n_classes)
        One-hot rows.
    activation : {'identity', 'logistic', 'tanh', 'relu'}
    depths : iterable of int, default=range(1, 7)
        Numbers of hidden layers.
    width : int, default=100
        Units of each hidden layer.
    random_state : int, RandomState instance or None, default=None

    Returns
    -------
    dict of int to ndarray of shape (depth + 1,)
        Norms from the first layer to the output layer.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_course.course.theory import gradient_norms_by_depth
    >>> X, Y = np.ones((20, 5)), np.eye(2)[[0, 1] * 10]
    >>> norms = gradient_norms_by_depth(X, Y, "logistic", depths=[6], random_state=0)
    >>> bool(norms[6][0] < 1e-3 * norms[6][-1])
    True
    """
    rng = check_random_state(random_state)
    result = {}
    for depth in depths:
        sizes = [np.shape(X)[1], *[width] * depth, np.shape(Y)[1]]
        pairs = list(zip(sizes[1:], sizes[:-1], strict=True))
        weights = [rng.uniform(-1, 1, pair) * np.sqrt(6 / sum(pair)) for pair in pairs]
        biases = [np.zeros(n_out) for n_out, _ in pairs]
        result[depth] = gradient_norms(weights, biases, X, Y, activation)
    return result


def _activation(name):
    if name not in ACTIVATIONS:
        raise ValueError(
            f"activation={name!r} is unknown: use one of {[*ACTIVATIONS]}."
        )
    return ACTIVATIONS[name]
