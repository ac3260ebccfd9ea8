"""S3.93-S3.96: why gradients vanish or explode, in numbers."""

from functools import partial

import numpy as np
import torch

from ..experiment import Check, Experiment, Findings
from ..theory import ACTIVATIONS, gradient_norms, gradient_norms_by_depth, neuron_chain
from .settings import VANISHING_GROUP, agreement

STRICT = (
    "The sheet has the derivative of the logistic function, and |w σ'| for w in "
    "[0, 1], strictly below 1/4. At z = 0 (and w = 1) both are 1/4."
)


def chain_of_one_neuron_layers(context):
    """S3.93: the product of the chain rule beside automatic differentiation."""
    rng = np.random.RandomState(context.seed)
    weights, biases = rng.normal(0, 1, 4), rng.normal(0, 1, 4)
    x, target = 0.7, 1.0
    chain = neuron_chain(x, weights, biases, lambda a: a - target)  # C = (a - y)^2 / 2
    w, b = (torch.tensor(v, requires_grad=True) for v in (weights, biases))
    a = torch.tensor(x, dtype=torch.double)
    for layer in range(4):
        a = torch.sigmoid(w[layer] * a + b[layer])
    by_torch = torch.autograd.grad((a - target) ** 2 / 2, b)[0].numpy()
    return Findings(
        checks=[
            Check(
                f"dC/db{layer}, logistic units",
                chain.gradients[layer - 1],
                right=by_torch[layer - 1],
                tolerance=1e-12,
            )
            for layer in (1, 2, 3, 4)
        ],
        tables={
            "One neuron per layer": [
                {
                    "layer": layer + 1,
                    "w": weights[layer],
                    "z": chain.z[layer],
                    "σ'(z)": chain.a[layer] * (1 - chain.a[layer]),
                    "factor to the layer before": chain.factors[layer - 1]
                    if layer
                    else None,
                    "dC/db": chain.gradients[layer],
                }
                for layer in range(4)
            ]
        },
        notes=[
            "dC/db1 = σ'(z1) w2 σ'(z2) w3 σ'(z3) w4 σ'(z4) dC/da4; dC/db3 lacks the "
            "first four factors. Targets: automatic differentiation."
        ],
    )


def slope_of_the_logistic(context):
    """S3.94: where the derivative is largest, and what bounds |w σ'|."""
    z = np.linspace(-10, 10, 2001)
    slope = ACTIVATIONS["logistic"][1](z)
    w = np.linspace(0, 1, 101)[:, None]
    from ...plotting import ActivationFunctionsDisplay

    return Findings(
        checks=[
            Check("largest σ'(z)", slope.max(), 0.25, tolerance=1e-12),
            Check("z of the largest", z[slope.argmax()], 0.0, tolerance=1e-9),
            Check(
                "largest |w σ'(z)| for w in [0, 1]",
                np.abs(w * slope).max(),
                right=0.25,
                tolerance=1e-12,
            ),
        ],
        pictures={
            "derivatives": lambda: (
                ActivationFunctionsDisplay.from_functions(
                    ["logistic", "tanh", "relu"], z=np.linspace(-6, 6, 601)
                ).figure_
            )
        },
        notes=[
            "In a chain of one neuron per layer, each logistic layer takes at least "
            "three quarters of the gradient when its weight is at most 1: six layers "
            "leave less than 1/4000. In layers of many neurons the gradient is a sum "
            "over them, and need not vanish: S3.83, with weights within ±1, learns."
        ],
    )


def exploding_factors(context):
    """S3.95: weights of order 100, and the paths of a ReLU."""
    w = 100.0
    z = np.linspace(-8, 8, 160_001)
    large = z[np.abs(w * ACTIVATIONS["logistic"][1](z)) > 1]
    # σ (1 - σ) = 1 / w at z = ± ln(w (1 + sqrt(1 - 4 / w)) / 2 - 1)
    edge = np.log(w * (1 + np.sqrt(1 - 4 / w)) / 2 - 1)
    a = float(ACTIVATIONS["logistic"][0](0.0))
    balanced = neuron_chain(
        0.0, [w] * 4, [0.0, -w * a, -w * a, -w * a], lambda output: 1.0
    )
    alive = neuron_chain(1.0, [1.0] * 4, [0.5] * 4, lambda output: 1.0, "relu")
    dead = neuron_chain(
        1.0, [1.0] * 4, [0.5, 0.5, -9.0, 0.5], lambda output: 1.0, "relu"
    )
    widths = {
        weight: 2 / weight * np.log(weight * (1 + np.sqrt(1 - 4 / weight)) / 2 - 1)
        for weight in np.linspace(4.01, 100, 9600)
    }
    widest = max(widths, key=widths.get)
    return Findings(
        checks=[
            Check(
                "|w σ'(z)| > 1 for |z| below, w = 100",
                large.max(),
                right=edge,
                tolerance=1e-3,
            ),
            Check(
                "factors w σ'(z) where every z is 0", balanced.factors, right=[25.0] * 3
            ),
            Check(
                "gradients grow towards the input",
                balanced.gradients,
                right=[0.25 * 25**k for k in (3, 2, 1, 0)],
            ),
            Check(
                "ReLU: factors of a path that is alive", alive.factors, right=[1.0] * 3
            ),
            Check(
                "ReLU: gradients where z < 0 in the third layer",
                dead.gradients,
                right=[0.0, 0.0, 0.0, 1.0],
            ),
            Check(
                "weight with the widest range of a", widest, right=6.9, tolerance=0.05
            ),
            Check("that range", widths[widest], right=0.45, tolerance=0.005),
        ],
        pictures={"factor": partial(_draw_factor, w)},
        notes=[
            "With w = 100 the factor exceeds 1 for |z| < 4.58, so that gradients "
            "explode; but z = w a + b stays there for a range of a of 0.09 only. The "
            "widest range of a in which |w σ'| >= 1 is 0.45, at |w| = 6.9 (M. Nielsen, "
            "Neural Networks and Deep Learning, chapter 5).",
            "A ReLU passes the gradient as it is, or not at all: one z < 0 and its "
            "path is dead for this input.",
        ],
    )


def _draw_factor(w):
    from matplotlib.figure import Figure

    from ...plotting.canvas import BLUE, ORANGE, tidy

    figure = Figure(figsize=(4.8, 3.4), layout="constrained")
    ax = figure.subplots()
    z = np.linspace(-8, 8, 801)
    ax.plot(z, w * ACTIVATIONS["logistic"][1](z), color=BLUE, label="logistic")
    ax.plot(z, (z > 0).astype(float), color=ORANGE, label="ReLU with w = 1")
    ax.axhline(1, color="#555555", lw=0.8, ls="--")
    ax.set(xlabel="z", ylabel="factor $w\\,f'(z)$", title=f"logistic with w = {w:g}")
    ax.legend(frameon=False)
    tidy(ax)
    return figure


def gradient_by_depth(context):
    """S3.96: norms of the gradient layer by layer, one to six hidden layers."""
    X, y = context.data("digits", rows=500).train
    Y = np.eye(10)[y]
    norms = {
        activation: gradient_norms_by_depth(X, Y, activation, random_state=context.seed)
        for activation in ("logistic", "relu")
    }
    findings = Findings()
    rng = np.random.RandomState(context.seed)
    sizes = [64, 20, 20, 10]
    weights = [
        rng.normal(0, 0.3, (n, m)) for m, n in zip(sizes, sizes[1:], strict=False)
    ]
    biases = [rng.normal(0, 0.1, n) for n in sizes[1:]]
    by_torch = _norms_by_autograd(weights, biases, X, y)
    findings.checks.append(
        agreement(
            "norms of three layers and automatic differentiation",
            gradient_norms(weights, biases, X, Y, "logistic"),
            by_torch,
            1e-10,
        )
    )
    share = {name: by_depth[6][0] / by_depth[6][-1] for name, by_depth in norms.items()}
    findings.checks += [
        Check(
            "6 logistic layers: first below 1/1000 of the last",
            bool(share["logistic"] < 1e-3),
            right=True,
        ),
        Check(
            "6 ReLU layers: first above 1/10 of the last",
            bool(share["relu"] > 0.1),
            right=True,
        ),
    ]
    for name, by_depth in norms.items():
        findings.tables[f"Norm of dC/dW, {name}"] = [
            {
                "hidden layers": depth,
                **{f"layer {layer}": value for layer, value in enumerate(of_net, 1)},
            }
            for depth, of_net in by_depth.items()
        ]
    findings.pictures["gradient_norms"] = partial(_draw_norms, norms)
    findings.notes.append(
        "Fresh networks of 100 units per layer, Glorot uniform, on 500 of "
        "scikit-learn's digits. δ^l = Σ'(z^l) (W^(l+1))^T ... Σ'(z^L) ∇_a C."
    )
    return findings


def _norms_by_autograd(weights, biases, X, y):
    W = [torch.tensor(w, requires_grad=True) for w in weights]
    a = torch.tensor(X, dtype=torch.double)
    for layer, (w, b) in enumerate(zip(W, biases, strict=True), 1):
        a = a @ w.T + torch.tensor(b)
        a = torch.sigmoid(a) if layer < len(W) else a
    loss = torch.nn.functional.cross_entropy(a, torch.tensor(y))
    return [float(g.norm()) for g in torch.autograd.grad(loss, W)]


def _draw_norms(norms):
    from matplotlib.figure import Figure

    from ...plotting.canvas import shades, tidy

    figure = Figure(figsize=(8.4, 3.6), layout="constrained")
    axes = figure.subplots(1, 2, sharey=True)
    for ax, (name, by_depth) in zip(axes, norms.items(), strict=True):
        for color, (depth, of_net) in zip(
            shades(len(by_depth)), by_depth.items(), strict=True
        ):
            layers = np.arange(1, len(of_net) + 1)
            ax.plot(layers, of_net, "o-", color=color, ms=4, label=depth)
        ax.set(title=name, xlabel="layer, from input to output", yscale="log")
        tidy(ax, integer_x=True)
    axes[0].set_ylabel(r"$\|\partial C / \partial W\|$")
    axes[1].legend(title="hidden layers", frameon=False, loc="lower right", ncols=2)
    return figure


EXPERIMENTS = (
    Experiment(
        id="S3.93",
        title="Gradient chain of a one-neuron-per-layer network",
        group=VANISHING_GROUP,
        about="dC/db1 and the others as products, beside automatic differentiation.",
        procedure=chain_of_one_neuron_layers,
    ),
    Experiment(
        id="S3.94",
        title="Derivative of the logistic function",
        group=VANISHING_GROUP,
        about="At most 1/4, at 0; so |w σ'| is at most 1/4 for w in [0, 1].",
        procedure=slope_of_the_logistic,
        errata=(STRICT,),
    ),
    Experiment(
        id="S3.95",
        title="Exploding gradients and dead paths",
        group=VANISHING_GROUP,
        about=(
            "Weights of order 100 give |w σ'| far above 1 over a range of z; a ReLU "
            "has the factor 1 or 0, and one z < 0 cuts the path."
        ),
        procedure=exploding_factors,
    ),
    Experiment(
        id="S3.96",
        title="Gradient norm per layer, depth 1 to 6",
        group=VANISHING_GROUP,
        about=(
            "The general form of the errors, and the norm of the gradient of each "
            "layer of fresh networks, logistic and ReLU."
        ),
        procedure=gradient_by_depth,
    ),
)
