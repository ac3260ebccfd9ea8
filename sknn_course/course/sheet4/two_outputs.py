"""The circles with two softmax outputs, as the practical has them."""

import numpy as np

from ..experiment import Check, Experiment, Findings
from ..outcome import Comparison, band
from ..theory import cross_entropy, tanh_network_forward
from .by_hand import by_hand_steps, draw_network
from .circles import MILESTONES
from .settings import rate_of_mean

BATCH = 10
RATE = rate_of_mean(0.03, BATCH)
UNITS = (20, 50)


def two_outputs(context):
    """Gradients by hand, 150 passes, four networks of 20 and of 50 units."""
    data = context.data("circles")
    rows, checks = [], []
    for n_hidden in UNITS:
        logs = [_log(data, n_hidden, context.seed + r) for r in range(4)]
        for epoch, published in MILESTONES.items():
            row = {"tanh units": n_hidden, "pass": epoch}
            for metric, figure in published.items():
                values = [log[epoch][metric] for log in logs]
                row[metric.replace("_", " ")] = float(np.mean(values))
                row[f"published {metric.replace('_', ' ')}"] = figure
                if n_hidden == UNITS[-1] and epoch > 1:
                    # the training rows are drawn anew too: another sample
                    of_sample = metric.replace("train", "test")
                    half = band(of_sample, values, figure, None, 200, 200)
                    verdict = Comparison(metric, values, figure, band=half).verdict
                    name = f"pass {epoch}: {metric.replace('_', ' ')} as published"
                    checks.append(Check(name, verdict == "in the band", right=True))
            rows.append(row)
    return Findings(
        checks=checks,
        tables={"Two softmax outputs": rows},
        notes=[
            "Means of four networks with N(0, 0.3) weights, on rows of our own. The "
            "number of hidden units is not given: the checks are of 50."
        ],
    )


def _log(data, n_hidden, seed):
    """Pass to figures, as the practical's log has them."""
    X, y = data.train
    rng = np.random.RandomState(seed)
    network, log = draw_network(seed, n_hidden), {}
    for epoch in range(1, max(MILESTONES) + 1):
        batches = rng.permutation(len(X)).reshape(-1, BATCH)
        network = by_hand_steps(network, X.astype(float), y, batches, RATE)
        if epoch in MILESTONES:
            log[epoch] = {}
            for part in ("train", "test"):
                X_part, y_part = data[part]
                scores = tanh_network_forward(network, X_part)[1]
                right = np.mean(scores.argmax(1) == y_part)
                log[epoch][f"{part}_accuracy"] = right
                log[epoch][f"{part}_loss"] = cross_entropy(scores, np.eye(2)[y_part])
    return log


EXPERIMENTS = (
    Experiment(
        "S4.36",
        "Circles with two softmax outputs",
        "MLP from scratch: two outputs",
        "The run of S4.06 with the practical's own outputs, by its gradients written "
        "out: 20 and 50 tanh units beside the printed log.",
        two_outputs,
    ),
)
