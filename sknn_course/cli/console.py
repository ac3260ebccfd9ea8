"""What the commands share: messages, Ctrl-C, and whole numbers as options."""

import argparse
import signal
import sys
from contextlib import contextmanager


def tell(text, end="\n"):
    """Write to the error stream, apart from what a command prints as its result."""
    print(text, end=end, file=sys.stderr, flush=True)


@contextmanager
def interrupts():
    """Turn Ctrl-C into `Interrupted`, and a list into one that has noted it.

    One more, of who will not wait for what ends, is what it was before.
    """
    from sknn_course.comparison.compare import Interrupted

    noted = []

    def note(signum, frame):
        noted.append(signum)
        signal.signal(signal.SIGINT, before)
        raise Interrupted

    before = signal.signal(signal.SIGINT, note)
    try:
        yield noted
    finally:
        signal.signal(signal.SIGINT, before)


def at_least(lowest):
    """Type of an option: a whole number, not below ``lowest``."""

    def whole_number(text):
        number = int(text)
        if number < lowest:
            raise argparse.ArgumentTypeError(f"{number} is less than {lowest}")
        return number

    return whole_number
