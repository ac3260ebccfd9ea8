"""Two readings of the CIFAR-10 network, and the loss that the MNIST CNNs had."""

from functools import partial

import numpy as np
import torch
from torch.nn import functional as F

from ..._engine.ops.build import build_module
from ..._engine.ops.parameters import parameter_layout
from ..experiment import Check, Experiment, Findings
from ..outcome import band
from .cifar10 import GROUP
from .mnist_cnn import CONFIGURATIONS
from .trainings import ROWS

READINGS = {
    "no hidden layer": ROWS.between("S1.43", "S1.47"),
    "hidden layer of 2,048": ROWS.between("S1.61", "S1.65"),
}


def compare_readings(context):
    """Both readings of 'one fully connected layer' at equal epochs."""
    rows, misses = [], {}
    for runs in zip(*(of.values() for of in READINGS.values()), strict=True):
        published = runs[0].procedure.published
        row = {"run": runs[0].title.removeprefix("CIFAR ")}
        for metric in ("test_loss", "test_accuracy"):
            what = metric.replace("_", " ")
            row[f"{what}, published"] = published[metric]
            for reading, run in zip(READINGS, runs, strict=True):
                result = context.result(run.id)
                ours = float(np.mean(result.metrics[metric]))
                row[f"{what}, {reading}"] = ours
                row["epochs"] = result.n_epochs
                error = abs(np.log(ours / published[metric]))
                misses.setdefault(what, {}).setdefault(reading, []).append(error)
        rows.append(row)
    mean = {
        what: {reading: float(np.mean(of)) for reading, of in by_reading.items()}
        for what, by_reading in misses.items()
    }
    notes = ["Runs smaller than the sheet's cannot tell which reading is right."]
    if all(context.is_full(id) for of in READINGS.values() for id in of):
        notes = [
            f"By {what} the published figures support the reading with "
            f"{min(of, key=of.get)}: they are missed by "
            + " and ".join(f"{np.expm1(error):.1%} ({r})" for r, error in of.items())
            + "."
            for what, of in mean.items()
        ]
    return Findings(tables={"Published and both readings": rows}, notes=notes)


PARTS = ("train", "validation", "test")


def double_softmax(context, id):
    """A configuration trained with the sheet's loss, in plain torch."""
    data = context.data("mnist", context.choose(2000, None))
    n_epochs, n_measured = context.choose(3, 50), context.choose(2000, None)
    training = ROWS.experiments[id].procedure
    device = context.device
    torch.manual_seed(context.seed)
    module = _glorot(training.params["architecture"]).to(device)
    pairs = {
        part: [torch.as_tensor(one[:n_measured]).to(device) for one in data[part]]
        for part in PARTS
    }
    X, y = pairs["train"]
    adam = torch.optim.Adam(module.parameters(), lr=0.001, eps=1e-7)
    for _ in range(n_epochs):
        module.train()
        loss_sum = right = 0.0
        for rows in torch.randperm(len(X), device=device).split(128):
            scores = module(X[rows].reshape(-1, 1, 28, 28))
            loss = F.cross_entropy(torch.softmax(scores, 1), y[rows])
            adam.zero_grad()
            loss.backward()
            adam.step()
            loss_sum += loss.item() * len(rows)
            right += (scores.argmax(1) == y[rows]).sum().item()
    found = {"train": (loss_sum / len(X), right / len(X))}  # over the last epoch
    for part in PARTS[1:]:
        found[part] = _measured(module.eval(), *pairs[part])
    checks, table = [], []
    of_right_loss = context.result(id).metrics
    for part in PARTS:
        for name, value in zip(
            ("double_softmax", "accuracy"), found[part], strict=True
        ):
            metric = f"{part}_{name}"
            published = training.published[metric]
            table.append(
                {
                    "figure": metric.replace("_", " "),
                    "softmax of softmax": value,
                    "right loss": of_right_loss[metric][0],
                    "published": published,
                }
            )
            # losses above their floor, as all of them have it
            half = band(metric, [value], published, None, 10_000, 10_000)
            if name == "double_softmax":
                half = band(f"{part}_loss", [value], published - FLOOR)
            if context.scale == "full":
                checks.append(
                    Check(metric.replace("_", " "), value, published, None, half)
                )
    return Findings(checks=checks, tables={CONFIGURATIONS[id]: table})


FLOOR = float(np.log(1 + 9 / np.e))


def _glorot(layers):
    """The layers as a torch module with Glorot-uniform weights and zero biases."""
    layout = parameter_layout(layers, (1, 28, 28))
    flat = torch.zeros(layout.n_parameters)
    module = build_module(layout, flat, layout.initial_buffers(torch.float32))
    for part in module:
        if isinstance(part, torch.nn.Conv2d | torch.nn.Linear):
            torch.nn.init.xavier_uniform_(part.weight)
        elif hasattr(part, "running_mean"):
            torch.nn.init.ones_(part.weight)
    return module


@torch.no_grad()
def _measured(module, X, y):
    """Double softmax loss and accuracy of rows."""
    scores = torch.cat([module(one.reshape(-1, 1, 28, 28)) for one in X.split(1000)])
    loss = F.cross_entropy(torch.softmax(scores, 1), y).item()
    return loss, (scores.argmax(1) == y).double().mean().item()


EXPERIMENTS = (
    Experiment(
        "S1.66",
        "Which reading of 2,048 units",
        GROUP,
        "A to E with and without the hidden layer, at equal epochs, beside the "
        "published losses and accuracies.",
        compare_readings,
        depends=tuple(id for of in READINGS.values() for id in of),
    ),
    *(
        Experiment(
            f"S1.{67 + place}",
            f"Softmax of softmax, configuration {place + 1}",
            "CNN on MNIST: softmax of softmax",
            f"{name} trained with the loss that the sheet prints, which applies a "
            "softmax to the softmax outputs, beside the right loss.",
            partial(double_softmax, id=id),
            needs=("mnist",),
            depends=(id,),
        )
        for place, (id, name) in enumerate(CONFIGURATIONS.items())
    ),
)
