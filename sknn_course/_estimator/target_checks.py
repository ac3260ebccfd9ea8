"""Targets and weights that cannot be learned from, refused by name."""

from contextlib import contextmanager

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import check_array

from .._compat import check_sample_weight


def refuse_masked(**arrays):
    """Refuse masked values: numpy would take what lies under the mask.

    Parameters
    ----------
    **arrays : array-like or None
        By the name of the parameter.

    Raises
    ------
    ValueError

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_course._estimator.target_checks import refuse_masked
    >>> refuse_masked(y=np.ma.array([1, 2], mask=[False, True]))
    Traceback (most recent call last):
    ValueError: y holds 1 masked value: leave such rows out, or fill them.
    """
    for name, array in arrays.items():
        if np.ma.is_masked(array):
            n = int(np.ma.count_masked(array))
            raise ValueError(
                f"{name} holds {n} masked value{'s' * (n > 1)}: "
                "leave such rows out, or fill them."
            )


def check_numbers(y, estimator):
    """Targets of a regressor as finite float64.

    Parameters
    ----------
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
    estimator : object
        Named in the error.

    Returns
    -------
    ndarray of y's shape

    Raises
    ------
    ValueError
        If y holds missing, masked or infinite values, or what is no number.
    TypeError
        If y is sparse.

    Examples
    --------
    >>> from sknn_course._estimator.target_checks import check_numbers
    >>> check_numbers([1, None], "LinearRegression")
    Traceback (most recent call last):
    ValueError: Input y contains NaN...
    """
    with _numbers_alone(y=y):
        return check_array(
            y, dtype=np.float64, ensure_2d=False, input_name="y", estimator=estimator
        )


def check_weights(sample_weight, X):
    """Weights of rows as finite numbers that are not negative, ones for None.

    Parameters
    ----------
    sample_weight : array-like of shape (n_samples,), float or None
    X : array-like or sparse matrix of n_samples rows

    Returns
    -------
    ndarray of shape (n_samples,)

    Raises
    ------
    ValueError
        If there are other values, or all are zero.
    TypeError
        If the weights are sparse.

    Examples
    --------
    >>> from sknn_course._estimator.target_checks import check_weights
    >>> check_weights([1, 2], [[0.0], [1.0]])
    array([1., 2.])
    """
    with _numbers_alone(sample_weight=sample_weight):
        weight = check_sample_weight(sample_weight, X, ensure_non_negative=True)
    if not np.isfinite(weight).all():  # what was given is one number
        raise ValueError(f"sample_weight={sample_weight!r}: give finite numbers.")
    return weight


@contextmanager
def _numbers_alone(**arrays):
    """Refuse masked values, and name the array where numpy cannot make numbers."""
    refuse_masked(**arrays)
    try:
        # long doubles that overflow are told of as infinity
        with np.errstate(over="ignore", invalid="ignore"):
            yield
    except (TypeError, OverflowError) as error:
        [(name, array)] = arrays.items()
        if issparse(array):
            raise
        raise ValueError(f"{name} holds what is no number: {error}.") from error


def check_labels(y):
    """Refuse labels that have no order, such as text beside None.

    Parameters
    ----------
    y : array-like

    Raises
    ------
    ValueError

    Examples
    --------
    >>> from sknn_course._estimator.target_checks import check_labels
    >>> check_labels(["a", None])
    Traceback (most recent call last):
    ValueError: y holds labels of the types NoneType and str: one type is needed, and
    no missing values.
    """
    refuse_masked(y=y)
    if y is None or issparse(y):
        return
    labels = np.asarray(y)
    if labels.dtype != object:
        return
    try:
        np.unique(labels)
    except TypeError as error:
        names = sorted({type(label).__name__ for label in labels.ravel()})
        raise ValueError(
            f"y holds labels of the types {' and '.join(names)}: one type is needed, "
            "and no missing values."
        ) from error
