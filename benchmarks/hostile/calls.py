"""Run a case, and see what it leaves behind."""

import copy
import pickle
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import ModuleType

import numpy as np
import torch
from scipy import sparse
from sklearn.base import clone

from .expressions import evaluate

COPIES = {
    "clone": clone,
    "pickle": lambda model: pickle.loads(pickle.dumps(model)),
    "deepcopy": copy.deepcopy,
    "repr": lambda model: repr(model) and model,
}


@dataclass
class Result:
    """What a step gave: a value or an error, and what it changed that it must not."""

    value: object = None
    error: Exception | None = None
    changed: list = field(default_factory=list)


def run(model, steps, watch=True):
    """Results of the steps, called on a model one after another.

    With ``watch`` they tell what changed.
    """
    results = []
    for step in steps:
        arguments = {name: evaluate(text) for name, text in step.arguments}
        watched = watch and step.method not in (*COPIES, "set_params")
        if watched:
            before = frozen(arguments), fitted(model), frozen(parameters_of(model))
        result = Result()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                if step.method in COPIES:
                    model = COPIES[step.method](model)
                else:
                    result.value = getattr(model, step.method)(**arguments)
            except Exception as error:
                result.error = error
        if watched:
            result.changed = changes(step, model, arguments, before, result.error)
        results.append(result)
    return results


def changes(step, model, arguments, before, error):
    """Names of what a step changed and must not change."""
    changed = []
    if frozen(arguments) != before[0]:
        changed.append("arguments")
    if frozen(parameters_of(model)) != before[2]:
        changed.append("parameters")
    if error is not None or not step.method.startswith(("fit", "partial_fit")):
        after = fitted(model)
        names = before[1].keys() | after.keys()
        changed += sorted(n for n in names if before[1].get(n) != after.get(n))
    return changed


def parameters_of(model):
    """Parameters, but for generators, whose state moves on; none of a pipeline."""
    if hasattr(model, "steps"):
        return {}
    moving = np.random.RandomState | np.random.Generator | Iterator
    parameters = model.get_params(deep=False)
    return {k: v for k, v in parameters.items() if not isinstance(v, moving)}


def fitted(model):
    """What fit set, attribute by attribute; nothing of a pipeline, which is stock."""
    if hasattr(model, "steps"):
        return {}
    parameters = model.get_params(deep=False)
    # what is made on demand and not pickled is no state
    state = {k: v for k, v in model.__getstate__().items() if k not in parameters}
    return {name: frozen(value) for name, value in state.items()}


def frozen(value, seen=None):
    """A value as something that compares by contents; what comes again is named so."""
    seen = {} if seen is None else seen
    if isinstance(value, str | bytes | int | float | complex | type) or value is None:
        return type(value).__name__, repr(value)
    if id(value) in seen:
        return "again"
    seen[id(value)] = value  # kept, so that no other object gets its id
    if isinstance(value, np.ma.MaskedArray | ModuleType):
        return type(value).__name__, repr(value)
    if sparse.issparse(value):  # but for the flags that scipy keeps
        parts = [getattr(value, n, None) for n in ("data", "indices", "indptr")]
        return value.format, value.shape, frozen(parts, seen)
    if isinstance(value, torch.Tensor):
        dense = value.detach().to_dense() if value.is_sparse else value.detach()
        return str(value.dtype), tuple(value.shape), dense.double().numpy().tobytes()
    if isinstance(value, np.ndarray) and value.dtype != object:
        return type(value).__name__, value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, np.ndarray):
        return value.shape, tuple(frozen(v, seen) for v in value.flat)
    if isinstance(value, np.random.RandomState):
        return frozen(value.get_state(), seen)
    if isinstance(value, torch.nn.Module):
        return type(value).__name__, frozen(dict(value.state_dict()), seen)
    if isinstance(value, dict):
        return tuple((k, frozen(v, seen)) for k, v in value.items())
    if isinstance(value, list | tuple):
        return type(value).__name__, tuple(frozen(v, seen) for v in value)
    if hasattr(value, "to_numpy"):  # of pandas and polars
        return type(value).__name__, repr(value)
    if hasattr(value, "__dict__") and not callable(value):
        return type(value).__name__, frozen(vars(value), seen)
    if hasattr(value, "__slots__"):
        slots = [getattr(value, name, None) for name in value.__slots__]
        return type(value).__name__, frozen(slots, seen)
    return type(value).__name__, repr(value)
