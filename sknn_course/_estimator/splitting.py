"""Training and validation rows of a fit."""

import numpy as np
from scipy import sparse
from sklearn.model_selection import train_test_split

from .._engine import Split
from .._engine.cost_model import COSTS

FEW_ROWS = 50


def as_split(X, targets, sample_weight=None, dtype=None):
    """Rows with targets in the given dtype, else that of X.

    Raises
    ------
    ValueError
        If targets are too large for it.
    """
    with np.errstate(over="ignore"):
        y = np.ascontiguousarray(targets, dtype=dtype or X.dtype)
    if not np.isfinite(y).all():
        raise ValueError(
            f"y holds values up to {np.abs(targets).max():.3g}, too large for "
            f"{y.dtype}: scale them, or train with dtype='float64'."
        )
    return Split(X, y, sample_weight)


def merge_equal_rows(split):
    """The same rows as a set: sorted, equal ones merged into their total weight.

    Full-batch training then gives the same result, to the last bit, whatever
    the order of the rows, and for a row of weight 2 as for the row twice.

    Parameters
    ----------
    split : Split

    Returns
    -------
    Split
        Without rows of weight zero; ``n_samples`` stays that of the given rows.
    """
    X = split.X
    if sparse.issparse(X):  # columns of zeros alone change neither order nor equality
        X = X[:, np.unique(X.indices)].toarray()
    rows = np.hstack([X.reshape(len(split), -1), split.y])
    weight = np.ones(len(split)) if split.sample_weight is None else split.sample_weight
    keep = np.flatnonzero(weight)
    _, first, group = np.unique(
        rows[keep], axis=0, return_index=True, return_inverse=True
    )
    total = np.bincount(group.ravel(), weights=weight[keep])
    total = total.astype(split.y.dtype)
    chosen = keep[first]
    return Split(
        split.X[chosen],
        split.y[chosen],
        None if np.all(total == 1) else total,
        n_samples=split.n_samples,
    )


def split_validation(split, fraction, rng, stratified):
    """Set rows aside for validation, drawn as scikit-learn's MLP draws.

    Where scikit-learn would refuse, the validation set is enlarged to two rows,
    or to one of each class. Up to 50 rows, equal rows stay together and weights
    count as repetitions.

    Parameters
    ----------
    split : Split
    fraction : float
    rng : numpy.random.RandomState
    stratified : bool
        By the 0/1 targets.

    Returns
    -------
    train, validation : Split

    Raises
    ------
    ValueError
        If there are too few rows.
    """
    if len(split) <= FEW_ROWS:
        merged = merge_equal_rows(split)
        split = split if merged.sample_weight is None else merged
    classes = split.y.astype(bool)
    fewest = len(np.unique(classes)) if stratified else 2
    fewest = max(2, fewest)
    if fraction * len(split) <= fewest - 1 and len(split) > fewest:
        fraction = fewest
    arrays = [split.X, split.y]
    if split.sample_weight is not None:
        arrays.append(split.sample_weight)
    parts = train_test_split(
        *arrays,
        random_state=rng,
        test_size=fraction,
        stratify=classes if stratified else None,
    )
    train, validation = Split(*parts[::2]), Split(*parts[1::2])
    if len(validation) < 2:
        raise ValueError(
            "The validation set is too small. Increase 'validation_fraction' "
            "or the size of your dataset."
        )
    return train, validation


def for_full_batch(split, batch_size):
    """Merge equal rows where each step uses all rows and sorting is cheap."""
    n_values = len(split) * int(np.prod(split.X.shape[1:]))
    if batch_size < len(split) or n_values > COSTS.merged_values:
        return split
    return merge_equal_rows(split)
