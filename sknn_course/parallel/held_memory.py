"""What a task holds in memory: the arrays in its calls."""

from collections.abc import Iterable, Iterator
from types import FrameType
from typing import Any

import numpy as np
from scipy import sparse

from .._identity import Same


def owners(value: Any) -> list:
    """What owns the memory of a value: arrays, or a data frame.

    Parameters
    ----------
    value : object
        An array, a sparse one, one of pandas, or anything else.

    Returns
    -------
    list
        Empty for anything else.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_course.parallel.held_memory import owners
    >>> X = np.zeros((3, 2))
    >>> owners(X[1:])[0] is X
    True
    """
    if sparse.issparse(value):
        return [owner for part in vars(value).values() for owner in owners(part)]
    if isinstance(value, np.ndarray):
        while isinstance(value.base, np.ndarray):
            value = value.base
        return [value]
    return [value] if hasattr(type(value), "memory_usage") else []


def bytes_by_owner(values: Iterable) -> dict[Same, int]:
    """Size of each owner of the values."""
    found = {Same(owner) for value in values for owner in owners(value)}
    return {owner: _n_bytes(owner.value) for owner in found}


def _n_bytes(owner: Any) -> int:
    if isinstance(owner, np.ndarray):
        return owner.nbytes
    return int(np.sum(owner.memory_usage()))


def values_in_calls(frame: FrameType | None) -> Iterator:
    """Values of the variables of a call and of those around it, in its thread."""
    while frame is not None:
        yield from frame.f_locals.values()
        frame = frame.f_back
