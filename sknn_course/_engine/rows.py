"""The rows of a stack's jobs on the device, and the batches of an epoch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from .cost_model import COSTS
from .job import Split
from .ops.counter_random import row_keys
from .ops.sparse_rows import SparseRows, keys_of_sparse
from .ops.stacked import StackedNetwork


class Chunk(NamedTuple):
    """A run of batches that are gathered at once.

    ``start`` and ``stop`` are places in each job's permutation of its rows; the first
    ``n_jobs`` jobs of the stack have rows there; ``ragged`` tells whether they
    have different numbers of them in the last batch. All others are whole.
    """

    start: int
    stop: int
    n_jobs: int
    ragged: bool


class Rows(NamedTuple):
    """Rows of a stack's jobs, side by side; those of one job have no axis of jobs.

    Attributes
    ----------
    X : tensor of shape (K, n, ...), SparseRows or None
    y : tensor of shape (K, n, n_outputs)
    weight : tensor of shape (K, n) or None
    keys : int32 tensor of shape (K, n) or None
    """

    X: Any
    y: Tensor
    weight: Tensor | None
    keys: Tensor | None


def plan_chunks(
    n_rows: Sequence[int],
    batch_size: int,
    row_bytes: int,
    chunk_bytes: int = COSTS.chunk_bytes,
    ragged_apart: bool = False,
) -> list[Chunk]:
    """Split an epoch into chunks.

    Parameters
    ----------
    n_rows : sequence of int
        Rows of each job, in descending order.
    batch_size : int
    row_bytes : int
        Size of one row of one job.
    chunk_bytes : int
        Largest size of the rows of several batches.
    ragged_apart : bool
        Whether a ragged batch is a chunk of its own.

    Returns
    -------
    list of Chunk
        In order; every chunk but the last starts and stops at a batch's edge.

    Examples
    --------
    >>> from sknn_course._engine.rows import plan_chunks
    >>> plan_chunks([5, 4], 2, 1 << 20)
    ... # doctest: +NORMALIZE_WHITESPACE
    [Chunk(start=0, stop=2, n_jobs=2, ragged=False),
     Chunk(start=2, stop=4, n_jobs=2, ragged=False),
     Chunk(start=4, stop=5, n_jobs=1, ragged=False)]
    >>> plan_chunks([9, 8], 5, 1)
    [Chunk(start=0, stop=9, n_jobs=2, ragged=True)]
    """
    chunks: list[Chunk] = []
    fitting = chunk_bytes // (len(n_rows) * batch_size * row_bytes)
    batches_at_once = max(1, min(fitting, COSTS.chunk_batches))
    for start in range(0, n_rows[0], batch_size):
        stop = min(start + batch_size, n_rows[0])
        n_jobs = sum(n > start for n in n_rows)
        ragged = n_rows[n_jobs - 1] < stop
        last = chunks[-1] if chunks else None
        if (
            last is not None
            and not last.ragged
            and not (ragged and ragged_apart)
            and last.n_jobs == n_jobs
            and last.stop - last.start < batches_at_once * batch_size
        ):
            chunks[-1] = last._replace(stop=stop, ragged=ragged)
        else:
            chunks.append(Chunk(start, stop, n_jobs, ragged))
    return chunks


def to_tensor(array: Any, device: torch.device | str) -> Tensor:
    """A tensor on the device, sharing the array's memory where it can."""
    if isinstance(array, torch.Tensor):
        return array.to(device)
    if not array.flags.writeable:
        array = array.copy()
    return torch.from_numpy(np.ascontiguousarray(array)).to(device)


def is_large_float64(X: Any) -> bool:
    """Whether rows are so many that a copy in float32 would count.

    Rows that torch cannot share have to be copied anyway.
    """
    values = getattr(X, "data", None) if sparse.issparse(X) else X  # dok has none
    return (
        isinstance(values, np.ndarray)
        and values.dtype == np.float64
        and values.nbytes > COSTS.uncopied_bytes
        and values.flags.carray
    )


def check_range(X: Any, dtype: np.dtype) -> None:
    """Refuse finite rows that a narrower type of numbers cannot hold."""
    values = X.data if sparse.issparse(X) else X
    for value in (values.min(), values.max()):
        with np.errstate(over="ignore"):
            if np.isinf(value.astype(dtype)):
                raise ValueError(
                    f"Input X contains {value!r}, a value too large for "
                    f"dtype('{dtype}'): scale X, or use dtype='float64'."
                )


def presence(lengths: list[int], start: int, stop: int, like: Tensor) -> Tensor:
    """1 for a job's own rows, 0 for padding, shape (K, stop - start)."""
    column = torch.tensor(lengths).unsqueeze(1)
    return (torch.arange(start, stop) < column).to(like.device, like.dtype)


class StackedRows:
    """Rows of the jobs of a stack, each different data set held once.

    Rows of another type than the targets are converted as they are taken.

    Parameters
    ----------
    splits : list of Split
        One per job; the same object may come several times.
    device : torch.device
    with_keys : bool
        Whether rows need keys for random numbers.
    network : StackedNetwork or None
        Is asked whether sparse rows are to stay sparse; else they become dense.
    at_once : int
        Rows that the network takes at once.
    """

    def __init__(
        self,
        splits: list[Split],
        device: torch.device,
        with_keys: bool,
        network: StackedNetwork | None = None,
        at_once: int = 1,
    ) -> None:
        different = list(dict.fromkeys(splits))
        starts = np.cumsum([0] + [len(split) for split in different[:-1]])
        start_of = dict(zip(different, starts, strict=True))
        self.device = device
        self.offsets = np.array([start_of[split] for split in splits])
        self.y = self._join([split.y for split in different])
        self.dtype = self.y.dtype
        parts = [split.X for split in different]
        self.sparse = sparse.issparse(parts[0])
        self.stays_sparse = False
        if self.sparse:
            self.X = sparse.vstack(parts, "csr") if len(parts) > 1 else parts[0]
            if network is not None:
                self.stays_sparse = network.takes_sparse(self.X, at_once)
        else:
            if device.type != "cpu":
                parts = [to_tensor(X, "cpu").to(self.dtype) for X in parts]
            parts = [to_tensor(X, device) for X in parts]
            self._parts_of_jobs = None
            if (
                len(parts) > 1
                and device.type == "cpu"
                and len(splits) <= COSTS.apart_jobs
                and sum(part.nbytes for part in parts) > COSTS.joined_bytes
            ):
                part_of = dict(zip(start_of, parts, strict=True))
                self._parts_of_jobs = [part_of[split] for split in splits]
                self.X = parts[0]
            else:
                self.X = parts[0] if len(parts) == 1 else torch.cat(parts)
            self._memory: dict[torch.dtype, Tensor] = {}
        self.weight = None
        if any(split.sample_weight is not None for split in different):
            ones = [np.ones(len(split), split.y.dtype) for split in different]
            self.weight = self._join(
                [
                    one if split.sample_weight is None else split.sample_weight
                    for split, one in zip(different, ones, strict=True)
                ]
            )
        self.keys = None
        if with_keys:
            self.keys = (
                keys_of_sparse(self.X, splits[0].y.dtype).to(device)
                if self.sparse
                else torch.cat([row_keys(part) for part in parts])
            )

    def _join(self, arrays: list[np.ndarray]) -> Tensor:
        tensors = [to_tensor(array, self.device) for array in arrays]
        return tensors[0] if len(tensors) == 1 else torch.cat(tensors)

    def _dense(self, rows: Any) -> Tensor:
        """Sparse rows as a tensor on the device."""
        return to_tensor(rows.toarray(), "cpu").to(self.dtype).to(self.device)

    def index(self, permutations: list[np.ndarray]) -> Tensor:
        """Places of the jobs' rows in the common tensors.

        Parameters
        ----------
        permutations : list of ndarray of shape (n_rows_of_job,)
            Of each job's own rows; shorter ones are padded with 0.

        Returns
        -------
        int64 tensor of shape (K, n_rows), or (n_rows,) for one job
        """
        if len(permutations) == 1:
            return torch.from_numpy(permutations[0]).to(self.device)
        longest = max(map(len, permutations))
        index = np.zeros((len(permutations), longest), dtype=np.int64)
        for row, places in zip(index, permutations, strict=True):
            row[: len(places)] = places
        index += self.offsets[:, np.newaxis]
        return torch.from_numpy(index).to(self.device)

    def take(self, index: Tensor, inputs: bool = True) -> Rows:
        """Rows at ``index``; dense X is overwritten by the next call.

        Parameters
        ----------
        index : int64 tensor of shape (K, n) or (n,)
        inputs : bool
            Whether X is wanted.

        Returns
        -------
        Rows
        """
        flat = index.reshape(-1)
        if not inputs or self.stays_sparse:
            X = None
        elif self.sparse:
            X = self._dense(self.X[flat.cpu().numpy()])
        else:
            X = self._reserve(self.X.dtype, len(flat))
            self._gather(index, flat, X)
            if X.dtype != self.dtype:
                X = self._reserve(self.dtype, len(flat)).copy_(X)
        rows: list[Any] = [X] + [
            None if values is None else values.index_select(0, flat)
            for values in (self.y, self.weight, self.keys)
        ]
        if index.dim() == 2:
            rows = [None if r is None else r.unflatten(0, index.shape) for r in rows]
        if inputs and self.stays_sparse:
            rows[0] = SparseRows(self.X, self.dtype, index)
        return Rows(*rows)

    def _reserve(self, dtype: torch.dtype, n_rows: int) -> Tensor:
        """Memory for dense rows, the same at each call."""
        memory = self._memory.get(dtype)
        if memory is None or len(memory) < n_rows:
            memory = self.X.new_empty((n_rows, *self.X.shape[1:]), dtype=dtype)
            self._memory[dtype] = memory
        return memory[:n_rows]

    def _gather(self, index: Tensor, flat: Tensor, X: Tensor) -> None:
        if self._parts_of_jobs is None or index.dim() == 1:
            torch.index_select(self.X, 0, flat, out=X)
            return
        n = index.shape[-1]
        of_jobs = self._parts_of_jobs, self.offsets.tolist(), X.split(n), flat.split(n)
        for part, offset, rows, places in zip(*of_jobs, strict=False):
            torch.index_select(part, 0, places - offset, out=rows)

    def common(self, start: int, stop: int, n_models: int | None) -> Rows:
        """Rows from ``start`` to ``stop``, the same for all jobs, not copied.

        Parameters
        ----------
        start, stop : int
        n_models : int or None
            None leaves the axis of models out.

        Returns
        -------
        Rows
            Without keys.
        """
        whole = (start, stop) == (0, self.X.shape[0])
        X = self.X if whole else self.X[start:stop]
        if self.stays_sparse:
            index = None
            if n_models is not None:
                index = torch.arange(stop - start).expand(n_models, -1)
            X = SparseRows(X, self.dtype, index)
        else:
            X = self._dense(X) if self.sparse else X.to(self.dtype)
        weight = None if self.weight is None else self.weight[start:stop]
        rows: list[Any] = [X, self.y[start:stop], weight, None]
        if n_models is None:
            return Rows(*rows)
        return Rows(
            *[
                r.expand(n_models, *r.shape) if isinstance(r, Tensor) else r
                for r in rows
            ]
        )

    def row_bytes(self) -> int:
        """Size of one gathered row of one job."""
        itemsize = self.y.element_size()
        n_bytes = itemsize * (int(np.prod(self.X.shape[1:])) + self.y.shape[1])
        if self.stays_sparse:  # values and their places
            per_row = -(-self.X.nnz // max(1, self.X.shape[0]))
            n_bytes = (itemsize + 4) * per_row + itemsize * self.y.shape[1]
        return n_bytes
