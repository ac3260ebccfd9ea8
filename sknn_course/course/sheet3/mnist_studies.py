"""S3.70-S3.74: further optimizers and penalties, time of an epoch, dropout."""

from time import perf_counter

import numpy as np

from ..._engine import DivergedError
from ...cnn import CNNClassifier
from ..experiment import Check, Findings
from ..networks import mlp_output_dropout
from ..theory import predicts_one_value
from .settings import mnist, mnist_experiment, mnist_network
from .trainings import ROWS

SMALL, WIDE = ROWS.params["small"], ROWS.params["wide"]


def _train(context, variants):
    """Fit each variant apart; None for one that diverges.

    Returns
    -------
    dict of str to (fitted or None, row of a table)
    """
    (X, y), (X_val, y_val), (X_test, y_test) = mnist(context)
    found = {}
    for name, params in variants.items():
        estimator = CNNClassifier if "architecture" in params else None
        make = {"estimator": estimator} if estimator else {}
        network = mnist_network(context, params, **make)
        try:
            fitted = context.fit([network], X, y, X_val=X_val, y_val=y_val)[0]
        except DivergedError:
            found[name] = None, {"run": name, "digits predicted": "diverged"}
            continue
        y_pred = fitted.predict(X_test)
        found[name] = (
            fitted,
            {
                "run": name,
                "training loss": fitted.loss_curve_[-1],
                "training accuracy": fitted.training_score_curve_[-1],
                "validation accuracy": fitted.validation_scores_[-1],
                "test accuracy": float(np.mean(y_pred == y_test)),
                "digits predicted": "one"
                if predicts_one_value(y_pred)
                else str(len(np.unique(y_pred))),
            },
        )
    return found


def try_nadam(context):
    """S3.70: Nadam beside Adam, both at 0.01 and batch 1."""
    found = _train(
        context,
        {
            "Nadam 0.01": {**SMALL, "solver": "nadam"},
            "Adam 0.01": {**SMALL, "solver": "adam"},
        },
    )
    return Findings(
        tables={"[100], batch 1": [row for _, row in found.values()]},
        notes=["The sheet: Nadam is like Adam, without figures."],
    )


def try_momentum(context):
    """S3.71: momentum 0.9 at learning rate 0.01 and batch 1."""
    variants = {
        f"[{units}], {name}": {
            "hidden_layer_sizes": (units,),
            "momentum": 0.9,
            "nesterovs_momentum": nesterov,
        }
        for units in (100, 1000)
        for name, nesterov in (("momentum 0.9", False), ("Nesterov 0.9", True))
    }
    variants["[100], no momentum (MLP B)"] = {"hidden_layer_sizes": (100,)}
    found = _train(context, variants)
    return Findings(
        tables={"SGD 0.01, batch 1": [row for _, row in found.values()]},
        notes=[
            "The sheet: unsuccessful, without figures. With momentum 0.9 each gradient "
            "counts ten times, as a learning rate of 0.1 does, which S3.44 and S3.47 "
            "find too high for batch 1."
        ],
    )


def try_l1(context):
    """S3.72: L1 0.01 on 1000 units."""
    found = _train(context, {"L1 0.01": {**WIDE, "l1": 0.01}, "none (MLP Q)": WIDE})
    network, row = found["L1 0.01"]
    weights = np.concatenate([w.ravel() for w in network.coefs_])
    return Findings(
        checks=[
            Check(
                "did not work: training loss stays above 1",
                row["training loss"] > 1,
                True,
            ),
            Check(
                "without the penalty it works: training loss below 1",
                found["none (MLP Q)"][1]["training loss"] < 1,
                right=True,
            ),
        ],
        tables={"[1000], SGD 0.01, batch 8": [row for _, row in found.values()]},
        notes=[
            f"Every step takes 0.0001 off each weight: at the end "
            f"{np.mean(np.abs(weights) < 2e-4):.1%} of the weights are within 0.0002 "
            "of zero. At first all digits look alike to the network; what it learns "
            "later stays far behind the network without penalty. The losses hold the "
            "penalty."
        ],
    )


def time_epochs(context):
    """S3.73: seconds of an epoch by batch size."""
    (X, y), _, _ = mnist(context)
    rows = []
    for size in (1, 8, 32, 128):
        network = mnist_network(context, {**SMALL, "batch_size": size, "max_iter": 2})
        started = perf_counter()
        fitted = context.fit([network], X, y)[0]
        seconds = (perf_counter() - started) / 2
        rows.append(
            {
                "batch": size,
                "steps per epoch": -(-len(X) // size),
                f"seconds per epoch of {len(X):,} rows": seconds,
                "seconds per 50,000 rows": seconds * 50_000 / len(X),
                "training loss after 2 epochs": fitted.loss_curve_[-1],
            }
        )
    return Findings(
        checks=[
            Check(
                "an epoch of batch 8 is faster than one of batch 1",
                rows[1]["seconds per 50,000 rows"] < rows[0]["seconds per 50,000 rows"],
                True,
            )
        ],
        tables={"[100], SGD 0.01": rows},
        notes=["The sheet: 50 to 70 s at batch 1, 7 s at batch 8."],
    )


def place_dropout(context):
    """S3.74: dropout 0.2 on hidden units, input and outputs."""
    found = _train(
        context,
        {
            "no dropout (MLP Q)": WIDE,
            "hidden units": {**WIDE, "dropout": 0.2},
            "hidden units and input": {**WIDE, "dropout": 0.2, "input_dropout": 0.2},
            "outputs (MLP R)": {"architecture": mlp_output_dropout(), "batch_size": 8},
        },
    )
    curves = {name: network.validation_scores_ for name, (network, _) in found.items()}
    return Findings(
        tables={"[1000], SGD 0.01, batch 8": [row for _, row in found.values()]},
        notes=[
            "The sheet: accuracy changes little with the place. Training figures do: "
            "with dropout on the outputs the true digit's output is missing in 20 % of "
            "the rows.",
            "Validation accuracy by epoch: "
            + "; ".join(
                f"{name} {', '.join(f'{v:.4f}' for v in curve[-3:])}"
                for name, curve in curves.items()
            ),
        ],
    )


EXPERIMENTS = (
    mnist_experiment(
        70,
        "[100] with Nadam",
        "Learning rate 0.01, batch 1: like Adam, no figures.",
        try_nadam,
        needs=("mnist",),
    ),
    mnist_experiment(
        71,
        "[100] and [1000] with momentum 0.9",
        "SGD 0.01 with and without Nesterov, batch 1: unsuccessful, no figures.",
        try_momentum,
        needs=("mnist",),
    ),
    mnist_experiment(
        72,
        "[1000] with L1 0.01",
        "SGD 0.01, batch 8: did not work, no figures.",
        try_l1,
        needs=("mnist",),
    ),
    mnist_experiment(
        73,
        "Time of an epoch by batch size",
        "[100], SGD 0.01; the sheet: 50 to 70 s at batch 1, 7 s at batch 8.",
        time_epochs,
        needs=("mnist",),
    ),
    mnist_experiment(
        74,
        "Where to place dropout",
        "[1000], batch 8, dropout 0.2 on hidden units, on the input too, on the "
        "outputs: accuracy changes little, no figures.",
        place_dropout,
        needs=("mnist",),
    ),
)
