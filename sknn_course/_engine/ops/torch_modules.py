"""Plain torch modules of layer specifications, without their parameters."""

from math import pi
from typing import Any

import torch
from torch import Tensor, nn

from ... import layers as spec
from ...layers.specification import Shape


class GaussianNoise(nn.Module):
    """Adds normal noise while training.

    Parameters
    ----------
    std : float
        Standard deviation.
    """

    def __init__(self, std: float) -> None:
        super().__init__()
        self.std = std

    def forward(self, x: Tensor) -> Tensor:
        return x + self.std * torch.randn_like(x) if self.training else x

    def extra_repr(self) -> str:
        return f"std={self.std}"


class PeriodicEmbedding(nn.Module):
    """Periodic functions of each column, then a linear layer for each column.

    Parameters
    ----------
    layer : sknn_course.layers.PeriodicEmbedding
    shape : tuple of int
        Of a row.
    """

    phase: nn.Parameter | None

    def __init__(self, layer: spec.PeriodicEmbedding, shape: Shape) -> None:
        super().__init__()
        self.layer, self.n_columns = layer, layer.n_embedded(shape)
        shapes = layer.tensor_shapes(shape)
        undrawn = {k: nn.Parameter(torch.empty(v)) for k, v in shapes.items()}
        self.frequency = undrawn["frequency"]
        self.register_parameter("phase", undrawn.get("phase"))
        self.weight, self.bias = undrawn["column_weight"], undrawn["column_bias"]

    def forward(self, x: Tensor) -> Tensor:
        columns = x[:, : self.n_columns].T.unsqueeze(-1)  # (n_columns, n_rows, 1)
        angle = 2 * pi * self.frequency.unsqueeze(-2) * columns
        if self.phase is None:
            waves = torch.cat([angle.cos(), angle.sin()], -1)
        else:
            waves = (angle + self.phase.unsqueeze(-2)).cos()
        outputs = waves @ self.weight + self.bias.unsqueeze(-2)
        if self.layer.keeps_columns:
            outputs = torch.cat([columns, outputs], -1)
        else:
            outputs = outputs.relu()
        by_row = outputs.transpose(0, 1).flatten(1)
        return torch.cat([by_row, x[:, self.n_columns :]], 1)

    def extra_repr(self) -> str:
        return self.layer.in_words()


class SparseConv2d(nn.Conv2d):
    """Convolution in which each map sees its own input maps, flipped or not.

    Parameters
    ----------
    *sizes, **device
        Of `torch.nn.Conv2d`.
    is_linked : tensor of shape (filters, channels), bool
        Whether output maps see input maps; other weights count as zero.
    flipped : bool
        Whether the kernel is flipped, which makes it the true convolution.
    """

    is_linked: Tensor

    def __init__(
        self, *sizes: Any, is_linked: Tensor, flipped: bool, **device: Any
    ) -> None:
        super().__init__(*sizes, **device)
        self.flipped = flipped
        self.register_buffer("is_linked", is_linked[..., None, None], persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        weight = self.weight * self.is_linked
        if self.flipped:
            weight = weight.flip(-2, -1)
        return self._conv_forward(x, weight, self.bias)

    def extra_repr(self) -> str:
        share = f"{int(self.is_linked.sum())} of {self.is_linked.numel()}"
        return f"{super().extra_repr()}, links={share}, flipped={self.flipped}"


def _undrawn(cls: type[nn.Module], *args: Any, **kwargs: Any) -> nn.Module:
    """A module of torch that draws no initial values, which takes most of its time."""
    module = cls.__new__(cls)
    module.__dict__["reset_parameters"] = lambda: None
    cls.__init__(module, *args, **kwargs, device="meta")
    del module.__dict__["reset_parameters"]
    return module


def linear(layer: spec.Dense, shape: Shape) -> nn.Module:
    return _undrawn(nn.Linear, shape[0], layer.units)


def convolution(layer: spec.Conv2d, shape: Shape) -> nn.Module:
    sizes = shape[0], layer.filters, layer.window, layer.step, layer.pad
    if layer.links is None and not layer.flipped:
        return _undrawn(nn.Conv2d, *sizes)
    return _undrawn(
        SparseConv2d,
        *sizes,
        is_linked=torch.tensor(layer.is_linked(shape)),
        flipped=layer.flipped,
    )


def pool(layer: spec.Pool2d, shape: Shape) -> nn.Module:
    kind = {"max": nn.MaxPool2d, "average": nn.AvgPool2d}[layer.kind]
    return kind(layer.window, layer.step)


def global_average_pool(layer: spec.GlobalAveragePool, shape: Shape) -> nn.Module:
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())


def response_norm(layer: spec.LocalResponseNorm, shape: Shape) -> nn.Module:
    alpha = layer.alpha * layer.size  # torch has the mean of the squares
    return nn.LocalResponseNorm(layer.size, alpha, layer.beta, layer.k)


def batch_norm(layer: spec.BatchNorm, shape: Shape) -> nn.Module:
    kind = nn.BatchNorm1d if len(shape) == 1 else nn.BatchNorm2d
    return kind(shape[0], layer.epsilon, layer.momentum)
