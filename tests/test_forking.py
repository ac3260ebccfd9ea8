"""Forked processes, which inherit the state of OpenMP, of fits and of searches.

GNU's OpenMP has its threads in the parent alone and waits for them in a child for
ever: each child has some seconds, after which it is ended.
"""

import gc
import multiprocessing
import os
import pickle
import signal
import threading
import time

import joblib
import numpy as np
import pytest
import torch
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline

from sknn_course import (
    CNNClassifier,
    LeastSquaresClassifier,
    LeastSquaresSVC,
    MLPClassifier,
)
from sknn_course._engine.threads import one_thread
from sknn_course.parallel.gc_freeze import INTERPRETERS_OWN
from sknn_course.parallel.pool import WORKERS

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning",
    "ignore:This process .* is multi-threaded:DeprecationWarning",  # as meant here
)
SECONDS = 20

rng = np.random.RandomState(0)
X = rng.standard_normal((600, 64)).astype("float32")
y = rng.randint(0, 3, 600)
SMALL = MLPClassifier((5,), max_iter=2, random_state=0)
FITTED = {
    "mlp": MLPClassifier((500,), max_iter=1, batch_size=300, random_state=0),
    "cnn": CNNClassifier(((4,),), max_iter=1, batch_size=300, random_state=0),
    "least squares": LeastSquaresClassifier(),
    "kernel least squares": LeastSquaresSVC(),
}


def predictions(estimator):
    return clone(estimator).fit(X, y).predict(np.tile(X, (3, 1)))


def stacked_search():
    search = GridSearchCV(SMALL, {"alpha": [0.0, 1.0]}, cv=2, refit=False)
    with joblib.parallel_config("stacked"):
        return search.fit(X, y).cv_results_["mean_test_score"]


def both():
    return predictions(FITTED["mlp"]).sum(), stacked_search()


TRIED = {name: (predictions, fitted) for name, fitted in FITTED.items()}
TRIED["search"] = (stacked_search,)


def in_child(function, *arguments):
    """What a function returns in a forked process."""
    reads, writes = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(SECONDS)  # its default ends the process
        try:
            os.write(writes, pickle.dumps(function(*arguments)))
        finally:
            os._exit(0)
    os.close(writes)
    with os.fdopen(reads, "rb") as pipe:
        result = pipe.read()
    _, status = os.waitpid(child, 0)
    assert status == 0, f"the child ended with {status}: by a signal, for a hang"
    return pickle.loads(result)


@pytest.fixture(autouse=True)
def of_several_threads():
    """The parent has used OpenMP's threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    torch.ones(1 << 20).exp().sum()
    (torch.ones(500, 500) @ torch.ones(500, 500)).sum()
    yield
    torch.set_num_threads(before)


def with_threads(function, *arguments):
    torch.set_num_threads(2)
    return function(*arguments)


@pytest.mark.parametrize("sets_threads", [False, True])
@pytest.mark.parametrize("name", TRIED)
def test_a_child_computes_what_its_parent_does(name, sets_threads):
    expected = TRIED[name][0](*TRIED[name][1:])
    tried = (with_threads, *TRIED[name]) if sets_threads else TRIED[name]
    found = in_child(*tried)
    assert np.mean(found == expected) > 0.99  # threads sum in another order


def test_children_of_children():
    assert in_child(in_child, stacked_search).tolist() == stacked_search().tolist()


@pytest.mark.parametrize("way", ["Pool", "joblib", "DataLoader"])
def test_children_of_others(way):
    fitted, expected = FITTED["mlp"], predictions(FITTED["mlp"])
    if way == "Pool":
        with multiprocessing.get_context("fork").Pool(1) as pool:
            (found,) = pool.map_async(predictions, [fitted]).get(SECONDS)
    elif way == "joblib":
        run = joblib.Parallel(2, backend="multiprocessing", timeout=SECONDS)
        (found,) = run([joblib.delayed(predictions)(fitted)])
    else:
        (found,) = torch.utils.data.DataLoader(
            [fitted],
            batch_size=None,
            num_workers=1,
            collate_fn=predictions,
            multiprocessing_context="fork",
            timeout=SECONDS,
        )
    assert np.mean(np.asarray(found) == expected) > 0.99


def test_fork_while_a_search_runs_in_another_thread():
    expected, ended = both(), threading.Event()

    def go_on():
        while not ended.is_set():
            stacked_search()

    def child():
        result = both()
        return result, gc.get_freeze_count(), threading.active_count()

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        for _ in range(2):
            time.sleep(0.05)
            (n, scores), n_frozen, n_threads = in_child(child)
            assert scores.tolist() == expected[1].tolist()
            assert n == pytest.approx(expected[0], rel=0.01)
            assert n_frozen < INTERPRETERS_OWN
            assert n_threads == 1
    finally:
        ended.set()
        thread.join()


class Forks(TransformerMixin, BaseEstimator):
    """Asks a child for the mean of the scores of a search."""

    def fit(self, X, y=None):
        self.found_ = in_child(both)[1].mean()
        return self

    def transform(self, X):
        return X + self.found_


def test_fork_in_a_task():
    pipeline = make_pipeline(Forks(), SMALL)
    alone = cross_val_score(pipeline, X, y, cv=2)
    with joblib.parallel_config("stacked"):
        assert cross_val_score(pipeline, X, y, cv=2).tolist() == alone.tolist()


def test_fork_beside_an_open_generator():
    calls = [joblib.delayed(clone(SMALL).fit)(X, y) for _ in range(3)]
    with joblib.parallel_config("stacked", max_models=1):
        results = joblib.Parallel(return_as="generator")(calls)
        assert in_child(lambda: len(joblib.Parallel()(calls))) == 3
        assert len(list(results)) == 3


def test_a_child_leaves_the_workers_to_its_parent(monkeypatch):
    monkeypatch.setattr(WORKERS, "_executor", object())
    monkeypatch.setattr(WORKERS, "_last_used", time.monotonic())
    assert WORKERS.is_there
    assert not in_child(lambda: WORKERS.is_there)


def test_a_daemonic_process_runs_the_tasks_itself():
    def child():
        multiprocessing.current_process().daemon = True
        with joblib.parallel_config("stacked", n_processes=2):
            with pytest.warns(
                UserWarning, match="n_processes=2, but .* start no others"
            ):
                found = joblib.Parallel()([joblib.delayed(os.getpid)()] * 3)
        return found == [os.getpid()] * 3

    assert in_child(child)


def test_threads_come_back_as_the_child_has_set_them():
    def counts():
        found = []
        for number in (1, 2):
            torch.set_num_threads(number)
            with one_thread(), one_thread():
                found.append(torch.get_num_threads())
            found.append(torch.get_num_threads())
        return found

    assert in_child(counts) == [1, 1, 1, 2]
    with one_thread():
        assert in_child(counts) == [1, 1, 1, 2]
    assert torch.get_num_threads() == 2


def test_a_block_that_was_forked_ends_with_one_thread():
    def leave(block):
        block.__exit__(None, None, None)
        found = [torch.get_num_threads()]
        torch.set_num_threads(2)
        with one_thread():
            found.append(torch.get_num_threads())
        return [*found, torch.get_num_threads()]

    block = one_thread()
    with block:
        assert in_child(leave, block) == [1, 1, 2]
