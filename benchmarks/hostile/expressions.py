"""Arguments as Python expressions, so that a case can be printed and run again.

`evaluate` makes objects of them. "@" in a form of data stands for good data.
"""

from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import torch
from scipy import sparse

from sknn_course import layers

FORMS = Path(__file__).with_name("forms")
N_ROWS, N_FEATURES, SIDE = 12, 4, 4  # images have SIDE x SIDE pixels


def rows(n=N_ROWS, p=N_FEATURES, seed=0):
    """Normal numbers."""
    return np.random.default_rng(seed).standard_normal((n, p))


def images(n=N_ROWS, *shape, seed=0):
    """Normal numbers, (n, 1, SIDE, SIDE) where no shape is given."""
    return np.random.default_rng(seed).standard_normal((n, *(shape or (1, SIDE, SIDE))))


def labels(n=N_ROWS, k=2):
    """Classes 0, 1, ... in turn."""
    return np.arange(n) % k


def multilabel(n=N_ROWS, k=3):
    """Indicators of labels, some rows with none and some with all."""
    return np.arange(n)[:, None] >> np.arange(k) & 1


def numbers(n=N_ROWS, *outputs):
    """Targets of a regression."""
    return np.random.default_rng(1).random((n, *outputs)) + 0.5


def put(array, value, dtype=None):
    """A copy with one other value."""
    array = np.array(array, dtype=dtype)
    array[(len(array) // 2,) + (0,) * (array.ndim - 1)] = value
    return array


def frame(X, **columns):
    """A DataFrame with columns a, b, ..., some of them other ones."""
    names = [chr(97 + i) for i in range(np.shape(X)[1])]
    return pd.DataFrame(X, columns=names).assign(**columns)


def csr(X, **parts):
    """A CSR matrix whose parts were written over without a check."""
    matrix = sparse.csr_matrix(X)
    for name, value in parts.items():
        getattr(matrix, name)[-1] = value
    return matrix


def is_broken(text):
    """Whether an expression is of a matrix that scikit-learn reads out of bounds."""
    if not text.startswith("csr("):
        return False
    X = evaluate(text)
    outside = (X.indices < 0) | (X.indices >= X.shape[1])
    return bool(
        outside.any() or (np.diff(X.indptr) < 0).any() or X.indptr[-1] > len(X.indices)
    )


class Refusing:
    """Looks like an array until somebody reads it."""

    shape = (N_ROWS, N_FEATURES)

    def __len__(self):
        return N_ROWS

    def __array__(self, *args, **kwargs):
        raise RuntimeError("no array today")

    def __repr__(self):
        return "Refusing()"


class Ints(int):
    """A subclass of int."""


NAMES = {
    "Decimal": Decimal,
    "Fraction": Fraction,
    "Ints": Ints,
    "Refusing": Refusing,
    "csr": csr,
    "frame": frame,
    "images": images,
    "labels": labels,
    "layers": layers,
    "multilabel": multilabel,
    "np": np,
    "numbers": numbers,
    "pd": pd,
    "pl": pl,
    "put": put,
    "rows": rows,
    "sparse": sparse,
    "torch": torch,
    "nan": np.nan,
    "inf": np.inf,
}


def evaluate(expression):
    """A new object at each call."""
    return eval(expression, dict(NAMES))  # noqa: S307, expressions of ours alone


def read(name):
    """The expressions of one of the files under ``forms``."""
    return (FORMS / f"{name}.txt").read_text("utf-8").splitlines()


#: Bad and odd values of any kind, for any parameter, and more for some.
VALUES = read("values")
VALUES_OF = {}
for line in read("parameters"):
    VALUES_OF.setdefault(line.split()[0], []).append(line.split(maxsplit=1)[1])

#: Forms of data, for `formed`.
ROWS, IMAGES, CLASSES, TARGETS = map(read, ("rows", "images", "classes", "targets"))
WEIGHTS, CLASS_LISTS = map(read, ("weights", "class_lists"))


def formed(form, good):
    """The expression that a form makes of the expression of good data."""
    return form.replace("@", good)
