"""The data of a comparison: built-in sets and the user's files, split and ready."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.model_selection import train_test_split

from sknn_course._compare.builtin import BUILTIN
from sknn_course._compare.errors import InputError, unknown
from sknn_course._compare.files import read_file, split_target
from sknn_course._compare.pitfalls import find_pitfalls
from sknn_course._compare.targets import check_target, strata

TEST_SIZE = 0.25
MAX_ROWS = 5000


@dataclass
class Table:
    """Training and test rows of one data set, and what is to be predicted.

    Parameters
    ----------
    name : str
    task : {'classification', 'regression'}
    X_train, X_test : ndarray or pandas.DataFrame of shape (n_samples, n_features)
    y_train, y_test : ndarray of shape (n_samples,)
    feature_names : list of str
    image_shape : tuple of int or None
        (channels, height, width) where a row is an image.
    target_name : str
    notes : list of str
        What was left out or changed, for the reader of the results.
    source : dict
        The arguments of :func:`load_table` that give it again; ``data`` only where
        that is the path of a file or a name.

    Examples
    --------
    >>> from sknn_course.leaderboard import load_table
    >>> table = load_table("iris")
    >>> table.task, table.X_train.shape, table.X_test.shape
    ('classification', (112, 4), (38, 4))
    """

    name: str
    task: str
    X_train: Any
    X_test: Any
    y_train: np.ndarray
    y_test: np.ndarray
    feature_names: list[str]
    image_shape: tuple[int, int, int] | None = None
    target_name: str = "target"
    notes: list[str] = field(default_factory=list)
    source: dict[str, Any] = field(default_factory=dict)

    @property
    def n_features(self) -> int:
        """int : number of columns."""
        return self.X_train.shape[1]

    @property
    def numeric(self) -> bool:
        """bool : whether every column holds numbers."""
        dtypes = getattr(self.X_train, "dtypes", None)
        return dtypes is None or all(dtype.kind == "f" for dtype in dtypes)


def load_table(
    data: Any,
    target: Any = None,
    *,
    task: str | None = None,
    drop: str | Sequence[str] = (),
    max_rows: int | None = None,
    encoding: str | None = None,
    data_home: Any = None,
    random_state: int = 0,
) -> Table:
    """Load data to compare estimators on, and hold out rows for the test.

    Where a data set comes with a test set, that is the test; else a quarter of
    the rows is held out, with equal shares of the classes.

    Parameters
    ----------
    data : str, path-like, data frame or array of shape (n_samples, n_features)
        A built-in data set by name, the path of a CSV or Parquet file, a data frame
        (pandas, polars), or numbers.
    target : str or array-like of shape (n_samples,), default=None
        The column to predict, or its values.
    task : {'classification', 'regression'}, default=None
        None tells it from the target.
    drop : str or sequence of str, default=()
        Columns to leave out.
    max_rows : int, default=None
        Most rows to use beside a given test set; None for 5,000, of 'mnist'
        2,000 and of 'cifar10' 1,000. More rows are thinned out at random.
    encoding : str, default=None
        That of a text file; None tells it from the content.
    data_home : str or path-like, default=None
        Folder with the files of 'mnist' and 'cifar10'.
    random_state : int, default=0
        Seed of thinning out, of the split, and of the data that are drawn.

    Returns
    -------
    Table

    Raises
    ------
    InputError
        If the data cannot be used.

    Examples
    --------
    >>> from sknn_course.leaderboard import load_table
    >>> load_table("diabetes", max_rows=100).notes
    ['took 100 of 442 rows at random (--max-rows)']
    """
    if task not in (None, "classification", "regression"):
        raise unknown("task", task, ["classification", "regression"])
    named = target is None or isinstance(target, str)
    drop = [drop] if isinstance(drop, str) else [str(one) for one in drop]
    given = dict(
        target=target if named else None, task=task, drop=drop, max_rows=max_rows
    )
    given |= dict(encoding=encoding, data_home=data_home and str(data_home))
    source = {key: value for key, value in given.items() if value not in (None, [])}
    source["random_state"] = random_state
    if not isinstance(data, str | Path):
        name, parts = "the table", _from_memory(data, target, drop, named)
        source["target"] = parts["target_name"]
    elif str(data) in BUILTIN:
        name, source["data"] = str(data), str(data)
        if target is not None or drop or encoding:
            options = "--drop and --encoding are" if target is None else "--target is"
            raise InputError(
                f"{options} for files: the built-in data set {name!r} has its own "
                "target."
            )
        parts = BUILTIN[name](
            data_home=data_home, max_rows=max_rows, random_state=random_state
        )
    elif (path := Path(data)).exists() or path.suffix or os.sep in str(data):
        X, y, notes = read_file(path, target, drop=drop, encoding=encoding)
        parts = {"X": X, "y": y, "notes": notes, "target_name": target}
        name, source["data"] = path.name, str(path.resolve())
    else:
        raise unknown("data set", str(data), BUILTIN)
    return _split(name, task, max_rows, random_state, source, **parts)


def _from_memory(
    data: Any, target: Any, drop: list[str], named: bool
) -> dict[str, Any]:
    """The parts of a table that is a data frame or an array."""
    if not named and np.shape(target) != (len(data),):
        raise InputError(
            f"there are targets of shape {np.shape(target)} for {len(data)} rows."
        )
    if not hasattr(data, "columns"):
        if named or drop:
            raise InputError(
                "an array's columns have no names: give the targets' values, and a "
                "data frame to name columns."
            )
        X = np.asarray(data)
        if X.ndim != 2 or X.dtype.kind not in "biuf":
            raise InputError(
                "an array of numbers with two axes, or a data frame, please."
            )
        if np.isinf(X).any():
            raise InputError("the array holds infinite values.")
        names = [f"x{index}" for index in range(X.shape[1])]
        y, notes = np.asarray(target), []
        if y.dtype.kind == "f" and np.isnan(y).any():
            known = ~np.isnan(y)
            X, y = X[known], y[known]
            notes = [f"left out {(~known).sum()} rows without a value of 'target'"]
        parts: dict[str, Any] = dict(X=X.astype(float), y=y, notes=notes)
        return parts | dict(feature_names=names, target_name="target")
    try:
        import pandas as pd
    except ImportError as error:
        raise InputError(
            "data frames need pandas: pip install 'sknn_course[files]'."
        ) from error
    if not isinstance(data, pd.DataFrame):
        data = pd.DataFrame({name: data[name].to_list() for name in data.columns})
    frame = data.reset_index(drop=True)
    names = [str(name).strip() for name in frame.columns]
    if not named:
        values = pd.Series(np.asarray(target))
        target = str(getattr(target, "name", None) or "target")
        if target in names:
            target = "the target"
        frame, names = pd.concat([frame, values], axis=1), [*names, target]
    X, y, notes = split_target(frame, names, target, drop, [])
    return dict(X=X, y=y, notes=notes, target_name=target)


def _split(
    name: str,
    task: str | None,
    max_rows: int | None,
    random_state: int,
    source: dict[str, Any],
    *,
    X: Any,
    y: np.ndarray,
    X_test: Any = None,
    y_test: Any = None,
    feature_names: Any = None,
    target_name: str = "target",
    image_shape: Any = None,
    default_max_rows: int = MAX_ROWS,
    notes: Sequence[str] = (),
) -> Table:
    notes = [*notes]
    if feature_names is None:
        feature_names = [str(column) for column in X.columns]
    target_name = target_name.strip()
    y, task = check_target(np.asarray(y), task, target_name)
    if y_test is not None:
        y_test = check_target(np.asarray(y_test), task, target_name)[0]

    if hasattr(X, "columns"):
        notes += find_pitfalls(X, y, task)
    if task == "classification":
        X, y = _without_single_rows(X, y, notes)
    max_rows = max_rows or default_max_rows
    if len(y) > max_rows:
        notes.append(f"took {max_rows} of {len(y)} rows at random (--max-rows)")
        X, _, y, _ = _stratified(X, y, task, random_state, train_size=max_rows)
    if X_test is None:
        X, X_test, y, y_test = _stratified(
            X, y, task, random_state, test_size=TEST_SIZE
        )
    return Table(
        name=name,
        task=task,
        X_train=X,
        X_test=X_test,
        y_train=y,
        y_test=y_test,
        feature_names=list(feature_names),
        image_shape=image_shape,
        target_name=target_name,
        notes=notes,
        source=source,
    )


def _without_single_rows(
    X: Any, y: np.ndarray, notes: list[str]
) -> tuple[Any, np.ndarray]:
    """Leave out classes of one row: they cannot be both learnt and tested."""
    classes, counts = np.unique(y, return_counts=True)
    single = classes[counts == 1]
    if not len(single):
        return X, y
    if len(classes) - len(single) < 2:
        raise InputError(
            f"{len(single)} of the {len(classes)} classes have one row only: "
            "is this a target for --task regression?"
        )
    shown = ", ".join(str(one) for one in single[:5])
    notes.append(f"left out classes of one row each: {shown}")
    keep = ~np.isin(y, single)
    return X[keep], y[keep]


def _stratified(
    X: Any, y: np.ndarray, task: str | None, random_state: int, **sizes: Any
) -> Any:
    """Split so that classes, or low and high targets, get equal shares."""
    for stratify in (strata(y, task, size=5), None):  # None: too few rows for it
        try:
            return train_test_split(
                X, y, random_state=random_state, stratify=stratify, **sizes
            )
        except ValueError as error:
            reason = error
    raise InputError(f"{len(y)} rows are too few to compare on.") from reason
