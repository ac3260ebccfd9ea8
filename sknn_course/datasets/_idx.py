"""The IDX format of the MNIST files."""

import gzip
import math
import zlib

import numpy as np

UNSIGNED_BYTE = 8  # third byte of the magic number: the type of the values
GZIP_MAGIC = b"\x1f\x8b"
MOST_VALUES = 2**31  # 45 times the images of MNIST


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
    magic = bytes([0, 0, UNSIGNED_BYTE, 1 + len(record_shape)])
    n_header = 4 + 4 * (1 + len(record_shape))
    try:
        with _open(path) as file:
            header = file.read(n_header)
            if header[:4] != magic:
                raise ValueError(
                    f"{path} is not the expected IDX file: it begins with the bytes "
                    f"{header[:4].hex(' ')!r} instead of {magic.hex(' ')!r}."
                )
            if len(header) < n_header:
                raise ValueError(
                    f"{path} is truncated: its header has {n_header} bytes."
                )
            n_records, *shape = np.frombuffer(header[4:], dtype=">u4").tolist()
            if tuple(shape) != record_shape:
                raise ValueError(
                    f"{path} holds records of shape {tuple(shape)} instead of "
                    f"{record_shape}."
                )
            n_values = n_records * math.prod(record_shape)
            if n_values > MOST_VALUES:
                raise ValueError(
                    f"{path} promises {n_records} records, which are {n_values} bytes: "
                    f"more than {MOST_VALUES} are not read."
                )
            # no more than promised is unpacked, whatever is packed
            content = file.read(n_values + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"{path} is truncated or damaged: {error}") from error
    if len(content) != n_values:
        found = "more" if len(content) > n_values else n_header + len(content)
        raise ValueError(
            f"{path} is truncated or damaged: it has {found} bytes instead of "
            f"{n_header + n_values} for the {n_records} records that its header "
            "promises."
        )
    values = np.frombuffer(content, dtype=np.uint8)
    return values.reshape(n_records, *record_shape).copy()  # writable


def _open(path):
    with path.open("rb") as file:
        is_packed = file.read(2) == GZIP_MAGIC
    return (gzip.open if is_packed else open)(path, "rb")
