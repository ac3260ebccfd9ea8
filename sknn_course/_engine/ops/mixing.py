"""Mixing of each image and its target with another row of the batch.

The numbers of a row are drawn from its key; the partner is a row of the same
network's batch, so that a network mixes the same alone and in a stack.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from scipy import special
from torch import Tensor

from .counter_random import uniform, unit_bits

QUANTILE_BITS = 12


@lru_cache(maxsize=16)
def beta_quantiles(alpha, dtype, device):
    """Equally likely values of the distribution Beta(alpha, alpha).

    Parameters
    ----------
    alpha : float
    dtype : torch.dtype
    device : torch.device

    Returns
    -------
    tensor of shape (4096,), ascending

    Examples
    --------
    >>> import torch
    >>> from sknn_course._engine.ops.mixing import beta_quantiles
    >>> quantiles = beta_quantiles(0.4, torch.float64, torch.device("cpu"))
    >>> quantiles[0].item() < 1e-6, round(quantiles[1023].item(), 2)
    (True, 0.1)
    """
    n = 2**QUANTILE_BITS
    values = special.betaincinv(alpha, alpha, (np.arange(n) + 0.5) / n)
    return torch.tensor(values, dtype=dtype, device=device)


def boxes(x, bits, lengths):
    """Boxes around random pixels. What lies over the border is cut off.

    Parameters
    ----------
    x : tensor of shape (n, C, H, W)
    bits : int32 tensor of shape (n, 2)
        Random; choose row and column of the centre.
    lengths : two of int, or of integer tensor of shape (n, 1)
        Height and width.

    Returns
    -------
    bool tensor of shape (n, 1, H, W)
    """
    inside = []
    for side, centre, length in zip(x.shape[2:], bits.unbind(1), lengths, strict=True):
        centre = centre.remainder(side).unsqueeze(1)  # (n, 1)
        offset = torch.arange(side, device=x.device) - centre + length // 2
        inside.append((0 <= offset) & (offset < length))  # (n, side)
    return (inside[0].unsqueeze(2) & inside[1].unsqueeze(1)).unsqueeze(1)


def mixup(
    x: Tensor, other: Tensor, share: Tensor, bits: Tensor
) -> tuple[Tensor, Tensor]:
    """share x + (1 - share) other, the share drawn from Beta(alpha, alpha)."""
    return torch.lerp(other, x, share.view(-1, 1, 1, 1)), share


def cutmix(
    x: Tensor, other: Tensor, share: Tensor, bits: Tensor
) -> tuple[Tensor, Tensor]:
    """A box of the other image in place of x; its area then makes the share."""
    # height = H sqrt(1 - share), width = W sqrt(1 - share)
    root = (1 - share).sqrt().unsqueeze(1)  # (n, 1)
    box = boxes(x, bits, [(side * root).long() for side in x.shape[2:]])
    return torch.where(box, other, x), 1 - box.to(x.dtype).mean((1, 2, 3))


@dataclass(frozen=True)
class Mixing:
    """Mix rows of a batch with rows of the same batch.

    Parameters
    ----------
    mix : callable
        Function of x and other (n, C, H, W), share (n,) and bits (n, 2), that gives
        mixed images and the share of x in them.
    alpha : float
        Of the distribution Beta(alpha, alpha) of the share of the row itself.
    salt : int
        Tells draws of one step apart.
    """

    mix: Callable[..., tuple[Tensor, Tensor]]
    alpha: float
    salt: int

    def __call__(self, x, y, keys, weight=None):
        """Mixed rows.

        Parameters
        ----------
        x : float tensor of shape (n, C, H, W)
        y : float tensor of shape (n, n_outputs) or None
            One-hot or 0/1 indicators of classes, or numbers.
        keys : int32 tensor of shape (n,)
        weight : float tensor of shape (n,) or None
            Weights of the rows. A row is drawn as partner in proportion to its
            weight, as it would be if repeated; without weight it never is.

        Returns
        -------
        x, y : tensors of the shapes and dtypes given
            ``y`` is ``share * y + (1 - share) * y[partner]``.
        """
        bits = unit_bits(keys, (4,), self.salt)  # (n, 4)
        partner = _partners(
            bits[:, 0], x.new_ones(len(x)) if weight is None else weight
        )
        place = (bits[:, 1] >> (32 - QUANTILE_BITS)) + 2 ** (QUANTILE_BITS - 1)
        share = beta_quantiles(self.alpha, x.dtype, x.device)[place]
        x, share = self.mix(x, x[partner], share, bits[:, 2:])
        return x, None if y is None else torch.lerp(y[partner], y, share.unsqueeze(1))


def _partners(bits, weight):
    """Places of rows, drawn in proportion to their weights."""
    total = weight.cumsum(0)  # (n,)
    # not 0, so that it never meets the sum before the first row with weight
    return torch.searchsorted(total, uniform(bits, weight.dtype) * total[-1])
