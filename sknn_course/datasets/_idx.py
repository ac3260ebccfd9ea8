"""The IDX format of the MNIST files."""

import gzip
import math
import zlib

import numpy as np

UNSIGNED_BYTE = 8  # third byte of the magic number: the type of the values
GZIP_MAGIC = b"\x1f\x8b"


def read_idx(path, record_shape=()):
    """Read an IDX file of unsigned bytes, gzip-packed or not.

    The file begins with two zero bytes, the type, the number of dimensions and the
    big-endian 32-bit size of each dimension; the values follow in C order.

    Parameters
    ----------
    path : pathlib.Path
    record_shape : tuple of int, default=()
        Shape of one record, so all sizes but the first.

    Returns
    -------
    ndarray of shape (n_records, *record_shape), dtype uint8

    Raises
    ------
    ValueError
        If the file is damaged or of other content. The message names the file.

    References
    ----------
    LeCun, Cortes and Burges, "The MNIST database of handwritten digits", section
    "File formats".
    """
    content = _read_bytes(path)
    magic = bytes([0, 0, UNSIGNED_BYTE, 1 + len(record_shape)])
    n_header = 4 + 4 * (1 + len(record_shape))
    if content[:4] != magic:
        raise ValueError(
            f"{path} is not the expected IDX file: it begins with the bytes "
            f"{content[:4].hex(' ')!r} instead of {magic.hex(' ')!r}."
        )
    if len(content) < n_header:
        raise ValueError(f"{path} is truncated: its header has {n_header} bytes.")
    n_records, *shape = np.frombuffer(content[4:n_header], dtype=">u4").tolist()
    if tuple(shape) != record_shape:
        raise ValueError(
            f"{path} holds records of shape {tuple(shape)} instead of {record_shape}."
        )
    n_expected = n_header + n_records * math.prod(record_shape)
    if len(content) != n_expected:
        raise ValueError(
            f"{path} is truncated or damaged: it has {len(content)} bytes instead "
            f"of {n_expected} for the {n_records} records that its header promises."
        )
    values = np.frombuffer(content, dtype=np.uint8, offset=n_header)
    return values.reshape(n_records, *record_shape).copy()  # writable


def _read_bytes(path):
    content = path.read_bytes()
    if not content.startswith(GZIP_MAGIC):
        return content
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"{path} is truncated or damaged: {error}") from error
