"""Which rows candidates are trained on, and which are held out."""

from typing import Any

import numpy as np
from sklearn.model_selection import (
    GroupKFold,
    GroupShuffleSplit,
    KFold,
    ShuffleSplit,
    StratifiedGroupKFold,
    StratifiedKFold,
    StratifiedShuffleSplit,
    check_cv,
)

# by whether there are groups, and whether classes are kept in proportion
FOLDS = {
    (False, False): KFold,
    (False, True): StratifiedKFold,
    (True, False): GroupKFold,
    (True, True): StratifiedGroupKFold,
}
HOLD_OUTS = {
    (False, False): ShuffleSplit,
    (False, True): StratifiedShuffleSplit,
    (True, False): GroupShuffleSplit,
    (True, True): GroupShuffleSplit,
}


def make_folds(
    cv: Any,
    validation_fraction: float | None,
    X: Any,
    y: np.ndarray,
    groups: Any,
    stratifies: bool,
    rng: np.random.RandomState,
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Places of the training and of the held-out rows, by fold.

    Parameters
    ----------
    cv : int, splitter, iterable or None
        A number of folds is shuffled.
    validation_fraction : float or None
        One hold-out instead.
    X, y, groups : as in ``fit``
    stratifies : bool
    rng : RandomState

    Returns
    -------
    list of (ndarray of int, ndarray of int)
    """
    kind = groups is not None, stratifies
    if validation_fraction is not None:
        if cv is not None:
            raise ValueError(
                f"validation_fraction={validation_fraction!r} and cv={cv!r} are both "
                "given: use validation_fraction for one hold-out, or cv for folds."
            )
        cv = HOLD_OUTS[kind](1, test_size=validation_fraction, random_state=rng)
    elif cv is None or isinstance(cv, int | np.integer):
        cv = FOLDS[kind](5 if cv is None else cv, shuffle=True, random_state=rng)
    rows = np.zeros((len(y), 1))  # all that a splitter sees of X
    folds = [
        (np.asarray(train), np.asarray(test))
        for train, test in check_cv(cv, y).split(rows, y, groups)
    ]
    if not folds:
        raise ValueError(f"cv={cv!r} gives no folds: give at least one.")
    return folds
