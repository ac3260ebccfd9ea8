"""Tasks that take turns in one thread, as greenlets.

Between threads a switch takes longer than it seems: the system wakes the next one on
another core, whose caches know nothing of what it goes on with. Greenlets stay on
their core, and what a task does between its trainings is as quick as in a loop.
"""

from functools import cache
from queue import SimpleQueue

import sklearn
import torch

from .. import _compat
from . import task


@cache
def load_greenlet():
    """The package greenlet, or None where tasks cannot share a thread."""
    if _compat.joblib_thread_state is None:
        return None
    try:
        import greenlet
    except ImportError:
        return None
    return greenlet


class ThreadState:
    """What libraries keep for this thread: configurations, and whose task it runs.

    Contexts such as `sklearn.config_context` change it. Tasks that share a thread
    therefore each put back their own.
    """

    def __init__(self):
        self.locals = [
            (local, vars(local).copy())
            for local in (_compat.joblib_thread_state, task._thread)
        ]
        self.sklearn_config = sklearn.get_config()
        self.takes_gradients = torch.is_grad_enabled()

    def restore(self):
        """Put it back."""
        for local, values in self.locals:
            vars(local).clear()
            vars(local).update(values)
        sklearn.set_config(**self.sklearn_config)
        torch.set_grad_enabled(self.takes_gradients)


class GreenletThread:
    """Runs functions in one thread, each until it waits or ends.

    Parameters
    ----------
    start_thread : callable
        Starts a thread that runs a function.
    """

    def __init__(self, start_thread):
        self._start_thread = start_thread
        self._is_started = False
        self._turns = SimpleQueue()  # greenlets that go on, functions to start

    def start(self, function):
        """Run a function when it is its turn."""
        if not self._is_started:
            self._start_thread(self._run)
            self._is_started = True
        self._turns.put(function)

    def new_event(self):
        """An event that a function of this thread may wait for."""
        return _Event(self)

    def close(self):
        """End the thread when all have had their turn."""
        self._turns.put(None)

    def go_on(self, sleeper):
        """Let a greenlet of this thread run when it is its turn."""
        self._turns.put(sleeper)

    def give_way(self):
        """Let others run, until `go_on`."""
        self._switcher.switch()

    def _run(self):
        greenlet = load_greenlet()
        self._switcher, state_before = greenlet.getcurrent(), ThreadState()
        while (turn := self._turns.get()) is not None:
            if not isinstance(turn, greenlet.greenlet):
                state_before.restore()
                turn = greenlet.greenlet(turn)
            turn.switch()
        # greenlet lets go of it with the thread, and overlooks us if `gc.freeze` was
        # called since: only what is not frozen counts as a reference
        self._switcher = None


class _Event:
    """As `threading.Event`, for one greenlet to wait for."""

    def __init__(self, thread):
        self._thread = thread
        self._is_set = False
        self._sleeper = None

    def set(self):
        self._is_set = True
        if self._sleeper is not None:
            self._thread.go_on(self._sleeper)

    def clear(self):
        self._is_set = False

    def wait(self):
        state = ThreadState()
        # before the look, since another thread may set it
        self._sleeper = load_greenlet().getcurrent()
        while not self._is_set:
            self._thread.give_way()
        self._sleeper = None
        state.restore()
