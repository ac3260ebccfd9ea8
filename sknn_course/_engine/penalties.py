"""Weight penalties of the training loss and their gradients, a row for each.

    alpha / (2 sum of sample weights) sum w^2  +  l1 sum |w|  +  l2 sum w^2

over weights (and biases for l1 and l2 if ``penalize_bias``); the first term is
scikit-learn's. Decoupled decay p -= lr weight_decay p [1]_ acts beside the solver.

References
----------
.. [1] I. Loshchilov, F. Hutter, "Decoupled weight decay", ICLR 2019.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import reduce

import torch
from torch import Tensor

from .expand import ExpandPerParameter
from .ops.parameters import ParameterLayout

Number = float | Tensor  # a tensor where the networks of a stack differ


@dataclass(frozen=True)
class Penalty:
    """A penalty: its strength times ``factor`` times a sum over weights.

    Parameters
    ----------
    is_square : bool
        Whether the sum is of w^2, else of |w|.
    factor : float
    per_row : bool
        Whether it is divided by the sum of the batch's sample weights.
    of_biases : bool
        Whether it acts on biases too if ``penalize_bias``.
    """

    is_square: bool
    factor: float = 1.0
    per_row: bool = False
    of_biases: bool = True

    @property
    def slope(self) -> float:
        """Factor of the gradient, of w or of the sign of w."""
        return 2 * self.factor if self.is_square else self.factor


PENALTIES = {
    "alpha": Penalty(is_square=True, factor=0.5, per_row=True, of_biases=False),
    "l2": Penalty(is_square=True),
    "l1": Penalty(is_square=False),
}
STRENGTHS = (*PENALTIES, "weight_decay")


class Penalties:
    """Penalties of a stack of networks.

    Parameters
    ----------
    layout : ParameterLayout
    flat, grad : tensor of shape (K n_parameters,)
    n_models : int or None
        K; None for one network, without the model axis.
    expand : callable
        As of `ExpandPerParameter`.
    strengths : dict of str -> float or tensor of shape (K,)
        Of the penalties, and of the decay.
    penalize_bias : bool
    """

    def __init__(
        self,
        layout: ParameterLayout,
        flat: Tensor,
        grad: Tensor,
        n_models: int | None,
        expand: ExpandPerParameter,
        strengths: dict[str, Number],
        penalize_bias: bool,
    ) -> None:
        n_plain = layout.n_weights + layout.n_biases * penalize_bias
        weights, plain = (
            _Part(layout, flat, grad, n_models, expand, n)
            for n in (layout.n_weights, n_plain)
        )
        self.rows = [
            (
                penalty,
                strengths[name],
                strengths[name] * penalty.slope,
                plain if penalty.of_biases else weights,
            )
            for name, penalty in PENALTIES.items()
            if _acts(strengths[name])
        ]
        self.active = bool(self.rows)
        self.plain, self.weight_decay = plain, strengths["weight_decay"]
        self.decays = _acts(self.weight_decay)

    def add_gradient(self, inverse_total_weight: Number) -> None:
        """Add to the gradient; the argument is 1 / sum of the batch's weights."""
        share = _per_model(inverse_total_weight)
        for penalty, _, slope, part in self.rows:
            function = None if penalty.is_square else torch.sign
            factor = share if penalty.per_row else 1.0
            part.add_to_gradient(slope, factor, function)

    def norms(self) -> list[list[Tensor]]:
        """What `total` needs of each step.

        Returns
        -------
        list of list of tensor of shape (K,) or ()
            For each penalty that acts, the norms of the parts of the weights, or
            their sum |w|.
        """
        return [
            part.norms() if penalty.is_square else [part.absolutes()]
            for penalty, _, _, part in self.rows
        ]

    def total(
        self, norms: list, n_rows: list[Number], inverse_totals: list[Number]
    ) -> Number:
        """Penalties of an epoch's batches, each times the rows of its batch, summed.

        Parameters
        ----------
        norms : list
            `norms` before each step.
        n_rows : list of float or tensor of shape (K,)
            Rows of each batch.
        inverse_totals : list of float or tensor of shape (K, 1)
            1 / sum of sample weights of each batch.

        Returns
        -------
        tensor of shape (K,) or (), or 0.0
        """
        terms = self._terms(norms, n_rows, inverse_totals)
        return sum((values.sum(0) * strength for values, strength in terms), 0.0)

    def by_batch(
        self, norms: list, n_rows: list[Number], inverse_totals: list[Number]
    ) -> Number:
        """As `total`, not summed, shape (n_steps, K) or (n_steps,), or 0.0."""
        terms = self._terms(norms, n_rows, inverse_totals)
        return sum((values * strength for values, strength in terms), 0.0)

    def _terms(
        self, norms: list, n_rows: list[Number], inverse_totals: list[Number]
    ) -> Iterator[tuple[Tensor, Number]]:
        """Yield norms (n_steps, K) times rows, and the strength of their penalty."""
        of_steps = zip(*norms, strict=True)
        for (penalty, strength, *_), steps in zip(self.rows, of_steps, strict=True):
            parts = [torch.stack(v) for v in zip(*steps, strict=True)]  # (n_steps, K)
            values = _sum_of_squares(parts) if penalty.is_square else parts[0]
            times = n_rows
            if penalty.per_row:
                pairs = zip(n_rows, inverse_totals, strict=True)
                times = [n * _per_model(i) for n, i in pairs]
            yield values * _stacked(times, values), penalty.factor * strength

    def decay(self, lr: Number, part: slice = slice(None)) -> None:
        """p -= lr weight_decay p, for a part of the flat parameters."""
        self.plain.decay(lr, self.weight_decay, part)


class _Part:
    """The first parameters of a stack, as one flat tensor and by tensor and model."""

    def __init__(
        self,
        layout: ParameterLayout,
        flat: Tensor,
        grad: Tensor,
        n_models: int | None,
        expand: ExpandPerParameter,
        n_parameters: int,
    ) -> None:
        K = n_models or 1
        self.stacked = n_models is not None
        self.start = K * n_parameters
        self.flat, self.grad = flat[: self.start], grad[: self.start]
        places = [p for p in layout.parameters if p.stop <= n_parameters]
        self.views, self.grad_views = (
            [t[K * p.start : K * p.stop].view(K, -1) for p in places]
            for t in (flat, grad)
        )
        self._expand = expand

    def add_to_gradient(
        self,
        strength: Number,
        factor: Number,
        function: Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        """g += strength factor f(w), numbers or tensors of shape (K,)."""
        if isinstance(factor, Tensor):
            strength, factor = strength * factor, 1.0
        if isinstance(strength, Tensor):
            strength = strength.reshape(-1, 1)
            for w, g in zip(self.views, self.grad_views, strict=True):
                w = w if function is None else function(w)
                g.addcmul_(w, strength, value=factor)
        else:
            w = self.flat if function is None else function(self.flat)
            self.grad.add_(w, alpha=strength * factor)

    def decay(self, lr: Number, weight_decay: Number, part: slice) -> None:
        """w -= lr weight_decay w"""
        if isinstance(weight_decay, Tensor):
            weight_decay = self._expand(weight_decay)[: self.start]
        if isinstance(lr, Tensor):
            lr = lr[: self.start]
        self.flat[part].mul_(1 - lr * weight_decay)

    def norms(self) -> list[Tensor]:
        """Norm of each part of each model, shapes (K,) or ()."""
        if not self.stacked:
            return [torch.linalg.vector_norm(self.flat)]
        return [torch.linalg.vector_norm(w, dim=1) for w in self.views]

    def absolutes(self) -> Tensor:
        """Sum of absolute values of each model, shape (K,) or ()."""
        if not self.stacked:
            return self.flat.abs().sum()
        return reduce(torch.add, [w.abs().sum(1) for w in self.views])


def _acts(strength: Number) -> bool:
    return isinstance(strength, Tensor) or strength != 0


def _per_model(factor: Number) -> Number:
    """(K, 1) -> (K,), (1,) -> (); numbers stay."""
    return factor.squeeze(-1) if isinstance(factor, Tensor) else factor


def _sum_of_squares(norms: list[Tensor]) -> Tensor:
    return reduce(torch.add, [norm.square() for norm in norms])


def _stacked(values: list[Number], like: Tensor) -> Tensor:
    """Numbers, then (K,) tensors, of S steps, to multiply norms (S, K) or (S,)."""
    numbers = [v for v in values if not isinstance(v, Tensor)]
    tensors = [v for v in values if isinstance(v, Tensor)]
    stacked = like.new_tensor(numbers)
    if like.dim() == 2:
        stacked = stacked.unsqueeze(-1)
    if not tensors:
        return stacked
    return torch.cat([stacked.expand(-1, *like.shape[1:]), torch.stack(tensors)])
