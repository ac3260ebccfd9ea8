"""S3.77, S3.88 and S3.90-S3.92: what the deep networks are, and how they look."""

from functools import partial

import numpy as np

from ..experiment import Check, Experiment, Findings
from ..theory import predicts_one_value
from .curves import CURVES, draw_rows
from .initialisers import untrained
from .settings import (
    VANISHING_GROUP,
    mnist,
    mnist_network,
    summary,
)
from .trainings import ROWS as SHEET

DEEP, L1, UNIFORM = (SHEET.params[name] for name in ("deep", "l1", "uniform"))
TRAININGS = SHEET.between("S3.78", "S3.87").values()
TITLES = {experiment.id: experiment.title for experiment in TRAININGS}
ROWS = tuple(TITLES)
HISTOGRAMS = ("S3.80", "S3.81", "S3.83")
WITH_BATCH_NORM = ("S3.82", "S3.86", "S3.87")
MUST_FAIL = {
    "dropout 0.2": {"dropout": 0.2},
    "L1 0.01": {**L1, "l1": 0.01},
    "L1 0.0001": L1,
    "learning rate 0.1": {"learning_rate_init": 0.1},
    "learning rate 0.001": {"learning_rate_init": 0.001},
}


CONTROL = "control: weights within ±1"


def count_parameters(context):
    """S3.77: counts of the networks of this group, and penalties at the start."""
    findings = Findings()
    right = {
        "S3.78": 79_510,
        "S3.79": 119_910,
        **dict.fromkeys(ROWS[2:], 130_010),
        **dict.fromkeys(WITH_BATCH_NORM, 132_410),
    }
    for experiment in TRAININGS:
        table = summary(experiment.procedure.params, 784, 10)
        findings.checks.append(
            Check(
                f"parameters of {experiment.id}, {experiment.title}",
                table.n_parameters,
                right=right[experiment.id],
            )
        )
        if experiment.id in WITH_BATCH_NORM:
            findings.checks.append(
                Check(f"trained of {experiment.id}", table.n_trainable, right=131_210)
            )
    network, X, y = untrained({**DEEP, **UNIFORM})
    weights = np.concatenate(
        [w.ravel() for w in context.fit([network], X, y)[0].coefs_]
    ).astype(float)
    n = weights.size
    # E|w| = 1/2 and E w^2 = 1/3 for w uniform within (-1, 1); four standard errors
    findings.checks += [
        Check(
            "L1 term 0.0001 sum |w| at the start",
            1e-4 * np.abs(weights).sum(),
            right=1e-4 * 129_400 / 2,
            tolerance=4e-4 * np.sqrt(n / 12),
        ),
        Check(
            "L2 term 0.0001 sum w^2 at the start",
            1e-4 * np.square(weights).sum(),
            right=1e-4 * 129_400 / 3,
            tolerance=4e-4 * np.sqrt(n * 4 / 45),
        ),
    ]
    findings.notes.append(
        "Hidden layers of 100 units, SGD with a constant rate of 0.01, 20 epochs, "
        "batches of 8, Glorot-uniform weights and zero biases unless a row says "
        "otherwise; no dropout, no regularisation."
    )
    return findings


def fail_to_learn(context):
    """S3.88: five changes that do not get six logistic layers off the ground."""
    (X, y), _, (X_test, y_test) = mnist(context)
    changes = {**MUST_FAIL, CONTROL: UNIFORM}
    networks = [
        mnist_network(context, {**DEEP, **params}, repetition)
        for params in changes.values()
        for repetition in range(context.repeats)
    ]
    fitted = iter(context.fit(networks, X, y))
    findings, rows = Findings(), []
    for name in changes:
        runs = [next(fitted) for _ in range(context.repeats)]
        predictions = [network.predict(X_test) for network in runs]
        if name == CONTROL:
            least = min(np.mean(one == y_test) for one in predictions)
            check = Check(f"{name}: test accuracy above 0.3", least > 0.3, right=True)
        else:
            stuck = [predicts_one_value(one) for one in predictions]
            check = Check(
                f"{name}: predicts one digit", stuck, right=[True] * len(runs)
            )
        findings.checks.append(check)
        rows.append(
            {
                "run": name,
                "training loss": runs[0].loss_curve_[-1],
                "test accuracy": float(np.mean(predictions[0] == y_test)),
                "predicted": ", ".join(map(str, np.unique(predictions[0]))),
            }
        )
    findings.tables["Six logistic layers, first repetition"] = rows
    findings.notes.append(
        "The five are to end where S3.80 does: one digit for all images, a data loss "
        "of ln 10 = 2.3026. The control, which differs from S3.80 in its first weights "
        "alone, shows that this size is enough to learn. Losses with L1 hold the "
        "penalty."
    )
    return findings


def show_histograms(context):
    """S3.90: first-layer weights and biases before and after training."""
    from ...plotting import WeightHistogramDisplay
    from ...plotting.fitted_network import weights_of

    findings, rows = Findings(), []
    for id in HISTOGRAMS:
        network = context.fitted(id)[0]
        for when, which in (("before", "initial"), ("after", "fitted")):
            weights, biases = weights_of(network, which)
            rows.append(
                {
                    "network": f"{id}: {TITLES[id]}",
                    "training": when,
                    "std of weights": float(weights[0].std()),
                    "std of biases": float(biases[0].std()),
                }
            )
        findings.pictures[f"first_layer_of_{id[-2:]}"] = partial(
            _figure_of, WeightHistogramDisplay.from_estimator, network
        )
    findings.tables["First layer"] = rows
    for before, after in zip(rows[::2], rows[1::2], strict=True):
        growth = after["std of weights"] / before["std of weights"] - 1
        findings.notes.append(
            f"{before['network']}: training changes the spread of the weights by "
            f"{growth:+.1%}, that of the biases from {before['std of biases']:.2g} to "
            f"{after['std of biases']:.2g}."
        )
    return findings


def _figure_of(display, *args, **kwargs):
    return display(*args, **kwargs).figure_


def show_first_layer(context):
    """S3.91: the first 16 hidden neurons as images, before and after training."""
    from ...plotting import FirstLayerWeightsDisplay

    network = context.fitted("S3.81")[0]
    images = FirstLayerWeightsDisplay.from_estimator
    return Findings(
        pictures={
            "before_training": partial(
                _figure_of, images, network, weights="initial", title="before training"
            ),
            "after_training": partial(
                _figure_of, images, network, title="after training"
            ),
        },
        notes=[
            "Weights of 16 neurons of the first of six ReLU layers (S3.81), one pixel "
            "each. Before training they are noise; what training adds lies where "
            "digits have ink. Pixels at the border are black in every image: their "
            "weights never change."
        ],
    )


def show_curves(context):
    """S3.92: loss and accuracy of all rows by epoch."""
    results = {f"{id[1:]}: {TITLES[id]}": context.result(id) for id in ROWS}
    return Findings(
        tables={
            "Last epoch": [
                {
                    "row": label,
                    **{
                        words: float(np.mean([run[-1] for run in result.curves[name]]))
                        for name, words in CURVES.items()
                    },
                }
                for label, result in results.items()
            ]
        },
        pictures={
            "training": partial(draw_rows, results),
            "validation": partial(
                draw_rows, results, ("validation_loss", "validation_accuracy")
            ),
        },
        notes=[
            "Means over the repetitions. Training losses hold the penalties of S3.84 "
            "to S3.87, validation losses do not."
        ],
    )


EXPERIMENTS = (
    Experiment(
        id="S3.77",
        title="Baseline of the deep networks",
        group=VANISHING_GROUP,
        about=(
            "Hidden layers of 100, SGD 0.01 constant, 20 epochs, batch 8, "
            "Glorot-uniform weights, zero biases, no regularisation: parameters of all "
            "networks, and the penalties that those with weights within (-1, 1) start "
            "from."
        ),
        procedure=count_parameters,
    ),
    Experiment(
        id="S3.88",
        title="Six logistic layers that must fail",
        group=VANISHING_GROUP,
        about=(
            "Dropout 0.2; L1 0.01; L1 0.0001; learning rate 0.1; learning rate 0.001: "
            "none gets the network of S3.80 to learn. Weights within ±1 do, at the "
            "same size."
        ),
        procedure=fail_to_learn,
        needs=("mnist",),
    ),
    Experiment(
        id="S3.90",
        title="Histograms of first-layer weights and biases",
        group=VANISHING_GROUP,
        about="After initialisation and after training, of three of the networks.",
        procedure=show_histograms,
        needs=("mnist",),
        depends=HISTOGRAMS,
    ),
    Experiment(
        id="S3.91",
        title="First-layer weights as images",
        group=VANISHING_GROUP,
        about="16 hidden neurons, before and after training.",
        procedure=show_first_layer,
        needs=("mnist",),
        depends=("S3.81",),
    ),
    Experiment(
        id="S3.92",
        title="Learning curves of the deep networks",
        group=VANISHING_GROUP,
        about="Loss and accuracy by epoch of S3.78 to S3.87; images only on the sheet.",
        procedure=show_curves,
        needs=("mnist",),
        depends=ROWS,
    ),
)
