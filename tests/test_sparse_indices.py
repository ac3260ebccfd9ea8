"""Broken sparse matrices, which end the process in scipy, are refused."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import sparse

from sknn_course import (
    LeastSquaresClassifier,
    LeastSquaresRegressor,
    LeastSquaresSVC,
    LeastSquaresSVR,
    MLPClassifier,
    MLPRegressor,
)

X = sparse.random(20, 6, density=0.5, format="csr", random_state=0)
Y = np.arange(20) % 2


def column_out_of_range(A):
    A.indices[3] = 10**6


def negative_column(A):
    A.indices[3] = -(10**6)


def last_pointer_out_of_range(A):
    A.indptr[-1] = 10**6


def pointer_out_of_range(A):
    A.indptr[3] = 10**6


def decreasing_pointers(A):
    A.indptr[[3, 5]] = A.indptr[[5, 3]]


def pointers_that_return_to_none(A):
    A.indptr[-1] = 0


def first_pointer(A):
    A.indptr[0] = -1


def too_few_values(A):
    A.data = A.data[:-3]


def coordinate_out_of_range(A):
    A.row[0] = 10**6


def negative_coordinate(A):
    A.col[0] = -1


COMPRESSED = (
    column_out_of_range,
    negative_column,
    last_pointer_out_of_range,
    pointer_out_of_range,
    decreasing_pointers,
    pointers_that_return_to_none,
    first_pointer,
    too_few_values,
)
CASES = [
    *((form, fault) for form in ("csr", "csc", "bsr") for fault in COMPRESSED),
    *(("coo", fault) for fault in (coordinate_out_of_range, negative_coordinate)),
]


@pytest.fixture(
    scope="module",
    params=[
        MLPClassifier(max_iter=5, tol=1.0, n_iter_no_change=1),
        MLPRegressor(max_iter=5, tol=1.0, n_iter_no_change=1),
        LeastSquaresClassifier(),
        LeastSquaresRegressor(alpha=1.0),
        LeastSquaresSVC(),
        LeastSquaresSVR(),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def fitted(request):
    return request.param.fit(X, Y)


@pytest.mark.parametrize(
    ("form", "fault"), CASES, ids=lambda v: getattr(v, "__name__", v)
)
def test_broken_matrix_is_refused(fitted, form, fault):
    broken = X.copy().asformat(form, copy=True)
    fault(broken)
    with pytest.raises(ValueError, match="X is no valid sparse matrix"):
        fitted.predict(broken)
    with pytest.raises(ValueError, match="X is no valid sparse matrix"):
        type(fitted)().fit(broken, Y)


def test_unsorted_and_repeated_indices_are_valid(fitted):
    halves = sparse.hstack([X / 2, X / 2], format="csr")
    halves.indices %= 6
    repeated = sparse.csr_array((halves.data, halves.indices, halves.indptr), X.shape)
    assert not repeated.has_canonical_format
    assert_allclose(fitted.predict(repeated), fitted.predict(X), rtol=1e-5)
