"""What a network sees of X: rows of numbers, sparse rows, or images."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from sklearn.utils.validation import validate_data

from ..architectures import ARCHITECTURES
from ..augmentation import augmentation_pipeline
from .image_rows import (
    check_image_shape,
    find_input_shape,
    flat_rows,
    warn_of_other_layout,
)
from .plain_rows import FLOATS, are_plain
from .sparse_indices import check_indices

Rows = Any  # ndarray or csr_array of shape (n_samples, n_features)


class Inputs(ABC):
    """The form of X, one for a class of estimators; what it learns, they keep."""

    takes_sparse = False

    @abstractmethod
    def check_to_fit(
        self, estimator: Any, X: Any, y: Any, first: bool
    ) -> tuple[Rows, NDArray[Any]]:
        """Validated rows and targets of a fit.

        Parameters
        ----------
        estimator : NeuralEstimator
            A first fit sets what describes its rows, later ones compare with it.
        X, y : array-like
        first : bool

        Returns
        -------
        X : ndarray or csr_array of shape (n_samples, n_features)
        y : ndarray
        """

    @abstractmethod
    def check(self, estimator: Any, X: Any, dtype: DTypeLike | tuple = FLOATS) -> Rows:
        """Validated rows, of the shape that the fit has seen."""

    @abstractmethod
    def for_network(self, estimator: Any, X: Rows) -> Rows:
        """Validated rows in the shape that the network takes."""

    def augmentation(self, estimator: Any) -> Callable | None:
        """Function of rows and keys that changes rows in training, or None."""
        return None


class RowInputs(Inputs):
    """Rows of numbers, dense or sparse."""

    takes_sparse = True

    def check_to_fit(self, estimator, X, y, first):
        check_indices(X)
        return validate_data(
            estimator,
            X,
            y,
            accept_sparse=["csr", "csc"],
            multi_output=True,
            y_numeric=estimator._y_numeric,
            dtype=estimator._rows_dtype(X),
            reset=first,
        )

    def check(self, estimator, X, dtype=FLOATS):
        if dtype is FLOATS and are_plain(X, estimator):
            return X
        check_indices(X)
        return validate_data(
            estimator, X, accept_sparse=["csr", "csc"], dtype=dtype, reset=False
        )

    def for_network(self, estimator, X):
        return X.tocsr() if hasattr(X, "tocsr") else X


class ImageInputs(Inputs):
    """Images, or flat rows that hold them; ``input_shape_`` is their shape."""

    def check_to_fit(self, estimator, X, y, first):
        X, image_shape = flat_rows(X)
        X, y = validate_data(
            estimator,
            X,
            y,
            multi_output=True,
            y_numeric=estimator._y_numeric,
            dtype=estimator._training_dtype(),
            reset=first,
        )
        given, n_features = estimator.input_shape, estimator.n_features_in_
        if first:
            named = _named_shape(estimator.architecture)
            if image_shape is None and prod(named or (0,)) == n_features:
                image_shape = named
            elif image_shape not in (None, named) and given is None:
                warn_of_other_layout(image_shape)
            estimator.input_shape_ = find_input_shape(given, image_shape, n_features)
        else:
            find_input_shape(given, None, n_features)  # refuses
            _check_shape(estimator, image_shape)
        return X, y

    def check(self, estimator, X, dtype=FLOATS):
        X, image_shape = flat_rows(X)
        if not (dtype is FLOATS and are_plain(X, estimator)):
            X = validate_data(estimator, X, dtype=dtype, reset=False)
        _check_shape(estimator, image_shape)
        return X

    def for_network(self, estimator, X):
        return np.ascontiguousarray(X).reshape(len(X), *estimator.input_shape_)

    def augmentation(self, estimator):
        return augmentation_pipeline(estimator.augmentation)


def _check_shape(estimator, image_shape):
    owner = f"this {type(estimator).__name__}"
    check_image_shape(image_shape, estimator.input_shape_, owner)


def _named_shape(architecture):
    """Shape of the images that a named architecture is for, or None."""
    if isinstance(architecture, str):
        return ARCHITECTURES[architecture].input_shape
    return None
