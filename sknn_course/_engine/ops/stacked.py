"""Networks of equal structure as one stacked network, gradients written out.

Every tensor of K stacked networks has a leading model axis of length K; for one
network the axis is left out, and the same formulas act on the last axes:

    x (K, n_rows, fan_in), W (K, fan_in, fan_out), b (K, 1, fan_out)
    z = x W + b
    dL/dW = x^T dL/dz,   dL/db = sum over rows of dL/dz,   dL/dx = dL/dz W^T

Layers write dL/dW and dL/db into views of one flat gradient. Each is checked
against torch.autograd and finite differences.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import torch
from torch import nn

from ... import layers as spec
from ...layers import is_active
from ..cost_model import COSTS
from . import stacked_bfloat16, torch_modules
from .activations import ACTIVATIONS
from .counter_random import (
    hash_units,
    keep_mask,
    keep_rule,
    mix,
    normal,
    unit_words,
)
from .sparse_rows import SparseRows, pays
from .stacked_batch_norm import BatchNorm
from .stacked_images import (
    Flatten,
    GlobalAveragePool,
    LocalResponseNorm,
    Pool2d,
    convolution,
)

aten = torch.ops.aten


class Workspace:
    """Memory for the results of a step, which those of the next one overwrite.

    Blocks that each step gets anew go back to the system in between; getting them
    again can take longer than the products that they are for.
    """

    def __init__(self):
        self._by_shape = {}

    def __call__(self, like, *shape):
        """A tensor of this shape, with any content."""
        if shape not in self._by_shape:
            self._by_shape[shape] = like.new_empty(shape)
        return self._by_shape[shape]


class Dense:
    is_last = False  # Dense, or after it: its outputs may be the network's and live on

    def __init__(self, layer, shape, values, grads):
        self.outputs, self.input_grads = Workspace(), Workspace()
        self.weight, self.bias = values["weight"], values["bias"]
        self.weight_grad, self.bias_grad = grads["weight"], grads["bias"]
        self.stacked = self.weight.dim() == 3
        # sooner than matmul, which first finds out which one it is
        self.multiply = torch.bmm if self.stacked else torch.mm
        self.multiply_add = _multiply_add if self.stacked else torch.addmm
        self.one_unit = self.stacked and self.weight.shape[2] == 1
        if self.stacked:
            self.bias = self.bias.unsqueeze(1)  # (K, 1, fan_out)

    def forward(self, x, batch):
        self.x = x
        if isinstance(x, SparseRows):
            return (x @ self.weight).add_(self.bias)
        self.transposes = _transposes(x, self.weight)
        if (
            self.transposes
            and x.shape[-2] >= COSTS.transposed_rows
            and not self.one_unit
        ):
            # z^T = W^T x^T + b^T
            bias = self.bias.mT if self.stacked else self.bias.unsqueeze(1)
            return self.multiply_add(bias, self.weight.mT, x.mT).mT.contiguous()
        z = None
        if batch is not None and not self.is_last:
            z = self.outputs(x, *x.shape[:-1], self.weight.shape[-1])
        return self.multiply_add(self.bias, x, self.weight, out=z)

    def backward(self, grad, needs_input_grad):
        x = self.x
        if isinstance(x, SparseRows):  # the network's input
            self.weight_grad.copy_(x.transposed_times(grad))
        elif self.one_unit and x.shape[1] * x.shape[2] < COSTS.looped_product:
            torch.sum(x * grad, 1, out=self.weight_grad.squeeze(2))
        elif self.one_unit:
            torch.bmm(grad.mT, x, out=self.weight_grad.mT)
        elif self.transposes:
            self.weight_grad.copy_(self.multiply(grad.mT, x).mT)
        else:
            self.multiply(x.mT, grad, out=self.weight_grad)
        torch.sum(grad, -2, out=self.bias_grad)
        if not needs_input_grad:
            return None
        x_grad = self.input_grads(x, *x.shape)
        if self.one_unit:
            # outer products (K, n_rows, 1) (K, 1, fan_in), faster as such
            return torch.mul(grad, self.weight.flatten(1).unsqueeze(1), out=x_grad)
        return self.multiply(grad, self.weight.mT, out=x_grad)


def _multiply_add(bias, x, weight, out=None):
    # sooner than baddbmm, which lays out the biases for the product to add to
    return torch.bmm(x, weight, out=out).add_(bias)


def _transposes(x, weight):
    """Whether transposed products are sooner: a processor computes along the units.

    Where they are few, it had better compute along the rows or inputs.
    """
    return (
        weight.shape[-1] <= COSTS.transposed_units
        and x.numel() >= COSTS.transposed_inputs
        and x.device.type == "cpu"
    )


class Activation:
    def __init__(self, layer, shape, values, grads):
        self.function = ACTIVATIONS[layer.function]
        self.keeps_z = self.function.keeps == "z"

    def forward(self, z, batch):
        a = self.function.forward(z)
        self.kept = z if self.keeps_z else a
        return a

    def backward(self, grad, needs_input_grad):
        return self.function.backward(grad, self.kept)


class Copy:
    """Memory of its own for an activation function that may overwrite its input."""

    def forward(self, x, batch):
        return x.clone()

    def backward(self, grad, needs_input_grad):
        return grad


class Softmax:
    """p = exp(z) / sum exp(z); dL/dz = p (g - sum g p) with g = dL/dp."""

    def __init__(self, layer, shape, values, grads):
        self.axis = -len(shape)  # of the features, or of the maps

    def forward(self, z, batch):
        self.p = torch.softmax(z, self.axis)
        return self.p

    def backward(self, grad, needs_input_grad):
        return aten._softmax_backward_data(grad, self.p, self.axis, self.p.dtype)


def _column(numbers, shape):
    """(K, 1, 1, ...) for rows of a shape, as precise as Python's numbers."""
    column = torch.tensor(numbers, dtype=torch.float64)
    return column.view(-1, 1, *[1] * len(shape))


class Dropout:
    """h = x m / (1 - rate) with m ~ Bernoulli(1 - rate) per row and unit."""

    is_last = False

    def __init__(self, layer, shape, values, grads):
        self.words = unit_words(shape, values["salt"], values["device"])
        rates, self.dropping = values["rate"], slice(None)
        if isinstance(rates, list):
            places = [k for k, rate in enumerate(rates) if rate]
            self.dropping = slice(places[0], places[-1] + 1)  # others keep all units
            rates = _column(rates[self.dropping], shape)
        rule = keep_rule(rates, values["dtype"])
        self.rule = [number.to(values["device"]) for number in rule]
        self.rates = values["rate"]
        self.memory = {}  # by shape of the rows, as of `Workspace`

    def forward(self, x, batch):
        if batch is None:
            return x
        if isinstance(x, SparseRows):
            return self._drop_stored(x, batch.keys)
        if x.shape not in self.memory:
            self.memory[x.shape] = self._reserve(x)
        bits, spare, drawn, self.mask, h = self.memory[x.shape]
        hash_units(batch.keys[self.dropping], self.words, bits, spare)
        keep_mask(bits, *self.rule, out=drawn)
        return torch.mul(x, self.mask, out=h)

    def _drop_stored(self, x, keys):
        """The same numbers as of dense rows, for the stored values alone."""
        rows, features = x.places
        bits = mix(keys.flatten()[rows] ^ self.words[features])
        rates = torch.tensor(self.rates, dtype=torch.float64)
        if rates.dim():
            rates = rates[rows // x.shape[-2]]
        return x.scaled(keep_mask(bits, *keep_rule(rates, x.dtype)))

    def _reserve(self, x):
        mask = x.new_ones(x.shape)
        drawn = mask[self.dropping]
        bits = drawn.new_empty(drawn.shape, dtype=torch.int32)
        h = None if self.is_last else torch.empty_like(mask)
        return bits, torch.empty_like(bits), drawn, mask, h

    def backward(self, grad, needs_input_grad):
        # one number may stand for a whole map
        return grad.mul_(self.mask) if grad.is_contiguous() else grad * self.mask


class GaussianNoise:
    """h = x + std e with e ~ N(0, 1) per row and unit."""

    def __init__(self, layer, shape, values, grads):
        self.words = unit_words(shape, values["salt"], values["device"])
        self.std = values["std"]
        if isinstance(self.std, list):
            column = _column(self.std, shape)
            self.std = column.to(values["device"], values["dtype"])

    def forward(self, x, batch):
        if batch is None:
            return x
        noise = normal(hash_units(batch.keys, self.words), x.dtype)
        return x + noise.mul_(self.std)

    def backward(self, grad, needs_input_grad):
        return grad


@dataclass(frozen=True)
class LayerKind:
    """What is known of a kind of layer, beside its specification.

    Parameters
    ----------
    op : callable
        ``op(layer, input shape, values, grads)`` gives the stacked layer, as `Dense`.
    module : callable
        ``module(layer, input shape)`` gives torch's layer.
    result : {'new', 'kept', 'input'}
        Memory of the result: new, and not kept for later, so that an activation
        function may overwrite it; or kept; or perhaps that of the input.
    op_in_bfloat16 : callable, optional
        ``op`` of mixed precision, where it differs.
    """

    op: Callable
    module: Callable[..., nn.Module]
    result: Literal["new", "kept", "input"]
    op_in_bfloat16: Callable | None = None


LAYERS: dict[type[spec.Layer], LayerKind] = {
    spec.Dense: LayerKind(
        Dense, torch_modules.linear, "new", op_in_bfloat16=stacked_bfloat16.Dense
    ),
    spec.Activation: LayerKind(
        Activation, lambda layer, shape: ACTIVATIONS[layer.function].module(), "kept"
    ),
    spec.Softmax: LayerKind(Softmax, lambda layer, shape: nn.Softmax(1), "kept"),
    spec.Dropout: LayerKind(
        Dropout, lambda layer, shape: nn.Dropout(layer.rate), "input"
    ),
    spec.GaussianNoise: LayerKind(
        GaussianNoise,
        lambda layer, shape: torch_modules.GaussianNoise(layer.std),
        "input",
    ),
    spec.BatchNorm: LayerKind(BatchNorm, torch_modules.batch_norm, "new"),
    spec.Conv2d: LayerKind(
        convolution,
        torch_modules.convolution,
        "new",
        op_in_bfloat16=stacked_bfloat16.convolution,
    ),
    spec.Pool2d: LayerKind(Pool2d, torch_modules.pool, "new"),
    spec.GlobalAveragePool: LayerKind(
        GlobalAveragePool, torch_modules.global_average_pool, "new"
    ),
    spec.LocalResponseNorm: LayerKind(
        LocalResponseNorm, torch_modules.response_norm, "new"
    ),
    spec.Flatten: LayerKind(Flatten, lambda layer, shape: nn.Flatten(), "input"),
}


class StackedNetwork:
    """K networks of one structure, bound to flat parameters and gradients.

    Parameters
    ----------
    layout : ParameterLayout
        Of the common structure.
    flat, grad : tensor of shape (K n_parameters,)
    buffers : tensor of shape (K n_buffers,)
    n_models : int or None
        K; None for one network, without the model axis.
    noise_levels : list
        Per layer, the dropout rate or noise's standard deviation: a number, or a
        list of K numbers where the networks differ; None for other layers.
    mixed_precision : bool
        Whether products are of bfloat16 values.
    """

    def __init__(
        self, layout, flat, grad, buffers, n_models, noise_levels, mixed_precision=False
    ):
        values = layout.views(flat, buffers, n_models)
        grads = layout.views(grad, buffers, n_models)
        self.layers, self._zero_grads = [], []
        first_trained = None
        is_free = False  # the input is the caller's
        for index in _fastest_order(layout.layers):
            layer = layout.layers[index]
            if not is_active(layer) and _is_zero(noise_levels[index]):
                continue
            own = {role: v for (at, role), v in values.items() if at == index}
            own_grads = {role: v for (at, role), v in grads.items() if at == index}
            own.update(rate=noise_levels[index], std=noise_levels[index], salt=index)
            own.update(dtype=flat.dtype, device=flat.device)
            shape = layout.shapes[index]
            if first_trained is None and own_grads:
                first_trained = len(self.layers)
            # batch norm takes away what a bias adds: its gradient would be rounding
            before = self.layers[-1] if self.layers else None
            if type(layer) is spec.BatchNorm and hasattr(before, "bias_grad"):
                self._zero_grads.append(before.bias_grad)
            if isinstance(layer, spec.Activation) and not is_free:
                self.layers.append(Copy())
            kind = LAYERS[type(layer)]
            op = (mixed_precision and kind.op_in_bfloat16) or kind.op
            self.layers.append(op(layer, shape, own, own_grads))
            if kind.result != "input":
                is_free = kind.result == "new"
        for layer in reversed(self.layers):
            layer.is_last = True
            if isinstance(layer, Dense):
                break
        self.needs_keys = any(
            isinstance(layer, (Dropout, GaussianNoise)) for layer in self.layers
        )
        self._forwards = [layer.forward for layer in self.layers]
        self._backwards = [
            layer.backward for layer in reversed(self.layers[first_trained:])
        ]

    def takes_sparse(self, matrix, n_rows):
        """Whether sparse rows had better stay so, as inputs of ``n_rows`` at once."""
        first = self.layers[1 if isinstance(self.layers[0], Dropout) else 0]
        if not isinstance(first, (Dense, stacked_bfloat16.Dense)):
            return False
        weight = first.weight
        return weight.device.type == "cpu" and pays(
            matrix, n_rows, weight.shape[-1], weight.element_size()
        )

    def forward(self, x, batch=None):
        """Outputs before the output activation, (K, n_rows, n_outputs).

        Parameters
        ----------
        x : tensor or SparseRows of shape (K, n_rows, ...)
        batch : Batch or None
            What weighs the rows and draws their random numbers in training; None for
            evaluation.
        """
        for forward in self._forwards:
            x = forward(x, batch)
        return x

    def backward(self, grad):
        """Fill the flat gradient from the gradient of the outputs."""
        *inner, first = self._backwards
        for backward in inner:
            grad = backward(grad, True)
        first(grad, False)
        for zero in self._zero_grads:
            zero.zero_()


def _fastest_order(layers):
    """Places of the layers, with max-pooling before an activation that only rises.

    max f(x) = f(max x) for such an f, over a fraction of the pixels.
    """
    order = list(range(len(layers)))
    for index, (first, second) in enumerate(pairwise(layers)):
        if (
            isinstance(first, spec.Activation)
            and ACTIVATIONS[first.function].is_rising
            and isinstance(second, spec.Pool2d)
            and second.kind == "max"
        ):
            order[index : index + 2] = index + 1, index
    return order


def _is_zero(strength):
    return isinstance(strength, (int, float)) and strength == 0
