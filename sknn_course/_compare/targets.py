"""Tell classification from regression, and bring a target into its form."""

from typing import Any

import numpy as np

from sknn_course._compare.errors import InputError

MOST_CLASSES_AS_NUMBERS = 20


def guess_task(y: np.ndarray) -> str:
    """Tell from a target whether it asks for classification or regression.

    Text and booleans are classes. Whole numbers are classes where they take at
    most 20 values and each value has five rows or more on average; all other
    numbers are quantities.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
        Without missing values.

    Returns
    -------
    {'classification', 'regression'}

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_course._compare.targets import guess_task
    >>> guess_task(np.array(["yes", "no"]))
    'classification'
    >>> guess_task(np.array([0.1, 0.5, 2.5]))
    'regression'
    """
    if y.dtype.kind not in "iuf":
        return "classification"
    if not np.isfinite(y).all() or (y != np.round(y)).any():
        return "regression"
    n_values = len(np.unique(y))
    few = n_values <= MOST_CLASSES_AS_NUMBERS and len(y) >= 5 * n_values
    return "classification" if few else "regression"


def check_target(y: np.ndarray, task: str | None, name: str) -> tuple[np.ndarray, str]:
    """Bring a target into the form that its task needs.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
        Without missing values.
    task : {'classification', 'regression', None}
        None tells it from the target, as :func:`guess_task` does.
    name : str
        The target's name in error messages.

    Returns
    -------
    y : ndarray of shape (n_samples,)
        Classes as text or whole numbers, quantities as float64.
    task : {'classification', 'regression'}

    Raises
    ------
    InputError
        If the target is empty, has one class or value only, does not hold the
        finite numbers that regression needs, or mixes numbers and text without a
        task.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_course._compare.targets import check_target
    >>> check_target(np.array([1.0, 0.0] * 5), None, "label")
    (array([1, 0, 1, 0, 1, 0, 1, 0, 1, 0]), 'classification')
    """
    if len(y) == 0:
        raise InputError(f"the target {name!r} is empty: no row has a value for it.")
    if task is None and _is_text_among_numbers(y):
        raise InputError(
            f"the target {name!r} holds text ({_first_text(y)!r}) where its other "
            "values are numbers: clean the column or name the --task."
        )
    task = task or guess_task(y)
    if task == "classification":
        y = _as_classes(y)
    elif y.dtype.kind == "b":
        y = y.astype(float)
    elif y.dtype.kind not in "iuf":
        raise InputError(
            f"the target {name!r} holds text ({_first_text(y)!r}) where regression "
            "needs numbers: clean the column or use --task classification."
        )
    else:
        y = y.astype(float)
        if not np.isfinite(y).all():
            raise InputError(f"the target {name!r} holds infinite values.")
    values = np.unique(y)
    if len(values) == 1:
        what = "class" if task == "classification" else "value"
        raise InputError(
            f"the target {name!r} has one {what} only ({values[0]!s}): "
            f"there is nothing to tell apart."
        )
    return y, task


def strata(y: np.ndarray, task: str | None, size: int) -> np.ndarray:
    """Return groups of rows of which every part of a split should get its share.

    Classes for classification; for regression up to ten ranges of the target,
    equally frequent. Without the latter, a fold of few rows may hold one flat
    piece of a curve, on which R2 says nothing.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
    task : {'classification', 'regression'}
    size : int
        Least number of rows in a range of the target.

    Returns
    -------
    ndarray of shape (n_samples,)

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_course._compare.targets import strata
    >>> strata(np.array([0.1, 9.0, 0.3, 7.0]), "regression", size=2)
    array([0, 1, 0, 1])
    """
    if task == "classification":
        return y
    n_strata = min(10, max(1, len(y) // size))
    return np.argsort(np.argsort(y, kind="stable")) * n_strata // len(y)


def _as_classes(y: np.ndarray) -> np.ndarray:
    if y.dtype.kind == "f" and (y == np.round(y)).all():
        return y.astype(np.int64)
    if y.dtype.kind in "iu":
        return y
    return y.astype(str)


def _is_text_among_numbers(y: np.ndarray) -> bool:
    values = [] if y.dtype.kind in "iufb" else set(y.tolist())
    n_numbers = sum(map(_is_number, values))
    many = len(values) > MOST_CLASSES_AS_NUMBERS
    return many and len(values) / 2 < n_numbers < len(values)


def _first_text(y: np.ndarray) -> str:
    return str(next((value for value in y if not _is_number(value)), y[0]))


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True
