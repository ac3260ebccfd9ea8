"""Random numbers from counters, in tensor operations.

A number is a hash of (seed, step, layer, row, unit), so that it depends neither on
the device nor on which other networks are trained in the same stack nor on the
place of a row in its batch. Equal rows draw equal numbers within one step: a
row of weight 2 trains exactly as the row repeated.
"""

from functools import partial
from math import prod
from typing import Any

import torch
from torch import Tensor

from ..cost_model import COSTS

_GOLDEN = -1640531527  # 0x9e3779b9, 2**32 / golden ratio
# Shifts, their masks and factors (0x85ebca6b, 0xc2b2ae35) of the finaliser of
# MurmurHash3 (A. Appleby). An operation on few numbers takes a tensor in half of the
# time that it needs with Python's numbers.
_FINALISER = (16, 0xFFFF, -2048144789, 13, 0x7FFFF, -1028477387)
_FINALISER_ON_CPU = torch.tensor(_FINALISER, dtype=torch.int32, device="cpu").unbind()
_INTEGERS = {torch.float32: torch.int32, torch.float64: torch.int64}  # as wide


def mix(h: Tensor, spare: Tensor | None = None) -> Tensor:
    """Hash 32-bit integers in place, each output bit depending on all input bits.

    Parameters
    ----------
    h : int32 tensor
    spare : int32 tensor of the shape of ``h``, or None
        Memory for what lies between.

    Returns
    -------
    int32 tensor, ``h`` itself
    """
    finaliser = _FINALISER_ON_CPU if h.device.type == "cpu" else _FINALISER
    shift, low, factor, shift_2, low_2, factor_2 = finaliser
    shifted = partial(torch.bitwise_right_shift, h, out=spare)
    h.bitwise_xor_(shifted(shift).bitwise_and_(low)).mul_(factor)
    h.bitwise_xor_(shifted(shift_2).bitwise_and_(low_2)).mul_(factor_2)
    return h.bitwise_xor_(shifted(shift).bitwise_and_(low))


def row_keys(X: Tensor) -> Tensor:
    """One 32-bit key per row, from the row's content.

    Parameters
    ----------
    X : float tensor of shape (n_rows, ...)

    Returns
    -------
    int32 tensor of shape (n_rows,)
    """
    X = X.flatten(1)
    words = column_words(X.shape[1], X.device)
    keys = []
    for part in X.split(max(1, COSTS.random_keys // X.shape[1])):
        part = part.contiguous().float() + 0.0  # -0.0 and 0.0 are equal
        bits = part.view(torch.int32)  # (n_rows, n_values)
        keys.append(mix(mix(bits ^ words).sum(1, dtype=torch.int32)))
    return torch.cat(keys)


def column_words(n_values: int, device: torch.device | str) -> Tensor:
    """What `row_keys` tells the places of a row by, int32 tensor (n_values,)."""
    place = torch.arange(n_values, dtype=torch.int32, device=device)
    return mix(place.add_(1).mul_(_GOLDEN))


def step_keys(rows: Tensor, seed: int | Tensor, step: int | Tensor) -> Tensor:
    """Keys of the rows in one training step.

    Parameters
    ----------
    rows : int32 tensor of shape (..., n_rows)
    seed, step : int or int32 tensor of shape (..., 1)

    Returns
    -------
    int32 tensor of shape (..., n_rows)
    """
    word = seed + (_signed(step * _GOLDEN) if isinstance(step, int) else step * _GOLDEN)
    if isinstance(word, int):
        word = _signed(word)
    return mix(mix(rows ^ word).add_(word))


def _signed(number: int) -> int:
    """The signed 32-bit number with the lowest 32 bits of a Python integer."""
    return (number + 2**31) % 2**32 - 2**31


def unit_bits(keys: Tensor, shape: tuple[int, ...], salt: int) -> Tensor:
    """Hashes for every unit of every row.

    Parameters
    ----------
    keys : int32 tensor of shape (..., n_rows)
    shape : tuple of int
        Shape of one row.
    salt : int
        Tells the layers of a network apart.

    Returns
    -------
    int32 tensor of shape (..., n_rows, *shape), uniform over all 32-bit numbers
    """
    return hash_units(keys, unit_words(shape, salt, keys.device))


def unit_words(shape: tuple[int, ...], salt: int, device: torch.device | str) -> Tensor:
    """What `unit_bits` hashes with the rows' keys, int32 tensor of shape ``shape``."""
    word = torch.arange(prod(shape), dtype=torch.int32, device=device)
    return mix(word.add_(1 + (salt << 24)).mul_(_GOLDEN)).view(shape)


def hash_units(
    keys: Tensor, words: Tensor, out: Tensor | None = None, spare: Tensor | None = None
) -> Tensor:
    """As `unit_bits`, with the words of the units, shape (..., n_rows, *shape).

    ``out`` and ``spare``, of this shape, are memory for the result and for what lies
    between.
    """
    keys = keys.view(*keys.shape, *[1] * words.dim())
    return mix(torch.bitwise_xor(keys, words, out=out), spare)


def keep_rule(rate: Any, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """What `keep_mask` needs to drop units with probability ``rate``.

    Parameters
    ----------
    rate : float, or tensor that broadcasts with the bits
    dtype : torch.dtype
        Of the mask.

    Returns
    -------
    threshold : int32 tensor
        Of the bits that are kept.
    scale : tensor of type ``dtype``
        1 / (1 - rate).
    """
    rate = torch.as_tensor(rate, dtype=torch.float64)
    return (rate * 2**32).long().sub_(2**31).int(), (1 / (1 - rate)).to(dtype)


def keep_mask(
    bits: Tensor, threshold: Tensor, scale: Tensor, out: Tensor | None = None
) -> Tensor:
    """Inverted dropout mask: 0 with probability ``rate``, else 1 / (1 - rate).

    Parameters
    ----------
    bits : int32 tensor
    threshold, scale : tensor
        From `keep_rule`.
    out : tensor of the shape of ``bits`` and the type of ``scale``, or None
        Memory for the mask.

    Returns
    -------
    tensor of the shape of ``bits``, the same for a tensor's rates as for each alone
    """
    mask = bits.new_empty(bits.shape, dtype=scale.dtype) if out is None else out
    # 0 or 1 times the bits of the scale, as integers: comparing into floats is slow
    integer = _INTEGERS[mask.dtype]
    torch.ge(bits, threshold, out=mask.view(integer)).mul_(scale.view(integer))
    return mask


def uniform(bits: Tensor, dtype: torch.dtype) -> Tensor:
    """Numbers in (0, 1) from the upper 23 bits, exact in float32."""
    return (bits >> 9).bitwise_and_(0x7FFFFF).to(dtype).add_(0.5).mul_(2.0**-23)


def normal(bits: Tensor, dtype: torch.dtype) -> Tensor:
    """Standard normal numbers, by inversion of the distribution function."""
    # x = sqrt(2) erfinv(2 u - 1)
    return uniform(bits, dtype).mul_(2).sub_(1).erfinv_().mul_(2**0.5)
