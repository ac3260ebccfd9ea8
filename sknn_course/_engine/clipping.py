"""Clipping of the gradient's norm, of each network of a stack by itself.

As `torch.nn.utils.clip_grad_norm_`: g *= min(1, limit / (norm + 1e-6)).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

import torch
from torch import Tensor

from .ops.parameters import ParameterLayout


class Clipping:
    """Limits the norm of the gradient of all parameters of a network.

    Parameters
    ----------
    layout : ParameterLayout
    grad : tensor of shape (K n_parameters,)
    n_models : int or None
        K; None for one network, without the model axis.
    limits : list of float or None
        Of each network; None where it is not clipped.
    """

    def __init__(
        self,
        layout: ParameterLayout,
        grad: Tensor,
        n_models: int | None,
        limits: Sequence[float | None],
    ) -> None:
        self.acts = any(limit is not None for limit in limits)
        self.grad = grad
        self.views = [grad.view(1, -1)]
        if n_models is not None:
            self.views = [
                grad[n_models * p.start : n_models * p.stop].view(n_models, -1)
                for p in layout.parameters
            ]
        self.limits = grad.new_tensor([inf if v is None else v for v in limits])

    def clip(self) -> None:
        """Scale the gradients that are too long."""
        norms = torch.stack([torch.linalg.vector_norm(v, dim=1) for v in self.views])
        factors = self._factors(torch.linalg.vector_norm(norms, dim=0)).unsqueeze(1)
        for view in self.views:
            view.mul_(factors)

    def clip_parts(self, grad: Tensor, parts: list[slice]) -> None:
        """The same of one network, for parts of a gradient that are stepped."""
        norms = [torch.linalg.vector_norm(grad[part]) for part in parts]
        factor = self._factors(torch.linalg.vector_norm(torch.stack(norms)))
        grad.mul_(factor)

    def _factors(self, norms: Tensor) -> Tensor:
        factors = (self.limits / (norms + 1e-6)).clamp(max=1)
        return factors.where(self.limits < inf, 1.0)
