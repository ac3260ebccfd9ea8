"""The joblib backend "stacked": each fit is told its share of the time."""

import time
import warnings

import joblib
import numpy as np
import pytest
from parallel_iris import (
    X,
    mlp,
    no_hang,  # noqa: F401  acts on every test here
    y,
)
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_validate, learning_curve

from sknn_course.parallel import last_report
from sknn_course.parallel.fit_time import leave_out

N_FOLDS = 3


@pytest.fixture(autouse=True)
def unfinished_on_purpose():
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Stochastic Optimizer")
        yield


def search_over(**grid):
    network = clone(mlp).set_params(n_iter_no_change=10**6)
    return GridSearchCV(network, grid, cv=N_FOLDS, refit=False)


def seconds_of(call):
    started = time.perf_counter()
    result = call()
    return result, time.perf_counter() - started


def test_times_of_a_search_add_up_to_its_own():
    search = search_over(max_iter=[10, 10, 100, 10])
    with joblib.parallel_config("stacked"):
        _, seconds = seconds_of(lambda: search.fit(X, y))
    times = search.cv_results_["mean_fit_time"]
    assert (times > 0).all()
    in_training = last_report().seconds_training
    assert 0.9 * in_training < times.sum() * N_FOLDS < 1.2 * seconds
    assert times[2] > 3 * np.median(times)


def test_times_inside_tasks_are_shares_too():
    search = search_over(max_iter=[20, 20]).set_params(refit=True)
    with joblib.parallel_config("stacked"):
        results, seconds = seconds_of(
            lambda: cross_validate(search, X, y, cv=4, return_estimator=True)
        )
    outer = results["fit_time"]
    inner = [s.cv_results_["mean_fit_time"].sum() for s in results["estimator"]]
    assert outer.sum() < 1.2 * seconds
    assert (np.multiply(inner, N_FOLDS) < outer).all()
    assert min(inner) > 0


def test_times_of_a_learning_curve_grow_with_the_rows():
    network = clone(mlp).set_params(max_iter=60, n_iter_no_change=10**6)
    with joblib.parallel_config("stacked"):
        sizes, *_, times, _ = learning_curve(
            network, X, y, train_sizes=[0.2, 1.0], shuffle=True, return_times=True,
            random_state=0,
        )  # fmt: skip
    assert times[1].sum() > times[0].sum()


def test_times_are_found_in_lists_of_one_result():
    result = {"fit_time": 3.0, "score_time": 0.1, "test_scores": 1.0, "n": 5}
    leave_out([[result]], 1.0)  # of a task in a process of several
    assert result == {"fit_time": 2.0, "score_time": 0.1, "test_scores": 1.0, "n": 5}


def test_other_results_stay():
    for other in (None, [], {"fit_time": 2.0}, [{"fit_time": 2.0}, 1]):
        before = repr(other)
        leave_out(other, 1.0)
        assert repr(other) == before
