"""Interrupts (Ctrl-C) at moments when they do no harm.

Python raises `KeyboardInterrupt` in the main thread, between any two of its steps: also
when a lock has been taken and not yet noted, or a thread started and not yet known.
"""

import signal
import threading
from queue import Empty, SimpleQueue

INTERRUPT_POLL_SECONDS = 0.5  # on Windows a thread that waits hears of none


class Uninterrupted:
    """Context in which an interrupt waits for the end of the context.

    For what has to be done as a whole and does not take long.

    Examples
    --------
    >>> import signal
    >>> from sknn_course._engine.interrupts import Uninterrupted
    >>> try:
    ...     with Uninterrupted():
    ...         signal.raise_signal(signal.SIGINT)
    ...         print("done as a whole")
    ... except KeyboardInterrupt:
    ...     print("interrupted")
    done as a whole
    interrupted
    """

    def __enter__(self):
        self._handler, self._came = None, False
        if threading.current_thread() is threading.main_thread():
            handler = signal.getsignal(signal.SIGINT)
            if callable(handler):  # else no Python code hears of it
                self._handler = handler
                signal.signal(signal.SIGINT, self._note)

    def __exit__(self, *_):
        if self._handler is not None:
            signal.signal(signal.SIGINT, self._handler)
            if self._came:
                self._handler(signal.SIGINT, None)

    def _note(self, *_):
        self._came = True


def get_interruptibly(queue, seconds):
    """The next thing from a `SimpleQueue`; None where none comes in time.

    Unlike waits for a condition, event or future, which an interrupt may leave with a
    lock taken, or with one released that is to be released again.
    """
    try:
        return queue.get(timeout=seconds)
    except Empty:
        return None


def wait_for(futures):
    """The results of futures, when all are done.

    Raises
    ------
    KeyboardInterrupt
    Exception
        Of the first in time that fails; the others are not waited for.
    """
    done: SimpleQueue = SimpleQueue()
    with Uninterrupted():
        for future in futures:
            future.add_done_callback(done.put)
    n_running = len(futures)
    while n_running:
        future = get_interruptibly(done, INTERRUPT_POLL_SECONDS)
        if future is not None:
            future.result()
            n_running -= 1
    return [future.result() for future in futures]
