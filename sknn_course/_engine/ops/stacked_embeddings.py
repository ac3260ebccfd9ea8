"""Embeddings of columns of numbers in stacked networks."""

from math import pi, prod
from typing import Any

import torch
from torch import Tensor

from ..cost_model import COSTS
from .batch import Batch
from .memory import Workspace
from .op import Op, Shape, Values


class PeriodicEmbeddingOp(Op):
    """Periodic functions of C columns, then a linear layer for each or for all.

    Of a column x, with t = 2 pi w x (+ b) and P = [cos t, sin t] (or cos t alone):

        z = P V + v
        dL/dV = P^T g,  dL/dv = sum over rows of g,  dL/dP = g V^T,  g = dL/dz
        dL/dt = cos t dL/dP_sin - sin t dL/dP_cos
        dL/dw = 2 pi sum over rows of x dL/dt,  dL/db = sum over rows of dL/dt
        dL/dx = 2 pi sum over frequencies of w dL/dt

    The rows of a column lie together, (K, C, n_rows, ...), and those of all columns
    that share V.
    """

    def __init__(self, layer: Any, shape: Shape, values: Values, grads: Values) -> None:
        self.n_columns, self.size = layer.n_embedded(shape), layer.size
        self.keeps_columns, self.n_waves = layer.keeps_columns, layer.n_waves
        self.n_frequencies = layer.n_frequencies
        self.frequency, self.frequency_grad = values["frequency"], grads["frequency"]
        self.phase, self.phase_grad = values.get("phase"), grads.get("phase")
        # by groups of rows that share them, (G, n_waves, size) and (G, 1, size)
        self.weight, self.weight_grad, self.offset, self.offset_grad = (
            side[role].view(-1, n, side[role].shape[-1])
            for role, n in (("column_weight", layer.n_waves), ("column_bias", 1))
            for side in (values, grads)
        )
        spaces = "angle", "waves", "linear", "grad", "waves_grad"
        self.memory = {name: Workspace() for name in spaces}

    def forward(self, x: Tensor, batch: Batch | None) -> Tensor:
        if batch is not None:
            return self._embed(x, True)
        # waves take far more memory than rows
        per_row = x.element_size() * self.n_waves * prod(x.shape) // x.shape[-2]
        n_rows = max(1, COSTS.chunk_bytes // per_row)
        parts = [self._embed(rows, False) for rows in x.split(n_rows, -2)]
        return parts[0] if len(parts) == 1 else torch.cat(parts, -2)

    def _take(self, name: str, like: Tensor, shape: Shape, in_training: bool) -> Tensor:
        return self.memory[name](like, *shape) if in_training else like.new_empty(shape)

    def _embed(self, x: Tensor, in_training: bool) -> Tensor:
        *models, n_rows, n_features = x.shape
        lead, k = (*models, self.n_columns, n_rows), self.n_frequencies
        columns = x[..., : self.n_columns].mT.contiguous()  # (K, C, n_rows)
        angle = self._take("angle", x, (*lead, k), in_training)
        frequency = (2 * pi * self.frequency).unsqueeze(-2)  # (K, C, 1, k)
        torch.mul(columns.unsqueeze(-1), frequency, out=angle)
        if self.phase is not None:
            angle += self.phase.unsqueeze(-2)
        waves = self._take("waves", x, (*lead, self.n_waves), in_training)
        torch.cos(angle, out=waves[..., :k])
        if self.n_waves > k:
            torch.sin(angle, out=waves[..., k:])
        groups = waves.view(len(self.weight), -1, self.n_waves)
        shape = *groups.shape[:2], self.weight.shape[-1]
        z = self._take("linear", x, shape, in_training)
        torch.bmm(groups, self.weight, out=z).add_(self.offset)
        if not self.keeps_columns:
            z.relu_()
        if in_training:
            self.columns, self.angle, self.waves, self.z = columns, angle, waves, z
        n_embedded = self.n_columns * self.size
        outputs = x.new_empty(*models, n_rows, n_embedded + n_features - self.n_columns)
        own, by_column = self._by_column(outputs)
        if self.keeps_columns:
            own.copy_(columns)
        by_column.copy_(z.view(*lead, -1))
        outputs[..., n_embedded:] = x[..., self.n_columns :]
        return outputs

    def _by_column(self, outputs: Tensor) -> tuple[Tensor, Tensor]:
        """Views (K, C, n_rows) of the columns and (K, C, n_rows, size) of the rest.

        The first is of no use where columns are not kept.
        """
        embedded = outputs[..., : self.n_columns * self.size]
        by_column = embedded.unflatten(-1, (self.n_columns, self.size)).transpose(
            -3, -2
        )
        return by_column[..., 0], by_column[..., int(self.keeps_columns) :]

    def backward(self, grad: Tensor, needs_input_grad: bool) -> Tensor | None:
        k, waves, angle = self.n_frequencies, self.waves, self.angle
        own, by_column = self._by_column(grad)
        g = self.memory["grad"](grad, *self.z.shape)
        g.view(by_column.shape).copy_(by_column)
        if not self.keeps_columns:
            g.mul_(self.z > 0)
        groups = waves.view(len(self.weight), -1, self.n_waves)
        torch.bmm(groups.mT, g, out=self.weight_grad)
        torch.sum(g, 1, keepdim=True, out=self.offset_grad)
        waves_grad = self.memory["waves_grad"](grad, *waves.shape)
        torch.bmm(g, self.weight.mT, out=waves_grad.view(groups.shape))
        if self.n_waves == k:
            angle_grad = waves_grad.mul_(angle.sin_()).neg_()
        else:
            angle_grad = torch.mul(waves_grad[..., k:], waves[..., :k], out=angle)
            angle_grad.addcmul_(waves_grad[..., :k], waves[..., k:], value=-1)
        # (K, C, 1, n_rows) (K, C, n_rows, k)
        products = self.columns.unsqueeze(-2) @ angle_grad
        torch.mul(products.squeeze(-2), 2 * pi, out=self.frequency_grad)
        if self.phase_grad is not None:
            torch.sum(angle_grad, -2, out=self.phase_grad)
        if not needs_input_grad:
            return None
        frequency = (2 * pi * self.frequency).unsqueeze(-1)  # (K, C, k, 1)
        columns_grad = (angle_grad @ frequency).squeeze(-1)
        if self.keeps_columns:
            columns_grad += own
        rest = grad[..., self.n_columns * self.size :]
        return torch.cat([columns_grad.mT, rest], -1)
