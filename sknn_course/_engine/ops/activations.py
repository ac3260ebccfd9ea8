"""Activation functions and their derivatives, name -> rule.

A rule is a pair: ``forward(z)`` gives the activation a (it may overwrite z if
the derivative needs a only), ``backward(grad, kept)`` gives dL/dz from dL/da
(which it may overwrite) and what the forward pass kept: a, or z where the derivative
needs it.
"""

from collections import namedtuple

import torch
from torch import nn

aten = torch.ops.aten

Activation = namedtuple("Activation", ["forward", "backward", "keeps", "module"])

SELU_ALPHA = 1.6732632423543772  # Klambauer et al., 2017
SELU_SCALE = 1.0507009873554805


def _relu_backward(grad, a):
    if not grad.is_contiguous():  # one number may stand for a whole map
        return aten.threshold_backward(grad, a, 0)
    return aten.threshold_backward.grad_input(grad, a, 0, grad_input=grad)


ACTIVATIONS = {
    "identity": Activation(lambda z: z, lambda grad, a: grad, "a", nn.Identity),
    "logistic": Activation(torch.sigmoid_, aten.sigmoid_backward, "a", nn.Sigmoid),
    "tanh": Activation(torch.tanh_, aten.tanh_backward, "a", nn.Tanh),
    "relu": Activation(torch.relu_, _relu_backward, "a", nn.ReLU),
    "leaky_relu": Activation(
        nn.functional.leaky_relu,
        lambda grad, z: aten.leaky_relu_backward(grad, z, 0.01, False),
        "z",
        nn.LeakyReLU,
    ),
    "elu": Activation(
        nn.functional.elu,
        lambda grad, z: aten.elu_backward(grad, 1.0, 1.0, 1.0, False, z),
        "z",
        nn.ELU,
    ),
    "selu": Activation(
        torch.selu,
        lambda grad, z: aten.elu_backward(grad, SELU_ALPHA, SELU_SCALE, 1.0, False, z),
        "z",
        nn.SELU,
    ),
    "gelu": Activation(nn.functional.gelu, aten.gelu_backward, "z", nn.GELU),
    "silu": Activation(nn.functional.silu, aten.silu_backward, "z", nn.SiLU),
    "softplus": Activation(
        nn.functional.softplus,
        lambda grad, z: aten.softplus_backward(grad, z, 1.0, 20.0),
        "z",
        nn.Softplus,
    ),
}

# f(x) <= f(y) for all x <= y
RISING = {
    "identity",
    "logistic",
    "tanh",
    "relu",
    "leaky_relu",
    "elu",
    "selu",
    "softplus",
}
