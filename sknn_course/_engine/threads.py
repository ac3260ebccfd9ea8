"""How the threads of a training compute: how many, and with which small numbers."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch

from .interrupts import Uninterrupted

_lock = threading.Lock()
_users = 0
_before = 1
_is_forked = False


def in_forked_child(function: Callable[[], None]) -> Callable[[], None]:
    """Decorator: call a function in each process that is forked from this one."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=function)
    return function


@in_forked_child
def _keep_to_one_thread() -> None:
    """GNU's OpenMP waits for ever for threads that are not in the child."""
    global _lock, _users, _before, _is_forked
    _lock, _users, _before, _is_forked = threading.Lock(), 0, 1, True
    torch.set_num_threads(1)


@contextmanager
def one_thread(asked_for: bool = True) -> Iterator[None]:
    """Inside, torch's operations use one thread each, in the whole process.

    For matrices too small to share: threads that wait for each other cost more
    than they save, many times more where other processes need the cores. The number
    from before returns when the last block that is open has ended.

    Parameters
    ----------
    asked_for : bool
        Where not, so it is in a forked process alone, whatever number it has set.
    """
    global _users, _before
    if not (asked_for or _is_forked):
        yield
        return
    entered = False
    try:
        with Uninterrupted(), _lock:
            if _users == 0:
                _before = torch.get_num_threads()
            _users += 1
            entered = True
            torch.set_num_threads(1)
        yield
    finally:
        with _lock:  # no interrupt is heard before the number is set
            _users = max(0, _users - entered)  # 0 already where the block was forked
            if _users == 0 and entered:
                torch.set_num_threads(_before)


@contextmanager
def no_gradients() -> Iterator[None]:
    """As `torch.no_grad`, which an interrupt may leave on after its block."""
    before = torch.is_grad_enabled()
    try:
        torch.set_grad_enabled(False)
        yield
    finally:
        try:
            torch.set_grad_enabled(before)
        except KeyboardInterrupt:
            torch.set_grad_enabled(before)  # it may have come first
            raise


@contextmanager
def no_denormals() -> Iterator[None]:
    """Inside, numbers below the normal range, 1e-38 in single precision, are zero.

    Means of gradients that stay zero shrink down to them and would never leave; a
    processor takes them many times slower than others. Acts on this thread.
    """
    smallest = torch.finfo(torch.float32).tiny
    already = float(torch.tensor([smallest]).mul_(0.5)) == 0
    try:
        torch.set_flush_denormal(True)
        yield
    finally:
        torch.set_flush_denormal(already)
