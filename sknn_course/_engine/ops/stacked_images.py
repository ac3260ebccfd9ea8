"""Layers of stacked networks that work on images.

K stacked networks share one call of torch's kernels: the images of shape
(K, n_rows, C, H, W) become (n_rows, K C, H, W), convolved in K groups. Memory
keeps this order from layer to layer, so that only the first layer copies.
"""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from ...layers import Conv2d
from .batch import Batch
from .op import Op, Shape, Values

aten = torch.ops.aten


def fold(x: Tensor) -> Tensor:
    """(K, n_rows, C, H, W) -> (n_rows, K C, H, W); images of one network stay."""
    return x.transpose(0, 1).flatten(1, 2) if x.dim() == 5 else x


def unfold(x: Tensor, like: Tensor) -> Tensor:
    """(n_rows, K C, H, W) -> (K, n_rows, C, H, W) if ``like`` has five axes."""
    if like.dim() == 4:
        return x
    return x.unflatten(1, (like.shape[0], -1)).transpose(0, 1)


def fast_format(x: Tensor) -> Tensor:
    """Channels-last memory where it is faster: float32 on a CPU, one network."""
    if x.dim() != 4 or x.dtype != torch.float32 or x.device.type != "cpu":
        return x
    n_rows, channels, height, width = x.shape
    if channels > 1:
        return x.contiguous(memory_format=torch.channels_last)
    # the strides, without meaning for one channel, tell kernels the format
    strides = (height * width, 1, width, 1)
    return x.contiguous().as_strided(x.shape, strides)


class Conv2dOp(Op):
    """z = sum over maps of kernel * x + b, in K groups."""

    def __init__(self, layer: Any, shape: Shape, values: Values, grads: Values) -> None:
        self.weight, self.bias = values["weight"], values["bias"]
        self.weight_grad, self.bias_grad = grads["weight"], grads["bias"]
        self.groups = self.weight.shape[0] if self.weight.dim() == 5 else 1
        self.pad, self.stride = layer.pad, layer.step

    def _kernels(self) -> tuple[Tensor, Tensor]:
        """Weights (K O, C, h, w) and biases (K O)."""
        if self.groups == 1 and self.weight.dim() == 4:
            return self.weight, self.bias
        return self.weight.flatten(0, 1), self.bias.flatten()

    def forward(self, x: Tensor, batch: Batch | None) -> Tensor:
        self.x = fold(fast_format(x))
        weight, bias = self._kernels()
        z = functional.conv2d(
            self.x, weight, bias, self.stride, self.pad, groups=self.groups
        )
        return unfold(z, x)

    def backward(self, grad: Tensor, needs_input_grad: bool) -> Tensor | None:
        weight, bias = self._kernels()
        x_grad, weight_grad, bias_grad = aten.convolution_backward(
            fold(fast_format(grad)),
            self.x,
            weight,
            bias.shape,
            self.stride,
            self.pad,
            (1, 1),
            False,
            (0, 0),
            self.groups,
            (needs_input_grad, True, True),
        )
        self.weight_grad.copy_(weight_grad.view(self.weight.shape))
        self.bias_grad.copy_(bias_grad.view(self.bias.shape))
        return unfold(x_grad, grad) if needs_input_grad else None


class SparseConv2dOp(Conv2dOp):
    """Convolution of linked maps alone, the kernel flipped or not.

    dL/dw is zero where a map does not see the other, so that w stays zero there.
    """

    def __init__(self, layer: Any, shape: Shape, values: Values, grads: Values) -> None:
        super().__init__(layer, shape, values, grads)
        self.flipped = layer.flipped
        is_linked = torch.tensor(layer.is_linked(shape), device=self.weight.device)
        self.is_linked = is_linked[..., None, None]  # (filters, channels, 1, 1)
        self.weight.mul_(self.is_linked)

    def _kernels(self) -> tuple[Tensor, Tensor]:
        weight, bias = super()._kernels()
        return (weight.flip(-2, -1) if self.flipped else weight), bias

    def backward(self, grad: Tensor, needs_input_grad: bool) -> Tensor | None:
        x_grad = super().backward(grad, needs_input_grad)
        if self.flipped:
            self.weight_grad.copy_(self.weight_grad.flip(-2, -1))
        self.weight_grad.mul_(self.is_linked)
        return x_grad


def is_plain(layer: Conv2d) -> bool:
    """Whether all maps are linked, and the kernel is not flipped."""
    return layer.links is None and not layer.flipped


def convolution(layer: Conv2d, *given: Any) -> Conv2dOp:
    """The layer for a specification: the plain one where it serves."""
    return (Conv2dOp if is_plain(layer) else SparseConv2dOp)(layer, *given)


class Pool2dOp(Op):
    """Maximum or mean of each window."""

    def __init__(self, layer: Any, shape: Shape, values: Values, grads: Values) -> None:
        self.window, self.step, self.kind = layer.window, layer.step, layer.kind

    def forward(self, x: Tensor, batch: Batch | None) -> Tensor:
        self.x = fold(x)
        if self.kind == "average":
            pooled = functional.avg_pool2d(self.x, self.window, self.step)
        else:
            pooled, self.places = aten.max_pool2d_with_indices(
                self.x, self.window, self.step
            )
        return unfold(pooled, x)

    def backward(self, grad: Tensor, needs_input_grad: bool) -> Tensor | None:
        folded = fold(fast_format(grad))
        common = (folded, self.x, self.window, self.step, (0, 0))
        if self.kind == "average":
            x_grad = aten.avg_pool2d_backward(*common, False, True, None)
        else:
            x_grad = aten.max_pool2d_with_indices_backward(
                *common, (1, 1), False, self.places
            )
        return unfold(x_grad, grad)


class GlobalAveragePoolOp(Op):
    """Mean of each map."""

    def __init__(self, layer: Any, shape: Shape, values: Values, grads: Values) -> None:
        self.shape = shape

    def forward(self, x: Tensor, batch: Batch | None) -> Tensor:
        return x.mean((-2, -1))

    def backward(self, grad: Tensor, needs_input_grad: bool) -> Tensor | None:
        _, height, width = self.shape
        share = grad[..., None, None] / (height * width)
        return share.expand(*grad.shape, height, width)


class LocalResponseNormOp(Op):
    """Each pixel divided by a norm over the maps around its own.

    With s_m the sum of squares over the maps around m, d = k + alpha s and
    g = dL/dy:

        y_m = x_m d_m^-beta
        dL/dx_m = g_m d_m^-beta - 2 alpha beta x_m sum_j g_j x_j d_j^(-beta - 1)

    with the last sum over the maps j around m.
    """

    def __init__(self, layer: Any, shape: Shape, values: Values, grads: Values) -> None:
        self.reach = layer.size // 2
        self.alpha, self.beta, self.k = layer.alpha, layer.beta, layer.k

    def _sum_around(self, x: Tensor) -> Tensor:
        """Sums over neighbouring maps, (K, n_rows, maps, H, W) as it is given."""
        total = x.clone()
        for shift in range(1, self.reach + 1):
            total[..., shift:, :, :] += x[..., :-shift, :, :]
            total[..., :-shift, :, :] += x[..., shift:, :, :]
        return total

    def forward(self, x: Tensor, batch: Batch | None) -> Tensor:
        self.x = x
        self.d = self._sum_around(x * x).mul_(self.alpha).add_(self.k)
        self.factor = self.d**-self.beta
        return x * self.factor

    def backward(self, grad: Tensor, needs_input_grad: bool) -> Tensor | None:
        direct = grad * self.factor
        around = self._sum_around(direct * self.x / self.d)
        return direct.sub_(around.mul_(self.x), alpha=2 * self.alpha * self.beta)


class FlattenOp(Op):
    """(C, H, W) -> (C H W)"""

    def __init__(self, layer: Any, shape: Shape, values: Values, grads: Values) -> None:
        self.shape = shape

    def forward(self, x: Tensor, batch: Batch | None) -> Tensor:
        return x.flatten(-len(self.shape))

    def backward(self, grad: Tensor, needs_input_grad: bool) -> Tensor | None:
        return grad.unflatten(-1, self.shape)
