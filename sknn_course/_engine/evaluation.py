"""Scores and losses of the networks of a stack on rows of their jobs."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from .._devices import widest_float
from .cost_model import COSTS
from .losses import SCORES, Loss
from .rows import StackedRows, presence
from .stack import Stack


class ScoreSum:
    """Accumulates a score and a loss of each network over chunks of rows.

    Parameters
    ----------
    stack : Stack
    rows : StackedRows
    lengths : list of int
        Rows of each job.
    """

    def __init__(self, stack: Stack, rows: StackedRows, lengths: list[int]) -> None:
        self.score = SCORES[stack.jobs[0].settings.score]
        index = rows.index([np.arange(n) for n in lengths])
        _, y, weight, _ = rows.take(index, inputs=False)
        if len(set(lengths)) > 1:
            here = presence(lengths, 0, max(lengths), y)
            weight = here if weight is None else weight * here
        weight = torch.ones_like(y[..., 0]) if weight is None else weight
        self.dtype = widest_float(rows.device)
        self.total = weight.to(self.dtype).sum(-1, keepdim=True)  # (K, 1)
        share = (weight / weight.sum(-1, keepdim=True)).unsqueeze(-1)
        centre = (y * share).sum(-2, keepdim=True)
        self.variance = ((y - centre).square() * share).sum(-2).to(self.dtype)
        self.reset()

    def reset(self) -> None:
        """Forget the rows seen so far."""
        self.sums: tuple[Tensor, Tensor] | None = None

    def add(
        self, loss: Loss, prediction: Tensor, y: Tensor, weight: Tensor | None
    ) -> None:
        """Add rows of the first networks of the stack.

        Parameters
        ----------
        loss : Loss
            Of these networks.
        prediction, y : tensor of shape (K, n_rows, n_outputs)
        weight : tensor of shape (K, n_rows) or None
        """
        scores = self.score.per_row(y, prediction).to(self.dtype)
        losses = loss.per_row(y, prediction).to(self.dtype)
        if weight is not None:
            scores = scores * weight.unsqueeze(-1)
            losses = losses * weight
        scores, losses = scores.sum(-2), losses.sum(-1)
        if self.sums is None:
            self.sums = scores, losses
            return
        for total, part in zip(self.sums, (scores, losses), strict=True):
            if part.shape == total.shape:
                total += part
            else:  # one job alone has no model axis
                total[: losses.numel()] += part

    def result(self) -> tuple[list[float], list[float]]:
        """Scores and losses so far, two lists of K floats.

        Of predictions that are not numbers, both are NaN.
        """
        if self.sums is None:
            raise RuntimeError("No rows were added.")
        score_sum, loss_sum = self.sums
        scores = self.score.of_means(score_sum / self.total, self.variance)
        losses = loss_sum / self.total[..., 0]
        scores = scores.where(~losses.isnan(), torch.nan)
        return scores.reshape(-1).tolist(), losses.reshape(-1).tolist()


class Validation:
    """Measures the networks of a stack on their jobs' validation rows.

    Parameters
    ----------
    stack : Stack
    """

    def __init__(self, stack: Stack) -> None:
        jobs = stack.jobs
        splits = [job.validation for job in jobs if job.validation is not None]
        self.lengths = list(map(len, splits))
        self.rows = StackedRows(splits, jobs[0].device, False, stack.network)
        self.index = self.rows.index([np.arange(n) for n in self.lengths])
        self.rows_are_common = len(set(splits)) == 1
        self.ragged = len(set(self.lengths)) > 1
        self.rows_at_once = max(
            1, 16 * COSTS.chunk_bytes // (len(jobs) * self.rows.row_bytes())
        )
        self.sums = ScoreSum(stack, self.rows, self.lengths)

    def measure(self, stack: Stack) -> tuple[list[float], list[float]]:
        """Validation scores and losses, two lists of K floats."""
        self.sums.reset()
        longest = self.index.shape[-1]
        for start in range(0, longest, self.rows_at_once):
            stop = min(start + self.rows_at_once, longest)
            if self.rows_are_common:
                rows = self.rows.common(start, stop, stack.n_models)
            else:
                rows = self.rows.take(self.index[..., start:stop])
            weight = rows.weight
            if self.ragged:
                here = presence(self.lengths, start, stop, rows.y)
                weight = here if weight is None else weight * here
            self.sums.add(stack.loss, stack.predict(rows.X), rows.y, weight)
        return self.sums.result()
