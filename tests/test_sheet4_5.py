"""The experiments of RDFIA practical 2 (S4) and of FMAN45 assignment 3 (S5)."""

import re
from functools import cache

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.metrics import precision_recall_fscore_support
from sklearn.utils import Bunch

from sknn_course.course.catalogue import experiments
from sknn_course.course.data import LOADERS, NEEDS, load
from sknn_course.course.experiment import Training
from sknn_course.course.runner import Runner
from sknn_course.course.sheet4.circles import MILESTONES
from sknn_course.course.sheet5 import confusion
from sknn_course.course.sheet5.mnist import data_split
from sknn_course.course.store import Store
from sknn_course.inspection import layer_table

KNOWN = {id: e for id, e in experiments().items() if e.sheet in ("S4", "S5")}
TRAININGS = {
    id: one for id, one in KNOWN.items() if isinstance(one.procedure, Training)
}
STUDIES = {id: one for id, one in KNOWN.items() if id not in TRAININGS}
SELF_CONTAINED = [id for id, one in STUDIES.items() if not one.needs]
# By row, the checks that are not met: better than the sheet, which counts as outside
OUTSIDE = {"S4.36": ["pass 150: test loss as published"]}
ON_IMAGES = [id for id, one in STUDIES.items() if one.needs and id != "S5.17"]


@pytest.mark.parametrize(
    ("sheet", "n_rows"),
    [("S4", 36), ("S5", 32)],
)
def test_every_row_is_there_in_order(sheet, n_rows):
    expected = [f"{sheet}.{row:02}" for row in range(1, n_rows + 1)]
    assert [id for id, e in KNOWN.items() if e.sheet == sheet] == expected


@pytest.mark.parametrize("id", KNOWN)
def test_record_is_complete(id):
    one = KNOWN[id]
    assert one.title and one.group and one.about.endswith(".")
    assert all(text.endswith(".") for text in one.errata)
    assert set(one.needs) <= set(NEEDS)
    assert set(one.depends) <= set(KNOWN)
    text = " ".join([one.about, *one.errata])
    assert not re.search(r"\bE\d\d\b", text)  # no numbers of a list nobody has
    assert "  " not in text


@pytest.mark.parametrize("id", TRAININGS)
def test_training_constructs_its_estimator(id):
    training = TRAININGS[id].procedure
    estimator = training.estimator(**training.params)
    names = set(estimator.get_params())
    assert set(training.params) <= names
    estimator._validate_params()
    clone(estimator)
    assert training.data in LOADERS
    assert training.quick or training.data == "circles"


def images(n, side, channels):
    """Digits blown up to the sides of another data set, as flat rows."""
    X, y = (
        part[:n] for part in load_digits(return_X_y=True)
    )  # 0 to 9, again and again
    blown = np.kron(X.reshape(-1, 8, 8) / 16, np.ones((side // 8, side // 8)))
    margin = (side - blown.shape[1]) // 2
    blown = np.pad(blown, ((0, 0), (margin, margin), (margin, margin)))
    rows = np.repeat(blown[:, None], channels, axis=1).reshape(n, -1)
    return rows.astype(np.float32), y


@cache
def tiny(name):
    """A data set of the sheets by name, of few rows if it is one of images."""
    if name in ("circles", "digits"):
        return load(name)
    X, y = images(300, 28, 1) if "mnist" in name else images(128, 32, 3)
    parts = [(X[:-64], y[:-64]), (X[-64:-32], y[-64:-32]), (X[-32:], y[-32:])]
    if "cifar" in name:
        parts[1] = parts[2]
    sizes = [len(pair[0]) for pair in parts]
    return Bunch(
        train=parts[0], validation=parts[1], test=parts[2], sizes=sizes, notes=[]
    )


def load_tiny(name, rows=None):
    data = tiny(name)
    return Bunch(**{**data, "train": tuple(one[:rows] for one in data.train)})


class SeesPictures(Store):
    """Takes pictures without writing them."""

    def write_picture(self, name, figure):
        assert isinstance(figure, Figure) and figure.axes
        return name


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """What running all rows on small data comes to, pictures drawn."""
    matplotlib.use("agg")
    store = SeesPictures(tmp_path_factory.mktemp("reproduction"))
    runner = Runner(KNOWN, store, scale="quick", repeats=1, device="cpu")
    runner.load = load_tiny
    chosen = [one for id, one in KNOWN.items() if id != "S5.17"]
    return {outcome.id: outcome for outcome, _ in runner.run(chosen)}


@pytest.mark.parametrize("id", SELF_CONTAINED)
def test_calculation_meets_the_sheet(id, outcomes):
    outcome = outcomes[id]
    missed = [check["name"] for check in outcome.checks if not check["passed"]]
    assert missed == OUTSIDE.get(id, [])
    expected = "passed" if outcome.checks else "shown"
    if missed:
        expected = "outside"
    assert outcome.status in (expected, "smaller run"), outcome.reason
    assert outcome.checks or outcome.tables or outcome.pictures


@pytest.mark.parametrize("id", ON_IMAGES)
def test_study_of_images_shows_something(id, outcomes):
    outcome = outcomes[id]
    assert outcome.status in ("passed", "shown", "outside", "smaller run")
    assert outcome.checks or outcome.tables
    assert outcome.pictures or id == "S5.31"


@pytest.mark.parametrize("id", TRAININGS)
def test_training_runs(id, outcomes):
    outcome = outcomes[id]
    assert outcome.status in ("passed", "shown", "outside", "smaller run")
    assert 0 <= outcome.metrics["test_accuracy"][0] <= 1


def test_circles_are_learned_and_milestones_compared(outcomes):
    outcome = outcomes["S4.06"]
    assert outcome.metrics["test_accuracy"][0] > 0.9
    compared = {one.how: one.published for one in outcome.comparisons if one.how}
    assert {f"after epoch {epoch}" for epoch in MILESTONES} <= set(compared)
    assert MILESTONES[150]["test_accuracy"] == 0.935


def test_linear_kernel_fails_where_rbf_does_not(outcomes):
    assert outcomes["S4.14"].metrics["test_accuracy"][0] < 0.6
    assert outcomes["S4.15"].metrics["test_accuracy"][0] > 0.9


class FullSizes:
    """Blank images in the numbers of MNIST, with its counts of classes."""

    COUNTS = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]

    def data(self, name, rows=None):
        assert name == "mnist_58000"
        y_test = np.repeat(np.arange(10), self.COUNTS)
        parts = [
            (np.broadcast_to(np.float32(0), (n, 784)), np.arange(n) % 10)
            for n in (58_000, 2_000)
        ]
        test = np.broadcast_to(np.float32(0), (10_000, 784)), y_test
        return Bunch(train=parts[0], validation=parts[1], test=test)


def test_mnist_split_checks_sizes_and_counts():
    findings = data_split(FullSizes())
    assert all(check.passed for check in findings.checks)
    context = FullSizes()
    context.COUNTS = context.COUNTS[::-1]
    assert not all(check.passed for check in data_split(context).checks)


@pytest.mark.parametrize(
    ("matrix", "precision", "recall"),
    [
        (confusion.MNIST, confusion.PRECISION, confusion.RECALL),
        (confusion.CIFAR, confusion.CIFAR_PRECISION, confusion.CIFAR_RECALL),
    ],
    ids=["MNIST", "CIFAR-10"],
)
def test_printed_precision_and_recall_follow_from_the_matrix(matrix, precision, recall):
    rows = np.indices(matrix.shape).reshape(2, -1)
    ours = precision_recall_fscore_support(*rows, sample_weight=matrix.ravel())
    np.testing.assert_allclose(ours[0], precision, atol=5e-5)
    np.testing.assert_allclose(ours[1], recall, atol=5e-5)


@pytest.mark.parametrize(
    ("id", "n_parameters"), [("S5.18", 14_682), ("S5.25", 48_602), ("S4.25", 1_191_170)]
)
def test_networks_have_the_sheets_parameters(id, n_parameters):
    training = TRAININGS[id].procedure
    n_features = 784 if "mnist" in training.data else 3072
    X = np.random.RandomState(0).rand(20, n_features)
    params = {**training.params, "max_iter": 1, "batch_size": 10}
    with pytest.warns(match="Maximum iterations"):
        network = training.estimator(**params).fit(X, np.arange(20) % 10)
    assert layer_table(network).n_parameters == n_parameters
