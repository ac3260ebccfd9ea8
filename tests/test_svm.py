"""The SVM pipelines against the same built by hand."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.base import clone
from sklearn.datasets import load_iris, load_wine, make_circles
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC

from sknn_course.svm import linear_svm, rbf_svm


@pytest.mark.parametrize(
    "ours, theirs",
    [
        (linear_svm(C=0.1), LinearSVC(C=0.1)),
        (linear_svm(penalty="l1", tol=1e-6), LinearSVC(penalty="l1", tol=1e-6)),
        (rbf_svm(), SVC()),
        (rbf_svm(C=10, gamma=0.01), SVC(C=10, gamma=0.01)),
    ],
)
def test_equals_the_pipeline_built_by_hand(ours, theirs):
    X, y = load_wine(return_X_y=True)
    ours, theirs = clone(ours), make_pipeline(StandardScaler(), theirs)
    expected = theirs.fit(X, y).decision_function(X)
    assert_allclose(ours.fit(X, y).decision_function(X), expected, rtol=1e-3, atol=1e-3)


def test_linear_svm_converges_where_the_default_does_not():
    X, y = load_iris(return_X_y=True)
    params = {"loss": "hinge", "random_state": 0}
    with pytest.warns(ConvergenceWarning):
        make_pipeline(StandardScaler(), LinearSVC(**params)).fit(X, y)
    linear_svm(**params).fit(X, y)  # a warning would be an error


def test_circles():
    X, y = make_circles(300, noise=0.1, factor=0.5, random_state=0)
    assert cross_val_score(rbf_svm(), X, y).mean() > 0.95
    assert cross_val_score(linear_svm(), X, y).mean() < 0.65


def test_parameters_are_searched_by_the_name_of_the_step():
    X, y = load_wine(return_X_y=True)
    search = GridSearchCV(rbf_svm(), {"svm__C": [0.1, 10], "svm__gamma": ["scale"]})
    assert search.fit(X, y).best_score_ > 0.95


def test_scale_of_the_features_does_not_matter():
    X, y = load_wine(return_X_y=True)
    scale = np.logspace(-3, 3, X.shape[1])
    for svm in (linear_svm(random_state=0), rbf_svm()):
        plain, scaled = (clone(svm).fit(Z, y).predict(Z) for Z in (X, X * scale))
        assert (plain == scaled).all()


@pytest.mark.parametrize(
    "make, params, message",
    [
        (linear_svm, {"gamma": 1}, "Invalid parameter 'gamma'.*LinearSVC"),
        (rbf_svm, {"c": 1}, "Invalid parameter 'c'.*SVC"),
        (rbf_svm, {"kernel": "linear"}, "kernel='linear'.*linear_svm"),
    ],
)
def test_unknown_parameter(make, params, message):
    with pytest.raises(ValueError, match=message):
        make(**params)
