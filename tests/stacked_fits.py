"""Fits that may share a stack, and what it means that two of them are the same."""

import copy
from collections import namedtuple

import numpy as np
from numpy.testing import assert_allclose

from sknn_course.cnn import CNNClassifier, CNNRegressor
from sknn_course.mlp import MLPClassifier, MLPRegressor

EPOCHS = 30
ROWS = np.random.RandomState(0).normal(size=(48, 6))
IMAGES = np.random.RandomState(1).normal(size=(48, 2, 6, 6))
SIGNAL = ROWS @ np.array([1.0, -2.0, 0.5, 0.0, 0.0, 0.3]) + np.sin(3 * ROWS[:, 3])
IMAGES[:, 0] += SIGNAL[:, None, None] / 2
TARGETS = {
    "regression": SIGNAL,
    "two numbers": np.column_stack([SIGNAL, ROWS[:, 0] ** 2]),
    "poisson": np.random.RandomState(2).poisson(np.exp(SIGNAL / 3)).astype(float),
    "binary": np.where(SIGNAL > 0, "yes", "no"),
    "multiclass": np.digitize(SIGNAL, [-1.5, 1.0]),
    "multilabel": (ROWS[:, :3] + ROWS[:, 3:] > 0).astype(int),
}
REGRESSION = ("regression", "two numbers", "poisson")

STRUCTURES = {
    "no hidden layer": dict(hidden_layer_sizes=()),
    "one layer": dict(hidden_layer_sizes=(8,)),
    "three layers": dict(hidden_layer_sizes=(7, 5, 4), activation="tanh"),
    "cnn": dict(filters=((3, 2), (4,)), dense_layer_sizes=(5,)),
    "cnn of rows": dict(
        filters=((3,),),
        dense_layer_sizes=(),
        input_shape=(1, 1, 72),
        padding="valid",
        global_pool=True,
        activation="silu",
    ),
}
SOLVERS = {
    "sgd": dict(learning_rate_init=0.05),
    "adam": dict(learning_rate_init=0.01),
    "nadam": dict(learning_rate_init=0.01),
    "rmsprop": dict(learning_rate_init=0.005),
    "adagrad": dict(learning_rate_init=0.02),
    "adadelta": dict(learning_rate_init=1.0, epsilon=1e-6),
}
SMALL_RATE = dict(learning_rate_init=0.01)


def rows(structure):
    if structure == "cnn of rows":
        return IMAGES.reshape(len(IMAGES), -1)
    return IMAGES if structure.startswith("cnn") else ROWS


def estimator(structure, solver, task="multiclass", **options):
    """An estimator that ends after 30 epochs, in double precision."""
    regression = task in REGRESSION
    if structure.startswith("cnn"):
        kind = CNNRegressor if regression else CNNClassifier
    else:
        kind = MLPRegressor if regression else MLPClassifier
    defaults = dict(
        solver=solver,
        batch_size=16,
        max_iter=EPOCHS,
        n_iter_no_change=np.inf,
        random_state=0,
        dtype="float64",
    )
    if task == "poisson":
        defaults["loss"] = "poisson"
    return kind(**defaults | STRUCTURES[structure] | SOLVERS[solver] | options)


# --- fits, alone and together ---

Fit = namedtuple("Fit", ["estimator", "X", "y", "sample_weight"], defaults=[None])


def fits_of(structure, solver, differing, task="multiclass", **common):
    """A fit for each of the dicts `differing`, on rows of its own.

    In batches of 16, the last ones have 16, 9 and 11 rows and one row.
    """
    X, y = rows(structure), TARGETS[task]
    parts = [slice(0, 48), slice(3, 44), slice(21, 48), slice(5, 38)]
    fits = []
    for seed, (part, options) in enumerate(zip(parts, differing, strict=False)):
        options = dict(random_state=seed) | common | options
        own = estimator(structure, solver, task, **options)
        fits.append(Fit(own, X[part], y[part]))
    return fits


def copies(fits):
    return [fit._replace(estimator=copy.deepcopy(fit.estimator)) for fit in fits]


def fit_alone(fits, method="fit"):
    """Fit the estimators one by one."""
    for own, X, y, weight in fits:
        getattr(own, method)(X, y, weight)


def outputs(fitted, X):
    """Probabilities, or numbers."""
    return getattr(fitted, "predict_proba", fitted.predict)(X)


def assert_same_fit(stacked, alone, X):
    """Equal to rounding, which grows with the epochs."""
    double = alone.dtype == "float64"
    first, last = (1e-9, 1e-6) if double else (1e-4, 1e-4)
    assert stacked.n_iter_ == alone.n_iter_
    for name in ("loss_curve_", "validation_loss_curve_"):
        one, other = getattr(stacked, name), getattr(alone, name)
        if other is not None:
            assert_allclose(one[:3], other[:3], rtol=first)
            assert_allclose(one, other, rtol=last)
    if alone.early_stopping:
        for name in ("validation_scores_", "training_score_curve_"):
            one, other = getattr(stacked, name), getattr(alone, name)
            assert_allclose(one, other, rtol=last, atol=last)
    one, other = outputs(stacked, X), outputs(alone, X)
    if double:
        assert_allclose(one, other, rtol=last, atol=1e-7)
    elif hasattr(alone, "predict_proba"):
        assert np.mean(stacked.predict(X) == alone.predict(X)) >= 0.995
    else:
        assert_allclose(one, other, rtol=1e-3, atol=1e-3)
