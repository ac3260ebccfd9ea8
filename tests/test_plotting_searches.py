"""Displays of regressions and searches: what they hold equals what is computed
elsewhere.
"""

import joblib
import numpy as np
import pandas as pd
import pytest
from plotted_digits import (
    X,
    close_figures,  # noqa: F401  acts on every test here
    y,
)
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR

from sknn_course import MLPClassifier
from sknn_course.datasets import load_eckerle4
from sknn_course.plotting import RegressionFitDisplay, SweepResultsDisplay

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def test_regression_curves_are_predictions():
    x, target = load_eckerle4(return_X_y=True)
    svrs = [SVR(gamma=gamma).fit(x[::2], target[::2]) for gamma in (0.01, 0.1)]
    display = RegressionFitDisplay.from_estimator(
        svrs, x[::2], target[::2], x[1::2], target[1::2], n_points=11
    )
    np.testing.assert_allclose(display.x, np.arange(400, 501, 10))
    for curve, svr in zip(display.curves, svrs, strict=True):
        np.testing.assert_array_equal(curve, svr.predict(display.x[:, None]))
    np.testing.assert_array_equal(display.test, [x[1::2, 0], target[1::2]])


def test_regression_fit_keeps_names_of_columns():
    frame = load_eckerle4(as_frame=True)
    svr = make_pipeline(StandardScaler(), SVR()).fit(frame.data, frame.target)
    display = RegressionFitDisplay.from_estimator(svr, frame.data, frame.target)
    assert display.ax_.get_xlabel() == "wavelength"
    with pytest.raises(ValueError, match=r"X_train is of shape \(300, 64\)"):
        RegressionFitDisplay.from_estimator(svr, X, y)


@pytest.fixture(scope="module")
def search():
    grid = {"svc__C": [10, 0.1, 1], "svc__gamma": [0.5, 0.05], "svc__shrinking": [True]}
    pipeline = make_pipeline(StandardScaler(), SVC())
    return GridSearchCV(pipeline, grid, cv=3).fit(X, y)


def test_sweep_table_equals_a_pivot_of_the_results(search):
    display = SweepResultsDisplay.from_estimator(search, x="C", y="gamma")
    results = pd.DataFrame(search.cv_results_)
    pivot = results.pivot_table("mean_test_score", "param_svc__gamma", "param_svc__C")
    np.testing.assert_array_equal(display.mean, pivot)
    assert display.x_values == list(pivot.columns)
    assert display.y_values == list(pivot.index)
    assert display.score_name == "accuracy"
    written = [text.get_text() for text in display.ax_.texts]
    assert written == [f"{score:.3f}" for score in np.ravel(pivot)]


def test_sweep_of_one_parameter_shows_the_best_of_the_others(search):
    results = pd.DataFrame(search.cv_results_)
    best = results.groupby("param_svc__C")["mean_test_score"].max()
    few = {key: search.cv_results_[key] for key in search.cv_results_}
    del few["param_svc__gamma"]
    display = SweepResultsDisplay.from_cv_results(few)
    assert (display.x_name, display.y_name) == ("svc__C", None)
    np.testing.assert_array_equal(display.mean[0], best)
    np.testing.assert_array_equal(display.ax_.lines[0].get_ydata(), best)


def test_sweep_lines_and_values_that_are_no_numbers():
    results = {
        "param_sizes": [(5,), (5, 5), (5,), (5, 5)],
        "param_rate": [0.1, 0.1, 0.001, 0.001],
        "mean_test_score": [0.8, 0.9, 0.5, np.nan],
    }
    display = SweepResultsDisplay.from_cv_results(results, x="rate", kind="lines")
    assert display.y_values == [(5,), (5, 5)]
    np.testing.assert_array_equal(display.mean, [[0.5, 0.8], [np.nan, 0.9]])
    assert display.ax_.get_xscale() == "log"
    turned = SweepResultsDisplay.from_cv_results(results, x="sizes", kind="lines")
    labels = [label.get_text() for label in turned.ax_.get_xticklabels()]
    assert labels == ["(5,)", "(5, 5)"]


def test_sweep_refuses_what_is_not_there(search):
    with pytest.raises(TypeError, match="cv_results_"):
        SweepResultsDisplay.from_estimator(SVC())
    for params, message in (
        ({"x": "degree"}, "x='degree' is none"),
        ({"score": "train_score"}, "score='train_score' is not"),
        ({"kind": "bars"}, "kind='bars'"),
    ):
        with pytest.raises(ValueError, match=message):
            SweepResultsDisplay.from_estimator(search, **params)
    constant = {"param_C": [1, 1], "mean_test_score": [0.5, 0.6]}
    with pytest.raises(ValueError, match="more than one value"):
        SweepResultsDisplay.from_cv_results(constant)
    one = {"param_C": [1, 2], "mean_test_score": [0.5, 0.6]}
    with pytest.raises(ValueError, match="needs two parameters"):
        SweepResultsDisplay.from_cv_results(one, kind="heatmap")


def test_sweep_of_a_stacked_search():
    grid = {"learning_rate_init": [0.001, 0.1], "hidden_layer_sizes": [(3,), (6,)]}
    network = MLPClassifier(max_iter=3, random_state=0)
    with joblib.parallel_config("stacked"):
        search = GridSearchCV(network, grid, cv=2).fit(X, y)
    display = SweepResultsDisplay.from_estimator(search)
    assert np.isclose(np.max(display.mean), search.best_score_)
