"""Initial weights by their rule; weights of rows and of classes."""

from functools import partial

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.neural_network import MLPRegressor as TheirRegressor
from sklearn.utils.class_weight import compute_sample_weight
from torch_loop import SIGNAL, TARGETS, X, estimator

from sknn_course import MLPRegressor

# Fits are short on purpose.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.mark.parametrize(
    "options",
    [{}, dict(dropout=0.4, input_dropout=0.1, noise=0.1), dict(batch_norm=True)],
    ids=str,
)
@pytest.mark.parametrize("task", ["regression", "binary", "multiclass"])
def test_sample_weight_is_the_row_repeated(task, options):
    weight = np.random.RandomState(5).randint(0, 4, len(X))
    options = dict(alpha=1.0, l1=0.01, batch_size="auto") | options
    weighted = estimator(task, **options)
    weighted.fit(X, TARGETS[task], sample_weight=weight)
    repeated = estimator(task, **options)
    repeated.fit(np.repeat(X, weight, 0), np.repeat(TARGETS[task], weight, 0))
    for one, other in zip(weighted.coefs_, repeated.coefs_, strict=True):
        assert_allclose(one, other, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("batch_size", [7, "auto"])
def test_weights_of_a_batch_that_sum_to_less_than_zero(batch_size):
    options = dict(hidden_layer_sizes=(5,), batch_size=batch_size, max_iter=3)
    weight = np.arange(len(X)) % 5 - 2.2
    theirs, ours = (
        cls(random_state=0, **options).fit(X, SIGNAL, sample_weight=weight)
        for cls in (TheirRegressor, partial(MLPRegressor, dtype=None))
    )
    assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-7)


def test_weights_that_cannot_be_learned_from():
    lonely = np.eye(1, len(X))[0]
    for weight, early_stopping in ((np.nan, False), (np.inf, False), (lonely, True)):
        mlp = estimator("regression", early_stopping=early_stopping)
        with pytest.raises(ValueError, match="sample_weight|Sample weights|validation"):
            mlp.fit(X, SIGNAL, sample_weight=weight)


@pytest.mark.parametrize(
    ("weight_init", "std"),
    [
        ("glorot", lambda fan_in, fan_out: np.sqrt(2 / (fan_in + fan_out))),
        ("glorot_uniform", lambda fan_in, fan_out: np.sqrt(2 / (fan_in + fan_out))),
        ("glorot_normal", lambda fan_in, fan_out: np.sqrt(2 / (fan_in + fan_out))),
        ("he_uniform", lambda fan_in, fan_out: np.sqrt(2 / fan_in)),
        ("he_normal", lambda fan_in, fan_out: np.sqrt(2 / fan_in)),
        ("lecun_uniform", lambda fan_in, fan_out: np.sqrt(1 / fan_in)),
        ("lecun_normal", lambda fan_in, fan_out: np.sqrt(1 / fan_in)),
        ("uniform", lambda fan_in, fan_out: 0.05 / np.sqrt(3)),
        ("uniform(0.3)", lambda fan_in, fan_out: 0.3 / np.sqrt(3)),
        ("normal", lambda fan_in, fan_out: 0.05),
        ("normal(0.2)", lambda fan_in, fan_out: 0.2),
        ("zeros", lambda fan_in, fan_out: 0.0),
    ],
)
def test_initial_weights_have_the_bounds_and_spread_of_their_rule(weight_init, std):
    mlp = estimator("regression", hidden_layer_sizes=(150, 300), solver="sgd")
    mlp.set_params(weight_init=weight_init, learning_rate_init=1e-200, max_iter=1)
    rows = np.random.RandomState(3).normal(size=(200, 20))
    mlp.fit(rows, rows[:, 0])
    for coef, intercept in zip(mlp.coefs_[:2], mlp.intercepts_[:2], strict=True):
        expected = std(*coef.shape)
        assert_allclose(coef.std(), expected, rtol=0.03, atol=1e-150)
        assert abs(coef.mean()) <= 4 * expected / np.sqrt(coef.size)
        largest = np.abs(coef).max()
        if "normal" in weight_init:
            assert largest > 3 * expected
        else:  # U(-a, a) has the standard deviation a / sqrt(3)
            assert_allclose(largest, np.sqrt(3) * expected, rtol=0.01, atol=1e-150)
        if weight_init == "glorot":  # scikit-learn's, biases too
            assert_allclose(np.abs(intercept).max(), largest, rtol=0.1)
        else:
            assert_allclose(intercept, 0.0, atol=1e-150)


@pytest.mark.parametrize(
    ("bias_init", "std"),
    [("zeros", 0.0), ("uniform(0.3)", 0.3 / np.sqrt(3)), ("normal(0.2)", 0.2)],
)
def test_initial_biases(bias_init, std):
    mlp = estimator("regression", hidden_layer_sizes=(2000,), bias_init=bias_init)
    mlp.set_params(learning_rate_init=1e-200, max_iter=1, solver="sgd")
    mlp.fit(X, SIGNAL)
    assert_allclose(mlp.intercepts_[0].std(), std, rtol=0.06, atol=1e-150)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("class_weight", ["balanced", {0: 5.0, 2: 0.5}, None], ids=str)
def test_class_weight_is_the_sample_weight_of_the_class(class_weight, solver):
    y = TARGETS["multiclass"]
    by_class = estimator(class_weight=class_weight, solver=solver)
    by_row = estimator(solver=solver)
    own = np.random.RandomState(6).uniform(0.5, 2.0, len(y))
    of_class = compute_sample_weight(class_weight, y)
    for weight in (np.ones(len(y)), own):
        by_class.fit(X, y, sample_weight=weight)
        by_row.fit(X, y, sample_weight=weight * of_class)
        for one, other in zip(by_class.coefs_, by_row.coefs_, strict=True):
            assert_allclose(one, other, rtol=1e-7, atol=1e-9)
    by_class.fit(X, y)
    by_row.fit(X, y, sample_weight=of_class)
    assert_allclose(by_class.predict_proba(X), by_row.predict_proba(X), rtol=1e-7)


@pytest.mark.parametrize("options", [{}, dict(batch_norm=True), dict(dropout=0.2)])
def test_class_weight_in_single_precision(options):
    y = TARGETS["multiclass"]
    mlp = estimator(class_weight="balanced", dtype="float32", **options).fit(X, y)
    double = estimator(class_weight="balanced", **options).fit(X, y)
    assert_allclose(mlp.predict_proba(X), double.predict_proba(X), atol=1e-4)


def test_balanced_class_weight_needs_all_rows():
    with pytest.raises(ValueError, match="class_weight='balanced' .* partial_fit"):
        estimator(class_weight="balanced").partial_fit(X, SIGNAL > 0, classes=[0, 1])


def test_class_weight_by_name():
    y = TARGETS["binary"]
    by_class = estimator("binary", class_weight={"yes": 4.0, "no": 1.0}).fit(X, y)
    by_row = estimator("binary").fit(X, y, sample_weight=np.where(y == "yes", 4.0, 1))
    assert_allclose(by_class.loss_curve_, by_row.loss_curve_, rtol=1e-7)
