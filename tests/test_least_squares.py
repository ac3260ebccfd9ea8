"""Least squares against scikit-learn, NumPy and a certified data set."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from sklearn.datasets import load_diabetes, load_iris, make_multilabel_classification
from sklearn.linear_model import LinearRegression, Ridge, RidgeClassifier

from sknn_course._estimator.closed_form import closed_form_tensor
from sknn_course.least_squares import (
    LeastSquaresClassifier,
    LeastSquaresRegressor,
    factorize,
    ridge_coefficients,
)


def random_problem(n_samples, n_features, n_outputs=None):
    rng = np.random.RandomState(0)
    X = rng.randn(n_samples, n_features) * rng.uniform(0.1, 10, n_features) + 5
    shape = (n_samples,) if n_outputs is None else (n_samples, n_outputs)
    y = X[:, 0].reshape(-1, *(1,) * (len(shape) - 1)) + rng.randn(*shape)
    weight = rng.randint(0, 4, n_samples) + rng.rand(n_samples)
    return X, y, weight


@pytest.mark.parametrize("shape", [(300, 8), (40, 40), (15, 60), (1, 3), (10, 9)])
@pytest.mark.parametrize("n_outputs", [None, 1, 3])
@pytest.mark.parametrize("alpha", [0.0, 0.7, 50.0])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
def test_regressor_equals_sklearn(shape, n_outputs, alpha, fit_intercept, weighted):
    X, y, weight = random_problem(*shape, n_outputs)
    if alpha:
        theirs = Ridge(alpha, fit_intercept=fit_intercept, solver="svd")
    else:
        theirs = LinearRegression(fit_intercept=fit_intercept)
    ours = LeastSquaresRegressor(alpha, fit_intercept=fit_intercept)
    weight = weight if weighted else None
    theirs.fit(X, y, sample_weight=weight)
    ours.fit(X, y, sample_weight=weight)
    assert_allclose(ours.coef_.ravel(), theirs.coef_.ravel(), rtol=1e-6, atol=1e-9)
    assert_allclose(ours.intercept_, theirs.intercept_, rtol=1e-6, atol=1e-9)
    assert_allclose(
        ours.predict(X), theirs.predict(X).reshape(y.shape), rtol=1e-6, atol=1e-9
    )


def test_shapes_and_rank_are_those_of_linear_regression():
    for n_outputs in (None, 1, 3):
        X, y, _ = random_problem(50, 4, n_outputs)
        ours, theirs = LeastSquaresRegressor().fit(X, y), LinearRegression().fit(X, y)
        assert ours.coef_.shape == theirs.coef_.shape
        assert np.shape(ours.intercept_) == np.shape(theirs.intercept_)
        assert ours.rank_ == theirs.rank_
        assert_allclose(ours.singular_, theirs.singular_)


def test_longley_certified_values():
    # NIST StRD, linear least squares, Longley: condition number about 5e9.
    # https://www.itl.nist.gov/div898/strd/lls/data/Longley.shtml
    data = """
    60323 83.0 234289 2356 1590 107608 1947  61122 88.5 259426 2325 1456 108632 1948
    60171 88.2 258054 3682 1616 109773 1949  61187 89.5 284599 3351 1650 110929 1950
    63221 96.2 328975 2099 3099 112075 1951  63639 98.1 346999 1932 3594 113270 1952
    64989 99.0 365385 1870 3547 115094 1953  63761 100.0 363112 3578 3350 116219 1954
    66019 101.2 397469 2904 3048 117388 1955 67857 104.6 419180 2822 2857 118734 1956
    68169 108.4 442769 2936 2798 120445 1957 66513 110.8 444546 4681 2637 121950 1958
    68655 112.6 482704 3813 2552 123366 1959 69564 114.2 502601 3931 2514 125368 1960
    69331 115.7 518173 4806 2572 127852 1961 70551 116.9 554894 4007 2827 130081 1962
    """
    data = np.array(data.split(), dtype=float).reshape(16, 7)
    model = LeastSquaresRegressor().fit(data[:, 1:], data[:, 0])
    certified = [
        15.0618722713733,
        -0.0358191792925910,
        -2.02022980381683,
        -1.03322686717359,
        -0.0511041056535807,
        1829.15146461355,
    ]
    assert_allclose(model.coef_, certified, rtol=1e-9)
    assert_allclose(model.intercept_, -3482258.63459582, rtol=1e-9)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("n_samples", [7, 2000])
def test_dependent_and_constant_columns_are_seen_through(dtype, n_samples):
    rng = np.random.RandomState(0)
    a, b = rng.randn(2, n_samples)
    # 0.1 has no exact binary form, and so its mean is rounded
    constant = np.full(n_samples, 1e6 + 0.1)
    X = np.column_stack([a, b, a + b, constant]).astype(dtype)
    model = LeastSquaresRegressor().fit(X, (3 * a + 2 * b + 1).astype(dtype))
    # Least norm of all (p, q, r) with p + r = 3, q + r = 2
    tolerance = 1e-10 if dtype is np.float64 else 1e-5
    assert model.rank_ == 2
    assert_allclose(model.coef_[:3], [4 / 3, 1 / 3, 5 / 3], rtol=tolerance)
    assert abs(model.coef_[3]) * 1e6 < tolerance
    assert_allclose(model.intercept_, 1, rtol=tolerance)


def test_rank_of_many_rows():
    # Rounding leaves the other singular values at about 13 eps of the largest
    rng = np.random.RandomState(0)
    X = rng.randn(20_000, 30) @ rng.randn(30, 50)
    y = rng.randn(20_000)
    ours, theirs = LeastSquaresRegressor().fit(X, y), LinearRegression().fit(X, y)
    assert ours.rank_ == theirs.rank_ == 30
    assert_allclose(ours.coef_, theirs.coef_, rtol=1e-6, atol=1e-12)


def test_large_mean_does_not_spoil_a_column():
    X, y, _ = random_problem(100, 3)
    shift = np.array([2.0**24, 0, -(2.0**20)])
    X = np.round(X, 1) * 2  # so that little of it is lost in the sum
    near, far = (LeastSquaresRegressor().fit(Z, y) for Z in (X, X + shift))
    assert_allclose(far.coef_, near.coef_, rtol=1e-6)
    assert_allclose(far.predict(X + shift), near.predict(X), rtol=1e-6)


def test_one_factorisation_serves_all_penalties():
    X, Y, _ = random_problem(200, 6, 2)
    X, Y = X - X.mean(0), Y - Y.mean(0)
    cpu = torch.device("cpu")
    UtY, s, Vt = factorize(closed_form_tensor(X, cpu), closed_form_tensor(Y, cpu))
    for alpha in (0.01, 1.0, 100.0):
        W = ridge_coefficients(UtY, s, Vt, alpha, rank=6)
        theirs = Ridge(alpha, fit_intercept=False, solver="cholesky").fit(X, Y)
        assert_allclose(W.numpy().T, theirs.coef_, rtol=1e-9)


@pytest.mark.parametrize("alpha", [1e-8, 1.0, 30.0])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("class_weight", [None, "balanced", {"b": 3.0}])
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_classifier_equals_ridge_classifier(
    alpha, fit_intercept, class_weight, weighted, n_classes
):
    X, y = load_iris(return_X_y=True)
    X, y = X[: 50 * n_classes - 9], np.array(["a", "b", "c"])[y[: 50 * n_classes - 9]]
    params = dict(alpha=alpha, fit_intercept=fit_intercept, class_weight=class_weight)
    weight = np.random.RandomState(0).rand(len(y)) if weighted else None
    ours = LeastSquaresClassifier(**params).fit(X, y, sample_weight=weight)
    theirs = RidgeClassifier(**params, solver="svd").fit(X, y, sample_weight=weight)
    assert ours.coef_.shape == theirs.coef_.shape
    assert_allclose(ours.coef_, theirs.coef_, rtol=1e-6, atol=1e-9)
    assert np.shape(ours.intercept_) == np.shape(theirs.intercept_)
    assert_allclose(ours.intercept_, theirs.intercept_, rtol=1e-6, atol=1e-9)
    assert_allclose(ours.decision_function(X), theirs.decision_function(X), rtol=1e-6)
    assert_array_equal(ours.classes_, theirs.classes_)
    assert_array_equal(ours.predict(X), theirs.predict(X))


@pytest.mark.parametrize("class_weight", [None, "balanced"])
def test_multilabel_equals_ridge_classifier(class_weight):
    X, Y = make_multilabel_classification(80, 6, n_classes=4, random_state=0)
    ours = LeastSquaresClassifier(2.0, class_weight=class_weight).fit(X, Y)
    theirs = RidgeClassifier(2.0, class_weight=class_weight, solver="svd").fit(X, Y)
    assert_allclose(ours.decision_function(X), theirs.decision_function(X), rtol=1e-6)
    assert_array_equal(ours.predict(X), theirs.predict(X))


def test_float32_gives_float32_near_the_float64_answer():
    X, y = load_diabetes(return_X_y=True, scaled=False)
    y = y.astype(np.float32)
    expected = LinearRegression().fit(X, y)
    model = LeastSquaresRegressor().fit(X.astype(np.float32), y)
    assert model.coef_.dtype == model.intercept_.dtype == np.float32
    prediction = model.predict(X.astype(np.float32))
    assert prediction.dtype == np.float32
    assert_allclose(model.coef_, expected.coef_, rtol=1e-4)
    assert_allclose(prediction, expected.predict(X), rtol=1e-4)


@pytest.mark.parametrize(
    "convert",
    [
        csr_array,
        lambda X: np.asfortranarray(X),
        lambda X: X[::-1].copy()[::-1],  # negative strides
        lambda X: X.astype(">f8"),
        lambda X: X.tolist(),
        lambda X: pd.DataFrame(X, columns=list("abc")),
        lambda X: pl.DataFrame(X, schema=list("abc")),
    ],
    ids=["sparse", "fortran", "reversed", "big-endian", "list", "pandas", "polars"],
)
def test_every_kind_of_array_gives_the_same(convert):
    X, y, weight = random_problem(30, 3)
    X.setflags(write=False)
    expected = LeastSquaresRegressor().fit(X, y, weight).predict(X)
    model = LeastSquaresRegressor().fit(convert(X), y[::-1].copy()[::-1], weight)
    assert_allclose(model.predict(convert(X)), expected, rtol=1e-12)
    if hasattr(convert(X), "columns"):
        assert_array_equal(model.feature_names_in_, list("abc"))


def test_fit_leaves_its_input_alone():
    X, y, weight = random_problem(30, 3)
    copies = X.copy(), y.copy(), weight.copy()
    LeastSquaresRegressor().fit(X, y, weight)
    for array, copy in zip((X, y, weight), copies, strict=True):
        assert_array_equal(array, copy)


@pytest.mark.parametrize(
    "params, sample_weight, message",
    [
        ({"alpha": -1}, None, "'alpha'.*Got -1"),
        ({"fit_intercept": "yes"}, None, "'fit_intercept'.*Got 'yes'"),
        ({"device": "tpu"}, None, "device='tpu'"),
        ({"device": None}, None, "'device'.*Got None"),
        ({"class_weight": "even"}, None, "'class_weight'.*Got 'even'"),
        ({"class_weight": {0: -1.0}}, None, r"class_weight=\{0: -1.0\}.*negative"),
        ({"class_weight": {0: 0, 1: 0}}, None, r"class_weight=\{0: 0, 1: 0\}.*zero"),
        ({}, [-1, 1, 1, 1], "[Nn]egative values.*sample_weight"),
        ({}, [0, 0, 0, 0], "[Ss]ample weights.*zero"),
        ({}, [1, 1, 1], "sample_weight.shape"),
    ],
)
def test_bad_parameters(params, sample_weight, message):
    model = LeastSquaresClassifier(**params)
    with pytest.raises(ValueError, match=message):
        model.fit([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1], sample_weight)
