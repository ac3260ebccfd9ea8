"""Batch normalisation in stacked networks, rows weighted or not."""

from typing import Any

import torch
from torch import Tensor

from .batch import Batch
from .op import Op, Shape, Values

aten = torch.ops.aten

TINY = 1e-30  # in place of a sum of weights that is zero


class BatchNormOp(Op):
    """Batch normalisation over rows (dense) or rows and pixels (convolution).

    With the rows' weights p (summing to one over rows and pixels):

        m = sum p x,  v = sum p (x - m)^2,  x^ = (x - m) / sqrt(v + eps)
        h = scale x^ + shift
        dL/dx = scale / sqrt(v + eps) (g - p sum g - p x^ sum g x^),  g = dL/dh

    which for equal weights is torch's BatchNorm: its kernel serves for one network.
    The running variance is the unbiased one, as in torch. A batch without weight
    leaves the statistics.
    """

    def __init__(self, layer: Any, shape: Shape, values: Values, grads: Values) -> None:
        self.scale, self.shift = values["scale"], values["shift"]
        self.mean, self.variance = values["mean"], values["variance"]
        self.scale_grad, self.shift_grad = grads["scale"], grads["shift"]
        self.momentum, self.epsilon = layer.momentum, layer.epsilon
        self.n_pixels = 1
        self.pixel_axes: tuple[int, ...] = ()
        if len(shape) == 3:
            self.n_pixels = shape[1] * shape[2]
            self.pixel_axes = (-2, -1)

    def _wide(self, per_map: Tensor) -> Tensor:
        """(K, maps) -> (K, 1, maps, 1, 1), to broadcast over rows and pixels."""
        wide = per_map.unsqueeze(-2)
        return wide[..., None, None] if self.pixel_axes else wide

    def _sum(self, x: Tensor) -> Tensor:
        """Sum over rows and pixels, (K, n_rows, maps, H, W) -> (K, maps)."""
        rows = -2 - len(self.pixel_axes)
        return x.sum((rows, *self.pixel_axes))

    def forward(self, x: Tensor, batch: Batch | None) -> Tensor:
        if batch is None:
            scale = self.scale / torch.sqrt(self.variance + self.epsilon)
            return x * self._wide(scale) + self._wide(self.shift - self.mean * scale)
        rows, momentum = -2 - len(self.pixel_axes), self.momentum
        self.saved = None
        one_network = self.scale.dim() == 1
        if one_network and batch.weight is None and len(x) * self.n_pixels > 1:
            normalised, mean, inverse_std = torch.native_batch_norm(
                x, self.scale, self.shift, self.mean, self.variance,
                True, momentum, self.epsilon,
            )  # fmt: skip
            self.saved = x, mean, inverse_std
            return normalised
        if batch.weight is None:
            total: Any = x.shape[rows]
            self.p: float | Tensor = 1 / (total * self.n_pixels)
        else:
            weight = batch.weight[..., None, None] if self.pixel_axes else batch.weight
            total = weight.sum(rows, keepdim=True)
            self.p = weight / (total * self.n_pixels).clamp_min_(TINY)
            # for the unbiased variance, rows of weights below one count as rows
            total = total.maximum((weight > 0).sum(rows, keepdim=True))
            total = total.flatten(-1 - len(self.pixel_axes)).squeeze(-1)  # (K, 1)
            momentum = momentum * (total > 0).to(x.dtype)
        mean = self._sum(x * self.p)
        centred = x - self._wide(mean)
        variance = self._sum(centred * centred * self.p)
        self.inverse_std = torch.rsqrt(variance + self.epsilon)
        self.normalised = centred.mul_(self._wide(self.inverse_std))
        count = total * self.n_pixels
        if isinstance(count, int):
            unbiased: float | Tensor = count / max(count - 1, 1)
        else:
            unbiased = torch.where(count > 1, count / (count - 1), 1.0)
        self.mean.lerp_(mean, momentum)
        self.variance.lerp_(variance * unbiased, momentum)
        return self.normalised * self._wide(self.scale) + self._wide(self.shift)

    def backward(self, grad: Tensor, needs_input_grad: bool) -> Tensor | None:
        if self.saved is not None:
            x, mean, inverse_std = self.saved
            x_grad, scale_grad, shift_grad = aten.native_batch_norm_backward(
                grad, x, self.scale, self.mean, self.variance, mean, inverse_std,
                True, self.epsilon, (needs_input_grad, True, True),
            )  # fmt: skip
            self.scale_grad.copy_(scale_grad)
            self.shift_grad.copy_(shift_grad)
            return x_grad
        shift_grad = self._sum(grad)
        scale_grad = self._sum(grad * self.normalised)
        self.shift_grad.copy_(shift_grad)
        self.scale_grad.copy_(scale_grad)
        if not needs_input_grad:
            return None
        through_mean = self._wide(shift_grad)
        through_std = self.normalised * self._wide(scale_grad)
        grad = grad - (through_mean + through_std) * self.p
        return grad.mul_(self._wide(self.scale * self.inverse_std))
