"""The joblib backend "stacked": worker processes that train a part of a wave."""

import os
import threading
import time
from _thread import interrupt_main

import joblib
import numpy as np
import pytest
from numpy.testing import assert_allclose
from parallel_iris import (
    X,
    mlp,
    no_hang,  # noqa: F401  acts on every test here
    y,
)
from sklearn.base import clone
from sklearn.callback import ScoringMonitor
from sklearn.exceptions import FitFailedWarning
from sklearn.model_selection import GridSearchCV, cross_val_score, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from training_jobs import job

from sknn_course._engine.cost_model import COSTS, CostModel
from sknn_course._engine.plan import training_seconds
from sknn_course.parallel import last_report, workers
from sknn_course.parallel.pool import WORKERS
from sknn_course.parallel.workers import divide


@pytest.fixture(scope="module", autouse=True)
def no_worker_is_left():
    yield
    WORKERS.end()


@pytest.fixture
def always(monkeypatch):
    """Workers train a part of each wave."""
    monkeypatch.setattr(joblib, "cpu_count", lambda: 2)
    costs = CostModel(process_start_seconds=0, process_send_seconds=0, process_worth=10)
    monkeypatch.setattr(workers, "COSTS", costs)


def n_in_workers():
    return sum(stack.n_models for stack in last_report().stacks if stack.in_worker)


def test_a_search_has_the_results_of_an_ordinary_run(always):
    search = GridSearchCV(
        make_pipeline(StandardScaler(), mlp),
        {
            "mlpclassifier__hidden_layer_sizes": [5, 7],
            "mlpclassifier__early_stopping": [False, True],
            "mlpclassifier__dropout": [0.0, 0.2],
        },
        scoring=["accuracy", "neg_log_loss"],
        refit=False,
        return_train_score=True,
    )
    alone = search.fit(X, y).cv_results_
    with joblib.parallel_config("stacked"):
        together = search.fit(X, y).cv_results_
    for name, values in alone.items():
        if "_test_" in name or "_train_" in name:
            assert_allclose(together[name], values, rtol=1e-9)
    report = last_report()
    assert report.waves == [40]
    assert sum(stack.n_models for stack in report.stacks) == 40
    assert 10 <= n_in_workers() <= 30
    assert "s, in a worker process\n" in str(report)


def test_fitted_networks_go_on_as_after_an_ordinary_run(always):
    runs = []
    with joblib.parallel_config("stacked"):
        runs.append(cross_validate(mlp, X, y, return_estimator=True)["estimator"])
    assert n_in_workers() in (2, 3)
    runs.append(cross_validate(mlp, X, y, return_estimator=True)["estimator"])
    for one, other in zip(*runs, strict=True):
        assert one.loss_curve_ == pytest.approx(other.loss_curve_, rel=1e-9)
        assert one.t_ == other.t_
        one.partial_fit(X, y), other.partial_fit(X, y)
        assert_allclose(one.coefs_[0], other.coefs_[0], rtol=1e-9)


def test_without_a_seed_each_network_has_random_numbers_of_its_own(always):
    unseeded = clone(mlp).set_params(random_state=None)
    before = np.random.get_state()[1].copy()
    with joblib.parallel_config("stacked"):
        fits = cross_validate(unseeded, X, y, cv=4, return_estimator=True)
    assert n_in_workers() == 2
    assert len({fit.loss_ for fit in fits["estimator"]}) == 4
    assert (np.random.get_state()[1] != before).any()


def test_a_network_that_diverges_does_so_alone(always):
    rates = {"learning_rate_init": [0.02, 1e30, 0.03], "solver": ["sgd"]}
    search = GridSearchCV(mlp, rates, cv=2, refit=False)
    with (
        joblib.parallel_config("stacked"),
        pytest.warns(FitFailedWarning),
        pytest.warns(UserWarning, match="test scores are non-finite"),
    ):
        scores = search.fit(X, y).cv_results_["mean_test_score"]
    assert n_in_workers() == 3
    assert np.isnan(scores).tolist() == [False, True, False]


def test_what_a_worker_that_dies_was_to_train_is_trained_here(always, monkeypatch):
    monkeypatch.setattr(workers, "_train", os._exit)
    monkeypatch.setattr(workers, "_pickled", lambda share: 1)
    with (
        joblib.parallel_config("stacked"),
        pytest.warns(RuntimeWarning, match="worker process failed with Terminated"),
    ):
        together = cross_val_score(mlp, X, y)
    assert n_in_workers() == 0
    assert_allclose(together, cross_val_score(mlp, X, y))
    assert not WORKERS.is_there


def is_alive(process_id):
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True


def test_an_interrupt_ends_the_workers(always):
    endless = clone(mlp).set_params(max_iter=10**7, n_iter_no_change=10**7)
    with joblib.parallel_config("stacked"):
        cross_val_score(mlp, X, y)  # starts them
        ids = list(WORKERS._executor._processes)
        timer = threading.Timer(1.0, interrupt_main)
        timer.start()
        started = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            cross_val_score(endless, X, y)
    assert time.monotonic() - started < 5
    assert not WORKERS.is_there
    while any(map(is_alive, ids)):
        time.sleep(0.1)


@pytest.mark.parametrize("by", ["option", "generator", "thread", "callback", "rng"])
def test_what_stays_in_this_process(always, by):
    options = {"n_processes": 1 if by == "option" else "auto"}
    return_as = "generator" if by == "generator" else "list"
    rng = np.random.RandomState(0) if by == "rng" else 0

    def fit():
        network = clone(mlp).set_params(random_state=rng)
        if by == "callback":
            network.set_callbacks(ScoringMonitor(scoring="accuracy"))
        network.fit(X, y)

    def run():
        with joblib.parallel_config("stacked", **options):
            list(joblib.Parallel(return_as=return_as)([joblib.delayed(fit)()] * 4))

    if by == "thread":
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
    else:
        run()
    assert sum(stack.n_models for stack in last_report().stacks) == 4
    assert n_in_workers() == 0


def groups_of(n_epochs, sizes, **options):
    return [[job(max_iter=n_epochs, **options) for _ in range(n)] for n in sizes]


@pytest.mark.parametrize("n_epochs, pays", [(300, False), (100_000, True)])
def test_workers_are_started_for_long_trainings(n_epochs, pays, monkeypatch):
    monkeypatch.setattr(joblib, "cpu_count", lambda: 3)
    WORKERS.end()
    groups = groups_of(n_epochs, [900])
    own, shares, rest = divide(groups, 2**29)
    if not pays:
        assert (own, shares, rest) == ([], [], groups)
        return
    assert rest == []
    seconds = [sum(map(training_seconds, share)) for share in (own, *shares)]
    late = COSTS.process_start_seconds
    assert_allclose(seconds, [seconds[0], seconds[0] - late, seconds[0] - late], 0.05)
    assert sum(len(group) for share in (own, *shares) for group in share) == 900


@pytest.mark.parametrize(
    "options, max_bytes",
    [
        ({"verbose": True}, 2**29),
        ({"augment": abs}, 2**29),
        ({"batch_size": 10**6}, 2**29),  # fills a core
        ({}, 3 * 37 * 7 * 8),  # the rows of two processes are more
        ({}, 0),
    ],
)
def test_networks_that_are_not_sent_to_workers(options, max_bytes, always):
    groups = groups_of(100_000, [2, 1], **options)
    assert divide(groups, max_bytes) == ([], [], groups)
