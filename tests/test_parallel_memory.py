"""The joblib backend "stacked": bounds of its waves, equal data, threads, options."""

import gc
import subprocess
import sys
import threading

import joblib
import numpy as np
import pandas as pd
import pytest
from parallel_iris import (
    SECONDS,
    X,
    mlp,
    no_hang,  # noqa: F401  acts on every test here
    y,
)
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, ShuffleSplit, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.parallel import Parallel, delayed

from sknn_course._engine import Split
from sknn_course.parallel import StackedBackend, gc_freeze, last_report, retry
from sknn_course.parallel.equal_data import EqualData
from sknn_course.parallel.held_memory import bytes_by_owner


def test_max_models_bounds_a_wave():
    alone = cross_val_score(mlp, X, y, cv=8)
    with joblib.parallel_config("stacked", max_models=3):
        np.testing.assert_allclose(cross_val_score(mlp, X, y, cv=8), alone)
    assert sum(last_report().waves) == 8
    assert max(last_report().waves) == 3


@pytest.mark.parametrize(
    "steps, form, held",
    [
        ([], np.asarray, 1),
        ([], pd.DataFrame, 1 + 2 / 3),
        ([], csr_array, 1),
        ([FunctionTransformer(np.copy)], np.asarray, 1 + 2 / 3),
    ],
)
def test_max_bytes_bounds_a_wave(steps, form, held):
    """By the training and test rows of each task, and what its pipeline makes of them.

    The rows are of the network's type: with them go its targets alone.
    """
    rows = form(X.astype(np.float64))
    network = make_pipeline(*steps, mlp)
    n_targets = 100 * 3 * 8
    n_bytes = held * sum(bytes_by_owner([rows]).values()) + y.nbytes + n_targets
    alone = cross_val_score(network, rows, y, cv=3)
    for max_bytes, waves in ((2.3 * n_bytes, [2, 1]), (1.7 * n_bytes, [1, 1, 1])):
        with joblib.parallel_config("stacked", max_bytes=int(max_bytes)):
            np.testing.assert_allclose(cross_val_score(network, rows, y, cv=3), alone)
        assert last_report().waves == waves


PEAK = """
import resource, sys, warnings
import joblib, numpy as np
from sklearn.model_selection import GridSearchCV
from sknn_course import MLPClassifier

warnings.simplefilter("ignore")
X = np.random.default_rng(0).standard_normal((50_000, 50))
y = (X[:, 0] > 0).astype(int)
network = MLPClassifier((5,), max_iter=1, batch_size=1000, random_state=0)
search = GridSearchCV(network, {"alpha": np.logspace(-5, -1, 4)}, cv=4, refit=False)
def run(n):
    with joblib.parallel_config("stacked", n_processes=1, max_bytes=2**26):
        search.fit(X[:n], y[:n])
run(500)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
run(50_000)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 2**10)
"""


def test_a_search_of_large_rows_holds_what_it_may():
    """In MiB: at most 64, those that are trained on once more, and some of the heap."""
    command = [sys.executable, "-c", PEAK]
    output = subprocess.run(command, capture_output=True, text=True, check=True)
    assert float(output.stdout) < 64 + 30


def test_networks_that_are_trained_one_by_one_need_no_large_wave():
    n_most = 2 * joblib.cpu_count()
    wide = clone(mlp).set_params(hidden_layer_sizes=(900, 900))
    cv = ShuffleSplit(n_most + 1, random_state=0)
    with joblib.parallel_config("stacked"):
        cross_val_score(wide, X, y, cv=cv)
        assert last_report().waves == [n_most, 1]
        cross_val_score(mlp, X, y, cv=cv)
    assert last_report().waves[2:] == [n_most + 1]


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


@pytest.mark.parametrize(
    "options, of_caller",
    [({}, True), ({"timeout": SECONDS}, False), ({"return_as": "generator"}, False)],
)
def test_the_caller_trains_where_it_has_nothing_else_to_do(
    options, of_caller, monkeypatch
):
    """OpenMP's threads are slow in all threads of a process but the first."""
    threads = []

    def train(*arguments, train=retry.train):
        threads.append(threading.current_thread())
        return train(*arguments)

    monkeypatch.setattr(retry, "train", train)
    with joblib.parallel_config("stacked"):
        list(Parallel(**options)(delayed(clone(mlp).fit)(X, y) for _ in range(3)))
    assert len(threads) == 1
    assert (threads[0] is threading.current_thread()) == of_caller


def n_frozen(nested=False):
    if nested:
        Parallel()(delayed(n_frozen)() for _ in range(2))
    return gc.get_freeze_count()


def test_the_garbage_collector_spares_older_objects_during_a_call(monkeypatch):
    monkeypatch.setattr(gc_freeze, "_program_froze", False)
    with joblib.parallel_config("stacked"):
        found = Parallel()(delayed(n_frozen)(i == 1) for i in range(3))
        assert min(found) > gc_freeze.INTERPRETERS_OWN
        assert gc.get_freeze_count() < gc_freeze.INTERPRETERS_OWN
        with pytest.raises(ValueError, match="'x'"):
            Parallel()(delayed(int)(text) for text in "1x")
        assert gc.get_freeze_count() < gc_freeze.INTERPRETERS_OWN
        gc.freeze()
        try:
            Parallel()(delayed(n_frozen)() for _ in range(3))
            assert gc.get_freeze_count() > 0
            monkeypatch.setattr(gc, "get_freeze_count", None)  # not called again
            Parallel()(delayed(abs)(-1) for _ in range(3))
        finally:
            gc.unfreeze()


def n_rows_held():
    return sum(len(o) for o in gc.get_objects() if type(o) is Split)


def test_rows_do_not_wait_for_the_garbage_collector():
    search = GridSearchCV(mlp, {"alpha": [0, 1], "weight_decay": [0, 1]}, refit=False)
    gc.collect()
    before = n_rows_held()
    gc.disable()
    try:
        clone(mlp).fit(X, y)
        with joblib.parallel_config("stacked"):
            search.fit(X, y)
        assert n_rows_held() == before
    finally:
        gc.enable()


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


@pytest.mark.parametrize(
    "options",
    [
        {"max_models": 0},
        {"max_bytes": 1.5},
        {"n_processes": -2},
        {"n_processes": "all"},
    ],
)
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
