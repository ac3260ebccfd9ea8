"""The four convolutional networks on MNIST: set-up, training, comparison."""

from collections import Counter

from ..experiment import Check, Experiment, Findings
from ..theory import double_softmax_floor
from .trainings import ROWS

GROUP = "CNN on MNIST"


def default_setup(context):
    """The settings that the four networks share, as their rows have them."""
    checks = []
    for id, name in CONFIGURATIONS.items():
        params = ROWS.experiments[id].procedure.params
        kinds = Counter(type(one).__name__ for one in params["architecture"])
        checks += [
            Check(
                f"{name}: solver, rate, batch, epochs",
                [params[one] for one in SETTINGS],
                published=["adam", 0.001, 128, 50],
            ),
            Check(
                f"{name}: convolutions, poolings, dropouts",
                [kinds[kind] for kind in ("Conv2d", "Pool2d", "Dropout")],
                published=LAYERS[id],
            ),
        ]
    return Findings(
        checks=checks,
        tables={
            "Settings": [
                {"setting": setting, "sheet": sheet, "here": here}
                for setting, sheet, here in (
                    ("convolutions", "3 x 3, in pairs, same padding", "the same"),
                    ("activation", "ReLU", "the same"),
                    ("pooling", "max 2 x 2 / 2 after each pair", "the same"),
                    ("dropout", "0.5 after the dense layer", "the same"),
                    ("output", "softmax of 10", "the same"),
                    ("optimizer", "Adam, rate 0.001", "Adam, 0.001, epsilon 1e-7"),
                    ("batch", "128", "128"),
                    ("epochs", "50", "50, or as many as the row states"),
                    ("initial weights", "not given", "Glorot uniform, biases 0"),
                    ("data", "50,000 / 10,000 / 10,000", "the same, file order"),
                    ("runs", "one each", "one each, or --repeats"),
                )
            ]
        },
        notes=[
            "No batch normalisation but in configuration 4, no augmentation, "
            "penalty or noise."
        ],
    )


SETTINGS = ("solver", "learning_rate_init", "batch_size", "max_iter")
LAYERS = {  # pairs of convolutions with a pooling each, dropout after the dense layer
    "S1.10": [2, 1, 1],
    "S1.11": [4, 2, 1],
    "S1.12": [4, 2, 1],
    "S1.13": [6, 3, 1],
}
CONFIGURATIONS = {
    "S1.10": "conf. 1 [32],[64]",
    "S1.11": "conf. 2 [32,64],[128]",
    "S1.12": "conf. 3 [32,64],[64]",
    "S1.13": "conf. 4 [32,64,128],[64]",
}


def learning_curves(context):
    """The curves of the four networks, and how far each still moves at the end."""
    rows, pictures = [], {}
    for id, name in CONFIGURATIONS.items():
        curves = {k: v[0] for k, v in context.result(id).curves.items()}  # first run
        tail = max(1, len(curves["train_loss"]) // 5)
        rows.append(
            {
                "network": name,
                "epochs": len(curves["train_loss"]),
                "of which last": tail,
            }
            | {
                f"change of {curve}": values[-1] - values[-1 - tail]
                for curve, values in curves.items()
                if len(values) > tail
            }
        )
        pictures[f"curves_{id}"] = _curves_picture(curves, name)
    return Findings(
        tables={"How far the curves still move in the last fifth of the epochs": rows},
        pictures=pictures,
        notes=[
            "The sheet shows pictures alone and reads them as converged, except the "
            "training loss of configuration 1. Training figures are means over an "
            "epoch with dropout; those of validation are without, hence better."
        ],
    )


def _curves_picture(curves, title):
    def draw():
        from ...plotting import LossCurveDisplay

        return LossCurveDisplay.from_history(curves, title=title).figure_

    return draw


MLPS = {
    "S3.51": (
        "MLP C 784-200-10",
        159_010,
        (0.000721, 1.0, 0.076720, 0.983800, 0.070349, 0.983000),
    ),
    "S3.64": (
        "MLP P 784-1000-10, dropout 0.2",
        795_010,
        (0.187101, 0.891420, 0.077229, 0.985100, 0.061507, 0.985300),
    ),
}


def comparison(context):
    """CNNs beside MLPs, with right losses."""
    rows = []
    for id in (*CONFIGURATIONS, *MLPS):
        means = {
            metric: sum(values) / len(values)
            for metric, values in context.result(id).metrics.items()
        }
        if id in MLPS:
            name, n_parameters, figures = MLPS[id]
            published = figures[3], figures[5], figures[4]
        else:
            name = CONFIGURATIONS[id]
            training = ROWS.experiments[id].procedure
            n_parameters = PARAMETERS[id]
            published = [
                training.published[key]
                for key in ("validation_accuracy", "test_accuracy")
            ] + [training.published["test_double_softmax"]]
        rows.append(
            {
                "network": name,
                "parameters": n_parameters,
                "validation accuracy": means["validation_accuracy"],
                "published validation accuracy": published[0],
                "test accuracy": means["test_accuracy"],
                "published test accuracy": published[1],
                "test loss": means["test_loss"],
                "double softmax test loss": means.get("test_double_softmax"),
                "published test loss": published[2],
            }
        )
    return Findings(
        checks=_comparison_checks(context, rows),
        tables={"CNN and MLP": rows},
        notes=[
            "The losses published for the CNNs are the double softmax ones; the "
            "column 'test loss' is the cross-entropy of all six networks."
        ],
    )


def _comparison_checks(context, rows):
    """The floor; of networks of the sheet's size, the sheet's reading and its losses.

    A network that is sure of all its answers has a double softmax loss of the floor
    where they are right and one more where they are wrong.
    """
    floor = double_softmax_floor(10)
    checks = [Check("ln(1 + 9/e)", floor, right=1.461150, tolerance=5e-7)]
    if not all(context.is_full(id) for id in (*CONFIGURATIONS, *MLPS)):
        return checks
    cnns, mlps = rows[: len(CONFIGURATIONS)], rows[len(CONFIGURATIONS) :]
    least = min(row["test accuracy"] for row in cnns)
    most = max(row["test accuracy"] for row in mlps)
    return [
        *checks,
        Check("every CNN is above both MLPs in the test", least > most, right=True),
        *(
            Check(
                f"{row['network']}: double softmax loss is floor + error rate",
                row["double softmax test loss"],
                right=floor + 1 - row["test accuracy"],
                tolerance=0.003,
            )
            for row in cnns
        ),
    ]


PARAMETERS = {"S1.10": 411_690, "S1.11": 467_818, "S1.12": 266_410, "S1.13": 362_922}

EXPERIMENTS = (
    Experiment(
        "S1.09",
        "Set-up of the MNIST CNNs",
        GROUP,
        "Pairs of 3 x 3 convolutions with ReLU and same padding, each pair followed "
        "by max-pooling, a dense ReLU layer with dropout 0.5, softmax; Adam 0.001, "
        "batch 128, 50 epochs, one run each.",
        default_setup,
        errata=(
            "Adam is described as 'without momentum': its first moment is a moving "
            "average of gradients, with beta_1 = 0.9.",
        ),
    ),
    Experiment(
        "S1.19",
        "Learning curves of the MNIST CNNs",
        GROUP,
        "Loss and accuracy in training and validation, configurations 1 to 4.",
        learning_curves,
        depends=tuple(CONFIGURATIONS),
    ),
    Experiment(
        "S1.20",
        "CNN against MLP",
        GROUP,
        "Configurations 1 to 4 beside the MLPs C and P of the sheet before.",
        comparison,
        depends=(*CONFIGURATIONS, *MLPS),
        errata=(
            ROWS.texts["double_softmax"],
            "The sheet says that no CNN falls below the MLPs in accuracy. In "
            "validation, configuration 2 (0.984900) does: MLP P has 0.985100. The "
            "table does not say that P has dropout 0.2.",
        ),
    ),
)
