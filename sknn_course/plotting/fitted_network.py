"""What the displays read from a fitted estimator."""

from numbers import Integral

import torch
from sklearn.compose import TransformedTargetRegressor
from sklearn.pipeline import Pipeline
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from sknn_course._compat import BaseSearchCV

from .._engine.ops.build import build_module
from .._engine.ops.initialisers import initial_parameters
from .._estimator.base import NeuralEstimator


def last_step(estimator, X=None):
    """The fitted estimator at the end of pipelines and searches.

    Parameters
    ----------
    estimator : estimator
        Fitted; a pipeline, a search or a `TransformedTargetRegressor` gives what it
        ends in.
    X : array-like, default=None
        Rows that the estimator takes.

    Returns
    -------
    network : estimator
    X : array-like or None
        The rows as they reach it.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sknn_course.plotting.fitted_network import last_step
    >>> X, y = load_iris(return_X_y=True)
    >>> pipeline = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
    >>> network, scaled = last_step(pipeline, X)
    >>> network, scaled.mean().round(2) + 0
    (LogisticRegression(), np.float64(0.0))
    """
    check_is_fitted(estimator)
    if isinstance(estimator, BaseSearchCV):
        return last_step(estimator.best_estimator_, X)
    if isinstance(estimator, TransformedTargetRegressor):
        return last_step(estimator.regressor_, X)
    if isinstance(estimator, Pipeline):
        if X is not None and len(estimator) > 1:
            X = estimator[:-1].transform(X)
        return last_step(estimator[-1], X)
    return estimator, X


def require_network(estimator, caller):
    """Refuse what is no network of this package.

    Raises
    ------
    TypeError
    """
    if not isinstance(estimator, NeuralEstimator):
        raise TypeError(
            f"{caller} looks into the networks of sknn_course, got "
            f"estimator={estimator!r}."
        )


def module_of(network, weights="fitted"):
    """The torch module of a network, fitted or as it was before training.

    Parameters
    ----------
    network : NeuralEstimator
        Fitted.
    weights : {'fitted', 'initial'}
        The initial weights are drawn again from an integer ``random_state``.

    Returns
    -------
    torch.nn.Sequential
        In evaluation mode; not to be changed.

    Raises
    ------
    ValueError
        If ``weights`` is something else, or the initial weights cannot be known.
    """
    if weights == "fitted":
        return network._module
    if weights != "initial":
        raise ValueError(f"weights={weights!r} is unknown: use 'fitted' or 'initial'.")
    if not isinstance(network, NeuralEstimator) or not isinstance(
        network.random_state, Integral
    ):
        raise ValueError(
            "weights='initial' are drawn again, which needs a network of sknn_course "
            f"with an integer random_state: got {network!r}."
        )
    layout = network._layout
    dtype = next(network._module.parameters()).dtype
    flat = initial_parameters(
        layout,
        network.weight_init,
        network.bias_init,
        network.activation,
        check_random_state(network.random_state),  # whose first draws these are
    )
    return build_module(
        layout, torch.as_tensor(flat, dtype=dtype), layout.initial_buffers(dtype)
    )


def trained_layers(module):
    """The dense layers and convolutions of a module, from input to output."""
    return [
        part
        for part in module.modules()
        if isinstance(part, torch.nn.Linear | torch.nn.Conv2d)
    ]


def weights_of(estimator, weights="fitted"):
    """Weights and biases of each layer.

    Parameters
    ----------
    estimator : estimator
        With ``coefs_`` and ``intercepts_``, as scikit-learn's MLP has them.
    weights : {'fitted', 'initial'}
        See `module_of`.

    Returns
    -------
    coefs, intercepts : list of ndarray
        Dense weights are of shape (fan_in, fan_out), those of convolutions of shape
        (fan_out, fan_in, height, width).

    Raises
    ------
    TypeError
        If the estimator has no such attributes.
    """
    network, _ = last_step(estimator)
    if weights != "fitted":
        layers = trained_layers(module_of(network, weights))
        coefs = [part.weight.detach().numpy() for part in layers]
        coefs = [w.T if w.ndim == 2 else w for w in coefs]
        return coefs, [part.bias.detach().numpy() for part in layers]
    if not hasattr(network, "coefs_"):
        raise TypeError(
            f"estimator={network!r} has no attribute coefs_: pass a fitted network."
        )
    return list(network.coefs_), list(network.intercepts_)


def layer_at(arrays, layer):
    """One layer's array, with a clear error for a wrong place.

    Raises
    ------
    ValueError
    """
    if not -len(arrays) <= layer < len(arrays):
        raise ValueError(
            f"layer={layer!r} does not exist: the network has {len(arrays)} layers "
            f"with weights, 0 to {len(arrays) - 1}."
        )
    return arrays[layer]
