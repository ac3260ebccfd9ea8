"""Losses, least squares, tests of significance and metrics, against scikit-learn."""

import numpy as np
import pytest
import torch
from scipy import stats
from sklearn import metrics
from torch.nn import functional as F

from sknn_course import LeastSquaresRegressor
from sknn_course.course.theory import (
    accuracy_standard_error,
    augmented,
    binary_cross_entropy,
    binary_cross_entropy_derivative,
    binary_cross_entropy_second_derivative,
    binary_entropy,
    confusion_figures,
    double_softmax_floor,
    double_softmax_loss,
    linear_loss,
    linear_loss_gradient,
    log_likelihood_loss,
    loss_per_sample,
    mean_squared_error,
    normal_equations,
    numerical_gradient,
    predictions_of,
    predicts_one_value,
    stability,
    two_proportion_z_test,
    weight_decay_loss,
    welch_t_test,
)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_mean_squared_error_is_half_of_scikit_learns_per_output(rng):
    y, y_hat = rng.normal(size=(2, 20, 3))
    expected = metrics.mean_squared_error(y, y_hat, multioutput="raw_values").sum() / 2
    assert mean_squared_error(y, y_hat) == pytest.approx(expected)


@pytest.mark.parametrize("shape", [(20,), (20, 3)], ids=["one output", "three"])
def test_binary_cross_entropy_equals_torch(shape, rng):
    y, y_hat = rng.uniform(size=(2, *shape))
    total = F.binary_cross_entropy(
        torch.tensor(y_hat), torch.tensor(y), reduction="sum"
    )
    assert binary_cross_entropy(y, y_hat) == pytest.approx(total.item() / 20)


def test_zero_times_the_logarithm_of_zero_is_zero():
    assert binary_cross_entropy([0.0, 1.0], [0.0, 1.0]) == 0
    assert binary_cross_entropy([0.0, 1.0], [1.0, 1.0]) == np.inf


def test_cross_entropy_derivatives_equal_differences(rng):
    y, y_hat = rng.uniform(0.05, 0.95, size=(2, 10))
    first = numerical_gradient(lambda p: 10 * binary_cross_entropy(y, p), y_hat)
    np.testing.assert_allclose(
        binary_cross_entropy_derivative(y, y_hat), first, rtol=1e-6
    )
    second = numerical_gradient(
        lambda p: binary_cross_entropy_derivative(y, p).sum(), y_hat
    )
    ours = binary_cross_entropy_second_derivative(y, y_hat)
    np.testing.assert_allclose(ours, second, rtol=1e-6)
    assert (ours > 0).all()


@pytest.mark.parametrize("y", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_cross_entropy_is_least_at_the_target_where_it_is_the_entropy(y):
    grid = np.linspace(0, 1, 101)
    losses = np.array([binary_cross_entropy([y], [p]) for p in grid])
    assert (losses >= 0).all()
    assert grid[losses.argmin()] == pytest.approx(y)
    assert losses.min() == pytest.approx(stats.bernoulli(y).entropy())
    assert binary_entropy(y) == pytest.approx(stats.bernoulli(y).entropy())


def test_equal_sums_do_not_make_the_set_stationary():
    # sum y = sum y_hat, but the chain rule's factors y_hat (1 - y_hat) differ
    y, y_hat = np.array([1, 0.3]), np.array([0.7, 0.6])
    assert y.sum() == pytest.approx(y_hat.sum())
    total = binary_cross_entropy_derivative(y, y_hat).sum()
    assert total == pytest.approx(-0.1786, abs=1e-4)


def test_log_likelihood_equals_scikit_learns(rng):
    P, classes = rng.dirichlet(np.ones(4), size=20), rng.integers(4, size=20)
    expected = metrics.log_loss(classes, P, labels=range(4))
    assert log_likelihood_loss(classes, P) == pytest.approx(expected)
    loss, right = loss_per_sample(classes, P)
    assert loss.mean() == pytest.approx(expected)
    assert right.mean() == metrics.accuracy_score(classes, P.argmax(1))


def test_published_losses_per_sample_are_logarithms():
    # -ln p of the first five CIFAR-10 test images after 7 and 125 epochs
    published = np.array([1.8856, 0.0447, 5.0282, 0.0058, 0.3368])
    p = np.exp(-published)
    P = np.column_stack([p, 1 - p])
    loss, right = loss_per_sample(np.zeros(5, int), P)
    assert loss.sum() == pytest.approx(7.3011)
    assert right.tolist() == [False, True, False, True, True]


def test_double_softmax_loss_equals_torchs_cross_entropy_of_probabilities(rng):
    P, classes = rng.dirichlet(np.ones(10), size=20), rng.integers(10, size=20)
    theirs = F.cross_entropy(torch.tensor(P), torch.tensor(classes)).item()
    assert double_softmax_loss(classes, P) == pytest.approx(theirs)
    assert theirs > double_softmax_floor(10) == pytest.approx(1.4611501717)


@pytest.mark.parametrize(
    ("loss", "accuracy"),
    # training, validation and test of the four MNIST networks of the 2020 sheet
    [
        (1.473386, 0.987800), (1.471790, 0.989300), (1.471394, 0.989700),
        (1.480255, 0.980900), (1.476277, 0.984900), (1.473528, 0.987600),
        (1.487485, 0.973660), (1.472647, 0.988500), (1.473321, 0.987700),
        (1.463429, 0.997960), (1.465828, 0.995200), (1.466105, 0.995300),
    ],
)  # fmt: skip
def test_published_losses_are_the_floor_plus_the_error_rate(loss, accuracy):
    assert loss == pytest.approx(double_softmax_floor(10) + 1 - accuracy, abs=2.6e-4)


def test_certain_predictions_cost_the_floor_plus_the_error_rate():
    classes, predicted = np.zeros(20, int), np.repeat([0, 3], [15, 5])
    loss = double_softmax_loss(classes, np.eye(10)[predicted])
    assert loss == pytest.approx(double_softmax_floor(10) + 0.25)


def test_weight_decay_loss_has_the_decay_as_gradient(rng):
    theta = rng.normal(size=6)
    gradient = numerical_gradient(
        lambda t: weight_decay_loss([t[:4], t[4:]], 0.3), theta
    )
    np.testing.assert_allclose(gradient, 0.3 * theta, atol=1e-9)


def test_normal_equations_equal_the_factorised_solver(rng):
    X, y = rng.normal(size=(30, 4)), rng.normal(size=30)
    w = normal_equations(augmented(X), y)
    model = LeastSquaresRegressor().fit(X, y)
    np.testing.assert_allclose(w, [model.intercept_, *model.coef_], atol=1e-10)
    gradient = linear_loss_gradient(augmented(X), y, w)
    np.testing.assert_allclose(gradient, 0, atol=1e-12)


def test_linear_loss_has_both_forms_and_its_gradient(rng):
    X, y, w = (
        augmented(rng.normal(size=(12, 3))),
        rng.normal(size=12),
        rng.normal(size=4),
    )
    assert linear_loss(X, y, w) == pytest.approx(mean_squared_error(y, X @ w))
    expected = numerical_gradient(lambda w: linear_loss(X, y, w), w)
    np.testing.assert_allclose(linear_loss_gradient(X, y, w), expected, atol=1e-8)


@pytest.mark.parametrize(
    "X",
    [np.ones((5, 2)), np.arange(6.0).reshape(2, 3)],
    ids=["equal columns", "fewer rows than columns"],
)
def test_a_singular_problem_is_reported(X):
    with pytest.raises(np.linalg.LinAlgError, match="rank .* not unique"):
        normal_equations(X, np.ones(len(X)))


@pytest.mark.parametrize(
    ("first", "second", "z"),
    # pairs of the CIFAR-10 runs A to L, n = 10,000
    [
        (0.7080, 0.7377, 4.69), (0.7080, 0.7245, 2.59), (0.7080, 0.7180, 1.56),
        (0.7080, 0.7128, 0.75), (0.8285, 0.8335, 0.94), (0.8285, 0.8361, 1.44),
        (0.8361, 0.8810, 9.11),
    ],
)  # fmt: skip
def test_z_of_the_cifar_runs(first, second, z):
    test = two_proportion_z_test(first, second, 10_000)
    assert test.statistic == pytest.approx(z, abs=0.005)
    # the square of z is chi squared of the two by two table
    counts = 10_000 * np.array([[first, 1 - first], [second, 1 - second]])
    table = stats.chi2_contingency(counts.round(), correction=False)
    assert test.p_value == pytest.approx(table.pvalue)


def test_two_perfect_accuracies_do_not_differ():
    assert two_proportion_z_test(1.0, 1.0, 10, 20) == (0.0, 1.0)


def test_an_accuracy_in_percent_is_refused():
    with pytest.raises(ValueError, match=r"accuracy_2=98.5 must be a share"):
        two_proportion_z_test(0.98, 98.5, 100)


def test_welch_of_the_eckerle4_series():
    # published test errors of [128,128,128] and of [128,128,64], second series
    cube = [0.00233353, 0.00236104, 0.00407558, 0.0039278]
    second = [0.00328204, 0.00336861, 0.00425401, 0.0017935]
    test = welch_t_test(cube, second)
    published = stats.ttest_ind_from_stats(
        0.003175, 0.001020, 4, 0.003174, 0.000957, 4, equal_var=False
    )
    assert test.p_value == pytest.approx(published.pvalue, abs=2e-3)
    assert test.p_value == pytest.approx(1.0, abs=0.005)


@pytest.mark.parametrize(("accuracy", "points"), [(0.98, 0.14), (0.72, 0.45)])
def test_standard_error_of_an_accuracy(accuracy, points):
    error = accuracy_standard_error(accuracy, 10_000)
    assert 100 * error == pytest.approx(points, abs=0.005)
    assert error == pytest.approx(stats.binom(10_000, accuracy).std() / 10_000)


def test_confusion_matrix_comes_back(rng):
    matrix = rng.integers(20, size=(4, 4))
    y_true, y_pred = predictions_of(matrix)
    np.testing.assert_array_equal(metrics.confusion_matrix(y_true, y_pred), matrix)


def test_confusion_figures_are_shares_of_the_diagonal(rng):
    matrix = rng.integers(1, 20, size=(4, 4))
    figures = confusion_figures(matrix)
    diagonal = np.diag(matrix)
    assert figures.accuracy == pytest.approx(diagonal.sum() / matrix.sum())
    np.testing.assert_allclose(figures.precision, diagonal / matrix.sum(0))
    np.testing.assert_allclose(figures.recall, diagonal / matrix.sum(1))
    np.testing.assert_array_equal(figures.support, matrix.sum(1))


def test_a_class_never_predicted_has_no_precision():
    assert confusion_figures([[3, 0], [2, 0]]).precision.tolist() == [0.6, 0]


@pytest.mark.parametrize(
    ("y_pred", "y_true", "stuck"),
    [
        (np.full(21, 0.37), None, True),
        (np.full(21, 0.37) + np.linspace(0, 0.005, 21), None, True),
        (np.linspace(0, 1, 21), None, False),
        (np.linspace(0, 0.005, 21), np.linspace(0, 0.01, 21), False),
        (np.linspace(0, 5, 21), np.linspace(0, 1000, 21), True),
        (np.ones(100, int), None, True),
        (np.repeat([1, 7], [99, 1]), None, True),
        (np.repeat([1, 7], [90, 10]), None, False),
        (np.array(["a", "a"]), None, True),
        (np.zeros((5, 2)), None, True),
        (np.column_stack([np.zeros(5), np.arange(5.0)]), None, False),
    ],
)
def test_detector_of_constant_predictions(y_pred, y_true, stuck):
    assert predicts_one_value(y_pred, y_true) is stuck


@pytest.mark.parametrize(
    ("stuck", "expected"),
    [([0, 0], "learns"), ([1, 0, 0, 0], "unstable"), ([1, 1], "constant")],
)
def test_stability_of_repeats(stuck, expected):
    assert stability(stuck) == expected
