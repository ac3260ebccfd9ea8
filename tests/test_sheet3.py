"""The rows of Kiel NNDL 2020 sheet 4: complete, sound, and right where they can be.

Expected numbers are worked out here from formulas, or typed from the sheet.
"""

from collections import Counter
from dataclasses import replace
from itertools import product
from math import log

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.utils import Bunch

from sknn_course import MLPRegressor
from sknn_course.course.catalogue import experiments
from sknn_course.course.data import load
from sknn_course.course.experiment import Training
from sknn_course.course.training import fit_stacked, train_all

EXPERIMENTS = [one for one in experiments().values() if one.sheet == "S3"]
BY_ID = {experiment.id: experiment for experiment in EXPERIMENTS}
TRAININGS = {
    id: one.procedure
    for id, one in BY_ID.items()
    if isinstance(one.procedure, Training)
}
STUDIES = {id: one for id, one in BY_ID.items() if id not in TRAININGS}


def rows(first, last):
    return [f"S3.{row:02}" for row in range(first, last + 1)]


def tiny_mnist():
    """Random rows in the place of MNIST, of all digits."""
    rng = np.random.RandomState(0)

    def part(n):
        X = rng.uniform(0, 1, (n, 784)).astype(np.float32)
        return X, np.arange(n) % 10

    return Bunch(
        train=part(128),
        validation=part(20),
        test=part(20),
        sizes=(50_000, 10_000, 10_000),
        notes=[],
    )


MNIST = tiny_mnist()


def load_tiny(name, rows=None):
    return MNIST if name == "mnist" else load(name, rows=rows)


class Context:
    """What a study may ask, without MNIST."""

    scale, repeats, seed, device = "quick", 2, 0, "cpu"

    def __init__(self, trained=None):
        self.trained = trained or {}

    def data(self, name, rows=None):
        return load_tiny(name, rows)

    def choose(self, quick, full):
        return quick

    def fit(self, estimators, X, y, **fit_params):
        fits = fit_stacked([(clone(one), X, y, fit_params) for one in estimators])
        for _, error in fits:
            if error is not None:
                raise error
        return [estimator for estimator, _ in fits]

    def result(self, id):
        return self.trained[id].result

    def fitted(self, id):
        return [one for one in self.trained[id].estimators if one is not None]


@pytest.fixture(scope="module")
def trained():
    """All trainings for two epochs, those of MNIST on the tiny rows."""
    short = [
        replace(training, quick={"epochs": 2}, together="")
        for training in TRAININGS.values()
    ]
    found = train_all(
        short,
        load_tiny,
        scale="quick",
        repeats=[2] * len(short),
        seed=0,
        device="cpu",
    )
    return dict(zip(TRAININGS, found, strict=True))


# The list


def test_all_rows_are_there_in_order():
    assert [one.id for one in EXPERIMENTS] == rows(1, 96)


def test_rows_stand_under_the_headings_of_the_sheet():
    headings = {
        "Data and training terms": 9,
        "Output activations and losses": 4,
        "Hand-worked backpropagation": 2,
        "Eckerle4 regression": 23,
        "MLP on MNIST: learning rate, size, optimizer": 38,
        "Vanishing gradient": 20,
    }
    groups = [one.group for one in EXPERIMENTS]
    assert groups == list(Counter(headings).elements())


def test_what_rows_depend_on_is_trained_and_needs_no_other_data():
    for one in EXPERIMENTS:
        for id in one.depends:
            needed = ("mnist",) if TRAININGS[id].data == "mnist" else ()
            own = getattr(one.procedure, "data", None)
            assert set(needed) <= {*one.needs, own}, one.id


@pytest.mark.parametrize("id", BY_ID)
def test_texts_are_written(id):
    experiment = BY_ID[id]
    assert experiment.title and experiment.about.endswith(".")
    assert all(erratum.endswith(".") for erratum in experiment.errata)


ERRATA = {  # row -> what the correction has to say
    "S3.12": "without 1/p",
    "S3.15": "(-2, 2, -0.5, -2.5)",
    "S3.16": "NIST",
    "S3.31": "0.89",
    "S3.34": "0.003175",
    "S3.40": "highest",
    "S3.42": "not independent",
    "S3.43": "0.1155",
    "S3.48": "0.01 and 0.001",
    "S3.52": "0.9796",
    "S3.55": "default of Adam is 0.001",
    "S3.64": "0.985300",
    "S3.68": "logistic",
    "S3.69": "799,010",
    "S3.85": "L2",
    "S3.94": "1/4",
}


@pytest.mark.parametrize("id", ERRATA)
def test_errata_say_what_is_right(id):
    assert ERRATA[id] in " ".join(BY_ID[id].errata)


# The settings


def test_networks_have_the_sheets_set_up():
    for id in rows(42, 47) + rows(49, 69) + rows(78, 87):
        params = TRAININGS[id].params
        assert params["max_iter"] == 20 and params["bias_init"] == "zeros", id
        one_by_one = id in rows(42, 47) + rows(49, 64)
        assert params["batch_size"] == (1 if one_by_one else 8), id
        if id not in rows(42, 47):
            assert params["learning_rate_init"] == 0.01, id
        if id not in rows(55, 58):
            assert params["solver"] == "sgd" and params["momentum"] == 0, id
    for id in rows(19, 34):
        params = TRAININGS[id].params
        assert (params["batch_size"], params["max_iter"]) == (2, 256), id
        assert TRAININGS[id].repeats == 4


DIFFERS = {
    "S3.24": {"momentum": 0.99, "nesterovs_momentum": True},
    "S3.29": {"hidden_layer_sizes": (128, 64, 64, 64), "learning_rate_init": 0.001},
    "S3.44": {"hidden_layer_sizes": (50,), "learning_rate_init": 0.1},
    "S3.45": {"hidden_layer_sizes": (100,), "learning_rate_init": 0.001},
    "S3.54": {"hidden_layer_sizes": (100, 100, 100, 100)},
    "S3.57": {"solver": "adadelta", "rho": 0.95, "epsilon": 1e-7},
    "S3.63": {"hidden_layer_sizes": (1500,)},
    "S3.67": {"learning_rate": "exponential"},
    "S3.68": {"activation": "logistic"},
    "S3.69": {"batch_norm_momentum": 0.01, "batch_norm_epsilon": 0.001},
    "S3.79": {"hidden_layer_sizes": (100,) * 5, "activation": "logistic"},
    "S3.81": {"hidden_layer_sizes": (100,) * 6, "activation": "relu"},
    "S3.84": {"l1": 1e-4, "penalize_bias": True, "weight_init": "uniform(1)"},
    "S3.85": {"l2": 1e-4, "penalize_bias": True, "weight_init": "uniform(1)"},
    "S3.87": {"l1": 1e-4, "batch_norm": True, "activation": "relu"},
}


@pytest.mark.parametrize("id", DIFFERS)
def test_rows_differ_as_the_sheet_says(id):
    assert DIFFERS[id].items() <= TRAININGS[id].params.items()


def test_runs_that_do_not_work_are_expected_to_be_constant():
    constant = [id for id, one in TRAININGS.items() if one.outcome == "constant"]
    assert constant == ["S3.21", "S3.23", "S3.80"]


@pytest.mark.parametrize("id", ["S3.22", "S3.24"])
def test_steps_are_those_of_keras(id):
    # Keras: learning rate 0.01 on the mean of (y_hat - y)^2, without 1/2.
    params = dict(TRAININGS[id].params, hidden_layer_sizes=(5, 4), max_iter=3)
    rng = np.random.RandomState(1)
    X, y = rng.uniform(size=(8, 1)), rng.uniform(size=8)
    exact = {"dtype": "float64", "device": "cpu", "alpha": 0, "shuffle": False}
    mlp = MLPRegressor(**{**params, **exact}, random_state=0)
    (still,) = Context().fit([mlp.set_params(learning_rate_init=1e-30)], X, y)
    module = torch.nn.Sequential(
        *(torch.nn.Linear(1, 5), torch.nn.ReLU(), torch.nn.Linear(5, 4)),
        *(torch.nn.ReLU(), torch.nn.Linear(4, 1)),
    ).double()
    with torch.no_grad():
        for layer, W, b in zip(
            module[::2], still.coefs_, still.intercepts_, strict=True
        ):
            layer.weight.copy_(torch.tensor(W.T))
            layer.bias.copy_(torch.tensor(b))
    sgd = torch.optim.SGD(
        module.parameters(), 0.01, params["momentum"], nesterov=id == "S3.24"
    )
    for start in [0, 2, 4, 6] * 3:
        batch = slice(start, start + 2)
        sgd.zero_grad()
        y_hat = module(torch.tensor(X[batch])).squeeze(1)
        ((y_hat - torch.tensor(y[batch])) ** 2).mean().backward()
        sgd.step()
    rate = TRAININGS[id].params["learning_rate_init"]
    (fitted,) = Context().fit([mlp.set_params(learning_rate_init=rate)], X, y)
    assert np.abs(fitted.coefs_[0] - still.coefs_[0]).max() > 1e-3
    right = module[0].weight.detach().numpy().T
    np.testing.assert_allclose(fitted.coefs_[0], right, rtol=0, atol=1e-12)


# The figures


PUBLISHED = {
    ("S3.20", "test_mse"): 0.054301,
    ("S3.25", "train_mse"): 0.042178,
    ("S3.31", "test_mse"): 0.003066,
    ("S3.44", "test_loss"): 2.016805,
    ("S3.46", "validation_accuracy"): 0.979875,
    ("S3.49", "train_loss"): 0.012859,
    ("S3.51", "test_accuracy"): 0.983000,
    ("S3.52", "validation_loss"): 0.138232,
    ("S3.58", "test_loss"): 1.660859,
    ("S3.63", "test_accuracy"): 0.984500,
    ("S3.66", "train_accuracy"): 0.886130,
    ("S3.69", "validation_accuracy"): 0.980800,
    ("S3.79", "test_accuracy"): 0.852800,
    ("S3.80", "train_loss"): 2.302763,
    ("S3.85", "train_loss"): 2.824241,
    ("S3.87", "test_accuracy"): 0.944700,
}


@pytest.mark.parametrize("id, metric", PUBLISHED)
def test_published_figures(id, metric):
    assert TRAININGS[id].published[metric] == PUBLISHED[id, metric]


def test_published_accuracies_are_shares_of_the_rows():
    for id in rows(49, 69) + rows(78, 87):
        assert len(TRAININGS[id].published) == 6
        for part in ("validation", "test"):
            right = TRAININGS[id].published[f"{part}_accuracy"] * 10_000
            assert right == pytest.approx(round(right), abs=1e-6), id
    stuck = TRAININGS["S3.80"].published
    assert stuck["validation_accuracy"] == 1064 / 10_000
    assert stuck["test_accuracy"] == 1135 / 10_000


def test_deviations_of_dependent_runs_are_not_used():
    with_std = [id for id in rows(42, 47) if TRAININGS[id].published_std]
    assert with_std == ["S3.44", "S3.47"]


def n_parameters(params):
    """(inputs + 1) units of each layer, and 4 for each unit that is normalised."""
    hidden = params.get("hidden_layer_sizes", (1000,))
    sizes = (784, *hidden, 10)
    dense = sum((a + 1) * b for a, b in zip(sizes, sizes[1:], strict=False))
    return dense + 4 * sum(hidden) * bool(params.get("batch_norm"))


@pytest.mark.parametrize("id", rows(49, 69) + rows(78, 87))
def test_counts_in_the_texts(id):
    assert f"{n_parameters(TRAININGS[id].params):,} parameters" in BY_ID[id].about


def test_dropped_outputs_have_the_training_figures_of_the_sheet():
    # A network that is certain of the true output, where it is not dropped.
    accuracy = loss = 0.0
    for kept in product([True, False], repeat=10):  # the first one is the true one
        chance = np.prod(np.where(kept, 0.8, 0.2))
        n_zero = 10 - sum(kept)
        if not kept[0]:  # all dropped outputs are 0, the others far below
            accuracy += chance / n_zero
            loss += chance * log(n_zero)
        else:
            accuracy += chance
    assert (accuracy, loss) == (pytest.approx(0.889, 1e-3), pytest.approx(0.185, 5e-3))
    for id in ("S3.64", "S3.66"):
        published = TRAININGS[id].published
        assert abs(published["train_accuracy"] - accuracy) < 0.005
        assert -0.001 < published["train_loss"] - loss < 0.04
        assert "0.889" in BY_ID[id].about and "0.185" in BY_ID[id].about


# Running


@pytest.mark.parametrize("id", TRAININGS)
def test_trainings_run(trained, id):
    assert trained[id].error == ""
    assert len(trained[id].estimators) == 2
    assert set(TRAININGS[id].published) <= set(trained[id].result.metrics)


def test_dropped_outputs_are_dropped_in_training_alone(trained):
    layers = trained["S3.64"].estimators[0].net_.module_
    assert isinstance(layers[-1], torch.nn.Dropout) and layers[-1].p == 0.2
    assert layers[-2].out_features == 10


def test_penalties_are_reported_apart(trained):
    for id, start in (("S3.84", 6.47), ("S3.85", 4.31), ("S3.87", 6.47)):
        penalties = trained[id].result.metrics["penalty"]
        assert penalties == pytest.approx([start] * 2, rel=0.01)


@pytest.mark.parametrize(
    "id",
    [id for id, one in STUDIES.items() if not one.needs and not one.depends],
)
def test_studies_pass_their_checks(id):
    findings = STUDIES[id].procedure(Context())
    assert [check.name for check in findings.checks if not check.passed] == []
    assert findings.checks or findings.tables
    for draw in findings.pictures.values():
        assert draw().axes


@pytest.mark.parametrize("id", ["S3.17", "S3.37", "S3.38"])
def test_studies_of_trainings_pass_their_checks(trained, id):
    findings = STUDIES[id].procedure(Context(trained))
    assert [check.name for check in findings.checks if not check.passed] == []
    assert findings.checks
    for draw in findings.pictures.values():
        assert draw().axes


@pytest.mark.parametrize("id", [id for id, one in STUDIES.items() if one.needs])
def test_studies_of_mnist_run_on_other_images(trained, id):
    # random images: what the checks find is another matter
    findings = STUDIES[id].procedure(Context(trained))
    assert findings.checks or findings.tables or findings.pictures
    for draw in findings.pictures.values():
        assert draw().axes


def test_stuck_and_learning_runs_of_eckerle4():
    ids = ["S3.23", "S3.27"]
    found = train_all(
        [TRAININGS[id] for id in ids],
        load_tiny,
        scale="quick",
        repeats=[2, 2],
        seed=0,
        device="cpu",
    )
    assert [one.stuck for one in found] == [[True, True], [False, False]]
    assert max(found[1].result.metrics["test_mse"]) < 0.01
