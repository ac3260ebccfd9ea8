"""Least squares SVM against its linear system and its known equivalents."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from sklearn.datasets import load_diabetes, load_iris, make_circles, make_moons
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import Ridge, RidgeClassifier
from sklearn.metrics.pairwise import laplacian_kernel, pairwise_kernels
from sklearn.model_selection import cross_val_score
from sklearn.preprocessing import KernelCenterer

from sknn_course import ls_svm
from sknn_course._engine.cost_model import CostModel
from sknn_course.ls_svm import LeastSquaresSVC, LeastSquaresSVR

# Parameters of ours, and the same kernel of scikit-learn
KERNELS = {
    "rbf": ({"kernel": "rbf", "gamma": 0.3}, {"metric": "rbf", "gamma": 0.3}),
    "linear": ({"kernel": "linear"}, {"metric": "linear"}),
    "poly": (
        {"kernel": "poly", "gamma": 0.2, "degree": 2, "coef0": 1.5},
        {"metric": "poly", "gamma": 0.2, "degree": 2, "coef0": 1.5},
    ),
    "callable": ({"kernel": laplacian_kernel}, {"metric": "laplacian"}),
}


def solve_bordered_system(K, y, cost):
    """Solve [[0, 1^T], [1, K + diag(1/cost)]] [b; a] = [0; y] as it stands."""
    system = np.ones((len(y) + 1, len(y) + 1))
    system[0, 0] = 0
    system[1:, 1:] = K + np.diag(1 / cost)
    solution = np.linalg.solve(system, np.concatenate([np.zeros_like(y[:1]), y]))
    return solution[1:], solution[0]


def scaled_diabetes():
    X, y = load_diabetes(return_X_y=True)
    return 20 * X[:120], (y[:120] - 150) / 50


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("C", [0.01, 1.0, 1e3])
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("n_outputs", [None, 2])
def test_regressor_solves_the_bordered_system(kernel, C, weighted, n_outputs):
    ours, theirs = KERNELS[kernel]
    X, y = scaled_diabetes()
    if n_outputs:
        y = np.column_stack([y, np.sin(y)])
    weight = np.random.RandomState(0).uniform(0.1, 3, len(X))
    cost = C * weight if weighted else np.full(len(X), C)
    dual_coef, intercept = solve_bordered_system(pairwise_kernels(X, **theirs), y, cost)
    model = LeastSquaresSVR(C=C, **ours).fit(X, y, weight if weighted else None)
    assert_allclose(model.dual_coef_, dual_coef.T, rtol=1e-6, atol=1e-8)
    assert_allclose(model.intercept_, intercept, rtol=1e-6)
    X_new = X[:10] + 0.1
    expected = pairwise_kernels(X_new, X, **theirs) @ dual_coef + intercept
    assert_allclose(model.predict(X_new), expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("kernel", KERNELS)
def test_classifier_solves_the_system_of_the_paper(kernel):
    # Suykens and Vandewalle (1999), eq. 12: [[0, y^T], [y, Omega + I/C]] [b; a] =
    # [0; 1] with Omega_ij = y_i y_j k(x_i, x_j); output sum_i a_i y_i k(x, x_i) + b
    ours, theirs = KERNELS[kernel]
    X, labels = make_moons(80, noise=0.2, random_state=0)
    y = 2.0 * labels - 1
    system = np.zeros((81, 81))
    system[0, 1:] = system[1:, 0] = y
    system[1:, 1:] = np.outer(y, y) * pairwise_kernels(X, **theirs) + np.eye(80) / 5
    b, *a = np.linalg.solve(system, np.append(0, np.ones(80)))
    model = LeastSquaresSVC(C=5, **ours).fit(X, labels)
    assert_allclose(model.dual_coef_, [a * y], rtol=1e-6, atol=1e-9)
    assert_allclose(model.intercept_, [b], rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("C", [0.05, 4.0])
@pytest.mark.parametrize("weighted", [True, False])
def test_linear_kernel_is_ridge_regression(C, weighted):
    X, y = scaled_diabetes()
    weight = np.random.RandomState(0).rand(len(X)) if weighted else None
    model = LeastSquaresSVR(C=C, kernel="linear").fit(X, y, weight)
    ridge = Ridge(1 / C, solver="svd").fit(X, y, weight)
    assert_allclose(model.dual_coef_ @ model.X_fit_, ridge.coef_, rtol=1e-6)
    assert_allclose(model.intercept_, ridge.intercept_, rtol=1e-6)


@pytest.mark.parametrize("class_weight", [None, "balanced", {2: 5.0}])
def test_linear_kernel_one_vs_rest_is_ridge_classifier(class_weight):
    X, y = load_iris(return_X_y=True)
    X, y = X[:-20], y[:-20]
    model = LeastSquaresSVC(C=2.0, kernel="linear", class_weight=class_weight)
    ridge = RidgeClassifier(0.5, solver="svd", class_weight=class_weight).fit(X, y)
    model.fit(X, y)
    assert model.dual_coef_.shape == (3, len(X))
    assert_allclose(model.decision_function(X), ridge.decision_function(X), rtol=1e-6)
    assert_array_equal(model.predict(X), ridge.predict(X))


def test_intercept_is_kernel_ridge_on_the_centred_kernel():
    X, y = scaled_diabetes()
    centerer = KernelCenterer()
    K = centerer.fit_transform(pairwise_kernels(X, metric="rbf", gamma=0.1))
    ridge = KernelRidge(alpha=1 / 3, kernel="precomputed").fit(K, y - y.mean())
    X_new = X[:20] - 0.2
    K_new = centerer.transform(pairwise_kernels(X_new, X, metric="rbf", gamma=0.1))
    model = LeastSquaresSVR(C=3, gamma=0.1).fit(X, y)
    assert_allclose(model.predict(X_new), ridge.predict(K_new) + y.mean(), rtol=1e-6)


def test_optimality_conditions():
    X, y = scaled_diabetes()
    weight = np.random.RandomState(0).uniform(1e-8, 2, len(X))
    model = LeastSquaresSVR(C=10).fit(X, y, weight)
    assert abs(model.dual_coef_.sum()) < 1e-9
    residual = y - model.predict(X)
    assert_allclose(model.dual_coef_, 10 * weight * residual, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("gamma", ["scale", "auto", 0.5])
def test_weights_count_repeated_rows(gamma):
    X, y = make_moons(60, noise=0.3, random_state=0)
    weight = np.random.RandomState(0).randint(0, 3, 60)
    weighted = LeastSquaresSVC(gamma=gamma).fit(X, y, weight)
    repeated = LeastSquaresSVC(gamma=gamma).fit(X.repeat(weight, 0), y.repeat(weight))
    assert len(weighted.X_fit_) == (weight > 0).sum()
    assert_allclose(
        weighted.decision_function(X), repeated.decision_function(X), rtol=1e-9
    )


def test_gamma_has_the_meaning_of_svc():
    X, y = load_iris(return_X_y=True)
    assert_allclose(LeastSquaresSVC().fit(X, y).gamma_, 1 / (4 * X.var()))
    assert LeastSquaresSVC(gamma="auto").fit(X, y).gamma_ == 1 / 4
    assert LeastSquaresSVC().fit(np.ones_like(X), y).gamma_ == 1.0


@pytest.mark.parametrize("sparse", [True, False])
def test_prediction_in_blocks_is_the_same(monkeypatch, sparse):
    X, y = scaled_diabetes()
    model = LeastSquaresSVR().fit(X, y)
    whole = model.predict(X)
    monkeypatch.setattr(ls_svm, "COSTS", CostModel(kernel_values=7 * len(X)))
    assert_allclose(model.predict(csr_array(X) if sparse else X), whole, rtol=1e-12)


def test_rbf_far_from_the_origin():
    X, y = scaled_diabetes()
    X = np.round(X, 3)
    near, far = (LeastSquaresSVR(gamma=0.2).fit(Z, y) for Z in (X, X + 1e6))
    assert_allclose(far.predict(X + 1e6), near.predict(X), rtol=1e-6)


def test_kernel_sees_the_circles_and_the_linear_model_does_not():
    X, y = make_circles(300, noise=0.1, factor=0.5, random_state=0)
    assert cross_val_score(LeastSquaresSVC(), X, y).mean() > 0.95
    assert cross_val_score(LeastSquaresSVC(kernel="linear"), X, y).mean() < 0.65


def test_string_labels_and_multilabel():
    X, y = load_iris(return_X_y=True)
    names = np.array(["setosa", "versicolor", "virginica"])[y]
    model = LeastSquaresSVC().fit(X, names)
    assert set(model.predict(X)) == set(names)
    assert model.score(X, names) > 0.95
    Y = (X[:, :2] > X[:, :2].mean(0)).astype(int)
    alone = [LeastSquaresSVC().fit(X, column).predict(X) for column in Y.T]
    assert_array_equal(LeastSquaresSVC().fit(X, Y).predict(X), np.transpose(alone))


def test_float32_gives_float32_near_the_float64_answer():
    X, y = scaled_diabetes()
    expected = LeastSquaresSVR(C=100).fit(X, y).predict(X)
    X, y = X.astype(np.float32), y.astype(np.float32)
    prediction = LeastSquaresSVR(C=100).fit(X, y).predict(X)
    assert prediction.dtype == np.float32
    assert_allclose(prediction, expected, rtol=1e-4, atol=1e-5)


def indefinite_kernel(X, Y):
    return -X @ Y.T


def kernel_of_wrong_shape(X, Y):
    return (X * Y).sum(1)


@pytest.mark.parametrize(
    "params, message",
    [
        ({"C": 0}, "'C'.*Got 0"),
        ({"kernel": "gauss"}, "'kernel'.*Got 'gauss'"),
        ({"gamma": -1}, "'gamma'.*Got -1"),
        ({"degree": 1.5}, "'degree'.*Got 1.5"),
        ({"coef0": None}, "'coef0'.*Got None"),
        ({"device": "tpu"}, "device='tpu'"),
        ({"kernel": indefinite_kernel}, "indefinite_kernel.*C=1.0.*semi-definite"),
        ({"kernel": "poly", "degree": 999}, "'poly'.*C=1.0.*semi-definite"),
        ({"kernel": kernel_of_wrong_shape}, r"wrong_shape.*\(120,\).*\(120, 120\)"),
    ],
)
def test_bad_parameters(params, message):
    X, y = scaled_diabetes()
    with pytest.raises(ValueError, match=message):
        LeastSquaresSVR(**params).fit(1e3 * X, y)
