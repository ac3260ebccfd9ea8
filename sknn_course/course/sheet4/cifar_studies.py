"""Studies of the CIFAR-10 network: modes, first epoch, settings, images, solvers."""

from contextlib import suppress

import numpy as np
import torch

from ...cnn import CNNClassifier
from ...mlp import MLPClassifier
from ...preprocessing import ChannelStandardScaler
from ..experiment import Check, Experiment, Findings
from ..theory import loss_per_sample
from ..training import NO_STOPPING, run_settings
from .cifar import BASELINE, CIFAR, NETWORK
from .pictures import draw_curves
from .settings import GROUP_CNN

ADAM = {**NETWORK, "batch_size": 32}


def make_network(context, params, n_epochs, **more):
    """A network that trains for all epochs, with parameters of a study."""
    settings = {**params, **run_settings(context), "max_iter": n_epochs, **more}
    return CNNClassifier(**settings)


def standardised_images(context, rows, n_test):
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
    (X, y), (X_test, y_test) = standardised_images(
        context, context.choose(3000, 10_000), context.choose(400, 2000)
    )
    n_parts = min(15, len(X) // BASELINE["batch_size"])
    network = make_network(context, BASELINE, 1)
    curves = {name: [] for name in ("training", "test")}
    accuracies = {name: [] for name in ("training", "test")}
    for part in np.array_split(np.arange(len(X)), n_parts):
        y_pred = network.predict(X[part]) if curves["training"] else None
        seen = np.mean(y_pred == y[part]) if y_pred is not None else 0.1
        network.partial_fit(X[part], y[part], classes=np.arange(10))
        curves["training"].append(network.loss_)
        accuracies["training"].append(seen)
        proba = np.clip(network.predict_proba(X_test), 1e-7, None)
        losses, right = loss_per_sample(y_test, proba)
        curves["test"].append(losses.mean())
        accuracies["test"].append(right.mean())
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
    train, test = standardised_images(
        context, context.choose(1000, 10_000), context.choose(500, 10_000)
    )
    rates, batches = (0.002, 0.02, 0.2), (16, 64)
    rows = []
    for batch in batches:
        for rate in rates:
            network = make_network(
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
    train, test = standardised_images(
        context, context.choose(1500, 10_000), context.choose(500, 10_000)
    )
    networks = dict(
        zip(
            SOLVERS,
            [
                context.fit(
                    [make_network(context, ADAM, context.choose(3, 20), **solver)],
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
