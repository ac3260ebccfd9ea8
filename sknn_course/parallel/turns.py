"""Turns of tasks, few of which run at a time: in threads of their own or in one."""

import heapq
import threading
from collections import Counter, deque
from functools import partial
from queue import SimpleQueue
from time import monotonic

from joblib import cpu_count

from .. import _compat
from .greenlets import GreenletThread, load_greenlet
from .task import BLOCKED, DROPPED, ENDED, READY, RUNNING, WAITING, run

JOIN_SECONDS = 1.0  # given to threads to end


class Bell:
    """Wakes the threads that wait for it; to be used with the lock held."""

    def __init__(self):
        self._waiting = []

    def expect(self):
        """A queue that gets something when it rings, to wait for without the lock."""
        queue = SimpleQueue()
        self._waiting.append(queue)
        return queue

    def ring(self):
        """Wake all."""
        waiting, self._waiting = self._waiting, []
        for queue in waiting:
            queue.put("ringing")


class Turns:
    """Lets tasks run, up to ``n_running`` at a time, in the order of their ranks.

    All but `new_event` and `close` is to be called with the lock held.

    Parameters
    ----------
    n_running : int
        Tasks that run at the same time.
    max_models : int
        Tasks that are started and have not ended, apart from those that wait for
        tasks of their own.
    max_bytes : int
        No task is started that would make the data of tasks at a fit exceed this,
        were they of the size of the latest one's.

    Attributes
    ----------
    lock : Lock
        Of the turns, and of the states of tasks and calls.
    kind : str
        What tasks run in.
    nobody_runs : Bell
        Rung when tasks wait for a wave and none runs, and at the end of a call.
    """

    def __init__(self, n_running, max_models, max_bytes):
        self.n_running, self.max_models = n_running, max_models
        self.max_bytes = max_bytes
        self.most_filling = 2 * cpu_count()  # they may take unequally long
        self.lock = threading.Lock()
        self.nobody_runs = Bell()
        self._n_in: Counter = Counter()  # tasks by state
        self._queue: list = []  # heap of tasks to start
        self._ready: deque = deque()
        self._waiting: list = []
        self._bytes = self._bytes_of_latest = 0
        self._n_filling = 0  # of those that wait, whose network fills a core
        self._threads: set = set()
        self._one_thread = None  # or each task has its own
        if n_running == 1 and load_greenlet() is not None:
            self._one_thread = GreenletThread(partial(self.start_thread, role="task"))
        self.kind = "greenlets" if self._one_thread else "threads"

    def new_event(self):
        """An event for which a task may wait."""
        return self._one_thread.new_event() if self._one_thread else threading.Event()

    @property
    def stand_still(self):
        """Whether tasks wait for a wave, and none runs."""
        return bool(self._waiting) and not self._n_in[RUNNING]

    def queue(self, task):
        """Take a task; it starts when there is room."""
        self._n_in[task.state] += 1
        heapq.heappush(self._queue, task)
        self.advance()

    def wait_for_wave(self, task, n_bytes):
        """Let others run until the task's job, with so many bytes of data, is trained.

        The task then has to wait for ``goes_on``.
        """
        self._bytes += n_bytes - task.held_bytes
        task.held_bytes = self._bytes_of_latest = n_bytes
        self._move(task, WAITING)
        self._waiting.append(task)
        self._n_filling += task.fills_core
        self.advance()

    def take_waiting(self):
        """The tasks that wait for a wave, which is theirs."""
        tasks, self._waiting, self._n_filling = self._waiting, [], 0
        return tasks

    def go_back(self, tasks):
        """Let tasks of a wave go on."""
        for task in tasks:
            self.make_ready(task)
        self.advance()

    def block(self, task):
        """Let others run while a task waits for tasks of its own."""
        self._move(task, BLOCKED)
        self.advance()

    def make_ready(self, task):
        """Let a task that waits run when it is its turn; it may have been dropped."""
        if task.state in (WAITING, BLOCKED):
            self._move(task, READY)
            self._ready.append(task)

    def drop(self, tasks):
        """End the tasks' waiting; those not started never are."""
        for task in tasks:
            if task.state in (RUNNING, WAITING, READY, BLOCKED):
                self._move(task, DROPPED)
                task.goes_on.set()
        self._queue = [t for t in self._queue if not t.is_aborted]
        heapq.heapify(self._queue)
        self._ready = deque(t for t in self._ready if t.state == READY)
        self._waiting = [t for t in self._waiting if t.state == WAITING]
        self._n_filling = sum(t.fills_core for t in self._waiting)
        self.advance()

    def advance(self, to_reuse_thread=False):
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
        if self.stand_still:
            self.nobody_runs.ring()
        return for_this_thread

    def start_thread(self, function, role):
        """A new thread, which need not end before the program does."""

        def run_and_forget():
            function()
            with self.lock:
                self._threads.discard(thread)

        thread = threading.Thread(
            target=run_and_forget, name=f"stacked-{role}", daemon=True
        )
        thread.start()
        self._threads.add(thread)
        return thread

    def close(self):
        """Wait a little for the threads to end."""
        if self._one_thread:
            self._one_thread.close()
        with self.lock:
            threads = self._threads - {threading.current_thread()}
        deadline = monotonic() + JOIN_SECONDS
        for thread in threads:
            thread.join(max(0.0, deadline - monotonic()))

    def _move(self, task, state):
        self._n_in[task.state] -= 1
        self._n_in[state] += 1
        task.state = state
        if state in (WAITING, READY, BLOCKED):
            task.goes_on.clear()

    def _n_started(self):
        return sum(self._n_in[state] for state in (RUNNING, WAITING, READY))

    def _has_room(self):
        n_started = self._n_started()
        # where all others wait for tasks of their own, one has to start
        return n_started == 0 or (
            n_started < self.max_models
            and self._bytes + self._bytes_of_latest <= self.max_bytes
            and self._n_filling < self.most_filling
        )

    def _start(self, task):
        queued = task.state
        self._move(task, RUNNING)
        try:
            if self._one_thread:
                self._one_thread.start(partial(self._run, task))
            else:
                self.start_thread(partial(self._run, task), "task")
        except RuntimeError:  # the system gives no more threads
            self._move(task, queued)
            if self._n_started() == 0:
                raise
            self.max_models = self._n_started()
            heapq.heappush(self._queue, task)

    # In the threads of tasks

    def _run(self, task):
        with self.lock:
            pass  # until the thread that started this one sleeps: no turns of both
        while task is not None:
            task.outcome = run(task)
            for ended in self._outcomes_to_tell(task):
                self._tell(ended)
            with self.lock:
                task = self._end(task)

    def _outcomes_to_tell(self, task):
        """The task, whose outcome joblib is to hear now, or another or none."""
        call = task.call
        with self.lock:
            task.has_run = True
            if call.failure is None and task.outcome[0]:
                return [task]
            if call.failed or task.is_aborted:
                return []
            if not task.outcome[0]:
                call.failure = task
                call.rendezvous.drop_aborted()
            return [call.failure] if call.is_settled else []

    def _tell(self, task):
        try:
            task.callback(task.outcome)
        except BaseException as error:
            task.call.error = error
            _compat.await_no_more(task.callback.parallel)
        with self.lock:
            task.call.failed |= not task.outcome[0] or task.call.error is not None
        task.outcome = None  # it may be large

    def _end(self, task):
        """Take a task out; the next one for its thread, or None."""
        call = task.call
        self._move(task, ENDED)
        self._bytes -= task.held_bytes
        call.seconds += task.seconds
        call.tasks.discard(task)
        if call.is_over:
            self.nobody_runs.ring()
            if call.is_joined:
                call.is_joined = False
                self.make_ready(call.parent)
        return self.advance(to_reuse_thread=True)
