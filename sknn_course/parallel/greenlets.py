"""Tasks that take turns in one thread, as greenlets.

To switch between threads takes longer than it seems: the system wakes the next one on
another core, whose caches know nothing of what it is about to do. Greenlets switch
inside one thread, on one core.
"""

from queue import SimpleQueue

import joblib.parallel
import sklearn._config
import torch

from . import task

try:
    from greenlet import getcurrent, greenlet
except ImportError:  # an optional package
    greenlet = None

# what libraries keep for each thread
LOCALS = (joblib.parallel._backend, sklearn._config._threadlocal, task._thread)


class ThreadState:
    """What libraries keep for this thread, as it is now; or as for a new thread."""

    def __init__(self, is_new=False):
        self.values = [{} if is_new else vars(local).copy() for local in LOCALS]
        self.takes_gradients = is_new or torch.is_grad_enabled()

    def restore(self):
        """Put it back."""
        for local, values in zip(LOCALS, self.values, strict=True):
            vars(local).clear()
            vars(local).update(values)
        torch.set_grad_enabled(self.takes_gradients)


class GreenletThread:
    """Runs functions in one thread, each until it sleeps or ends.

    Parameters
    ----------
    start_thread : callable
        Starts a thread that runs a function.
    """

    def __init__(self, start_thread):
        self._start_thread = start_thread
        self._is_started = False
        self._turns = SimpleQueue()  # greenlets, and functions that have none yet

    def start(self, function):
        """Run a function when it is its turn."""
        if not self._is_started:
            self._start_thread(self._run)
            self._is_started = True
        self._turns.put(function)

    def new_event(self):
        """An event that a function of this thread may wait for."""
        return _Event(self._turns)

    def close(self):
        """End the thread when all have had their turn."""
        self._turns.put(None)

    def _run(self):
        here = ThreadState()
        while (turn := self._turns.get()) is not None:
            if not isinstance(turn, greenlet):
                turn = greenlet(turn)
                turn.state = ThreadState(is_new=True)
            turn.state.restore()
            turn.switch()
            turn.state = ThreadState()
            here.restore()


class _Event:
    """As `threading.Event`, for one greenlet, which sleeps while others run."""

    def __init__(self, turns):
        self._turns = turns
        self._is_set = False
        self._waiting = None

    def set(self):
        self._is_set = True
        if self._waiting is not None:
            self._turns.put(self._waiting)

    def clear(self):
        self._is_set = False

    def wait(self):
        self._waiting = getcurrent()  # before the look: it may be set in between
        while not self._is_set:
            self._waiting.parent.switch()
        self._waiting = None
