"""Fitted networks as plain arrays, and networks of the same weights from them."""

import json
import warnings

import numpy as np
from sklearn.base import is_classifier

from .._estimator.base import NeuralEstimator
from .training import make_estimators, prepare, targets

FORMAT = 2
WEIGHTS = ("coefs_", "intercepts_", "_other_arrays")
RECORDED = ("n_iter_", "t_", "loss_", "loss_curve_")


def to_arrays(estimators, seed):
    """What `from_arrays` needs.

    Parameters
    ----------
    estimators : list of estimator or None
        One for each repetition, None where it failed.
    seed : int
        Of the first repetition.

    Returns
    -------
    dict of str to ndarray, or None
        Of numbers, and one of text. None if one of the estimators is no network:
        the others are soon fitted again.
    """
    arrays, recorded = {}, []
    for r, one in enumerate(estimators):
        if one is None:
            recorded.append(None)
            continue
        if not isinstance(one, NeuralEstimator):
            return None
        recorded.append(
            {name: getattr(one, name) for name in RECORDED if hasattr(one, name)}
        )
        for name in WEIGHTS:
            for place, array in enumerate(getattr(one, name)):
                arrays[f"{r}/{name}/{place}"] = array
    header = {"format": FORMAT, "seed": seed, "networks": recorded}
    return arrays | {"header": np.array(json.dumps(header))}


def from_arrays(arrays, training, data, scale, device):
    """The networks of a training, of which `to_arrays` gave the arrays.

    They are made by a fit to a few rows, whose weights are then replaced.

    Parameters
    ----------
    arrays : dict of str to ndarray
    training : Training
    data : Bunch
        As from `sknn_course.course.data.load`.
    scale : {'quick', 'full'}
    device : str

    Returns
    -------
    list of estimator or None

    Raises
    ------
    ValueError
        If the arrays are not of networks of this training.
    """
    try:
        header = json.loads(str(arrays["header"]))
        if header["format"] != FORMAT:
            raise ValueError(f"the format {header['format']!r} is unknown")
        networks = header["networks"]
        estimators = make_estimators(
            training, scale, len(networks), int(header["seed"]), device
        )
        X, y = prepare(training, data, scale).train
        y = targets(training, y)
        restored = []
        for r, (one, recorded) in enumerate(zip(estimators, networks, strict=True)):
            own = {
                name.removeprefix(f"{r}/"): array
                for name, array in arrays.items()
                if name.startswith(f"{r}/")
            }
            restored.append(recorded and _restore(one, X, y, own, recorded))
        return restored
    except (KeyError, TypeError, AttributeError) as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"not of networks of this row: {reason}") from error


def _restore(estimator, X, y, arrays, recorded):
    if not all(np.isfinite(array).all() for array in arrays.values()):
        raise ValueError("it holds weights that are not finite")
    few = slice(2)
    if is_classifier(estimator):  # a row of each class
        few = np.unique(y, axis=0, return_index=True)[1]
    max_iter = estimator.max_iter
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of few rows, and of one epoch
        estimator.set_params(max_iter=1).fit(X[few], y[few])
    estimator.set_params(max_iter=max_iter)
    for name in WEIGHTS:
        own = getattr(estimator, name)
        kept = [arrays[f"{name}/{place}"] for place in range(len(own))]
        for one, other in zip(own, kept, strict=True):
            if (one.shape, one.dtype) != (other.shape, other.dtype):
                raise ValueError(f"it holds {other.shape} where {one.shape} is needed")
        setattr(estimator, name, kept)
    for name in RECORDED:
        if name in recorded:
            is_curve = isinstance(getattr(estimator, name), list)
            value = recorded[name]
            setattr(estimator, name, [*map(float, value)] if is_curve else float(value))
    estimator.n_iter_ = int(estimator.n_iter_)
    estimator.t_ = int(estimator.t_)
    return estimator
