"""The four convolutional networks on MNIST: set-up, training, comparison."""

from ...cnn import CNNClassifier
from ..experiment import Check, Experiment, Findings, Training
from ..networks import mnist_cnn
from ..theory import double_softmax_floor, double_softmax_loss

GROUP = "CNN on MNIST"

# Adam as in Keras; bias_init='auto' is zero beside glorot_uniform
SETUP = {
    "solver": "adam",
    "learning_rate_init": 0.001,
    "beta_1": 0.9,
    "beta_2": 0.999,
    "epsilon": 1e-7,
    "batch_size": 128,
    "max_iter": 50,
    "weight_init": "glorot_uniform",
}
QUICK = {"rows": 2000, "epochs": 3}

DOUBLE_SOFTMAX = (
    "The losses printed as cross-entropy (1.463 to 1.487) are those of a softmax of "
    "the softmax outputs: at least ln(1 + 9/e) = 1.461150, and about that plus the "
    "error rate. They cannot be compared with the MLPs' losses of 0.06. The network "
    "is trained with the right loss here; the printed one is calculated from its "
    "probabilities.",
)
LAST_POOL = (
    "The description leaves out the last max-pooling, which is in the summary.",
)


def _training(configuration, *figures, epochs, repeats=1):
    """Figures: (double softmax loss, accuracy) in training, validation and test."""
    pairs = dict(zip(("train", "validation", "test"), figures, strict=True))
    return Training(
        CNNClassifier,
        {"architecture": mnist_cnn(configuration), **SETUP},
        "mnist",
        published={
            **{f"{part}_accuracy": accuracy for part, (_, accuracy) in pairs.items()},
            **{f"{part}_double_softmax": loss for part, (loss, _) in pairs.items()},
        },
        further_losses={"double_softmax": double_softmax_loss},
        quick=QUICK,
        full={"epochs": epochs},
        repeats=repeats,
        pictures=("learning_curves", "filters", "misclassified"),
    )


def default_setup(context):
    """The settings that the four networks share."""
    return Findings(
        checks=[
            Check(
                "Adam's first moment: beta_1 is not 0",
                CNNClassifier().beta_1,
                right=0.9,
            )
        ],
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
            (training,) = (e.procedure for e in EXPERIMENTS if e.id == id)
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
        checks=_double_softmax_checks(),
        tables={"CNN and MLP": rows},
        notes=[
            "The losses published for the CNNs are the double softmax ones; the "
            "column 'test loss' is the cross-entropy of all six networks."
        ],
    )


def _double_softmax_checks():
    """Floor, and printed loss = floor + error rate, from the sheet's own figures."""
    floor = double_softmax_floor(10)
    figures = [
        (
            e.procedure.published[f"{part}_double_softmax"],
            e.procedure.published[part_accuracy],
        )
        for e in EXPERIMENTS
        if e.id in CONFIGURATIONS
        for part in ("train", "validation", "test")
        for part_accuracy in (f"{part}_accuracy",)
    ]
    largest = max(abs(loss - floor - (1 - accuracy)) for loss, accuracy in figures)
    return [
        Check("ln(1 + 9/e)", floor, right=1.461150, tolerance=5e-7),
        Check(
            "published losses of the CNNs against floor + error rate, largest "
            "difference",
            largest,
            right=0.000255,
            tolerance=5e-7,
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
        "S1.10",
        "MNIST CNN configuration 1",
        GROUP,
        "[32],[64]: two convolutions of 32 filters, pooling, dense 64; 411,690 "
        "parameters, 97.5 % of them in the dense layer.",
        _training(
            1,
            (1.473386, 0.987800),
            (1.471790, 0.989300),
            (1.471394, 0.989700),
            epochs=15,
        ),
        errata=(
            *DOUBLE_SOFTMAX,
            "The parameter table calls the first dense layer one of 128 neurons: it "
            "has 64.",
        ),
    ),
    Experiment(
        "S1.11",
        "MNIST CNN configuration 2",
        GROUP,
        "[32,64],[128]: two pairs of convolutions, each with pooling, dense 128; "
        "467,818 parameters, 85.8 % of them in the dense layer.",
        _training(
            2,
            (1.480255, 0.980900),
            (1.476277, 0.984900),
            (1.473528, 0.987600),
            epochs=8,
        ),
        errata=(
            *DOUBLE_SOFTMAX,
            *LAST_POOL,
            "The text says that the second pooling quarters the input of a "
            "convolution: it is that of the first dense layer, from 14 x 14 to "
            "7 x 7 pixels, 6,272 to 3,136 values.",
        ),
    ),
    Experiment(
        "S1.12",
        "MNIST CNN configuration 3",
        GROUP,
        "[32,64],[64]: configuration 2 with 64 dense units; 266,410 parameters.",
        _training(
            3,
            (1.487485, 0.973660),
            (1.472647, 0.988500),
            (1.473321, 0.987700),
            epochs=8,
        ),
        errata=(*DOUBLE_SOFTMAX, *LAST_POOL),
    ),
    Experiment(
        "S1.13",
        "MNIST CNN configuration 4",
        GROUP,
        "[32,64,128],[64] with batch normalisation: three pairs of convolutions, "
        "each normalised before its ReLU, three poolings (28, 14, 7, 3 pixels), "
        "dense 64, dropout, batch normalisation; 362,922 parameters, 361,898 of them "
        "trained. The best of the sheet.",
        _training(
            4,
            (1.463429, 0.997960),
            (1.465828, 0.995200),
            (1.466105, 0.995300),
            epochs=20,
        ),
        errata=(*DOUBLE_SOFTMAX, *LAST_POOL),
    ),
    Experiment(
        "S1.14",
        "Configuration 4 without batch normalisation",
        GROUP,
        "The sheet says that batch normalisation was needed for good results, and "
        "gives no figures. Compare with S1.13.",
        Training(
            CNNClassifier,
            {"architecture": mnist_cnn(4, batch_norm=False), **SETUP},
            "mnist",
            judged=(),
            quick=QUICK,
            full={"epochs": 20},
            repeats=1,
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
            *DOUBLE_SOFTMAX,
            "The sheet says that no CNN falls below the MLPs in accuracy. In "
            "validation, configuration 2 (0.984900) does: MLP P has 0.985100. The "
            "table does not say that P has dropout 0.2.",
        ),
    ),
)
