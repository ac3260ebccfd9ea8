"""Tasks divided among worker processes, each of which stacks its own."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any

import joblib
from joblib.parallel import ParallelBackendBase

from .. import _compat
from .._engine.interrupts import wait_for
from .pool import MAPPING, WORKERS
from .report import Report, begin_report, last_report

CORES = "LOKY_MAX_CPU_COUNT"  # what `joblib.cpu_count` keeps to


class ProcessBackend(ParallelBackendBase):
    """Joblib backend of one call of `StackedBackend` with several processes.

    Tasks are gathered while joblib hands them over, dealt out to worker processes, and
    trained there in a stacked call of their own. An error ends them all, as it does
    in joblib's own worker processes.

    Parameters
    ----------
    stacked : StackedBackend
    n_processes : int
    options : dict
        Of the stacked calls in the workers, which share ``max_bytes`` out.
    """

    supports_retrieve_callback = True
    supports_timeout = False

    def __init__(self, stacked: Any, n_processes: int, options: dict[str, Any]) -> None:
        super().__init__(nesting_level=stacked.nesting_level)
        self._stacked, self._n_processes = stacked, n_processes
        most = max(1, options["max_bytes"] // n_processes)
        self._options = {**options, "max_bytes": most}
        self._tasks: list[tuple[Callable, Any]] = []  # with their callbacks

    def effective_n_jobs(self, n_jobs: int) -> int:
        """Number of tasks that joblib should hand over at least."""
        return self._n_processes * self._stacked.effective_n_jobs(n_jobs)

    def configure(
        self, n_jobs: int = 1, parallel: joblib.Parallel | None = None, **options: Any
    ) -> int:
        """Prepare for calls of ``parallel``."""
        self.parallel = parallel
        self._mapping = {name: options[name] for name in MAPPING}
        self._options["n_jobs"] = n_jobs
        return self.effective_n_jobs(n_jobs)

    def start_call(self) -> None:
        """Begin a call."""
        self._started = perf_counter()

    def stop_call(self) -> None:
        """End the call."""
        self._stacked.report.seconds += perf_counter() - self._started

    def submit(self, func: Callable, callback: Any = None) -> None:
        """Take a task."""
        self._tasks.append((func, callback))

    def retrieve_result_callback(self, out: Any) -> Any:
        """The result of a task."""
        return out

    @contextmanager
    def retrieval_context(self) -> Iterator[None]:
        """Before joblib takes results: run all tasks, and those that follow them."""
        while self._tasks:
            tasks, self._tasks = self._tasks, []
            self._run(tasks)
        yield
        _compat.raise_overlooked_error(self.parallel)

    def abort_everything(self, ensure_ready: bool = True) -> None:
        """Forget tasks that have not begun."""
        self._tasks = []

    def get_nested_backend(self) -> tuple[ParallelBackendBase, None]:
        """The backend inside a task."""
        return self._stacked.get_nested_backend()

    def _run(self, tasks: list[tuple[Callable, Any]]) -> None:
        n = self._n_processes
        of_workers = [tasks[k::n] for k in range(min(n, len(tasks)))]
        n_cores = max(1, joblib.cpu_count() // n)
        calls = [([f for f, _ in some], n_cores, self._options) for some in of_workers]
        with WORKERS.running(_run_stacked, calls, n, self._mapping) as futures:
            results, reports = zip(*wait_for(futures), strict=True)
        for some, of_worker in zip(of_workers, results, strict=True):
            for (_, callback), result in zip(some, of_worker, strict=True):
                callback(result)
        self._stacked.report.add_processes(reports)


def _run_stacked(
    tasks: list[Callable], n_cores: int, options: dict[str, Any]
) -> tuple[list, Report]:
    """In a worker: the results of tasks, in their order, and what was stacked."""
    begin_report()  # the worker's last one may be of another call
    before = os.environ.get(CORES)
    os.environ[CORES] = str(n_cores)
    try:
        with joblib.parallel_config("stacked", **options):
            results = joblib.Parallel()((task, (), {}) for task in tasks)
        return results, last_report()
    finally:
        if before is None:
            del os.environ[CORES]
        else:
            os.environ[CORES] = before
