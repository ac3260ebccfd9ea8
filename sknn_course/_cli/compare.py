"""The command ``compare``: search and rank every estimator on one data set."""

import argparse
import math
import os
import shlex
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sknn_course._cli.console import (
    at_least,
    folder,
    interrupts,
    named,
    refuse,
    say,
    tell,
)

DESCRIPTION = """\
Search the parameters of neural networks and of their baselines by
cross-validation, and print a leaderboard.

DATA is a built-in data set (circles, moons, digits, iris, wine,
breast_cancer, diabetes, eckerle4, mnist, cifar10) or a CSV or Parquet file
with the column to predict named by --target."""


def add_parser(subparsers: Any) -> None:
    """Add the command's parser.

    Parameters
    ----------
    subparsers : object
        What ``ArgumentParser.add_subparsers`` returns.
    """
    parser = subparsers.add_parser(
        "compare",
        help="compare estimators on a data set",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("data", nargs="?", default="circles", metavar="DATA", help="default: circles")
    add("--target", metavar="COLUMN", help="column of the file to predict")
    add(
        "--task",
        choices=["classification", "regression"],
        help="default: told from the target",
    )
    add(
        "--models",
        metavar="NAMES",
        help="of dummy, least_squares, logistic_regression, ridge, linear_svm, "
        "hist_gradient_boosting, random_forest, mlp, cnn, tabular, rbf_svm, ls_svm, "
        "lightgbm, xgboost, catboost, with commas between; default: those that suit "
        "the data and are installed, without tabular",
    )
    add(
        "--scoring",
        metavar="NAME",
        help="score to rank by: accuracy, balanced_accuracy, roc_auc, "
        "average_precision, log_loss, f1, precision, recall, mcc, kappa; r2, rmse, "
        "mse, mae, medae, mape, max_error; or another scorer of scikit-learn; "
        "default: r2, accuracy, or roc_auc where one class has more than 80 %% of the "
        "rows",
    )
    add(
        "--drop",
        action="append",
        default=[],
        metavar="COLUMNS",
        help="columns of the file to leave out, with commas between",
    )
    add("--cv", type=at_least(2), default=5, metavar="FOLDS", help="default: 5")
    add(
        "--settings",
        type=at_least(1),
        default=10,
        metavar="N",
        help="parameter settings to try per estimator; default: 10",
    )
    add(
        "--budget",
        "--time-budget",
        type=_seconds,
        default=120.0,
        metavar="SECONDS",
        help="time to share out among the estimators, inf for all settings of all; "
        "default: 120",
    )
    add(
        "--max-rows",
        type=at_least(10),
        metavar="N",
        help="most rows to learn from; default: 5000, of mnist 2000, of cifar10 1000",
    )
    add(
        "--n-jobs",
        type=_jobs,
        default=1,
        metavar="N",
        help="processes that share the fits, each of which trains its networks "
        "together; -1 for all cores; default: 1",
    )
    add("--device", default="auto", help="auto, cpu, cuda or mps; default: auto")
    add("--random-state", type=int, default=0, metavar="SEED", help="default: 0")
    add(
        "--output",
        type=folder,
        metavar="DIR",
        help="folder for report.html, the leaderboard as CSV and JSON, pictures, the "
        "fitted winner (winner.joblib) and a script that rebuilds it (winner.py)",
    )
    add(
        "--encoding",
        type=named,
        metavar="NAME",
        help="encoding of a text file; default: told from its content",
    )
    add(
        "--data-home",
        type=named,
        metavar="DIR",
        help="folder with the files of mnist and cifar10",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the command.

    Parameters
    ----------
    args : argparse.Namespace

    Returns
    -------
    int
        Exit status: 0 if an estimator was scored, 1 if all failed, 2 for input
        that cannot be used, 130 after Ctrl-C.
    """
    # torch and scikit-learn take seconds to import: not for a mere --help
    from sknn_course._compare.compare import compare
    from sknn_course._compare.errors import InputError
    from sknn_course._compare.next_steps import next_steps
    from sknn_course._compare.tables import load_table
    from sknn_course._compare.text import (
        describe,
        format_leaderboard,
        printable,
        remarks,
    )
    from sknn_course._devices import resolve_device

    try:
        device = _check(resolve_device, args.device)
        if args.output is not None:
            _make_folder(args.output)
        table = load_table(
            args.data,
            target=args.target,
            task=args.task,
            drop=_column_names(args.drop),
            encoding=args.encoding,
            max_rows=args.max_rows,
            data_home=args.data_home,
            random_state=args.random_state,
        )
        tell(describe(table))
        with interrupts() as interruptions:
            board = compare(
                table,
                args.models and args.models.replace(",", " ").split(),
                scoring=args.scoring,
                cv=args.cv,
                n_settings=args.settings,
                budget=None if args.budget == math.inf else args.budget,
                n_jobs=args.n_jobs,
                device=str(device),
                random_state=args.random_state,
                progress=tell,
            )
    except InputError as error:
        return refuse("compare", error)

    tell("")
    say(format_leaderboard(board, _width()))
    for remark in remarks(board):
        say(f"note: {printable(remark)}")
    for step in next_steps(board, args.output):
        say(f"next: {printable(step)}")
    scored = any(one.ok for one in board.results)
    if args.output is not None and scored:
        try:
            write_report(board, args)
        except OSError as error:
            reason = error.strerror or error
            tell(f"sknn_course compare: --output {str(args.output)!r}: {reason}.")
            return 1
    if interruptions:
        return 130
    return 0 if scored else 1


def write_report(board: Any, args: argparse.Namespace) -> None:
    """Write leaderboard, pictures, report and winner into the output folder.

    Parameters
    ----------
    board : Leaderboard
    args : argparse.Namespace
    """
    from sknn_course._compare.report import write_report as write

    settings = {
        key: str(value) if isinstance(value, Path) else value
        for key, value in vars(args).items()
        if key not in ("run", "argv")
    }
    command = shlex.join(["python", "-m", "sknn_course", *args.argv])
    write(board, args.output, settings, command, tell)


def _column_names(options: list[str]) -> list[str]:
    """What is between commas, each time that the option is given."""
    return [one.strip() for option in options for one in option.split(",")]


def _width() -> float:
    """Wrap for a person at a terminal only: a file or a pipe wants whole lines."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else float("inf")


def _check(function: Callable[[Any], Any], value: Any) -> Any:
    from sknn_course._compare.errors import InputError

    try:
        return function(value)
    except ValueError as error:
        raise InputError(str(error)) from error


def _make_folder(path: Path) -> None:
    from sknn_course._compare.errors import InputError

    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"--output {str(path)!r}: {error.strerror}.") from error
    if not os.access(path, os.W_OK | os.X_OK):
        raise InputError(f"--output {str(path)!r}: nothing can be written there.")


def _jobs(text: str) -> int:
    number = int(text)
    if number == 0:
        raise argparse.ArgumentTypeError("0 processes can do nothing")
    return number


def _seconds(text: str) -> float:
    seconds = float(text)
    if not seconds > 0:
        raise argparse.ArgumentTypeError(f"{text} is not a positive time")
    return seconds
