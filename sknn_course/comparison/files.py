"""Read a CSV or Parquet file into features and a target."""

import gzip
import warnings
from pathlib import Path

import numpy as np

from sknn_course.comparison.errors import InputError, unknown

SUFFIXES = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".parquet", ".pq")
MOST_CATEGORIES_WITH_NUMBERS = 20


def read_file(path, target):
    """Read the features and the target from a CSV or Parquet file.

    Numbers become float64 with NaN where missing; all other columns become
    categories. What cannot serve as a feature is left out and noted: columns
    without values, dates, and text that differs in every row. Rows without a
    target are left out and noted.

    Parameters
    ----------
    path : str or path-like
        A file whose name ends in one of ``SUFFIXES``. The delimiter of a text
        file (comma, semicolon, tab or bar) is told from its first line.
    target : str or None
        The column to predict.

    Returns
    -------
    X : pandas.DataFrame of shape (n_samples, n_features)
        Columns of float64 and of object (text, NaN where missing).
    y : ndarray of shape (n_samples,)
    notes : list of str
        What was left out.

    Raises
    ------
    InputError
        If pandas is absent, the file cannot be read, the column is unknown,
        a column mixes text and numbers or is infinite, or no feature is left.

    Examples
    --------
    >>> import os, tempfile
    >>> from sknn_course.comparison.files import read_file
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "pets.csv")
    ...     with open(path, "w") as file:
    ...         _ = file.write("size,kind,price\\n1.5,cat,10\\n,dog,20\\n")
    ...     X, y, notes = read_file(path, "price")
    >>> list(X.columns), y.tolist(), notes
    (['size', 'kind'], [10, 20], [])
    """
    path = Path(path)
    frame = _read_frame(path)
    if target is None:
        raise InputError(
            f"which column of {path.name} is to be predicted? Name it with --target: "
            + ", ".join(map(str, frame.columns[:30]))
            + "."
        )
    if target not in frame.columns:
        raise unknown("column", target, frame.columns)
    notes = []
    missing = frame[target].isna().to_numpy()
    if missing.any() and not missing.all():
        notes.append(f"left out {missing.sum()} rows without a value of {target!r}")
    frame = frame[~missing]
    y = _as_target(frame[target])
    X = frame.drop(columns=target)
    if len(y):
        X = _as_features(X, notes)
    return X, y, notes


def _read_frame(path):
    if not path.exists():
        raise InputError(f"the file {str(path)!r} does not exist.")
    if not path.is_file():
        raise InputError(f"{str(path)!r} is a folder, not a file.")
    if not path.name.lower().endswith(SUFFIXES):
        raise InputError(
            f"the file {path.name!r} is of no known type: "
            f"its name should end in {', '.join(SUFFIXES)}."
        )
    try:
        import pandas as pd
    except ImportError as error:
        raise InputError(
            "reading files needs pandas: pip install 'sknn_course[files]'."
        ) from error

    try:
        if path.suffix.lower() in (".parquet", ".pq"):
            frame = pd.read_parquet(path)
        else:
            frame = _read_csv(path)
    except ImportError as error:
        raise InputError(
            "reading Parquet files needs pyarrow: pip install 'sknn_course[files]'."
        ) from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path.name!r} is not a text file in UTF-8.") from error
    # pandas, pyarrow and gzip each have their own errors for a damaged file
    except (ValueError, OSError, pd.errors.ParserWarning) as error:
        reason = " ".join(str(error).split()).rstrip(".")
        raise InputError(f"{path.name!r} cannot be read: {reason}.") from error
    frame.columns = [str(column).strip() for column in frame.columns]
    if not len(frame):
        raise InputError(f"{path.name!r} has no rows.")
    return frame


def _read_csv(path):
    import pandas as pd

    opened = gzip.open if path.suffix.lower() == ".gz" else open
    with opened(path, "rt", encoding="utf-8-sig") as file:
        header = file.readline()
    with warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)  # loss of data
        return pd.read_csv(
            path,
            sep=max(",;\t|", key=header.count),
            skipinitialspace=True,
            na_values=["?"],
            index_col=False,
            low_memory=False,
        )


def _as_target(column):
    from pandas.api.types import is_bool_dtype, is_float_dtype, is_integer_dtype

    if is_bool_dtype(column):
        return column.to_numpy(dtype=bool)
    if is_integer_dtype(column):
        return column.to_numpy(dtype=np.int64)
    if is_float_dtype(column):
        return column.to_numpy(dtype=np.float64)
    return column.astype(str).to_numpy(dtype=object)


def _as_features(X, notes):
    from pandas.api.types import (
        is_bool_dtype,
        is_datetime64_any_dtype,
        is_numeric_dtype,
        is_timedelta64_dtype,
    )

    columns = {}
    for name in X.columns:
        column = X[name]
        n_values = column.nunique()
        if n_values == 0:
            notes.append(f"left out the column {name!r}: it has no values")
        elif is_datetime64_any_dtype(column) or is_timedelta64_dtype(column):
            notes.append(f"left out the column {name!r}: it holds dates")
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


def _check_categories(column, name):
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
