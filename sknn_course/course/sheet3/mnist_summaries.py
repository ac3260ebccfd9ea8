"""S3.48, S3.75 and S3.76: what the MNIST networks consist of, and their curves."""

from functools import partial

from ...inspection import layer_table
from ..experiment import Check, Findings
from .curves import draw_rows, mean_curve
from .mnist_learning_rates import SWEEP
from .settings import (
    KERAS_BATCH_NORM,
    MNIST_NETWORK,
    mnist_experiment,
    mnist_network,
    summary,
)
from .trainings import ROWS

TRAININGS = ROWS.between("S3.49", "S3.69").values()
#: Parameters as the sheet gives them.
PARAMETERS = {
    "A": 39_760,
    "B": 79_510,
    "C": 159_010,
    "D": 89_610,
    "E": 99_710,
    "F": 109_810,
    **dict.fromkeys("GHIJ", 79_510),
    "K": 238_510,
    "L": 397_510,
    "M": 596_260,
    "N": 795_010,
    "O": 1_192_510,
    **dict.fromkeys("PQRSTU", 795_010),
}

DEVIATIONS = (
    "The sheet justifies single runs by low standard deviations at the learning rates "
    "0.1 and 0.001. It is 0.01 and 0.001; 0.1 has the largest."
)
#: A to J and P, whose learning curves the sheet shows.
SHOWN = tuple(f"S3.{row}" for row in (*range(49, 59), 64))
COMPLETE = {
    "hidden_layer_sizes": (100, 100),
    "l1": 0.01,
    "penalize_bias": True,
    "dropout": 0.2,
    **KERAS_BATCH_NORM,
}


def count_parameters(context):
    """S3.48: the set-up, and the parameters of all networks counted by layer."""
    findings = Findings()
    for experiment in TRAININGS:
        name, params = experiment.title.partition(":")[0], experiment.procedure.params
        if "architecture" in params:
            table = layer_table(params["architecture"], (1, 28, 28))
        else:
            table = summary(params, 784, 10)
        letter = name[-1]
        findings.checks.append(
            Check(
                f"parameters of {name}",
                table.n_parameters,
                PARAMETERS[letter],
                799_010 if letter == "U" else None,
            )
        )
        if letter == "U":
            findings.checks.append(
                Check("trained of MLP U", table.n_trainable, right=797_010)
            )
    findings.tables["Set-up unless a row says otherwise"] = [
        {"parameter": name, "value": str(value)}
        for name, value in MNIST_NETWORK.items()
    ]
    return findings


def summarise(context):
    """S3.75: a network with everything, its configuration and layers."""
    network = mnist_network(context, COMPLETE)
    table = summary(COMPLETE, 784, 10)
    parameters = [row.parameters for row in table if row.parameters]
    return Findings(
        checks=[
            Check(
                "parameters layer by layer",
                parameters,
                [78_500, 400, 10_100, 400, 1_010],
            ),
            Check("parameters", table.n_parameters, 90_410),
            Check("trained", table.n_trainable, 90_010),
            Check("not trained", table.n_non_trainable, 400),
        ],
        tables={
            "Layers": [
                {
                    "layer": row.name,
                    "type": row.type,
                    "settings": row.settings,
                    "output": str(row.output_shape),
                    "parameters": row.parameters,
                    "trained": row.trainable,
                }
                for row in table
            ],
            "Configuration": [
                {"parameter": name, "value": str(value)}
                for name, value in network.get_params().items()
            ],
        },
    )


def show_curves(context):
    """S3.76: training loss and accuracy by epoch."""
    sweep = {
        one.title.removesuffix(", batch 1, four runs").replace(
            "SGD", "rate"
        ): context.result(id)
        for id, one in SWEEP.items()
    }
    titles = {one.id: one.title.partition(":")[0] for one in TRAININGS}
    sizes = {titles[id]: context.result(id) for id in SHOWN}
    return Findings(
        tables={
            "Last epoch": [
                {
                    "run": name,
                    "training loss": float(mean_curve(result.curves["train_loss"])[-1]),
                    "training accuracy": float(
                        mean_curve(result.curves["train_accuracy"])[-1]
                    ),
                }
                for name, result in {**sweep, **sizes}.items()
            ]
        },
        pictures={
            "learning_rates": partial(draw_rows, sweep),
            "networks": partial(draw_rows, sizes),
        },
        notes=["Means over the repetitions, while the networks learn."],
    )


EXPERIMENTS = (
    mnist_experiment(
        48,
        "Set-up of the networks A to U",
        "One run each, SGD without momentum, learning rate 0.01, 20 epochs, batch 1 (Q "
        "to U: 8), ReLU, linear output with sparse cross-entropy, Glorot uniform, zero "
        "biases: the parameters of all of them.",
        count_parameters,
        errata=(DEVIATIONS, ROWS.texts["count_of_u"]),
    ),
    mnist_experiment(
        75,
        "[100, 100] with L1, dropout and batch normalisation",
        "L1 0.01 on weights and biases, dropout 0.2, batch normalisation after it: "
        "configuration and summary.",
        summarise,
    ),
    mnist_experiment(
        76,
        "Learning curves of the learning rates, A to J and P",
        "Training loss and accuracy by epoch; images only on the sheet.",
        show_curves,
        needs=("mnist",),
        depends=(*SWEEP, *SHOWN),
    ),
)
