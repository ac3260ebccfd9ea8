"""Numbers that are written with decimal commas or separators of thousands."""

import re
from collections.abc import Callable
from typing import Any

MOST_CATEGORIES_WITH_NUMBERS = 20
# The mark of decimals, and the separators of thousands beside it. One number has
# one kind of the latter; figures such as 0.512 or 012 345 are not in thousands.
THOUSANDS = {
    ".": ",'\N{RIGHT SINGLE QUOTATION MARK} \N{NO-BREAK SPACE}"
    "\N{NARROW NO-BREAK SPACE}\N{THIN SPACE}"
}
THOUSANDS[","] = THOUSANDS["."].replace(",", ".")


def _pattern(mark: str) -> str:
    thousands = rf"[1-9]\d{{0,2}}([{THOUSANDS[mark]}])\d{{3}}(?:\1\d{{3}})*"
    decimals = re.escape(mark) + r"\d"
    number = rf"(?:{thousands}|\d+)(?:{decimals}*)?|{decimals}+"
    return rf"\s*[+-]?(?:{number})(?:[eE][+-]?\d+)?\s*"


PATTERNS = {mark: re.compile(_pattern(mark), re.ASCII) for mark in THOUSANDS}


def is_number(text: str) -> bool:
    """Whether text is a number with either mark of decimals.

    Examples
    --------
    >>> from sknn_course._compare.numerals import is_number
    >>> [is_number(one) for one in ("1.234,5", "1,234.5", "-2e3", "1,23.4", "A")]
    [True, True, True, False, False]
    """
    return any(pattern.fullmatch(text) for pattern in PATTERNS.values())


def read_numerals(
    frame: Any, as_written: Callable[[list[str]], Any], separator: str, notes: list[str]
) -> Any:
    """Return a frame in which decimal commas and thousands are read as numbers.

    '1,234' and '1.234' can be either. What else the file holds decides: a number
    such as '0,5' or '1.234,5' in any column; else semicolons, which speak for
    decimal commas. Without such numbers in any column, the frame is returned.

    Parameters
    ----------
    frame : pandas.DataFrame
        As pandas reads it with decimal points.
    as_written : callable(list of str)
        Returns columns of numbers as text.
    separator : str
        Between the columns.
    notes : list of str
        What was read so is added.

    Returns
    -------
    pandas.DataFrame

    Examples
    --------
    >>> import pandas as pd
    >>> from sknn_course._compare.numerals import read_numerals
    >>> frame = pd.DataFrame({"x": ["0,5", "1.000,0"], "kind": ["a", "b"]})
    >>> read_numerals(frame, None, ";", [])["x"].tolist()
    [0.5, 1000.0]
    """
    from pandas.api.types import is_float_dtype, is_numeric_dtype

    found, floats = {}, {}
    for name in frame.columns:
        if not is_numeric_dtype(frame[name]):
            numerals = _Numerals(frame[name])
            if numerals.prevail:
                found[name] = numerals
    if not found:
        return frame
    names = [name for name in frame.columns if is_float_dtype(frame[name])]
    if names:
        text = as_written(names)
        floats = {name: _Numerals(text[name]) for name in names}
    marks = [one.sure_mark for one in (*found.values(), *floats.values())]
    sure = {one for one in marks if one is not None}
    mark = "," if separator == ";" else "."
    if len(sure) == 1:
        (mark,) = sure
    if sure == {","}:  # then '1.234' is in thousands
        found |= floats
    frame = frame.copy()
    examples: dict = {}
    for name, one in found.items():
        frame[name], how, example = one.read(mark)
        if how:
            examples.setdefault(how, []).append((name, example))
    for how, columns in examples.items():
        shown = ", ".join(repr(name) for name, _ in columns[:5])
        more = f" and {len(columns) - 5} more" if len(columns) > 5 else ""
        written, plain = columns[0][1]
        notes.append(f"read {how} in {shown}{more} ({written!r} is {plain})")
    return frame


class _Numerals:
    """The different texts of a column, as far as they are numbers."""

    def __init__(self, column: Any) -> None:
        self.column = column
        self.values = [one for one in column.dropna().unique() if isinstance(one, str)]
        self.fitting = {
            mark: {one for one in self.values if pattern.fullmatch(one)}
            for mark, pattern in PATTERNS.items()
        }

    @property
    def sure_mark(self) -> str | None:
        """The mark that alone makes numbers of all values, or None."""
        marks = [one for one in PATTERNS if len(self.fitting[one]) == len(self.values)]
        return marks[0] if len(marks) == 1 else None

    @property
    def prevail(self) -> bool:
        """Whether this is a column of numbers, if with some text among them."""
        most = max(map(len, self.fitting.values()))
        if len(self.values) <= MOST_CATEGORIES_WITH_NUMBERS:
            return 0 < most == len(self.values)
        return most >= len(self.values) / 2

    def read(self, mark: str) -> Any:
        """The column, what was special about its numbers, and an example."""
        import pandas as pd

        mark = self.sure_mark or max(
            PATTERNS, key=lambda one: (len(self.fitting[one]), one == mark)
        )
        texts = self.fitting[mark]
        plain = {one: _plain(one, mark) for one in self.values if one in texts}
        changed = [one for one in plain if plain[one] != one.strip()]
        if not changed:
            return self.column, "", None
        hows = {
            "decimal commas": mark == "," and any("," in one for one in changed),
            "separators of thousands": any(
                set(one.strip()) & set(THOUSANDS[mark]) for one in changed
            ),
        }
        column = self.column.map(lambda one: plain.get(one, one), na_action="ignore")
        if len(plain) == len(self.values):
            column = pd.to_numeric(column)
        how = " and ".join(how for how, there in hows.items() if there)
        return column, how, (changed[0], plain[changed[0]])


def _plain(text: str, mark: str) -> str:
    """A number as Python writes it."""
    text = text.strip().translate(dict.fromkeys(map(ord, THOUSANDS[mark])))
    return text.replace(mark, ".")
