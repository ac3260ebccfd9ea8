"""Weight penalties of the training loss and their gradients.

    alpha / (2 sum of sample weights) sum w^2  +  l1 sum |w|  +  l2 sum w^2

over weights (and biases for l1 and l2 if ``penalize_bias``); the first term is
scikit-learn's. Decoupled decay p -= lr weight_decay p [1]_ acts beside the solver.

References
----------
.. [1] I. Loshchilov, F. Hutter, "Decoupled weight decay", ICLR 2019.
"""

import torch


class Penalties:
    """Penalties of a stack of networks.

    Parameters
    ----------
    stack : Stack
    alpha, l1, l2, weight_decay : float or tensor of shape (K,)
    """

    def __init__(self, stack, alpha, l1, l2, weight_decay):
        layout, settings = stack.layout, stack.jobs[0].settings
        n_plain = layout.n_weights + layout.n_biases * settings.penalize_bias
        self.weights = _Part(stack, layout.n_weights)
        self.plain = _Part(stack, n_plain)
        self.alpha, self.l1, self.l2 = alpha, l1, l2
        self.weight_decay = weight_decay
        self.has_alpha, self.has_l1, self.has_l2, self.decays = (
            isinstance(x, torch.Tensor) or x != 0 for x in (alpha, l1, l2, weight_decay)
        )
        self.active = self.has_alpha or self.has_l1 or self.has_l2

    def add_gradient(self, inverse_total_weight):
        """Add to the gradient; the argument is 1 / sum of the batch's weights."""
        if self.has_alpha:
            self.weights.add_to_gradient(self.alpha, _per_model(inverse_total_weight))
        if self.has_l2:
            self.plain.add_to_gradient(self.l2, 2.0)
        if self.has_l1:
            self.plain.add_to_gradient(self.l1, 1.0, torch.sign)

    def norms(self):
        """What `total` needs of each step, of the penalties that are active.

        Returns
        -------
        list of list of tensor of shape (K,) or ()
            Norms of the parts of the weights (for alpha), of the parts of what l2
            takes, and sum |w|.
        """
        norms = []
        if self.has_alpha:
            norms.append(self.weights.norms())
        if self.has_l2:
            norms.append(self.plain.norms())
        if self.has_l1:
            norms.append([self.plain.absolutes()])
        return norms

    def total(self, norms, n_rows, inverse_totals):
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

    def by_batch(self, norms, n_rows, inverse_totals):
        """As `total`, not summed, shape (n_steps, K) or (n_steps,), or 0.0."""
        terms = self._terms(norms, n_rows, inverse_totals)
        return sum((values * strength for values, strength in terms), 0.0)

    def _terms(self, norms, n_rows, inverse_totals):
        """Yield norms (n_steps, K) times rows, and the strength of their penalty."""
        by_kind = [
            [torch.stack(values) for values in zip(*parts, strict=True)]
            for parts in zip(*norms, strict=True)
        ]  # each tensor (n_steps, K)
        if self.has_alpha:
            squares = _sum_of_squares(by_kind.pop(0))
            shares = [
                n * _per_model(i) for n, i in zip(n_rows, inverse_totals, strict=True)
            ]
            yield squares * _stacked(shares, squares), 0.5 * self.alpha
        if self.has_l2:
            squares = _sum_of_squares(by_kind.pop(0))
            yield squares * _stacked(n_rows, squares), self.l2
        if self.has_l1:
            [sizes] = by_kind.pop()
            yield sizes * _stacked(n_rows, sizes), self.l1

    def decay(self, lr, part=slice(None)):
        """p -= lr weight_decay p, for a part of the flat parameters."""
        self.plain.decay(lr, self.weight_decay, part)


class _Part:
    """The first parameters of a stack, as one flat tensor and by tensor and model."""

    def __init__(self, stack, n_parameters):
        K = stack.n_models or 1
        self.stacked = stack.n_models is not None
        self.start = K * n_parameters
        self.flat, self.grad = stack.flat[: self.start], stack.grad[: self.start]
        places = [p for p in stack.layout.parameters if p.stop <= n_parameters]
        self.views, self.grad_views = (
            [t[K * p.start : K * p.stop].view(K, -1) for p in places]
            for t in (stack.flat, stack.grad)
        )
        self._spread = stack.spread

    def add_to_gradient(self, strength, factor, function=None):
        """g += strength factor f(w), numbers or tensors of shape (K,)."""
        if isinstance(factor, torch.Tensor):
            strength, factor = strength * factor, 1.0
        if isinstance(strength, torch.Tensor):
            strength = strength.reshape(-1, 1)
            for w, g in zip(self.views, self.grad_views, strict=True):
                w = w if function is None else function(w)
                g.addcmul_(w, strength, value=factor)
        else:
            w = self.flat if function is None else function(self.flat)
            self.grad.add_(w, alpha=strength * factor)

    def decay(self, lr, weight_decay, part):
        """w -= lr weight_decay w"""
        if isinstance(weight_decay, torch.Tensor):
            weight_decay = self._spread(weight_decay)[: self.start]
        if isinstance(lr, torch.Tensor):
            lr = lr[: self.start]
        self.flat[part].mul_(1 - lr * weight_decay)

    def norms(self):
        """Norm of each part of each model, shapes (K,) or ()."""
        if not self.stacked:
            return [torch.linalg.vector_norm(self.flat)]
        return [torch.linalg.vector_norm(w, dim=1) for w in self.views]

    def absolutes(self):
        """Sum of absolute values of each model, shape (K,) or ()."""
        if not self.stacked:
            return self.flat.abs().sum()
        return sum(w.abs().sum(1) for w in self.views)


def _per_model(factor):
    """(K, 1) -> (K,), (1,) -> (); numbers stay."""
    return factor.squeeze(-1) if isinstance(factor, torch.Tensor) else factor


def _sum_of_squares(norms):
    return sum(norm.square() for norm in norms)


def _stacked(values, like):
    """Numbers, then (K,) tensors, of S steps, to multiply norms (S, K) or (S,)."""
    numbers = [v for v in values if not isinstance(v, torch.Tensor)]
    tensors = values[len(numbers) :]
    stacked = like.new_tensor(numbers)
    if like.dim() == 2:
        stacked = stacked.unsqueeze(-1)
    if not tensors:
        return stacked
    return torch.cat([stacked.expand(-1, *like.shape[1:]), torch.stack(tensors)])
