"""Whole searches: ``cv_results_`` with the backend are those without it."""

import joblib
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_digits,
    load_iris,
    load_wine,
)
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn_course import CNNClassifier, MLPClassifier, MLPRegressor
from sknn_course.parallel import last_report

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

# data set -> estimator, grid; one search for each kind of difference in a stack
SEARCHES = {
    load_iris: (
        MLPClassifier((8,), max_iter=40),
        {"alpha": [1e-4, 0.1], "learning_rate_init": [0.003, 0.02]},
    ),
    load_wine: (
        MLPClassifier((8, 5), batch_size=20, max_iter=20, early_stopping=True),
        {"dropout": [0.0, 0.3], "random_state": [1, 2], "noise": [0.0, 0.2]},
    ),
    load_breast_cancer: (
        MLPClassifier(batch_size=32, max_iter=8, solver="sgd"),
        {"hidden_layer_sizes": [(4,), (8,), (16,)], "momentum": [0.0, 0.9]},
    ),
    load_digits: (
        CNNClassifier([[4]], [16], max_iter=3, batch_norm=True),
        {"learning_rate_init": [0.002, 0.01], "class_weight": [None, "balanced"]},
    ),
    load_diabetes: (
        MLPRegressor(hidden_layer_sizes=(10,), max_iter=15, learning_rate_init=0.05),
        {"loss": ["squared_error", "poisson"], "learning_rate": ["constant", "cosine"]},
    ),
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("load", SEARCHES, ids=lambda load: load.__name__)
def test_scores_and_ranks_are_those_without_the_backend(load, dtype):
    X, y = load(return_X_y=True)
    network, grid = SEARCHES[load]
    network = clone(network).set_params(dtype=dtype)
    if network.random_state is None and "random_state" not in grid:
        network.set_params(random_state=0)
    name = type(network).__name__.lower()
    pipeline = make_pipeline(StandardScaler(), network)
    grid = {f"{name}__{key}": values for key, values in grid.items()}
    search = GridSearchCV(pipeline, grid, cv=3, return_train_score=True, refit=False)
    ordinary = clone(search).fit(X, y).cv_results_
    with joblib.parallel_config("stacked"):
        stacked = search.fit(X, y).cv_results_
    assert max(stack.n_models for stack in last_report().stacks) >= 6
    assert stacked["params"] == ordinary["params"]
    assert_array_equal(stacked["rank_test_score"], ordinary["rank_test_score"])
    # in single precision 0.5 % of the rows may be predicted otherwise
    tolerance = {"rtol": 1e-6} if dtype == "float64" else {"atol": 0.005}
    for key, values in ordinary.items():
        if key.endswith(("_test_score", "_train_score")):
            assert_allclose(stacked[key], values, **tolerance)
