"""What the commands share: messages, Ctrl-C, and types of options."""

import argparse
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def tell(text: str, end: str = "\n") -> None:
    """Write a line to the error stream, apart from what a command has as its result."""
    _write(text, end, sys.stderr)


def say(text: str) -> None:
    """Write lines to the output: what a command has as its result."""
    for line in text.split("\n"):
        _write(line, "\n", sys.stdout)


def refuse(command: str, error: Exception) -> int:
    """Say in one line why a command cannot do what was asked for; its exit status."""
    tell(f"sknn_course {command}: {error}")
    return 2


def _write(line: str, end: str, stream: Any) -> None:
    """Without what commands a terminal, and in letters that the stream has."""
    from sknn_course._compare.text import printable

    encoding = stream.encoding or "utf-8"
    line = printable(line).encode(encoding, "backslashreplace").decode(encoding)
    print(line, end=end, file=stream, flush=True)


def named(text: str) -> str:
    """Type of an option: a name that is not empty."""
    if not text.strip():
        raise argparse.ArgumentTypeError(f"{text!r} is no name")
    return text


def folder(text: str) -> Path:
    """Type of an option: a folder."""
    return Path(named(text))


@contextmanager
def interrupts() -> Iterator[list[int]]:
    """Turn Ctrl-C into `Interrupted`, and a list into one that has noted it.

    One more, of who will not wait for what ends, is what it was before.
    """
    from sknn_course._compare.compare import Interrupted

    noted = []

    def note(signum: int, frame: Any) -> None:
        noted.append(signum)
        signal.signal(signal.SIGINT, before)
        raise Interrupted

    before = signal.signal(signal.SIGINT, note)
    try:
        yield noted
    finally:
        signal.signal(signal.SIGINT, before)


def at_least(lowest: int) -> Callable[[str], int]:
    """Type of an option: a whole number, not below ``lowest``."""

    def whole_number(text: str) -> int:
        number = int(text)
        if number < lowest:
            raise argparse.ArgumentTypeError(f"{number} is less than {lowest}")
        return number

    return whole_number
