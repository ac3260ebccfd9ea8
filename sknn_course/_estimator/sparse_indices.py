"""Sparse rows are checked before compiled code follows their indices."""

import numpy as np
from scipy import sparse


def check_indices(X):
    """Refuse a sparse matrix whose indices lie outside of it.

    scipy's conversions and products follow the indices unchecked: a wrong one
    reads and writes foreign memory, or ends the process.

    Parameters
    ----------
    X : sparse matrix, or anything else, which is left alone

    Raises
    ------
    ValueError
        For an index out of range, a row pointer that decreases or points behind
        the end, or arrays of unequal length.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy import sparse
    >>> from sknn_course._estimator.sparse_indices import check_indices
    >>> X = sparse.csr_array(np.eye(3))
    >>> check_indices(X)
    >>> X.indices[0] = 7
    >>> check_indices(X)
    Traceback (most recent call last):
        ...
    ValueError: X is no valid sparse matrix: it has indices from 1 to 7, but they must
    lie in 0 to 2.
    """
    if not sparse.issparse(X) or X.ndim != 2:
        return
    if X.format == "coo":
        n_values = len(X.data)
        _check_range(X.row, X.shape[0], n_values)
        _check_range(X.col, X.shape[1], n_values)
    elif X.format in ("csr", "csc", "bsr"):
        height, width = X.blocksize if X.format == "bsr" else (1, 1)
        sides = X.shape[0] // height, X.shape[1] // width
        n_rows, n_columns = sides[::-1] if X.format == "csc" else sides
        n_values = min(len(X.indices), len(X.data))
        starts = X.indptr
        rises = len(starts) == n_rows + 1 and np.all(starts[:-1] <= starts[1:])
        if not rises or starts[0] != 0 or starts[-1] > n_values:
            raise ValueError(
                "X is no valid sparse matrix: its index pointers (indptr) must rise "
                f"from 0 to at most {n_values}, the number of its values."
            )
        _check_range(X.indices[: starts[-1]], n_columns, starts[-1])


def _check_range(indices, n, n_values):
    if len(indices) != n_values:
        raise ValueError(
            f"X is no valid sparse matrix: it has {len(indices)} indices for "
            f"{n_values} values."
        )
    if n_values and (indices.min() < 0 or indices.max() >= n):
        raise ValueError(
            "X is no valid sparse matrix: it has indices from "
            f"{indices.min()} to {indices.max()}, but they must lie in 0 to {n - 1}."
        )
