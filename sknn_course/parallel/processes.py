"""Tasks shared out among worker processes, each of which stacks its own."""

import os
from contextlib import contextmanager
from time import perf_counter

import joblib
from joblib.parallel import ParallelBackendBase

from .. import _compat
from .._engine.threads import in_forked_child
from .orphans import end_with_parent
from .report import begin_report, last_report

CORES = "LOKY_MAX_CPU_COUNT"  # what `joblib.cpu_count` keeps to

in_forked_child(_compat.forget_loky_workers)


class SharedAmongProcesses(ParallelBackendBase):
    """Joblib backend of one call of `StackedBackend` with several processes.

    Tasks are gathered while joblib hands them over, dealt out to joblib's worker
    processes, and trained there in a stacked call of their own. An error ends them
    all, as it does in joblib's own worker processes.

    Parameters
    ----------
    stacked : StackedBackend
    n_processes : int
    options : dict
        Of the stacked calls in the workers, which share ``max_bytes`` out.
    """

    supports_retrieve_callback = True
    supports_timeout = False

    def __init__(self, stacked, n_processes, options):
        super().__init__(nesting_level=stacked.nesting_level)
        self._stacked, self._n_processes = stacked, n_processes
        most = max(1, options["max_bytes"] // n_processes)
        self._options = {**options, "max_bytes": most}
        self._tasks = []  # with their callbacks

    def effective_n_jobs(self, n_jobs):
        """Number of tasks that joblib should hand over at least."""
        return self._n_processes * self._stacked.effective_n_jobs(n_jobs)

    def configure(self, n_jobs=1, parallel=None, prefer=None, require=None, **_):
        """Prepare for calls of ``parallel``."""
        self.parallel = parallel
        self._options["n_jobs"] = n_jobs
        return self.effective_n_jobs(n_jobs)

    def start_call(self):
        """Begin a call."""
        self._started = perf_counter()

    def stop_call(self):
        """End the call."""
        self._stacked.report.seconds += perf_counter() - self._started

    def submit(self, func, callback=None):
        """Take a task."""
        self._tasks.append((func, callback))

    def retrieve_result_callback(self, out):
        """The result of a task."""
        return out

    @contextmanager
    def retrieval_context(self):
        """Before joblib takes results: run all tasks, and those that follow them."""
        while self._tasks:
            tasks, self._tasks = self._tasks, []
            self._run(tasks)
        yield
        _compat.raise_overlooked_error(self.parallel)

    def abort_everything(self, ensure_ready=True):
        """Forget tasks that have not begun."""
        self._tasks = []

    def get_nested_backend(self):
        """The backend inside a task."""
        return self._stacked.get_nested_backend()

    def _run(self, tasks):
        n = self._n_processes
        shares = [tasks[k::n] for k in range(min(n, len(tasks)))]
        n_cores = max(1, joblib.cpu_count() // n)
        calls = [
            joblib.delayed(_run_stacked)([f for f, _ in share], n_cores, self._options)
            for share in shares
        ]
        # always as many workers: joblib would start others
        workers = joblib.Parallel(
            n,
            "loky",
            batch_size=1,
            return_as="generator",
            initializer=end_with_parent,
        )
        reports = []
        for share, (results, report) in zip(shares, workers(calls), strict=True):
            reports.append(report)
            for (_, callback), result in zip(share, results, strict=True):
                callback(result)
        self._stacked.report.add_processes(reports)


def _run_stacked(tasks, n_cores, options):
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
