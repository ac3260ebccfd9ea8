"""Read a CSV or Parquet file into features and a target."""

import codecs
import gzip
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sknn_course._compare.columns import (
    as_features,
    as_target,
    name_columns,
    without_copies,
)
from sknn_course._compare.delimited import read_delimited
from sknn_course._compare.errors import InputError, unknown

SUFFIXES = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".parquet", ".pq")


def read_file(
    path: Path,
    target: str | None,
    *,
    drop: Sequence[str] = (),
    encoding: str | None = None,
) -> tuple[Any, np.ndarray, list[str]]:
    """Read the features and the target from a CSV or Parquet file.

    Parameters
    ----------
    path : str or path-like
        A file whose name ends in one of ``SUFFIXES``. The separator of a text
        file (comma, semicolon, tab or bar), decimal commas, separators of thousands
        and the encoding are told from its content, and noted.
    target : str or None
        The column to predict.
    drop : sequence of str, default=()
        Columns to leave out.
    encoding : str, default=None
        That of a text file; None tells it from the content.

    Returns
    -------
    X, y, notes
        As of :func:`split_target`; the notes say what was recognised too.

    Raises
    ------
    InputError
        If pandas is absent, the file cannot be read, or as :func:`split_target`.

    Examples
    --------
    >>> import os, tempfile
    >>> from sknn_course._compare.files import read_file
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "pets.csv")
    ...     with open(path, "w") as file:
    ...         _ = file.write("size,kind,price\\n1.5,cat,10\\n,dog,20\\n")
    ...     X, y, notes = read_file(path, "price")
    >>> list(X.columns), y.tolist(), notes
    (['size', 'kind'], [10, 20], [])
    """
    path = Path(path)
    notes: list[str] = []
    _check_encoding(encoding or "utf-8")
    frame, names = _read_frame(path, notes, encoding)
    return split_target(frame, names, target, drop, notes, where=path.name)


def split_target(
    frame: Any,
    names: list[str],
    target: str | None,
    drop: Sequence[str],
    notes: list[str],
    where: str = "the table",
) -> tuple[Any, np.ndarray, list[str]]:
    """Tell the features of a table from its target.

    Numbers become float64 with NaN where missing; dates stay dates; all other columns
    become categories. What cannot serve as a feature is left out and noted: columns
    without values, text that differs in every row, what is neither number, date nor
    text, and copies of the target. Rows without a target are left out and noted.

    Parameters
    ----------
    frame : pandas.DataFrame
    names : list of str
        Of its columns; they can be equal.
    target : str or None
        The column to predict.
    drop : sequence of str
        Columns to leave out.
    notes : list of str
        Those of the reading; what was left out is added.
    where : str, default='the table'
        What an error calls the frame.

    Returns
    -------
    X : pandas.DataFrame of shape (n_samples, n_features)
        Columns of float64, of dates, and of object (text, NaN where missing).
    y : ndarray of shape (n_samples,)
    notes : list of str

    Raises
    ------
    InputError
        If a column is unknown, the target is there twice, a column mixes text and
        numbers or is infinite, or no feature is left.
    """
    if target is None:
        raise InputError(
            f"which column of {where} is to be predicted? Name it with --target: "
            + ", ".join(names[:30])
            + "."
        )
    target = target.strip()
    different = name_columns(names, target, notes)
    for name in drop:
        if name == target:
            raise InputError(
                f"the column {name!r} is the target: it cannot be dropped."
            )
        if name not in different:
            raise unknown("column", name, different)
    frame = frame.set_axis(different, axis=1).drop(columns=list(drop))
    missing = frame[target].isna().to_numpy()
    if missing.any() and not missing.all():
        notes.append(f"left out {missing.sum()} rows without a value of {target!r}")
    frame = frame[~missing]
    y = as_target(frame[target])
    X = without_copies(frame.drop(columns=target), target, notes)
    if len(y):
        X = as_features(X, notes)
    return X, y, notes


def _check_encoding(encoding: str) -> None:
    try:
        codecs.lookup(encoding)
    except LookupError as error:
        known = ["utf-8", "utf-16", "latin-1", "cp1252", "cp1250", "mac-roman", "gbk"]
        raise unknown("encoding", encoding, known) from error


def _read_frame(
    path: Path, notes: list[str], encoding: str | None
) -> tuple[Any, list[str]]:
    """The columns of a file, and their names, which can be equal."""
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

    suffix = path.suffix.lower()
    # pandas, pyarrow and gzip each have their own errors for a damaged file
    damages = (ValueError, OSError, EOFError, zlib.error, pd.errors.ParserWarning)
    try:
        if suffix in (".parquet", ".pq"):
            frame, names = _read_parquet(path)
        else:
            data = path.read_bytes()
            if suffix == ".gz":
                data = gzip.decompress(data)
            frame, names = read_delimited(data, notes, encoding)
    except ImportError as error:
        raise InputError(
            "reading Parquet files needs pyarrow: pip install 'sknn_course[files]'."
        ) from error
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path.name!r} is not a text file in {encoding or 'UTF-8'}: no letter "
            f"begins or goes on with its byte {error.start}, "
            f"0x{error.object[error.start]:02x}."
        ) from error
    except damages as error:
        reason = " ".join(str(error).split()).rstrip(".")
        raise InputError(f"{path.name!r} cannot be read: {reason}.") from error
    if not len(frame):
        raise InputError(f"{path.name!r} has no rows.")
    return frame, names


def _read_parquet(path: Path) -> tuple[Any, list[str]]:
    import pandas as pd

    try:
        frame = pd.read_parquet(path).reset_index(drop=True)
    except (ArithmeticError, NotImplementedError, KeyError, TypeError) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from error
    return frame, [str(name).strip() for name in frame.columns]
