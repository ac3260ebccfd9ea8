"""Weight penalties of the training loss and their gradients.

    alpha / (2 sum of sample weights) sum w^2  +  l1 sum |w|  +  l2 sum w^2

over weights (and biases for l1 and l2 if ``penalize_bias``); the first term is
scikit-learn's. Decoupled decay p -= lr weight_decay p [1]_ acts beside the solver.

References
----------
.. [1] I. Loshchilov, F. Hutter, "Decoupled weight decay", ICLR 2019.
"""

import torch

from .optimizers import add_scaled_


class Penalties:
    """Penalties of a stack of networks.

    Parameters
    ----------
    layout : ParameterLayout
    flat, grad : tensor of shape (K, n_parameters) or (n_parameters,)
    h : namespace
        Collapsed ``alpha``, ``l1``, ``l2``, ``weight_decay``.
    penalize_bias : bool
    """

    def __init__(self, layout, flat, grad, h, penalize_bias):
        n_weights, n_biases = layout.n_weights, layout.n_biases
        self.weights, self.weights_grad = flat[..., :n_weights], grad[..., :n_weights]
        n_plain = n_weights + n_biases if penalize_bias else n_weights
        self.plain, self.plain_grad = flat[..., :n_plain], grad[..., :n_plain]
        self.alpha, self.l1, self.l2 = h.alpha, h.l1, h.l2
        self.weight_decay = h.weight_decay
        self.has_alpha, self.has_l1, self.has_l2 = (
            isinstance(x, torch.Tensor) or x != 0 for x in (h.alpha, h.l1, h.l2)
        )
        self.active = self.has_alpha or self.has_l1 or self.has_l2
        self.decays = isinstance(h.weight_decay, torch.Tensor) or h.weight_decay != 0

    def add_gradient(self, inverse_total_weight):
        """Add to the gradient; the argument is 1 / sum of the batch's weights."""
        if self.has_alpha:
            add_scaled_(
                self.weights_grad, self.weights, self.alpha * inverse_total_weight
            )
        if self.has_l2:
            add_scaled_(self.plain_grad, self.plain, 2 * self.l2)
        if self.has_l1:
            add_scaled_(self.plain_grad, self.plain.sign(), self.l1)

    def norms(self):
        """Sum w^2 (for alpha), sum w^2 (for l2), sum |w|: those that are active."""
        norms = []
        if self.has_alpha:
            norms.append(_squares(self.weights))
        if self.has_l2:
            norms.append(_squares(self.plain))
        if self.has_l1:
            norms.append(self.plain.abs().sum(-1))
        return norms

    def total(self, norms, n_rows, inverse_totals):
        """Penalties of an epoch's batches, each times the rows of its batch, summed.

        Parameters
        ----------
        norms : list of lists of tensors
            `norms` before each step.
        n_rows : list of float or tensor of shape (K,)
            Rows of each batch.
        inverse_totals : list of float or tensor of shape (K, 1)
            1 / sum of sample weights of each batch.

        Returns
        -------
        tensor of shape (K,) or (), or 0.0
        """
        total = 0.0
        by_norm = [torch.stack(values) for values in zip(*norms, strict=True)]
        if self.has_alpha:
            shares = _stacked(
                [
                    n * _per_model(i)
                    for n, i in zip(n_rows, inverse_totals, strict=True)
                ],
                self.weights,
            )
            half_alpha = 0.5 * _per_model(self.alpha)
            total = total + (by_norm.pop(0) * shares).sum(0) * half_alpha
        for strength, active in ((self.l2, self.has_l2), (self.l1, self.has_l1)):
            if active:
                rows = _stacked(n_rows, self.weights)
                total = total + (by_norm.pop(0) * rows).sum(0) * _per_model(strength)
        return total

    def decay(self, lr):
        """p -= lr weight_decay p"""
        self.plain.mul_(1 - lr * self.weight_decay)


def _squares(w):
    return torch.dot(w, w) if w.dim() == 1 else torch.linalg.vecdot(w, w)


def _per_model(factor):
    """(K, 1) -> (K,); numbers stay."""
    return factor.squeeze(-1) if isinstance(factor, torch.Tensor) else factor


def _stacked(values, like):
    """Numbers or (K,) tensors of S steps -> (S, 1) or (S, K), or (S,) for one."""
    if isinstance(values[0], torch.Tensor):
        return torch.stack(values).to(like.dtype)
    stacked = like.new_tensor(values)
    return stacked if like.dim() == 1 else stacked.unsqueeze(-1)
