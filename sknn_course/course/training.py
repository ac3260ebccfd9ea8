"""Training what a `Training` describes, all of one call together."""

import inspect
import warnings
from dataclasses import dataclass, field
from math import inf, nan
from time import perf_counter

import numpy as np
from joblib import Parallel, delayed, parallel_config
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import Bunch

from .._engine import DivergedError
from .._identity import Same
from ..parallel import CallAborted
from .cost import estimate
from .experiment import TrainingResult
from .metrics import PARTS, curves, measure

NO_STOPPING = {"tol": 0, "n_iter_no_change": inf, "alpha": 0}
FEWEST_EVALUATED = 1000  # validation and test rows of the quick scale
ALL_BYTES = 2**40  # the repetitions share their rows, which the backend cannot know


def run_settings(context, repetition=0):
    """What a study's network has from its run: no early stop, seed, device."""
    seed = context.seed + repetition
    return {**NO_STOPPING, "random_state": seed, "device": context.device}


def n_epochs(training, scale):
    """Epochs at a scale, and those of the sheet; 0 where there are none."""
    sheets = training.params.get("max_iter", 0)
    return min(getattr(training, scale).get("epochs", sheets), sheets), sheets


def make_estimators(training, scale, repeats, seed, device):
    """One estimator for each repetition, of which the seed alone differs.

    Parameters
    ----------
    training : Training
    scale : {'quick', 'full'}
    repeats, seed : int
    device : str

    Returns
    -------
    list of estimators
    """
    estimator = training.estimator(**training.params)
    known = estimator.get_params()
    seed += training.seed_offset
    given = {}
    if "n_iter_no_change" in known:  # a network
        names = ["alpha"] if known["solver"] == "lbfgs" else list(NO_STOPPING)
        given = {one: NO_STOPPING[one] for one in names if one not in training.params}
    if "max_iter" in training.params:
        given["max_iter"], sheets = n_epochs(training, scale)
        if "decay_epochs" in training.params:  # as far into the training as the sheet's
            share = given["max_iter"] / sheets
            given["decay_epochs"] = max(
                1, round(training.params["decay_epochs"] * share)
            )
    given |= {name: device for name in _named("device", known)}
    return [
        clone(estimator).set_params(
            **given, **dict.fromkeys(_named("random_state", known), seed + r)
        )
        for r in range(repeats)
    ]


def _named(parameter, known):
    """The parameter's names, also inside a pipeline."""
    return [name for name in known if name.split("__")[-1] == parameter]


def prepare(training, data, scale, transformed=None):
    """Cut a data set to the scale and transform it.

    Parameters
    ----------
    training : Training
    data : Bunch
        As from `sknn_course.course.data.load`.
    scale : {'quick', 'full'}
    transformed : dict, default=None
        Results of earlier calls, to be shared by equal ones.

    Returns
    -------
    Bunch
        ``train``, ``validation``, ``test``, ``sizes``, ``notes``.
    """
    rows = getattr(training, scale).get("rows")
    rows = None if rows is None or rows >= len(data.train[0]) else rows
    measured = rows and max(rows, FEWEST_EVALUATED) if scale == "quick" else None
    transformed = {} if transformed is None else transformed
    key = (training.data, rows, repr(training.transform))
    if key not in transformed:
        n = {"train": rows, "validation": measured, "test": measured}
        parts, made = {}, {}
        for part in PARTS:
            pair = data[part]
            if Same(pair) not in made:
                made[Same(pair)] = pair and tuple(one[: n[part]] for one in pair)
            parts[part] = made[Same(pair)]
        if training.transform is not None:
            parts = _transform(clone(training.transform), parts)
        transformed[key] = Bunch(**{**data, **parts})
    return transformed[key]


def _transform(transformer, parts):
    transformer.fit(*parts["train"])
    done = {}
    for pair in parts.values():
        if pair is not None and Same(pair) not in done:
            X = np.asarray(transformer.transform(pair[0]), dtype=np.float32)
            done[Same(pair)] = np.ascontiguousarray(X), pair[1]
    return {part: pair and done[Same(pair)] for part, pair in parts.items()}


@dataclass
class Trained:
    """What came of a `Training`.

    Attributes
    ----------
    result : TrainingResult
    estimators : list
        Fitted, one for each repetition; None where it failed.
    data : Bunch or None
        What they were fitted and measured on.
    stuck : list of bool
        Whether each predicts (nearly) one value for all test rows.
    diverged : list of int
        Repetitions that ended with numbers that are not finite.
    error : str
        What made training fail other than that, else ''.
    """

    result: TrainingResult
    estimators: list = field(default_factory=list)
    data: Bunch | None = None
    stuck: list = field(default_factory=list)
    diverged: list = field(default_factory=list)
    error: str = ""


def train_all(trainings, load, *, scale, repeats, seed, device):
    """Train all repetitions of several trainings in one call, stacked where it pays.

    Parameters
    ----------
    trainings : list of Training
    load : callable
        Takes a name of `sknn_course.course.data`, returns the data.
    scale : {'quick', 'full'}
    repeats : list of int
        Repetitions of each.
    seed : int
        Of the first repetition of each.
    device : str

    Returns
    -------
    list of Trained
        What fails in one does not harm the others.
    """
    transformed, prepared, tasks = {}, [], []
    for training, n in zip(trainings, repeats, strict=True):
        try:
            data = prepare(training, load(training.data), scale, transformed)
            estimators = make_estimators(training, scale, n, seed, device)
            more = _fit_params(training, estimators[0], data)
        except Exception as error:
            prepared.append((None, 0, describe(error), 0.0))
            continue
        y = targets(training, data.train[1])
        tasks += [(one, data.train[0], y, more) for one in estimators]
        epochs = n_epochs(training, scale)[0]
        prepared.append((data, n, "", n * estimate(training, data, None, epochs)))
    started = perf_counter()
    fits = fit_stacked(tasks)
    seconds = perf_counter() - started
    total = sum(one[-1] for one in prepared) or 1.0
    found = []
    for training, (data, n, error, cost) in zip(trainings, prepared, strict=True):
        own, fits = fits[:n], fits[n:]
        if error:
            result = TrainingResult({}, {}, 0, 0, 0.0)
            found.append(Trained(result, error=error))
        else:
            found.append(_collect(training, own, data, seconds * cost / total))
            found[-1].result.n_epochs = n_epochs(training, scale)[0]
    return found


def fit_stacked(tasks):
    """Fit estimators in one stacked call.

    Parameters
    ----------
    tasks : list of tuple
        (estimator, X, y, further arguments of ``fit``); the estimators are fitted.

    Returns
    -------
    list of tuple
        Each estimator and what it raised, or None.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # stopping is off
        with parallel_config("stacked", max_bytes=ALL_BYTES):
            return Parallel()(delayed(_fit)(*task) for task in tasks)


def _fit(estimator, X, y, fit_params):
    try:
        return estimator.fit(X, y, **fit_params), None
    except CallAborted:
        raise
    except Exception as error:
        return estimator, error


def _fit_params(training, estimator, data):
    """Further arguments of fit: validation or else test rows, to draw curves of."""
    more = dict(training.fit_params)
    takes = "X_val" in inspect.signature(estimator.fit).parameters
    if takes and estimator.solver != "lbfgs":
        X, y = data.test if data.validation is None else data.validation
        more |= {"X_val": X, "y_val": targets(training, y)}
    return more


def targets(training, y):
    """What a training learns: y, or its 0/1 indicators."""
    return np.eye(int(y.max()) + 1, dtype=int)[y] if training.one_hot else y


def _collect(training, fits, data, seconds):
    rows = len(data.train[0])
    trained = Trained(TrainingResult({}, {}, rows, 0, seconds), data=data)
    measured = []
    for r, (estimator, error) in enumerate(fits):
        if isinstance(error, DivergedError):
            trained.diverged.append(r)
        elif error is not None:
            trained.error = describe(error)
        if error is not None:
            measured.append(({}, {}))
            trained.estimators.append(None)
            trained.stuck.append(False)
            continue
        metrics, stuck = measure(
            estimator, data, training.one_hot, training.further_losses
        )
        of_epochs = curves(estimator, data.validation is not None, training.one_hot)
        measured.append((metrics, of_epochs))
        trained.estimators.append(estimator)
        trained.stuck.append(stuck)
    for name in dict.fromkeys(name for metrics, _ in measured for name in metrics):
        trained.result.metrics[name] = [
            float(metrics.get(name, nan)) for metrics, _ in measured
        ]
    for name in dict.fromkeys(name for _, of_epochs in measured for name in of_epochs):
        trained.result.curves[name] = [c.get(name, []) for _, c in measured]
    return trained


def describe(error):
    """An error in a line, with the place in this package where it came up.

    Examples
    --------
    >>> from sknn_course.course.training import describe
    >>> describe(ValueError("alpha=-1 must not be negative."))
    'ValueError: alpha=-1 must not be negative.'
    """
    text = " ".join(f"{type(error).__name__}: {error}".split())
    place, trace = None, error.__traceback__
    while trace is not None:
        name = trace.tb_frame.f_globals.get("__name__", "")
        if name.startswith(__package__):
            place = f"{name.rpartition('.')[2]}, line {trace.tb_lineno}"
        trace = trace.tb_next
    return f"{text} ({place})" if place else text
