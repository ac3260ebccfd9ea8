"""Random numbers from counters, in tensor operations.

A number is a hash of (seed, step, layer, row, unit), so that it depends neither on
the device nor on which other networks are trained in the same stack nor on the
place of a row in its batch. Equal rows draw equal numbers within one step: a
row of weight 2 trains exactly as the row repeated.
"""

import torch

_MIX_1 = -2048144789  # 0x85ebca6b, the finaliser of MurmurHash3 (A. Appleby)
_MIX_2 = -1028477387  # 0xc2b2ae35
_GOLDEN = -1640531527  # 0x9e3779b9, 2**32 / golden ratio


def mix(h):
    """Hash 32-bit integers in place, each output bit depending on all input bits.

    Parameters
    ----------
    h : int32 tensor

    Returns
    -------
    int32 tensor, ``h`` itself
    """
    h.bitwise_xor_((h >> 16).bitwise_and_(0xFFFF)).mul_(_MIX_1)
    h.bitwise_xor_((h >> 13).bitwise_and_(0x7FFFF)).mul_(_MIX_2)
    return h.bitwise_xor_((h >> 16).bitwise_and_(0xFFFF))


def row_keys(X):
    """One 32-bit key per row, from the row's content.

    Parameters
    ----------
    X : float tensor of shape (n_rows, ...)

    Returns
    -------
    int32 tensor of shape (n_rows,)
    """
    X = X.flatten(1).contiguous().float() + 0.0  # -0.0 and 0.0 are equal
    bits = X.view(torch.int32)  # (n_rows, n_values)
    place = torch.arange(bits.shape[1], dtype=torch.int32, device=X.device)
    salt = mix(place.add_(1).mul_(_GOLDEN))
    return mix(mix(bits ^ salt).sum(1, dtype=torch.int32))


def step_keys(rows, seed, step):
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


def _signed(number):
    """The signed 32-bit number with the lowest 32 bits of a Python integer."""
    return (number + 2**31) % 2**32 - 2**31


def unit_bits(keys, shape, salt):
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
    n_units = 1
    for side in shape:
        n_units *= side
    unit = torch.arange(n_units, dtype=torch.int32, device=keys.device)
    unit = mix(unit.add_(1 + (salt << 24)).mul_(_GOLDEN))
    return mix(keys.unsqueeze(-1) ^ unit).unflatten(-1, shape)


def keep_mask(bits, rate, dtype):
    """Inverted dropout mask: 0 with probability ``rate``, else 1 / (1 - rate).

    Parameters
    ----------
    bits : int32 tensor
    rate : float, or float64 tensor that broadcasts with the bits
    dtype : torch.dtype

    Returns
    -------
    tensor of the shape of ``bits``, the same for a tensor's rates as for each alone
    """
    scale = 1 / (1 - rate)
    if isinstance(rate, float):
        threshold = int(rate * 2**32) - 2**31
    else:
        threshold = (rate * 2**32).long().sub_(2**31).int()
        scale = scale.to(dtype)
    return (bits >= threshold).to(dtype).mul_(scale)


def uniform(bits, dtype):
    """Numbers in (0, 1) from the upper 23 bits, exact in float32."""
    return (bits >> 9).bitwise_and_(0x7FFFFF).to(dtype).add_(0.5).mul_(2.0**-23)


def normal(bits, dtype):
    """Standard normal numbers, by inversion of the distribution function."""
    # x = sqrt(2) erfinv(2 u - 1)
    return uniform(bits, dtype).mul_(2).sub_(1).erfinv_().mul_(2**0.5)
