"""Make a target and features of the columns of a file."""

from collections import Counter
from numbers import Number
from typing import Any

import numpy as np

from sknn_course._compare.dates import read_dates
from sknn_course._compare.errors import InputError, unknown
from sknn_course._compare.numerals import MOST_CATEGORIES_WITH_NUMBERS


def name_columns(names: list[str], target: str, notes: list[str]) -> list[str]:
    """Return different names for the columns of a file.

    Parameters
    ----------
    names : list of str
        As the file has them.
    target : str
        The column to predict.
    notes : list of str
        Names that are there several times are added.

    Returns
    -------
    list of str

    Raises
    ------
    InputError
        If there is no such target, or more than one.

    Examples
    --------
    >>> from sknn_course._compare.columns import name_columns
    >>> notes = []
    >>> name_columns(["a", "a", "t"], "t", notes), notes
    (['a', 'a.1', 't'], ["there are 2 columns 'a': read as 'a', 'a.1'"])
    """
    counts = Counter(names)
    if target not in counts:
        raise unknown("column", target, names)
    if counts[target] > 1:
        raise InputError(
            f"there are {counts[target]} columns {target!r}, so it is open which is to "
            "be predicted: name them differently, or keep one."
        )
    given = set(counts)
    renamed: dict = {}
    different = []
    for name in names:
        new = name
        if name in renamed:
            number = len(renamed[name])
            while (new := f"{name}.{number}") in given:
                number += 1
            given.add(new)
        renamed.setdefault(name, []).append(new)
        different.append(new)
    for name, new in renamed.items():
        if len(new) > 1:
            shown = ", ".join(map(repr, new[:5])) + (", ..." if len(new) > 5 else "")
            notes.append(f"there are {len(new)} columns {name!r}: read as {shown}")
    return different


def without_copies(X: Any, target: str, notes: list[str]) -> Any:
    """Leave out columns that are the target's by their name.

    pandas writes a second and third column 't' as 't.1' and 't.2'.

    Parameters
    ----------
    X : pandas.DataFrame
        The columns beside the target.
    target : str
    notes : list of str
        What was left out is added.

    Returns
    -------
    pandas.DataFrame

    Examples
    --------
    >>> import pandas as pd
    >>> from sknn_course._compare.columns import without_copies
    >>> list(without_copies(pd.DataFrame({"a": [1], "t.1": [2]}), "t", []).columns)
    ['a']
    """
    base, dot, last = target.rpartition(".")
    if not (dot and last.isdecimal() and base in X.columns):
        base = target
    copies = [base] if base in X.columns else []
    number = 1
    while (name := f"{base}.{number}") in X.columns or name == target:
        copies += [name] if name != target else []
        number += 1
    for name in copies:
        notes.append(
            f"left out the column {name!r}: by its name it is the target {target!r} "
            "once more"
        )
    return X.drop(columns=copies)


def as_target(column: Any) -> Any:
    """Return a target's values.

    Parameters
    ----------
    column : pandas.Series
        Without missing values.

    Returns
    -------
    ndarray of shape (n_samples,)
        Booleans, whole numbers, numbers, or text.

    Raises
    ------
    InputError
        If they are none of these, such as lists.

    Examples
    --------
    >>> import pandas as pd
    >>> from sknn_course._compare.columns import as_target
    >>> as_target(pd.Series([1.5, 2.0]))
    array([1.5, 2. ])
    """
    from pandas.api.types import is_bool_dtype, is_float_dtype, is_integer_dtype

    column, what = _plain_values(column)
    if what not in ("", "dates"):
        raise InputError(
            f"the target {column.name!r} holds {what} where numbers or text are needed."
        )
    if is_bool_dtype(column):
        return column.to_numpy(dtype=bool)
    if is_integer_dtype(column):
        return column.to_numpy(dtype=np.int64)
    if is_float_dtype(column):
        return column.to_numpy(dtype=np.float64)
    return column.astype(str).to_numpy(dtype=object)


def as_features(X: Any, notes: list[str]) -> Any:
    """Return columns of numbers and of categories.

    Parameters
    ----------
    X : pandas.DataFrame
    notes : list of str
        What was left out is added: columns without values, of one date, of text
        that differs in every row, and of what is no number, date or text. So are
        the columns that were read as dates.

    Returns
    -------
    pandas.DataFrame
        Columns of float64, of dates, and of object (text, NaN where missing).

    Raises
    ------
    InputError
        If a column mixes text and numbers or is infinite, or none is left.

    Examples
    --------
    >>> import pandas as pd
    >>> from sknn_course._compare.columns import as_features
    >>> notes = []
    >>> frame = pd.DataFrame({"x": [1, 2], "list": [[1], [2]]})
    >>> list(as_features(frame, notes).columns), notes
    (['x'], ["left out the column 'list': it holds lists"])
    """
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    columns = {}
    for name in X.columns:
        column, what = _plain_values(X[name])
        dates = read_dates(column) if what in ("", "dates") else None
        if dates is not None and dates.nunique() > 1:
            columns[name] = dates.to_numpy()
            notes.append(
                f"read {name!r} as dates, taken apart into days, month, day, weekday "
                f"and hour ({column.dropna().iloc[0]!s} is {dates.dropna().iloc[0]!s})"
            )
            continue
        if what:
            what = "one date only" if dates is not None else what
            notes.append(f"left out the column {name!r}: it holds {what}")
            continue
        n_values = column.nunique()
        if n_values == 0:
            notes.append(f"left out the column {name!r}: it has no values")
        elif is_numeric_dtype(column) or is_bool_dtype(column):
            numbers = column.to_numpy(dtype=np.float64, na_value=np.nan)
            if np.isinf(numbers).any():
                raise InputError(f"the column {name!r} holds infinite values.")
            columns[name] = numbers
        else:
            _check_categories(column, name)
            if n_values == column.count() and n_values > 10:
                notes.append(
                    f"left out the column {name!r}: its text differs in every row"
                )
                continue
            text = column.astype(str).to_numpy(dtype=object)
            columns[name] = np.where(column.isna(), np.nan, text)
    if not columns:
        raise InputError("no column is left to predict from beside the target.")
    return type(X)(columns)


def _plain_values(column: Any) -> tuple[Any, str]:
    """A column with decimals as numbers; and what it holds beyond numbers and text."""
    from pandas.api.types import (
        infer_dtype,
        is_datetime64_any_dtype,
        is_object_dtype,
        is_timedelta64_dtype,
    )

    if is_timedelta64_dtype(column):
        return column.dt.total_seconds(), ""
    if is_datetime64_any_dtype(column):
        return column, "dates"
    kind = infer_dtype(column, skipna=True) if is_object_dtype(column) else "string"
    if kind == "string":
        return column, ""
    if kind == "decimal":
        return column.map(float, na_action="ignore").astype(float), ""
    if kind in ("date", "datetime"):
        return column, "dates"
    if kind in ("time", "timedelta"):
        return column, "times"
    for value in column.dropna():
        if not isinstance(value, str | Number | np.generic):
            return column, NAMES.get(type(value), type(value).__name__)
    return column, ""


NAMES = {bytes: "bytes", list: "lists", np.ndarray: "lists", dict: "records"}


def _check_categories(column: Any, name: str) -> None:
    """Refuse a column of numbers in which some text got lost."""
    import pandas as pd

    present = column.dropna()
    if present.nunique() <= MOST_CATEGORIES_WITH_NUMBERS:
        return
    is_text = pd.to_numeric(present, errors="coerce").isna()
    if is_text.mean() < 0.5:
        row = is_text.idxmax()
        raise InputError(
            f"the column {name!r} holds text ({str(present[row])!r}, data row "
            f"{row + 1}) where its other values are numbers: correct it or leave it "
            "empty."
        )
