"""Read a text file of columns: its encoding, its separator, its numbers."""

import codecs
import csv
import io
import re
import warnings
from itertools import islice
from typing import Any

from sknn_course._compare.numerals import is_number, read_numerals

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
SAMPLE = 2**20  # characters from which the separator is told
SAMPLE_LINES = 100


def read_delimited(
    data: bytes, notes: list[str], encoding: str | None = None
) -> tuple[Any, list[str]]:
    """Return the columns of a text file, and their names as they are written.

    Parameters
    ----------
    data : bytes
        Content of the file.
    notes : list of str
        What was recognised is added: the separator unless commas, an encoding
        other than UTF-8, decimal commas and separators of thousands.
    encoding : str, default=None
        None tells it from the bytes.

    Returns
    -------
    frame : pandas.DataFrame
    names : list of str
        Equal ones too, which the frame's columns are not.

    Raises
    ------
    ValueError
        If the bytes are no text, or the text has no such columns.

    Examples
    --------
    >>> from sknn_course._compare.delimited import read_delimited
    >>> notes = []
    >>> frame, names = read_delimited(b"size;size;kind\\n1,5;2;a\\n2,5;3;b\\n", notes)
    >>> names, frame.iloc[:, 0].tolist()
    (['size', 'size', 'kind'], [1.5, 2.5])
    >>> print(*notes, sep="\\n")
    read the columns as separated by semicolons
    read decimal commas in 'size' ('1,5' is 1.5)
    """
    import pandas as pd

    told, encoding = encoding is not None, encoding or _encoding(data)
    text = data.decode(encoding)
    if "\0" in text:
        raise ValueError("it holds NUL characters, so it is no text")
    lines = _first_lines(text)
    del text
    separator, n_skipped = _layout(lines)
    if encoding == "cp1252" and not told:
        notes.append(
            "read the text as Latin-1 (Windows-1252), since it is not UTF-8: save it "
            "as UTF-8 where letters look wrong"
        )
    if separator != ",":
        name = SEPARATORS.get(separator, repr(separator))
        notes.append(f"read the columns as separated by {name}")

    def read(**options: Any) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # loss of data
            return pd.read_csv(
                io.BytesIO(data),
                encoding=encoding,
                sep=separator,
                skiprows=n_skipped,
                skipinitialspace=True,
                index_col=False,
                **options,
            )

    header = read(header=None, nrows=1, dtype=str, keep_default_na=False)
    frame = read(na_values=["?"], low_memory=False)
    names = [
        str(name).strip() or str(column)
        for name, column in zip(header.iloc[0], frame.columns, strict=True)
    ]

    def written(columns: list[str]) -> Any:
        """Numbers as they are written."""
        return read(na_values=["?"], dtype=str, usecols=columns)

    return read_numerals(frame, written, separator, notes), names


def _encoding(data: bytes) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        # letters beyond ASCII that are UTF-8 speak for a damaged UTF-8 file
        if not data.decode("utf-8", errors="ignore").isascii():
            raise
        return "cp1252"
    return "utf-8-sig"


def _first_lines(text: str) -> list[str]:
    lines = list(islice(io.StringIO(text[:SAMPLE], newline=None), SAMPLE_LINES))
    cut = len(text) > SAMPLE and len(lines) < SAMPLE_LINES
    return lines[:-1] if cut and len(lines) > 1 else lines


def _layout(lines: list[str]) -> tuple[str, int]:
    """The separator, and how many lines come before the names of the columns."""
    for index, line in enumerate(lines):
        named = re.fullmatch(r'"?sep=(.)"?\s*', line, re.IGNORECASE)
        if named:  # a hint for Excel
            return named[1], index + 1
        if line.strip():
            break
    return max(SEPARATORS, key=lambda one: _fit(lines, one)), 0


def _fit(lines: list[str], separator: str) -> tuple[float, float, int]:
    """How well a separator fits: equally long rows, many numbers, many columns."""
    try:
        rows = [
            row
            for row in csv.reader(lines, delimiter=separator, skipinitialspace=True)
            if any(row)
        ]
    except csv.Error:
        return 0, 0, 0
    width = len(rows[0]) if rows else 1
    if width == 1:
        return 0, 0, 0
    cells = [cell for row in rows[1:] for cell in row]
    share_of_numbers = sum(map(is_number, cells)) / max(1, len(cells))
    return sum(len(row) == width for row in rows) / len(rows), share_of_numbers, width
