"""Where the parameters of a network lie in one flat vector.

The order is that of scikit-learn's MLP: all weights, then all biases; scales and
shifts of batch normalisation and the like follow. Dense weights are
``(fan_in, fan_out)``, convolution weights ``(fan_out, fan_in, height, width)``.
"""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import NamedTuple

import torch
from torch import Tensor

from ...layers import layer_shapes
from ...layers.specification import RECORDED, Layer


class Parameter(NamedTuple):
    """One parameter tensor of a network.

    Parameters
    ----------
    layer : int
        Index of its layer.
    role : str
        As in `Layer.tensor_shapes`.
    shape : tuple of int
    start : int
        Its first place in the flat vector.
    """

    layer: int
    role: str
    shape: tuple[int, ...]
    start: int

    @property
    def stop(self) -> int:
        return self.start + prod(self.shape)


class ParameterLayout:
    """The parameters and buffers of a network of a given structure.

    Parameters
    ----------
    layers : tuple of Layer
    input_shape : tuple of int

    Attributes
    ----------
    parameters : tuple of Parameter
        Trained: weights, biases, and others, in this order.
    buffers : tuple of Parameter
        Running means and variances of batch normalisation.
    n_weights, n_biases, n_parameters, n_buffers : int
        Lengths of the weights' part, of the biases' part, of the whole flat
        vector of parameters, and of that of buffers.
    shapes : list of tuple of int
        Row shapes before and after each layer.
    noise_levels : tuple of float or None
        Per layer, its dropout rate or noise's standard deviation, else None.
    """

    def __init__(self, layers: tuple[Layer, ...], input_shape: tuple[int, ...]) -> None:
        self.layers = layers
        self.noise_levels = tuple(layer.strength for layer in layers)
        self.shapes = layer_shapes(layers, input_shape)
        found = [
            (index, role, shape)
            for index, layer in enumerate(layers)
            for role, shape in layer.tensor_shapes(self.shapes[index]).items()
        ]
        others = {role for _, role, _ in found} - {"weight", "bias", *RECORDED}
        self.parameters, ends = self._place(found, [{"weight"}, {"bias"}, others])
        self.buffers, buffer_ends = self._place(found, [{*RECORDED}])
        self.n_weights = ends[0]
        self.n_biases = ends[1] - ends[0]
        self.n_parameters = ends[-1]
        self.n_buffers = buffer_ends[-1]

    @property
    def places(self) -> list[Parameter]:
        """Places of all parameters, then of all buffers."""
        return [*self.parameters, *self.buffers]

    def __reduce__(self) -> tuple:
        return parameter_layout, (self.layers, self.shapes[0])

    @staticmethod
    def _place(
        found: list[tuple], parts: list[set[str]]
    ) -> tuple[tuple[Parameter, ...], list[int]]:
        placed: list[Parameter] = []
        ends, start = [], 0
        for part in parts:
            for index, role, shape in found:
                if role in part:
                    placed.append(Parameter(index, role, shape, start))
                    start = placed[-1].stop
            ends.append(start)
        return tuple(placed), ends

    def views(
        self, flat: Tensor, buffers: Tensor, n_models: int | None = None
    ) -> dict[tuple[int, str], Tensor]:
        """Views on flat tensors by layer and role.

        Parameters
        ----------
        flat : tensor of shape (n_parameters,) or (n_models * n_parameters,)
        buffers : tensor of shape (n_buffers,) or (n_models * n_buffers,)
        n_models : int or None
            For stacked networks, whose flat tensors hold the first parameter of
            each model, then the second of each, ...: see `stack`.

        Returns
        -------
        dict of (layer index, role) -> tensor of shape (n_models, *shape) or (*shape,)
        """
        k = n_models or 1
        axis = () if n_models is None else (n_models,)
        return {
            (p.layer, p.role): source[k * p.start : k * p.stop].view(*axis, *p.shape)
            for source, places in ((flat, self.parameters), (buffers, self.buffers))
            for p in places
        }

    @staticmethod
    def stack(
        tensors: list[Tensor] | tuple[Tensor, ...], places: tuple[Parameter, ...]
    ) -> Tensor:
        """Flat tensors of several models in one, parameter after parameter.

        By this, the parameters of one layer lie side by side for all models.

        Parameters
        ----------
        tensors : list of K tensors of shape (n,)
        places : tuple of Parameter

        Returns
        -------
        tensor of shape (K n,)
        """
        rows = torch.stack(tensors)
        if not places:
            return rows.flatten()
        return torch.cat([rows[:, p.start : p.stop].flatten() for p in places])

    @staticmethod
    def unstack(flat: Tensor, places: tuple[Parameter, ...], n_models: int) -> Tensor:
        """The inverse of `stack`.

        Returns
        -------
        tensor of shape (n_models, n)
        """
        if not places:
            return flat.view(n_models, 0)
        return torch.cat(
            [
                flat[n_models * p.start : n_models * p.stop].view(n_models, -1)
                for p in places
            ],
            1,
        )

    def initial_buffers(self, dtype: torch.dtype) -> Tensor:
        """Running mean 0 and variance 1, shape (n_buffers,)."""
        buffers = torch.zeros(self.n_buffers, dtype=dtype)
        for place in self.buffers:
            if place.role == "variance":
                buffers[place.start : place.stop] = 1
        return buffers


def resize(
    flat: Tensor, given: tuple[Parameter, ...], wanted: tuple[Parameter, ...]
) -> Tensor:
    """Flat parameters of one network for a network of other sizes.

    What is missing becomes zero, what is too much is left out.

    Parameters
    ----------
    flat : tensor of shape (n_given,)
    given, wanted : tuple of Parameter
        Places in ``flat`` and in the result, of the same layers and roles.

    Returns
    -------
    tensor of shape (n_wanted,)
    """
    if given == wanted:
        return flat
    result = flat.new_zeros(wanted[-1].stop if wanted else 0)
    for g, w in zip(given, wanted, strict=True):
        sides = zip(g.shape, w.shape, strict=True)
        common = tuple(slice(min(pair)) for pair in sides)
        values = flat[g.start : g.stop].view(g.shape)[common]
        result[w.start : w.stop].view(w.shape)[common] = values
    return result


@lru_cache(maxsize=256)
def parameter_layout(
    layers: tuple[Layer, ...], input_shape: tuple[int, ...]
) -> ParameterLayout:
    """The `ParameterLayout` of a structure, made once."""
    return ParameterLayout(layers, input_shape)
