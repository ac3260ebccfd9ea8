"""Which tasks run, when the jobs of those that wait are trained, when a call ends."""

import atexit
import os
import threading
from collections.abc import Callable
from functools import partial
from time import monotonic

from .. import _compat
from .._engine import FitJob
from .._engine.interrupts import (
    INTERRUPT_POLL_SECONDS,
    Uninterrupted,
    get_interruptibly,
)
from .._resume.lengths import Lengths
from .bell import Bell
from .equal_data import EqualData
from .places import Places
from .report import Report
from .result_cache import ResultCache
from .runners import make_runner
from .task import Call, Task, run
from .wave import train_wave

DISPATCH_SECONDS = 1.0  # a caller that hands over no task for so long has paused


class Scheduler:
    """Runs the tasks of calls, few at a time, and trains their jobs in waves.

    A task that reaches a fit hands in its job and sleeps while others run. When none
    can run before a job is trained, a wave is due: all jobs that have come are trained,
    and their tasks go on in turn. Nothing waits for a job that may not come: a task
    counts only while it runs, not when it has ended, failed, or waits for tasks of its
    own.

    ==========  ====================  ==========  ====================================
    state       event                 next state  what happens
    ==========  ====================  ==========  ====================================
    QUEUED      a place, and room     RUNNING     starts; the lowest rank is first
    QUEUED      its call is aborted   ENDED       never starts
    RUNNING     `mark_waiting`        WAITING     sleeps; its place is free
    RUNNING     `mark_blocked`        BLOCKED     sleeps until its own call is over
    RUNNING     it returns or raises  ENDED       joblib is told, its thread runs the
                                                  next one
    WAITING     its wave is trained   READY
    BLOCKED     its own call is over  READY
    READY       a place               RUNNING     goes on, before any that is queued
    all but     its call is aborted   DROPPED     goes on at once, takes no place,
    the ends                                      raises `CallAborted` when it looks
    DROPPED     it returns or raises  ENDED       nobody is told
    ==========  ====================  ==========  ====================================

    There are ``n_running`` places. There is room for one more task while fewer than
    ``max_models`` run, wait or are ready, and their data keep within ``max_bytes``,
    were that of the new one as large as the latest one's; or while there is none of
    these. A task is aborted with its call, with the task that made the call, and by the
    error of a task before it.

    Waves are trained in the thread that made the call, since OpenMP's threads are quick
    for one thread of a process alone, the first that used them; in one more thread
    where the caller has other things to do.

    Parameters
    ----------
    n_running, max_models, max_bytes : int
    report : Report
    cuda_graphs : bool
        As of `train_wave`.
    uses_workers : bool
        Whether worker processes may train a part of a wave, where the caller trains.

    Attributes
    ----------
    places : Places
        The states of the tasks.
    data : EqualData
        Of the jobs of the next wave.
    results : ResultCache
    lengths : Lengths
        Of trainings that differ in it, in earlier calls too.
    closed : bool
        For further calls.
    """

    def __init__(
        self,
        n_running: int,
        max_models: int,
        max_bytes: int,
        report: Report,
        cuda_graphs: bool = False,
        uses_workers: bool = False,
        lengths: Lengths | None = None,
    ) -> None:
        self.places = Places(n_running, max_models, max_bytes)
        self.report, self.cuda_graphs = report, cuda_graphs
        self.worker_bytes = max_bytes if uses_workers else 0
        self.data, self.results = EqualData(), ResultCache(max_bytes)
        self.lengths = Lengths(max_bytes) if lengths is None else lengths
        self.closed = False
        self._runner = make_runner(n_running)
        report.turns = self._runner.kind
        self._lock = threading.Lock()  # of what follows, of places, tasks and calls
        self._waves = Bell()  # rung when one is due, and at the end of a call
        self._calls: list[Call] = []
        self._caller_trains = self._has_trainer = False
        self._process = os.getpid()
        # the interpreter must not end in the midst of torch's operations: it aborts
        atexit.register(self.close)

    # Called where joblib is

    def begin_call(self, parent: Task | None, started: float) -> Call:
        """A new call, inside a task or from the outside (None)."""
        call = Call(self, parent, started)
        with self._lock:
            self._calls.append(call)
        return call

    def submit(self, call: Call, function: Callable, callback: Callable) -> Task:
        """Take a task; it starts when there is room, unless it is not wanted."""
        task = Task(call, function, callback, self._runner.new_event())
        with self._lock:
            if not task.is_aborted:
                call.last_submitted = monotonic()
                call.tasks.add(task)
                self.report.n_tasks += 1
                self.places.add(task)
                self._advance()
        return task

    def dispatched(self, call: Call) -> None:
        """The caller has handed over its tasks and waits for results."""
        with Uninterrupted(), self._lock:
            call.dispatching = False
            self._advance()

    def train_here(self, call: Call) -> None:
        """Train in this thread until all tasks of a call have ended, or one failed.

        Raises
        ------
        KeyboardInterrupt
        """
        try:
            self._caller_trains = True
            self._train_waves(call)
        finally:
            with Uninterrupted(), self._lock:
                self._caller_trains = False
                self._waves.ring()

    def end_call(self, call: Call) -> None:
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

    def abort(self, call: Call) -> None:
        """End the tasks of a call, each as soon as it can be ended.

        Those not started never are, those that sleep raise `CallAborted`,
        training ends with the epoch (of lbfgs: the iteration), and the others
        raise at their next fit.
        """
        with Uninterrupted(), self._lock:
            call.aborted = True
            self._drop_aborted()

    def close(self) -> None:
        """End the threads, without waiting long for those that do not end."""
        atexit.unregister(self.close)
        if self._process != os.getpid():  # forked, without the threads
            return
        for call in self._calls.copy():
            self.abort(call)  # of generators that nobody has read to the end
        with self._lock:
            self.closed = True
            self._waves.ring()
        self._runner.close()

    # Called in tasks

    def mark_waiting(self, task: Task, job: FitJob, n_bytes: int) -> None:
        """Let others run until a task's job, with so many bytes of data, is trained.

        The task then has to wait for ``goes_on``.

        Raises
        ------
        CallAborted
        """
        with self._lock:
            task.check()
            if not self._has_trainer:
                self._runner.start_thread(self._train_waves, "trainer")
                self._has_trainer = True
            task.job, task.arrived = job, monotonic()
            self.places.wait(task, n_bytes)
            self._advance()

    def mark_blocked(self, call: Call) -> bool:
        """Let others run while the parent of a call waits for it, if it has to.

        The task then has to wait for ``goes_on``.

        Raises
        ------
        CallAborted
        """
        assert call.parent is not None
        with self._lock:
            call.parent.check()
            if call.is_over:
                return False
            call.is_joined = True
            self.places.block(call.parent)
            self._advance()
            return True

    def note_alone(self, task: Task, job: FitJob, reason: str) -> None:
        """A task is about to train its job itself: an abort is to end that, too.

        Raises
        ------
        CallAborted
        """
        with self._lock:
            task.check()
            task.job = job
            self.report.not_stacked[reason] += 1

    # In the caller's thread, or the trainer's

    def _train_waves(self, call: Call | None = None) -> None:
        while (tasks := self._next_wave(call)) is not None:
            started = monotonic()
            try:
                train_wave(
                    tasks,
                    self.report,
                    self.cuda_graphs,
                    0 if call is None else self.worker_bytes,
                )
            finally:
                with Uninterrupted(), self._lock:
                    self.report.seconds_training += monotonic() - started
                    self.places.make_ready(tasks)
                    self._advance()

    def _next_wave(self, call: Call | None) -> list[Task] | None:
        """The tasks of the next wave; None when the caller's call is over, or all."""
        while True:
            with Uninterrupted(), self._lock:
                if self.closed if call is None else call.is_over:
                    return None
                seconds = self._seconds_to_wave()
                if call is None and self._caller_trains:
                    seconds = None
                if seconds == 0:
                    tasks = self.places.take_waiting()
                    self.data = EqualData()
                    now = monotonic()
                    self.report.add_wave([now - task.arrived for task in tasks])
                    return tasks
                bell = self._waves.expect()
            seconds = seconds or INTERRUPT_POLL_SECONDS
            get_interruptibly(bell, min(seconds, INTERRUPT_POLL_SECONDS))

    # The rest is called with the lock held, but for `_run` and `_tell`

    def _seconds_to_wave(self) -> float | None:
        """Seconds until a wave is due, None where that depends on a task."""
        if not self.places.stands_still:
            return None
        last = [call.last_submitted for call in self._calls if call.dispatching]
        return max([t + DISPATCH_SECONDS - monotonic() for t in last] + [0.0])

    def _drop_aborted(self) -> None:
        tasks = [t for call in self._calls for t in call.tasks if t.is_aborted]
        for task in tasks:
            if task.job is not None:
                task.job.cancelled = True
        self.places.drop(tasks)
        self._advance()

    def _advance(self, to_reuse_thread: bool = False) -> Task | None:
        """Let tasks run as far as there are places and room.

        The first task to start is returned, if asked for, to the thread that has
        none, instead of getting a new one.
        """
        for_this_thread = None
        while (task := self.places.next_to_start()) is not None:
            if to_reuse_thread and for_this_thread is None:
                for_this_thread = task
            else:
                self._start(task)
        if self.places.stands_still:
            self._waves.ring()
        return for_this_thread

    def _start(self, task: Task) -> None:
        try:
            self._runner.start(partial(self._run, task))
        except RuntimeError:  # the system gives no more threads
            if not self.places.put_back(task):
                raise

    def _run(self, task: Task | None) -> None:
        """In a thread of its own or one that others had: run tasks until none is."""
        with self._lock:
            pass  # until the thread that started this one sleeps: no turns of both
        while task is not None:
            task.outcome = run(task)
            with self._lock:
                to_tell = self._outcome_to_tell(task)
            if to_tell is not None:
                self._tell(to_tell)
            with self._lock:
                task = self._end(task)

    def _outcome_to_tell(self, task: Task) -> Task | None:
        """The task, whose outcome joblib is to hear now, or another or none."""
        call = task.call
        task.has_run = True
        if call.failure is None and task.succeeded:
            return task
        if call.failed or task.is_aborted:
            return None
        if not task.succeeded:
            call.failure = task
            self._drop_aborted()
        return call.failure if call.is_settled else None

    def _tell(self, task: Task) -> None:
        succeeded = task.succeeded
        try:
            task.callback(task.outcome)
        except BaseException as error:
            task.call.error = error
            _compat.await_no_more(task.callback.parallel)
        with self._lock:
            task.call.failed |= not succeeded or task.call.error is not None
        task.outcome = None  # it may be large

    def _end(self, task: Task) -> Task | None:
        """Take a task out; the next one for its thread, or None."""
        call = task.call
        self.places.end(task)
        call.seconds += task.seconds
        call.tasks.discard(task)
        if call.is_over:
            self._waves.ring()
            if call.is_joined and call.parent is not None:
                call.is_joined = False
                self.places.make_ready([call.parent])
        return self._advance(to_reuse_thread=True)
