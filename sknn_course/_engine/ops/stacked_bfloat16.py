"""Mixed precision: matrix products and convolutions of bfloat16 values.

Parameters, gradients, sums and everything between the products keep 32 bits:

    z = float32(bfloat16(x) bfloat16(W)) + b

P. Micikevicius et al., "Mixed precision training", ICLR 2018; bfloat16 has the
exponents of float32, so that the loss needs no scaling.
"""

from typing import Any

import torch
from torch import Tensor

from ...layers import Conv2d
from .batch import Batch
from .op import Op, Shape, Values
from .sparse_rows import SparseRows
from .stacked_images import Conv2dOp, SparseConv2dOp, is_plain


class DenseOp(Op):
    """As `sknn_course._engine.ops.stacked.DenseOp`."""

    def __init__(self, layer: Any, shape: Shape, values: Values, grads: Values) -> None:
        self.weight, self.bias = values["weight"], values["bias"]
        self.weight_grad, self.bias_grad = grads["weight"], grads["bias"]
        if self.weight.dim() == 3:
            self.bias = self.bias.unsqueeze(1)  # (K, 1, fan_out)

    def forward(self, x: Tensor | SparseRows, batch: Batch | None) -> Tensor:
        self.x, self.short_weight = x.bfloat16(), self.weight.bfloat16()
        return (self.x @ self.short_weight).float().add_(self.bias)

    def backward(self, grad: Tensor, needs_input_grad: bool) -> Tensor | None:
        short = grad.bfloat16()
        if isinstance(self.x, SparseRows):
            self.weight_grad.copy_(self.x.transposed_times(short))
        else:
            self.weight_grad.copy_(self.x.mT @ short)
        torch.sum(grad, -2, out=self.bias_grad)
        return (short @ self.short_weight.mT).float() if needs_input_grad else None


class _Conv2dOp(Conv2dOp):
    def _kernels(self) -> tuple[Tensor, Tensor]:
        weight, bias = super()._kernels()
        return weight.bfloat16(), bias.bfloat16()

    def forward(self, x: Tensor, batch: Batch | None) -> Tensor:
        return super().forward(x.bfloat16(), batch).float()

    def backward(self, grad: Tensor, needs_input_grad: bool) -> Tensor | None:
        x_grad = super().backward(grad.bfloat16(), needs_input_grad)
        return None if x_grad is None else x_grad.float()


class _SparseConv2dOp(_Conv2dOp, SparseConv2dOp):
    pass


def convolution(layer: Conv2d, *given: Any) -> Conv2dOp:
    """The layer for a specification."""
    return (_Conv2dOp if is_plain(layer) else _SparseConv2dOp)(layer, *given)
