"""How a comparison shares out its time."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import load_iris

from sknn_course._compare import compare as module
from sknn_course._compare.compare import compare
from sknn_course._compare.models import MODELS, Model
from sknn_course._compare.search import SearchWithinBudget
from sknn_course._compare.tables import load_table
from sknn_course.mlp import MLPClassifier
from sknn_course.parallel import last_report


class Clock:
    """Seconds that only the fits of `Slow` spend."""

    now = 0.0

    @classmethod
    def monotonic(cls):
        return cls.now


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    monkeypatch.setattr(Clock, "now", 0.0)
    for name in ("compare", "search", "trial"):
        monkeypatch.setattr(f"sknn_course._compare.{name}.time", Clock)


class Slow(ClassifierMixin, BaseEstimator):
    """Takes as long as its setting says, and predicts the first class."""

    def __init__(self, seconds=0.01):
        self.seconds = seconds

    def fit(self, X, y):
        Clock.now += self.seconds
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])


def searched(deadline, seconds):
    X, y = load_iris(return_X_y=True)
    settings = [{"seconds": one} for one in seconds]
    search = SearchWithinBudget(
        Slow(), settings, cv=2, refit=False, deadline=deadline
    ).fit(X, y)
    return search.n_tried_, Clock.now


def test_a_search_uses_its_time_and_keeps_it():
    assert searched(10.0, 100 * [0.25]) == (20, 10.0)


def test_a_setting_that_would_end_too_late_is_not_begun():
    assert searched(10.0, [0.5, 3.0, 3.0, 0.5]) == (2, 7.0)


def waves_of(seconds_of_wave, **options):
    """The waves of a search for 100 settings on a clock that they alone turn."""
    waves = []
    search = SearchWithinBudget(Slow(), [{}] * 100, stacked=True, **options)

    def evaluate(settings):
        waves.append(len(settings))
        Clock.now += seconds_of_wave(len(settings))

    search._run_search(evaluate)
    return waves, Clock.now


@pytest.mark.parametrize(
    ("seconds_of_wave", "deadline", "end", "expected"),
    [
        # the first takes 1 s; then 0.5 s for each setting more
        (lambda n: 0.5 + 0.5 * n, 51.0, 200.0, [1, 99]),
        (lambda n: 0.5 + 0.5 * n, 21.0, 200.0, [1, 39]),
        # more cost next to nothing, which the second wave shows
        (lambda n: 1.0, 11.0, 100.0, [1, 19, 80]),
        # nothing is gained together: the end is kept, if not the deadline
        (lambda n: 1.0 * n, 21.0, 25.0, [1, 24]),
    ],
)
def test_networks_go_on_in_waves_that_fit(seconds_of_wave, deadline, end, expected):
    waves, now = waves_of(seconds_of_wave, deadline=deadline, end=end)
    assert waves == expected and now <= end


def test_the_rest_of_a_search_for_a_network_is_one_stack(monkeypatch):
    def make(classify, table):
        return MLPClassifier((3,), max_iter=2), {"alpha": [0.1, 0.2, 0.3, 0.4]}, 1.0

    monkeypatch.setitem(MODELS, "mlp", Model(make, neural=True))
    board = compare(load_table("iris"), ["mlp"], cv=2, n_settings=4, budget=1000)
    assert board.results[1].n_settings == 4
    assert last_report().waves == [6]  # 3 settings, 2 folds, after the first


@pytest.fixture
def slow(monkeypatch):
    """Put `Slow` with so many settings of such seconds in the place of a model."""

    def replace(name, n_settings, seconds):
        space = {"seconds": list(np.linspace(seconds, 1.01 * seconds, n_settings))}
        model = Model(lambda classify, table: (Slow(seconds), space, 1.0))
        monkeypatch.setitem(MODELS, name, model)

    return replace


def n_tried(*models, budget):
    board = compare(load_table("iris"), models, cv=2, n_settings=100, budget=budget)
    return {one.model: one.n_settings for one in board.results}, board


def test_what_cheap_estimators_leave_goes_to_the_others(slow):
    slow("linear_svm", 100, 1.0)  # would take 200 s
    slow("rbf_svm", 3, 0.1)
    tried, board = n_tried("linear_svm", "rbf_svm", budget=50)
    assert tried["rbf_svm"] == 3  # though it comes last in the registry
    assert 20 <= tried["linear_svm"] <= 24  # 2 s each, and 1 s for each last fit
    assert Clock.now <= 50
    assert board.left_out == [
        f"{100 - tried['linear_svm']} of 100 settings of linear_svm: its part of the "
        "budget was spent"
    ]


def test_estimators_share_alike_whatever_they_cost(slow):
    slow("linear_svm", 100, 1.0)
    slow("rbf_svm", 100, 1.0)
    slow("ls_svm", 30, 3.0)
    tried, _ = n_tried("linear_svm", "rbf_svm", "ls_svm", budget=120)
    assert abs(tried["linear_svm"] - tried["rbf_svm"]) <= 1
    seconds = 2 * tried["linear_svm"], 6 * tried["ls_svm"]
    assert abs(seconds[0] - seconds[1]) <= 6 + 2 * 3  # a setting and its last fits
    assert 105 <= Clock.now <= 120


def test_what_is_left_in_the_end_does_for_an_expensive_one(slow, monkeypatch):
    """Its share was too small at first: the others seemed to need theirs."""
    slow("ls_svm", 2, 15.0)
    space = {"seconds": [10.0] + 9 * [0.1]}
    cheaper = Model(lambda classify, table: (Slow(), space, 1.0))
    monkeypatch.setitem(MODELS, "linear_svm", cheaper)
    monkeypatch.setitem(MODELS, "rbf_svm", cheaper)
    tried, board = n_tried("linear_svm", "rbf_svm", "ls_svm", budget=200)
    assert tried == {"dummy": 1, "linear_svm": 10, "rbf_svm": 10, "ls_svm": 2}
    assert board.left_out == []


def test_every_estimator_has_a_first_setting_before_any_has_a_second(slow):
    for name in ("linear_svm", "rbf_svm", "ls_svm"):
        slow(name, 20, 0.02)
    told = []
    models = ["linear_svm", "rbf_svm", "ls_svm"]

    def progress(text, end="\n"):
        told.append(text)
        if "more settings" in text:
            raise module.Interrupted

    board = compare(
        load_table("iris"), models, cv=2, n_settings=20, budget=60, progress=progress
    )
    assert [one.n_settings for one in board.results] == [1, 1, 1, 1]
    assert all(one.ok and one.fitted is not None for one in board.results)
    assert board.left_out[-1] == "19 of 20 settings of ls_svm: interrupted"


def test_the_better_of_both_parts_is_kept(slow, monkeypatch):
    def make(worst_first):
        values = [1e6, 1e-3, 1e5] if worst_first else [1e-3, 1e6, 1e5]
        made = MODELS["least_squares"].make(True, None)[0]
        return Model(lambda classify, table: (made, {"alpha": values}, 1.0))

    table = load_table("wine")
    for worst_first in (True, False):
        monkeypatch.setitem(MODELS, "ridge", make(worst_first))
        in_parts = compare(table, ["ridge"], budget=1000)
        at_once = compare(table, ["ridge"])
        for one, other in zip(in_parts.ranked, at_once.ranked, strict=True):
            assert one.cv_scores == other.cv_scores
            assert one.best_params == other.best_params
            assert one.test_score == other.test_score
            assert one.n_settings == other.n_settings
