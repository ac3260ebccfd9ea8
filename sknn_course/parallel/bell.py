"""A signal that threads wait for without the lock that guards what it tells."""

from queue import SimpleQueue


class Bell:
    """Wakes the threads that wait for it; to be used with a lock held."""

    def __init__(self) -> None:
        self._waiting: list[SimpleQueue] = []

    def expect(self) -> SimpleQueue:
        """A queue that gets something when it rings, to wait for without the lock."""
        queue: SimpleQueue = SimpleQueue()
        self._waiting.append(queue)
        return queue

    def ring(self) -> None:
        """Wake all."""
        waiting, self._waiting = self._waiting, []
        for queue in waiting:
            queue.put("ringing")
