"""Quantiles of weighted values."""

import numpy as np


def weighted_quantiles(
    values: np.ndarray, weights: np.ndarray, levels: np.ndarray
) -> np.ndarray:
    """Inverse of the distribution that puts ``weights`` on ``values``.

    As ``numpy.quantile(method="inverted_cdf", weights=...)`` of numpy 2.

    Parameters
    ----------
    values : ndarray of shape (K, ...)
    weights : ndarray of shape (K,)
        Summing to one.
    levels : ndarray of shape (q,)

    Returns
    -------
    ndarray of shape (..., q)
    """
    order = np.argsort(values, axis=0)
    reached = np.cumsum(weights[order], axis=0)
    ranked = np.take_along_axis(values, order, axis=0)
    below = reached[..., None] < levels - 1e-12  # (K, ..., q); rounding of the sum
    places = np.minimum(below.sum(axis=0), len(values) - 1)
    return np.take_along_axis(np.moveaxis(ranked, 0, -1), places, axis=-1)
