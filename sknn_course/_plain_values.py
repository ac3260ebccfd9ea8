"""Numbers, texts and sizes that users give, as plain Python values.

numpy's scalars equal plain ones and hash alike, but compute otherwise:
``-np.uint8(2)`` is 254. What is kept, or is the key of a cache, is therefore plain.
"""

from collections.abc import Iterable, Mapping, Set
from math import isfinite
from numbers import Integral, Real
from operator import index

import numpy as np

from ._compat import InvalidParameterError


def plain(value):
    """A value without numpy's types; lists and arrays become tuples.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_course._plain_values import plain
    >>> plain(np.uint8(2)), plain([np.float32(0.5), np.True_]), plain(None)
    (2, (0.5, True), None)
    """
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return tuple(map(plain, value))
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return float(value)
    return str.__str__(value) if isinstance(value, str) else value


def is_number(value):
    """Whether a plain value is a finite number; truth values are none."""
    return type(value) in (int, float) and isfinite(value)


def one_or_several(values):
    """Values as a list: those of a list or an array, else the one given.

    Raises
    ------
    TypeError
        If they have no order.
    """
    if isinstance(values, Mapping | Set):
        raise TypeError
    if not isinstance(values, Iterable) or isinstance(values, str):
        return [values]
    return list(values)


def sizes_of(sizes, name):
    """Layer sizes as a list of int.

    Parameters
    ----------
    sizes : int or array-like of int
    name : str
        Parameter to name in the error.

    Returns
    -------
    list of int

    Raises
    ------
    InvalidParameterError
        A ValueError and a TypeError, if a size is no whole number above 0, or if
        the sizes have no order.

    Examples
    --------
    >>> from sknn_course._plain_values import sizes_of
    >>> sizes_of((20, 10), "hidden_layer_sizes"), sizes_of(5, "hidden_layer_sizes")
    ([20, 10], [5])
    """
    try:
        listed = [_index(size) for size in one_or_several(sizes)]
    except TypeError:
        raise InvalidParameterError(
            f"{name}={sizes!r} does not fit: give a whole number, or a list or tuple "
            "of whole numbers."
        ) from None
    if any(size <= 0 for size in listed):
        raise InvalidParameterError(f"{name} must be > 0, got {listed}.")
    return listed


def _index(size):
    if isinstance(size, bool | np.bool_):
        raise TypeError
    return index(size)
