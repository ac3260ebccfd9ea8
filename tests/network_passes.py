"""Networks, stacked and as modules of torch, and their passes forward and back."""

import numpy as np
import torch
from numpy.testing import assert_allclose

from sknn_course._engine.ops.activations import ACTIVATIONS
from sknn_course._engine.ops.batch import Batch
from sknn_course._engine.ops.build import build_module, read_module
from sknn_course._engine.ops.parameters import ParameterLayout
from sknn_course._engine.ops.stacked import StackedNetwork
from sknn_course.architectures import convolutional_network, multilayer_perceptron
from sknn_course.layers import (
    Activation,
    BatchNorm,
    Conv2d,
    Dense,
    Flatten,
    GlobalAveragePool,
    LocalResponseNorm,
    Pool2d,
    Softmax,
)


def mlp(activation="tanh", **options):
    return multilayer_perceptron([5, 4], 3, activation=activation, **options), (4,)


def cnn(input_shape=(2, 8, 7), **options):
    options = dict(activation="tanh") | options
    blocks = [[3, 2], [4]]
    layers = convolutional_network(blocks, [5], 3, input_shape=input_shape, **options)
    return layers, input_shape


def conv(*layers, input_shape=(2, 9, 7)):
    return (*layers, Flatten(), Dense(2)), input_shape


NETWORKS = {
    "no hidden layer": (multilayer_perceptron([], 2), (4,)),
    "one output": (multilayer_perceptron([5], 1), (4,)),
    **{f"mlp, {name}": mlp(name) for name in ACTIVATIONS},
    **{f"mlp, batch_norm={b}": mlp(batch_norm=b) for b in ("before", "after")},
    "mlp, relu, batch_norm": mlp("relu", batch_norm=True),
    **{f"cnn, {name}": cnn(activation=name) for name in ACTIVATIONS},
    **{f"cnn, padding={p}": cnn((2, 14, 15), padding=p) for p in ("valid", 1, 2)},
    **{f"cnn, batch_norm={b}": cnn(batch_norm=b) for b in (True, "before", "after")},
    "cnn, global pool": cnn(global_pool=True),
    "cnn, kernel 5, pool 3": cnn((1, 12, 9), kernel_size=5, pool_size=3),
    "cnn of rows": cnn((1, 1, 13), batch_norm=True),
    "kernel 2 x 3": conv(Conv2d(3, (2, 3), "valid"), Activation("gelu")),
    "kernel 1 x 5, same": conv(Conv2d(3, (1, 5)), Activation("silu")),
    "kernel 1": conv(Conv2d(3, 1), BatchNorm()),
    "stride 2": conv(Conv2d(3, 3, "same", 2), Activation("elu"), Conv2d(2, 2, 1, 3)),
    "average pool": conv(Conv2d(3), Pool2d(2, "average"), Activation("tanh")),
    "average pool 3 x 2": conv(Conv2d(3), Pool2d((3, 2), "average"), Conv2d(2)),
    "max pool 2 x 3": conv(Conv2d(3), Activation("tanh"), Pool2d((2, 3)), Conv2d(2)),
    "pool first": conv(Pool2d(2), Conv2d(2)),
    "no convolution": conv(),
    "batch norm of images": conv(BatchNorm(), Conv2d(2), GlobalAveragePool()),
    "batch norm of rows": ((BatchNorm(0.01, 1e-3), Dense(3)), (4,)),
}
NETWORKS["batch norm of images"] = (
    (BatchNorm(), Conv2d(2), BatchNorm(), GlobalAveragePool(), Dense(2)),
    (2, 5, 4),
)
NETWORKS["relu of means"] = (
    (Conv2d(3), Activation("relu"), GlobalAveragePool(), Dense(2)),
    (2, 5, 4),
)
LINKS = ((0, 1), (2,), (0, 2, 3), (3, 1))
NETWORKS |= {
    "sparse": conv(Conv2d(4), Conv2d(4, 3, "valid", links=LINKS), Activation("tanh")),
    "sparse first": conv(Conv2d(2, (2, 3), "valid", 2, links=[[1], [0]]), BatchNorm()),
    "true convolution": conv(Conv2d(3, 3, flipped=True), Conv2d(2, (2, 3), 1)),
    "sparse true convolution": conv(
        Conv2d(4), Conv2d(4, (3, 2), "valid", links=LINKS, flipped=True)
    ),
    "overlapping pool": conv(Conv2d(3), Activation("tanh"), Pool2d(3, stride=2)),
    "overlapping average": conv(Conv2d(3), Pool2d((3, 2), "average", 1), Conv2d(2)),
    "overlapping pool, relu": conv(
        Conv2d(3), Activation("relu"), Pool2d((2, 3), stride=(1, 2)), Conv2d(2)
    ),
    "pool with gaps": conv(Conv2d(3), Pool2d(2, stride=(3, 4)), Conv2d(2)),
    "response norm": conv(
        Conv2d(7), LocalResponseNorm(3, 0.3, 0.7, 1.5), Activation("relu"), Conv2d(2)
    ),
    "response norm over few maps": conv(
        LocalResponseNorm(9, alpha=0.4), Conv2d(3), LocalResponseNorm(5, 0.2, 2.0)
    ),
    "softmax": ((Dense(5), Activation("tanh"), Dense(4), Softmax()), (4,)),
    "softmax of maps": conv(Conv2d(3), Softmax(), Conv2d(2)),
    "softmax inside": ((Dense(5), Softmax(), Activation("relu"), Dense(2)), (4,)),
    # activation functions may overwrite their input, but not what others keep
    "activation first": ((Activation("relu"), Dense(3)), (4,)),
    "two activations": (
        (Dense(5), Activation("tanh"), Activation("relu"), Dense(2)),
        (4,),
    ),
    "activation, flatten, activation": (
        (Conv2d(2), Activation("logistic"), Flatten(), Activation("tanh"), Dense(2)),
        (2, 3, 4),
    ),
}
N_MODELS = [None, 1, 3]  # None: one network without the model axis
N_ROWS = 6


class Case:
    """K networks with parameters of their own, stacked, and each as a module."""

    def __init__(self, layers, input_shape, n_models, dtype=torch.float64, seed=0):
        rng = np.random.RandomState(seed)
        self.layout = ParameterLayout(layers, input_shape)
        self.n_models = n_models
        self.K = n_models or 1

        def draw(*shape):
            return torch.from_numpy(rng.normal(size=shape)).to(dtype)

        self.flats = 0.5 * draw(self.K, self.layout.n_parameters)
        self.buffers = draw(self.K, self.layout.n_buffers).abs() + 0.5
        self.x = draw(self.K, N_ROWS, *input_shape)

    def network(self, strengths=None):
        """The stacked network; its tensors are `flat`, `grad` and `stats`."""
        layout = self.layout
        self.flat = self._join(self.flats, layout.parameters)
        self.grad = torch.full_like(self.flat, torch.nan)
        self.stats = self._join(self.buffers, layout.buffers)
        strengths = strengths or [layer.strength for layer in layout.layers]
        return StackedNetwork(
            layout, self.flat, self.grad, self.stats, self.n_models, strengths
        )

    def _join(self, rows, places):
        if self.n_models is None:
            return rows[0].clone()
        return self.layout.stack(list(rows), places)

    def split(self, flat, places):
        """A row of each network's values."""
        if self.n_models is None:
            return flat.unsqueeze(0)
        return self.layout.unstack(flat, places, self.n_models)

    def inputs(self, x=None):
        x = self.x if x is None else x
        return x[0] if self.n_models is None else x

    def modules(self):
        return [
            build_module(self.layout, flat, buffers).train()
            for flat, buffers in zip(self.flats, self.buffers, strict=True)
        ]

    def gradients(self, modules):
        """Gradients and buffers of modules, as flat rows."""
        grads = torch.empty_like(self.flats)
        buffers = torch.empty_like(self.buffers)
        for module, grad, own in zip(modules, grads, buffers, strict=True):
            for parameter in module.parameters():
                parameter.data = parameter.grad
            read_module(module, self.layout, grad, own)
        return grads, buffers


def batch_of(x, weight=None, keys=None):
    """Rows to train on with targets of zero; weight (K, n_rows, 1)."""
    y = torch.zeros(*(x.shape if keys is None else keys.shape)[: x.dim() - 1], 1)
    weight = None if weight is None else weight.squeeze(-1)
    return Batch(x, y, weight, keys)


def run(case, network, batch, x=None, row_weight=1.0):
    """Outputs after a pass forward and one back, of the loss sum w sin(outputs)."""
    with torch.no_grad():
        outputs = network.forward(case.inputs(x), batch)
        network.backward(outputs.cos() * row_weight)
    return outputs if case.n_models else outputs.unsqueeze(0)


def assert_close(one, other, tol=1e-11):
    """Equal up to a share of the largest value."""
    scale = max(1.0, float(other.detach().abs().max())) if other.numel() else 1.0
    assert_allclose(one.detach(), other.detach(), rtol=0, atol=tol * scale)


def assert_passes_equal(case, outputs, modules, expected, tol=1e-11):
    """Outputs, gradients and running statistics are those of the modules."""
    assert_close(outputs, torch.stack(expected), tol)
    sum(out.sin().sum() for out in expected).backward()
    grads, buffers = case.gradients(modules)
    assert_close(case.split(case.grad, case.layout.parameters), grads, tol)
    assert_close(case.split(case.stats, case.layout.buffers), buffers, tol)
