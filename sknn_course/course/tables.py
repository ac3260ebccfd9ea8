"""Outcomes as rows of text, for the terminal, Markdown and HTML."""

from collections import Counter
from math import isfinite, nan
from numbers import Number

from .judging import name_of, show
from .outcome import Comparison
from .outcome_form import STATUSES

MOST_VALUES = 12  # of an array in a table
MAIN = (
    "test accuracy",
    "test MSE",
    "validation accuracy",
)  # what a row of the final table shows
MET = {None: "", "in the band": "yes", "better": "better", "worse": "no"}


def comparison_rows(outcome):
    """The figures of a training beside the published ones, then those without.

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
        rows.append(
            {
                "figure": name_of(one.metric) + (f" ({one.how})" if one.how else ""),
                "ours": ours_text(one),
                "published": published,
                "difference": _signed(one.metric, one.difference),
                "band": "" if one.band is None else f"± {show(one.metric, one.band)}",
                "met": MET[one.verdict],
            }
        )
    compared = {one.metric for one in outcome.comparisons if not one.how}
    for metric, values in outcome.metrics.items():
        if metric not in compared:
            ours = ours_text(Comparison(metric, values, published=nan))
            rows.append({"figure": name_of(metric), "ours": ours})
    return rows


def ours_text(comparison):
    """Mean and standard deviation of our repetitions.

    Examples
    --------
    >>> from sknn_course.course.outcome import Comparison
    >>> from sknn_course.course.tables import ours_text
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
    printed = [
        name
        for name in ("published", "right")
        if any(check[name] is not None for check in outcome.checks)
    ]
    return [
        {
            "figure": check["name"],
            "ours": value_text(check["ours"]),
            **{name: value_text(check[name]) for name in printed},
            "met": "yes" if check["passed"] else "no",
        }
        for check in outcome.checks
    ]


def value_text(value):
    """Any value as short text.

    Examples
    --------
    >>> from sknn_course.course.tables import value_text
    >>> value_text(62378344), value_text(0.1234567), value_text([[1, 2.5], [3, 4]])
    ('62,378,344', '0.123457', '[[1, 2.5], [3, 4]]')
    >>> value_text([[0.5] * 28] * 28)
    '28 x 28 values from 0.5 to 0.5'
    """
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, Number):
        return f"{value:.6g}"
    if not isinstance(value, list | tuple):
        return str(value)
    flat = _flat(value)
    if len(flat) <= MOST_VALUES:
        return f"[{', '.join(map(value_text, value))}]"
    numbers = [one for one in flat if isinstance(one, Number)]
    sizes = [f"{len(value):,}"]
    while isinstance(value[0], list | tuple):
        value = value[0]
        sizes.append(f"{len(value):,}")
    text = f"{' x '.join(sizes)} values"
    if len(numbers) < len(flat):
        return text
    return f"{text} from {value_text(min(flat))} to {value_text(max(flat))}"


def _flat(value):
    """All elements of nested lists."""
    if isinstance(value, list | tuple):
        return [one for part in value for one in _flat(part)]
    return [value]


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
            "scale": _scale(one),
            **_main_figure(one),
            "met": _n_met(one),
            "status": one.status,
            "reason": one.reason,
        }
        for one in outcomes
    ]


def _scale(outcome):
    """Of a training, with the device unless it is the processor."""
    if outcome.kind == "study":
        return ""
    return outcome.scale + f", {outcome.device}" * (outcome.device != "cpu")


def _main_figure(outcome):
    """The figure that decides, else a first one; of a study the number of checks."""
    nothing = dict.fromkeys(("figure", "ours", "published", "band"), "")
    if outcome.checks:
        return {**nothing, "figure": "checks"}
    if outcome.is_stuck and outcome.metrics:
        ours = f"{outcome.n_stuck + outcome.n_diverged} of {outcome.n_repetitions}"
        figure = {"figure": "runs that do not learn", "ours": ours}
        return {**nothing, **figure, "published": "does not learn"}
    rows = comparison_rows(outcome)
    measured = [row for name in MAIN for row in rows if row["figure"] == name]
    for row in [*measured, *rows][:1]:
        return {name: row.get(name, "") for name in nothing}
    return nothing


def _n_met(outcome):
    """How many of the figures that decide, or of the checks, are met."""
    met = [check["passed"] for check in outcome.checks] + [
        one.verdict != "worse" for one in outcome.comparisons if one.band is not None
    ]
    return f"{sum(met)} of {len(met)}" if met else ""


def counts(outcomes):
    """How many outcomes have each status, in words.

    Examples
    --------
    >>> from sknn_course.course.outcome import Outcome
    >>> from sknn_course.course.tables import counts
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
    >>> from sknn_course.course.tables import as_text
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
    >>> from sknn_course.course.tables import as_markdown
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
