"""CIFAR-10, runs A to L: what helps against overfitting."""

import tempfile
from pathlib import Path
from zipfile import ZipFile

import numpy as np

from ...cnn import CNNClassifier
from ...tensorboard import TensorBoardLogging, zip_logs
from ..experiment import Check, Experiment, Findings
from ..theory import two_proportion_z_test
from ..training import run_settings
from .cifar10 import (
    GROUP,
    curve_pictures,
    fit_variants,
    network,
)
from .trainings import ROWS

RUNS = {
    one.title.removeprefix("CIFAR "): one
    for one in ROWS.between("S1.43", "S1.54").values()
}
HALVED = ROWS.params["halved"]
ERRATA = ROWS.texts["halving"], ROWS.texts["reading"]


def _first_runs(context):
    """Letter to curves of the first repetition, of the runs that were made."""
    curves = {}
    for letter, run in RUNS.items():
        try:
            result = context.result(run.id)
        except KeyError:
            continue
        if result.curves:
            curves[letter] = {name: runs[0] for name, runs in result.curves.items()}
    return curves


def learning_curves(context):
    """Where the validation losses turn; D without halving."""
    curves = _first_runs(context)
    rows, n_epochs = context.choose((1000, 4), (10_000, len(curves["D"]["train_loss"])))
    decay_epochs = round(n_epochs * 75 / 125)
    options = {"l2": 1e-4, **HALVED, "decay_epochs": decay_epochs}
    table, more = fit_variants(
        context,
        {
            "D, decay alone": network(context, n_epochs, l2=1e-4),
            "D, halved after 60 % of the epochs": network(context, n_epochs, **options),
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
            "D, constant rate": table,
        },
        pictures={
            **curve_pictures(
                {f"run {letter}": run for letter, run in curves.items()},
                penalized={
                    f"run {letter}"
                    for letter, run in RUNS.items()
                    if "l2" in run.procedure.params
                },
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
            **run_settings(context),
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
    accuracies = {
        letter: run.procedure.published["test_accuracy"] for letter, run in RUNS.items()
    }
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
    Experiment(
        "S1.55",
        "Learning curves of A to L",
        GROUP,
        "Where the validation loss turns while the training loss falls on; D without "
        "the halving that may explain the sheet's late fall.",
        learning_curves,
        depends=("S1.43", "S1.44", "S1.45", "S1.46", "S1.47"),
        errata=ERRATA,
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
        errata=(ROWS.texts["not_significant"],),
    ),
)
