"""The sheet's two confusion matrices, and what follows from them."""

import numpy as np

from ..experiment import Check, Findings
from ..theory import confusion_figures, predictions_of

MNIST = np.array(
    [
        [1114, 6, 2, 0, 0, 0, 2, 11, 0, 0],
        [0, 1018, 4, 0, 0, 0, 5, 5, 0, 0],
        [0, 1, 1000, 0, 3, 0, 4, 2, 0, 0],
        [0, 2, 0, 959, 0, 1, 3, 9, 8, 0],
        [0, 2, 19, 0, 864, 2, 1, 2, 0, 2],
        [3, 1, 1, 3, 1, 939, 0, 3, 0, 7],
        [1, 10, 3, 0, 1, 0, 1009, 4, 0, 0],
        [0, 1, 2, 1, 0, 0, 1, 965, 0, 4],
        [2, 0, 6, 9, 14, 0, 12, 19, 941, 6],
        [0, 1, 0, 0, 1, 0, 1, 2, 0, 975],
    ]
)
"""Rows: true digits 1 to 9, then 0; columns: predicted ones."""

CIFAR = np.array(
    [
        [619, 84, 36, 25, 23, 10, 11, 18, 101, 73],
        [16, 782, 2, 13, 10, 3, 6, 7, 25, 136],
        [94, 35, 387, 106, 106, 51, 61, 104, 18, 38],
        [34, 40, 65, 409, 65, 122, 92, 113, 6, 54],
        [35, 33, 136, 79, 408, 23, 67, 183, 11, 25],
        [15, 17, 95, 271, 49, 330, 33, 143, 13, 34],
        [13, 27, 62, 88, 94, 17, 613, 44, 4, 38],
        [14, 17, 24, 69, 72, 40, 8, 707, 3, 46],
        [122, 126, 7, 29, 10, 8, 8, 10, 582, 98],
        [32, 221, 6, 21, 8, 8, 11, 28, 20, 645],
    ]
)
"""Rows: true classes 0 to 9; columns: predicted ones."""

DIGITS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 0)
OBJECTS = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)

PRECISION = (
    0.9946, 0.9770, 0.9643, 0.9866, 0.9774, 0.9968, 0.9721, 0.9442, 0.9916, 0.9809,
)  # fmt: skip
RECALL = (
    0.9815, 0.9864, 0.9901, 0.9766, 0.9686, 0.9802, 0.9815, 0.9908, 0.9326, 0.9949,
)  # fmt: skip
"""As printed for MNIST, and a second time for CIFAR-10."""

CIFAR_PRECISION = (
    0.6227, 0.5658, 0.4720, 0.3685, 0.4828, 0.5392, 0.6736, 0.5210, 0.7433, 0.5434,
)  # fmt: skip
CIFAR_RECALL = (
    0.6190, 0.7820, 0.3870, 0.4090, 0.4080, 0.3300, 0.6130, 0.7070, 0.5820, 0.6450,
)  # fmt: skip
"""As they follow from the matrix."""


def draw_matrix(matrix, names):
    """The matrix as a picture, by scikit-learn's display."""
    from matplotlib.figure import Figure
    from sklearn.metrics import ConfusionMatrixDisplay

    figure = Figure(figsize=(6.2, 5.6), layout="constrained")
    ConfusionMatrixDisplay.from_predictions(
        *predictions_of(matrix),
        display_labels=names,
        ax=figure.subplots(),
        cmap="Blues",
        colorbar=False,
        xticks_rotation="vertical" if isinstance(names[0], str) else "horizontal",
        text_kw={"fontsize": 8},
    )
    return figure


def mnist_matrix(context):
    """Sums and trace of the MNIST matrix."""
    figures = confusion_figures(MNIST)
    return Findings(
        checks=[
            Check("images", MNIST.sum(), published=10_000),
            Check("trace", np.trace(MNIST), right=9784),
            Check("accuracy", figures.accuracy, published=0.9793, right=0.9784),
            Check(
                "row sums are the test counts of digits 1 to 9 and 0",
                figures.support,
                right=[1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009, 980],
            ),
        ],
        pictures={"confusion_matrix": lambda: draw_matrix(MNIST, DIGITS)},
        notes=["9 images between accuracy and trace: they are not of one run."],
    )


def cifar_matrix(context):
    """Sums and trace of the CIFAR-10 matrix."""
    figures = confusion_figures(CIFAR)
    return Findings(
        checks=[
            Check("row sums", figures.support, right=[1000] * 10),
            Check("trace", np.trace(CIFAR), right=5482),
            Check("accuracy", figures.accuracy, published=0.55, right=0.5482),
        ],
        pictures={"confusion_matrix": lambda: draw_matrix(CIFAR, OBJECTS)},
        notes=["18 images between accuracy and trace: they are not of one run."],
    )


def mnist_precision_recall(context):
    """Precision and recall of each digit."""
    return _precision_recall(MNIST, DIGITS, {})


def cifar_precision_recall(context):
    """Precision and recall of each class, of which MNIST's are printed."""
    right = {"precision": CIFAR_PRECISION, "recall": CIFAR_RECALL}
    return _precision_recall(CIFAR, OBJECTS, right)


def _precision_recall(matrix, names, right):
    figures = confusion_figures(matrix)
    checks = [
        Check(
            f"{what}, {name}",
            ours,
            published=published,
            right=right[what][place] if right else None,
            tolerance=5e-5,
        )
        for what, values, printed in (
            ("precision", figures.precision, PRECISION),
            ("recall", figures.recall, RECALL),
        )
        for place, (name, ours, published) in enumerate(
            zip(names, values, printed, strict=True)
        )
    ]
    rows = [
        {"class": name, "precision": precision, "recall": recall, "images": images}
        for name, precision, recall, images in zip(
            names, figures.precision, figures.recall, figures.support, strict=True
        )
    ]
    return Findings(checks=checks, tables={"Precision and recall": rows})
