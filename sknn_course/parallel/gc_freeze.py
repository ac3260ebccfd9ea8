"""Objects that Python's garbage collector need not look at again and again."""

import gc
import threading

from .. import _compat
from .._engine.threads import in_forked_child

INTERPRETERS_OWN = 1000  # Python 3.12 freezes some hundred objects at its start

_lock = threading.Lock()
_n_calls = 0
_program_froze = False


@in_forked_child
def _begin_anew() -> None:
    """The calls that run in other threads are not in the child."""
    global _lock, _n_calls
    _lock = threading.Lock()
    if _n_calls and not _program_froze:
        gc.unfreeze()
    _n_calls = 0


def spare_older_objects() -> None:
    """Until `take_up_older_objects`, collect only what has been made since.

    The tasks of a call hold so many objects together that a collection of all falls
    due, and looks through every module that was ever imported. Nothing is done any more
    once the program itself has frozen objects.
    """
    global _n_calls, _program_froze
    if not _compat.can_freeze:
        return
    with _lock:
        if _n_calls == 0:
            # to count many frozen objects takes as long as a small search
            _program_froze = _program_froze or gc.get_freeze_count() > INTERPRETERS_OWN
            if not _program_froze:
                gc.freeze()
        _n_calls += 1


def take_up_older_objects() -> None:
    """Undo `spare_older_objects`, with the last call that asked for it."""
    global _n_calls
    if not _compat.can_freeze:
        return
    with _lock:
        _n_calls -= 1
        if _n_calls == 0 and not _program_froze:
            gc.unfreeze()
