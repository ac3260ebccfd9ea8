"""No row of the course passes with a network that has learned nothing."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from sklearn.utils import Bunch

from sknn_course.course import training as course_training
from sknn_course.course.catalogue import experiments
from sknn_course.course.data import load
from sknn_course.course.experiment import Training
from sknn_course.course.judging import judge_again
from sknn_course.course.outcome import Outcome
from sknn_course.course.study import StudyContext
from sknn_course.course.training import fit_stacked, n_epochs, train_all

KNOWN = experiments()
LEARNS = [
    id
    for id, one in KNOWN.items()
    if isinstance(one.procedure, Training)
    and one.procedure.outcome == "learns"
    and one.procedure.published
]


@cache
def few(name):
    """A few rows in the place of a data set, at the sheet's size for all that ask."""
    if name in ("circles", "eckerle4"):
        return load(name)
    rng = np.random.RandomState(0)
    n_pixels = 3072 if "cifar" in name else 784
    # one digit is commoner, as in MNIST
    y = np.array([1, *range(10)])
    pair = rng.uniform(0, 1, (len(y), n_pixels)).astype(np.float32), y
    n = len(y)
    return Bunch(train=pair, validation=pair, test=pair, sizes=(n, n, n), notes=[])


def constant_figures(training, data):
    """Of the shares of the classes, or the mean, as the answer for every row."""
    figures = {"penalty": 0.0}
    for part in ("train", "validation", "test"):
        if data[part] is None:
            continue
        y, known = data[part][1], data.train[1]
        if known.dtype.kind == "f":
            figures[f"{part}_mse"] = np.mean((y - known.mean()) ** 2)
            continue
        share = np.bincount(known) / len(known)
        figures[f"{part}_accuracy"] = np.mean(y == share.argmax())
        loss = -np.log(share)[y].mean()
        if training.one_hot:
            of_others = np.log(1 - share)
            loss = np.mean(
                [-np.log(share[k]) - np.delete(of_others, k).sum() for k in y]
            )
        figures[f"{part}_loss"] = loss
        for name, function in training.further_losses.items():
            figures[f"{part}_{name}"] = function(y, np.tile(share, (len(y), 1)))
    return figures


@pytest.mark.parametrize("id", LEARNS)
def test_a_constant_prediction_is_outside(id):
    training = KNOWN[id].procedure
    data = few(training.data)
    if training.full.get("rows"):
        data = Bunch(**{**data, "sizes": (training.full["rows"], *data.sizes[1:])})
    outcome = Outcome.of(KNOWN[id], "full")
    outcome.n_rows = training.full.get("rows", len(data.train[0]))
    outcome.n_epochs = n_epochs(training, "full")[1]
    n = training.repeats or 1
    figures = constant_figures(training, data)
    outcome.metrics = {name: [float(value)] * n for name, value in figures.items()}
    outcome.curves = {
        name: [[value[0]] * outcome.n_epochs] * n
        for name, value in outcome.metrics.items()
    }
    judge_again(outcome, training, data)
    assert outcome.status == "outside", outcome.comparisons


JUDGE_A_NETWORK = [
    *("S1.20", "S1.36", "S1.59", "S1.60", "S2.28", "S3.35", "S3.36", "S3.72", "S3.88"),
    *("S5.19", "S5.29"),
]


@pytest.fixture(scope="module")
def untrained():
    """A context whose networks stay where they begin."""
    patch = pytest.MonkeyPatch()
    fit = course_training._fit

    def stay(estimator, X, y, fit_params):
        if estimator.solver == "lbfgs":
            estimator.set_params(max_fun=1, max_iter=1)
        else:
            estimator.set_params(learning_rate_init=1e-30)
            estimator.set_params(batch_size=min(estimator.batch_size, len(X)))
        return fit(estimator, X, y, fit_params)

    patch.setattr(course_training, "_fit", stay)
    ids = sorted({need for id in JUDGE_A_NETWORK for need in KNOWN[id].depends})
    trainings = [replace(KNOWN[id].procedure, quick={"epochs": 2}) for id in ids]
    found = train_all(
        trainings, few, scale="quick", repeats=[1] * len(ids), seed=0, device="cpu"
    )
    trained = dict(zip(ids, found, strict=True))

    class Context(StudyContext):
        scale, seed, device, repeats, is_smaller = "quick", 0, "cpu", 1, False

        def __init__(self):
            pass

        def data(self, name, rows=None):
            return few(name)

        def fit(self, estimators, X, y, **fit_params):
            fits = fit_stacked([(one, X, y, fit_params) for one in estimators])
            assert not [error for _, error in fits if error]
            return [one for one, _ in fits]

        def result(self, id):
            return trained[id].result

        def fitted(self, id):
            return trained[id].estimators

        def is_full(self, id):
            return True

        def scale_of_fitted(self, id):
            return "quick"

    yield Context()
    patch.undo()


@pytest.mark.parametrize("id", JUDGE_A_NETWORK)
def test_a_study_of_networks_that_stay_where_they_begin_is_outside(id, untrained):
    checks = KNOWN[id].procedure(untrained).checks
    assert not all(check.passed for check in checks), checks
