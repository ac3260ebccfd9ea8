"""Plain data in a file: written as a whole or not at all, and checked when read."""

import json
import os
import threading
from hashlib import blake2b
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

MAGIC = b"sknn_course result 1\n"
KINDS = "biufU"  # of the arrays: numbers, truth values and texts, no objects
PARTIAL = ".partial"  # ends the names of files that are being written


class DamagedFile(ValueError):
    """A file does not hold what was written."""


def write(path: Path, values: dict[str, Any]) -> int:
    """Write values to a file, which others see once it is complete.

    Parameters
    ----------
    path : Path
    values : dict
        Of plain values, lists, dicts with texts as keys, and arrays.

    Returns
    -------
    int
        Size in bytes.

    Raises
    ------
    OSError
    """
    arrays: list[np.ndarray] = []

    def describe(value: Any) -> Any:
        if isinstance(value, np.generic):
            return value.item()
        array = np.ascontiguousarray(value)
        if array.dtype.kind not in KINDS:
            raise TypeError(f"{type(value).__name__} is no plain data.")
        arrays.append(array)
        return {"array": [len(arrays) - 1, array.dtype.str, np.shape(value)]}

    head = json.dumps(values, default=describe).encode()
    body = b"".join([len(head).to_bytes(8, "little"), head, *(a.data for a in arrays)])
    content = MAGIC + blake2b(body, digest_size=16).digest() + body
    part = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}{PARTIAL}")
    try:
        try:
            part.write_bytes(content)
        except FileNotFoundError:
            part.parent.mkdir(parents=True, exist_ok=True)
            part.write_bytes(content)
        os.replace(part, path)
    except OSError:
        part.unlink(missing_ok=True)
        raise
    return len(content)


def read(path: Path) -> dict[str, Any]:
    """The values of a file that `write` has written.

    Nothing in the file is run, whoever has written it.

    Raises
    ------
    OSError
    DamagedFile
    """
    content = path.read_bytes()
    start = len(MAGIC) + 16
    body = content[start:]
    digest = blake2b(body, digest_size=16).digest()
    if content[:start] != MAGIC + digest:
        raise DamagedFile(f"{path} is damaged.")
    try:
        n_head = int.from_bytes(body[:8], "little")
        place = 8 + n_head
        arrays: list[np.ndarray] = []

        def take(value: dict) -> Any:
            nonlocal place
            if set(value) != {"array"}:
                return value
            number, dtype, shape = value["array"]
            dtype = np.dtype(dtype)
            if number != len(arrays) or dtype.kind not in KINDS:
                raise ValueError
            values = np.frombuffer(body, dtype, prod(shape), place)
            place += values.nbytes
            arrays.append(values.reshape(shape).copy())
            return arrays[-1]

        return json.loads(body[8 : 8 + n_head], object_hook=take)
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise DamagedFile(f"{path} does not hold a result.") from error
