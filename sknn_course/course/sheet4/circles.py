"""The circles: data, the run, regions, learning rates, batch sizes."""

from math import isclose

import numpy as np

from ...mlp import MLPClassifier
from ..experiment import Check, Experiment, Findings, Training
from .pictures import draw_curves, draw_regions
from .settings import CIRCLES_NETWORK, GROUP_MLP, circles_network

LOG = {
    # pass: training accuracy, loss, test accuracy, loss, as printed
    1: (51.0, 69.35, 51.5, 69.35),
    19: (96.5, 23.19, 94.5, 24.44),
    150: (96.5, 10.15, 93.5, 16.85),
}
METRICS = ("train_accuracy", "train_loss", "test_accuracy", "test_loss")
MILESTONES = {
    epoch: dict(zip(METRICS, (value / 100 for value in values), strict=True))
    for epoch, values in LOG.items()
}


def data_set(context):
    """Two noisy circles of two inputs, 200 rows each for training and testing."""
    data = context.data("circles")
    rows = [
        {"set": name, "rows": len(y), "class 0": sum(y == 0), "class 1": sum(y == 1)}
        for name, (_, y) in (("training", data.train), ("test", data.test))
    ]
    accuracies = [v for values in LOG.values() for v in values[::2]]
    return Findings(
        checks=[
            Check("training rows", data.train[0].shape, right=(200, 2)),
            Check("test rows", data.test[0].shape, right=(200, 2)),
            Check("classes", len(np.unique(data.train[1])), published=2),
            Check(
                "printed accuracies are multiples of 1/200",
                all(isclose(2 * value, round(2 * value)) for value in accuracies),
                right=True,
            ),
        ],
        tables={"Circles": rows},
        pictures={"circles": lambda: _draw_data(data)},
        notes=[
            "Training rows set the weights, validation rows the settings, test rows "
            "judge once at the end. The sheet has two sets, whose test rows also "
            "served to choose. Its points are not given, ours are drawn anew."
        ],
    )


def _draw_data(data):
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.0, 3.6), layout="constrained")
    for ax, name in zip(figure.subplots(1, 2), ("train", "test"), strict=True):
        X, y = data[name]
        ax.scatter(*X.T, c=y, cmap="coolwarm", s=14, edgecolor="white", linewidth=0.4)
        ax.set(title=name, xlabel="$x_1$", ylabel="$x_2$", aspect="equal")
    return figure


def regions(context):
    """Decision regions after the passes of the log, and the curves."""
    data = context.data("circles")
    X_test, y_test = data.test
    models = dict(
        zip(
            LOG,
            context.fit(
                [circles_network(context, n_epochs=epoch) for epoch in LOG],
                *data.train,
                X_val=X_test,
                y_val=y_test,
            ),
            strict=True,
        )
    )
    longest = models[150]
    titles = {
        f"iteration {epoch - 1}: {model.score(X_test, y_test):.1%}": model
        for epoch, model in models.items()
    }
    return Findings(
        checks=[
            Check(
                f"the run of {epoch} passes is the beginning of that of 150",
                models[epoch].loss_curve_,
                right=longest.loss_curve_[:epoch],
                tolerance=1e-6,
            )
            for epoch in (1, 19)
        ],
        tables={
            "After the passes of the log": [
                {
                    "iteration": epoch - 1,
                    "training accuracy": longest.training_score_curve_[epoch - 1],
                    "published training accuracy": MILESTONES[epoch]["train_accuracy"],
                    "training loss": longest.loss_curve_[epoch - 1],
                    "published training loss": MILESTONES[epoch]["train_loss"],
                    "test accuracy": longest.validation_scores_[epoch - 1],
                    "published test accuracy": MILESTONES[epoch]["test_accuracy"],
                    "test loss": longest.validation_loss_curve_[epoch - 1],
                    "published test loss": MILESTONES[epoch]["test_loss"],
                }
                for epoch in LOG
            ]
        },
        pictures={
            "decision_regions": lambda: draw_regions(titles, X_test, y_test),
            "curves": lambda: draw_curves(
                [
                    {
                        "training": longest.loss_curve_,
                        "test": longest.validation_loss_curve_,
                    },
                    {
                        "training": longest.training_score_curve_,
                        "test": longest.validation_scores_,
                    },
                ],
                ["loss", "accuracy"],
            ),
        },
        notes=["Iterations count from 0; regions are drawn with the test rows."],
    )


EXPERIMENTS = (
    Experiment(
        "S4.01",
        "Circles",
        GROUP_MLP,
        "Two inputs, two classes, a training and a test set. 200 rows each is deduced: "
        "all printed accuracies are multiples of 0.5 %.",
        data_set,
    ),
    Experiment(
        "S4.06",
        "MLP on the circles",
        GROUP_MLP,
        "Rate 0.03, batches of 10, 150 iterations, read as passes over the data. The "
        "practical sums gradients over the batch: 0.03 is 0.3 of the mean loss. 20 "
        "tanh units and N(0, 0.3) weights are ours, and one logistic output for its "
        "two softmax outputs, which learn faster in the first passes; the printed "
        "losses are times 100.",
        Training(
            MLPClassifier,
            CIRCLES_NETWORK,
            "circles",
            published=MILESTONES[150],
            milestones=MILESTONES,
            quick={"epochs": 150},
            repeats=4,
            pictures=("learning_curves", "decision_boundary"),
            remark="S4.36 has the two softmax outputs, which learn faster at first",
        ),
        errata=(
            "The final accuracy is said to be about 96 %: 96.5 % is that of the "
            "training set, the test set has 93.5 % (94.5 % at iteration 18).",
            "'No further improvement after about 20 iterations' holds for accuracy. "
            "The losses fall on: training 23.19 to 10.15, test 24.44 to 16.85.",
            "The log counts iterations from 0, the caption from 1.",
        ),
    ),
    Experiment(
        "S4.07",
        "Decision regions",
        GROUP_MLP,
        "After iterations 0, 18 and 149, with the curves of loss and accuracy.",
        regions,
    ),
)
