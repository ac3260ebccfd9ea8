"""Loss against accuracy: the losses of single images."""

import numpy as np

from ..data import DataNotFound
from ..experiment import Check, Experiment, Findings
from ..theory import loss_per_sample
from .cifar10 import (
    GROUP,
    network,
)

LABELS = (3, 8, 8, 0, 6)


# -ln p(true) of the first five test images, and whether they are right
SINGLE_LOSSES = {
    "S1.59": (
        (7, (1.8856, 0.0447, 5.0282, 0.0058, 0.3368), (0, 1, 0, 1, 1), 7.3011),
        (125, (4.4086, 5.1530, 0.0029, 0.0000, 0.0006), (0, 0, 1, 1, 1), 9.5651),
    ),
    "S1.60": (
        (7, (0.0904, 0.0004, 5.5800, 0.1749, 0.1099), (1, 1, 0, 1, 1), 5.9556),
        (125, (0.0000, 0.0000, 0.1651, 0.0000, 0.0000), (1, 1, 1, 1, 1), 0.1651),
    ),
}


def _published_losses(id):
    """Checks and tables of the sheet's own figures."""
    checks, tables = [], {}
    for n_epochs, losses, right, total in SINGLE_LOSSES[id]:
        checks.append(
            Check(
                f"sum of the five losses after {n_epochs} epochs",
                sum(losses),
                total,
                tolerance=5e-5,
            )
        )
        # an image whose true class has more than half is surely right
        surely = [loss < np.log(2) for loss in losses]
        checks.append(
            Check(
                f"right after {n_epochs} epochs where p > 1/2",
                bool(all(r for r, sure in zip(right, surely, strict=True) if sure)),
                right=True,
            )
        )
        tables[f"Published, after {n_epochs} epochs"] = _rows(LABELS, losses, right)
    return checks, tables


def _rows(classes, losses, right):
    return [
        {
            "image": i + 1,
            "class": int(classes[i]),
            "-ln p(true)": float(losses[i]),
            "p(true)": float(np.exp(-losses[i])),
            "right": "yes" if right[i] else "no",
        }
        for i in range(5)
    ]


def _our_losses(cnn, X, y):
    loss, right = loss_per_sample(y[:5], cnn.predict_proba(X[:5]))
    _, all_right = loss_per_sample(y, cnn.predict_proba(X))
    total = {
        "image": "sum; accuracy of all",
        "class": "",
        "-ln p(true)": float(loss.sum()),
        "p(true)": "",
        "right": f"{all_right.mean():.4f}",
    }
    return [*_rows(y, loss, right), total]


READING = (
    "A few confident errors outweigh many images that are right: the sum of the "
    "losses may rise while the accuracy rises too.",
)


def small_run(context):
    """Losses of single images: published, and of run A after 7 and all epochs."""
    checks, tables = _published_losses("S1.59")
    data = context.data("cifar10_10000", context.choose(1000, None))
    X, y = data.test
    checks.append(Check("classes of the first five test images", y[:5], LABELS))
    n_first = context.choose(1, 7)
    (early,) = context.fit([network(context, n_first)], *data.train)
    (late, *_) = context.fitted("S1.43")
    for cnn in (early, late):
        title = f"Ours, {len(data.train[0]):,} images, after {cnn.n_iter_} epochs"
        tables[title] = _our_losses(cnn, X, y)
    return Findings(checks=checks, tables=tables, notes=list(READING))


def large_run(context):
    """The same with 50,000 images, where all of them are there."""
    checks, tables = _published_losses("S1.60")
    try:
        data = context.data("cifar10_50000", context.choose(1000, None))
    except DataNotFound as error:
        note = f"The sheet's figures alone: {error.missing} not found."
        return Findings(checks=checks, tables=tables, notes=[note, *READING])
    X, y = data.test
    for n_epochs in context.choose((1, 2), (7, 125)):
        (cnn,) = context.fit([network(context, n_epochs)], *data.train)
        title = f"Ours, {len(data.train[0]):,} images, after {n_epochs} epochs"
        tables[title] = _our_losses(cnn, X, y)
    return Findings(checks=checks, tables=tables, notes=list(READING))


EXPERIMENTS = (
    Experiment(
        "S1.59",
        "Loss against accuracy, 10,000 images",
        GROUP,
        "-ln p(true) of the first five test images after 7 and 125 epochs: the sum "
        "rises from 7.3011 to 9.5651, with two errors each.",
        small_run,
        needs=("cifar10",),
        depends=("S1.43",),
    ),
    Experiment(
        "S1.60",
        "Loss against accuracy, 50,000 images",
        GROUP,
        "The same: one error and a sum of 5.9556, then none and 0.1651.",
        large_run,
    ),
)
