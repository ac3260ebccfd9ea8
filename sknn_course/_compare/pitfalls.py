"""Columns that make a comparison say too much: numbers of rows, and leaks."""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

FEW_ROWS = 50
MOST_ROWS = 2000
MOST_COLUMNS = 1000
LEAK = 0.02  # of the error without looking, left over by one column alone


def find_pitfalls(X: Any, y: np.ndarray, task: str) -> list[str]:
    """Point out columns that a model should perhaps not see.

    Whole numbers that differ in every row and lie close together are likely to
    number the rows. A column that alone predicts rows it was not fitted to with less
    than 2 % of the error of always guessing the same is likely to be written down
    after the target, or from it.

    Parameters
    ----------
    X : pandas.DataFrame
        Columns of numbers, dates and text.
    y : ndarray of shape (n_samples,)
    task : {'classification', 'regression'}

    Returns
    -------
    list of str
        One note for each kind.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from sknn_course._compare.pitfalls import find_pitfalls
    >>> y = np.random.RandomState(0).normal(size=400)
    >>> X = pd.DataFrame({"cents": 100 * y, "noise": y[::-1]})
    >>> find_pitfalls(X, y, "regression")
    ["'cents' alone predicts the target almost perfectly: if it is not known before
    the target is, leave it out (--drop cents)"]
    """
    if len(y) < FEW_ROWS or X.shape[1] < 2:
        return []
    notes = []
    numbering = [name for name in X.columns if _numbers_the_rows(X[name])]
    if numbering:
        notes.append(
            f"{_listed(numbering)} may number the rows (whole numbers, all different): "
            f"leave out what measures nothing (--drop {','.join(numbering)})"
        )
    leaks = _leaks(X, y, task)
    if leaks:
        notes.append(
            f"{_listed(leaks)} alone predicts the target almost perfectly: if it is "
            "not known before the target is, leave it out "
            f"(--drop {','.join(leaks)})"
        )
    return notes


def _listed(names: list[str]) -> str:
    shown = ", ".join(map(repr, names[:5]))
    return shown + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _numbers_the_rows(column: Any) -> bool:
    if column.dtype.kind != "f":
        return False
    values = column.to_numpy()
    if not np.isfinite(values).all() or (values != np.round(values)).any():
        return False
    # rows may have been deleted: gaps, but few
    return len(np.unique(values)) == len(values) and np.ptp(values) < 3 * len(values)


def _leaks(X: Any, y: np.ndarray, task: str) -> list[str]:
    rows = np.random.RandomState(0).permutation(len(y))[:MOST_ROWS]
    fit, held_out = np.array_split(rows, 2)
    if task == "classification":
        tree: Any = DecisionTreeClassifier(random_state=0)
        values, counts = np.unique(y[fit], return_counts=True)
        guess = values[counts.argmax()]
    else:
        tree = DecisionTreeRegressor(random_state=0)
        guess = y[fit].mean()

    def error(predicted: Any) -> float:
        if task == "classification":
            return float(np.mean(predicted != y[held_out]))
        return float(np.mean((predicted - y[held_out]) ** 2))

    most = LEAK * error(np.full(len(held_out), guess))
    return [
        str(name)
        for name in X.columns[:MOST_COLUMNS]
        if _fit_alone(tree, X[name], y, fit, error, held_out) < most
    ]


def _fit_alone(
    tree: Any,
    column: Any,
    y: np.ndarray,
    fit: np.ndarray,
    error: Callable[[np.ndarray], float],
    held_out: np.ndarray,
) -> float:
    """The error on held-out rows of what one column alone tells."""
    values = _as_numbers(column)[:, None]  # (n_samples, 1)
    found = error(tree.fit(values[fit], y[fit]).predict(values[held_out]))
    if y.dtype.kind == "f" and column.dtype.kind == "f":
        known = fit[np.isfinite(values[fit, 0])]
        if len(known) > 2 and np.ptp(values[known, 0]) > 0:
            line = np.polynomial.Polynomial.fit(values[known, 0], y[known], 1)
            found = float(np.fmin(found, error(line(values[held_out, 0]))))
    return found


def _as_numbers(column: Any) -> np.ndarray:
    """Numbers as they are; else the codes of the different values."""
    import pandas as pd

    if column.dtype.kind == "f":
        return column.to_numpy()
    codes = pd.factorize(column, sort=True)[0].astype(float)
    return np.where(codes < 0, np.nan, codes)
