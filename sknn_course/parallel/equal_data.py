"""Training data of equal content, held once."""

from dataclasses import replace
from zlib import crc32

import numpy as np
from scipy import sparse

ARRAYS = ("X", "y", "sample_weight")  # of a split
N_SAMPLED = 64  # rows that tell most different arrays apart


def same_bits(a, b):
    """Whether two arrays of equal shape and dtype hold the same bits.

    Unlike with ``==``, a NaN equals itself and 0.0 differs from -0.0.
    """
    bits = f"i{a.dtype.itemsize}"
    return np.array_equal(a.view(bits), b.view(bits))


class EqualData:
    """Replaces data by the first of equal content.

    Attributes
    ----------
    kept : list of ndarray
        Those that are held, in the order in which they came.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_course.parallel.equal_data import EqualData
    >>> from sknn_course._engine import Split
    >>> known = EqualData()
    >>> first = known.split(Split(np.eye(3), np.ones((3, 1))))
    >>> known.split(Split(np.eye(3), np.ones((3, 1)))) is first
    True
    """

    def __init__(self):
        self.kept = []
        self._arrays = {}  # shape, dtype, checksum -> arrays
        self._combined = {}  # ids of parts -> matrix or split

    def split(self, split):
        """The split known by equal rows, targets and weights, else this one.

        Parameters
        ----------
        split : Split or None

        Returns
        -------
        Split or None
        """
        if split is None:
            return None
        parts = {name: self._part(getattr(split, name)) for name in ARRAYS}
        rest = tuple(v for name, v in vars(split).items() if name not in ARRAYS)
        return self._combine([*parts.values(), rest], lambda: replace(split, **parts))

    def _part(self, part):
        if part is None:
            return None
        if not sparse.issparse(part):
            return self.array(part)
        parts = [self.array(a) for a in (part.data, part.indices, part.indptr)]
        return self._combine(
            [*parts, type(part), part.shape],
            lambda: type(part)(tuple(parts), shape=part.shape),
        )

    def _combine(self, parts, make):
        # known parts live as long as this object, so that ids stay theirs
        key = tuple(p if isinstance(p, tuple) else id(p) for p in parts)
        if key not in self._combined:
            self._combined[key] = make()
        return self._combined[key]

    def array(self, array):
        """The array known by equal shape, dtype and bits, else this one."""
        step = max(1, len(array) // N_SAMPLED)
        checksum = crc32(np.ascontiguousarray(array[::step]))
        known = self._arrays.setdefault((array.shape, array.dtype.str, checksum), [])
        for other in known:
            if other is array or same_bits(other, array):
                return other
        known.append(array)
        self.kept.append(array)
        return array


def cut_bytes(split):
    """Memory of the rows as the caller of ``fit`` cut them, at 8 bytes a number.

    Parameters
    ----------
    split : Split

    Returns
    -------
    int
    """
    X = split.X.data if sparse.issparse(split.X) else split.X
    return 8 * (X.size + split.y.size)
