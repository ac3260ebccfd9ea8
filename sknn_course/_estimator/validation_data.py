"""Checks of the validation rows that a caller of ``fit`` gives."""

import warnings

import numpy as np
from scipy import sparse

FAR = 10  # times the spread
FAR_OFF = 3  # interquartile ranges between the medians, beyond all training values
FEWEST_ROWS = 20  # that tell a scale
MOST_ROWS, MOST_COLUMNS = 500, 200  # that are looked at


def check_same_outputs(y_val, n_outputs, kind):
    """Refuse validation targets of another number of columns than the targets.

    Parameters
    ----------
    y_val : ndarray of shape (n_rows,) or (n_rows, n_columns)
    n_outputs : int
        Number of columns that y_val must have.
    kind : str
        What y holds, for the error.

    Raises
    ------
    ValueError
    """
    n_columns = int(np.prod(y_val.shape[1:]))
    if n_columns != n_outputs:
        shape = "(n_samples,)" if n_outputs == 1 else f"(n_samples, {n_outputs})"
        raise ValueError(
            f"y_val of shape {y_val.shape} does not fit y, which held {kind}: give "
            f"y_val of shape {shape}."
        )


def warn_if_scaled_otherwise(X, X_val):
    """Warn where a third of the columns of X_val is of quite another scale than in X.

    A column is, where its interquartile range and its range are both ten times
    those of the other or more, or where its median lies beyond all values of X,
    three interquartile ranges from the median of X. Other units and missing
    standardisation do that; heavy tails, trends and modes of unequal share seldom.

    Parameters
    ----------
    X, X_val : ndarray or csr_array of shape (n_rows, ...)

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_course._estimator.validation_data import warn_if_scaled_otherwise
    >>> X = np.random.default_rng(0).standard_normal((100, 5))
    >>> warn_if_scaled_otherwise(X, X[:20])
    """
    if X_val.shape[0] < FEWEST_ROWS:
        return
    places = _spaced(np.prod(X.shape[1:], dtype=int), MOST_COLUMNS)
    low, first, middle, third, high = _quartiles(X, places)
    v_low, v_first, v_middle, v_third, v_high = _quartiles(X_val, places)
    spread, v_spread = third - first, v_third - v_first
    varies = spread > 0
    if not varies.any():
        return
    far = (v_middle < low) | (v_middle > high)
    far &= np.abs(v_middle - middle) > FAR_OFF * spread
    width, v_width = high - low, v_high - v_low
    size = np.maximum(abs(first), abs(third))
    v_size = np.maximum(abs(v_first), abs(v_third))
    far |= (v_spread >= FAR * spread) & (v_width >= FAR * width)
    # rows of one group or time are narrower too, but seldom small
    small = (spread >= FAR * v_spread) & (width >= FAR * v_width)
    far |= small & (size >= FAR * v_size) & (v_spread > 0)
    if 3 * np.sum(far[varies]) >= np.sum(varies):
        middle, spread, v_middle, v_spread = (
            f"{np.median(values[varies]):.3g}"
            for values in (middle, spread, v_middle, v_spread)
        )
        warnings.warn(
            "X_val is of another scale than X: the columns of X_val lie around "
            f"{v_middle} and spread by {v_spread}, those of X around {middle} and by "
            f"{spread} (medians). A pipeline transforms X alone: with "
            "Pipeline(..., transform_input=['X_val']) it transforms X_val too.",
            stacklevel=2,
        )


def _spaced(n, most):
    """At most ``most`` of n places, equally far apart."""
    return np.linspace(0, n - 1, min(n, most)).astype(int)


def _quartiles(X, columns):
    """Least value, quartiles and largest value of columns, by at most MOST_ROWS."""
    rows = X[_spaced(X.shape[0], MOST_ROWS)]
    if sparse.issparse(rows):
        rows = rows[:, columns].toarray()
    else:
        rows = rows.reshape(len(rows), -1)[:, columns]
    return np.quantile(rows.astype(np.float64), (0, 0.25, 0.5, 0.75, 1), axis=0)
