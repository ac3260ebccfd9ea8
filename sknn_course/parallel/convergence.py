"""Warnings of networks that have not converged: one for all of a search."""

import sys
import warnings
from collections import defaultdict
from collections.abc import Iterable
from types import FrameType
from typing import Any

from sklearn.exceptions import ConvergenceWarning

from .task import Call, current_task
from .warning_state import WarningState

Filter = tuple[Any, ...]  # action, message, category, module, line

# Whose lines of code tell a user nothing
WITHIN = {
    "sknn_course",
    "sklearn",
    "joblib",
    "contextlib",
    "threading",
    "multiprocessing",
}


def warn_of_convergence(kind: str, text: str, remedy: str = "") -> None:
    """Issue a `ConvergenceWarning`; in a stacked call, one for all of its tasks.

    A task that has changed the interpreter's filters warns at once, and so does one
    that ends by the warning, or that is in a thread beside others.

    Parameters
    ----------
    kind : str
        Those of one kind are counted, and the first one's text is shown.
    text : str
    remedy : str
        Added where it speaks of several.
    """
    task = current_task()
    call = None if task is None else _outermost(task.call)
    if call is None or not _has_filters_of(call) or _is_error(text):
        warnings.warn(text, ConvergenceWarning, stacklevel=_users_level())
    else:
        call.not_converged.append((kind, text, remedy))


def warn_of_all(call: Call) -> None:
    """Issue the warnings that tasks of an outermost call have left to its end."""
    kinds: dict[str, list[tuple[str, str]]] = defaultdict(list)
    while call.not_converged:
        kind, text, remedy = call.not_converged.pop(0)
        kinds[kind].append((text, remedy))
    for texts in kinds.values():
        text, remedy = texts[0]
        if len(texts) > 1:
            # behind the text, by whose beginning filters know it
            text = f"{text} So for {len(texts)} networks of this call. {remedy}".strip()
        warnings.warn(text, ConvergenceWarning, stacklevel=_users_level())


def _outermost(call: Call) -> Call:
    while call.parent is not None:
        call = call.parent.call
    return call


def _has_filters_of(call: Call) -> bool:
    """Whether the warning goes where it would where the call was made."""
    now, before = WarningState().values, call.warnings.values
    filters = _relevant(now.pop("filters")), _relevant(before["filters"])
    return filters[0] == filters[1] and all(now[n] is before[n] for n in now)


def _relevant(filters: Iterable[Filter]) -> list[Filter]:
    return [one for one in filters if issubclass(ConvergenceWarning, one[2])]


def _is_error(text: str) -> bool:
    """Whether the first filter for the warning, in any module, raises it."""
    for action, message, *_ in _relevant(warnings.filters):
        if message is None or message.match(text):
            return action == "error"
    return False


def _users_level() -> int:
    """The ``stacklevel`` of a caller's `warnings.warn` that names the user's line."""
    frame: FrameType | None = sys._getframe(1)
    level = 1
    while frame is not None:
        if frame.f_globals.get("__name__", "").partition(".")[0] not in WITHIN:
            return level
        level, frame = level + 1, frame.f_back
    return 2
