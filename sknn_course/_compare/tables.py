"""The data of a comparison: built-in sets and the user's files, split and ready."""

import os
import warnings
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sklearn import datasets as sklearn_datasets
from sklearn.model_selection import train_test_split

from sknn_course._compare.errors import InputError, unknown
from sknn_course._compare.files import read_file
from sknn_course._compare.targets import check_target, strata
from sknn_course.datasets import (
    fetch_cifar10,
    fetch_mnist,
    load_eckerle4,
    make_circles_split,
)

TEST_SIZE = 0.25
MAX_ROWS = 5000
MAX_MNIST, MAX_CIFAR10 = 2000, 1000


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

    Examples
    --------
    >>> from sknn_course._compare.tables import load_table
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

    @property
    def n_features(self):
        """int : number of columns."""
        return self.X_train.shape[1]

    @property
    def numeric(self):
        """bool : whether every column holds numbers."""
        dtypes = getattr(self.X_train, "dtypes", None)
        return dtypes is None or all(dtype.kind == "f" for dtype in dtypes)


def load_table(
    data, *, target=None, task=None, max_rows=None, data_home=None, random_state=0
):
    """Load a built-in data set or a file, and hold out rows for the test.

    Where a data set comes with a test set, that is the test; else a quarter of
    the rows is held out, with equal shares of the classes.

    Parameters
    ----------
    data : str
        A name from ``BUILTIN`` or the path of a CSV or Parquet file.
    target : str, default=None
        The column to predict, for files.
    task : {'classification', 'regression'}, default=None
        None tells it from the target.
    max_rows : int, default=None
        Most rows to use beside a given test set; None for 5,000, of 'mnist'
        2,000 and of 'cifar10' 1,000. More rows are thinned out at random.
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
    >>> from sknn_course._compare.tables import load_table
    >>> load_table("diabetes", max_rows=100).notes
    ['took 100 of 442 rows at random (--max-rows)']
    """
    if data in BUILTIN:
        if target is not None:
            raise InputError(
                f"--target is for files: the built-in data set {data!r} has its own "
                "target."
            )
        parts = BUILTIN[data](
            data_home=data_home, max_rows=max_rows, random_state=random_state
        )
        name = data
    elif os.path.exists(data) or os.path.splitext(data)[1] or os.sep in data:
        X, y, notes = read_file(data, target)
        parts = {"X": X, "y": y, "notes": notes, "target_name": target}
        name = os.path.basename(data)
    else:
        raise unknown("data set", data, BUILTIN)
    return _split(name, task, max_rows, random_state, **parts)


def _split(
    name,
    task,
    max_rows,
    random_state,
    *,
    X,
    y,
    X_test=None,
    y_test=None,
    feature_names=None,
    target_name="target",
    image_shape=None,
    default_max_rows=MAX_ROWS,
    notes=(),
):
    notes = list(notes)
    if feature_names is None:
        feature_names = [str(column) for column in X.columns]
    y, task = check_target(np.asarray(y), task, target_name)
    if y_test is not None:
        y_test = check_target(np.asarray(y_test), task, target_name)[0]

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
    )


def _without_single_rows(X, y, notes):
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


def _stratified(X, y, task, random_state, **sizes):
    """Split so that classes, or low and high targets, get equal shares."""
    for stratify in (strata(y, task, size=5), None):  # None: too few rows for it
        try:
            return train_test_split(
                X, y, random_state=random_state, stratify=stratify, **sizes
            )
        except ValueError as error:
            reason = error
    raise InputError(f"{len(y)} rows are too few to compare on.") from reason


def _circles(*, random_state, **_):
    X, X_test, y, y_test = make_circles_split(random_state=random_state)
    names = ["x1", "x2"]
    return dict(X=X, y=y, X_test=X_test, y_test=y_test, feature_names=names)


def _moons(*, random_state, **_):
    X, y = sklearn_datasets.make_moons(400, noise=0.2, random_state=random_state)
    return dict(X=X, y=y, feature_names=["x1", "x2"])


def _from_scikit_learn(load):
    def loaded(**_):
        bunch = load()
        return dict(X=bunch.data, y=bunch.target, feature_names=bunch.feature_names)

    return loaded


def _digits(**_):
    bunch = sklearn_datasets.load_digits()
    return dict(
        X=bunch.data / 16.0,
        y=bunch.target,
        feature_names=bunch.feature_names,
        image_shape=(1, 8, 8),
        notes=["pixels divided by 16, their largest value"],
    )


def _eckerle4(**_):
    bunch = load_eckerle4()
    return dict(
        X=bunch.data,
        y=bunch.target,
        feature_names=["wavelength"],
        target_name="transmittance",
    )


def _mnist(*, data_home, **_):
    return _fetched(fetch_mnist, (1, 28, 28), MAX_MNIST, data_home)


def _cifar10(*, data_home, max_rows, **_):
    n_batches = min(5, -(-(max_rows or MAX_CIFAR10) // 10_000))  # 10,000 images each
    batches = {"batches": range(1, n_batches + 1)}
    return _fetched(fetch_cifar10, (3, 32, 32), MAX_CIFAR10, data_home, **batches)


def _fetched(fetch, image_shape, default_max_rows, data_home, **train):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            images = fetch(data_home=data_home, **train)
            test = fetch(data_home=data_home, subset="test")
        except (OSError, ValueError) as error:  # absent or damaged files
            raise InputError(" ".join(str(error).split())) from error
    return dict(
        X=images.data,
        y=images.target,
        X_test=test.data,
        y_test=test.target,
        feature_names=images.feature_names,
        image_shape=image_shape,
        default_max_rows=default_max_rows,
        notes=[str(one.message) for one in caught],
    )


BUILTIN = {
    "circles": _circles,
    "moons": _moons,
    "digits": _digits,
    "iris": _from_scikit_learn(sklearn_datasets.load_iris),
    "wine": _from_scikit_learn(sklearn_datasets.load_wine),
    "breast_cancer": _from_scikit_learn(sklearn_datasets.load_breast_cancer),
    "diabetes": _from_scikit_learn(sklearn_datasets.load_diabetes),
    "eckerle4": _eckerle4,
    "mnist": _mnist,
    "cifar10": _cifar10,
}
