"""Activation functions: a row of `ACTIVATIONS` is all that is known of one."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

aten = torch.ops.aten

SELU_ALPHA = 1.6732632423543772  # Klambauer et al., 2017
SELU_SCALE = 1.0507009873554805


class Graph(Protocol):
    """A graph of ONNX, as `sknn_course._estimator.onnx_nodes` has it."""

    def add(self, operator: str, *inputs: str | float) -> str:
        """Add a node; returns the name of its result."""

    def in_float32(self, operator: str, x: str) -> str:
        """The same of an operator that ONNX Runtime has in float32 alone."""


@dataclass(frozen=True)
class Activation:
    """What is known of an activation function.

    Parameters
    ----------
    forward : callable
        ``forward(z)`` gives the activation a; it may overwrite z if the derivative
        needs a only.
    backward : callable
        ``backward(grad, kept)`` gives dL/dz from dL/da, which it may overwrite.
    keeps : {'a', 'z'}
        What the derivative needs.
    module : type of torch.nn.Module
    is_rising : bool
        Whether f(x) <= f(y) for all x <= y.
    glorot_factor : float
        The weights are drawn within sqrt(glorot_factor / (fan_in + fan_out)).
    onnx : callable, optional
        ``onnx(graph, x)`` adds nodes that ONNX Runtime has in float64 too.
    """

    forward: Callable[[Tensor], Tensor]
    backward: Callable[[Tensor, Tensor], Tensor]
    keeps: Literal["a", "z"]
    module: type[nn.Module]
    is_rising: bool = False
    glorot_factor: float = 6.0
    onnx: Callable[[Graph, str], str] | None = None


def _relu_backward(grad: Tensor, a: Tensor) -> Tensor:
    if not grad.is_contiguous():  # one number may stand for a whole map
        return aten.threshold_backward(grad, a, 0)
    return aten.threshold_backward.grad_input(grad, a, 0, grad_input=grad)


def _onnx_elu(graph: Graph, x: str, alpha: float = 1.0) -> str:
    below = graph.add("Sub", graph.add("Exp", graph.add("Min", x, 0.0)), 1.0)
    return graph.add("Add", graph.add("Relu", x), graph.add("Mul", below, alpha))


def _onnx_gelu(graph: Graph, x: str) -> str:
    twice = graph.add(
        "Add", graph.in_float32("Erf", graph.add("Mul", x, 0.5**0.5)), 1.0
    )
    return graph.add("Mul", x, graph.add("Mul", twice, 0.5))


def _onnx_softplus(graph: Graph, x: str) -> str:
    below = graph.add("Exp", graph.add("Neg", graph.add("Abs", x)))
    return graph.add(
        "Add", graph.add("Relu", x), graph.add("Log", graph.add("Add", below, 1.0))
    )


ActivationName = Literal[
    "elu",
    "gelu",
    "identity",
    "leaky_relu",
    "logistic",
    "mish",
    "relu",
    "selu",
    "silu",
    "softplus",
    "tanh",
]
ACTIVATIONS = {
    "identity": Activation(
        lambda z: z,
        lambda grad, a: grad,
        "a",
        nn.Identity,
        is_rising=True,
        onnx=lambda graph, x: x,
    ),
    "logistic": Activation(
        torch.sigmoid_,
        aten.sigmoid_backward,
        "a",
        nn.Sigmoid,
        is_rising=True,
        glorot_factor=2.0,  # as scikit-learn
        onnx=lambda graph, x: graph.add("Sigmoid", x),
    ),
    "tanh": Activation(
        torch.tanh_,
        aten.tanh_backward,
        "a",
        nn.Tanh,
        is_rising=True,
        onnx=lambda graph, x: graph.add("Tanh", x),
    ),
    "relu": Activation(
        torch.relu_,
        _relu_backward,
        "a",
        nn.ReLU,
        is_rising=True,
        onnx=lambda graph, x: graph.add("Relu", x),
    ),
    "elu": Activation(
        F.elu,
        lambda grad, z: aten.elu_backward(grad, 1.0, 1.0, 1.0, False, z),
        "z",
        nn.ELU,
        is_rising=True,
        onnx=_onnx_elu,
    ),
    "selu": Activation(
        torch.selu,
        lambda grad, z: aten.elu_backward(grad, SELU_ALPHA, SELU_SCALE, 1.0, False, z),
        "z",
        nn.SELU,
        is_rising=True,
        onnx=lambda graph, x: graph.add(
            "Mul", _onnx_elu(graph, x, SELU_ALPHA), SELU_SCALE
        ),
    ),
    "gelu": Activation(F.gelu, aten.gelu_backward, "z", nn.GELU, onnx=_onnx_gelu),
    "silu": Activation(
        F.silu,
        aten.silu_backward,
        "z",
        nn.SiLU,
        onnx=lambda graph, x: graph.add("Mul", x, graph.add("Sigmoid", x)),
    ),
    "leaky_relu": Activation(
        F.leaky_relu,
        lambda grad, z: aten.leaky_relu_backward(grad, z, 0.01, False),
        "z",
        nn.LeakyReLU,
        is_rising=True,
        onnx=lambda graph, x: graph.add("Max", x, graph.add("Mul", x, 0.01)),
    ),
    "mish": Activation(
        F.mish,
        aten.mish_backward,
        "z",
        nn.Mish,
        onnx=lambda graph, x: graph.add(
            "Mul", x, graph.add("Tanh", _onnx_softplus(graph, x))
        ),
    ),
    "softplus": Activation(
        F.softplus,
        lambda grad, z: aten.softplus_backward(grad, z, 1.0, 20.0),
        "z",
        nn.Softplus,
        is_rising=True,
        onnx=_onnx_softplus,
    ),
}
