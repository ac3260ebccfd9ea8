"""Numbers of any spread, brought to that of a network's inputs."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

QUARTILES = 1.349  # standard deviations between the quartiles of a normal column
LIMIT = 3.0


class SmoothRobustScaler(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Scale columns by their quartiles, then bend outliers to within (-3, 3).

    ``z = (x - median) / s``, with ``s`` the distance of the quartiles in standard
    deviations of a normal column, then ``z / sqrt(1 + (z / 3)^2)``. A column with equal
    quartiles has its standard deviation as ``s``.

    Attributes
    ----------
    center_, scale_ : ndarray of shape (n_features,)

    References
    ----------
    .. [1] D. Holzmueller, L. Grinsztajn, I. Steinwart, "Better by default: strong
       pre-tuned MLPs and boosted trees on tabular data", NeurIPS 2024.

    Examples
    --------
    >>> from sknn_course._tabular.scaling import SmoothRobustScaler
    >>> X = [[0.0], [1.0], [2.0], [3.0], [1000.0]]
    >>> SmoothRobustScaler().fit_transform(X).ravel().round(2)
    array([-1.23, -0.66,  0.  ,  0.66,  3.  ])
    """

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn the quartiles.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : ignored

        Returns
        -------
        self : object
        """
        X = validate_data(self, X, dtype=np.float64)
        first, self.center_, third = np.quantile(X, (0.25, 0.5, 0.75), axis=0)
        scale = (third - first) / QUARTILES
        scale = np.where(scale > 0, scale, X.std(axis=0))
        self.scale_ = np.where(scale > 0, scale, 1.0)
        return self

    def transform(self, X: Any) -> NDArray[np.float64]:
        """Scale and bend.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_features)
        """
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        z = (X - self.center_) / self.scale_
        return z / np.hypot(1, z / LIMIT)
