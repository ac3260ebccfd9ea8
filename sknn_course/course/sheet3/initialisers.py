"""S3.89: initial weights and biases beside the formulas of their papers."""

import numpy as np

from ..._engine.ops.initialisers import NAMES
from ...mlp import MLPClassifier
from ..experiment import Check, Experiment, Findings
from .settings import MNIST_NETWORK, VANISHING_GROUP


def untrained(params, n_features=784, n_outputs=10):
    """A network as it is before training, by a step of no length."""
    network = MLPClassifier(
        **{**MNIST_NETWORK, **params, "learning_rate_init": 1e-30, "max_iter": 1},
        random_state=0,
        device="cpu",
    )
    return network, np.zeros((n_outputs, n_features)), np.arange(n_outputs)


def _variance(name, fan_in, fan_out):
    """What the rule's papers ask for."""
    family = name.partition("_")[0]
    return {
        "glorot": 2 / (fan_in + fan_out),
        "he": 2 / fan_in,
        "lecun": 1 / fan_in,
        "uniform": 0.05**2 / 3,
        "normal": 0.05**2,
        "zeros": 0.0,
    }[family]


def compare_initialisers(context):
    """S3.89: the spread of drawn weights and biases beside the formulas."""
    fan_in, fan_out = 784, 100
    names = [name for name in NAMES if name != "glorot"]
    networks = [
        untrained({"weight_init": name, "hidden_layer_sizes": (fan_out,)})
        for name in names
    ]
    networks += [
        untrained({"bias_init": name, "hidden_layer_sizes": (5000,)}, n_features=5)
        for name in ("zeros", "uniform(0.1)", "normal(0.1)")
    ]
    fitted = [context.fit([one], X, y)[0] for one, X, y in networks]
    findings, rows, drawn = Findings(), [], {}
    for name, network in zip(names, fitted, strict=False):
        weights = drawn[name] = network.coefs_[0].astype(float).ravel()
        variance, right = np.mean(weights**2), _variance(name, fan_in, fan_out)
        # four standard errors of a mean of squares of normal numbers
        near = 4 * right * np.sqrt(2 / weights.size)
        findings.checks.append(
            Check(f"variance of {name}", variance, right=right, tolerance=near)
        )
        rows.append(
            {
                "weight_init": name,
                "variance": float(variance),
                "by formula": right,
                "largest": float(np.abs(weights).max()),
            }
        )
    for network, right in zip(fitted[-3:], (0.0, 0.1**2 / 3, 0.1**2), strict=True):
        variance = np.mean(network.intercepts_[0].astype(float) ** 2)
        near = 4 * right * np.sqrt(2 / 5000)
        name = f"variance of biases, bias_init={network.bias_init!r}"
        findings.checks.append(Check(name, variance, right=right, tolerance=near))
    findings.tables[f"{fan_in} inputs, {fan_out} units"] = rows
    findings.notes.append(
        "Keras cuts the normal distributions of Glorot, He and LeCun weights at two "
        "standard deviations and widens them to the same variance; ours are not cut."
    )
    findings.pictures["initial_weights"] = lambda: _draw_initial_weights(drawn)
    return findings


def _draw_initial_weights(drawn):
    from matplotlib.figure import Figure

    from ...plotting.canvas import BLUE, tidy

    figure = Figure(figsize=(9, 4.2), layout="constrained")
    shown = {name: w for name, w in drawn.items() if name != "zeros"}
    axes = figure.subplots(2, 4, sharex=True).ravel(order="F")
    for ax, (name, weights) in zip(axes, shown.items(), strict=True):
        ax.hist(weights, bins=60, range=(-0.2, 0.2), color=BLUE)
        ax.set_title(name, fontsize=10)
        ax.set_yticks([])
        tidy(ax, grid="x")
    figure.supxlabel("initial weight of the first layer (784 inputs, 100 units)")
    return figure


EXPERIMENTS = (
    Experiment(
        id="S3.89",
        title="Initialisers",
        group=VANISHING_GROUP,
        about=(
            "Glorot, He and LeCun, normal and uniform, random normal, random uniform, "
            "zeros, for weights and biases: the variance that is drawn beside the "
            "formula."
        ),
        procedure=compare_initialisers,
    ),
)
