"""S3.78-S3.87: deep networks of logistic units and what lets them learn."""

from ..experiment import Experiment
from .settings import KERAS_BATCH_NORM, VANISHING_GROUP, figures, mnist_training

DEPTH = 6
DEEP = {
    "hidden_layer_sizes": (100,) * DEPTH,
    "activation": "logistic",
    "batch_size": 8,
}
UNIFORM = {"weight_init": "uniform(1)", "bias_init": "zeros"}
L1 = {"l1": 1e-4, "penalize_bias": True}
L2 = {"l2": 1e-4, "penalize_bias": True}

NOT_L1 = "The text describes this run as one with L1 0.0001; it has L2 0.0001."
WITH_PENALTY = (
    "The sheet's losses hold the penalty; ours are given without and with it. At the "
    "start the {term} of the weights is expected to be {start}."
)


def _row(row, what, params, n_parameters, values, **fields):
    about = f"{what}: {n_parameters:,} parameters, SGD 0.01, batch 8, 20 epochs."
    return Experiment(
        id=f"S3.{row}",
        title=what,
        group=VANISHING_GROUP,
        about=f"{about} {fields.pop('more', '')}".strip(),
        errata=fields.pop("errata", ()),
        procedure=mnist_training(
            {**DEEP, **params}, published=figures(*values), repeats=4, **fields
        ),
    )


EXPERIMENTS = (
    _row(
        78,
        "1 logistic layer",
        {"hidden_layer_sizes": (100,)},
        79_510,
        (0.159168, 0.954880, 0.156789, 0.956200, 0.159964, 0.954000),
    ),
    _row(
        79,
        "5 logistic layers",
        {"hidden_layer_sizes": (100,) * 5},
        119_910,
        (0.617239, 0.831420, 0.552177, 0.857500, 0.577704, 0.852800),
    ),
    _row(
        80,
        "6 logistic layers",
        {},
        130_010,
        (2.302763, 0.110340, 2.304596, 0.106400, 2.302881, 0.113500),
        outcome="constant",
        together="logistic",
        more=(
            "Stuck: every digit is called a 1, whose shares of the validation and test "
            "rows, 1064 and 1135 of 10,000, are the accuracies; the loss is ln 10."
        ),
    ),
    _row(
        81,
        "6 ReLU layers",
        {"activation": "relu"},
        130_010,
        (0.013037, 0.995540, 0.104106, 0.977900, 0.102228, 0.977600),
    ),
    _row(
        82,
        "6 logistic layers with batch normalisation",
        KERAS_BATCH_NORM,
        132_410,
        (0.127679, 0.960480, 0.071721, 0.979000, 0.071740, 0.977400),
        together="batch normalisation",
        more="131,210 parameters are trained.",
    ),
    _row(
        83,
        "6 logistic layers, weights within ±1",
        UNIFORM,
        130_010,
        (0.124293, 0.962560, 0.175328, 0.949100, 0.177092, 0.946200),
        together="logistic",
        pictures=("learning_curves", "first_layer", "weight_histogram"),
    ),
    _row(
        84,
        "6 logistic layers, weights within ±1, L1 0.0001",
        {**UNIFORM, **L1},
        130_010,
        (5.152094, 0.960780, 5.146176, 0.956600, 5.146333, 0.952500),
        together="logistic",
        more=WITH_PENALTY.format(term="L1 term", start="6.47"),
    ),
    _row(
        85,
        "6 logistic layers, weights within ±1, L2 0.0001",
        {**UNIFORM, **L2},
        130_010,
        (2.824241, 0.962200, 2.822695, 0.951200, 2.826861, 0.951900),
        together="logistic",
        more=WITH_PENALTY.format(term="L2 term", start="4.31"),
        errata=(NOT_L1,),
    ),
    _row(
        86,
        "6 logistic layers with batch normalisation, weights within ±1, L1 0.0001",
        {**UNIFORM, **L1, **KERAS_BATCH_NORM},
        132_410,
        (5.356184, 0.889180, 5.145382, 0.942400, 5.152021, 0.939700),
        together="batch normalisation",
        more=WITH_PENALTY.format(term="L1 term", start="6.47"),
    ),
    _row(
        87,
        "6 ReLU layers with batch normalisation, weights within ±1, L1 0.0001",
        {**UNIFORM, **L1, **KERAS_BATCH_NORM, "activation": "relu"},
        132_410,
        (5.376817, 0.881740, 5.126177, 0.949500, 5.132136, 0.944700),
        together="batch normalisation",
        more=WITH_PENALTY.format(term="L1 term", start="6.47"),
    ),
)
