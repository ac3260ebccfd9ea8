"""Rows that need no conversion are found out sooner than scikit-learn can."""

import numpy as np

FLOATS = (np.float64, np.float32)


def are_plain(X, estimator):
    """Whether `validate_data` would give a fitted estimator's X back as it is.

    It asks many libraries whether X is theirs, which takes longer than the prediction
    of a row. What is not plain, or not finite, is left to it.

    Parameters
    ----------
    X : array-like
    estimator : object
        With ``n_features_in_``, and ``feature_names_in_`` where it has seen names.

    Returns
    -------
    bool
    """
    if not (
        type(X) is np.ndarray
        and X.dtype in FLOATS
        and X.ndim == 2
        and len(X) > 0
        and X.shape[1] == estimator.n_features_in_
        and not hasattr(estimator, "feature_names_in_")
    ):
        return False
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(X.sum()))
