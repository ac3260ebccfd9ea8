"""The CIFAR-10 starter network, its improvement, and what the text leaves open."""

from functools import partial

import numpy as np
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from ...cnn import CNNClassifier
from ...inspection import layer_table
from ...layers import Activation, Conv2d, Dense, Flatten, Pool2d
from ...preprocessing import ChannelStandardScaler
from ..experiment import Check, Experiment, Findings, Training
from ..networks import fman45_cifar_cnn
from ..sheet4.pictures import draw_curves
from ..theory import sgd_parameters
from ..training import run_settings
from . import confusion
from .networks import show_filters, show_iterations, show_misclassified

GROUP = "CIFAR-10 starter CNN"
CIFAR = (3, 32, 32)
WEIGHT_DECAY = 0.001
STEP = sgd_parameters(0.001, 0.95, WEIGHT_DECAY)


def byte_values(X):
    """Pixels from 0 to 255 in place of 0 to 1."""
    return np.multiply(X, 255, dtype=np.float32)


def starter(architecture, published, quick_epochs, **params):
    """A training of 5,000 iterations of 16 images.

    Parameters
    ----------
    architecture : str or tuple of Layer
    published : dict of str to float
    quick_epochs : int
        Of the quick scale, each with all rows.
    **params : dict
        Further parameters of the estimator.

    Returns
    -------
    Training
    """
    return Training(
        CNNClassifier,
        {
            "architecture": architecture,
            "input_shape": CIFAR,
            **STEP,
            "batch_size": 16,
            "max_iter": 8,
            "weight_init": "normal(0.01)",
            "bias_init": "zeros",
            **params,
        },
        "cifar10_10000",
        published=published,
        quick={"epochs": quick_epochs},
        transform=make_pipeline(
            FunctionTransformer(byte_values),
            ChannelStandardScaler(CIFAR, with_std=False),
        ),
        pictures=("filters", "misclassified", "confusion"),
    )


IMPROVED_LAYERS = (
    Conv2d(16, 5),
    Activation("relu"),
    Pool2d(),
    Conv2d(32, 5),
    Activation("relu"),
    Pool2d(),
    Flatten(),
    Dense(10),
)
STARTER = starter(fman45_cifar_cnn(), {"test_accuracy": 0.48}, quick_epochs=3)
IMPROVED = starter(
    IMPROVED_LAYERS,
    {
        "train_loss": 1.141692,
        "train_accuracy": 0.596877,
        "validation_accuracy": 0.565154,
        "test_accuracy": 0.55,
    },
    quick_epochs=4,
    augmentation="horizontal_flip",
)


def filters_and_errors(context):
    """Filters and wrong test images of the improved network."""
    filters = show_filters(context, "S5.26", 16, 3)
    errors = show_misclassified(context, "S5.26", IMPROVED, confusion.OBJECTS)
    return Findings(
        checks=filters.checks,
        tables=errors.tables,
        pictures=filters.pictures | errors.pictures,
        notes=filters.notes + errors.notes,
    )


PARITY_LAYERS = (
    Conv2d(16, 5),
    Activation("relu"),
    Pool2d(),
    Conv2d(16, 5),
    Activation("relu"),
    Flatten(),
    Dense(10),
    Activation("relu"),
    Dense(1),
)


def two_classes(context):
    """The fragment's network on a task of two classes: odd or even digits."""
    data = context.data("mnist_58000", rows=context.choose(4000, 48_000))
    (network,) = context.fit(
        [
            CNNClassifier(
                architecture=PARITY_LAYERS,
                batch_size=32,
                max_iter=3,
                **run_settings(context),
            )
        ],
        data.train[0],
        data.train[1] % 2,
    )
    X, y = data.test
    n_test = context.choose(2000, 10_000)
    accuracy = network.score(X[:n_test], y[:n_test] % 2)
    table = layer_table(network)
    return Findings(
        checks=[
            Check("outputs", network.n_outputs_, published=1),
            Check("accuracy above the goal of 95 %", accuracy > 0.95, right=True),
        ],
        tables={
            "Layers": [
                {
                    "layer": row.name,
                    "shape": "·".join(map(str, row.output_shape)),
                    "parameters": row.parameters,
                }
                for row in table
            ]
        },
        notes=[f"Odd or even on {n_test} test images: accuracy {accuracy:.4f}."],
    )


OPTIONS = {
    "none": {},
    "horizontal flip": {"augmentation": "horizontal_flip"},
    "flip, shift by 4": {"augmentation": ["horizontal_flip", "shift(4)"]},
    "cutout": {"augmentation": "cutout(8)"},
    "weight decay 0.05": {"weight_decay": 0.05},
    "L2 0.001": {"l2": 0.001},
    "dropout 0.2 after pooling": {"conv_dropout": 0.2},
    "batch normalisation": {"batch_norm": True},
}


def advice(context):
    """Augmentation and regularisation as options of the estimator."""
    data = context.data("cifar10_10000", rows=context.choose(2000, 10_000))
    n_test = context.choose(1000, 10_000)
    X_val, y_val = (part[:n_test] for part in data.test)
    networks = context.fit(
        [
            CNNClassifier(
                filters=((16,), (16,)),
                dense_layer_sizes=(),
                kernel_size=5,
                input_shape=CIFAR,
                batch_size=32,
                max_iter=context.choose(4, 20),
                **run_settings(context),
                **options,
            )
            for options in OPTIONS.values()
        ],
        *data.train,
        X_val=X_val,
        y_val=y_val,
    )
    X, y = (part[:n_test] for part in data.train)
    rows = [
        {
            "advice": name,
            "parameters": ", ".join(f"{k}={v!r}" for k, v in options.items()),
            "training accuracy": network.score(X, y),
            "test accuracy": network.validation_scores_[-1],
            "test loss": network.validation_loss_curve_[-1],
        }
        for (name, options), network in zip(OPTIONS.items(), networks, strict=True)
    ]
    return Findings(
        tables={"Options": rows},
        pictures={
            "test_accuracy": lambda: draw_curves(
                {
                    name: network.validation_scores_
                    for name, network in zip(OPTIONS, networks, strict=True)
                },
                "test accuracy",
                xlabel="epoch",
            )
        },
        notes=[
            "The starter's two convolutions, Adam, batches of 32. What regularises "
            "learns more slowly: gains over 'none' come with more rows and epochs."
        ],
    )


EXPERIMENTS = (
    Experiment(
        "S5.25",
        "CIFAR-10 starter network",
        GROUP,
        "About 48 % after 5,000 iterations. The network is not in the sheet; published "
        "copies: conv 16@5x5, ReLU, pool, conv 16@5x5, ReLU, dense 10 (48,602 "
        "parameters), rate 0.001, momentum 0.95 as a moving average, weight decay "
        "0.001, batches of 16. Pixels 0 to 255 less each channel's mean and N(0, 0.01) "
        "weights are ours; the 80,000 images of 5,000 iterations are the first batch "
        "of 10,000 in 8 epochs.",
        STARTER,
    ),
    Experiment(
        "S5.26",
        "CIFAR-10 network, improved",
        GROUP,
        "5,000 iterations; what was changed is not described. Ours: 32 filters and a "
        "pooling in the second block, and images flipped at random; the rest as S5.25.",
        IMPROVED,
        errata=(
            "The test accuracy of 0.5500 is not that of the confusion matrix, 0.5482.",
        ),
    ),
    Experiment(
        "S5.27",
        "Confusion matrix, CIFAR-10",
        GROUP,
        "The printed matrix of 10,000 test images; that of our network is with S5.26.",
        confusion.cifar_matrix,
        errata=("The printed accuracy of 0.550000 is not the matrix's, 0.5482.",),
    ),
    Experiment(
        "S5.28",
        "Precision and recall, CIFAR-10",
        GROUP,
        "Of each class from the printed matrix.",
        confusion.cifar_precision_recall,
        errata=("The printed table is that of MNIST, not of this matrix.",),
    ),
    Experiment(
        "S5.29",
        "Filters and misclassified images, CIFAR-10",
        GROUP,
        "Of the improved network; the sheet shows pictures alone.",
        filters_and_errors,
        needs=("cifar10",),
        depends=("S5.26",),
    ),
    Experiment(
        "S5.30",
        "Curves of the CIFAR-10 training",
        GROUP,
        "Accuracy and loss along the iterations (the sheet: a picture), and the "
        "classification and weight decay losses at the end.",
        partial(
            show_iterations,
            training=IMPROVED,
            weight_decay=WEIGHT_DECAY,
            published={
                "classification loss": 1.141692,
                "weight decay loss": 0.011528,
                "total loss": 1.153220,
            },
        ),
        needs=("cifar10",),
    ),
    Experiment(
        "S5.31",
        "A loose end of the text",
        GROUP,
        "16@5x5, pool, 16@5x5, no pool, dense 10, dense 1, goal above 95 %. The task "
        "is not stated: here odd or even digits of MNIST, ReLU between the dense "
        "layers, Adam, 3 epochs.",
        two_classes,
        needs=("mnist",),
        errata=(
            "One output cannot tell ten classes: the fragment belongs to a task of "
            "two. The change that takes CIFAR-10 from 48 % to 55 % is not described.",
        ),
    ),
    Experiment(
        "S5.32",
        "Augmentation and regularisation",
        GROUP,
        "The sheet's advice as options of the estimator, each alone, on the first "
        "batch of CIFAR-10.",
        advice,
        needs=("cifar10",),
    ),
)
