"""Which of the tasks have a place, wait for one, or sleep; what they hold in memory."""

import heapq
from collections import Counter, deque
from collections.abc import Iterable

from joblib import cpu_count

from .task import BLOCKED, DROPPED, ENDED, QUEUED, READY, RUNNING, WAITING, Task


class Places:
    """The states of tasks: no threads and no locks, these are the scheduler's.

    Parameters
    ----------
    n_running, max_models, max_bytes : int
        As of `Scheduler`.
    """

    def __init__(self, n_running: int, max_models: int, max_bytes: int) -> None:
        self.n_running, self.max_models = n_running, max_models
        self.max_bytes = max_bytes
        self._n_in: Counter[str] = Counter()  # tasks by state
        self._queue: list[Task] = []  # heap of tasks to start
        self._ready: deque[Task] = deque()
        self._waiting: list[Task] = []
        self._n_filling = 0  # of those that wait, whose network fills a core
        self._most_filling = 2 * cpu_count()  # they may take unequally long
        self._bytes = self._bytes_of_latest = 0

    @property
    def stands_still(self) -> bool:
        """Whether tasks wait for a wave, and none runs."""
        return bool(self._waiting) and not self._n_in[RUNNING]

    @property
    def n_started(self) -> int:
        """Of tasks that run, wait or are ready."""
        return sum(self._n_in[state] for state in (RUNNING, WAITING, READY))

    def add(self, task: Task) -> None:
        """A new task, to be started when there is room."""
        self._n_in[QUEUED] += 1
        heapq.heappush(self._queue, task)

    def wait(self, task: Task, n_bytes: int) -> None:
        """A task sleeps until its job, with so many bytes of data, is trained."""
        self._bytes += n_bytes - task.held_bytes
        task.held_bytes = self._bytes_of_latest = n_bytes
        self._move(task, WAITING)
        self._waiting.append(task)
        self._n_filling += task.fills_core

    def block(self, task: Task) -> None:
        """A task sleeps until its own call is over."""
        self._move(task, BLOCKED)

    def take_waiting(self) -> list[Task]:
        """Those of the wave that is due."""
        tasks, self._waiting, self._n_filling = self._waiting, [], 0
        return tasks

    def make_ready(self, tasks: Iterable[Task]) -> None:
        """What tasks slept for is there."""
        for task in tasks:
            if task.state in (WAITING, BLOCKED):  # it may have been dropped
                self._move(task, READY)
                self._ready.append(task)

    def next_to_start(self) -> Task | None:
        """The next task that gets a place; those that are ready go on before."""
        while self._n_in[RUNNING] < self.n_running:
            if self._ready:
                task = self._ready.popleft()
                self._move(task, RUNNING)
                task.goes_on.set()
            elif self._queue and self._has_room():
                task = heapq.heappop(self._queue)
                self._move(task, RUNNING)
                return task
            else:
                break
        return None

    def _has_room(self) -> bool:
        # where all others wait for tasks of their own, one has to start
        return self.n_started == 0 or (
            self.n_started < self.max_models
            and self._bytes + self._bytes_of_latest <= self.max_bytes
            and self._n_filling < self._most_filling
        )

    def put_back(self, task: Task) -> bool:
        """Queue a task again that could not start, if others have; whether so."""
        self._move(task, QUEUED)
        if self.n_started == 0:
            return False
        self.max_models = self.n_started
        heapq.heappush(self._queue, task)
        return True

    def drop(self, tasks: Iterable[Task]) -> None:
        """Tasks that were aborted run for nobody; those not started never do."""
        for task in tasks:
            if task.state in (RUNNING, WAITING, READY, BLOCKED):
                self._move(task, DROPPED)
                task.goes_on.set()
        self._queue = [t for t in self._queue if not t.is_aborted]
        heapq.heapify(self._queue)
        self._ready = deque(t for t in self._ready if t.state == READY)
        self._waiting = [t for t in self._waiting if t.state == WAITING]
        self._n_filling = sum(t.fills_core for t in self._waiting)

    def end(self, task: Task) -> None:
        """A task has returned or raised."""
        self._move(task, ENDED)
        self._bytes -= task.held_bytes

    def _move(self, task: Task, state: str) -> None:
        self._n_in[task.state] -= 1
        self._n_in[state] += 1
        task.state = state
        if state in (WAITING, READY, BLOCKED):
            task.goes_on.clear()
