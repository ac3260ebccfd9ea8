"""S3.39-S3.47: the first series on MNIST, one hidden layer, three learning rates."""

import numpy as np
import torch
from torch.nn.functional import cross_entropy, one_hot

from ...mlp import MLPClassifier
from ..experiment import Check, Experiment, Findings
from .settings import (
    MNIST_GROUP,
    MNIST_NETWORK,
    summary,
)
from .trainings import ROWS

PROTOCOL = (
    "The sheet keeps the repetition with the lowest validation accuracy; it has to be "
    "the highest.",
    "The sheet's best repetition is experiment 1 at rate 0.001 and 3 at 0.01: no one "
    "rule gives both.",
    ROWS.texts["not_independent"],
)

SWEEP = ROWS.between("S3.42", "S3.47")


def compare_encodings(context):
    """S3.39: one-hot targets and integer targets give one loss and one gradient."""
    rng = np.random.RandomState(context.seed)
    logits = torch.tensor(rng.normal(0, 3, (200, 10)), requires_grad=True)
    classes = torch.tensor(rng.randint(0, 10, 200))
    probabilities = torch.softmax(logits, 1)
    losses = {
        "one-hot, softmax, categorical cross-entropy": -(
            one_hot(classes, 10) * probabilities.log()
        )
        .sum(1)
        .mean(),
        "integer, linear output, sparse cross-entropy": cross_entropy(logits, classes),
    }
    gradients = [
        torch.autograd.grad(loss, logits, retain_graph=True)[0]
        for loss in losses.values()
    ]
    values = [loss.item() for loss in losses.values()]
    by_hand = (probabilities - one_hot(classes, 10)) / len(classes)
    differ = [float((g - by_hand).detach().abs().max()) for g in gradients]
    X, y = context.data("digits").train
    network = MLPClassifier((20,), max_iter=5, random_state=context.seed)
    numbered, named = (
        context.fit([network], X, labels)[0]
        for labels in (y, np.array([f"digit {digit}" for digit in range(10)])[y])
    )
    return Findings(
        checks=[
            Check(
                "loss of integer targets", values[1], right=values[0], tolerance=1e-9
            ),
            *(
                Check(
                    f"gradient less (softmax - one-hot) / p: {name}",
                    value,
                    right=0.0,
                    tolerance=1e-9,
                )
                for name, value in zip(losses, differ, strict=True)
            ),
            Check(
                "loss curve with labels as text",
                named.loss_curve_,
                right=numbered.loss_curve_,
                tolerance=1e-6,
            ),
        ],
        notes=[
            "The classifiers take labels of any kind and put them in classes_; inside, "
            "targets are one-hot, outputs stay before the softmax until the loss."
        ],
    )


def choose_learning_rate(context):
    """S3.40: the sheet's protocol, on the runs of S3.42 to S3.47."""
    findings = Findings()
    best = {}
    for id, one in SWEEP.items():
        params = one.procedure.params
        (units,), rate = params["hidden_layer_sizes"], params["learning_rate_init"]
        metrics = context.result(id).metrics
        accuracies = metrics["validation_accuracy"]
        mean = float(np.nanmean(accuracies))
        kept = int(np.nanargmax(accuracies))
        findings.tables.setdefault("Validation accuracy", []).append(
            {
                "units": units,
                "learning rate": rate,
                "mean": mean,
                "std": float(np.nanstd(accuracies, ddof=1))
                if len(accuracies) > 1
                else None,
                "the sheet's mean": one.procedure.published["validation_accuracy"],
                "kept repetition": kept + 1,
                "its test accuracy": metrics["test_accuracy"][kept],
            }
        )
        if units not in best or mean > best[units][0]:
            best[units] = (mean, rate)
    findings.checks = [
        Check(f"best learning rate of [{units}]", rate, 0.01)
        for units, (_, rate) in best.items()
    ]
    findings.notes.append(
        "For each learning rate four repetitions; the rate with the best mean "
        "validation accuracy; of its repetitions the one with the highest validation "
        "accuracy is kept with its history. Test rows are only reported."
    )
    return findings


def show_baseline(context):
    """S3.41: the set-up of the series, and what it consists of."""
    tables = {}
    for units in (50, 100):
        table = summary({"hidden_layer_sizes": (units,)}, 784, 10)
        tables[f"[{units}]"] = [
            {
                "layer": row.name,
                "output": str(row.output_shape),
                "by hand": row.formula,
                "parameters": row.parameters,
            }
            for row in table
        ]
    tables["Set-up"] = [
        {"parameter": name, "value": str(value)}
        for name, value in MNIST_NETWORK.items()
    ]
    return Findings(tables=tables)


EXPERIMENTS = (
    Experiment(
        id="S3.39",
        title="Two encodings of labels",
        group=MNIST_GROUP,
        about=(
            "One-hot targets with softmax and categorical cross-entropy, or integer "
            "targets with linear output and sparse cross-entropy from logits, as here: "
            "the same loss."
        ),
        procedure=compare_encodings,
    ),
    Experiment(
        id="S3.40",
        title="How the learning rate is chosen",
        group=MNIST_GROUP,
        about=(
            "Four repetitions per learning rate, the best rate by mean validation "
            "accuracy, the best run of it kept; test accuracy only reported."
        ),
        procedure=choose_learning_rate,
        needs=("mnist",),
        depends=tuple(SWEEP),
        errata=PROTOCOL,
    ),
    Experiment(
        id="S3.41",
        title="Baseline of the learning-rate series",
        group=MNIST_GROUP,
        about=(
            "One hidden layer, ReLU, SGD without momentum, constant learning rate, "
            "batch 1, Glorot-uniform weights, zero biases, no regularisation; the "
            "epochs of this series are not given."
        ),
        procedure=show_baseline,
    ),
)
