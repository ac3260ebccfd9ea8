"""Regressors that standardise their targets, beside scikit-learn's way to do so."""

import warnings

import joblib
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.neural_network import MLPRegressor as SklearnMLPRegressor
from sklearn.preprocessing import StandardScaler
from stacked_fits import Fit

from sknn_course import CNNRegressor, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

rng = np.random.RandomState(0)
X, WEIGHT = rng.normal(size=(60, 16)), rng.uniform(0.2, 3.0, 60)
SIGNAL = X[:, 0] - 2 * X[:, 1] + X[:, 2] ** 2
ONE = 3000 + 500 * SIGNAL
SEVERAL = np.column_stack([ONE, np.full(60, 7.0), 1e-3 * X[:, 3]])
SHORT = dict(
    hidden_layer_sizes=(8,),
    learning_rate_init=0.01,
    batch_size=16,
    max_iter=12,
    n_iter_no_change=np.inf,
    random_state=0,
)
DEGREES = {"squared_error": 2, "huber": 2, "absolute_error": 1}


def mlp(**options):
    return MLPRegressor(**SHORT | dict(dtype=None, normalize_y=True) | options)


@pytest.mark.parametrize("y", [ONE, SEVERAL], ids=["one", "several"])
@pytest.mark.parametrize(
    "options",
    [{}, dict(solver="lbfgs"), dict(early_stopping=True), dict(alpha=3.0)],
    ids=str,
)
def test_it_is_scikit_learns_transformed_target_regressor(options, y):
    plain = SklearnMLPRegressor(**SHORT | options)
    wrapped = TransformedTargetRegressor(plain, transformer=StandardScaler()).fit(X, y)
    own = mlp(**options).fit(X, y)
    assert_allclose(own.predict(X), wrapped.predict(X), rtol=1e-8)
    if "solver" not in options:
        unit = 1.0 if y.ndim == 2 else ONE.var()
        curve = np.multiply(wrapped.regressor_.loss_curve_, unit)
        assert_allclose(own.loss_curve_, curve, rtol=1e-8)
        assert own.loss_ == own.loss_curve_[-1]


def standardised(y, weight=None):
    mean = np.average(y, axis=0, weights=weight)
    scale = np.sqrt(np.average((y - mean) ** 2, axis=0, weights=weight))
    return mean, scale


@pytest.mark.parametrize("loss", DEGREES)
def test_weights_and_losses_by_hand(loss):
    mean, scale = standardised(ONE[:40], WEIGHT[:40])
    options = dict(loss=loss, dtype="float64")
    rows = dict(sample_weight=WEIGHT[:40], X_val=X[40:])
    own = mlp(**options).fit(X[:40], ONE[:40], **rows, y_val=ONE[40:])
    plain = mlp(**options, normalize_y=False)
    plain.fit(
        X[:40], (ONE[:40] - mean) / scale, **rows, y_val=(ONE[40:] - mean) / scale
    )
    assert_allclose(own.predict(X), mean + scale * plain.predict(X), rtol=1e-8)
    unit = scale ** DEGREES[loss]
    for name in ("loss_curve_", "validation_loss_curve_", "loss_", "best_loss_"):
        expected = np.multiply(getattr(plain, name), unit)
        assert_allclose(getattr(own, name), expected, rtol=1e-8)
    assert_allclose(own.validation_scores_, plain.validation_scores_, rtol=1e-8)
    if loss != "huber":
        error = np.abs(ONE[40:] - own.predict(X[40:])) ** DEGREES[loss]
        assert_allclose(own.validation_loss_curve_[-1], error.mean() / DEGREES[loss])
    net = own.net_
    assert_allclose(mean + scale * net.predict(X).ravel(), own.predict(X), rtol=1e-8)
    assert_allclose(net.history[:, "train_loss"], plain.loss_curve_, rtol=1e-8)


def test_later_fits_keep_the_first_ones_scale():
    own = mlp(dtype="float64", warm_start=True).fit(X[:40], ONE[:40])
    mean, scale = standardised(ONE[:40])
    plain = mlp(dtype="float64", warm_start=True, normalize_y=False)
    plain.fit(X[:40], (ONE[:40] - mean) / scale)
    for method in ("fit", "partial_fit"):
        for one, y in ((own, ONE), (plain, (ONE - mean) / scale)):
            getattr(one.set_params(normalize_y=one is plain), method)(X[20:], y[20:])
        assert_allclose(own.predict(X), mean + scale * plain.predict(X), rtol=1e-8)
    assert_allclose(own.loss_curve_, np.multiply(plain.loss_curve_, scale**2))
    own.set_params(warm_start=False, normalize_y=True).fit(X[20:], ONE[20:])
    assert_array_equal(own.predict(X), mlp().fit(X[20:], ONE[20:]).predict(X))


def test_alone_as_in_a_stack():
    fits = [
        Fit(mlp(dtype="float64", random_state=k, **options), X[k:], y[k:], WEIGHT[k:])
        for k, (options, y) in enumerate(
            [({}, ONE), ({}, SIGNAL / 9), (dict(normalize_y=False), SIGNAL)]
        )
    ]

    def predicted(fit):
        own = clone(fit.estimator).fit(*fit[1:])
        return [own.predict(X), own.loss_curve_]

    alone = [predicted(fit) for fit in fits]
    with joblib.parallel_config("stacked"):
        stacked = joblib.Parallel()(joblib.delayed(predicted)(fit) for fit in fits)
    for one, other in zip(alone, stacked, strict=True):
        for a, b in zip(one, other, strict=True):
            assert_allclose(a, b, rtol=1e-6)


@pytest.mark.parametrize("y", [ONE, SEVERAL], ids=["one", "several"])
def test_a_cnn_predicts_in_the_unit_of_y(y):
    images = X.reshape(60, 1, 4, 4)
    own = CNNRegressor(filters=((3,),), max_iter=3, random_state=0, dtype="float64")
    plain = TransformedTargetRegressor(clone(own), transformer=StandardScaler())
    expected = plain.fit(images, y).predict(images)
    own.set_params(normalize_y=True).fit(images, y)
    assert_allclose(own.predict(images), expected, rtol=1e-9)


def test_large_targets_keep_their_digits_in_single_precision():
    own = mlp(dtype="float32", max_iter=200).fit(X, 1e9 + SIGNAL)
    assert own.score(X, 1e9 + SIGNAL) > 0.9


@pytest.mark.parametrize(
    "options, y, message",
    [
        (dict(loss="poisson"), ONE, "loss='poisson' needs others: use normalize_y"),
        (dict(normalize_y="yes"), ONE, "'normalize_y' parameter of MLPRegressor"),
        ({}, 1e300 * SIGNAL, "normalize_y=True needs finite numbers: y has"),
    ],
)
def test_what_cannot_be_standardised(options, y, message):
    with pytest.raises(ValueError, match=message):
        mlp(**options).fit(X, y)


@pytest.mark.parametrize("factor", [0.001, 0.01, 1.0, 5.0, 100.0])
@pytest.mark.parametrize("loss", DEGREES)
def test_one_warning_where_the_scale_keeps_a_network_from_learning(loss, factor):
    options = dict(loss=loss, learning_rate_init=0.001, n_iter_no_change=10)
    own = mlp(**options, max_iter=100, normalize_y=False)
    y = factor * (SIGNAL - SIGNAL.mean())
    for normalize_y in (False, True):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            own.set_params(normalize_y=normalize_y).fit(X, y)
        advised = ["normalize_y=True" in str(one.message) for one in caught]
        assert sum(advised) == (not normalize_y and factor not in (1.0, 5.0))
        assert len(caught) <= 1  # beside that of scikit-learn: with it
        assert any(advised) == (own.score(X, y) < 0.1)


def test_no_warning_of_the_scale_before_anything_could_be_learned(recwarn):
    own = mlp(max_iter=3, normalize_y=False).fit(X, ONE)
    for _ in range(12):
        own.partial_fit(X, ONE)
    assert "normalize_y" not in "".join(str(one.message) for one in recwarn)
