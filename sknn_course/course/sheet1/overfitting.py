"""CIFAR-10, runs A to L: what helps against overfitting."""

import tempfile
from pathlib import Path
from zipfile import ZipFile

import numpy as np

from ...cnn import CNNClassifier
from ...tensorboard import TensorBoardLogging, zip_logs
from ..experiment import Check, Experiment, Findings, Training
from ..networks import cifar_cnn
from ..theory import two_proportion_z_test
from ..training import NO_STOPPING
from .cifar10 import (
    CONV_DROPOUT,
    GROUP,
    HIDDEN_UNITS,
    QUICK,
    SETUP,
    curve_pictures,
    fit_variants,
    network,
)

# images, dropout dense and convolutional, noise, l2;
# then loss and accuracy in training and test
RUNS = {
    "S1.43": ("A", 10_000, 0.0, 0.0, 0.0, 0.0, 0.000000, 1.0, 3.182173, 0.7080),
    "S1.44": ("B", 10_000, 0.5, 0.0, 0.0, 0.0, 0.000000, 1.0, 3.180658, 0.7128),
    "S1.45": ("C", 10_000, 0.0, 0.0, 0.2, 0.0, 0.000003, 1.0, 3.178606, 0.7245),
    "S1.46": ("D", 10_000, 0.0, 0.0, 0.0, 1e-4, 0.000196, 1.0, 1.361189, 0.7180),
    "S1.47": ("E", 10_000, 0.5, 0.0, 0.2, 1e-4, 0.000586, 1.0, 1.215237, 0.7377),
    "S1.48": ("F", 50_000, 0.0, 0.0, 0.0, 0.0, 0.000000, 1.0, 2.506742, 0.8285),
    "S1.49": ("G", 50_000, 0.5, 0.0, 0.0, 0.0, 0.000000, 1.0, 2.510752, 0.8293),
    "S1.50": ("H", 50_000, 0.0, 0.0, 0.2, 0.0, 0.000242, 0.99992, 2.329829, 0.8333),
    "S1.51": ("I", 50_000, 0.0, 0.0, 0.0, 1e-4, 0.000424, 1.0, 0.939606, 0.8309),
    "S1.52": ("J", 50_000, 0.5, 0.0, 0.0, 1e-4, 0.000426, 1.0, 0.898669, 0.8335),
    "S1.53": ("K", 50_000, 0.5, 0.0, 0.2, 1e-4, 0.000885, 1.0, 0.858634, 0.8361),
    "S1.54": (
        *("L", 50_000, 0.5, CONV_DROPOUT, 0.2, 1e-4),
        *(0.194032, 0.961420, 0.575020, 0.8810),
    ),
}
PENALIZED = {letter for letter, *_, l2, _, _, _, _ in RUNS.values() if l2}


NOT_SIGNIFICANT = (
    "The gains from combining dropout, noise and L2 are called 'apparently not "
    "statistically significant'. A cautious z test says 4.69 for A to E and 2.59 for "
    "A to C, which are; 1.56 for A to D, 0.75 for A to B, 0.94 for F to J and 1.44 "
    "for F to K are not; K to L is, with 9.11.",
)

# A constant rate, as the sheet has it but for 1e-6 per step, is too high to end with:
# its networks never come near the sheet's training losses.
HALVED = {"learning_rate": "step", "decay_rate": 0.5, "decay_epochs": 75}
HALVING = (
    "The sheet gives a rate of 0.001 with a decay of 1e-6 per step, which cannot make "
    "the validation loss of D fall again after 70 to 80 epochs. A public recipe with "
    "the same settings halves the rate at epoch 75; so do these runs."
)


READING = (
    "'One fully connected layer with 2048 units' may mean a hidden layer or the 2,048 "
    "flattened values before the outputs. The runs have no hidden layer, as the public "
    "recipe: with one, B and E stay below their published test accuracies. S1.55 "
    "compares both."
)


def _run(id):
    letter, images, dense, convolutional, noise, l2, *figures = RUNS[id]
    parts = [
        f"dropout {dense:g} before the outputs" if dense else "",
        "dropout 0.2, 0.3, 0.4 after the poolings" if convolutional else "",
        f"noise {noise:g}" if noise else "",
        f"L2 {l2:g}" if l2 else "",
    ]
    what = ", ".join(filter(None, parts)) or "no dropout, noise or L2"
    names = ("train_loss", "train_accuracy", "test_loss", "test_accuracy")
    return Experiment(
        id,
        f"CIFAR {letter}",
        GROUP,
        f"{images:,} images, {what}; RMSProp 0.001, halved after 75 of 125 epochs, "
        "batch 64. Losses are without the penalty.",
        Training(
            CNNClassifier,
            {
                "architecture": cifar_cnn(
                    hidden_units=HIDDEN_UNITS,
                    dropout=dense,
                    conv_dropout=convolutional,
                    noise=noise,
                ),
                **SETUP,
                **HALVED,
                **({"l2": l2} if l2 else {}),
            },
            f"cifar10_{images}",
            published=dict(zip(names, figures, strict=True)),
            quick=QUICK,
            repeats=1,
            pictures=("learning_curves", "confusion", "misclassified"),
            remark=(
                "the dropout rates of the convolutional blocks are not given"
                if convolutional
                else ""
            ),
        ),
        errata=(HALVING, READING, *(NOT_SIGNIFICANT if letter == "E" else ())),
    )


def _first_runs(context):
    """Letter to curves of the first repetition, of the runs that were made."""
    curves = {}
    for id, (letter, *_) in RUNS.items():
        try:
            result = context.result(id)
        except KeyError:
            continue
        if result.curves:
            curves[letter] = {name: runs[0] for name, runs in result.curves.items()}
    return curves


def learning_curves(context):
    """Where the validation losses turn, D without halving, E with a hidden layer."""
    curves = _first_runs(context)
    rows, n_epochs = context.choose((1000, 4), (10_000, len(curves["D"]["train_loss"])))
    decay_epochs = round(n_epochs * 75 / 125)
    options = {"l2": 1e-4, **HALVED, "decay_epochs": decay_epochs}
    hidden = cifar_cnn(dropout=0.5, noise=0.2)
    table, more = fit_variants(
        context,
        {
            "D, decay alone": network(context, n_epochs, l2=1e-4),
            "D, halved after 60 % of the epochs": network(context, n_epochs, **options),
            "E, hidden layer of 2,048 units": network(
                context, n_epochs, hidden, **options
            ),
        },
        rows,
        n_epochs,
    )
    return Findings(
        tables={
            "Validation loss": [
                {
                    "run": letter,
                    "epochs": len(run["validation_loss"]),
                    "lowest": min(run["validation_loss"]),
                    "lowest after epoch": int(np.argmin(run["validation_loss"])) + 1,
                    "end": run["validation_loss"][-1],
                    "accuracy at the end": run["validation_accuracy"][-1],
                }
                for letter, run in curves.items()
            ],
            "Constant rate, hidden layer": table,
        },
        pictures={
            **curve_pictures(
                {f"run {letter}": run for letter, run in curves.items()},
                penalized={f"run {letter}" for letter in PENALIZED},
            ),
            **curve_pictures(more, penalized=more),
        },
        notes=[
            "The sheet reads: the training loss falls on, the validation loss of A "
            "turns up after about 10 epochs while its accuracy stays flat; with L2 "
            "it falls again after 70 to 80 epochs.",
            "Runs that are not listed were not made.",
        ],
    )


def augmentation(context):
    """Flips and shifts of the images, and what an epoch costs with them."""
    rows, n_epochs = context.choose((500, 2), (10_000, 20))
    table, curves = fit_variants(
        context,
        {
            "without augmentation": network(context, n_epochs),
            "flips and shifts": network(
                context, n_epochs, augmentation=["horizontal_flip", "shift(4)"]
            ),
        },
        rows,
        n_epochs,
    )
    return Findings(
        tables={"Augmentation": table},
        pictures=curve_pictures(curves),
        notes=[
            "The sheet did not run it, at about 20 minutes per epoch there. Flips to "
            "the side and shifts by up to 4 pixels are drawn anew for each image and "
            "epoch."
        ],
    )


def tensorboard(context):
    """A logged training, and its log folder as a zip file."""
    X, y = context.data("digits").train
    with tempfile.TemporaryDirectory() as folder:
        logs = Path(folder) / "logs"
        cnn = CNNClassifier(
            filters=((8,),),
            max_iter=5,
            callbacks=[TensorBoardLogging(logs)],
            random_state=context.seed,
            device=context.device,
            **NO_STOPPING,
        )
        (cnn,) = context.fit([cnn], X, y)
        with ZipFile(zip_logs(logs, Path(folder) / "logs.zip")) as archive:
            files = [
                {"file": one.filename, "bytes": one.file_size}
                for one in archive.infolist()
                if not one.is_dir()
            ]
        logged = _logged(logs / "1", "loss/train")
    return Findings(
        checks=[
            Check(
                "logged training losses, read by TensorBoard",
                logged,
                right=cnn.loss_curve_,
                tolerance=1e-5,
            ),
            Check("files in the zip", len(files), right=1),
        ],
        tables={"Zip file": files},
        notes=[
            "callbacks=[TensorBoardLogging(folder)] logs each fit of any network as "
            "a run of its own, zip_logs(folder, path) packs them: see "
            "sknn_course.tensorboard."
        ],
    )


def _logged(folder, tag):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder)).Reload().Scalars(tag)
    return [event.value for event in events]


Z_VALUES = {
    "A-B": 0.748,
    "A-C": 2.588,
    "A-D": 1.563,
    "A-E": 4.692,
    "F-J": 0.943,
    "F-K": 1.438,
    "K-L": 9.111,
    "A-F": 20.193,
}


def significance(context):
    """z tests of the published accuracies, n = 10,000."""
    accuracies = {letter: figures[-1] for letter, *figures in RUNS.values()}
    checks, rows = [], []
    for pair, known in Z_VALUES.items():
        first, second = pair.split("-")
        z, p = two_proportion_z_test(accuracies[first], accuracies[second], 10_000)
        checks.append(Check(f"z of {pair}", z, right=known, tolerance=6e-4))
        rows.append(
            {
                "runs": pair,
                "accuracies": f"{accuracies[first]:.4f}, {accuracies[second]:.4f}",
                "z": z,
                "p": p,
                "differ at 5 %": "yes" if p < 0.05 else "no",
            }
        )
    return Findings(
        checks=checks,
        tables={"Differences of published test accuracies": rows},
        notes=[
            "The test takes the images as drawn anew for each network; on the same "
            "images the differences are surer than it says."
        ],
    )


EXPERIMENTS = (
    *map(_run, RUNS),
    Experiment(
        "S1.55",
        "Learning curves of A to L",
        GROUP,
        "Where the validation loss turns while the training loss falls on; D without "
        "the halving that may explain the sheet's late fall, E with a hidden layer.",
        learning_curves,
        depends=("S1.43", "S1.44", "S1.45", "S1.46", "S1.47"),
        errata=(HALVING, READING),
    ),
    Experiment(
        "S1.56",
        "Data augmentation",
        GROUP,
        "An option that the sheet names and does not run.",
        augmentation,
        needs=("cifar10",),
    ),
    Experiment(
        "S1.57",
        "TensorBoard logs",
        GROUP,
        "Logging of a run by skorch's callback, and the log folder as a zip file.",
        tensorboard,
    ),
    Experiment(
        "S1.58",
        "Significance of differences",
        GROUP,
        "Two test accuracies on 10,000 images: two-proportion z test.",
        significance,
        errata=NOT_SIGNIFICANT,
    ),
)
