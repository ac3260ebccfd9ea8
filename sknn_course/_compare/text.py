"""The results of a comparison as plain text."""

import textwrap
from math import inf, isnan
from typing import Any

from sknn_course._compare.scores import shown_scores

HEAD = "best parameters"
ROOM = 30  # columns for parameters, else they stand on lines of their own


def printable(text: str) -> str:
    r"""Return text in one line that commands no terminal.

    Characters that are not to be seen, such as escape sequences, ends of lines and
    turns of the direction of writing, become what ``repr`` makes of them.

    Examples
    --------
    >>> from sknn_course._compare.text import printable
    >>> print(printable("so and \x1b[31m so\n"))
    so and \x1b[31m so\n
    """
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in text)


def describe(table: Any) -> str:
    """Return in one line what is to be predicted from what.

    Parameters
    ----------
    table : Table

    Returns
    -------
    str

    Examples
    --------
    >>> from sknn_course._compare.tables import load_table
    >>> from sknn_course._compare.text import describe
    >>> print(describe(load_table("iris")))
    iris: classification of target (3 classes) from 4 features,
    112 training and 38 test rows
    """
    what = f"{table.task} of {table.target_name}"
    if table.task == "classification":
        what += f" ({len(set(table.y_train.tolist()))} classes)"
    features = "1 feature" if table.n_features == 1 else f"{table.n_features} features"
    return (
        f"{table.name}: {what} from {features}, "
        f"{len(table.y_train)} training and {len(table.y_test)} test rows"
    )


def format_value(value: Any) -> str:
    """Return a parameter's value as short text.

    Examples
    --------
    >>> from sknn_course._compare.text import format_value
    >>> format_value(0.00123456), format_value((50, 50)), format_value("lbfgs")
    ('0.00123', '(50, 50)', 'lbfgs')
    """
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def format_params(params: dict[str, Any]) -> str:
    """Return parameters as 'name=value, ...' with rounded numbers.

    Examples
    --------
    >>> from sknn_course._compare.text import format_params
    >>> format_params({"C": 10.0, "gamma": 0.123456})
    'C=10, gamma=0.123'
    """
    return ", ".join(f"{key}={format_value(value)}" for key, value in params.items())


def format_score(value: Any) -> str:
    """Return a score or an error as short text.

    Examples
    --------
    >>> from math import nan
    >>> from sknn_course._compare.text import format_score
    >>> [format_score(one) for one in (-0.0001, 98.7654, 1234.567, 98765.4, nan)]
    ['0.000', '98.765', '1234.6', '98,765', '-']
    """
    if isnan(value):
        return "-"
    if abs(value) < 100:
        return f"{value:z.3f}"
    return f"{value:.1f}" if abs(value) < 10_000 else f"{value:,.0f}"


def format_leaderboard(board: Any, width: float = inf) -> str:
    """Return a leaderboard as a table of text.

    Parameters
    ----------
    board : Leaderboard
    width : int, default=inf
        Columns of the terminal; long parameters are wrapped to it.

    Returns
    -------
    str
    """
    others = shown_scores(board.score)
    heads = [f"{board.score.title} (cv)", "test", *(one.title for one in others)]
    cells = [heads, *(_score_cells(one, len(heads)) for one in board.ranked)]
    widths = [max(6, *map(len, column)) for column in zip(*cells, strict=True)]
    first = max([len("estimator"), *(len(one.model) for one in board.results)])
    while len(widths) > 2 and first + sum(widths) + 2 * len(widths) + 21 > width:
        widths.pop()  # the test row's further scores are in the other formats

    def line(name: str, values: Any, n_parameters: str, seconds: str) -> str:
        scores = (f"{one:>{w}}" for one, w in zip(values, widths, strict=False))
        return f"{name:{first}}  {'  '.join(scores)}  {n_parameters:>10}  {seconds:>7}"

    lines = _wrap(line("estimator", heads, "parameters", "seconds"), HEAD, width)
    for one, values in zip(board.ranked, cells[1:], strict=True):
        rest = (format_params(one.best_params) or "-") if one.ok else one.failure
        size, seconds = _count(one.n_parameters), f"{one.seconds:.1f}"
        lines += _wrap(line(one.model, values, size, seconds), rest, width)
    return "\n".join(lines)


def _score_cells(one: Any, n_cells: int) -> list[str]:
    if not one.ok:
        return ["failed", *["-"] * (n_cells - 1)]
    values = [one.test_score, *one.test_scores.values()]
    return [format_spread(one), *map(format_score, values)]


def format_spread(result: Any) -> str:
    """Return a result's mean over the folds and its standard deviation."""
    mean, spread = format_score(result.cv_mean), format_score(result.cv_std)
    return f"{mean} \N{PLUS-MINUS SIGN} {spread}"


def remarks(board: Any) -> list[str]:
    """Return what a reader of the scores should know: omissions and failures.

    Parameters
    ----------
    board : Leaderboard

    Returns
    -------
    list of str
    """
    partly = [
        f"{one.model}: {one.failed_fits} of {one.n_settings * board.cv} fits failed "
        f"({one.failure})"
        for one in board.ranked
        if one.ok and one.failed_fits
    ]
    curveless = [
        f"{one.model}: lbfgs, its best solver, keeps no learning curve"
        for one in board.ranked
        if one.best_params.get("solver") == "lbfgs"
    ]
    return [
        *board.table.notes,
        *board.notes,
        *partly,
        *curveless,
        *(f"left out {one}" for one in board.left_out),
    ]


def _count(number: int | None) -> str:
    return "-" if number is None else f"{number:,}"


def _wrap(numbers: str, text: str, width: float) -> list[str]:
    """Lines of numbers and of a text beside them, or below where there is no room."""
    if width == inf:
        return [f"{numbers}  {text}"]
    indent = len(numbers) + 2
    if width - indent >= ROOM:
        lines = textwrap.wrap(text, int(width) - indent, break_long_words=False)
        first, *others = lines or [""]
        return [f"{numbers}  {first}", *(" " * indent + one for one in others)]
    below = textwrap.wrap(text, int(width) - 4, break_long_words=False)
    return [numbers, *(f"    {one}" for one in below)]
