"""The joblib backend "stacked"."""

import os
import threading
import warnings
from numbers import Integral
from typing import Any, Literal, NoReturn

import joblib
from joblib.parallel import (
    FallbackToBackend,
    ParallelBackendBase,
    SequentialBackend,
    get_active_backend,
)

from .. import resume
from .._engine import FitJob, train
from .._engine.groups import why_alone
from .._engine.threads import in_forked_child
from .._resume.lengths import Lengths
from .pool import can_start_workers
from .processes import ProcessBackend
from .rendezvous import meet, train_alone
from .report import Report, begin_report
from .scheduler import Scheduler
from .stacked_call import StackedCall
from .task import current_task

NESTED_MODELS = 64  # offered to a call inside a task
_lock = threading.Lock()


@in_forked_child
def _renew_lock() -> None:
    """Its holder may not be in the child."""
    global _lock
    _lock = threading.Lock()


class StackedBackend(ParallelBackendBase):
    """Joblib backend that trains the networks of concurrent tasks together.

    Made by ``joblib.parallel_config("stacked", max_models=..., max_bytes=...)``.
    Tasks take turns; where they reach the fit of a network of this package, the
    networks of all tasks are trained as stacks. The results are those of an ordinary
    run. `sknn_course.parallel.last_report` tells what was stacked.

    ``n_jobs``, of ``parallel_config`` or of the search, is the number of tasks
    that run at the same time between the trainings: one (default) is best for
    small data and keeps the order of an ordinary run; -1, all cores, for
    searches with expensive transformers or estimators of other packages.

    Parameters
    ----------
    nesting_level : int or None
        Set by joblib.
    inner_max_num_threads : None
        Not supported.
    max_models : int, default=1024
        Tasks that are in work together in a process, hence networks in a wave. 1
        trains them one after another.
    max_bytes : int, default=2**29
        Tasks are in work together while the arrays in their calls and, each different
        data set once, the rows in the network's precision keep within this, in all
        processes together.
    n_processes : 'auto' or int, default='auto'
        ``'auto'`` runs tasks in this process, and workers train a part of a wave where
        that is sooner: on two cores from some ten seconds of training, or one where
        they are there from an earlier wave. 1 starts no other process. Among several,
        the tasks of a call are shared out, and each process stacks its own; -1 takes
        as many as there are cores. Then what the tasks do between the trainings keeps
        all cores busy as well: see Notes.
    cuda_graphs : bool, default=False
        On a CUDA GPU, record the steps of a stack once as CUDA graphs and repeat
        them, for small networks, where launching operations takes longer than
        computing them. Augmentation and rates that change with each step are not
        recorded; `last_report` tells.

    Raises
    ------
    ValueError
        If ``max_models`` or ``max_bytes`` is no integer from 1, ``n_processes``
        neither that nor -1 nor 'auto', or ``cuda_graphs`` neither True nor False.

    Notes
    -----
    A task that is inside its own Parallel call is not waited for: its inner
    tasks join the others. Inner calls that ask for threads (``prefer="threads"``,
    as forests do), for a generator of results or for a timeout run one after another.

    The ``fit_time`` of searches, of `cross_validate` and of curves is the time of the
    network's own task and its share in the trainings, by its rows and epochs: over a
    search the sum is about what all fits took, and in workers that train beside this
    process, as ever, more than the wall clock shows. What a fit waited for others is
    left out.

    Of several errors in tasks that of the first task is raised, as in an ordinary run.
    One of the iterator of tasks comes before those, since many are taken at once;
    among ``n_processes`` it is the first in time.

    With ``random_state=None`` networks draw from numpy's global generator, as they
    come to it, in workers from generators that it seeds: a seed of that generator does
    not give the numbers of an ordinary run, nor does it with joblib's backend "loky".

    With ``n_jobs`` beyond one, each task has a thread, and tasks share the
    interpreter's warning filters, as in any of joblib's threads. With one, each task
    keeps its own, and where the package greenlet is installed all tasks run in one
    thread, which is quicker (`Report.turns`): what the configurations of scikit-learn,
    joblib and torch keep for a thread stays apart, what others keep is shared, and an
    `RLock` held around a fit keeps no other task out.

    While a call that returns a list runs, Python's garbage collector leaves alone the
    objects that were there before (`gc.freeze`).

    The workers of ``n_processes='auto'`` get nothing but networks, rows and settings,
    and end after five idle minutes. How long networks train is foreseen from
    ``max_iter``: where all stop early, starting workers may cost up to three seconds.
    What stays here: networks on a GPU, wide ones, those with scikit-learn's callbacks,
    ``verbose`` or augmentation, those that share a `RandomState`, and whole calls from
    other threads than the main one, for a generator of results or with a timeout.

    With ``n_processes`` beyond one, what holds for joblib's backend ``"loky"`` holds
    here, which is therefore your choice: the workers are the same as above, but tasks
    are pickled, what they change stays in the worker, warnings are printed by the
    workers, and ``timeout`` is not observed. Calls that ask for threads, and those
    inside tasks, stay in their process.

    Examples
    --------
    >>> import joblib
    >>> import sknn_course.parallel
    >>> with joblib.parallel_config("stacked", max_models=100):
    ...     joblib.effective_n_jobs()
    100
    """

    default_n_jobs = 1
    supports_retrieve_callback = True
    supports_sharedmem = True
    uses_threads = True

    def __init__(
        self,
        nesting_level: int | None = None,
        inner_max_num_threads: None = None,
        max_models: int = 1024,
        max_bytes: int = 2**29,
        n_processes: int | Literal["auto"] = "auto",
        cuda_graphs: bool = False,
    ) -> None:
        super().__init__(nesting_level, inner_max_num_threads)
        for name, value, others, words in (
            ("max_models", max_models, (), ""),
            ("max_bytes", max_bytes, (), ""),
            ("n_processes", n_processes, (-1, "auto"), ", -1 for all cores, or 'auto'"),
        ):
            if value not in others and not (isinstance(value, Integral) and value > 0):
                raise ValueError(
                    f"{name} must be an integer from 1{words}, got {value!r}."
                )
        if not isinstance(cuda_graphs, bool):
            raise ValueError(f"cuda_graphs must be True or False, got {cuda_graphs!r}.")
        self.max_models, self.max_bytes = int(max_models), int(max_bytes)
        self.trains_in_workers = n_processes == "auto"
        if n_processes == -1:
            n_processes = joblib.cpu_count()
        self.n_processes = 1 if n_processes == "auto" else n_processes
        self.cuda_graphs = cuda_graphs
        self._report: Report | None = None
        self._scheduler: Scheduler | None = None
        self._process = 0  # that has opened it
        self._lengths = Lengths(self.max_bytes)

    @property
    def report(self) -> Report:
        """Of all calls of this backend outside tasks."""
        if self._report is None:
            self._report = begin_report()
        return self._report

    def effective_n_jobs(self, n_jobs: int) -> int:
        """Number of tasks that joblib should hand over at least.

        Raises
        ------
        ValueError
            If ``n_jobs`` is 0.
        """
        if n_jobs == 0:
            raise ValueError("n_jobs == 0 in Parallel has no meaning")
        if current_task() is None:
            return self.max_models
        return min(self.max_models, NESTED_MODELS)

    def configure(
        self,
        n_jobs: int = 1,
        parallel: Any = None,
        prefer: str | None = None,
        require: str | None = None,
        **_: Any,
    ) -> NoReturn:
        """Give ``parallel`` a backend of its own."""
        n_running = joblib.cpu_count() + 1 + n_jobs if n_jobs < 0 else n_jobs
        call = StackedCall(self, parallel, max(1, n_running))
        wants_threads = "threads" in (prefer, _threads_if(require))
        if current_task() is not None and (wants_threads or not call.waits):
            raise FallbackToBackend(SequentialBackend(nesting_level=self.nesting_level))
        if current_task() is None and self.n_processes > 1 and not wants_threads:
            if can_start_workers():
                raise FallbackToBackend(
                    ProcessBackend(self, self.n_processes, self._options())
                )
            warnings.warn(
                f"n_processes={self.n_processes}, but this process may start no "
                "others: the tasks run in it.",
                stacklevel=2,
            )
        if current_task() is not None:
            # joblib parses the expression, and Python's parser fails now and then
            # where several threads use it (SystemError, CPython issue 106905)
            parallel.pre_dispatch = "all"
        raise FallbackToBackend(call)

    def open_scheduler(self, n_running: int) -> Scheduler:
        """Where the tasks of a call meet: with those of others that have not ended."""
        with _lock:
            process = os.getpid()  # the threads of a forked one are not here
            scheduler = self._scheduler if self._process == process else None
            if scheduler is None or scheduler.closed:
                self._process = process
                scheduler = self._scheduler = Scheduler(
                    n_running,
                    self.max_models,
                    self.max_bytes,
                    self.report,
                    self.cuda_graphs,
                    self.trains_in_workers,
                    self._lengths,
                )
            return scheduler

    def get_nested_backend(self) -> "tuple[StackedBackend, None]":
        """The backend inside a task, whose tasks join those around it."""
        level = (self.nesting_level or 0) + 1
        return StackedBackend(nesting_level=level, **self._options()), None

    def _options(self) -> dict[str, Any]:
        """Of backends in tasks and in worker processes."""
        return {
            "max_models": self.max_models,
            "max_bytes": self.max_bytes,
            "cuda_graphs": self.cuda_graphs,
        }


def _threads_if(require: str | None) -> str | None:
    """scikit-learn's forests ask for shared memory where they mean threads."""
    return "threads" if require == "sharedmem" else None


def train_job(job: FitJob) -> None:
    """Train a job: with those of concurrent tasks in a stacked call, else alone.

    Parameters
    ----------
    job : FitJob
        Trained in place; its ``error`` is set where training failed in a wave.

    Raises
    ------
    Exception
        What training alone raises.
    CallAborted
        If nobody waits for the task any more.
    """
    if resume.active is not None and resume.active.find(job):
        return
    task = current_task()
    if task is None:
        backend, _ = get_active_backend()
        if isinstance(backend, StackedBackend):
            backend.report.not_stacked["outside a task"] += 1
        train([job])
        return
    if task.varies_length and task.call.scheduler.lengths.find(job):
        return
    reason = why_alone(job)
    if reason is None:
        meet(task, job)
    else:
        train_alone(task, job, reason)
