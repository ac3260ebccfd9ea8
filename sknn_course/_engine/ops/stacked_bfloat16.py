"""Mixed precision: matrix products and convolutions of bfloat16 values.

Parameters, gradients, sums and everything between the products keep 32 bits:

    z = float32(bfloat16(x) bfloat16(W)) + b

P. Micikevicius et al., "Mixed precision training", ICLR 2018; bfloat16 has the
exponents of float32, so that the loss needs no scaling.
"""

import torch

from .sparse_rows import SparseRows
from .stacked_images import Conv2d, SparseConv2d, is_plain


class Dense:
    """As `sknn_course._engine.ops.stacked.Dense`."""

    def __init__(self, layer, shape, values, grads):
        self.weight, self.bias = values["weight"], values["bias"]
        self.weight_grad, self.bias_grad = grads["weight"], grads["bias"]
        if self.weight.dim() == 3:
            self.bias = self.bias.unsqueeze(1)  # (K, 1, fan_out)

    def forward(self, x, batch):
        self.x, self.short_weight = x.bfloat16(), self.weight.bfloat16()
        return (self.x @ self.short_weight).float().add_(self.bias)

    def backward(self, grad, needs_input_grad):
        short = grad.bfloat16()
        if isinstance(self.x, SparseRows):
            self.weight_grad.copy_(self.x.transposed_times(short))
        else:
            self.weight_grad.copy_(self.x.mT @ short)
        torch.sum(grad, -2, out=self.bias_grad)
        return (short @ self.short_weight.mT).float() if needs_input_grad else None


class _ShortConv2d:
    def _kernels(self):
        weight, bias = super()._kernels()
        return weight.bfloat16(), bias.bfloat16()

    def forward(self, x, batch):
        return super().forward(x.bfloat16(), batch).float()

    def backward(self, grad, needs_input_grad):
        x_grad = super().backward(grad.bfloat16(), needs_input_grad)
        return x_grad.float() if needs_input_grad else None


class _PlainConv2d(_ShortConv2d, Conv2d):
    pass


class _SparseConv2d(_ShortConv2d, SparseConv2d):
    pass


def convolution(layer, *tensors):
    """The layer for a specification."""
    return (_PlainConv2d if is_plain(layer) else _SparseConv2d)(layer, *tensors)
