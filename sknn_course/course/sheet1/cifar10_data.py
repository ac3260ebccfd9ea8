"""CIFAR-10: what the sheet shows of its images."""

import numpy as np

from ...datasets._cifar10 import CLASS_NAMES
from ..data import DataNotFound
from ..experiment import Check, Experiment, Findings
from .cifar10 import GROUP


def handling(context):
    """Shapes, ranges and parts of CIFAR-10."""
    data = context.data("cifar10_10000")
    X, y = data.train
    X_test, y_test = data.test
    notes = [
        "The test images are the validation set too, as in the sheet: figures by "
        "which networks are chosen are not those of new images."
    ]
    try:
        n_all = len(context.data("cifar10_50000").train[0])
        notes.append(f"All five batches: {n_all:,} training images.")
    except DataNotFound as error:
        notes.append(f"Only the first batch was read: {error.missing} not found.")
    return Findings(
        checks=[
            Check("training images and values", X.shape, right=(10_000, 3072)),
            Check("classes", len(np.unique(y)), right=10),
            Check("least and largest pixel", [X.min(), X.max()], right=[0.0, 1.0]),
            Check("classes of the test images", len(np.unique(y_test)), right=10),
            Check(
                "validation images are the test images",
                data.validation[0] is X_test,
                right=True,
            ),
        ],
        tables={
            "Images": [
                {"part": "training", "here": len(X), "sheet": 10_000},
                {"part": "test", "here": len(X_test), "sheet": 10_000},
            ]
        },
        notes=[*notes, *data.notes],
    )


def examples(context):
    """A grid of training images by class."""
    X, y = context.data("cifar10_10000").train

    def draw():
        from ...plotting import ExampleImagesDisplay

        names = np.array(CLASS_NAMES)[y]
        return ExampleImagesDisplay.from_images(
            X, names, n_images=8, per_class=True, image_shape=(3, 32, 32)
        ).figure_

    return Findings(pictures={"examples": draw}, notes=["Eight images of each class."])


def pixel_histogram(context):
    """Pixel values in training and test."""
    data = context.data("cifar10_10000")
    sets = {"training": data.train[0], "test": data.test[0]}
    shares = [np.histogram(X, bins=64, range=(0, 1))[0] / X.size for X in sets.values()]
    distance = np.abs(shares[0] - shares[1]).sum() / 2

    def draw():
        from ...plotting import PixelHistogramDisplay

        return PixelHistogramDisplay.from_images(sets).figure_

    return Findings(
        checks=[
            Check(
                "nearly the same: share of pixel values in other bins below 2 %",
                bool(distance < 0.02),
                right=True,
            )
        ],
        tables={
            "Pixel values": [
                {"images": name, "mean": X.mean(), "std": X.std()}
                for name, X in sets.items()
            ]
        },
        pictures={"pixel_histogram": draw},
        notes=[f"{100 * distance:.2f} % of the values lie in other ones of 64 bins."],
    )


def class_counts(context):
    """How often each class occurs in the first batch."""
    y = context.data("cifar10_10000").train[1]
    counts = np.bincount(y, minlength=10)

    def draw():
        from ...plotting import ClassCountsDisplay

        return ClassCountsDisplay.from_targets(y, class_names=CLASS_NAMES).figure_

    return Findings(
        checks=[
            Check("classes that occur", int((counts > 0).sum()), right=10),
            Check(
                "nearly equal: all counts within 10 % of 1,000",
                bool((np.abs(counts - 1000) < 100).all()),
                right=True,
            ),
        ],
        tables={
            "Training images": [
                {"class": name, "images": int(count)}
                for name, count in zip(CLASS_NAMES, counts, strict=True)
            ]
        },
        pictures={"class_counts": draw},
    )


EXPERIMENTS = (
    Experiment(
        "S1.31",
        "CIFAR-10 in the sheet",
        GROUP,
        "32 x 32 pixels in three colours, 10 classes; 10,000 or 50,000 training "
        "images; the 10,000 test images are the validation set too.",
        handling,
        needs=("cifar10",),
    ),
    Experiment(
        "S1.32",
        "Example images",
        GROUP,
        "A grid of training images.",
        examples,
        needs=("cifar10",),
    ),
    Experiment(
        "S1.33",
        "Histogram of pixel values",
        GROUP,
        "Training against test images; read as nearly the same.",
        pixel_histogram,
        needs=("cifar10",),
    ),
    Experiment(
        "S1.34",
        "Class counts",
        GROUP,
        "All ten classes are in the 10,000 training images, nearly equally often.",
        class_counts,
        needs=("cifar10",),
    ),
)
