"""What the backend "stacked" does for one `joblib.Parallel`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

import joblib
from joblib.parallel import ParallelBackendBase

from .. import _compat
from .._engine.interrupts import Uninterrupted
from .convergence import warn_of_all
from .gc_freeze import spare_older_objects, take_up_older_objects
from .rendezvous import join
from .task import Call, Task, current_task


class StackedCall(ParallelBackendBase):
    """Joblib backend of one `joblib.Parallel`, of a `StackedBackend`.

    A call begins with its first task and ends as early as possible. An interrupt in
    joblib's own code before, between and after then finds nothing that were to be
    undone.

    Parameters
    ----------
    stacked : StackedBackend
    parallel : joblib.Parallel
    n_running : int
        Tasks that run at the same time.
    """

    supports_retrieve_callback = True
    supports_sharedmem = True
    uses_threads = True

    def __init__(self, stacked: Any, parallel: joblib.Parallel, n_running: int) -> None:
        super().__init__(nesting_level=stacked.nesting_level)
        self._stacked, self._n_running = stacked, n_running
        self.parallel = parallel
        self._returns_list = parallel.return_as == "list"
        # it ends when all tasks have ended, or one has failed
        self.waits = self._returns_list and parallel.timeout is None
        self._call: Call | None = None  # begun, not ended

    def effective_n_jobs(self, n_jobs: int) -> int:
        """Number of tasks that joblib should hand over at least."""
        return self._stacked.effective_n_jobs(n_jobs)

    def configure(self, n_jobs: int = 1, **_: Any) -> int:
        """Prepare for calls."""
        return self.effective_n_jobs(n_jobs)

    def start_call(self) -> None:
        """A call is about to begin."""
        self._started = monotonic()

    def submit(self, func: Callable, callback: Any = None) -> Task:
        """Take a task."""
        with Uninterrupted():
            call = self._call = self._call or self._begin()
            return call.scheduler.submit(call, func, callback)

    def retrieve_result_callback(self, out: tuple[bool, Any]) -> Any:
        """The result of a task, or its error raised."""
        succeeded, result = out
        if not succeeded:
            raise result
        return result

    @contextmanager
    def retrieval_context(self) -> Iterator[None]:
        """Around joblib's wait for results."""
        call = self._call
        if call is not None and call.parent is not None:
            join(call)
        elif call is not None:
            call.scheduler.dispatched(call)
            if self.waits:
                try:
                    call.scheduler.train_here(call)
                finally:
                    self.stop_call()
        yield
        self.stop_call()
        _compat.raise_overlooked_error(self.parallel)
        if call is not None and call.error is not None:
            raise call.error
        if call is not None and call.parent is None:
            warn_of_all(call)

    def abort_everything(self, ensure_ready: bool = True) -> None:
        """End the tasks of the call."""
        if self._call is not None:
            self._call.scheduler.abort(self._call)

    def stop_call(self) -> None:
        """End the call, where it has not ended."""
        try:
            self._end()
        except KeyboardInterrupt:
            self._end()  # it may have come before anything was done
            raise

    def _end(self) -> None:
        with Uninterrupted():
            call, self._call = self._call, None
            if call is None:
                return
            try:
                call.scheduler.end_call(call)
            finally:
                if call.parent is None and self._returns_list:
                    call.warnings.restore()
                    take_up_older_objects()

    def get_nested_backend(self) -> tuple[ParallelBackendBase, None]:
        """The backend inside a task."""
        return self._stacked.get_nested_backend()

    def _begin(self) -> Call:
        parent = current_task()
        if parent is not None:
            scheduler = parent.call.scheduler
        else:
            scheduler = self._stacked.open_scheduler(self._n_running)
        call = scheduler.begin_call(parent, self._started)
        if parent is None and self._returns_list:
            spare_older_objects()
        return call
