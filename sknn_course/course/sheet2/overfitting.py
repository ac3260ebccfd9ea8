"""Overfitting of a small MLP on 1,000 digits: the base run and its remedies."""

import numpy as np

from ...mlp import MLPClassifier
from ..experiment import Check, Experiment, Findings
from ..theory import binary_cross_entropy
from ..training import run_settings
from .trainings import ROWS

GROUP = "Overfitting of a small MLP on MNIST"


NETWORK = ROWS.params["network"]


def network(context, **params):
    return MLPClassifier(
        **{**NETWORK, **params},
        **run_settings(context),
    )


def four_curves(context):
    """Cost and accuracy on training and evaluation rows after each epoch."""
    data = context.data("mnist_first_1000")
    X, y = data.train
    indicators = np.eye(10, dtype=int)[y]
    mlp = network(context)
    curves = {}
    for _ in range(context.choose(100, 400)):
        mlp.partial_fit(X, indicators, classes=np.arange(10))
        for part, (rows, digits) in (("train", data.train), ("val", data.validation)):
            proba = mlp.predict_proba(rows)
            cost = binary_cross_entropy(np.eye(10)[digits], proba)
            curves.setdefault(f"{part}_loss", []).append(cost)
            right = float((proba.argmax(1) == digits).mean())
            curves.setdefault(f"{part}_acc", []).append(right)
    lowest = int(np.argmin(curves["val_loss"]))
    counts = np.bincount(y, minlength=10)
    return Findings(
        checks=[
            Check("digits that occur in the first 1,000 images", len(set(y)), right=10),
            Check(
                "validation cost at the end above its lowest",
                curves["val_loss"][-1] > curves["val_loss"][lowest],
                right=True,
            ),
            Check(
                "training cost at the end below that of the epoch of the lowest "
                "validation cost",
                curves["train_loss"][-1] < curves["train_loss"][lowest],
                right=True,
            ),
        ],
        tables={
            "Digits in the first 1,000 images": [
                {"digit": digit, "images": int(n)} for digit, n in enumerate(counts)
            ],
            "Cost and accuracy": [
                {
                    "epoch": epoch + 1,
                    "training cost": curves["train_loss"][epoch],
                    "validation cost": curves["val_loss"][epoch],
                    "training accuracy": curves["train_acc"][epoch],
                    "validation accuracy": curves["val_acc"][epoch],
                }
                for epoch in sorted({0, lowest, len(curves["val_loss"]) - 1})
            ],
        },
        pictures={"four_curves": lambda: _draw_curves(curves)},
        notes=[
            f"The validation cost is lowest after epoch {lowest + 1}; from there the "
            "network learns the training images rather than digits."
        ],
    )


def _draw_curves(curves):
    from ...plotting import LossCurveDisplay

    return LossCurveDisplay.from_history(curves, loss_scale="log").figure_


EXPERIMENTS = (
    Experiment(
        "S2.02",
        "Four curves of overfitting",
        GROUP,
        "Cost and accuracy on training and validation images after each epoch of "
        "S2.01's setting; all ten digits occur in the first 1,000 images.",
        four_curves,
        needs=("mnist",),
    ),
)
