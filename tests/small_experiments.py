"""A catalogue of small experiments, and the command that runs them."""

import json

import pytest
from sklearn.svm import SVC

from sknn_course import MLPClassifier, MLPRegressor
from sknn_course._cli import main
from sknn_course.course import catalogue
from sknn_course.course.experiment import Check, Experiment, Findings, Training

SMALL = {
    "hidden_layer_sizes": (8,),
    "solver": "sgd",
    "learning_rate_init": 0.3,
    "batch_size": 20,
    "max_iter": 6,
}


def picture():
    from matplotlib.figure import Figure

    figure = Figure(figsize=(2, 1))
    figure.subplots().plot([0, 1], [1, 0])
    return figure


def count(context):
    # 784-100-100-10: what S1.22 counts by hand
    ours = 784 * 100 + 100 + 100 * 100 + 100 + 100 * 10 + 10
    return Findings(
        checks=[Check("parameters", ours, published=89_610)],
        tables={"Layers": [{"layer": "first", "parameters": 78_500}]},
        pictures={"straight_line": picture},
        notes=["Biases are counted."],
    )


def dependent(context):
    accuracy = context.result("S4.06").metrics["test_accuracy"]
    networks = context.fitted("S4.06")
    X, y = context.data("circles").test
    again = [(one.predict(X) == y).mean() for one in networks]
    checks = [Check("accuracies", again, right=accuracy, tolerance=1e-12)]
    return Findings(checks, notes=[f"{len(networks)} networks"])


def broken(context):
    raise ArithmeticError("no such number")


def circles(**params):
    return Training(
        MLPClassifier,
        {**SMALL, **params},
        "circles",
        published={"test_accuracy": 0.5},
        quick={"epochs": 3},
        together="circles",
    )


def known(*experiments):
    return {one.id: one for one in experiments}


EXPERIMENTS = known(
    Experiment("S1.22", "MLP parameters", "Counting", "784-100-100-10", count),
    Experiment("S3.02", "Broken", "Data", "fails", broken),
    Experiment(
        "S3.19",
        "Adam",
        "Eckerle4",
        "regression with dropout",
        Training(
            MLPRegressor,
            {**SMALL, "batch_size": 3, "dropout": 0.1},
            "eckerle4",
            published={"test_mse": 1e-9},
            pictures=("regression_fit",),
        ),
    ),
    Experiment("S4.06", "Circles", "Circles", "tanh network", circles()),
    Experiment("S4.08", "Rates", "Circles", "rate", circles(learning_rate_init=0.1)),
    Experiment("S4.09", "Reads", "Circles", "of S4.06", dependent, depends=("S4.06",)),
    Experiment(
        "S4.15",
        "SVC",
        "SVM",
        "RBF kernel",
        Training(SVC, {}, "circles", published={"test_accuracy": 0.94}),
    ),
    Experiment(
        "S5.18",
        "Starter CNN",
        "MNIST",
        "needs data",
        Training(MLPClassifier, SMALL, "mnist_58000", published={"test_accuracy": 0.9}),
    ),
    Experiment("S5.19", "Filters", "MNIST", "", dependent, depends=("S5.18",)),
    Experiment("S5.29", "Needs", "CIFAR", "", count, needs=("cifar10",)),
)


@pytest.fixture(autouse=True)
def small_catalogue(monkeypatch, tmp_path):
    monkeypatch.setattr(catalogue, "experiments", lambda: EXPERIMENTS)
    monkeypatch.setenv("SKNN_COURSE_DATA", str(tmp_path / "no data"))


def reproduce(*arguments):
    return main(["reproduce", *map(str, arguments)])


def outcomes_in(folder):
    document = json.loads((folder / "results.json").read_text("utf-8"))
    return {one["id"]: one for one in document["outcomes"]}
