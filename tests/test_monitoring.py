"""scikit-learn's callbacks hear of each epoch, alone and in a stack."""

from collections import Counter

import joblib
import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.base import clone
from sklearn.callback import ScoringMonitor
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn_course import MLPClassifier, MLPRegressor
from sknn_course.parallel import last_report

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = load_iris(return_X_y=True)


class Recorder:
    """A callback that notes all that it is told; ends fits after some epochs."""

    max_propagation_depth = None

    def __init__(self, n_epochs=None, stops=lambda estimator: True):
        self.n_epochs, self.stops = n_epochs, stops
        self.events = []

    def setup(self, estimator, context):
        self.events.append("setup")

    def teardown(self, estimator, context):
        self.events.append("teardown")

    def on_fit_task_begin(self, estimator, context):
        self.events.append(f"{context.task_name} begins")

    def on_fit_task_end(self, estimator, context, *, metadata=None):
        self.events.append(f"{context.task_name} ends")
        self.metadata = metadata
        is_last = context.task_name == "epoch" and context.task_id + 1 == self.n_epochs
        return is_last and self.stops(estimator)


def test_a_fit_is_a_task_and_its_epochs_are_subtasks():
    recorder = Recorder()
    weight = np.ones(len(X))
    MLPClassifier(max_iter=2).set_callbacks(recorder).fit(X, Y, sample_weight=weight)
    epoch = ["epoch begins", "epoch ends"]
    fit = ["setup", "fit begins", *epoch, *epoch, "fit ends", "teardown"]
    assert recorder.events == fit
    assert recorder.metadata == {"sample_weight": weight}


def test_lbfgs_has_no_epochs():
    recorder = Recorder()
    mlp = MLPRegressor(solver="lbfgs", max_iter=20).set_callbacks(recorder)
    mlp.fit(X, Y)
    assert recorder.events == ["setup", "fit begins", "fit ends", "teardown"]


@pytest.mark.parametrize("context", ["sequential", "stacked"])
def test_scores_of_each_epoch_are_those_of_shorter_fits(context):
    mlp = MLPClassifier(random_state=0, learning_rate_init=0.02, max_iter=3)
    monitor = ScoringMonitor(scoring="accuracy")
    alphas = [0.1, 1.0]
    all_rows = [(np.arange(150), np.arange(150))]
    search = GridSearchCV(clone(mlp).set_callbacks(monitor), {"alpha": alphas})
    with joblib.parallel_config(context):
        search.set_params(cv=all_rows, refit=False).fit(X, Y)
    (run,) = monitor.get_logs(select="all")
    scores = {}
    for row in run.data:
        if row["task_name"] == "epoch":
            scores.setdefault(row["parent_task_id_path"], []).append(row["accuracy"])
    shorter = [
        [
            clone(mlp).set_params(alpha=alpha, max_iter=n).fit(X, Y).score(X, Y)
            for n in (1, 2, 3)
        ]
        for alpha in alphas
    ]
    assert sorted(scores.values()) == sorted(shorter)


def test_a_search_is_told_of_the_same_with_the_backend():
    grid = {"mlpclassifier__alpha": [0.1, 0.01], "mlpclassifier__max_iter": [2, 3]}
    pipeline = make_pipeline(StandardScaler(), MLPClassifier(random_state=0))
    told = []
    for context in ("sequential", "stacked"):
        search = GridSearchCV(pipeline, grid, cv=3)
        with joblib.parallel_config(context):
            search.set_callbacks(recorder := Recorder()).fit(X, Y)
        told.append(Counter(recorder.events))
    assert told[0] == told[1]
    assert told[1]["epoch ends"] >= 2 * 3 * 2 + 2 * 3 * 3


def test_a_callback_ends_one_network_of_a_stack():
    grid = {"alpha": [0.1, 0.01]}
    mlp = MLPClassifier(max_iter=6, random_state=0)
    recorder = Recorder(n_epochs=2, stops=lambda estimator: estimator.alpha == 0.1)
    search = GridSearchCV(mlp, grid, cv=2, refit=False).set_callbacks(recorder)
    with joblib.parallel_config("stacked"):
        search.fit(X, Y)
    assert last_report().stacks[0].n_models == 4
    assert Counter(recorder.events)["epoch ends"] == 2 * 2 + 2 * 6


def test_training_is_the_same_with_callbacks():
    plain = MLPClassifier(max_iter=4, random_state=0).fit(X, Y)
    told = MLPClassifier(max_iter=4, random_state=0).set_callbacks(Recorder())
    assert_allclose(told.fit(X, Y).loss_curve_, plain.loss_curve_, rtol=0)
