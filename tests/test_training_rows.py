"""Chunks of rows, and the rows that stacked jobs hold and take."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from scipy import sparse
from training_jobs import CPU, rows

from sknn_course._engine import Split
from sknn_course._engine import rows as training_rows
from sknn_course._engine.cost_model import COSTS, CostModel
from sknn_course._engine.ops.counter_random import row_keys
from sknn_course._engine.rows import (
    StackedRows,
    plan_chunks,
    presence,
    to_tensor,
)


@pytest.mark.parametrize(
    "row_bytes", [1, 1000, COSTS.chunk_bytes // 40, 10 * COSTS.chunk_bytes]
)
@pytest.mark.parametrize("batch_size", [1, 7, 10, 64])
@pytest.mark.parametrize(
    "n_rows", [(40,), (40, 40), (40, 33, 33, 20), (64, 7, 1), (30, 29, 28, 10, 10)]
)
def test_chunks_cover_the_batches_of_each_job(n_rows, batch_size, row_bytes):
    chunks = plan_chunks(n_rows, batch_size, row_bytes)
    assert chunks[0].start == 0
    assert chunks[-1].stop == n_rows[0]
    assert all(one.stop == other.start for one, other in pairwise(chunks))
    for chunk in chunks:
        assert chunk.start % batch_size == 0
        for start in range(chunk.start, chunk.stop, batch_size):
            in_batch = [min(max(n - start, 0), batch_size) for n in n_rows]
            present = [n for n in in_batch if n]
            assert len(present) == chunk.n_jobs
            is_last = start + batch_size >= chunk.stop
            assert (len(set(present)) > 1) == (chunk.ragged and is_last)
        n_batches = -(-(chunk.stop - chunk.start) // batch_size)
        gathered = n_batches * batch_size * len(n_rows) * row_bytes
        assert n_batches == 1 or gathered <= COSTS.chunk_bytes
    if row_bytes == 1:  # no more chunks than there have to be
        kinds = [(chunk.n_jobs, chunk.ragged) for chunk in chunks]
        assert all(one != other or one[1] for one, other in pairwise(kinds))


def test_ragged_batches_may_be_chunks_of_their_own():
    chunks = plan_chunks([14, 12], 5, 1, ragged_apart=True)
    assert chunks == [(0, 10, 2, False), (10, 14, 2, True)]


def test_presence_marks_the_rows_that_a_job_has():
    like = torch.zeros(1, dtype=torch.float32)
    marks = presence([5, 3, 1], 2, 5, like)
    assert_array_equal(marks, [[1, 1, 1], [1, 0, 0], [0, 0, 0]])
    assert marks.dtype == torch.float32


def test_tensors_share_memory_where_they_may():
    array = np.arange(6.0).reshape(2, 3)
    to_tensor(array, CPU)[0, 0] = 7
    assert array[0, 0] == 7
    array.flags.writeable = False
    to_tensor(array, CPU)[0, 0] = 8
    assert array[0, 0] == 7
    assert to_tensor(array.T, CPU).is_contiguous()


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array, "apart"])
@pytest.mark.parametrize("with_keys", [False, True])
def test_rows_of_several_jobs(form, with_keys, monkeypatch):
    if apart := form == "apart":
        form = np.asarray
        monkeypatch.setattr(training_rows, "COSTS", CostModel(joined_bytes=0))
    one, other = rows(5, seed=1), rows(4, seed=2, weighted=True)
    dense = [one.X, other.X, one.X]
    one, other = (Split(form(s.X), s.y, s.sample_weight) for s in (one, other))
    held = StackedRows([one, other, one], CPU, with_keys)
    # the same object is held once, and only where it is large not copied
    assert held.X.shape[0] == (5 if apart else 9)
    assert apart == (not sparse.issparse(held.X) and shares(held.X, one.X))
    orders = [np.array([3, 0, 1]), np.array([2, 3]), np.array([1, 4, 0])]
    X, y, weight, keys = held.take(held.index(orders))
    for k, (split, order) in enumerate(zip((one, other, one), orders, strict=True)):
        n = len(order)
        assert_array_equal(X[k, :n], dense[k][order])
        assert_array_equal(y[k, :n], split.y[order])
        expected = 1 if split.sample_weight is None else split.sample_weight[order]
        assert_array_equal(weight[k, :n], np.broadcast_to(expected, n))
        if with_keys:
            assert_array_equal(keys[k, :n], row_keys(torch.from_numpy(dense[k]))[order])
    assert (keys is not None) == with_keys
    assert X.shape == (3, 3, 4)  # shorter orders are filled up with rows of the job
    assert_array_equal(X[1, 2], dense[1][0])
    assert held.take(held.index(orders), inputs=False)[0] is None
    X, *_ = held.take(held.index(orders)[:2, 1:])  # of the first jobs
    assert_array_equal(X, [dense[0][[0, 1]], dense[1][[3, 0]]])
    X, *_ = held.take(held.index(orders)[0])
    assert_array_equal(X, dense[0][orders[0]])


def shares(tensor, array):
    return np.shares_memory(tensor.numpy(), array)


def test_rows_of_one_job_have_no_model_axis():
    split = rows(5)
    held = StackedRows([split], CPU, True)
    X, y, weight, keys = held.take(held.index([np.array([4, 2])]))
    assert_array_equal(X, split.X[[4, 2]])
    assert_array_equal(y, split.y[[4, 2]])
    assert weight is None
    assert keys.shape == (2,)


def test_keys_of_many_sparse_rows():
    X = np.random.RandomState(0).binomial(1, 0.3, (3000, 6)) * 1.5
    split = Split(sparse.csr_array(X), np.zeros((3000, 1)))
    held = StackedRows([split], CPU, True)
    assert_array_equal(held.keys, row_keys(torch.from_numpy(X)))
