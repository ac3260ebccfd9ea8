"""Agreement of two fits, and times taken in turn."""

import gc
import statistics
from math import inf
from time import perf_counter

import numpy as np


def check_agreement(ours, theirs, rtol):
    """Largest relative difference of two loss curves.

    Raises
    ------
    AssertionError
        If it is above ``rtol``.
    """
    np.testing.assert_allclose(ours, theirs, rtol=rtol)
    return float(np.max(np.abs(np.divide(ours, theirs) - 1)))


def time_in_turn(sides, repeats, most_seconds=inf):
    """Seconds of each side, one after the other, the first one changing.

    Parameters
    ----------
    sides : dict of str -> callable
    repeats : int
    most_seconds : float
        A side is not run again where that would take it beyond this in all.

    Returns
    -------
    dict of str -> list of float
    """
    seconds = {name: [] for name in sides}
    names = list(sides)
    gc.freeze()  # collections between the runs pass over what is there now
    for repeat in range(repeats):
        first = repeat % len(names)
        for name in names[first:] + names[:first]:
            if (repeat + 1) * min(seconds[name], default=0.0) > most_seconds:
                continue
            gc.collect()
            started = perf_counter()
            sides[name]()
            seconds[name].append(perf_counter() - started)
    gc.unfreeze()
    return seconds


def ratio(ours, theirs):
    """Ratio of the medians, and the range of the ratios within one repeat.

    Where one side was run less often, the range is over the repeats of both.
    """
    pairs = [a / b for a, b in zip(ours, theirs, strict=False)]
    return {
        "ratio": statistics.median(ours) / statistics.median(theirs),
        "min": min(pairs),
        "max": max(pairs),
    }
