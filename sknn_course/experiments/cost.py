"""How long a training may take, to tell how much is left."""

from contextlib import suppress
from math import ceil, prod

from ..base import NeuralEstimator
from ..layers import Conv2d, Dense, layer_shapes

STEP_SECONDS = 1e-4  # of one network among others, whatever its size
MULTIPLICATIONS_PER_SECOND = 2e10


def work(estimator, data):
    """Seconds that fitting may take, to judge what is left.

    Parameters
    ----------
    estimator : estimator
    data : Bunch

    Returns
    -------
    float
        Right within a factor of a few; only ratios should be used.

    Examples
    --------
    >>> from sknn_course import MLPClassifier
    >>> from sknn_course.experiments.data import load
    >>> from sknn_course.experiments.training import work
    >>> data = load("digits")
    >>> small, large = MLPClassifier((10,)), MLPClassifier((1000,))
    >>> 0 < work(small, data) < work(large, data)
    True
    """
    X, y = data.train
    if not isinstance(estimator, NeuralEstimator):
        return 0.5
    n_outputs = 1 if y.dtype.kind == "f" else int(y.max()) + 1
    batch = estimator.batch_size
    batch = min(200, len(X)) if batch == "auto" else batch
    steps = estimator.max_iter * ceil(len(X) / batch)
    each = 1e5
    with suppress(Exception):  # a wrong record is told of when it is trained
        each = _multiplications(estimator, X.shape[1], n_outputs)
    products = 3 * each * estimator.max_iter * len(X)  # forward, back, gradient
    return steps * STEP_SECONDS + products / MULTIPLICATIONS_PER_SECOND


def _multiplications(estimator, n_features, n_outputs):
    """Of one row's forward pass."""
    shape = (n_features,)
    if hasattr(estimator, "input_shape"):
        side = round(n_features**0.5)
        shape = estimator.input_shape or (1, side, side)
        shape = (1, *shape) if len(shape) == 2 else tuple(shape)
    layers = estimator._layers(shape, n_outputs)
    shapes = layer_shapes(layers, shape)
    total = 0
    for layer, before, after in zip(layers, shapes, shapes[1:], strict=False):
        if isinstance(layer, Dense):
            total += prod(before) * layer.units
        elif isinstance(layer, Conv2d):
            total += prod(after) * before[0] * prod(layer.window)
    return total
