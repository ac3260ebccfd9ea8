"""Where the fits of concurrent tasks meet, to be trained together.

Each task has a thread of its own, but only ``n_running`` of them run at a time.
A task that reaches a fit hands in its job and sleeps while others run. When
none can run before a job is trained, all jobs that have come are trained, and their
tasks go on in turn. That is done in the thread that made the call, since OpenMP's
threads are quick for one thread of a process alone, the first that used them; in one
more thread where the caller has other things to do.

Nothing waits for a job that may not come: a task counts only while it runs, not
when it has ended, failed, or waits for tasks of its own.
"""

import heapq
import threading
from collections import Counter, deque
from contextlib import contextmanager
from time import monotonic

from joblib import cpu_count

from ..training import train
from ..training.slices import fills_core
from ..training.threads import DEAF_SECONDS
from .equal_data import EqualData, cut_bytes
from .shared import SharedResults
from .task import (
    BLOCKED,
    DROPPED,
    ENDED,
    READY,
    RUNNING,
    WAITING,
    Call,
    Task,
    current_task,
    run,
)
from .warning_state import WarningState
from .wave import train_wave

DISPATCH_SECONDS = 1.0  # a caller that hands over no task for so long has paused
JOIN_SECONDS = 1.0  # given to threads to end


class Rendezvous:
    """Runs tasks in threads and trains their jobs in waves.

    Parameters
    ----------
    n_running : int
        Tasks that run at the same time.
    max_models : int
        Tasks that are started and have not ended, apart from those that wait for
        tasks of their own.
    max_bytes : int
        No task is started while the data of tasks at a fit exceed this.
    report : Report
    cuda_graphs : bool
        As of `train_wave`.
    """

    def __init__(self, n_running, max_models, max_bytes, report, cuda_graphs=False):
        self.n_running, self.max_models = n_running, max_models
        self.max_bytes, self.report = max_bytes, report
        self.cuda_graphs = cuda_graphs
        self.most_filling = 2 * cpu_count()  # they may take unequally long
        self.results = SharedResults(max_bytes)
        self._lock = threading.Lock()  # of everything below
        self._calls = []
        self._n_in: Counter = Counter()  # tasks by state
        self._bytes = 0
        self._n_filling = 0  # of those that wait, whose network fills a core
        self._queue: list = []  # heap of tasks to start
        self._ready: deque = deque()
        self._waiting: list = []
        self._wave_in_sight = threading.Condition(self._lock)
        self._closed = False
        self._caller_trains = False
        self._threads: set = set()
        self._trainer = None
        self._data, self._data_lock = EqualData(), threading.Lock()

    # Calls

    def begin_call(self, parent):
        """A new `Call`, inside a task or from the outside (None)."""
        call = Call(self, parent)
        with self._lock:
            self._calls.append(call)
        return call

    def submit(self, call, function, callback):
        """Take a task; it starts when there is room."""
        call.check()
        task = Task(call, function, callback)
        with self._lock:
            call.last_submitted = monotonic()
            call.tasks.add(task)
            self.report.n_tasks += 1
            self._n_in[task.state] += 1
            heapq.heappush(self._queue, task)
            self._advance()
        return task

    def dispatched(self, call):
        """The caller has handed over its tasks and waits for results."""
        with self._lock:
            call.dispatching = False
            self._advance()

    def train_here(self, call):
        """Train in this thread until all tasks of a call have ended, or one failed.

        Raises
        ------
        KeyboardInterrupt
        """
        with self._lock:
            self._caller_trains = True
        try:
            while (tasks := self._next_wave(call)) is not None:
                self._train_wave(tasks)
        finally:
            with self._lock:
                self._caller_trains = False
                self._wave_in_sight.notify()

    def end_call(self, call):
        """The caller has all results, or wants no more."""
        with self._lock:
            self._calls.remove(call)
            if call.parent is None:
                self.report.seconds += monotonic() - call.started
                self.report.n_shared += self.results.n_shared
                self.results.n_shared = 0

    def abort(self, call):
        """End the tasks of a call, each as soon as it can be ended.

        Those not started never are, those that sleep raise `CallAborted`,
        training ends with the epoch (of lbfgs: the iteration), and the others
        raise at their next fit.
        """
        with self._lock:
            call.aborted = True
            for task in (t for c in self._calls if c.is_aborted for t in c.tasks):
                if task.job is not None:
                    task.job.cancelled = True
                if task.state in (RUNNING, WAITING, READY, BLOCKED):
                    self._move(task, DROPPED)
                    task.goes_on.set()
            self._queue = [t for t in self._queue if not t.call.is_aborted]
            heapq.heapify(self._queue)
            self._ready = deque(t for t in self._ready if t.state == READY)
            self._waiting = [t for t in self._waiting if t.state == WAITING]
            self._n_filling = sum(t.fills_core for t in self._waiting)
            self._advance()

    def close(self):
        """End the threads, without waiting long for those that do not end."""
        for call in self._calls.copy():
            self.abort(call)  # of generators that nobody has read to the end
        with self._lock:
            self._closed = True
            self._wave_in_sight.notify_all()
            threads = [*self._threads, *([self._trainer] if self._trainer else [])]
        deadline = monotonic() + JOIN_SECONDS
        for thread in threads:
            if thread is not threading.current_thread():
                thread.join(max(0.0, deadline - monotonic()))

    # Tasks, in their threads

    def meet(self, task, job):
        """Hand in the job of a task and sleep until it is trained.

        Raises
        ------
        CallAborted
        """
        task.call.check()
        warnings = WarningState()
        task.fills_core = fills_core(job)
        with self._data_lock:
            known_bytes = self._data.n_bytes
            job.train = self._data.split(job.train)
            job.validation = self._data.split(job.validation)
            n_bytes = cut_bytes(job.train) + self._data.n_bytes - known_bytes
        with self._lock:
            task.call.check()
            if self._trainer is None:
                self._trainer = self._start_thread(self._train_waves, "trainer")
            task.goes_back_to = task.state  # running, or blocked
            task.job, task.arrived = job, monotonic()
            self._bytes += n_bytes - task.held_bytes
            task.held_bytes = n_bytes
            self._move(task, WAITING)
            self._waiting.append(task)
            self._n_filling += task.fills_core
            self._advance()
        task.goes_on.wait()
        warnings.restore()
        task.job = None
        task.call.check()

    def train_alone(self, task, job, reason):
        """Train the job of a task in its own thread, outside of the waves.

        Raises
        ------
        CallAborted
        """
        with self._lock:
            task.call.check()
            task.job = job
            self.report.not_stacked[reason] += 1
        try:
            train([job])
        finally:
            task.job = None
        task.call.check()

    def join(self, call):
        """Put the parent of a call to sleep until its tasks have ended.

        Or until one has failed.

        Raises
        ------
        CallAborted
        """
        task, warnings = call.parent, WarningState()
        with self._lock:
            if not call.tasks or task.state != RUNNING:
                return
            call.is_joined = True
            self._move(task, BLOCKED)
            self._advance()
        task.goes_on.wait()
        warnings.restore()
        call.check()

    @contextmanager
    def blocked(self, task):
        """While a task takes results of its own tasks, others may run."""
        warnings = WarningState()
        with self._lock:
            was_running = task.state == RUNNING
            if was_running:
                self._move(task, BLOCKED)
                self._advance()
        try:
            yield
        finally:
            if was_running and current_task() is task:
                with self._lock:
                    if task.state == BLOCKED:
                        self._make_ready(task)
                        self._advance()
                task.goes_on.wait()
                warnings.restore()

    def _run(self, task):
        with self._lock:
            pass  # until the thread that started this one sleeps: no turns of both
        while task is not None:
            task = self._end(task, run(task))
        with self._lock:
            self._threads.discard(threading.current_thread())

    def _end(self, task, succeeded):
        """Take a task out; the next one for its thread, or None."""
        call = task.call
        with self._lock:
            self._move(task, ENDED)
            self._bytes -= task.held_bytes
            call.tasks.discard(task)
            call.failed |= not succeeded
            if call.is_over:
                self._wave_in_sight.notify_all()
            if call.is_joined and not (succeeded and call.tasks):
                call.is_joined = False
                self._make_ready(call.parent)
            return self._advance(to_reuse_thread=True)

    # With the lock held

    def _move(self, task, state):
        self._n_in[task.state] -= 1
        self._n_in[state] += 1
        task.state = state
        if state in (WAITING, READY, BLOCKED):
            task.goes_on.clear()

    def _make_ready(self, task):
        if task.state != DROPPED:
            self._move(task, READY)
            self._ready.append(task)

    def _advance(self, to_reuse_thread=False):
        """Let tasks run as far as there are places and room.

        The first task to start is returned, if asked for, to the thread that has
        none, instead of getting a new one.
        """
        for_this_thread = None
        while self._n_in[RUNNING] < self.n_running:
            if self._ready:
                task = self._ready.popleft()
                self._move(task, RUNNING)
                task.goes_on.set()
            elif not (self._queue and self._has_room()):
                break
            elif to_reuse_thread and for_this_thread is None:
                for_this_thread = heapq.heappop(self._queue)
                self._move(for_this_thread, RUNNING)
            else:
                self._start(heapq.heappop(self._queue))
        if self._seconds_to_wave() is not None:
            self._wave_in_sight.notify_all()
        return for_this_thread

    def _n_started(self):
        return sum(self._n_in[state] for state in (RUNNING, WAITING, READY))

    def _has_room(self):
        n_started = self._n_started()
        # where all others wait for tasks of their own, one has to start
        return n_started == 0 or (
            n_started < self.max_models
            and self._bytes < self.max_bytes
            and self._n_filling < self.most_filling
        )

    def _start(self, task):
        queued = task.state
        self._move(task, RUNNING)
        try:
            self._threads.add(self._start_thread(self._run, "task", task))
        except RuntimeError:  # the system gives no more threads
            self._move(task, queued)
            if self._n_started() == 0:
                raise
            self.max_models = self._n_started()
            heapq.heappush(self._queue, task)

    def _start_thread(self, function, role, *arguments):
        thread = threading.Thread(
            target=function, args=arguments, name=f"stacked-{role}", daemon=True
        )
        thread.start()
        return thread

    def _seconds_to_wave(self):
        """Seconds until a wave is due, None where that depends on a task."""
        if not self._waiting or self._n_in[RUNNING]:
            return None
        last = [call.last_submitted for call in self._calls if call.dispatching]
        return max([t + DISPATCH_SECONDS - monotonic() for t in last] + [0.0])

    # In the caller's thread, or the trainer's

    def _train_waves(self):
        while (tasks := self._next_wave()) is not None:
            self._train_wave(tasks)

    def _train_wave(self, tasks):
        started = monotonic()
        jobs = [task.job for task in tasks]
        task_of = dict(zip(map(id, jobs), tasks, strict=True))
        try:
            train_wave(
                jobs,
                self.report,
                lambda job: task_of[id(job)].state == WAITING,
                self.cuda_graphs,
            )
        except BaseException as error:  # or the tasks would wait for ever
            for job in jobs:
                job.error = error
            if isinstance(error, KeyboardInterrupt):
                raise
        finally:
            with self._lock:
                self.report.seconds_training += monotonic() - started
                for task in tasks:
                    if task.goes_back_to == RUNNING:
                        self._make_ready(task)
                    elif task.state == WAITING:
                        self._move(task, task.goes_back_to)
                        task.goes_on.set()
                self._advance()

    def _next_wave(self, call=None):
        """The tasks of the next wave; None when the caller's call is over, or all."""
        with self._lock:
            while not (self._closed if call is None else call.is_over):
                seconds = self._seconds_to_wave()
                if call is None and self._caller_trains:
                    seconds = None
                if seconds == 0:
                    tasks, self._waiting, self._n_filling = self._waiting, [], 0
                    self._data = EqualData()
                    now = monotonic()
                    self.report.add_wave([now - task.arrived for task in tasks])
                    return tasks
                self._wave_in_sight.wait(min(seconds or DEAF_SECONDS, DEAF_SECONDS))
            return None
