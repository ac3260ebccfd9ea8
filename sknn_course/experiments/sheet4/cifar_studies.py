"""Studies of the CIFAR-10 network: modes, first epoch, settings, images, solvers."""

from contextlib import suppress

import numpy as np
import torch
from sklearn.preprocessing import StandardScaler

from ...cnn import CNNClassifier
from ...mlp import MLPClassifier
from ...modules.augmentation import augmentation_pipeline
from ...preprocessing import ChannelStandardScaler, MeanImageSubtraction, ZCAWhitening
from ..record import Check, Experiment, Findings
from .cifar import BASELINE, CIFAR, NETWORK
from .pictures import draw_curves
from .settings import GROUP_CNN, NO_STOPPING

ADAM = {**NETWORK, "batch_size": 32}


def _network(context, params, n_epochs, **more):
    settings = {**params, **NO_STOPPING, "max_iter": n_epochs, **more}
    return CNNClassifier(**settings, random_state=context.seed, device=context.device)


def _images(context, rows, n_test):
    """Training rows and the first test rows, standardised."""
    data = context.data("cifar10_10000", rows=rows)
    scaler = ChannelStandardScaler(CIFAR).fit(data.train[0])
    test = tuple(part[:n_test] for part in data.test)
    return tuple(
        (np.asarray(scaler.transform(X), np.float32), y) for X, y in (data.train, test)
    )


def modes(context):
    """Dropout and batch normalisation in training and in evaluation mode."""
    X, y = context.data("digits", rows=300).train
    (network,) = context.fit(
        [
            MLPClassifier(
                (50,),
                dropout=0.5,
                batch_norm=True,
                **NO_STOPPING,
                max_iter=5,
                random_state=context.seed,
                device="cpu",
            )
        ],
        X,
        y,
    )
    module = network.net_.module_
    was_training = module.training
    proba = network.predict_proba(X[:50])
    rows = torch.tensor(X[:50])
    with torch.no_grad():
        evaluated = module(rows).softmax(1).numpy()
        without_graph = module(rows).requires_grad
        module.train()
        first, second = module(rows), module(rows)
        module.eval()
        again = module(rows).softmax(1).numpy()
    return Findings(
        checks=[
            Check("training mode after fit", was_training, right=False),
            Check(
                "predict_proba and the evaluation mode's output, largest difference",
                float(np.abs(proba - evaluated).max()),
                right=0.0,
                tolerance=1e-6,
            ),
            Check(
                "outputs in training mode differ each time",
                bool((first != second).any()),
                right=True,
            ),
            Check("a gradient is kept under no_grad", without_graph, right=False),
            Check(
                "a gradient is kept otherwise", module(rows).requires_grad, right=True
            ),
            Check(
                "evaluation after it is the same: no, statistics have moved",
                bool(np.allclose(again, evaluated)),
                right=False,
            ),
        ],
        notes=[
            "fit trains and leaves the network in evaluation mode; predictions take "
            "no gradients. A forward pass in training mode changes the statistics of "
            "batch normalisation, even without gradients: hence the switch in test."
        ],
    )


def first_epoch(context):
    """Loss and accuracy within the first epoch, training beside test."""
    (X, y), (X_test, y_test) = _images(
        context, context.choose(3000, 10_000), context.choose(400, 2000)
    )
    n_parts = min(15, len(X) // BASELINE["batch_size"])
    network = _network(context, BASELINE, 1)
    curves = {name: [] for name in ("training", "test")}
    accuracies = {name: [] for name in ("training", "test")}
    for part in np.array_split(np.arange(len(X)), n_parts):
        y_pred = network.predict(X[part]) if curves["training"] else None
        seen = np.mean(y_pred == y[part]) if y_pred is not None else 0.1
        network.partial_fit(X[part], y[part], classes=np.arange(10))
        curves["training"].append(network.loss_)
        accuracies["training"].append(seen)
        proba = network.predict_proba(X_test)
        of_true = np.clip(proba[np.arange(len(y_test)), y_test], 1e-7, None)
        curves["test"].append(float(-np.log(of_true).mean()))
        accuracies["test"].append(np.mean(proba.argmax(1) == y_test))
    average = np.mean(accuracies["training"])
    after = network.score(X, y)
    return Findings(
        checks=[
            Check(
                "training accuracy: the epoch's average is below that after it",
                bool(average < after),
                right=True,
            )
        ],
        tables={
            "First epoch": [
                {"accuracy": "training, average over the epoch", "value": average},
                {"accuracy": "training rows after the epoch", "value": after},
                {
                    "accuracy": "test rows after the epoch",
                    "value": accuracies["test"][-1],
                },
            ]
        },
        pictures={
            "first_epoch": lambda: draw_curves(
                [curves, accuracies],
                ["loss", "accuracy"],
                xlabel=f"{len(X) // n_parts} images",
            )
        },
        notes=[
            "Training accuracy is taken on each part of the epoch before it is used."
        ],
    )


def rates_and_batches(context):
    """Learning rates and batch sizes of the network."""
    train, test = _images(
        context, context.choose(1000, 10_000), context.choose(500, 10_000)
    )
    rates, batches = (0.002, 0.02, 0.2), (16, 64)
    rows = []
    for batch in batches:
        for rate in rates:
            network = _network(
                context,
                BASELINE,
                context.choose(3, 10),
                learning_rate_init=rate,
                batch_size=batch,
            )
            loss = accuracy = score = np.nan
            with suppress(ValueError):  # it has diverged
                (network,) = context.fit([network], *train)
                loss = network.loss_
                accuracy, score = network.score(*train), network.score(*test)
            rows.append(
                {
                    "batch": batch,
                    "learning rate": rate,
                    "training loss": loss,
                    "training accuracy": accuracy,
                    "test accuracy": score,
                }
            )
    scores = np.reshape([row["test accuracy"] for row in rows], (2, 3))
    return Findings(
        tables={"Rates and batches": rows},
        pictures={
            "test_accuracy": lambda: _draw_sweep(rates, batches, scores),
        },
        notes=[
            "The sheet discusses in words: too high a rate diverges (no numbers) or "
            "stalls, too low a rate is slow; small batches take more and noisier steps "
            "in an epoch."
        ],
    )


def _draw_sweep(rates, batches, scores):
    from ...plotting import SweepResultsDisplay

    display = SweepResultsDisplay(
        x_name="learning rate",
        x_values=list(rates),
        mean=scores,
        std=np.zeros_like(scores),
        y_name="batch",
        y_values=list(batches),
        score_name="test accuracy",
    )
    return display.plot(kind="heatmap").figure_


def normalisations(context):
    """Standardisation, mean image, whitening: each from training rows alone."""
    side = context.choose(16, 32)
    data = context.data("cifar10_10000", rows=context.choose(2000, 10_000))
    n_test = context.choose(1000, 10_000)
    train = _averaged(data.train[0], side), data.train[1]
    test = _averaged(data.test[0][:n_test], side), data.test[1][:n_test]
    shape = (3, side, side)
    methods = {
        "none": None,
        "mean image": MeanImageSubtraction(),
        "each channel standardised": ChannelStandardScaler(shape),
        "each pixel standardised": StandardScaler(),
        "ZCA whitening": ZCAWhitening(0.01),
    }
    rows, curves, pictures = [], {}, {}
    for name, method in methods.items():
        X, X_test = train[0], test[0]
        if method is not None:
            X = np.asarray(method.fit_transform(X), np.float32)
            X_test = np.asarray(method.transform(X_test), np.float32)
        (network,) = context.fit(
            [_network(context, BASELINE, context.choose(5, 20), input_shape=shape)],
            X,
            train[1],
            X_val=X_test,
            y_val=test[1],
        )
        rows.append(
            {
                "normalisation": name,
                "mean of the pixels": float(X.mean()),
                "deviation": float(X.std()),
                "training accuracy": network.training_score_curve_[-1],
                "test accuracy": network.validation_scores_[-1],
                "best test accuracy": max(network.validation_scores_),
            }
        )
        curves[name] = network.validation_scores_
        pictures[name] = X[:6]
    return Findings(
        tables={"Normalisations": rows},
        pictures={
            "test_accuracy": lambda: draw_curves(
                curves, "test accuracy", xlabel="epoch"
            ),
            "normalised_images": lambda: _draw_images(pictures, shape),
        },
        notes=[
            f"Images of {side} x {side} pixels"
            + (" (means of 2 x 2)" if side == 16 else "")
            + "; whitening with epsilon 0.01. The sheet asks and does not answer."
        ],
    )


def _averaged(X, side):
    """Flat rows of images of 32 x 32, as means of squares of pixels."""
    images = torch.tensor(X).reshape(-1, *CIFAR)
    small = torch.nn.functional.avg_pool2d(images, 32 // side)
    return small.flatten(1).numpy()


def _draw_images(rows, shape):
    from ...plotting import ExampleImagesDisplay

    images, titles = [], []
    for name, X in rows.items():
        low, high = np.percentile(X, [1, 99])
        images.append(np.clip((X - low) / (high - low), 0, 1).reshape(-1, *shape))
        titles += [name if place == 0 else "" for place in range(len(X))]
    display = ExampleImagesDisplay(
        images=np.concatenate(images), titles=titles, n_columns=6
    )
    return display.plot().figure_


AUGMENTATIONS = {
    "none": None,
    "flip": "horizontal_flip",
    "contrast": "contrast(0.4)",
    "brightness": "brightness(0.4)",
    "rotation": "rotation(15)",
    "noise": "noise(0.2)",
    "all": [
        "horizontal_flip",
        "contrast(0.4)",
        "brightness(0.4)",
        "rotation(15)",
        "noise(0.2)",
    ],
}


def augmentations(context):
    """Contrast, brightness, rotation, noise, each alone and together."""
    train, test = _images(
        context, context.choose(1000, 10_000), context.choose(500, 10_000)
    )
    networks = context.fit(
        [
            _network(context, ADAM, context.choose(3, 20), augmentation=augmentation)
            for augmentation in AUGMENTATIONS.values()
        ],
        *train,
        X_val=test[0],
        y_val=test[1],
    )
    rows = [
        {
            "augmentation": name,
            "parameter": repr(augmentation),
            "training accuracy": network.training_score_curve_[-1],
            "test accuracy": network.validation_scores_[-1],
            "test loss": network.validation_loss_curve_[-1],
        }
        for (name, augmentation), network in zip(
            AUGMENTATIONS.items(), networks, strict=True
        )
    ]
    images = context.data("cifar10_10000", rows=100).train[0]
    return Findings(
        tables={"Augmentations": rows},
        pictures={"augmented_images": lambda: _draw_augmented(images)},
        notes=[
            "Strengths are ours, in units of the standardised pixels; Adam at 0.001. "
            "Training accuracy is taken on changed images: the harder they are, the "
            "lower it is, and the later it overfits."
        ],
    )


def _draw_augmented(rows):
    from ...plotting import ExampleImagesDisplay

    mean, deviation = rows.mean(), rows.std()
    x = (torch.tensor(rows[4:5]).reshape(1, *CIFAR) - mean) / deviation
    x = x.repeat(7, 1, 1, 1)
    keys = torch.arange(7, dtype=torch.int32)
    images, titles = [], []
    for name, augmentation in AUGMENTATIONS.items():
        if augmentation is None:
            continue
        pixels = augmentation_pipeline(augmentation)(x, keys) * deviation + mean
        images.append(pixels.clamp(0, 1).numpy())
        titles += [name if place == 0 else "" for place in range(7)]
    display = ExampleImagesDisplay(
        images=np.concatenate(images), titles=titles, n_columns=7
    )
    return display.plot().figure_


SOLVERS = {
    "SGD 0.02": {"solver": "sgd", "learning_rate_init": 0.02, "momentum": 0.0,
                 "nesterovs_momentum": False},
    "SGD 0.002, momentum 0.9": {"solver": "sgd", "learning_rate_init": 0.002,
                               "momentum": 0.9, "nesterovs_momentum": False},
    "RMSProp 0.0005": {"solver": "rmsprop", "learning_rate_init": 0.0005},
    "Adam 0.001": {"solver": "adam", "learning_rate_init": 0.001},
}  # fmt: skip


def solvers(context):
    """SGD with momentum, RMSProp and Adam beside SGD."""
    train, test = _images(
        context, context.choose(1500, 10_000), context.choose(500, 10_000)
    )
    networks = dict(
        zip(
            SOLVERS,
            [
                context.fit(
                    [_network(context, ADAM, context.choose(3, 20), **solver)],
                    *train,
                    X_val=test[0],
                    y_val=test[1],
                )[0]
                for solver in SOLVERS.values()
            ],
            strict=True,
        )
    )
    return Findings(
        tables={
            "Optimizers": [
                {
                    "optimizer": name,
                    "training loss": network.loss_curve_[-1],
                    "training accuracy": network.training_score_curve_[-1],
                    "test accuracy": network.validation_scores_[-1],
                    "best test accuracy": max(network.validation_scores_),
                }
                for name, network in networks.items()
            ]
        },
        pictures={
            "curves_by_optimizer": lambda: draw_curves(
                [
                    {name: one.loss_curve_ for name, one in networks.items()},
                    {name: one.validation_scores_ for name, one in networks.items()},
                ],
                ["training loss", "test accuracy"],
                xlabel="epoch",
            )
        },
        notes=["Rates are ours, the usual ones of each optimizer."],
    )


EXPERIMENTS = (
    Experiment(
        "S4.23",
        "Training and evaluation mode",
        GROUP_CNN,
        "No gradients and the evaluation switches in test, shown on digits with "
        "dropout and batch normalisation.",
        modes,
    ),
    Experiment(
        "S4.24",
        "The first epoch",
        GROUP_CNN,
        "Loss and accuracy within the first epoch, training and test.",
        first_epoch,
        needs=("cifar10",),
        errata=(
            "That the test figures are better is explained by an untrained network "
            "that guesses test images better: training figures are averages over the "
            "epoch while weights improve, test figures are taken after it. The text "
            "refers to figure 2 for figure 10.",
        ),
    ),
    Experiment(
        "S4.26",
        "Learning rate and batch size of the network",
        GROUP_CNN,
        "Discussed without figures: a sweep of ours.",
        rates_and_batches,
        needs=("cifar10",),
    ),
    Experiment(
        "S4.28",
        "Whitening and other normalisations",
        GROUP_CNN,
        "ZCA whitening and others beside standardisation: asked, not answered.",
        normalisations,
        needs=("cifar10",),
    ),
    Experiment(
        "S4.30",
        "Further augmentation",
        GROUP_CNN,
        "Contrast, brightness, rotation and noise; strengths are ours.",
        augmentations,
        needs=("cifar10",),
    ),
    Experiment(
        "S4.32",
        "Other optimizers",
        GROUP_CNN,
        "SGD with momentum, RMSProp and Adam; no figures.",
        solvers,
        needs=("cifar10",),
        errata=(
            "RMSProp is said to divide by a moving average of the gradient's norm: it "
            "is the root of the moving average of the squared gradient, for each "
            "weight.",
        ),
    ),
)
