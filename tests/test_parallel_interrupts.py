"""The joblib backend "stacked": Ctrl-C at any moment leaves nothing behind."""

import _thread
import gc
import signal
import sys
import threading
import time
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path

import joblib
import pytest
import torch
from numpy.testing import assert_allclose
from parallel_iris import (
    X,
    mlp,
    no_hang,  # noqa: F401  acts on every test here
    y,
)
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score

import sknn_course.parallel
from sknn_course._engine.interrupts import Uninterrupted, wait_for
from sknn_course.parallel.gc_freeze import INTERPRETERS_OWN

OWN = str(Path(sknn_course.parallel.__file__).parent)
JOBLIBS = joblib.parallel.__file__
search = GridSearchCV(mlp, {"alpha": [0, 1]}, cv=2)
heard = []


def of_a_generator():
    """Results of tasks that joblib takes from a generator."""
    tasks = (joblib.delayed(clone(mlp).fit)(X, y) for _ in range(4))
    return list(joblib.Parallel(return_as="generator")(tasks))


CALLS = {
    "search": lambda: search.fit(X, y),
    "search in tasks": lambda: cross_val_score(search, X, y, cv=2),
    "generator": of_a_generator,
}


@contextmanager
def interrupt_at(step):
    """At the step-th line of this package's backend or of joblib in this thread.

    Yields
    ------
    list
        Of as many things as there were lines.
    """
    lines, before = [], sys.gettrace()

    def trace_line(frame, event, _):
        if event == "line":
            lines.append(frame.f_lineno)
            if len(lines) == step:
                _thread.interrupt_main()
        return trace_line

    def trace(frame, *_):
        is_traced = frame.f_code.co_filename.startswith((OWN, JOBLIBS))
        return trace_line if is_traced else None

    sys.settrace(trace)
    try:
        yield lines
    finally:
        sys.settrace(before)


def what_is_left(n_threads):
    deadline = time.monotonic() + 10
    while threading.active_count() > n_threads and time.monotonic() < deadline:
        time.sleep(0.001)  # threads end soon, if they do
    return (
        threading.active_count(),
        gc.get_freeze_count() < INTERPRETERS_OWN,
        signal.getsignal(signal.SIGINT),
        torch.get_num_threads(),
        torch.is_grad_enabled(),
    )


@pytest.mark.parametrize("name", CALLS)
def test_an_interrupt_at_any_moment_leaves_nothing_behind(name):
    n_threads = threading.active_count()
    before = what_is_left(n_threads)
    with joblib.parallel_config("stacked"), interrupt_at(None) as lines:
        CALLS[name]()
    for step in range(1, len(lines), len(lines) // 12):
        with pytest.raises(KeyboardInterrupt):
            with joblib.parallel_config("stacked"), interrupt_at(step):
                CALLS[name]()
                _thread.interrupt_main()  # the lines may be fewer this time
                time.sleep(1)
        assert what_is_left(n_threads) == before, step
    with joblib.parallel_config("stacked"):
        again = cross_val_score(mlp, X, y)
    assert_allclose(again, cross_val_score(mlp, X, y))


def test_contexts_put_an_interrupt_off():
    done = []
    with pytest.raises(KeyboardInterrupt):
        with Uninterrupted(), Uninterrupted():
            signal.raise_signal(signal.SIGINT)
            done.append("as a whole")
    assert done == ["as a whole"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.parametrize("handler", [signal.SIG_IGN, lambda *_: heard.append(1)])
def test_handlers_of_the_program_are_kept(handler):
    heard.clear()
    before = signal.signal(signal.SIGINT, handler)
    try:
        with Uninterrupted():
            signal.raise_signal(signal.SIGINT)
            assert heard == []
        assert signal.getsignal(signal.SIGINT) is handler
    finally:
        signal.signal(signal.SIGINT, before)
    assert len(heard) == callable(handler)


def test_waits_for_futures_hear_an_interrupt():
    never = Future()
    threading.Timer(0.1, _thread.interrupt_main).start()
    with pytest.raises(KeyboardInterrupt):
        wait_for([never])
    never.set_result(None)
    wait_for([never])
