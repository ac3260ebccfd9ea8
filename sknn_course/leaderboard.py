"""The leaderboard of networks and baselines on one table, from Python.

The command ``python -m sknn_course compare`` does the same from a terminal.

Examples
--------
>>> from sklearn.datasets import load_wine
>>> from sknn_course import compare
>>> board = compare(*load_wine(return_X_y=True), models=["ridge_classifier"])
Traceback (most recent call last):
...
sknn_course._compare.errors.InputError: unknown model 'ridge_classifier': ...
>>> board = compare(*load_wine(return_X_y=True), models=["least_squares"])
>>> [one.model for one in board.ranked]
['least_squares', 'dummy']
>>> round(board.best.test_score, 2), board.winner.predict([[13.0] * 13]).shape
(1.0, (1,))
"""

from collections.abc import Callable, Sequence
from typing import Any

from ._compare.boosters import CodedClasses
from ._compare.compare import compare as _compare
from ._compare.dates import DateParts
from ._compare.errors import InputError
from ._compare.leaderboard import Leaderboard, Result
from ._compare.scores import choose_score
from ._compare.tables import Table, load_table

__all__ = [
    "CodedClasses",
    "DateParts",
    "InputError",
    "Leaderboard",
    "Result",
    "Table",
    "compare",
    "load_table",
    "score_on_test_rows",
]


def compare(
    data: Any,
    target: Any = None,
    *,
    task: str | None = None,
    models: str | Sequence[str] | None = None,
    scoring: str | None = None,
    drop: str | Sequence[str] = (),
    cv: int = 5,
    n_settings: int = 10,
    time_budget: float | None = 120.0,
    max_rows: int | None = None,
    n_jobs: int = 1,
    device: str = "auto",
    random_state: int = 0,
    encoding: str | None = None,
    data_home: Any = None,
    progress: Callable[..., None] = lambda text, end="\n": None,
) -> Leaderboard:
    """Search and rank networks and baselines on one table.

    The settings of every estimator are searched by cross-validation on three
    quarters of the rows; the best is fitted to these and scored on the others.

    Parameters
    ----------
    data : data frame, array of shape (n_samples, n_features), path or str
        A pandas or polars data frame, numbers, a CSV or Parquet file, or a built-in
        data set by name.
    target : str or array-like of shape (n_samples,), default=None
        The column to predict, or its values.
    task : {'classification', 'regression'}, default=None
        None tells it from the target.
    models : str or sequence of str, default=None
        Names, in one text with commas between; None for all that suit the table and
        are installed.
    scoring : str, default=None
        'accuracy', 'roc_auc', 'log_loss', 'f1', 'r2', 'rmse', 'mae' or another of
        scikit-learn's scorers. None ranks by R2, by accuracy, or by the area under
        the ROC curve where the largest class has more than 80 % of the rows.
    drop : str or sequence of str, default=()
        Columns to leave out.
    cv : int, default=5
        Number of folds.
    n_settings : int, default=10
        Most parameter settings to try per estimator.
    time_budget : float, default=120.0
        Seconds, shared out among the estimators; None for no limit. Each tries one
        setting first, and a fit that was begun is ended.
    max_rows : int, default=None
        Most rows to use; None for 5,000, taken at random.
    n_jobs : int, default=1
        Processes that share the fits of a search, each of which trains its networks
        together; -1 for all cores.
    device : str, default='auto'
        Where the estimators of this package compute.
    random_state : int, default=0
        Seed of the split, of the settings and of the estimators.
    encoding : str, default=None
        That of a text file; None tells it from the content.
    data_home : str or path-like, default=None
        Folder with the files of 'mnist' and 'cifar10'.
    progress : callable(text, end), default does nothing
        Is told what begins and what has ended; ``print`` shows it.

    Returns
    -------
    Leaderboard
        Prints as a table. ``winner`` is the best pipeline, fitted; ``scores`` a data
        frame; ``next_steps`` what to do now; ``save(folder)`` writes all of it.

    Raises
    ------
    InputError
        A `ValueError`, if the data cannot be used or a name is unknown.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from sknn_course import compare
    >>> size = np.arange(60.0)
    >>> houses = pd.DataFrame({"size": size, "garden": size % 7, "price": 3 * size})
    >>> board = compare(houses, "price", models=["ridge"], drop="garden")
    >>> board.best.model, round(board.best.test_score, 2)
    ('ridge', 1.0)
    """
    from ._devices import resolve_device

    try:
        device = str(resolve_device(device))
    except ValueError as error:
        raise InputError(str(error)) from error
    if time_budget is not None and not time_budget > 0:
        raise InputError(f"time_budget={time_budget!r} is not a positive time.")
    if isinstance(models, str):
        models = models.replace(",", " ").split()
    table = load_table(
        data,
        target,
        task=task,
        drop=drop,
        max_rows=max_rows,
        encoding=encoding,
        data_home=data_home,
        random_state=random_state,
    )
    return _compare(
        table,
        models,
        scoring=scoring,
        cv=cv,
        n_settings=n_settings,
        budget=time_budget,
        n_jobs=n_jobs,
        device=device,
        random_state=random_state,
        progress=progress,
    )


def score_on_test_rows(model: Any, table: Table, scoring: str) -> float:
    """Return a fitted model's score on the test rows of a table.

    Parameters
    ----------
    model : fitted estimator
    table : Table
    scoring : str
        As `compare` takes it.

    Returns
    -------
    float
        An error as it is, not negated.

    Examples
    --------
    >>> from sklearn.dummy import DummyClassifier
    >>> from sknn_course.leaderboard import load_table, score_on_test_rows
    >>> table = load_table("wine")
    >>> dummy = DummyClassifier().fit(table.X_train, table.y_train)
    >>> round(score_on_test_rows(dummy, table, "accuracy"), 2)
    0.4
    """
    score = choose_score(scoring, table.task, table.y_train, [])
    return float(score.function(model, table.X_test, table.y_test))
