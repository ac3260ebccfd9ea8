"""The CIFAR-10 network on whitened and on changed images."""

import numpy as np
import torch
from sklearn.preprocessing import StandardScaler

from ...augmentation import augmentation_pipeline
from ...preprocessing import ChannelStandardScaler, MeanImageSubtraction, ZCAWhitening
from ..experiment import Experiment, Findings
from .cifar import BASELINE, CIFAR
from .cifar_studies import ADAM, make_network, standardised_images
from .pictures import draw_curves
from .settings import GROUP_CNN


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
            [make_network(context, BASELINE, context.choose(5, 20), input_shape=shape)],
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
    train, test = standardised_images(
        context, context.choose(1000, 10_000), context.choose(500, 10_000)
    )
    networks = context.fit(
        [
            make_network(
                context, ADAM, context.choose(3, 20), augmentation=augmentation
            )
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


EXPERIMENTS = (
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
)
