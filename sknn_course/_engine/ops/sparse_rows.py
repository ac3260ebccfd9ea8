"""Sparse rows of stacked networks, multiplied as they are.

The rows of K networks lie as blocks along the diagonal of one matrix, so that one
product serves all of them:

    Z = diag(X_1, ..., X_K) W,   dL/dW = diag(X_1, ..., X_K)^T dL/dZ

with W (K fan_in, fan_out) and Z (K n_rows, fan_out), network below network.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from functools import cached_property
from itertools import takewhile
from typing import Any

import numpy as np
import torch
from scipy import sparse
from scipy.sparse import csr_array
from torch import Tensor

from ..cost_model import COSTS
from .counter_random import column_words, mix


def pays(matrix: csr_array, n_rows: int, n_units: int, itemsize: int) -> bool:
    """Whether rows should be multiplied as they are, not made dense.

    Parameters
    ----------
    matrix : csr_array
    n_rows : int
        Of those that a product takes at once.
    n_units : int
        Of the first layer.
    itemsize : int
        Bytes of a number.
    """
    n_features = matrix.shape[1]
    density = matrix.nnz / max(1, matrix.shape[0] * n_features)
    dense_bytes = n_rows * n_features * itemsize
    if dense_bytes > COSTS.dense_bytes and density <= COSTS.sparse_memory_density:
        return True
    by_units = (
        COSTS.sparse_density_by_units
        if dense_bytes <= COSTS.cache_bytes
        else COSTS.sparse_density_by_units_uncached
    )
    return density <= COSTS.sparse_density + by_units / n_units


class SparseRows:
    """Rows in the place of a tensor (K, n_rows, n_features), or without K.

    They are gathered when they are needed.

    Parameters
    ----------
    matrix : csr_array of shape (n, n_features)
        Canonical or not; shared with the caller and never changed.
    dtype : torch.dtype
        Of the products.
    index : int64 tensor of shape (K, n_rows) or (n_rows,), or None
        Places of the rows in the matrix; None for all of them in order.
    """

    def __init__(
        self, matrix: csr_array, dtype: torch.dtype, index: Any = None
    ) -> None:
        self._matrix, self._index, self.dtype = matrix, index, dtype
        rows = matrix.shape[:1] if index is None else index.shape
        self.shape = torch.Size((*rows, matrix.shape[1]))

    def split(self, size: int, axis: int) -> list[SparseRows]:
        """Parts of up to ``size`` rows, as `torch.Tensor.split`."""
        return [
            SparseRows(self._matrix, self.dtype, part)
            for part in self._index.split(size, axis)
        ]

    @cached_property
    def blocks(self) -> csr_array:
        """The blocks, csr_array of shape (K n_rows, K n_features)."""
        rows = self._matrix
        if self._index is not None:
            rows = rows[self._index.flatten().numpy()]
        rows = _converted(rows, torch.empty(0, dtype=self.dtype).numpy().dtype)
        if len(self.shape) == 2:
            return rows
        K, n_rows, n_features = self.shape
        shape = K * n_rows, K * n_features
        wide = np.int32 if shape[1] < 2**31 else np.int64
        first = np.arange(K, dtype=wide) * n_features
        columns = rows.indices + first.repeat(np.diff(rows.indptr[::n_rows]))
        return sparse.csr_array((rows.data, columns, rows.indptr), shape=shape)

    @property
    def places(self) -> tuple[Tensor, Tensor]:
        """Of each stored value, its row among K n_rows and its feature."""
        blocks = self.blocks
        rows = np.arange(blocks.shape[0]).repeat(np.diff(blocks.indptr))
        features = blocks.indices % self.shape[-1]
        return torch.from_numpy(rows), torch.from_numpy(features)

    def scaled(self, factors: Tensor) -> SparseRows:
        """The rows with each stored value times a factor of its own."""
        return self._with_values(self.blocks.data * factors.numpy())

    def bfloat16(self) -> SparseRows:
        """The rows rounded to bfloat16."""
        values = torch.tensor(self.blocks.data).bfloat16()
        return self._with_values(values.to(self.dtype).numpy())

    def _with_values(self, values: np.ndarray) -> SparseRows:
        blocks, other = self.blocks, copy(self)
        other.blocks = sparse.csr_array(
            (values, blocks.indices, blocks.indptr), shape=blocks.shape
        )
        return other

    def __matmul__(self, weight: Tensor) -> Tensor:
        """X W, shape (K, n_rows, fan_out), of the weights' type."""
        return self._times(self.blocks, weight, self.shape[:-1])

    def transposed_times(self, grad: Tensor) -> Tensor:
        """X^T dL/dz, shape (K, n_features, fan_out), of the gradient's type."""
        shape = *self.shape[:-2], self.shape[-1]
        return self._times(self.blocks.T, grad, shape)

    def _times(self, matrix: Any, factor: Tensor, shape: tuple[int, ...]) -> Tensor:
        columns = factor.to(self.dtype).reshape(matrix.shape[1], -1)
        product = torch.from_numpy(matrix @ columns.numpy())
        return product.view(*shape, -1).to(factor.dtype)

    def to_dense(self) -> Tensor:
        """The tensor that the rows stand for."""
        if len(self.shape) == 2:
            return torch.from_numpy(self.blocks.toarray())
        parts = self._index.unbind()
        return torch.stack(
            [SparseRows(self._matrix, self.dtype, p).to_dense() for p in parts]
        )


def _converted(rows: csr_array, dtype: np.dtype) -> csr_array:
    """The rows with values of another type; scipy's own way sorts them first."""
    if rows.dtype == dtype:
        return rows
    values = rows.data.astype(dtype)
    return sparse.csr_array((values, rows.indices, rows.indptr), shape=rows.shape)


def sparse_first_layer(
    module: torch.nn.Sequential,
) -> tuple[Callable[[csr_array], Tensor] | None, Any]:
    """A network for sparse rows, where its first layer can multiply them.

    All sparse rows are multiplied so, whatever their density: a row's outputs are
    then the same to the last bit alone and among others.

    Parameters
    ----------
    module : torch.nn.Sequential
        In evaluation mode.

    Returns
    -------
    first : callable of a csr_array, or None
        Gives the outputs of the first dense layer as a tensor.
    rest : torch.nn.Sequential
    """
    n_idle = sum(1 for _ in takewhile(_is_dropout, module))
    layer = module[n_idle]
    if not isinstance(layer, torch.nn.Linear) or layer.weight.device.type != "cpu":
        return None, module
    weight = layer.weight.detach().t().contiguous().numpy()  # (fan_in, fan_out)

    def first(rows: csr_array) -> Tensor:
        product = _converted(rows, weight.dtype) @ weight
        return torch.from_numpy(product).add_(layer.bias)

    return first, module[n_idle + 1 :]


def _is_dropout(layer: torch.nn.Module) -> bool:
    return isinstance(layer, torch.nn.Dropout)


def keys_of_sparse(matrix: csr_array, dtype: np.dtype) -> Tensor:
    """As `counter_random.row_keys` of the dense rows, to the last bit.

    What a row without values sums up to is known; each value changes one summand.

    Parameters
    ----------
    matrix : csr_array of shape (n_rows, n_features)
    dtype : numpy.dtype
        That the dense rows would have.

    Returns
    -------
    int32 tensor of shape (n_rows,)
    """
    n_rows, n_features = matrix.shape
    words = column_words(n_features, "cpu")
    empty = mix(words.clone())
    at_once = max(1, COSTS.sparse_keys * n_rows // max(1, matrix.nnz))
    keys = []
    for start in range(0, n_rows, at_once):
        part = matrix[start : start + at_once].astype(dtype)
        part.sum_duplicates()
        values = torch.from_numpy(part.data).float() + 0.0  # -0.0 and 0.0 are equal
        places = torch.from_numpy(part.indices)
        changes = mix(values.view(torch.int32) ^ words[places]) - empty[places]
        ends = np.concatenate([[0], np.cumsum(changes.numpy(), dtype=np.int64)])
        sums = np.diff(ends[part.indptr]) + int(empty.sum())
        keys.append(mix(torch.from_numpy(sums).int()))  # modulo 2^32
    return torch.cat(keys)
