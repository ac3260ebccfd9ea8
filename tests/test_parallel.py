"""The joblib backend "stacked": what scikit-learn gives without it, stacked.

The independent answer is an ordinary run of the same scikit-learn call. No test
may hang: those that could run in a process of their own, with a time limit.
"""

import copy
import faulthandler
import gc
import subprocess
import sys
import threading
import time
import warnings
from multiprocessing import TimeoutError
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose
from scipy.sparse import csr_array
from scipy.stats import loguniform
from sklearn import config_context
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_diabetes, load_iris
from sklearn.ensemble import (
    BaggingClassifier,
    BaggingRegressor,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.feature_selection import RFECV, SelectKBest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, make_scorer
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    RandomizedSearchCV,
    StratifiedKFold,
    cross_val_predict,
    cross_val_score,
    cross_validate,
    learning_curve,
    permutation_test_score,
    validation_curve,
)
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier, MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils.parallel import Parallel, delayed

from sknn_course import training
from sknn_course.mlp import MLPClassifier, MLPRegressor
from sknn_course.parallel import StackedBackend, last_report
from sknn_course.parallel import wave as wave_module
from sknn_course.parallel.equal_data import EqualData
from sknn_course.training import Split

SECONDS = 120  # a deadlock ends here, with the stack of every thread

X, y = load_iris(return_X_y=True)
X = X[:, [2, 0, 3, 1]]
X_numbers, y_numbers = load_diabetes(return_X_y=True)
X_numbers, y_numbers = X_numbers[:120], y_numbers[:120] / 100
frame = pd.DataFrame(X, columns=list("abcd")).assign(
    e=np.where(X[:, 1] > 5.5, "u", "v")
)
macro_f1 = make_scorer(f1_score, average="macro")
weight = np.random.default_rng(0).uniform(0.5, 1.5, len(y))

# `tol` lets each fit end after four epochs, without a warning: filters of warnings
# belong to the interpreter, so that threads mix them up
OPTIONS = dict(
    batch_size=10, tol=100, n_iter_no_change=2, random_state=0,
    learning_rate_init=0.02, dtype="float64",
)  # fmt: skip
mlp = MLPClassifier((6,), **OPTIONS)
regressor = MLPRegressor(hidden_layer_sizes=(6,), **OPTIONS)


@pytest.fixture(autouse=True)
def _no_hang():
    faulthandler.dump_traceback_later(SECONDS, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()


def search_results(search):
    """What a fitted search has found, without durations."""
    results = {
        name: values
        for name, values in search.cv_results_.items()
        if "_time" not in name and not name.startswith("param_")
    }
    results["params"] = list(map(str, results["params"]))
    found = {"cv_results": results, "best": str(search.best_params_)}
    if search.refit:
        found["predictions"] = search.predict_proba(X)
    return found


def scores(results):
    """Those of `cross_validate`."""
    return {name: v for name, v in results.items() if not name.endswith("_time")}


def grid_search(scoring):
    pipeline = make_pipeline(StandardScaler(), SelectKBest(k=3), mlp)
    grid = {"mlpclassifier__alpha": [0.01, 1], "mlpclassifier__momentum": [0.5, 0.9]}
    refit = "f1" if isinstance(scoring, dict) else True
    search = GridSearchCV(
        pipeline, grid, scoring=scoring, refit=refit, return_train_score=True
    )
    return search_results(search.fit(X, y))


def column_search(memory=None):
    columns = ColumnTransformer(
        [("n", StandardScaler(), list("abcd")), ("c", OneHotEncoder(), ["e"])]
    )
    pipeline = make_pipeline(columns, mlp, memory=memory)
    search = RandomizedSearchCV(
        pipeline,
        {"mlpclassifier__learning_rate_init": loguniform(1e-3, 1e-1)},
        n_iter=4,
        random_state=0,
        refit=False,
        scoring="neg_log_loss",
    )
    return search_results(search.fit(frame, y))


def halving_search():
    search = HalvingGridSearchCV(
        mlp, {"alpha": [0.01, 1, 3], "dropout": [0.0, 0.2]}, cv=3, random_state=0
    )
    return search_results(search.fit(X, y))


def mixture_search():
    grid = [
        {"fit": [mlp], "fit__alpha": [0.01, 1]},
        {"fit": [LogisticRegression()], "fit__C": [0.1, 1]},
        {"fit": [mlp], "fit__solver": ["lbfgs"]},
    ]
    pipeline = make_pipeline(StandardScaler(), mlp)
    pipeline.steps[-1] = ("fit", mlp)
    return search_results(GridSearchCV(pipeline, grid).fit(X, y))


def routed_weights():
    with config_context(enable_metadata_routing=True):
        scorer = copy.copy(macro_f1).set_score_request(sample_weight=True)
        weighted = clone(mlp).set_fit_request(sample_weight=True)
        return scores(
            cross_validate(
                weighted, X, y, params={"sample_weight": weight}, scoring=scorer
            )
        )


def first_layer(estimator):
    return np.abs(estimator.coefs_[0]).sum(1)


def recursive_elimination():
    selector = RFECV(mlp, importance_getter=first_layer, cv=3).fit(X, y)
    return {**selector.cv_results_, "support": selector.support_}


def curve(function, *arguments, **options):
    """A tuple of arrays by place."""
    return dict(enumerate(function(mlp, X, y, *arguments, **options)))


def fitted(estimator, method="predict_proba", X=X, y=y, **options):
    return {method: getattr(estimator.fit(X, y, **options), method)(X)}


several_scorers = {"f1": macro_f1, "loss": "neg_log_loss"}
two_classes = np.column_stack([X[:, 0] > 4, X[:, 1] > 5.5])
two_numbers = np.column_stack([y_numbers, X_numbers[:, 2]])
others = [
    ("a", mlp),
    ("b", clone(mlp).set_params(alpha=1)),
    ("other", LogisticRegression(max_iter=1000)),
]

# what to run, and how many networks should meet in one stack
CASES = {
    "grid": (lambda: grid_search(macro_f1), 20),
    "several metrics": (lambda: grid_search(several_scorers), 20),
    "randomized, columns": (column_search, 20),
    "halving": (halving_search, 18),
    "mixture": (mixture_search, 10),
    "routed weights": (routed_weights, 5),
    "cross_validate": (
        lambda: scores(cross_validate(mlp, X, y, scoring=several_scorers)), 5
    ),
    "cross_val_predict": (
        lambda: {"p": cross_val_predict(mlp, X, y, method="predict_proba")}, 5
    ),
    "learning_curve": (
        lambda: curve(learning_curve, cv=3, shuffle=True, random_state=0), 15
    ),
    "validation_curve": (
        lambda: curve(validation_curve, param_name="dropout", param_range=[0, 0.3]), 10
    ),
    "permutation_test_score": (
        lambda: curve(permutation_test_score, n_permutations=9, random_state=0), 9
    ),
    "RFECV": (recursive_elimination, 3),
    "bagging": (
        lambda: fitted(
            BaggingClassifier(mlp, 8, max_features=0.5, random_state=0),
            sample_weight=weight,
        ),
        8,
    ),
    "bagging regressors": (
        lambda: fitted(
            BaggingRegressor(regressor, 8, random_state=0),
            "predict", X_numbers, y_numbers,
        ),
        8,
    ),
    "one vs rest": (lambda: fitted(OneVsRestClassifier(mlp)), 3),
    "one vs one": (lambda: fitted(OneVsOneClassifier(mlp), "decision_function"), 3),
    "several labels": (
        lambda: fitted(MultiOutputClassifier(mlp), "predict", y=two_classes), 2
    ),
    "several numbers": (
        lambda: fitted(
            MultiOutputRegressor(regressor), "predict", X_numbers, two_numbers
        ),
        2,
    ),
    "voting": (lambda: fitted(VotingClassifier(others, voting="soft")), 2),
    "stacking": (lambda: fitted(StackingClassifier(others)), 10),
    "calibrated": (lambda: fitted(CalibratedClassifierCV(mlp)), 5),
}  # fmt: skip


def assert_same(stacked, alone, rtol=1e-6):
    assert stacked.keys() == alone.keys()
    for name, expected in alone.items():
        if isinstance(expected, dict):
            assert_same(stacked[name], expected, rtol)
        elif np.asarray(expected).dtype.kind == "f":
            np.testing.assert_allclose(
                stacked[name], expected, rtol, 1e-9, err_msg=name
            )
        else:
            np.testing.assert_array_equal(stacked[name], expected, err_msg=name)


def largest_stack():
    return max((stack.n_models for stack in last_report().stacks), default=0)


@pytest.mark.parametrize("name", CASES)
def test_results_are_those_of_an_ordinary_run(name):
    run, n_models = CASES[name]
    alone = run()
    with joblib.parallel_config("stacked"):
        stacked = run()
    assert_same(stacked, alone)
    assert largest_stack() >= n_models, str(last_report())
    assert not any(stack.failed for stack in last_report().stacks)


@pytest.mark.parametrize("n_jobs", [None, 1, 2, -1])
def test_n_jobs_does_not_bound_the_stack(n_jobs):
    alone = cross_val_score(mlp, X, y, cv=8)
    with joblib.parallel_config("stacked"):
        np.testing.assert_allclose(
            cross_val_score(mlp, X, y, cv=8, n_jobs=n_jobs), alone
        )
    assert last_report().waves == [8]
    with joblib.parallel_config("stacked", n_jobs=n_jobs):
        np.testing.assert_allclose(cross_val_score(mlp, X, y, cv=8), alone)
    assert last_report().waves == [8]


def test_single_precision():
    options = {"n_iter_no_change": 9, "dropout": 0.1, "dtype": "float32"}
    search = GridSearchCV(
        clone(mlp).set_params(**options), {"alpha": [0, 1]}, scoring="neg_log_loss"
    )
    alone = search_results(search.fit(X, y))
    with joblib.parallel_config("stacked"):
        assert_same(search_results(search.fit(X, y)), alone, rtol=1e-4)


def test_jobs_of_different_length():
    stopping = clone(mlp).set_params(early_stopping=True, tol=1e-3)
    rates = {"learning_rate_init": [1e-4, 1e-2, 1e-1], "random_state": [0, 1]}
    fits = GridSearchCV(stopping, rates, scoring=lambda e, X, y: e.n_iter_, cv=3)
    alone = search_results(fits.fit(X, y))
    assert len(set(alone["cv_results"]["split0_test_score"])) > 2
    with joblib.parallel_config("stacked"):
        assert_same(search_results(fits.fit(X, y)), alone)
    assert last_report().waves == [18]


def test_pipelines_that_cache(tmp_path):
    alone = column_search()
    for run in range(2):
        with joblib.parallel_config("stacked", n_jobs=run + 1):
            assert_same(column_search(str(tmp_path)), alone)
        assert largest_stack() == 20


def test_random_state_instance_is_copied_by_the_search():
    def run():
        state = np.random.RandomState(3)
        drawing = clone(mlp).set_params(random_state=state)
        return cross_val_score(drawing, X, y, scoring="neg_log_loss"), state.randint(99)

    alone = run()
    with joblib.parallel_config("stacked", n_jobs=2):
        stacked = run()
    np.testing.assert_allclose(stacked[0], alone[0])
    assert stacked[1] == alone[1]


# Nested calls


def nested(estimator, grid, cv=2):
    return GridSearchCV(estimator, grid, cv=cv)


NESTED = {
    "search in cross_validate": (nested(mlp, {"alpha": [0, 1]}), 3, 3 * 4),
    "one vs rest in a search": (
        nested(OneVsRestClassifier(mlp), {"estimator__alpha": [0, 1]}), 3, 3 * 4 * 3
    ),
    "three levels": (
        nested(BaggingClassifier(mlp, 3, random_state=0), {"n_estimators": [2, 3]}),
        2,
        2 * 2 * (2 + 3),
    ),
    "forest beside": (
        nested(
            make_pipeline(mlp),
            [
                {"mlpclassifier": [RandomForestClassifier(3, random_state=0)]},
                {"mlpclassifier": [mlp], "mlpclassifier__alpha": [0, 1]},
            ],
        ),
        3,
        3 * 4,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", NESTED)
@pytest.mark.parametrize("options", [{}, {"max_models": 3, "n_jobs": 2}])
def test_nested_calls_stack_too(name, options):
    search, cv, n_models = NESTED[name]
    alone = cross_val_score(search, X, y, cv=cv)
    with joblib.parallel_config("stacked", **options):
        np.testing.assert_allclose(cross_val_score(search, X, y, cv=cv), alone)
    if not options:
        assert largest_stack() == n_models


class NetworkFeatures(TransformerMixin, BaseEstimator):
    """A network's probabilities: a fit inside a fit."""

    def fit(self, X, y):
        self.network_ = clone(mlp).fit(X, y)
        return self

    def transform(self, X):
        return self.network_.predict_proba(X)


def test_fit_inside_a_fit():
    pipeline = make_pipeline(NetworkFeatures(), mlp)
    alone = cross_val_score(pipeline, X, y)
    with joblib.parallel_config("stacked"):
        np.testing.assert_allclose(cross_val_score(pipeline, X, y), alone)
    assert last_report().waves == [5, 5]


# Memory


def test_max_models_bounds_a_wave():
    alone = cross_val_score(mlp, X, y, cv=8)
    with joblib.parallel_config("stacked", max_models=3):
        np.testing.assert_allclose(cross_val_score(mlp, X, y, cv=8), alone)
    assert sum(last_report().waves) == 8
    assert max(last_report().waves) == 3


def test_max_bytes_bounds_a_wave():
    rows = X[:100].nbytes + X[:100].nbytes + 2 * 100 * 3 * 8  # a fold, held twice
    alone = cross_val_score(mlp, X, y, cv=3)
    with joblib.parallel_config("stacked", max_bytes=2 * rows):
        np.testing.assert_allclose(cross_val_score(mlp, X, y, cv=3), alone)
    assert last_report().waves == [2, 1]


def test_max_models_of_one_runs_in_order():
    with joblib.parallel_config("stacked", max_models=1):
        cross_val_score(mlp, X, y, cv=3)
    assert last_report().stacks == []


def test_equal_data_are_held_once():
    with joblib.parallel_config("stacked"):
        GridSearchCV(mlp, {"alpha": [0, 1, 2]}, cv=4, refit=False).fit(X, y)
    assert (last_report().n_data, last_report().n_different_data) == (12, 4)


def test_equal_data_are_equal_to_the_bit():
    known = EqualData()
    zeros = known.array(np.zeros((3, 2)))
    assert known.array(np.zeros((3, 2), order="F")) is zeros
    for other in (-np.zeros((3, 2)), np.zeros((2, 3)), np.zeros((3, 2), "float32")):
        assert known.array(other) is other
    first, second, third = (
        known.split(Split(csr_array(np.eye(4)), np.full((4, 1), y)))
        for y in (1.0, 1.0, 2.0)
    )
    assert second is first
    assert third is not first
    assert third.X is first.X


@pytest.mark.parametrize("allowed", [0, 1, 4])
def test_as_many_threads_as_the_system_gives(monkeypatch, allowed):
    started = []

    def start(thread, start=threading.Thread.start):
        if thread.name == "stacked-task":
            started.append(thread)
            if len(started) > allowed:
                raise RuntimeError("can't start new thread")
        start(thread)

    alone = cross_val_score(mlp, X, y, cv=9)
    monkeypatch.setattr(threading.Thread, "start", start)
    with joblib.parallel_config("stacked"):
        if allowed:
            np.testing.assert_allclose(cross_val_score(mlp, X, y, cv=9), alone)
            assert sum(last_report().waves) == 9
        else:
            with pytest.raises(RuntimeError, match="can't start new thread"):
                cross_val_score(mlp, X, y, cv=9)


@pytest.mark.parametrize("options", [{"max_models": 0}, {"max_bytes": 1.5}])
def test_options_are_checked(options):
    (name,) = options
    with pytest.raises(ValueError, match=f"{name} must be an integer from 1"):
        StackedBackend(**options)


def test_cuda_graphs_without_a_gpu():
    with pytest.raises(ValueError, match="cuda_graphs must be True or False, got 1"):
        StackedBackend(cuda_graphs=1)
    with joblib.parallel_config("stacked", cuda_graphs=True):
        cross_val_score(clone(mlp).set_params(device="cpu"), X, y)
    assert "CUDA graphs: not on a CUDA GPU" in str(last_report())


def test_no_jobs_at_all():
    with joblib.parallel_config("stacked"):
        assert Parallel()([]) == []
        with pytest.raises(ValueError, match="n_jobs == 0"):
            Parallel(n_jobs=0)(delayed(abs)(i) for i in range(2))


# Errors


def scores_with_failures(search):
    with pytest.warns(match="fits failed"), warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", message=".*encountered", category=RuntimeWarning
        )
        warnings.filterwarnings("ignore", message="One or more of the test scores")
        return search.fit(X, y).cv_results_["mean_test_score"]


FAILING = {
    "diverging": {"solver": ["sgd"], "learning_rate_init": [0.01, 1e200, 0.02]},
    "raising in training": {
        "learning_rate": ["exponential"], "decay_rate": [0.5, 1e200, 0.9]
    },
    "raising before it": {"batch_size": [10], "dropout": [0, 2.0, 0.1]},
}  # fmt: skip


@pytest.mark.parametrize("name", FAILING)
def test_a_candidate_fails_alone(name):
    search = GridSearchCV(mlp, FAILING[name], refit=False, cv=3, scoring="neg_log_loss")
    alone = scores_with_failures(search)
    assert np.isnan(alone).tolist() == [False, True, False]
    with joblib.parallel_config("stacked"):
        np.testing.assert_allclose(scores_with_failures(search), alone)
    assert sum(last_report().waves) == (6 if name == "raising before it" else 9)


def test_a_stack_too_large_for_the_memory_is_halved(monkeypatch):
    """Up to two networks fit, in this stand-in for a GPU's memory."""
    sizes = []

    def train(jobs):
        sizes.append(len(jobs))
        if len(jobs) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return training.train(jobs)

    monkeypatch.setattr(wave_module, "train", train)
    mlp = MLPClassifier((5,), random_state=0, tol=10.0, n_iter_no_change=3)
    grid = {"alpha": [0.1, 1.0], "learning_rate_init": [0.01, 0.1]}
    search = GridSearchCV(mlp, grid, cv=2, refit=False)
    expected = clone(search).fit(X, y).cv_results_["mean_test_score"]
    with joblib.parallel_config("stacked"):
        search.fit(X, y)
    assert_allclose(search.cv_results_["mean_test_score"], expected)
    assert sizes == [8, 4, 2, 2, 4, 2, 2]


def test_an_error_ends_the_search_and_no_more():
    with joblib.parallel_config("stacked"):
        with pytest.raises(ValueError, match="'dropout' parameter .* Got 2.0"):
            GridSearchCV(
                mlp, {"dropout": [0, 2.0, 0.1]}, error_score="raise", cv=3
            ).fit(X, y)
        assert len(cross_val_score(mlp, X, y)) == 5
    assert last_report().waves[-1] == 5


def fit_or_not(number):
    if number % 3 == 0:
        return number
    if number % 3 == 1:
        time.sleep(0.01)
    return clone(mlp).fit(X, y).loss_ * number


@pytest.mark.parametrize("return_as", ["list", "generator", "generator_unordered"])
@pytest.mark.parametrize("n_jobs", [1, 3])
def test_tasks_that_never_fit(return_as, n_jobs):
    with joblib.parallel_config("stacked", n_jobs=n_jobs):
        found = Parallel(return_as=return_as)(delayed(fit_or_not)(i) for i in range(12))
        found = sorted(found)
    np.testing.assert_allclose(found, sorted(map(fit_or_not, range(12))))
    assert last_report().waves == [8]


def test_a_caller_that_pauses_while_tasks_are_to_come():
    fitted = threading.Event()

    def fit():
        clone(mlp).fit(X, y)
        fitted.set()

    with joblib.parallel_config("stacked"):
        results = Parallel(return_as="generator")(delayed(fit)() for _ in range(3))
        assert fitted.wait(SECONDS / 4)
        assert list(results) == 3 * [None]


@pytest.mark.filterwarnings("ignore:.*tasks which were still being processed")
def test_results_that_nobody_reads():
    with joblib.parallel_config("stacked"):
        results = Parallel(return_as="generator")(
            delayed(fit_or_not)(i) for i in range(9)
        )
        next(results)
        del results
        gc.collect()  # a cycle may hold the generator
        assert len(cross_val_score(mlp, X, y)) == 5


def test_a_fit_between_results():
    with joblib.parallel_config("stacked"):
        found = Parallel(return_as="generator")(
            delayed(fit_or_not)(i) for i in range(4)
        )
        assert next(found) == 0
        clone(mlp).fit(X, y)
        assert len(list(found)) == 3
    assert last_report().not_stacked == {"outside a task": 1}


def sums_of_results():
    found = Parallel(return_as="generator")(delayed(fit_or_not)(i) for i in range(5))
    return sum(clone(mlp).fit(X, y).loss_ + result for result in found)


def test_tasks_that_fit_between_results_of_their_own():
    expected = sums_of_results()
    with joblib.parallel_config("stacked"):
        found = Parallel()(delayed(sums_of_results)() for _ in range(3))
    np.testing.assert_allclose(found, 3 * [expected])


def test_a_timeout_ends_the_call():
    started = time.monotonic()
    with joblib.parallel_config("stacked"), pytest.raises(TimeoutError):
        Parallel(timeout=0.1)(delayed(time.sleep)(0.5) for _ in range(20))
    assert time.monotonic() - started < 5


def fails_inside(number):
    if number == 1:
        Parallel()(delayed(int)(text) for text in ("1", "x"))
    return clone(mlp).fit(X, y).loss_


def test_an_error_inside_a_task_of_a_task():
    with (
        joblib.parallel_config("stacked"),
        pytest.raises(ValueError, match="'x'") as caught,
    ):
        Parallel()(delayed(fails_inside)(number) for number in range(4))
    assert "in fails_inside" in "".join(caught.value.__notes__)


def test_networks_that_cannot_stack_are_trained_alone():
    with joblib.parallel_config("stacked"):
        cross_val_score(clone(mlp).set_params(solver="lbfgs"), X, y, cv=3)
        assert last_report().not_stacked == {"solver='lbfgs'": 3}
        assert "alone: 3 (solver='lbfgs')" in str(last_report())


def test_no_thread_is_left():
    before = threading.active_count()
    with joblib.parallel_config("stacked"):
        cross_val_score(mlp, X, y)
    assert threading.active_count() == before


# Warnings


class QuietNetwork(MLPClassifier):
    """Changes the interpreter's warning filters around its fit."""

    def fit(self, X, y):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore" if self.alpha else "error")
            return super().fit(X, y)


def test_warning_filters_of_tasks_are_kept_apart():
    unfinished = QuietNetwork((6,), batch_size=25, max_iter=2)
    search = GridSearchCV(unfinished, {"alpha": [0, 1]}, refit=False, cv=3)
    before = list(warnings.filters)
    with (
        joblib.parallel_config("stacked"),
        pytest.warns(match="3 fits failed .*\n(.*\n)+.*ConvergenceWarning"),
        pytest.warns(match="One or more of the test scores"),
    ):
        search.fit(X, y)
    assert np.isnan(search.cv_results_["mean_test_score"]).tolist() == [True, False]
    assert warnings.filters == before


# Time and again


def test_a_hundred_runs_neither_hang_nor_differ():
    short = clone(mlp).set_params(n_iter_no_change=1)
    pipeline = make_pipeline(StandardScaler(), short)
    pipeline.steps[-1] = ("fit", short)
    grid = [{"fit__alpha": [0, 1]}, {"fit": [LogisticRegression()]}]
    cv = StratifiedKFold(2, shuffle=True, random_state=0)
    search = GridSearchCV(pipeline, grid, refit=False, cv=cv, scoring="neg_log_loss")
    alone = search.fit(X, y).cv_results_["mean_test_score"]
    for run in range(100):
        options = {"n_jobs": 1 + run % 3, "max_models": [2, 3, 100][run % 7 % 3]}
        with joblib.parallel_config("stacked", **options):
            search.fit(X, y)
        np.testing.assert_allclose(search.cv_results_["mean_test_score"], alone)


INTERRUPTED = """
import _thread, threading, time
import joblib
from sklearn.datasets import load_iris
from sklearn.model_selection import cross_val_score, GridSearchCV
from sklearn.utils.parallel import Parallel, delayed
from sknn_course.mlp import MLPClassifier

X, y = load_iris(return_X_y=True)
endless = MLPClassifier((5,), max_iter=10**9, tol=0, n_iter_no_change=10**9)
search = GridSearchCV(endless, {"alpha": [0, 1]})

def interrupt():
    time.sleep(0.7)
    times.append(time.monotonic())
    _thread.interrupt_main()

for run in (
    lambda: search.fit(X, y),
    lambda: cross_val_score(search, X, y),
    lambda: Parallel()(delayed(time.sleep)(100) for _ in range(3)),
):
    times = []
    threading.Thread(target=interrupt).start()
    try:
        with joblib.parallel_config("stacked", n_jobs=2):
            run()
    except KeyboardInterrupt:
        print(time.monotonic() - times[0], threading.active_count())
"""


def test_an_interrupt_ends_training_nested_calls_and_other_tasks():
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", INTERRUPTED],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        timeout=SECONDS / 2,
    )
    assert done.returncode == 0, done.stderr
    seconds, n_threads = np.array(list(map(str.split, done.stdout.splitlines()))).T
    assert (seconds.astype(float) < 4).all()
    # two tasks that sleep cannot be ended, and do not delay the end
    assert n_threads.tolist() == ["1", "1", "3"]
