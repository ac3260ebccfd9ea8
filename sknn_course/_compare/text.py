"""The results of a comparison as plain text."""

import textwrap
from math import inf


def printable(text):
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


def describe(table):
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


def format_value(value):
    """Return a parameter's value as short text.

    Examples
    --------
    >>> from sknn_course._compare.text import format_value
    >>> format_value(0.00123456), format_value((50, 50)), format_value("lbfgs")
    ('0.00123', '(50, 50)', 'lbfgs')
    """
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def format_params(params):
    """Return parameters as 'name=value, ...' with rounded numbers.

    Examples
    --------
    >>> from sknn_course._compare.text import format_params
    >>> format_params({"C": 10.0, "gamma": 0.123456})
    'C=10, gamma=0.123'
    """
    return ", ".join(f"{key}={format_value(value)}" for key, value in params.items())


def format_leaderboard(board, width=inf):
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
    models = [one.model for one in board.results]
    first = max([len("estimator"), *map(len, models)])
    score = {"accuracy": "accuracy", "r2": "R2"}[board.scoring]
    head = (
        f"{'estimator':{first}}  {score + ' (cv)':>15}  {'test':>6}  "
        f"{'parameters':>10}  {'seconds':>7}  best parameters"
    )
    indent = head.index("best parameters")
    lines = [head]
    for one in board.ranked:
        if one.ok:
            numbers = (
                f"{one.cv_mean:z7.3f} \N{PLUS-MINUS SIGN} {one.cv_std:5.3f}  "
                f"{one.test_score:z6.3f}  {_count(one.n_parameters):>10}  "
                f"{one.seconds:7.1f}"
            )
            rest = format_params(one.best_params) or "-"
        else:
            numbers = f"{'failed':>15}  {'-':>6}  {'-':>10}  {one.seconds:7.1f}"
            rest = one.failure
        line = f"{one.model:{first}}  {numbers}  {rest}"
        lines += _wrap(line, width, indent)
    return "\n".join(lines)


def remarks(board):
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
        *partly,
        *curveless,
        *(f"left out {one}" for one in board.left_out),
    ]


def _count(number):
    return "-" if number is None else f"{number:,}"


def _wrap(line, width, indent):
    if width == inf or len(line) <= width or width < indent + 20:
        return [line]
    return textwrap.wrap(line, width, subsequent_indent=" " * indent)
