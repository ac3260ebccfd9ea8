"""The rows of one training step."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .sparse_rows import SparseRows


class Batch:
    """Rows of a training step, with what weighs and masks them.

    Parameters
    ----------
    x : tensor or SparseRows of shape (K, n_rows, ...)
    y : tensor of shape (K, n_rows, n_outputs)
    weight : tensor of shape (K, n_rows), optional
        Sample weights; None where all rows count alike.
    keys : int32 tensor of shape (K, n_rows), optional
        Of the rows in this step, from `step_keys`, for its random numbers.
    present : tensor of shape (K, n_rows), optional
        1 for rows, 0 for padding; None without padding.

    Attributes
    ----------
    weight : tensor of shape (K, n_rows, 1) or None
        Sample weights, 0 for padding.
    n_rows : int or tensor of shape (K,)
        Without padding.
    scale : float or tensor of shape (K, n_rows, 1)
        Weight of each row, summing to one; all zero for a batch without weight.
    inverse_total : float or tensor of shape (K, 1)
        1 / sum of the weights, 0 for a batch without weight.
    factors : tensor of shape (K, n_rows) or None
        ``scale`` times ``n_rows``; None where all of them are 1.
    """

    __slots__ = (
        "factors", "inverse_total", "keys", "n_rows", "scale", "weight", "x", "y",
    )  # fmt: skip

    def __init__(
        self,
        x: Tensor | SparseRows,
        y: Tensor,
        weight: Tensor | None = None,
        keys: Tensor | None = None,
        present: Tensor | None = None,
    ) -> None:
        self.x, self.y = x, y
        self.keys: Any = keys  # given where something is drawn from them
        self.n_rows: int | Tensor = y.shape[-2]
        self.scale: float | Tensor
        self.inverse_total: float | Tensor
        self.weight = self.factors = None
        if present is not None:
            weight = present if weight is None else weight * present
        if weight is None:
            self.scale = self.inverse_total = 1 / y.shape[-2]
            return
        total = weight.sum(-1, keepdim=True)
        self.inverse_total = torch.where(total != 0, 1 / total, 0.0)
        scale = weight * self.inverse_total
        self.weight, self.scale = weight.unsqueeze(-1), scale.unsqueeze(-1)
        if present is None:
            self.factors = scale * y.shape[-2]
        else:
            self.n_rows = present.sum(-1)
            self.factors = scale * self.n_rows.unsqueeze(-1)
