"""Trainings that differ in ``max_iter`` alone, stacked: one run of the longest."""

from collections import Counter

import joblib
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_iris
from sklearn.exceptions import FitFailedWarning
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, validation_curve
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn_course import MLPClassifier
from sknn_course._engine import trainer
from sknn_course.parallel import last_report

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X, y = load_iris(return_X_y=True)
OPTIONS = {
    "adam": dict(),
    "early stopping": dict(early_stopping=True, n_iter_no_change=2),
    "random": dict(solver="sgd", dropout=0.2, batch_norm=True),
    "ends early": dict(tol=0.2, n_iter_no_change=2),
}


def mlp(**options):
    return MLPClassifier((6,), batch_size=32, random_state=0, **options)


@pytest.fixture
def epochs(monkeypatch):
    """The number of epochs of each network that is trained."""
    seen, log_epoch = Counter(), trainer.log_epoch

    def spy(job, *arguments):
        seen[job] += 1
        return log_epoch(job, *arguments)

    monkeypatch.setattr(trainer, "log_epoch", spy)
    return seen


def assert_same_results(search, other):
    for name, values in other.cv_results_.items():
        if not name.endswith("_time"):
            assert_array_equal(search.cv_results_[name], values, err_msg=name)
    one, two = search.best_estimator_, other.best_estimator_
    assert_allclose(one.coefs_[0], two.coefs_[0], rtol=1e-6)
    assert_allclose(one.loss_curve_, two.loss_curve_, rtol=1e-6)


def both(search, epochs):
    """The search in an ordinary run and stacked, and the epochs of both."""
    plain = search().fit(X, y)
    n_plain = epochs.total()
    epochs.clear()
    with joblib.parallel_config("stacked"):
        stacked = search().fit(X, y)
    assert_same_results(stacked, plain)
    return stacked, n_plain, epochs.total()


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_a_grid_over_lengths_trains_the_longest_alone(options, epochs):
    def search():
        grid = {"alpha": [0.001, 0.1], "max_iter": [3, 9, 6]}
        return GridSearchCV(mlp(**options), grid, cv=3)

    stacked, n_plain, n_stacked = both(search, epochs)
    assert len(epochs) == 6 + 1  # and the refit
    refit = stacked.best_estimator_.n_iter_
    longest = n_stacked - refit
    assert longest <= 6 * 9 < n_plain
    assert "12 networks had the results of longer trainings" in str(last_report())


def test_halving_over_lengths_costs_one_run_of_the_longest(epochs):
    def search():
        return HalvingGridSearchCV(
            mlp(),
            {"alpha": [0.001, 0.01, 0.1, 1.0]},
            resource="max_iter",
            min_resources=3,
            max_resources=12,
            factor=2,
            cv=3,
            random_state=0,
        )

    stacked, n_plain, n_stacked = both(search, epochs)
    assert stacked.n_candidates_ == [4, 2, 1]
    # 4 candidates to epoch 3, 2 of them to 6, 1 to 12; the refit takes 12
    assert n_stacked == 3 * (4 * 3 + 2 * 3 + 6) + 12
    assert n_plain == 3 * (4 * 3 + 2 * 6 + 12) + 12
    assert last_report().n_continued == 9


@pytest.mark.parametrize("schedule", ["cosine", "one_cycle"])
def test_schedules_of_the_length_train_each(schedule, epochs):
    def search():
        grid = {"max_iter": [3, 6]}
        return GridSearchCV(mlp(learning_rate=schedule), grid, cv=3)

    _, n_plain, n_stacked = both(search, epochs)
    assert n_stacked == n_plain


def test_curves_in_pipelines_and_several_waves(epochs):
    pipeline = make_pipeline(StandardScaler(), mlp())
    given = dict(param_name="mlpclassifier__max_iter", param_range=[3, 5, 8], cv=3)
    expected = validation_curve(pipeline, X, y, **given)
    epochs.clear()
    with joblib.parallel_config("stacked", max_models=3):
        found = validation_curve(pipeline, X, y, **given)
    assert_array_equal(found, expected)
    assert epochs.total() == 3 * 8


def test_networks_that_diverge_do_so_at_each_length(epochs):
    grid = {"max_iter": [2, 4], "learning_rate_init": [0.01, 1e30]}
    search = GridSearchCV(mlp(solver="sgd"), grid, cv=3, error_score=-1)
    scores = []
    for backend in ("sequential", "stacked"):
        with (
            joblib.parallel_config(backend),
            pytest.warns(FitFailedWarning, match="6 fits failed out of a total of 12"),
        ):
            scores.append(search.fit(X, y).cv_results_["mean_test_score"])
    assert_array_equal(*scores)
