"""The joblib backend "stacked"."""

import os
from contextlib import contextmanager
from numbers import Integral

import joblib
from joblib.parallel import (
    FallbackToBackend,
    ParallelBackendBase,
    SequentialBackend,
    get_active_backend,
)

from ..training import train
from ..training.groups import why_alone
from .garbage import spare_older_objects, take_up_older_objects
from .processes import SharedAmongProcesses
from .rendezvous import Rendezvous
from .report import begin_report
from .task import current_task

NESTED_MODELS = 64  # offered to a call inside a task


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

    The processes of ``n_processes`` beyond one are those of joblib's backend
    ``"loky"``: what holds there holds here, which is therefore your choice. Tasks are
    pickled, what they change stays in the worker, warnings are printed by the workers,
    and ``timeout`` is not observed. Calls that ask for threads, and those inside tasks,
    stay in their process.

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
        nesting_level=None,
        inner_max_num_threads=None,
        max_models=1024,
        max_bytes=2**29,
        n_processes="auto",
        cuda_graphs=False,
    ):
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
        if self.trains_in_workers:
            n_processes = 1
        elif n_processes == -1:
            n_processes = joblib.cpu_count()
        self.n_processes = n_processes
        self.cuda_graphs = cuda_graphs
        self._report = None
        self._rendezvous = None
        self._begun = os.getpid(), []

    @property
    def report(self):
        """Of all calls of this backend outside tasks."""
        if self._report is None:
            self._report = begin_report()
        return self._report

    @property
    def _calls(self):
        """Begun and not ended, in this process: a forked one has not their threads."""
        if self._begun[0] != os.getpid():
            self._begun = os.getpid(), []
        return self._begun[1]

    def effective_n_jobs(self, n_jobs):
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
        self, n_jobs=1, parallel=None, prefer=None, require=None, **backend_kwargs
    ):
        """Prepare for calls of ``parallel``."""
        wants_threads = "threads" in (prefer, _threads_if(require))
        self.parallel = parallel
        if current_task() is not None and (wants_threads or not self._waits()):
            raise FallbackToBackend(SequentialBackend(nesting_level=self.nesting_level))
        if current_task() is None and self.n_processes > 1 and not wants_threads:
            raise FallbackToBackend(
                SharedAmongProcesses(self, self.n_processes, self._options())
            )
        if current_task() is not None:
            # joblib parses the expression, and Python's parser fails now and then
            # where several threads use it (SystemError, CPython issue 106905)
            parallel.pre_dispatch = "all"
        n_running = joblib.cpu_count() + 1 + n_jobs if n_jobs < 0 else n_jobs
        self._n_running = max(1, n_running)
        return self.effective_n_jobs(n_jobs)

    def start_call(self):
        """Begin a call: with a new rendezvous, or in that of the task around it."""
        parent = current_task()
        if parent is not None:
            self._rendezvous = parent.call.rendezvous
        elif not self._calls:
            self._rendezvous = Rendezvous(
                self._n_running,
                self.max_models,
                self.max_bytes,
                self.report,
                self.cuda_graphs,
                self.trains_in_workers,
            )
            if self._returns_list():
                spare_older_objects()
        self._calls.append(self._rendezvous.begin_call(parent))

    def submit(self, func, callback=None):
        """Take a task."""
        return self._rendezvous.submit(self._calls[-1], func, callback)

    def retrieve_result_callback(self, out):
        """The result of a task, or its error raised."""
        succeeded, result = out
        if not succeeded:
            raise result
        return result

    @contextmanager
    def retrieval_context(self):
        """Around joblib's wait for results."""
        call = self._calls[-1]
        if call.parent is not None:
            self._rendezvous.join(call)
        else:
            self._rendezvous.dispatched(call)
            if self._waits():
                self._rendezvous.train_here(call)
        yield

    def abort_everything(self, ensure_ready=True):
        """End the tasks of the call."""
        if self._calls:
            self._rendezvous.abort(self._calls[-1])

    def stop_call(self):
        """End the call; joblib asks again where one more interrupt broke this off."""
        if not self._calls:
            return
        call = self._calls.pop()
        is_last = call.parent is None and not self._calls
        try:
            self._rendezvous.end_call(call)
            if is_last:
                self._rendezvous.close()
        finally:
            if is_last and self._returns_list():
                call.warnings.restore()
                take_up_older_objects()

    def get_nested_backend(self):
        """The backend inside a task, which joins the task's rendezvous."""
        level = (self.nesting_level or 0) + 1
        return StackedBackend(nesting_level=level, **self._options()), None

    def _returns_list(self):
        """Not a generator, which may never be read to its end."""
        return self.parallel.return_as == "list"

    def _waits(self):
        """Whether the call ends when all tasks have ended, or one has failed."""
        return self._returns_list() and self.parallel.timeout is None

    def _options(self):
        """Of backends in tasks and in worker processes."""
        return {
            "max_models": self.max_models,
            "max_bytes": self.max_bytes,
            "cuda_graphs": self.cuda_graphs,
        }


def _threads_if(require):
    """scikit-learn's forests ask for shared memory where they mean threads."""
    return "threads" if require == "sharedmem" else None


def train_job(job):
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
    task = current_task()
    if task is None:
        backend, _ = get_active_backend()
        if isinstance(backend, StackedBackend):
            backend.report.not_stacked["outside a task"] += 1
        train([job])
        return
    rendezvous, reason = task.call.rendezvous, why_alone(job)
    if reason is None:
        rendezvous.meet(task, job)
    else:
        rendezvous.train_alone(task, job, reason)
