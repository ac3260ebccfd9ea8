"""The columns of a table: what each holds, as numpy arrays."""

from numbers import Number
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Kind = Literal["number", "category", "date"]


def table_columns(X: Any) -> dict[Any, Any]:
    """The columns of a table by name, or by place where it has no names.

    Parameters
    ----------
    X : pandas.DataFrame, polars.DataFrame or array-like of shape (n_rows, n_columns)

    Returns
    -------
    dict of name to Series or ndarray of shape (n_rows,)

    Raises
    ------
    ValueError
        If X is no table.

    Examples
    --------
    >>> from sknn_course._tabular.columns import table_columns
    >>> list(table_columns([[1, "a"], [2, None]]))
    [0, 1]
    """
    if hasattr(X, "columns"):
        return {name: X[name] for name in X.columns}
    array = X if isinstance(X, np.ndarray) else np.array(X, dtype=_common_type(X))
    if array.ndim != 2:
        raise ValueError(
            f"X has shape {array.shape}: give rows and columns. Reshape your data with "
            "X.reshape(-1, 1) if it has one column, X.reshape(1, -1) if one row."
        )
    if array.dtype.kind == "c":
        raise ValueError("Complex data not supported: give their parts as columns.")
    return dict(enumerate(array.T))


def kind_of(column: Any) -> Kind:
    """What a column holds: numbers, dates, or else categories.

    Parameters
    ----------
    column : pandas.Series, polars.Series or ndarray

    Returns
    -------
    {'number', 'category', 'date'}

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_course._tabular.columns import kind_of
    >>> kind_of(np.array([1.5, None])), kind_of(np.array(["a", "b"]))
    ('number', 'category')
    """
    if str(getattr(column, "dtype", "")).lower().startswith(("categor", "enum")):
        return "category"
    values, missing = _values(column)
    if values.dtype.kind in "biuf":
        return "number"
    if values.dtype.kind == "M":
        return "date"
    known = values[~missing]
    if len(known) and all(isinstance(one, Number | np.bool_) for one in known):
        return "number"
    if len(known) and all(hasattr(one, "isoformat") for one in known):
        return "date"
    return "category"


def numbers(name: Any, column: Any) -> Array:
    """Numbers, NaN where they are missing.

    Raises
    ------
    ValueError
        If the column holds anything else, or infinity.
    """
    values, missing = _values(column)
    found = np.full(len(values), np.nan)
    try:
        found[~missing] = values[~missing].astype(np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(
            f"Column {name!r} of X held numbers in fit, but now: {error}."
        ) from error
    if np.isinf(found).any():
        raise ValueError(
            f"Column {name!r} of X contains infinity: give finite numbers, or None "
            "where one is missing."
        )
    return found


def categories(column: Any) -> Array:
    """Texts, '' where they are missing; whole numbers as such (1.0 is '1')."""
    values, missing = _values(column)
    texts = np.array([_text(one) for one in values], dtype=object)
    texts[missing] = ""
    return texts


def dates(name: Any, column: Any) -> Array:
    """datetime64 in seconds, NaT where they are missing.

    Raises
    ------
    ValueError
        If the column holds anything else.
    """
    values, missing = _values(column)
    found = np.full(len(values), np.datetime64("NaT", "s"))
    try:
        found[~missing] = [np.datetime64(_naive(one), "s") for one in values[~missing]]
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"Column {name!r} of X held dates in fit, but now: {error}."
        ) from error
    return found


def n_rows(X: Any) -> int:
    """Number of rows of a table.

    Raises
    ------
    ValueError
        If X is none.
    """
    shape = getattr(X, "shape", None) or np.shape(np.asarray(X, dtype=_common_type(X)))
    if len(shape) != 2:
        raise ValueError(
            f"X has shape {shape}: give rows and columns. Reshape your data with "
            "X.reshape(-1, 1) if it has one column, X.reshape(1, -1) if one row."
        )
    if not all(shape):
        raise ValueError(
            f"Found {shape[0]} sample(s) with {shape[1]} feature(s) (shape={shape}) "
            "while a minimum of 1 is required."
        )
    return int(shape[0])


def _common_type(X: Any) -> type | None:
    """Objects where rows of a list mix numbers and text, else numpy's choice."""
    try:
        return None if np.asarray(X).dtype.kind in "biuf" else object
    except ValueError:
        return object


def _values(column: Any) -> tuple[Array, NDArray[np.bool_]]:
    """The values of a column, and which are missing."""
    values = column if isinstance(column, np.ndarray) else column.to_numpy()
    if values.dtype.kind == "M":
        return values, np.isnat(values)
    if values.dtype.kind == "f":
        return values, np.isnan(values)
    if values.dtype.kind != "O":
        return values, np.zeros(len(values), dtype=bool)
    if hasattr(column, "isna"):  # pandas, whose NA equals nothing and is no boolean
        return values, np.asarray(column.isna(), dtype=bool)
    missing = [one is None or (isinstance(one, float) and one != one) for one in values]
    return values, np.array(missing, dtype=bool)


def _text(value: Any) -> str:
    if isinstance(value, float | np.floating) and float(value).is_integer():
        value = int(value)
    return str(value)


def _naive(date: Any) -> Any:
    return date.replace(tzinfo=None) if getattr(date, "tzinfo", None) else date
