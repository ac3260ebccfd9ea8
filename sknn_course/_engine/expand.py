"""Values of stacked networks, brought to each of their parameters."""

from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from .ops.parameters import ParameterLayout


class ExpandPerParameter:
    """Function from a value for each network to one for each flat parameter.

    An object of its own, so that a stack does not hold itself: with its rows, it
    would stay in memory until Python's garbage collector comes by.

    Parameters
    ----------
    layout : ParameterLayout
    n_models : int or None
        K; None for one network, without the model axis.
    like : tensor
        Of the parameters' type, on their device.
    """

    def __init__(
        self, layout: ParameterLayout, n_models: int | None, like: Tensor
    ) -> None:
        self._sizes = [place.stop - place.start for place in layout.parameters]
        self._n_models, self._dtype, self._device = n_models, like.dtype, like.device

    def __call__(self, per_model: Any) -> Any:
        """(K,) -> (K n_parameters,), of their type; what is one number stays one."""
        if not isinstance(per_model, torch.Tensor):
            return per_model
        per_model = per_model.to(self._dtype)
        return per_model[self._owners] if self._n_models else per_model

    @cached_property
    def _owners(self) -> Tensor:
        """Place of the network that each parameter belongs to."""
        k = torch.arange(self._n_models or 1, device=self._device)
        return torch.cat([k.repeat_interleave(size) for size in self._sizes])
