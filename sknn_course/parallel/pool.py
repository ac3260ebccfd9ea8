"""Worker processes, one pool of them for all calls."""

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Future
from contextlib import contextmanager
from time import monotonic
from typing import Any
from uuid import uuid4

import joblib
from joblib.parallel import ParallelBackendBase

from .. import _compat
from .._engine.interrupts import Uninterrupted
from .._engine.threads import in_forked_child
from ..resume import VARIABLE
from .orphans import end_with_parent

IDLE_SECONDS = 300.0  # after which workers end
MAPPING = {"max_nbytes": 2**20, "mmap_mode": "r", "temp_folder": None}  # joblib's own


class WorkerPool:
    """Worker processes, started when they are needed first and kept for later calls.

    They end when they have had nothing to do for some minutes, with the process that
    has started them, however that ends, and in the midst of their work when an error
    or an interrupt leaves the caller's block. A forked process leaves its parent's
    workers alone and starts its own.

    All that they get are functions with arguments, and futures are all that they give.
    Large arrays among the arguments are mapped into their memory, as joblib does it.

    Attributes
    ----------
    n_workers : int
        Of those that were started last.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._executor: Any = None
        self._arrays: Any = None
        self._mapping = MAPPING
        self._resumes: str | None = None
        self._of_parents: list[Any] = []  # executors that it would wake to let go of
        self._last_used = 0.0
        self.n_workers = 0

    @property
    def is_there(self) -> bool:
        """Whether workers wait, or are at work."""
        idle = monotonic() - self._last_used
        return self._executor is not None and idle < 0.9 * IDLE_SECONDS

    @contextmanager
    def running(
        self,
        function: Callable,
        calls: Sequence[tuple],
        n_workers: int,
        mapping: dict[str, Any] = MAPPING,
    ) -> Iterator[list[Future]]:
        """Inside, workers run a function; what is inside is to wait for the results.

        Parameters
        ----------
        function : callable
        calls : sequence of tuple
            Its arguments in each call.
        n_workers : int
            At the least.
        mapping : dict
            Joblib's parameters of memory-mapped arrays.

        Yields
        ------
        list of Future
        """
        try:
            with Uninterrupted(), self._lock:
                enough = self.is_there and self.n_workers >= n_workers
                resumes = os.environ.get(VARIABLE)  # workers read it as they start
                if not enough or (mapping, resumes) != (self._mapping, self._resumes):
                    self._start(n_workers, mapping)
                try:
                    futures = self._submit(function, calls)
                except BrokenExecutor:  # a worker was killed while it was idle
                    self._start(n_workers, mapping)
                    futures = self._submit(function, calls)
                arrays, call = self._arrays, self._arrays.call
            yield futures
        except BaseException:
            self.end()
            raise
        self._last_used = monotonic()
        arrays.forget(call)

    def _start(self, n_workers: int, mapping: dict[str, Any]) -> None:
        if self._executor is not None:
            self._executor.shutdown(wait=False)  # another thread may use it
        self.n_workers, self._mapping = n_workers, mapping
        self._resumes = os.environ.get(VARIABLE)
        self._arrays = _compat.MappedArrays(**mapping)
        self._executor = _compat.ProcessPoolExecutor(
            n_workers,
            timeout=IDLE_SECONDS,
            initializer=end_with_parent,
            env=_environment(n_workers),
            **self._arrays.reducers,
        )

    def _submit(self, function: Callable, calls: Sequence[tuple]) -> list[Future]:
        self._last_used = monotonic()
        self._arrays.call = uuid4().hex
        return [self._executor.submit(function, *arguments) for arguments in calls]

    def end(self) -> None:
        """End the workers, whatever they do."""
        with Uninterrupted():
            executor, self._executor = self._executor, None
            if executor is not None:
                close_call_queue = _compat.call_queue_of(executor)
                executor.shutdown(kill_workers=True)
                close_call_queue()
                self._arrays.forget()

    def leave_to_parent(self) -> None:
        """In a forked child: the workers answer to the process that started them."""
        self._lock = threading.Lock()  # its holder may not be here
        self._of_parents.append(self._executor)
        self._executor = None


def _environment(n_workers: int) -> dict[str, str]:
    """Each worker's libraries use its part of the cores, unless the user has chosen."""
    n_threads = str(max(1, joblib.cpu_count() // n_workers))
    names = ParallelBackendBase.MAX_NUM_THREADS_VARS
    return {name: os.environ.get(name, n_threads) for name in names}


def can_start_workers() -> bool:
    """Whether this process may start others."""
    daemon = multiprocessing.current_process().daemon
    return _compat.ProcessPoolExecutor is not None and not daemon


WORKERS = WorkerPool()
in_forked_child(WORKERS.leave_to_parent)
