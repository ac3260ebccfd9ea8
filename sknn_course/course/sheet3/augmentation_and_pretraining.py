"""S3.08-S3.09: more data from the same images, and a better start."""

import warnings
from functools import partial

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning

from ..._engine.ops.counter_random import row_keys
from ...augmentation import augmentation_pipeline
from ...mlp import MLPClassifier, MLPRegressor
from ..experiment import Check, Experiment, Findings
from ..training import run_settings
from .settings import TERMS_GROUP

CHANGES = {
    "translated, cropped": "shift(4)",
    "scaled": "scale(0.3)",
    "rotated": "rotation(25)",
    "flipped": "horizontal_flip(1)",
    "noise": "noise(0.2)",
    "part cut out": "cutout(8)",
}
SIZES = (40, 20)


def change_images(context):
    """S3.08: one image of each digit under each change."""
    X, y = context.data("mnist", rows=200).train
    first = [int(np.flatnonzero(y == digit)[0]) for digit in range(10)]
    images = torch.from_numpy(X[first].reshape(-1, 1, 28, 28))
    keys = row_keys(images)
    changed = {
        name: augmentation_pipeline(change)(images, keys)
        for name, change in CHANGES.items()
    }
    noise = (changed["noise"] - images).numpy()
    shifted = changed["translated, cropped"][0, 0].numpy()
    padded = np.pad(images[0, 0].numpy(), 4)
    crops = np.lib.stride_tricks.sliding_window_view(padded, (28, 28))
    return Findings(
        checks=[
            Check(
                "flipped twice is the image",
                bool((changed["flipped"].flip(3) == images).all()),
                right=True,
            ),
            Check(
                "translated is a crop of the padded image",
                bool((crops == shifted).all((2, 3)).any()),
                right=True,
            ),
            Check(
                "standard deviation of the noise",
                float(noise.std()),
                right=0.2,
                tolerance=0.2 * 4 / np.sqrt(2 * noise.size),
            ),
        ],
        pictures={"augmentation": partial(_draw, images, changed)},
        notes=[
            "CNNClassifier(augmentation=[...]) draws the changes anew for each image "
            "and epoch. A flipped digit is no digit: flips suit CIFAR-10, not MNIST."
        ],
    )


def _draw(images, changed):
    from matplotlib.figure import Figure

    rows = {"image": images, **changed}
    figure = Figure(figsize=(7.4, 5.6), layout="constrained")
    axes = figure.subplots(len(rows), len(images))
    for line, (name, shown) in zip(axes, rows.items(), strict=True):
        for ax, image in zip(line, shown, strict=True):
            ax.imshow(image[0].numpy(), cmap="gray", vmin=0, vmax=1)
            ax.set_xticks([])
            ax.set_yticks([])
        line[0].set_ylabel(name, rotation=0, ha="right", va="center")
    return figure


def pretrain(context):
    """S3.09: layers trained one by one to reproduce their input, then all together."""
    data = context.data("digits")
    X = data.train[0]
    few, epochs = context.choose(50, 100), context.choose(50, 200)
    X_few, y_few = (part[:few] for part in data.train)
    X_test, y_test = data.test
    findings = Findings()
    rows = []
    for repetition in range(context.repeats):
        seed = run_settings(context, repetition)
        layers, hidden = [], X
        for units in SIZES:
            coder = MLPRegressor(
                hidden_layer_sizes=(units,), max_iter=epochs, batch_size=20, **seed
            )
            coder = context.fit([coder], hidden, hidden)[0]
            layers.append((coder.coefs_[0], coder.intercepts_[0]))
            hidden = np.maximum(hidden @ layers[-1][0] + layers[-1][1], 0)
            error = float(coder.loss_curve_[-1])
            rows.append({"repetition": repetition + 1, "layer": units, "loss": error})
        scores = {
            name: _fine_tune(seed, start, X_few, y_few, epochs).score(X_test, y_test)
            for name, start in (("random start", []), ("pre-trained", layers))
        }
        findings.tables.setdefault(
            f"Test accuracy of 64-{SIZES[0]}-{SIZES[1]}-10 after {few} labelled rows",
            [],
        ).append({"repetition": repetition + 1, **scores})
    findings.tables["Reconstruction, on 1,000 rows without labels"] = rows
    findings.notes.append(
        "Each hidden layer learns to give its input back through a linear decoder; its "
        "weights then start the classifier, which is trained as a whole on few labels. "
        "The sheet explains the idea and has no figures."
    )
    return findings


def _fine_tune(seed, start, X, y, epochs):
    """A classifier trained from the given weights of its hidden layers."""
    network = MLPClassifier(SIZES, warm_start=True, max_iter=1, batch_size=10, **seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        network.fit(X, y)  # for the shapes
        if start:
            W, b = (list(arrays) for arrays in zip(*start, strict=True))
            network.coefs_ = [*W, network.coefs_[-1]]
            network.intercepts_ = [*b, network.intercepts_[-1]]
        return network.set_params(max_iter=epochs).fit(X, y)


EXPERIMENTS = (
    Experiment(
        id="S3.08",
        title="Augmentation",
        group=TERMS_GROUP,
        about="Images translated, scaled, rotated, cropped, flipped, with noise.",
        procedure=change_images,
        needs=("mnist",),
    ),
    Experiment(
        id="S3.09",
        title="Unsupervised pre-training, supervised fine-tuning",
        group=TERMS_GROUP,
        about=(
            "Layer by layer as autoencoders on digits without labels, then as a "
            "classifier on few labels; beside a random start."
        ),
        procedure=pretrain,
    ),
)
