"""Outcomes as rows of text, for the terminal, Markdown and HTML."""

from collections import Counter
from math import isfinite
from numbers import Number

from .judging import name_of, show
from .outcome import STATUSES

MOST_VALUES = 8  # of an array in a table


def comparison_rows(outcome):
    """The figures of a training beside the published ones.

    Parameters
    ----------
    outcome : Outcome

    Returns
    -------
    list of dict of str
    """
    rows = []
    for one in outcome.comparisons:
        published = show(one.metric, one.published)
        if one.published_std is not None:
            published += f" ± {show(one.metric, one.published_std)}"
        verdict = {None: "", True: "yes", False: "no"}[one.passed]
        rows.append(
            {
                "figure": name_of(one.metric) + (f" ({one.how})" if one.how else ""),
                "ours": ours_text(one),
                "published": published,
                "difference": _signed(one.metric, one.difference),
                "band": "" if one.band is None else f"± {show(one.metric, one.band)}",
                "met": verdict,
            }
        )
    return rows


def ours_text(comparison):
    """Mean and standard deviation of our repetitions.

    Examples
    --------
    >>> from sknn_course.experiments.outcome import Comparison
    >>> from sknn_course.experiments.tables import ours_text
    >>> ours_text(Comparison("test_accuracy", [0.975, 0.985], 0.98))
    '0.9800 ± 0.0071'
    """
    metric, text = comparison.metric, show(comparison.metric, comparison.mean)
    return text + (
        f" ± {show(metric, comparison.std)}" if isfinite(comparison.std) else ""
    )


def _signed(metric, value):
    return ("−" if value < 0 else "+") + show(metric, abs(value))


def check_rows(outcome):
    """The checks of a study: ours, what the sheet prints, and what is right.

    Parameters
    ----------
    outcome : Outcome

    Returns
    -------
    list of dict of str
    """
    some_right = any(check["right"] is not None for check in outcome.checks)
    rows = []
    for check in outcome.checks:
        row = {
            "figure": check["name"],
            "ours": value_text(check["ours"]),
            "published": value_text(check["published"]),
        }
        if some_right:
            row["right"] = value_text(check["right"])
        rows.append({**row, "met": "yes" if check["passed"] else "no"})
    return rows


def value_text(value):
    """Any value as short text.

    Examples
    --------
    >>> from sknn_course.experiments.tables import value_text
    >>> value_text(62378344), value_text(0.1234567), value_text([[1, 2.5], [3, 4]])
    ('62,378,344', '0.123457', '[[1, 2.5], [3, 4]]')
    """
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, Number):
        return f"{value:.6g}"
    if isinstance(value, list | tuple):
        texts = [value_text(one) for one in value[:MOST_VALUES]]
        more = [f"… {len(value)} in all"] if len(value) > MOST_VALUES else []
        return f"[{', '.join(texts + more)}]"
    return str(value)


def summary_rows(outcomes):
    """One row for each outcome: what a reader of the final table wants.

    Parameters
    ----------
    outcomes : iterable of Outcome

    Returns
    -------
    list of dict of str
    """
    return [
        {
            "row": one.id,
            "what": one.title,
            "scale": one.scale if one.kind == "training" or one.smaller else "",
            **_main_figure(one),
            "status": one.status,
            "reason": one.reason or _size_note(one),
        }
        for one in outcomes
    ]


def _size_note(outcome):
    return f"smaller run: {outcome.size}" if outcome.smaller else ""


def _main_figure(outcome):
    """The figure that decides, else the first; of a study the number of checks."""
    nothing = dict.fromkeys(("figure", "ours", "published", "band"), "")
    if outcome.checks:
        met = sum(check["passed"] for check in outcome.checks)
        return {
            **nothing,
            "figure": "checks met",
            "ours": f"{met} of {len(outcome.checks)}",
        }
    judged = [one for one in outcome.comparisons if one.band is not None]
    for one in (judged or outcome.comparisons)[:1]:
        row = comparison_rows(outcome)[outcome.comparisons.index(one)]
        return {name: row[name] for name in nothing}
    return nothing


def counts(outcomes):
    """How many outcomes have each status, in words.

    Examples
    --------
    >>> from sknn_course.experiments.outcome import Outcome
    >>> from sknn_course.experiments.tables import counts
    >>> counts([Outcome("S1.01", "", "", "", "quick", "study", status="passed")])
    '1 row: 1 passed'
    """
    outcomes = list(outcomes)
    n = Counter(one.status for one in outcomes)
    parts = ", ".join(f"{n[status]} {status}" for status in STATUSES if n[status])
    rows = f"{len(outcomes)} row{'s' * (len(outcomes) != 1)}"
    return f"{rows}: {parts}" if outcomes else "0 rows"


def as_text(rows, most=None):
    """Rows as a table of plain text, columns side by side.

    Parameters
    ----------
    rows : list of dict
    most : int, default=None
        Show at most so many rows.

    Returns
    -------
    str

    Examples
    --------
    >>> from sknn_course.experiments.tables import as_text
    >>> print(as_text([{"layer": "conv1", "parameters": 156}]))
    layer  parameters
    conv1  156
    """
    columns = columns_of(rows)
    lines = [columns] + [
        [cell_text(row.get(c, "")) for c in columns] for row in rows[:most]
    ]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    text = [
        "  ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]
    if most is not None and len(rows) > most:
        text.append(f"… {len(rows) - most} more rows")
    return "\n".join(text)


def as_markdown(rows):
    """Rows as a Markdown table.

    Examples
    --------
    >>> from sknn_course.experiments.tables import as_markdown
    >>> print(as_markdown([{"layer": "conv|1", "parameters": 156}]))
    | layer | parameters |
    |---|---|
    | conv\\|1 | 156 |
    """
    columns = columns_of(rows)
    lines = ["| " + " | ".join(columns) + " |", "|---" * len(columns) + "|"]
    for row in rows:
        cells = [cell_text(row.get(c, "")).replace("|", "\\|") for c in columns]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def columns_of(rows):
    """The names of all columns, in the order in which they come."""
    return list(dict.fromkeys(str(name) for row in rows for name in row))


def cell_text(value):
    """A table's value as text, as all tables show it."""
    text = value if isinstance(value, str) else value_text(value)
    return " ".join(text.split())
