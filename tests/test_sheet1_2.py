"""The experiments of Kiel NNDL 2020 sheet 5 (S1) and 2018 sheet 5 (S2).

Expected figures are typed from the sheets or worked out here.
"""

import warnings
from collections import Counter
from dataclasses import replace
from functools import cache

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure
from scipy.special import expit, xlogy
from sklearn.base import clone
from sklearn.utils import Bunch

from sknn_course import CNNClassifier, MLPClassifier
from sknn_course.course.catalogue import experiments
from sknn_course.course.data import LOADERS, NEEDS, DataNotFound, load
from sknn_course.course.experiment import Experiment, Training
from sknn_course.course.runner import Runner
from sknn_course.course.sheet1.building_blocks import random_module
from sknn_course.course.sheet2.overfitting import NETWORK
from sknn_course.course.sheet2.published_logs import published_log
from sknn_course.course.store import Store
from sknn_course.course.training import NO_STOPPING, fit_stacked, train_all
from sknn_course.layers import Conv2d, count_parameters

KNOWN = {id: e for id, e in experiments().items() if e.sheet in ("S1", "S2")}
TRAININGS = {
    id: one.procedure
    for id, one in KNOWN.items()
    if isinstance(one.procedure, Training)
}
STUDIES = {id: one for id, one in KNOWN.items() if id not in TRAININGS}
CALCULATIONS = [id for id, one in STUDIES.items() if not one.needs and not one.depends]


def rows(sheet, first, last):
    return [f"{sheet}.{row:02}" for row in range(first, last + 1)]


# The list


@pytest.mark.parametrize(
    ("sheet", "n_rows"),
    [("S1", 70), ("S2", 33)],
)
def test_every_row_is_there_in_order(sheet, n_rows):
    assert [id for id, e in KNOWN.items() if e.sheet == sheet] == rows(sheet, 1, n_rows)


@pytest.mark.parametrize(
    ("sheet", "sizes"),
    [("S1", [3, 5, 13, 9, 36, 4]), ("S2", [15, 3, 11, 4])],
)
def test_rows_stand_under_the_headings_of_the_sheet(sheet, sizes):
    groups = [one.group for one in KNOWN.values() if one.sheet == sheet]
    counts = Counter(groups)
    assert list(counts.values()) == sizes
    # each heading once, its rows together
    assert groups == list(counts.elements())


@pytest.mark.parametrize("id", KNOWN)
def test_record_is_complete(id):
    one = KNOWN[id]
    assert one.title and one.about.endswith(".")
    assert all(text.endswith(".") for text in one.errata)
    assert set(one.needs) <= set(NEEDS)
    assert set(filter(None, one.same_as.split(", "))) <= set(KNOWN)


ERRATA = {  # row -> what the correction has to say
    "S1.01": "-(1/p)",
    "S1.03": "one common y_hat",
    "S1.09": "beta_1 = 0.9",
    "S1.10": "it has 64",
    "S1.11": "first dense layer",
    "S1.13": "last max-pooling|leaves out the last",
    "S1.17": "64",
    "S1.20": "0.984900",
    "S1.21": "98.7409",
    "S1.24": "60,000",
    "S1.25": "2·2,",
    "S1.26": "401",
    "S1.30": "386,548,840",
    "S1.36": "1.9 %",
    "S1.37": "309,290",
    "S1.47": "4.69",
    "S2.01": "about 16",
    "S2.03": "82.15",
    "S2.13": "1,000 images",
    "S2.14": "840",
    "S2.20": "test images",
    "S2.21": "102,282",
    "S2.22": "four",
    "S2.27": "98.7390",
    "S2.33": "4,719,104",
}


@pytest.mark.parametrize("id", ERRATA)
def test_errata_say_what_is_right(id):
    text = " ".join(KNOWN[id].errata)
    assert any(part in text for part in ERRATA[id].split("|"))


def test_cnn_losses_are_told_to_be_of_a_double_softmax():
    for id in (*rows("S1", 10, 13), "S1.20"):
        assert "1.461150" in " ".join(KNOWN[id].errata)


# The settings


@pytest.mark.parametrize("id", TRAININGS)
def test_training_constructs_its_estimator(id):
    training = TRAININGS[id]
    estimator = training.estimator(**training.params)
    estimator._validate_params()
    clone(estimator)
    assert training.data in LOADERS
    assert set(training.quick) == {"rows", "epochs"}
    assert set(training.full) <= {"epochs"}
    assert training.full.get("epochs", 1) <= training.params["max_iter"]


def layers_of(id):
    training = TRAININGS[id]
    estimator = training.estimator(**training.params)
    shape = (784,)
    if isinstance(estimator, CNNClassifier):
        shape = (3, 32, 32) if "cifar" in training.data else (1, 28, 28)
    return estimator._layers(shape, 10), shape


PARAMETERS = {  # trained and recorded
    "S1.10": 411_690,
    "S1.11": 467_818,
    "S1.12": 266_410,
    "S1.13": 362_922,
    "S1.14": 362_922 - 4 * (2 * 32 + 2 * 64 + 2 * 128 + 64),
    "S1.39": 309_290 - 4 * 2 * (32 + 64 + 128),
    **dict.fromkeys(rows("S1", 43, 54), 309_290),  # erratum: no hidden layer
    **dict.fromkeys(rows("S2", 4, 14), 784 * 30 + 30 + 30 * 10 + 10),
    "S2.15": 7850,
    "S2.20": 1_199_882,
    "S2.21": 97_482,
    "S2.22": 63_124,
    "S2.23": 167_818,
    "S2.26": 650_698,
    "S2.27": 318_010,
}


@pytest.mark.parametrize("id", PARAMETERS)
def test_networks_have_the_sheets_parameters(id):
    assert sum(count_parameters(*layers_of(id))) == PARAMETERS[id]


def test_cifar_runs_differ_in_what_the_sheet_varies():
    # dropout on the dense layer, in the blocks, noise, L2
    varied = {
        **dict.fromkeys(("S1.43", "S1.48"), (0, 0, 0, 0)),
        **dict.fromkeys(("S1.44", "S1.49"), (0.5, 0, 0, 0)),
        **dict.fromkeys(("S1.45", "S1.50"), (0, 0, 0.2, 0)),
        **dict.fromkeys(("S1.46", "S1.51"), (0, 0, 0, 1e-4)),
        "S1.52": (0.5, 0, 0, 1e-4),
        **dict.fromkeys(("S1.47", "S1.53"), (0.5, 0, 0.2, 1e-4)),
        "S1.54": (0.5, (0.2, 0.3, 0.4), 0.2, 1e-4),
    }
    for id, (dense, blocks, noise, l2) in varied.items():
        layers, _ = layers_of(id)
        rates = [layer.rate for layer in layers if type(layer).__name__ == "Dropout"]
        stds = [
            layer.std for layer in layers if type(layer).__name__ == "GaussianNoise"
        ]
        assert rates == [*(blocks or ()), *([dense] if dense else [])], id
        assert stds == ([noise] * 3 if noise else []), id
        assert TRAININGS[id].params.get("l2", 0) == l2, id
        large = id >= "S1.48"
        assert TRAININGS[id].data == f"cifar10_{50_000 if large else 10_000}"
        params = TRAININGS[id].params
        assert (params["solver"], params["learning_rate_init"]) == ("rmsprop", 0.001)
        assert (params["batch_size"], params["max_iter"]) == (64, 125)
        halved = params["learning_rate"], params["decay_rate"], params["decay_epochs"]
        assert halved == ("step", 0.5, 75)  # erratum: after 75 epochs


SWEEP = {  # rate, batch
    "S2.01": (0.5, 10),
    "S2.04": (0.005, 10),
    "S2.05": (0.01, 10),
    "S2.06": (0.05, 10),
    "S2.07": (0.1, 10),
    "S2.08": (0.5, 10),
    "S2.09": (0.05, 5),
    "S2.10": (0.05, 10),
    "S2.11": (0.05, 16),
    "S2.12": (0.05, 32),
    "S2.15": (0.5, 10),
}


def test_sweep_has_the_sheets_rates_and_batches():
    for id, settings in SWEEP.items():
        params = TRAININGS[id].params
        assert (params["learning_rate_init"], params["batch_size"]) == settings, id
        assert (params["solver"], params["momentum"]) == ("sgd", 0.0)
        assert (params["max_iter"], TRAININGS[id].data) == (400, "mnist_first_1000")


def test_settings_listed_twice_have_other_seeds():
    offsets = {id: TRAININGS[id].seed_offset for id in SWEEP}
    assert offsets["S2.06"] != offsets["S2.10"]
    assert offsets["S2.01"] != offsets["S2.08"]


@pytest.mark.parametrize("lr", [0.5, 0.05])
def test_overfitting_network_steps_are_those_of_the_cross_entropy(lr):
    # Two steps of plain gradient descent, written out: delta = a - y at the output.
    rng = np.random.RandomState(0)
    X, y = rng.uniform(size=(10, 4)), np.arange(10) % 10
    Y = np.eye(10)[y]
    params = {**NETWORK, "hidden_layer_sizes": (3,), "learning_rate_init": lr}
    params |= {"dtype": "float64", "device": "cpu", "random_state": 0, **NO_STOPPING}
    still, fitted = (
        fit_stacked([(MLPClassifier(**params | more), X, Y.astype(int), {})])[0][0]
        for more in ({"learning_rate_init": 1e-30, "max_iter": 1}, {"max_iter": 2})
    )
    (W1, W2), (b1, b2) = still.coefs_, still.intercepts_
    losses = []
    for _ in range(2):
        a1 = expit(X @ W1 + b1)
        a2 = expit(a1 @ W2 + b2)
        losses.append(-(xlogy(Y, a2) + xlogy(1 - Y, 1 - a2)).sum() / 10)
        d2 = (a2 - Y) / 10
        d1 = d2 @ W2.T * a1 * (1 - a1)
        W2, b2 = W2 - lr * a1.T @ d2, b2 - lr * d2.sum(0)
        W1, b1 = W1 - lr * X.T @ d1, b1 - lr * d1.sum(0)
    np.testing.assert_allclose(fitted.loss_curve_, losses, rtol=1e-12)
    np.testing.assert_allclose(fitted.coefs_[0], W1, rtol=1e-10)


# The figures


PUBLISHED = {
    ("S1.10", "test_accuracy"): 0.989700,
    ("S1.10", "test_double_softmax"): 1.471394,
    ("S1.11", "validation_accuracy"): 0.984900,
    ("S1.12", "train_accuracy"): 0.973660,
    ("S1.13", "test_accuracy"): 0.995300,
    ("S1.13", "train_double_softmax"): 1.463429,
    ("S1.43", "test_accuracy"): 0.708000,
    ("S1.47", "test_loss"): 1.215237,
    ("S1.50", "train_accuracy"): 0.999920,
    ("S1.54", "test_accuracy"): 0.881000,
    ("S2.01", "validation_accuracy"): 0.8392,
    ("S2.04", "train_loss"): 0.745467,
    ("S2.08", "validation_loss"): 1.601105,
    ("S2.09", "test_accuracy"): 0.8228,
    ("S2.12", "validation_accuracy"): 0.8090,
    ("S2.14", "validation_accuracy"): 0.889,
    ("S2.15", "validation_loss"): 2.31,
    ("S2.20", "test_accuracy"): 0.9912,
    ("S2.22", "test_loss"): 0.0342879460627,
    ("S2.23", "validation_accuracy"): 0.9926,
    ("S2.26", "test_accuracy"): 0.9941,
    ("S2.27", "test_accuracy"): 0.9818,
}


@pytest.mark.parametrize(("id", "metric"), PUBLISHED)
def test_published_figures_are_the_sheets(id, metric):
    assert TRAININGS[id].published[metric] == PUBLISHED[id, metric]


def test_double_softmax_losses_are_floor_plus_error_rate():
    for id in rows("S1", 10, 13):
        published = TRAININGS[id].published
        for part in ("train", "validation", "test"):
            floor = np.log(1 + 9 / np.e)
            expected = floor + 1 - published[f"{part}_accuracy"]
            assert abs(published[f"{part}_double_softmax"] - expected) < 2.6e-4


def test_sweep_accuracies_are_multiples_of_a_row():
    # 1,000 training images, 10,000 for validation and test
    for id in rows("S2", 4, 12):
        published = TRAININGS[id].published
        assert round(published["train_accuracy"] * 1000, 6) % 1 == 0
        assert round(published["test_accuracy"] * 10_000, 6) % 1 == 0


@pytest.mark.parametrize(
    ("id", "first", "last"),
    [
        ("S2.20", [0.3476, 0.8944, 0.0877, 0.9728], [0.0387, 0.9889, 0.0273, 0.9912]),
        ("S2.21", [0.5963, 0.8076, 0.1049, 0.9693], [0.0478, 0.9870, 0.0389, 0.9906]),
        ("S2.22", [0.3367, 0.8931, 0.1240, 0.9619], [0.0278, 0.9913, 0.0343, 0.9885]),
        ("S2.23", [0.3411, 0.8927, 0.0794, 0.9744], [0.0093, 0.9972, 0.0263, 0.9926]),
        ("S2.27", [0.3897, 0.8977], [0.0082, 0.9989]),
    ],
)
def test_published_logs_begin_and_end_as_in_the_sheet(id, first, last):
    log = published_log(id)
    assert list(log) == list(range(1, (30 if id == "S2.27" else 12) + 1))
    assert list(log[1].values()) == first
    assert list(log[max(log)].values()) == last
    milestones = TRAININGS[id].milestones
    assert set(milestones) <= set(log) and milestones[1] == log[1]


def test_best_validation_accuracy_of_variation_3_is_of_epoch_9():
    log = published_log("S2.23")
    assert max(log, key=lambda epoch: log[epoch]["validation_accuracy"]) == 9


# Running


def images(n, side, channels):
    """Random pixels, brighter in a place that tells the class."""
    rng = np.random.RandomState(0)
    y = np.arange(n) % 10
    X = rng.uniform(0, 0.5, (n, channels, side, side)).astype(np.float32)
    for i in range(n):
        X[i, :, 2 * y[i] : 2 * y[i] + 4, 4:-4] += 0.5
    return X.reshape(n, -1), y


@cache
def tiny(name):
    if name == "digits":
        return load(name)
    if name == "cifar10_50000":
        raise DataNotFound("CIFAR-10: data_batch_2.bin not found.")
    X, y = images(60, 28, 1) if "mnist" in name else images(60, 32, 3)
    train, other = (X[:40], y[:40]), (X[40:], y[40:])
    return Bunch(
        train=train, validation=other, test=other, sizes=(40, 20, 20), notes=[]
    )


def load_tiny(name, rows=None):
    data = tiny(name)
    return Bunch(**{**data, "train": tuple(part[:rows] for part in data.train)})


class SeesPictures(Store):
    """Takes pictures without writing them."""

    def write_picture(self, name, figure):
        assert isinstance(figure, Figure) and figure.axes
        return name


def stand_in(id):
    """A small MLP in the place of one of another sheet."""
    training = Training(MLPClassifier, {"max_iter": 2}, "mnist")
    return Experiment(id, "MLP", "", "", training)


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """What the runner makes of all rows on a few images, studies with pictures."""
    matplotlib.use("agg")
    store = SeesPictures(tmp_path_factory.mktemp("reproduction"))
    known = {id: stand_in(id) for id in ("S3.51", "S3.64")}
    for id, one in KNOWN.items():
        if id in TRAININGS:  # whose pictures are tested with the runner
            one = replace(one, procedure=replace(one.procedure, pictures=()))
        known[id] = one
    runner = Runner(known, store, repeats=1, device="cpu")
    runner.load = load_tiny
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Got `batch_size`")  # fewer images than 128
        return {one.id: one for one, _ in runner.run(list(known.values()))}


@pytest.mark.parametrize("id", CALCULATIONS)
def test_calculation_meets_the_sheet(id, outcomes):
    outcome = outcomes[id]
    assert (outcome.status, outcome.reason) == (
        "passed" if outcome.checks else "shown",
        "",
    )
    assert outcome.checks or outcome.tables or outcome.pictures


FIGURES = {  # row, check -> what the sheet prints, what is right
    ("S1.21", "total"): (795_010, None),
    ("S1.22", "total"): (89_610, None),
    ("S1.23", "sum"): (61_706, None),
    ("S1.24", "trained values of the net of 1998"): (60_806, 60_000),
    ("S1.25", "sum, sparse"): (332_824, None),
    ("S1.26", "sum"): (430_918, None),
    ("S1.27", "with bias"): (4_821_600, None),
    ("S1.29", "total"): (62_378_344, None),
    ("S1.30", "total"): (383_157_224, 386_548_840),
    ("S1.16", "conf. 4: trainable"): (361_898, None),
    ("S1.37", "with batch norm"): (None, 4_513_834),
    ("S2.29", "kiel_2018_grid_winner: parameters"): (650_698, None),
    ("S2.33", "total"): (383_157_224, 386_548_840),
}


@pytest.mark.parametrize(("id", "name"), FIGURES)
def test_checks_have_the_sheets_figures(id, name, outcomes):
    (check,) = (one for one in outcomes[id].checks if one["name"] == name)
    assert (check["published"], check["right"]) == FIGURES[id, name]
    assert check["passed"]


# What is true of CIFAR-10 but not of a few random images
OF_REAL_IMAGES = {"S1.31", "S1.33", "S1.34", "S1.36", "S1.59", "S2.02"}
WITHOUT_THE_OTHERS = {"S1.60"}  # images that are not there


@pytest.mark.parametrize("id", sorted(set(STUDIES) - set(CALCULATIONS)))
def test_study_of_images_shows_something(id, outcomes):
    outcome = outcomes[id]
    if id in WITHOUT_THE_OTHERS:
        assert (outcome.status, "S1.48" in outcome.reason) == ("not run", True)
        return
    allowed = {"passed", "shown", "smaller run"}
    allowed |= {"outside"} if id in OF_REAL_IMAGES else set()
    assert outcome.status in allowed, outcome.reason
    assert outcome.tables or outcome.pictures


@pytest.mark.parametrize("id", TRAININGS)
def test_training_runs_where_its_data_is(id, outcomes):
    outcome = outcomes[id]
    if TRAININGS[id].data == "cifar10_50000":
        assert outcome.status == "not run"
        assert "data_batch_2.bin" in outcome.reason
    else:
        assert outcome.status in ("smaller run", "outside"), outcome.reason
        assert 0 <= outcome.metrics["test_accuracy"][0] <= 1


def test_double_softmax_loss_is_measured_beside_the_right_one(outcomes):
    metrics = outcomes["S1.10"].metrics
    # at least the floor, at most that of certain errors alone
    assert 1.461150 < metrics["test_double_softmax"][0] < 2.461151
    assert metrics["test_loss"][0] != metrics["test_double_softmax"][0]
    (table,) = outcomes["S1.20"].tables.values()
    assert [row["network"][:7] for row in table] == [
        *("conf. 1", "conf. 2", "conf. 3", "conf. 4"),
        *("MLP C 7", "MLP P 7"),
    ]
    assert table[0]["published test loss"] == 1.471394
    assert table[4]["published test loss"] == 0.070349


def test_overfitting_shows_on_few_images(outcomes):
    metrics = outcomes["S2.01"].metrics
    assert metrics["train_accuracy"][0] > metrics["validation_accuracy"][0] - 1e-9
    with_penalty = outcomes["S2.14"].metrics
    assert with_penalty["penalty"][0] > 0 and "penalty" not in metrics


def test_logs_are_compared_epoch_by_epoch(outcomes):
    rows = outcomes["S2.28"].tables["S2.20"]
    assert [row["epoch"] for row in rows] == [1, 2, 3]
    assert rows[2]["published validation_accuracy"] == 0.9845
    assert rows[2]["train_loss"] == outcomes["S2.20"].curves["train_loss"][0][2]


def test_listed_twice_gives_two_results():
    found = train_all(
        [TRAININGS[id] for id in ("S2.06", "S2.10")],
        load_tiny,
        scale="quick",
        repeats=[1, 1],
        seed=0,
        device="cpu",
    )
    first, second = (one.result.metrics["train_loss"] for one in found)
    assert first != second


def test_random_module_is_the_layer_in_float64():
    module = random_module(Conv2d(2, 3, "valid"), (1, 5, 4))
    (part,) = module
    assert part.weight.shape == (2, 1, 3, 3)
    assert part.weight.std() > 0.5 and str(part.weight.dtype) == "torch.float64"
