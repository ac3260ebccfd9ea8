"""How the threads of a training compute: how many, and with which small numbers."""

import threading
from contextlib import contextmanager

import torch

DEAF_SECONDS = 0.5  # a longer wait for a thread would hear interrupts late on Windows
_lock = threading.Lock()
_users = 0
_before = 1


@contextmanager
def one_thread():
    """Inside, torch's operations use one thread each, in the whole process.

    For matrices too small to share: threads that wait for each other cost more
    than they save, many times more where other processes need the cores. The number
    from before returns when the last block that is open has ended.
    """
    global _users, _before
    with _lock:
        if _users == 0:
            _before = torch.get_num_threads()
        _users += 1
        torch.set_num_threads(1)
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if _users == 0:
                torch.set_num_threads(_before)


@contextmanager
def no_denormals():
    """Inside, numbers below the normal range, 1e-38 in single precision, are zero.

    Means of gradients that stay zero shrink down to them and would never leave; a
    processor takes them many times slower than others. Acts on this thread.
    """
    smallest = torch.finfo(torch.float32).tiny
    already = float(torch.tensor([smallest]).mul_(0.5)) == 0
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(already)
