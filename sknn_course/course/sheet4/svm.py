"""Support vector machines on the circles."""

import numpy as np
from sklearn.svm import SVC

from ..experiment import Check, Experiment, Findings, Training
from .pictures import draw_regions
from .settings import GROUP_SVM

STRENGTHS = (0.01, 0.1, 1.0, 10.0, 100.0)


def _training(kernel, accuracy):
    return Training(
        SVC,
        {"kernel": kernel},
        "circles",
        published={"test_accuracy": accuracy},
        repeats=1,
        pictures=("decision_boundary",),
    )


def strengths(context):
    """C for both kernels: accuracy, support vectors, margin."""
    data = context.data("circles")
    rows, models = [], {}
    for kernel in ("linear", "rbf"):
        for C in STRENGTHS:
            model = SVC(kernel=kernel, C=C).fit(*data.train)
            models[kernel, C] = model
            rows.append(
                {
                    "kernel": kernel,
                    "C": C,
                    "training accuracy": model.score(*data.train),
                    "test accuracy": model.score(*data.test),
                    "support vectors": int(model.n_support_.sum()),
                    "margin 2 / |w|": 2 / np.linalg.norm(model.coef_)
                    if kernel == "linear"
                    else None,
                }
            )
    rbf = [row["test accuracy"] for row in rows if row["kernel"] == "rbf"]
    margins = [row["margin 2 / |w|"] for row in rows if row["kernel"] == "linear"]
    X, y = data.test
    return Findings(
        checks=[
            Check(
                "largest difference between C = 0.1, 1, 10, 100, RBF kernel",
                max(rbf[1:]) - min(rbf[1:]),
                published=0.0,
                tolerance=0.03,
            ),
            Check(
                "a smaller C has the wider margin",
                bool(np.all(np.diff(margins) <= 1e-6)),
                right=True,
            ),
        ],
        tables={"Strengths": rows},
        pictures={
            "regions_by_C": lambda: draw_regions(
                {f"RBF, C = {C:g}": models["rbf", C] for C in STRENGTHS[::2]}, X, y
            )
        },
        notes=["The sheet gives no values of C: these are ours."],
    )


EXPERIMENTS = (
    Experiment(
        "S4.14",
        "Linear SVM on the circles",
        GROUP_SVM,
        "A linear kernel, C = 1; decision regions.",
        _training("linear", 0.53),
        errata=(
            "It is said to fail for being a method of two classes. There are two: they "
            "cannot be separated by a line.",
        ),
    ),
    Experiment(
        "S4.15",
        "SVM with kernel on the circles",
        GROUP_SVM,
        "C-support vectors; the kernel is not named, RBF is the usual one and has a "
        "round boundary. C = 1; decision regions.",
        _training("rbf", 0.94),
    ),
    Experiment(
        "S4.16",
        "Strength C of the SVM",
        GROUP_SVM,
        "A sweep of C; the sheet reads the differences as negligible.",
        strengths,
        errata=(
            "A smaller C is said to make the margin thinner: it makes it wider and "
            "softer.",
        ),
    ),
)
