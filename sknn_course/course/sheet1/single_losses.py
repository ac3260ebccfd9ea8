"""Loss against accuracy: the losses of single images."""

from functools import partial

import numpy as np

from ..experiment import Check, Experiment, Findings
from ..theory import loss_per_sample
from .cifar10 import GROUP, network

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


def _published(id):
    """Tables of the sheet's own figures, with the sum that it prints."""
    return {
        f"Published, after {n_epochs} epochs": [
            *_rows(LABELS, losses, right),
            {"image": "sum", "-ln p(true)": total},
        ]
        for n_epochs, losses, right, total in SINGLE_LOSSES[id]
    }


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


def _losses_of_run(context, id, run):
    """Losses of single images of a run: published, after 7 and after all epochs."""
    tables = _published(id)
    data = context.data(f"cifar10_{len_of(id)}", context.choose(1000, None))
    X, y = data.test
    checks = [Check("classes of the first five test images", y[:5], LABELS)]
    (early,) = context.fit([network(context, context.choose(1, 7))], *data.train)
    late = context.fitted(run)[0]
    found = []
    for cnn in (early, late):
        title = f"Ours, {len(data.train[0]):,} images, after {cnn.n_iter_} epochs"
        tables[title] = _our_losses(cnn, X, y)
        found.append(loss_per_sample(y, cnn.predict_proba(X)))
    if context.is_full(run):
        checks += _reading(id, *found)
    return Findings(checks=checks, tables=tables, notes=list(READING))


def len_of(id):
    """Training images of the run."""
    return {"S1.59": 10_000, "S1.60": 50_000}[id]


def _reading(id, early, late):
    """What the sheet reads of the losses, for all test images of ours."""
    more = late[1].mean() > early[1].mean()
    checks = [Check("accuracy is higher after all epochs", more, right=True)]
    if id == "S1.59":
        rises = late[0].mean() > early[0].mean()
        return [*checks, Check("and so is the loss", rises, right=True)]
    falls = late[0][:5].sum() < early[0][:5].sum()
    return [*checks, Check("the sum of the five losses falls", falls, right=True)]


EXPERIMENTS = (
    Experiment(
        "S1.59",
        "Loss against accuracy, 10,000 images",
        GROUP,
        "-ln p(true) of the first five test images after 7 and 125 epochs: the sum "
        "rises from 7.3011 to 9.5651, with two errors each.",
        partial(_losses_of_run, id="S1.59", run="S1.43"),
        needs=("cifar10",),
        depends=("S1.43",),
    ),
    Experiment(
        "S1.60",
        "Loss against accuracy, 50,000 images",
        GROUP,
        "The same: one error and a sum of 5.9556, then none and 0.1651.",
        partial(_losses_of_run, id="S1.60", run="S1.48"),
        needs=("cifar10_full",),
        depends=("S1.48",),
    ),
)
