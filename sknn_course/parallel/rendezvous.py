"""Where the fits of concurrent tasks meet, to be trained together.

Each task has a thread of its own, or is a greenlet of one that they share, and only
``n_running`` of them run at a time. A task that reaches a fit hands in its job and
sleeps while others run. When none can run before a job is trained, all jobs that have
come are trained, and their tasks go on in turn. That is done in the thread that made
the call, since OpenMP's threads are quick for one thread of a process alone, the first
that used them; in one more thread where the caller has other things to do.

Nothing waits for a job that may not come: a task counts only while it runs, not
when it has ended, failed, or waits for tasks of its own.
"""

import atexit
import os
import sys
import threading
from time import monotonic

from .._engine import train
from .._engine.interrupts import DEAF_SECONDS, Uninterrupted, get_interruptibly
from .._engine.plan import fills_core
from .equal_data import EqualData, cut_bytes
from .held_memory import bytes_by_owner, values_in_calls
from .shared import SharedResults
from .task import WAITING, Call, Task
from .turns import Turns
from .warning_state import WarningState
from .wave import train_wave

DISPATCH_SECONDS = 1.0  # a caller that hands over no task for so long has paused


class Rendezvous:
    """Runs tasks and trains their jobs in waves.

    Parameters
    ----------
    n_running, max_models, max_bytes : int
        As of `Turns`.
    report : Report
    cuda_graphs : bool
        As of `train_wave`.
    shares : bool
        Whether worker processes may train a part of a wave, where the caller trains.
    """

    def __init__(
        self, n_running, max_models, max_bytes, report, cuda_graphs=False, shares=False
    ):
        self.turns = Turns(n_running, max_models, max_bytes)
        self.report, self.cuda_graphs = report, cuda_graphs
        self.shared_bytes = max_bytes if shares else 0
        report.turns = self.turns.kind
        self.results = SharedResults(max_bytes)
        self._lock = self.turns.lock  # of everything below
        self._calls = []
        self.closed = False  # for further calls
        self._caller_trains = False
        self._trainer = None
        self._data, self._data_lock = EqualData(), threading.Lock()
        self._process = os.getpid()
        # the interpreter must not end in the midst of torch's operations: it aborts
        atexit.register(self.close)

    # Calls

    def begin_call(self, parent, started):
        """A new `Call`, inside a task or from the outside (None)."""
        call = Call(self, parent, started)
        with self._lock:
            self._calls.append(call)
        return call

    def submit(self, call, function, callback):
        """Take a task; it starts when there is room, unless it is not wanted."""
        task = Task(call, function, callback, self.turns.new_event())
        with self._lock:
            if not task.is_aborted:
                call.last_submitted = monotonic()
                call.tasks.add(task)
                self.report.n_tasks += 1
                self.turns.queue(task)
        return task

    def dispatched(self, call):
        """The caller has handed over its tasks and waits for results."""
        with Uninterrupted(), self._lock:
            call.dispatching = False
            self.turns.advance()

    def train_here(self, call):
        """Train in this thread until all tasks of a call have ended, or one failed.

        Raises
        ------
        KeyboardInterrupt
        """
        try:
            self._caller_trains = True
            while (tasks := self._next_wave(call)) is not None:
                self._train_wave(tasks, self.shared_bytes)
        finally:
            with Uninterrupted(), self._lock:
                self._caller_trains = False
                self.turns.nobody_runs.ring()

    def end_call(self, call):
        """The caller has all results, or wants no more."""
        if call.tasks:
            self.abort(call)
        with self._lock:
            self._calls.remove(call)
            if call.parent is None:
                self.report.seconds += monotonic() - call.started
                self.report.n_shared += self.results.n_shared
                self.results.n_shared = 0
            # calls inside tasks may end later
            is_last = call.parent is None and all(c.parent for c in self._calls)
            self.closed |= is_last
        if is_last:
            self.close()

    def abort(self, call):
        """End the tasks of a call, each as soon as it can be ended.

        Those not started never are, those that sleep raise `CallAborted`,
        training ends with the epoch (of lbfgs: the iteration), and the others
        raise at their next fit.
        """
        with Uninterrupted(), self._lock:
            call.aborted = True
            self.drop_aborted()

    def drop_aborted(self):
        """End the tasks that were aborted; to be called with the lock held."""
        tasks = [t for call in self._calls for t in call.tasks if t.is_aborted]
        for task in tasks:
            if task.job is not None:
                task.job.cancelled = True
        self.turns.drop(tasks)

    def close(self):
        """End the threads, without waiting long for those that do not end."""
        atexit.unregister(self.close)
        if self._process != os.getpid():  # forked, without the threads
            return
        for call in self._calls.copy():
            self.abort(call)  # of generators that nobody has read to the end
        with self._lock:
            self.closed = True
            self.turns.nobody_runs.ring()
        self.turns.close()

    # In tasks

    def meet(self, task, job):
        """Hand in the job of a task and sleep until it is trained.

        Raises
        ------
        CallAborted
        """
        task.check()
        warnings = WarningState()
        task.fills_core = fills_core(job)
        with self._data_lock:
            n_known = len(self._data.kept)
            job.train = self._data.split(job.train)
            job.validation = self._data.split(job.validation)
            new = self._data.kept[n_known:]
        n_bytes = self._held_bytes(task, job, new)
        with self._lock:
            task.check()
            if self._trainer is None:
                self._trainer = self.turns.start_thread(self._train_waves, "trainer")
            task.job, task.arrived = job, monotonic()
            self.turns.wait_for_wave(task, n_bytes)
        task.goes_on.wait()
        task.seconds_of_others += monotonic() - task.arrived - task.seconds_trained
        warnings.restore()
        task.job = None
        task.check()

    def _held_bytes(self, task, job, new):
        """Of the arrays in a task's calls and those of its job that no other has."""
        n_bytes, held = cut_bytes(job.train), {}
        if n_bytes * self.turns.max_models > self.turns.max_bytes:  # else of no account
            held = bytes_by_owner(values_in_calls(sys._getframe()))
            in_calls = sum(held[owner] for owner in held.keys() - task.given)
            n_bytes = max(n_bytes // 2, in_calls)
        of_job = bytes_by_owner(new)
        return n_bytes + sum(of_job[owner] for owner in of_job.keys() - held.keys())

    def train_alone(self, task, job, reason):
        """Train the job of a task at once, outside of the waves.

        Raises
        ------
        CallAborted
        """
        with self._lock:
            task.check()
            task.job = job
            self.report.not_stacked[reason] += 1
        try:
            train([job])
        finally:
            task.job = None
        task.check()

    def join(self, call):
        """Put the parent of a call to sleep until its tasks have ended.

        Or until one has failed.

        Raises
        ------
        CallAborted
        """
        task, warnings = call.parent, WarningState()
        with self._lock:
            task.check()
            if call.is_over:
                return
            call.is_joined = True
            asleep, done_before = monotonic(), call.seconds
            self.turns.block(task)
        task.goes_on.wait()
        task.seconds_of_others += monotonic() - asleep - (call.seconds - done_before)
        warnings.restore()
        task.check()

    # In the caller's thread, or the trainer's

    def _train_waves(self):
        while (tasks := self._next_wave()) is not None:
            self._train_wave(tasks)

    def _train_wave(self, tasks, shared_bytes=0):
        started = monotonic()
        jobs = [task.job for task in tasks]
        task_of = dict(zip(map(id, jobs), tasks, strict=True))
        try:
            seconds = train_wave(
                jobs,
                self.report,
                lambda job: task_of[id(job)].state == WAITING,
                self.cuda_graphs,
                shared_bytes,
            )
            for task in tasks:
                task.seconds_trained = seconds.get(id(task.job), 0.0)
        except BaseException as error:  # or the tasks would wait for ever
            if isinstance(error, KeyboardInterrupt):
                for job in jobs:
                    job.error = KeyboardInterrupt()  # without the frames of this one
                raise
            for job in jobs:
                job.error = error
        finally:
            with Uninterrupted(), self._lock:
                self.report.seconds_training += monotonic() - started
                self.turns.go_back(tasks)

    def _next_wave(self, call=None):
        """The tasks of the next wave; None when the caller's call is over, or all."""
        while True:
            with Uninterrupted(), self._lock:
                if self.closed if call is None else call.is_over:
                    return None
                seconds = self._seconds_to_wave()
                if call is None and self._caller_trains:
                    seconds = None
                if seconds == 0:
                    tasks = self.turns.take_waiting()
                    self._data = EqualData()
                    now = monotonic()
                    self.report.add_wave([now - task.arrived for task in tasks])
                    return tasks
                bell = self.turns.nobody_runs.expect()
            seconds = min(seconds or DEAF_SECONDS, DEAF_SECONDS)
            get_interruptibly(bell, seconds)

    def _seconds_to_wave(self):
        """Seconds until a wave is due, None where that depends on a task."""
        if not self.turns.stand_still:
            return None
        last = [call.last_submitted for call in self._calls if call.dispatching]
        return max([t + DISPATCH_SECONDS - monotonic() for t in last] + [0.0])
