"""Piecewise linear encodings of numbers."""

from numbers import Integral
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import (
    check_is_fitted,
    validate_data,
)

from .._compat import Interval


class PiecewiseLinearEncoder(TransformerMixin, BaseEstimator):
    """Encode each number by how far it reaches through the quantiles of its column.

    A column with edges ``b_0 < b_1 < ... < b_T``, its different quantiles, becomes T
    columns ``clip((x - b_(t-1)) / (b_t - b_(t-1)), 0, 1)``, of which a linear layer
    makes any piecewise linear function. A constant column becomes none.

    Parameters
    ----------
    n_bins : int, default=12
        Largest number of pieces of a column.

    Attributes
    ----------
    edges_ : list of ndarray
        Of each column.

    References
    ----------
    .. [1] Y. Gorishniy, I. Rubachev, A. Babenko, "On embeddings for numerical features
       in tabular deep learning", NeurIPS 2022.

    Examples
    --------
    >>> from sknn_course._tabular.piecewise_linear import PiecewiseLinearEncoder
    >>> PiecewiseLinearEncoder(n_bins=2).fit([[0], [2], [10]]).transform([[1], [6]])
    array([[0.5, 0. ],
           [1. , 0.5]])
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_bins": [Interval(Integral, 1, None, closed="left")]
    }

    def __init__(self, n_bins: int = 12) -> None:
        self.n_bins = n_bins

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn the quantiles.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : ignored

        Returns
        -------
        self : object
        """
        self._validate_params()
        X = validate_data(self, X, dtype=np.float64)
        levels = np.linspace(0, 1, self.n_bins + 1)
        self.edges_ = [np.unique(np.quantile(column, levels)) for column in X.T]
        return self

    def transform(self, X: Any) -> NDArray[np.float64]:
        """Encode.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_pieces)
            The pieces of the first column, then of the second, ...
        """
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        pieces = [
            np.clip((column[:, None] - edges[:-1]) / np.diff(edges), 0, 1)
            for column, edges in zip(X.T, self.edges_, strict=True)
        ]
        return np.hstack(pieces)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[Any]:
        """Names of the pieces: the column's and the piece's number.

        Parameters
        ----------
        input_features : array-like of str, default=None

        Returns
        -------
        ndarray of str
        """
        check_is_fitted(self)
        names = OneToOneFeatureMixin.get_feature_names_out(self, input_features)
        counts = [len(edges) - 1 for edges in self.edges_]
        return np.array(
            [f"{n}_{i}" for n, c in zip(names, counts, strict=True) for i in range(c)],
            dtype=object,
        )
