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
from typing import Any

import torch
from scipy.sparse import csr_array
from torch import Tensor, nn

from ... import layers as spec
from ...layers import is_active
from ..cost_model import COSTS
from . import stacked_bfloat16, torch_modules
from .activations import ACTIVATIONS
from .batch import Batch
from .counter_random import (
    hash_units,
    keep_mask,
    keep_rule,
    mix,
    normal,
    unit_words,
)
from .memory import Result, Workspace, plan_memory
from .op import Op, Shape, Values
from .parameters import ParameterLayout
from .sparse_rows import SparseRows, pays
from .stacked_batch_norm import BatchNormOp
from .stacked_embeddings import PeriodicEmbeddingOp
from .stacked_images import (
    FlattenOp,
    GlobalAveragePoolOp,
    LocalResponseNormOp,
    Pool2dOp,
    convolution,
)

aten = torch.ops.aten


class DenseOp(Op):
    def __init__(self, layer: Any, shape: Shape, values: Values, grads: Values) -> None:
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

    def forward(self, x: Tensor | SparseRows, batch: Batch | None) -> Tensor:
        self.x: Any = x
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
        if batch is not None and self.reuses_output:
            z = self.outputs(x, *x.shape[:-1], self.weight.shape[-1])
        return self.multiply_add(self.bias, x, self.weight, out=z)

    def backward(self, grad: Tensor, needs_input_grad: bool) -> Tensor | None:
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


def _multiply_add(
    bias: Tensor, x: Tensor, weight: Tensor, out: Tensor | None = None
) -> Tensor:
    # sooner than baddbmm, which lays out the biases for the product to add to
    return torch.bmm(x, weight, out=out).add_(bias)


def _transposes(x: Tensor, weight: Tensor) -> bool:
    """Whether transposed products are sooner: a processor computes along the units.

    Where they are few, it had better compute along the rows or inputs.
    """
    return (
        weight.shape[-1] <= COSTS.transposed_units
        and x.numel() >= COSTS.transposed_inputs
        and x.device.type == "cpu"
    )


class ActivationOp(Op):
    def __init__(self, layer: Any, shape: Shape, values: Values, grads: Values) -> None:
        self.function = ACTIVATIONS[layer.function]
        self.keeps_z = self.function.keeps == "z"

    def forward(self, z: Tensor, batch: Batch | None) -> Tensor:
        a = self.function.forward(z)
        self.kept = z if self.keeps_z else a
        return a

    def backward(self, grad: Tensor, needs_input_grad: bool) -> Tensor | None:
        return self.function.backward(grad, self.kept)


class CopyOp(Op):
    """Memory of its own for an activation function that may overwrite its input."""

    def forward(self, x: Tensor, batch: Batch | None) -> Tensor:
        return x.clone()

    def backward(self, grad: Tensor, needs_input_grad: bool) -> Tensor | None:
        return grad


class SoftmaxOp(Op):
    """p = exp(z) / sum exp(z); dL/dz = p (g - sum g p) with g = dL/dp."""

    def __init__(self, layer: Any, shape: Shape, values: Values, grads: Values) -> None:
        self.axis = -len(shape)  # of the features, or of the maps

    def forward(self, z: Tensor, batch: Batch | None) -> Tensor:
        self.p = torch.softmax(z, self.axis)
        return self.p

    def backward(self, grad: Tensor, needs_input_grad: bool) -> Tensor | None:
        return aten._softmax_backward_data(grad, self.p, self.axis, self.p.dtype)


def _column(numbers: list[float], shape: Shape) -> Tensor:
    """(K, 1, 1, ...) for rows of a shape, as precise as Python's numbers."""
    column = torch.tensor(numbers, dtype=torch.float64)
    return column.view(-1, 1, *[1] * len(shape))


class DropoutOp(Op):
    """h = x m / (1 - rate) with m ~ Bernoulli(1 - rate) per row and unit."""

    def __init__(self, layer: Any, shape: Shape, values: Values, grads: Values) -> None:
        self.words = unit_words(shape, values["salt"], values["device"])
        rates, self.dropping = values["noise_level"], slice(None)
        if isinstance(rates, list):
            places = [k for k, rate in enumerate(rates) if rate]
            self.dropping = slice(places[0], places[-1] + 1)  # others keep all units
            rates = _column(rates[self.dropping], shape)
        rule = keep_rule(rates, values["dtype"])
        self.threshold, self.scale = (number.to(values["device"]) for number in rule)
        self.rates = values["noise_level"]
        self.memory: dict[Shape, tuple] = {}  # by shape of the rows, as of `Workspace`

    def forward(
        self, x: Tensor | SparseRows, batch: Batch | None
    ) -> Tensor | SparseRows:
        if batch is None:
            return x
        if isinstance(x, SparseRows):
            return self._drop_stored(x, batch.keys)
        if x.shape not in self.memory:
            self.memory[x.shape] = self._reserve(x)
        bits, spare, drawn, self.mask, h = self.memory[x.shape]
        hash_units(batch.keys[self.dropping], self.words, bits, spare)
        keep_mask(bits, self.threshold, self.scale, drawn)
        return torch.mul(x, self.mask, out=h)

    def _drop_stored(self, x: SparseRows, keys: Tensor) -> SparseRows:
        """The same numbers as of dense rows, for the stored values alone."""
        rows, features = x.places
        bits = mix(keys.flatten()[rows] ^ self.words[features])
        rates = torch.tensor(self.rates, dtype=torch.float64)
        if rates.dim():
            rates = rates[rows // x.shape[-2]]
        return x.scaled(keep_mask(bits, *keep_rule(rates, x.dtype)))

    def _reserve(self, x: Tensor) -> tuple:
        mask = x.new_ones(x.shape)
        drawn = mask[self.dropping]
        bits = drawn.new_empty(drawn.shape, dtype=torch.int32)
        h = torch.empty_like(mask) if self.reuses_output else None
        return bits, torch.empty_like(bits), drawn, mask, h

    def backward(self, grad: Tensor, needs_input_grad: bool) -> Tensor | None:
        # one number may stand for a whole map
        return grad.mul_(self.mask) if grad.is_contiguous() else grad * self.mask


class GaussianNoiseOp(Op):
    """h = x + std e with e ~ N(0, 1) per row and unit."""

    def __init__(self, layer: Any, shape: Shape, values: Values, grads: Values) -> None:
        self.words = unit_words(shape, values["salt"], values["device"])
        self.std = values["noise_level"]
        if isinstance(self.std, list):
            column = _column(self.std, shape)
            self.std = column.to(values["device"], values["dtype"])

    def forward(self, x: Tensor, batch: Batch | None) -> Tensor:
        if batch is None:
            return x
        noise = normal(hash_units(batch.keys, self.words), x.dtype)
        return x + noise.mul_(self.std)

    def backward(self, grad: Tensor, needs_input_grad: bool) -> Tensor | None:
        return grad


@dataclass(frozen=True)
class LayerKind:
    """What is known of a kind of layer, beside its specification.

    Parameters
    ----------
    op : callable
        ``op(layer, input shape, values, grads)`` gives the stacked layer, as `DenseOp`.
    module : callable
        ``module(layer, input shape)`` gives torch's layer.
    result : {'new', 'kept', 'input'}
        Memory of the result, see `plan_memory`.
    op_in_bfloat16 : callable, optional
        ``op`` of mixed precision, where it differs.
    """

    op: Callable
    module: Callable[..., nn.Module]
    result: Result
    op_in_bfloat16: Callable | None = None


LAYERS: dict[type[spec.Layer], LayerKind] = {
    spec.Dense: LayerKind(
        DenseOp, torch_modules.linear, "new", op_in_bfloat16=stacked_bfloat16.DenseOp
    ),
    spec.Activation: LayerKind(
        ActivationOp, lambda layer, shape: ACTIVATIONS[layer.function].module(), "kept"
    ),
    spec.Softmax: LayerKind(SoftmaxOp, lambda layer, shape: nn.Softmax(1), "kept"),
    spec.Dropout: LayerKind(
        DropoutOp, lambda layer, shape: nn.Dropout(layer.rate), "input"
    ),
    spec.GaussianNoise: LayerKind(
        GaussianNoiseOp,
        lambda layer, shape: torch_modules.GaussianNoise(layer.std),
        "input",
    ),
    spec.BatchNorm: LayerKind(BatchNormOp, torch_modules.batch_norm, "new"),
    spec.PeriodicEmbedding: LayerKind(
        PeriodicEmbeddingOp, torch_modules.PeriodicEmbedding, "new"
    ),
    spec.Conv2d: LayerKind(
        convolution,
        torch_modules.convolution,
        "new",
        op_in_bfloat16=stacked_bfloat16.convolution,
    ),
    spec.Pool2d: LayerKind(Pool2dOp, torch_modules.pool, "new"),
    spec.GlobalAveragePool: LayerKind(
        GlobalAveragePoolOp, torch_modules.global_average_pool, "new"
    ),
    spec.LocalResponseNorm: LayerKind(
        LocalResponseNormOp, torch_modules.response_norm, "new"
    ),
    spec.Flatten: LayerKind(FlattenOp, lambda layer, shape: nn.Flatten(), "input"),
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
        self,
        layout: ParameterLayout,
        flat: Tensor,
        grad: Tensor,
        buffers: Tensor,
        n_models: int | None,
        noise_levels: list,
        mixed_precision: bool = False,
    ) -> None:
        values = layout.views(flat, buffers, n_models)
        grads = layout.views(grad, buffers, n_models)
        order = [
            index
            for index in _fastest_order(layout.layers)
            if is_active(layout.layers[index]) or not _is_zero(noise_levels[index])
        ]
        layers = [layout.layers[index] for index in order]
        memory = plan_memory(layers, [LAYERS[type(layer)].result for layer in layers])
        self.layers: list[Op] = []
        self._zero_grads: list[Tensor] = []
        first_trained = None
        for index, layer, own_memory in zip(order, layers, memory, strict=True):
            own: dict[str, Any] = {
                role: v for (at, role), v in values.items() if at == index
            }
            own_grads = {role: v for (at, role), v in grads.items() if at == index}
            own.update(noise_level=noise_levels[index], salt=index)
            own.update(dtype=flat.dtype, device=flat.device)
            if first_trained is None and own_grads:
                first_trained = len(self.layers)
            # batch norm takes away what a bias adds: its gradient would be rounding
            before: Any = self.layers[-1] if self.layers else None
            if isinstance(layer, spec.BatchNorm) and hasattr(before, "bias_grad"):
                self._zero_grads.append(before.bias_grad)
            if own_memory.copies_input:
                self.layers.append(CopyOp())
            kind = LAYERS[type(layer)]
            op = (mixed_precision and kind.op_in_bfloat16) or kind.op
            self.layers.append(op(layer, layout.shapes[index], own, own_grads))
            self.layers[-1].reuses_output = own_memory.reuses_output
        self.needs_keys = any(
            isinstance(layer, (DropoutOp, GaussianNoiseOp)) for layer in self.layers
        )
        self._forwards = [layer.forward for layer in self.layers]
        self._backwards: list[Callable[..., Any]] = [
            layer.backward for layer in reversed(self.layers[first_trained:])
        ]

    def takes_sparse(self, matrix: csr_array, n_rows: int) -> bool:
        """Whether sparse rows had better stay so, as inputs of ``n_rows`` at once."""
        first = self.layers[1 if isinstance(self.layers[0], DropoutOp) else 0]
        if not isinstance(first, (DenseOp, stacked_bfloat16.DenseOp)):
            return False
        weight = first.weight
        return weight.device.type == "cpu" and pays(
            matrix, n_rows, weight.shape[-1], weight.element_size()
        )

    def forward(self, x: Tensor | SparseRows, batch: Batch | None = None) -> Tensor:
        """Outputs before the output activation, (K, n_rows, n_outputs).

        Parameters
        ----------
        x : tensor or SparseRows of shape (K, n_rows, ...)
        batch : Batch or None
            What weighs the rows and draws their random numbers in training; None for
            evaluation.
        """
        outputs: Any = x
        for forward in self._forwards:
            outputs = forward(outputs, batch)
        return outputs

    def backward(self, grad: Tensor) -> None:
        """Fill the flat gradient from the gradient of the outputs."""
        *inner, first = self._backwards
        for backward in inner:
            grad = backward(grad, True)
        first(grad, False)
        for zero in self._zero_grads:
            zero.zero_()


def _fastest_order(layers: tuple[spec.Layer, ...]) -> list[int]:
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


def _is_zero(strength: object) -> bool:
    return isinstance(strength, (int, float)) and strength == 0
