"""The joblib backend "stacked" where tasks fail, pause, warn, repeat or are ended.

No test may hang: those that could run in a process of their own, with a time limit.
"""

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
import pytest
import torch
from numpy.testing import assert_allclose
from parallel_iris import (
    SECONDS,
    X,
    mlp,
    no_hang,  # noqa: F401  acts on every test here
    y,
)
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.parallel import Parallel, delayed

from sknn_course import _engine as training
from sknn_course.mlp import MLPClassifier
from sknn_course.parallel import last_report, retry

# Errors


def scores_with_failures(search):
    with pytest.warns(match="fits failed"), warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", message=".*encountered", category=RuntimeWarning
        )
        warnings.filterwarnings("ignore", message="One or more of the test scores")
        return search.fit(X, y).cv_results_["mean_test_score"]


FAILING = {
    "diverging": {"solver": ["sgd"], "learning_rate_init": [0.01, 1e30, 0.02]},
    "raising in training": {
        "learning_rate": ["exponential"], "decay_rate": [0.5, 1e25, 0.9]
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

    def train(jobs, record, n_cores):
        sizes.append(len(jobs))
        if len(jobs) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return training.train_group(jobs, record, n_cores)

    monkeypatch.setattr(retry, "train", train)
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


def test_a_call_that_ends_in_training_keeps_no_place():
    endless = clone(mlp).set_params(max_iter=10**9, tol=0, n_iter_no_change=10**9)
    gate = threading.Event()

    def fit_behind_gate():
        gate.wait()
        return [clone(mlp).fit(X, y).loss_ for _ in range(2)]

    with joblib.parallel_config("stacked"):
        others = Parallel(return_as="generator")(
            delayed(task)() for task in (int, fit_behind_gate)
        )
        assert next(others) == 0
        ended = Parallel(return_as="generator")(
            delayed(task)() for task in (int, lambda: endless.fit(X, y))
        )
        gate.set()
        assert next(ended) == 0
        while not last_report().waves:
            time.sleep(0.01)
        time.sleep(0.1)
        with pytest.warns(match="tasks which were still being processed"):
            ended.close()
        assert last_report().waves == [2]
        np.testing.assert_allclose(next(others), clone(mlp).fit(X, y).loss_)


LEFT_OPEN = """
import joblib
from sklearn.datasets import load_iris
from sknn_course.mlp import MLPClassifier

X, y = load_iris(return_X_y=True)
endless = MLPClassifier((5,), max_iter=10**9, tol=0, n_iter_no_change=10**9)
joblib.parallel_config("stacked")
results = joblib.Parallel(return_as="generator")(
    joblib.delayed(task)() for task in (int, lambda: endless.fit(X, y))
)
print(next(results))
while not sum(joblib.parallel.get_active_backend()[0].report.waves):
    pass
"""


def output_of(program):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        timeout=SECONDS / 2,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_program_may_end_while_networks_are_trained():
    assert output_of(LEFT_OPEN) == "0\n"


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


def test_a_search_warns_once_of_networks_that_have_not_converged():
    unfinished = MLPClassifier((6,), max_iter=2, random_state=0)
    search = GridSearchCV(unfinished, {"alpha": [0, 1]}, refit=False, cv=3)
    with pytest.warns(ConvergenceWarning) as alone:
        search.fit(X, y)
    assert len(alone) == 6
    with joblib.parallel_config("stacked"):
        with pytest.warns(ConvergenceWarning) as together:
            search.fit(X, y)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            search.fit(X, y)
    (one,) = together
    text = f"{alone[0].message} So for 6 networks of this call. Raise"
    assert str(one.message).startswith(text)
    assert one.filename == __file__


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
import _thread, faulthandler, threading, time
import joblib
from skorch.callbacks import Callback
from sklearn.datasets import load_iris
from sklearn.model_selection import cross_val_score, GridSearchCV
from sklearn.utils.parallel import Parallel, delayed
from sknn_course.mlp import MLPClassifier

faulthandler.dump_traceback_later(50, exit=True)
X, y = load_iris(return_X_y=True)
endless = MLPClassifier((5,), max_iter=10**9, tol=0, n_iter_no_change=10**9)
search = GridSearchCV(endless, {"alpha": [0, 1]})
alone = GridSearchCV(endless, {"callbacks": [[Callback()]]})
wide = GridSearchCV(endless, {"hidden_layer_sizes": [(1000, 100)]})
# torch imports for seconds where an optimizer is first made
MLPClassifier((5,), max_iter=1, callbacks=[Callback()]).fit(X, y)

def interrupt():
    # not in an import of the main thread, where Python may lose the interrupt
    while not any(t.name == "stacked-task" for t in threading.enumerate()):
        time.sleep(0.01)
    time.sleep(0.7)
    times.append(time.monotonic())
    _thread.interrupt_main()

for run in (
    lambda: search.fit(X, y),
    lambda: alone.fit(X, y),
    lambda: wide.fit(X, y),
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
    lines = output_of(INTERRUPTED).splitlines()
    seconds, n_threads = np.array(list(map(str.split, lines))).T
    assert (seconds.astype(float) < 4).all()
    # two tasks that sleep cannot be ended, and do not delay the end
    assert n_threads.tolist() == ["1", "1", "1", "1", "3"]
