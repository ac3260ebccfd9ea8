"""What tasks run in: a thread for each, or one thread, where they are greenlets.

Between threads a switch takes longer than it seems: the system wakes the next one on
another core, whose caches know nothing of what it goes on with. Greenlets stay on
their core, and what a task does between its trainings is as quick as in a loop.
"""

import threading
from collections.abc import Callable
from functools import cache
from queue import SimpleQueue
from time import monotonic
from types import ModuleType
from typing import Any
from weakref import WeakSet

import sklearn
import torch

from .. import _compat
from . import task

JOIN_SECONDS = 1.0  # given to threads to end


@cache
def load_greenlet() -> ModuleType | None:
    """The package greenlet, or None where tasks cannot share a thread."""
    if _compat.joblib_thread_state is None:
        return None
    try:
        import greenlet
    except ImportError:
        return None
    return greenlet


def make_runner(n_running: int) -> "Threads":
    """For tasks of which so many run at a time."""
    one_thread = n_running == 1 and load_greenlet() is not None
    return OneThread() if one_thread else Threads()


class Threads:
    """Runs each function in a thread of its own."""

    kind = "threads"

    def __init__(self) -> None:
        self._threads: WeakSet[threading.Thread] = WeakSet()

    def start(self, function: Callable[[], None]) -> None:
        """Run a function.

        Raises
        ------
        RuntimeError
            If the system gives no more threads.
        """
        self.start_thread(function, "task")

    def start_thread(self, function: Callable[[], None], role: str) -> None:
        """Run a function in a thread, which need not end before the program does."""
        thread = threading.Thread(target=function, name=f"stacked-{role}", daemon=True)
        thread.start()
        self._threads.add(thread)

    def new_event(self) -> Any:
        """An event that a function may wait for."""
        return threading.Event()

    def close(self) -> None:
        """Wait a little for the threads to end."""
        deadline = monotonic() + JOIN_SECONDS
        for thread in set(self._threads) - {threading.current_thread()}:
            thread.join(max(0.0, deadline - monotonic()))


class OneThread(Threads):
    """Runs functions in one thread, each until it waits or ends."""

    kind = "greenlets"

    def __init__(self) -> None:
        super().__init__()
        self._greenlet: Any = load_greenlet()
        self._is_started = False
        self._turns: SimpleQueue = SimpleQueue()  # greenlets that go on, functions

    def start(self, function: Callable[[], None]) -> None:
        """Run a function when it is its turn."""
        if not self._is_started:
            self.start_thread(self._run, "task")
            self._is_started = True
        self._turns.put(function)

    def new_event(self) -> Any:
        """An event that a function of this thread may wait for."""
        return _Event(self)

    def close(self) -> None:
        """End the thread when all have had their turn."""
        self._turns.put(None)
        super().close()

    def go_on(self, sleeper: Any) -> None:
        """Let a greenlet of this thread run when it is its turn."""
        self._turns.put(sleeper)

    def current(self) -> Any:
        """The greenlet that runs in this thread."""
        return self._greenlet.getcurrent()

    def give_way(self) -> None:
        """Let others run, until `go_on`."""
        self._switcher.switch()

    def _run(self) -> None:
        greenlet, state_before = self._greenlet, ThreadState()
        self._switcher = greenlet.getcurrent()
        while (turn := self._turns.get()) is not None:
            if not isinstance(turn, greenlet.greenlet):
                state_before.restore()
                turn = greenlet.greenlet(turn)
            turn.switch()
        # greenlet lets go of it with the thread, and overlooks us if `gc.freeze` was
        # called since: only what is not frozen counts as a reference
        self._switcher = None


class ThreadState:
    """What libraries keep for this thread: configurations, and whose task it runs.

    Contexts such as `sklearn.config_context` change it. Tasks that share a thread
    therefore each put back their own.
    """

    def __init__(self) -> None:
        self.locals = [
            (local, vars(local).copy())
            for local in (_compat.joblib_thread_state, task._thread)
        ]
        self.sklearn_config = sklearn.get_config()
        self.takes_gradients = torch.is_grad_enabled()

    def restore(self) -> None:
        """Put it back."""
        for local, values in self.locals:
            vars(local).clear()
            vars(local).update(values)
        sklearn.set_config(**self.sklearn_config)
        torch.set_grad_enabled(self.takes_gradients)


class _Event:
    """As `threading.Event`, for one greenlet to wait for."""

    def __init__(self, thread: OneThread) -> None:
        self._thread = thread
        self._is_set = False
        self._sleeper: Any = None

    def set(self) -> None:
        self._is_set = True
        if self._sleeper is not None:
            self._thread.go_on(self._sleeper)

    def clear(self) -> None:
        self._is_set = False

    def wait(self) -> None:
        state = ThreadState()
        # before the look, since another thread may set it
        self._sleeper = self._thread.current()
        while not self._is_set:
            self._thread.give_way()
        self._sleeper = None
        state.restore()
