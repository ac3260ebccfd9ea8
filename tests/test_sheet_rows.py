"""Rows of a sheet from a file: what they become, and what is said of mistakes."""

import re

import pytest

from sknn_course import CNNClassifier, MLPClassifier
from sknn_course.course.experiment import Experiment, Training
from sknn_course.course.networks import NETWORKS, cifar_cnn
from sknn_course.course.sheet_rows import RowError, load_rows
from sknn_course.course.theory import double_softmax_loss

SHARED = """
[params]
sgd = {solver = "sgd", momentum = 0.0}
[texts]
steep = "Rate {params[learning_rate_init]} is too high."
[rates]
group = "Learning rates"
title = "Rate {params[learning_rate_init]:g}"
about = "{params[hidden_layer_sizes]}, plain SGD. {more}"
more = ""
estimator = "MLPClassifier"
data = "mnist"
params = {use = ["sgd"], hidden_layer_sizes = [30, 20]}
metrics = ["train_loss", "test_accuracy"]
columns = ["id", "params.learning_rate_init", "published"]
"""
ROW = 'rows = [["S9.01", 0.5, [0.03, 0.98]]]'


@pytest.fixture
def read(tmp_path):
    def read(text):
        path = tmp_path / "rows.toml"
        path.write_text(text, "utf-8")
        return load_rows(path)

    return read


def test_lines_and_tables_become_experiments(read):
    rows = read(
        SHARED
        + """
rows = [["S9.02", 9.0, [2.3, 0.11], {more = "{steep}", errata = ["{steep}"]}]]
[rates."S9.01"]
title = "Momentum"
params = {learning_rate_init = 0.5, momentum = 0.9}
published.test_accuracy = 0.98
milestones = {4 = [0.2, 0.9]}
[repeated]
like = "rates"
repeats = 4
rows = [["S9.03", 0.1, [0.2, 0.9]]]
"""
    )
    sgd = {"solver": "sgd", "momentum": 0.0, "hidden_layer_sizes": (30, 20)}
    first = Experiment(
        "S9.01",
        "Momentum",
        "Learning rates",
        "[30, 20], plain SGD.",
        Training(
            MLPClassifier,
            {**sgd, "learning_rate_init": 0.5, "momentum": 0.9},
            "mnist",
            published={"test_accuracy": 0.98},
            milestones={4: {"train_loss": 0.2, "test_accuracy": 0.9}},
        ),
    )
    steep = "Rate 9.0 is too high."
    second = Experiment(
        "S9.02",
        "Rate 9",
        "Learning rates",
        f"[30, 20], plain SGD. {steep}",
        Training(
            MLPClassifier,
            {**sgd, "learning_rate_init": 9.0},
            "mnist",
            published={"train_loss": 2.3, "test_accuracy": 0.11},
        ),
        errata=(steep,),
    )
    third = rows.experiments["S9.03"]
    assert list(rows.experiments.values()) == [first, second, third]
    assert (third.title, third.procedure.repeats) == ("Rate 0.1", 4)
    assert rows.params == {"sgd": {"solver": "sgd", "momentum": 0.0}}


def test_networks_are_named_or_made(read):
    rows = read(
        """
[images]
group = "CNN"
about = "Images."
estimator = "CNNClassifier"
data = "mnist"
params = {}
further_losses = ["double_softmax"]
columns = ["id", "title", "network"]
rows = [
  ["S9.01", "Named", "mnist_cnn_1"],
  ["S9.02", "Made", {of = "cifar_cnn", hidden_units = "none", dropout = 0.5}],
]
"""
    )
    named, made = (one.procedure for one in rows.experiments.values())
    assert named.estimator is CNNClassifier
    assert named.further_losses == {"double_softmax": double_softmax_loss}
    assert named.params["architecture"] == NETWORKS["mnist_cnn_1"].layers
    assert made.params["architecture"] == cifar_cnn(hidden_units=None, dropout=0.5)


MISTAKES = {  # what is written in the place of what, and what is said
    "no TOML": ("[rates]", "[rates", "Expected"),
    "a key twice": (
        'data = "mnist"',
        'data = "mnist"\ndata = "circles"',
        "Cannot overwrite",
    ),
    "an unknown key": ("[0.03, 0.98]", "[0.03, 0.98], {repeat = 4}", "S9.01: repeat:"),
    "a word in no text": ('more = ""', 'more = ""\nless = ""', "S9.01: less:"),
    "no word of a text": ('more = ""', "", "S9.01: about: 'more' in braces"),
    "a word of itself": ('more = ""', 'more = "{more}"', "S9.01: about:"),
    "no group": ('group = "Learning rates"', "", "S9.01: group: is missing."),
    "no data": ('data = "mnist"', "", "S9.01: data: is missing."),
    "an estimator": ("MLPClassifier", "MLP", "S9.01: estimator: 'MLP' is none of CNN"),
    "parameters": ('solver = "sgd"', "solve = 1", "S9.01: params.solve: is no"),
    "a set": (
        'use = ["sgd"]',
        'use = ["adam"]',
        "S9.01: params.use: 'adam' is none of",
    ),
    "a metric": ("test_accuracy", "accuracy", "S9.01: published: 'accuracy' is no"),
    "too few figures": ("[0.03, 0.98]", "[0.03]", "S9.01: published: 1 figures"),
    "a cell too few": (
        "0.5, [0.03",
        "[0.03",
        "rates: rows: ['S9.01', [0.03, 0.98]] does",
    ),
    "an id twice": (ROW, f'{ROW}\n[rates."S9.01"]', "S9.01: id: two rows"),
    "a cell twice": (
        "0.98]",
        "0.98], {published = [1, 1]}",
        "rates: S9.01: published: is in",
    ),
    "a block": ("group =", 'like = "others"\ngroup =', "rates: like: 'others' is none"),
    "a network": ("0.98]", '0.98], {network = "LeNet"}', "S9.01: network: 'LeNet' is"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named_with_file_row_and_key(read, mistake):
    old, new, said = MISTAKES[mistake]
    text = SHARED + ROW
    assert old in text
    with pytest.raises(RowError, match=re.escape(f"/rows.toml: {said}")):
        read(text.replace(old, new))


def test_right_rows_pass(read):
    assert list(read(SHARED + ROW).experiments) == ["S9.01"]
