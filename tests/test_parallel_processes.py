"""The joblib backend "stacked" with its tasks shared out among processes."""

import os
import signal
import time

import joblib
import numpy as np
import pytest
from parallel_iris import (
    X,
    mlp,
    no_hang,  # noqa: F401  acts on every test here
    y,
)
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn_course._engine.interrupts import wait_for
from sknn_course.parallel import last_report, pool
from sknn_course.parallel.processes import CORES, _run_stacked


def stacked(**options):
    return joblib.parallel_config("stacked", n_processes=2, **options)


def test_a_search_has_the_results_of_an_ordinary_run():
    search = GridSearchCV(
        make_pipeline(StandardScaler(), mlp),
        {"mlpclassifier__alpha": [0, 1], "mlpclassifier__hidden_layer_sizes": [5, 7]},
        scoring=["accuracy", "neg_log_loss"],
        refit=False,
        return_train_score=True,
    )
    alone = search.fit(X, y).cv_results_
    with stacked():
        together = search.fit(X, y).cv_results_
    assert set(together) == set(alone)
    for name, values in alone.items():
        if "_test_" in name or "_train_" in name:
            np.testing.assert_allclose(together[name], values, rtol=1e-9)
    report = last_report()
    assert (report.n_tasks, report.waves) == (20, [10, 10])
    assert [stack.wave for stack in report.stacks] == [0, 1]
    assert 0 < report.seconds_training < report.seconds


def test_fitted_networks_come_back():
    with stacked():
        together = cross_validate(mlp, X, y, return_estimator=True)["estimator"]
    alone = cross_validate(mlp, X, y, return_estimator=True)["estimator"]
    for one, other in zip(together, alone, strict=True):
        np.testing.assert_allclose(one.predict_proba(X), other.predict_proba(X))
        np.testing.assert_allclose(one.net_.history[:, "train_loss"], one.loss_curve_)


@pytest.mark.parametrize("return_as", ["list", "generator", "generator_unordered"])
def test_more_tasks_than_are_handed_over_at_once(return_as):
    with stacked(max_models=2):
        squares = joblib.Parallel(return_as=return_as)(
            joblib.delayed(pow)(k, 2) for k in range(11)
        )
        assert sorted(squares) == [k**2 for k in range(11)]
    assert last_report().n_tasks == 11


def meet(folder):
    """Wait for a task of another process, which may only be starting."""
    (folder / str(os.getpid())).touch()
    deadline = time.monotonic() + 30
    while len(list(folder.iterdir())) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    return os.getpid()


def test_calls_that_ask_for_threads_stay(tmp_path):
    with stacked():
        forest = RandomForestClassifier(3, random_state=0).fit(X, y)
        processes = joblib.Parallel(prefer="threads")([joblib.delayed(os.getpid)()] * 3)
        others = joblib.Parallel()([joblib.delayed(meet)(tmp_path)] * 3)
    assert forest.score(X, y) > 0.9
    assert set(processes) == {os.getpid()}
    assert len(set(others) - {os.getpid()}) == 2


def kind(array):
    return type(array), array.sum()


def test_large_arrays_are_mapped():
    calls = [joblib.delayed(kind)(np.ones(1 << 18))] * 2
    with stacked():
        assert joblib.Parallel()(calls) == [(np.memmap, 1 << 18)] * 2


def test_a_worker_that_was_killed_while_idle_is_replaced(monkeypatch):
    monkeypatch.setattr(pool, "end_with_parent", None)  # reading it takes seconds
    workers = pool.WorkerPool()
    with workers.running(os.getpid, [()], 1) as futures:
        [first] = wait_for(futures)
    broken = workers._executor._flags
    os.kill(first, signal.SIGTERM)
    while not broken.broken:
        time.sleep(0.01)
    with workers.running(os.getpid, [()], 1) as futures:
        assert wait_for(futures) != [first]
    workers.end()


def test_cores_are_shared_out(monkeypatch):
    monkeypatch.setenv(CORES, "8")
    assert _run_stacked([joblib.cpu_count], 1, {})[0] == [1]
    assert os.environ[CORES] == "8"
    monkeypatch.delenv(CORES)
    _run_stacked([joblib.cpu_count], 1, {})
    assert CORES not in os.environ


def test_an_error_reaches_the_caller():
    bad = GridSearchCV(mlp, {"alpha": [0, -1]}, error_score="raise")
    with stacked(), pytest.raises(ValueError, match="'alpha' .* Got -1"):
        bad.fit(X, y)
