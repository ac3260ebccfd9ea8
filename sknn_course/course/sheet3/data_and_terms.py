"""S3.01-S3.04 and S3.07: the data, gradient descent, penalties and momentum."""

from functools import partial

import numpy as np

from ...mlp import MLPClassifier, MLPRegressor
from ..experiment import Check, Experiment, Findings
from ..training import NO_STOPPING, run_settings
from .curves import draw_runs
from .settings import PLAIN_SGD, TERMS_GROUP, agreement

CLASS_COUNTS = {
    "train": [4932, 5678, 4968, 5101, 4859, 4506, 4951, 5175, 4842, 4988],
    "validation": [991, 1064, 990, 1030, 983, 915, 967, 1090, 1009, 961],
    "test": [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009],
}
#: A network without dropout or shuffling on the CPU, in float64: for exact checks.
EXACT = {
    **PLAIN_SGD,
    **NO_STOPPING,
    "shuffle": False,
    "dtype": "float64",
    "device": "cpu",
}


def count_classes(context):
    """S3.01: the split in file order and its class counts."""
    from ...plotting import ClassCountsDisplay

    data = context.data("mnist")
    targets = {part: data[part][1] for part in CLASS_COUNTS}
    findings = Findings()
    for part, counts in CLASS_COUNTS.items():
        ours = np.bincount(targets[part], minlength=10)
        findings.checks += [
            Check(f"digits 0-9 of {part}", ours.tolist(), counts),
            Check(f"rows of {part}", len(targets[part]), sum(counts)),
        ]
    findings.pictures["class_counts"] = lambda: (
        ClassCountsDisplay.from_targets(targets).figure_
    )
    return findings


def check_pixels(context):
    """S3.02: shapes, ranges and example digits."""
    from ...plotting import ExampleImagesDisplay

    data = context.data("mnist")
    findings = Findings()
    for part, counts in CLASS_COUNTS.items():
        X = data[part][0]
        findings.checks += [
            Check(
                f"images of {part}",
                list(X.reshape(len(X), 28, 28).shape),
                [sum(counts), 28, 28],
            ),
            Check(f"flat rows of {part}", list(X.shape), [sum(counts), 784]),
            Check(f"least pixel of {part}", float(X.min()), 0.0),
            Check(f"largest pixel of {part}", float(X.max()), 1.0),
        ]
    findings.pictures["examples"] = lambda: (
        (
            ExampleImagesDisplay.from_images(*data.train, n_images=8, per_class=True)
        ).figure_
    )
    return findings


def descend(context):
    """S3.03: all rows, one row or some rows for each step, shuffled every epoch."""
    data = context.data("digits")
    (X, y), (X_val, y_val) = data.train, data.validation
    sizes = {"batch": len(X), "mini-batch": 16, "online": 1}
    epochs = context.choose(10, 40)
    networks = [
        MLPClassifier(
            (30,),
            **PLAIN_SGD,
            **run_settings(context),
            learning_rate_init=0.01,
            batch_size=size,
            max_iter=epochs,
        )
        for size in sizes.values()
    ]
    fitted = [context.fit([one], X, y, X_val=X_val, y_val=y_val)[0] for one in networks]
    curves = dict(zip(sizes, (one.loss_curve_ for one in fitted), strict=True))
    rng = np.random.RandomState(context.seed)
    X1, y1 = rng.normal(size=(6, 2)), rng.normal(size=6)
    line = MLPRegressor(
        hidden_layer_sizes=(3,), **EXACT, activation="identity", batch_size=6
    ).set_params(learning_rate_init=1e-30, max_iter=1, random_state=0)
    start = context.fit([line], X1, y1)[0]
    step = context.fit([line.set_params(learning_rate_init=0.1)], X1, y1)[0]
    # of the identity, W = W1 W2: dL/dW2 = (X W1 + b1)^T (y_hat - y) / n
    error = (start.predict(X1) - y1)[:, None]
    hidden = X1 @ start.coefs_[0] + start.intercepts_[0]
    gradient = hidden.T @ error / len(X1)
    shuffled, kept = (
        context.fit([fitted[1].set_params(shuffle=shuffle, max_iter=2)], X, y)[0]
        for shuffle in (True, False)
    )
    return Findings(
        checks=[
            agreement(
                "batch step: -0.1 times the mean gradient",
                step.coefs_[1] - start.coefs_[1],
                -0.1 * gradient,
                1e-12,
            ),
            Check(
                "another order of rows gives other weights",
                not np.allclose(shuffled.coefs_[0], kept.coefs_[0]),
                right=True,
            ),
        ],
        tables={
            f"Digits 64-30-10, learning rate 0.01, {epochs} epochs": [
                {
                    "gradient descent": name,
                    "rows per step": size,
                    "steps per epoch": -(-len(X) // size),
                    "training loss": network.loss_curve_[-1],
                    "validation accuracy": network.validation_scores_[-1],
                }
                for (name, size), network in zip(sizes.items(), fitted, strict=True)
            ]
        },
        pictures={"loss_by_epoch": partial(draw_runs, curves, "training loss")},
        notes=[
            "An epoch is a pass over all rows, whatever the batch. With the same rate "
            "smaller batches take more steps in an epoch and get further, along a "
            "rougher path."
        ],
    )


def penalise(context):
    """S3.04: cost = data loss + lambda sum |w| or sum w^2, biases too if asked."""
    X, y = context.data("digits", rows=100).train
    start = {
        **EXACT,
        "hidden_layer_sizes": (8,),
        "learning_rate_init": 1e-30,
        "batch_size": 100,
        "max_iter": 1,
        "bias_init": "uniform(1)",
        "weight_init": "uniform(1)",
        "random_state": context.seed,
    }
    plain = context.fit([MLPClassifier(**start)], X, y)[0]
    weights = np.concatenate([w.ravel() for w in plain.coefs_])
    biases = np.concatenate(plain.intercepts_)
    both = np.concatenate([weights, biases])
    cases = {
        "L1": ({"l1": 0.01}, 0.01 * np.abs(weights).sum()),
        "L2": ({"l2": 0.01}, 0.01 * np.square(weights).sum()),
        "L1, biases too": (
            {"l1": 0.01, "penalize_bias": True},
            0.01 * np.abs(both).sum(),
        ),
        "L2, biases too": (
            {"l2": 0.01, "penalize_bias": True},
            0.01 * np.square(both).sum(),
        ),
    }
    findings = Findings()
    for name, (params, right) in cases.items():
        cost = context.fit([MLPClassifier(**start, **params)], X, y)[0].loss_curve_[0]
        findings.checks.append(
            Check(
                f"{name}: cost less data loss",
                cost - plain.loss_curve_[0],
                right=right,
                tolerance=1e-9,
            )
        )
    findings.notes.append(
        "l1 and l2 are plain: nothing is halved or divided by the number of rows. "
        "scikit-learn's alpha is: alpha / 2 Σ w^2, divided by the batch's rows."
    )
    return findings


def descent_path(gradient, start, n_steps, learning_rate, momentum, nesterov=False):
    """Steps of gradient descent with momentum, v = mu v - lr g.

    The point moves by v, or with Nesterov's momentum by mu v - lr g.

    Parameters
    ----------
    gradient : callable
    start : array-like
    n_steps : int
    learning_rate, momentum : float
    nesterov : bool, default=False

    Returns
    -------
    ndarray of shape (n_steps + 1, *start.shape)

    Examples
    --------
    >>> from sknn_course.course.sheet3.data_and_terms import descent_path
    >>> descent_path(lambda w: w, [1.0], 2, 0.5, 0.5).ravel()
    array([1. , 0.5, 0. ])
    """
    path = [np.array(start, float)]
    v = np.zeros_like(path[0])
    for _ in range(n_steps):
        g = learning_rate * gradient(path[-1])
        v = momentum * v - g
        path.append(path[-1] + (momentum * v - g if nesterov else v))
    return np.array(path)


def gather_momentum(context):
    """S3.07: the solver's steps beside the recursion, and beside a look ahead."""
    rng = np.random.RandomState(context.seed)
    X, y = rng.normal(size=(30, 3)), rng.normal(size=30)
    rows = np.column_stack([X, np.ones(30)])

    def gradient(w):
        return rows.T @ (rows @ w - y) / 30

    n_steps, rate, mu = 20, 0.05, 0.9
    params = {**EXACT, "hidden_layer_sizes": (), "batch_size": 30, "random_state": 0}
    still = MLPRegressor(**params).set_params(learning_rate_init=1e-30, max_iter=1)
    start = _weights(context.fit([still], X, y)[0])
    findings = Findings()
    for name, nesterov in (("momentum", False), ("Nesterov momentum", True)):
        solver = {"momentum": mu, "nesterovs_momentum": nesterov}
        network = still.set_params(**solver, learning_rate_init=rate, max_iter=n_steps)
        path = descent_path(gradient, start, n_steps, rate, mu, nesterov)
        findings.checks.append(
            agreement(
                f"{name} 0.9: weights after {n_steps} steps",
                _weights(context.fit([network], X, y)[0]),
                path[-1],
                1e-12,
            )
        )
    # Nesterov's own form takes the gradient at theta + mu v, where the path above is
    theta, v = start, np.zeros_like(start)
    for _ in range(n_steps):
        v = mu * v - rate * gradient(theta + mu * v)
        theta = theta + v
    findings.checks.append(
        agreement("gradient taken ahead, at θ + μ v", theta + mu * v, path[-1], 1e-12)
    )
    findings.pictures["paths"] = _draw_paths
    findings.notes.append(
        "Along a valley momentum adds up and gets further with the same rate; across "
        "it, it swings. Nesterov's looks ahead and swings less."
    )
    return findings


def _weights(line):
    return np.append(line.coefs_[0].ravel(), line.intercepts_[0])


def _draw_paths():
    from matplotlib.figure import Figure

    from ...plotting.canvas import SERIES, tidy

    curvature = np.array([1.0, 12.0])
    figure = Figure(figsize=(6.4, 3.4), layout="constrained")
    ax = figure.subplots()
    x, y = np.meshgrid(np.linspace(-2.6, 1, 80), np.linspace(-1, 1.2, 80))
    cost = (curvature[0] * x**2 + curvature[1] * y**2) / 2
    ax.contour(x, y, np.sqrt(cost), levels=12, colors="#bbbbbb", linewidths=0.7)
    cases = {"no momentum": (0.0, False), "momentum 0.8": (0.8, False)}
    cases["Nesterov 0.8"] = (0.8, True)
    for color, (name, case) in zip(SERIES, cases.items(), strict=False):
        path = descent_path(lambda w: curvature * w, [-2.4, 0.9], 15, 0.06, *case)
        ax.plot(*path.T, "o-", ms=3, lw=1.2, color=color, label=name)
    ax.set(xlabel="$w_1$", ylabel="$w_2$", title="15 steps with the same learning rate")
    ax.legend(framealpha=0.9, loc="upper right")
    tidy(ax)
    return figure


EXPERIMENTS = (
    Experiment(
        id="S3.01",
        title="MNIST split 50,000 / 10,000 / 10,000",
        group=TERMS_GROUP,
        about="In file order, pixels in [0, 1]: how many images each digit has.",
        procedure=count_classes,
        needs=("mnist",),
    ),
    Experiment(
        id="S3.02",
        title="Check of the MNIST data",
        group=TERMS_GROUP,
        about="Shapes, flat rows of 784, least and largest pixel, example digits.",
        procedure=check_pixels,
        needs=("mnist",),
    ),
    Experiment(
        id="S3.03",
        title="Batch, online and mini-batch gradient descent",
        group=TERMS_GROUP,
        about="All rows, one or some for each step; rows shuffled every epoch.",
        procedure=descend,
    ),
    Experiment(
        id="S3.04",
        title="Cost with L1 or L2 penalty",
        group=TERMS_GROUP,
        about="Data loss + λ R with R = Σ|w| or Σ w^2, optionally on biases too.",
        procedure=penalise,
    ),
    Experiment(
        id="S3.07",
        title="Momentum and Nesterov momentum",
        group=TERMS_GROUP,
        about="For stochastic gradient descent; the solver beside the recursion.",
        procedure=gather_momentum,
    ),
)
