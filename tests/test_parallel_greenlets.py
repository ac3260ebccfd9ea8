"""Tasks of the joblib backend "stacked" that share a thread, and where they cannot."""

import threading
from contextlib import nullcontext

import joblib
import numpy as np
import pytest
import sklearn
import torch
from parallel_iris import (
    X,
    mlp,
    no_hang,  # noqa: F401  acts on every test here
    y,
)
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.utils.parallel import Parallel, delayed

from sknn_course.parallel import last_report, runners
from sknn_course.parallel.task import current_task

CONTEXTS = {
    "scikit-learn": (
        lambda: sklearn.config_context(assume_finite=True),
        lambda: sklearn.get_config()["assume_finite"],
    ),
    "joblib": (
        lambda: joblib.parallel_config("threading", n_jobs=7),
        lambda: joblib.effective_n_jobs(None) == 7,
    ),
    "torch": (torch.no_grad, lambda: not torch.is_grad_enabled()),
    "numpy": (
        lambda: np.errstate(divide="raise"),
        lambda: np.geterr()["divide"] == "raise",
    ),
}


@pytest.fixture
def no_greenlets(monkeypatch):
    monkeypatch.setattr(runners, "load_greenlet", lambda: None)


def fit_in_context(name, number):
    """Whether the context holds in it after a fit, and behind it; and the thread."""
    make, holds = CONTEXTS[name]
    task = current_task()
    with make() if number % 2 else nullcontext():
        clone(mlp).set_params(max_iter=1 + number).fit(X, y)
        inside = holds()
    assert current_task() is task is not None
    return inside, holds(), threading.get_ident()


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
@pytest.mark.parametrize("name", CONTEXTS)
def test_tasks_in_one_thread_keep_their_contexts(name):
    pytest.importorskip("greenlet")
    with joblib.parallel_config("stacked"):
        results = Parallel()(delayed(fit_in_context)(name, i) for i in range(6))
    assert last_report().waves == [6]
    assert last_report().turns == "greenlets"
    inside, after, threads = zip(*results, strict=True)
    assert inside == 3 * (False, True)
    assert not any(after)
    assert len(set(threads)) == 1
    assert not CONTEXTS[name][1]()


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_threads_where_greenlet_is_not_installed(no_greenlets):
    with joblib.parallel_config("stacked"):
        results = Parallel()(delayed(fit_in_context)("torch", i) for i in range(6))
    assert last_report().waves == [6]
    assert "took turns as threads" in str(last_report())
    inside, after, threads = zip(*results, strict=True)
    assert (inside, after) == (3 * (False, True), 6 * (False,))
    assert len(set(threads)) == 6


def test_threads_where_several_tasks_run_at_a_time():
    with joblib.parallel_config("stacked", n_jobs=2):
        cross_val_score(mlp, X, y)
    assert last_report().turns == "threads"


def test_nested_searches_in_threads(no_greenlets):
    search = GridSearchCV(mlp, {"alpha": [0, 1]}, cv=2)
    alone = cross_val_score(search, X, y, cv=3)
    with joblib.parallel_config("stacked"):
        np.testing.assert_allclose(cross_val_score(search, X, y, cv=3), alone)
    assert last_report().waves == [12, 3]


def starts_a_greenlet(number):
    """As libraries do that call asynchronous functions from ordinary ones."""
    greenlet = pytest.importorskip("greenlet").greenlet
    return greenlet(
        lambda: clone(mlp).set_params(alpha=number).fit(X, y).loss_
    ).switch()


def test_fits_in_greenlets_of_a_task():
    alone = [starts_a_greenlet(number) for number in range(3)]
    with joblib.parallel_config("stacked"):
        found = Parallel()(delayed(starts_a_greenlet)(i) for i in range(3))
    np.testing.assert_allclose(found, alone)
    assert last_report().waves == [3]
