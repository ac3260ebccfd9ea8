"""How long experiments may take, and how much time is left."""

import time
from contextlib import suppress
from datetime import timedelta
from math import ceil, prod

from .._estimator.base import NeuralEstimator
from .._estimator.image_rows import find_input_shape
from ..layers import Conv2d, Dense, layer_shapes

STEP_SECONDS = 1e-4  # of one network among others, whatever its size
MULTIPLICATIONS_PER_SECOND = 2e10
STUDY_SECONDS = 2.0


def estimate(training, data, rows, epochs):
    """Seconds that one repetition of a training may take.

    Parameters
    ----------
    training : Training
    data : Bunch
        As from `sknn_course.course.data.load`.
    rows : int or None
        Training rows used; None for all.
    epochs : int

    Returns
    -------
    float
        Right within a factor of a few: only ratios should be used.

    Examples
    --------
    >>> from sknn_course import MLPClassifier
    >>> from sknn_course.course.cost import estimate
    >>> from sknn_course.course.data import load
    >>> from sknn_course.course.experiment import Training
    >>> def seconds(units):
    ...     training = Training(MLPClassifier, {"hidden_layer_sizes": units}, "digits")
    ...     return estimate(training, load("digits"), None, 10)
    >>> 0 < seconds((10,)) < seconds((1000,))
    True
    """
    estimator = training.estimator(**training.params)
    X, y = data.train
    n_rows = len(X) if rows is None else min(rows, len(X))
    if not isinstance(estimator, NeuralEstimator):
        return STUDY_SECONDS
    n_outputs = 1 if y.dtype.kind == "f" else int(y.max()) + 1
    batch = estimator.batch_size
    batch = min(200, n_rows) if batch == "auto" else batch
    each = 1e5
    with suppress(Exception):  # a wrong training is told of when it is trained
        each = _multiplications(estimator, X.shape[1], n_outputs)
    products = 3 * each * epochs * n_rows  # forward, back, and the gradient
    steps = epochs * ceil(n_rows / batch)
    return steps * STEP_SECONDS + products / MULTIPLICATIONS_PER_SECOND


def _multiplications(estimator, n_features, n_outputs):
    """Of one row's forward pass."""
    shape = (n_features,)
    if hasattr(estimator, "input_shape"):
        shape = find_input_shape(estimator.input_shape, None, n_features)
    layers = estimator._layers(shape, n_outputs)
    shapes = layer_shapes(layers, shape)
    total = 0
    for layer, before, after in zip(layers, shapes, shapes[1:], strict=False):
        if isinstance(layer, Dense):
            total += prod(before) * layer.units
        elif isinstance(layer, Conv2d):
            total += prod(after) * before[0] * prod(layer.window)
    return total


class Progress:
    """What is done, and how much time is left.

    Parameters
    ----------
    estimates : dict of str to float or None
        Seconds of each training, by id; None for a study.

    Examples
    --------
    >>> from sknn_course.course.cost import Progress
    >>> progress = Progress({"S1.01": None, "S1.02": 10.0, "S1.03": 30.0})
    >>> progress.done(["S1.02"], seconds=1.0)
    >>> progress.left()
    5.0
    """

    def __init__(self, estimates):
        self.estimates = estimates
        self.waiting = dict(estimates)
        self.started = time.perf_counter()
        self._rates = {"training": [0.0, 0.0], "study": [0.0, 0.0]}  # real, estimated

    def done(self, ids, seconds):
        """Take note that experiments are done, in so many seconds together."""
        kinds = {}
        for id in ids:
            given = self.waiting.pop(id)
            kind, amount = _amount(given)
            kinds[kind] = kinds.get(kind, 0.0) + amount
        for kind, amount in kinds.items():
            real_and_estimated = self._rates[kind]
            real_and_estimated[0] += seconds / len(kinds)
            real_and_estimated[1] += amount

    def left(self):
        """Seconds left, by what was done so far."""
        total = 0.0
        for given in self.waiting.values():
            kind, amount = _amount(given)
            real, estimated = self._rates[kind]
            total += amount * (real / estimated if estimated else 1.0)
        return total

    def text(self, id):
        """Number of the experiment, time gone and time left."""
        number = list(self.estimates).index(id) + 1
        gone = time.perf_counter() - self.started
        text = f"[{number}/{len(self.estimates)}] {_clock(gone)} gone"
        return text + (f", about {_clock(self.left())} left" if self.waiting else "")


def _amount(given):
    return ("study", STUDY_SECONDS) if given is None else ("training", given)


def _clock(seconds):
    return str(timedelta(seconds=round(seconds)))
