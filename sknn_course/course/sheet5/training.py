"""Training: mini-batches, momentum, the loss report, learning rates, L2."""

import numpy as np

from ...mlp import MLPClassifier
from ..experiment import Check, Experiment, Findings
from ..theory import (
    dense_backward,
    dense_forward,
    log_likelihood_loss,
    moving_average_momentum,
    numerical_gradient,
    sgd_parameters,
    softmax_loss_backward,
    softmax_loss_forward,
    weight_decay_loss,
)
from ..training import NO_STOPPING, run_settings

GROUP = "Training"


def _linear_softmax(theta, X, y):
    """Loss and gradient of a linear classifier; theta is (n_classes, n + 1)."""
    A, b = theta[:, :-1], theta[:, -1]
    scores = dense_forward(X.T, A, b)
    _, dA, db = dense_backward(X.T, A, softmax_loss_backward(scores, y))
    return softmax_loss_forward(scores, y), np.column_stack([dA, db])


def _equal(name, ours, right):
    """Check of two arrays that are too large to show."""
    difference = float(np.abs(ours - right).max())
    return Check(f"{name}, largest difference", difference, right=0.0, tolerance=1e-9)


def objective(context):
    """The gradient of mini-batches estimates that of all rows."""
    X, y = context.data("digits", rows=960).train
    X = X.astype(float)
    theta = 0.1 * np.random.RandomState(context.seed).randn(10, 65)
    loss, full = _linear_softmax(theta, X, y)
    rows, checks = [], []
    for size in (1, 4, 16, 64, 240, 960):
        losses, gradients = zip(
            *(
                _linear_softmax(theta, X[start : start + size], y[start : start + size])
                for start in range(0, len(X), size)
            ),
            strict=True,
        )
        distance = [np.sum((g - full) ** 2) for g in gradients]
        rows.append(
            {
                "batch": size,
                "batches": len(losses),
                "mean loss": np.mean(losses),
                "distance to the full gradient (rms)": np.sqrt(np.mean(distance)),
            }
        )
        checks.append(
            Check(
                f"mean loss of batches of {size}",
                np.mean(losses),
                right=loss,
                tolerance=1e-10,
            )
        )
        checks.append(
            _equal(f"mean gradient of batches of {size}", np.mean(gradients, 0), full)
        )
    after, _ = _linear_softmax(theta - 0.1 * full, X, y)
    step = Check("a step theta - 0.1 g lowers the loss", after < loss, right=True)
    return Findings(
        checks=[*checks, step],
        tables={"Gradients of mini-batches": rows},
        notes=[
            "Quarter batches, twice the distance: the error of the estimate falls "
            "with the square root of the batch size."
        ],
    )


def _classic_momentum(theta, gradient, n_steps, learning_rate, momentum):
    """u <- mu u + lr g, theta <- theta - u."""
    u, path = np.zeros_like(theta), [theta]
    for _ in range(n_steps):
        u = momentum * u + learning_rate * gradient(theta)
        theta = theta - u
        path.append(theta)
    return np.array(path)


def momentum(context):
    """The moving average beside classic momentum and beside the estimator."""
    X, y = context.data("digits", rows=200).train
    X = X.astype(float)
    start = _estimator_path(context, X, y, {"solver": "sgd", "momentum": 0.0}, (0,))[0]

    def gradient(theta):
        return _linear_softmax(theta, X, y)[1]

    alpha, mu, decay = 0.5, 0.9, 0.01
    plain = moving_average_momentum(
        start, gradient, 30, learning_rate=alpha, momentum=mu
    )
    classic = _classic_momentum(start, gradient, 30, alpha * (1 - mu), mu)
    rule = {"learning_rate": alpha, "momentum": mu, "weight_decay": decay}
    decayed = moving_average_momentum(start, gradient, 30, **rule)
    without = rule | {"momentum": 0.0}
    no_average = moving_average_momentum(start, gradient, 30, **without)
    steps = (1, 10, 30)
    ours = _estimator_path(context, X, y, sgd_parameters(**rule), steps)
    ours_plain = _estimator_path(context, X, y, sgd_parameters(**without), steps)
    by_hand = start
    for _ in range(30):
        by_hand = by_hand - alpha * (gradient(by_hand) + decay * by_hand)
    return Findings(
        checks=[
            _equal("classic momentum with rate alpha (1 - mu)", classic, plain),
            _equal("mu absent: theta - alpha (g + wd theta)", no_average[-1], by_hand),
            *(
                _equal(f"MLPClassifier, sgd_parameters(...), {n} steps", path, right[n])
                for right, paths in ((decayed, ours), (no_average, ours_plain))
                for n, path in zip(steps, paths, strict=True)
            ),
        ],
        tables={
            "alpha = 0.5, mu = 0.9, wd = 0.01 in the estimators": [
                {"parameter": name, "value": str(value)}
                for name, value in sgd_parameters(**rule).items()
            ]
        },
    )


def _estimator_path(context, X, y, params, steps):
    """Parameters of a linear classifier after steps over all rows; 0 is the start."""
    settings = {"learning_rate_init": 1e-300, **params} if steps == (0,) else params
    models = context.fit(
        [
            MLPClassifier(
                (),
                **{**NO_STOPPING, **settings},
                batch_size=len(X),
                max_iter=max(1, n_steps),
                dtype="float64",
                random_state=context.seed,
            )
            for n_steps in steps
        ],
        X,
        y,
    )
    return [np.column_stack([one.coefs_[0].T, one.intercepts_[0]]) for one in models]


PUBLISHED_LOSSES = {
    # classification, weight decay, total
    "MNIST": (0.084850, 0.105513, 0.190363),
    "CIFAR-10": (1.141692, 0.011528, 1.153220),
}


def loss_report(context):
    """Classification loss + weight decay = total; wd theta is the decay's gradient."""
    checks = [
        Check(f"{name}: total", first + second, published=total, tolerance=1e-12)
        for name, (first, second, total) in PUBLISHED_LOSSES.items()
    ]
    rng = np.random.RandomState(context.seed)
    theta = rng.randn(12)
    gradient = numerical_gradient(lambda t: weight_decay_loss([t], 0.005), theta)
    checks.append(
        Check(
            "gradient of (wd / 2) sum theta^2 is wd theta",
            gradient,
            right=0.005 * theta,
            tolerance=1e-9,
        )
    )
    X, y = context.data("digits").train
    rows = []
    for decay in (0.0, 0.005, 0.05):
        (model,) = context.fit([digits_network(context, weight_decay=decay)], X, y)
        first = log_loss(model, X, y)
        second = weight_decay_loss(model.coefs_ + model.intercepts_, decay)
        rows.append(
            {
                "weight decay": decay,
                "classification loss": first,
                "weight decay loss": second,
                "total": first + second,
            }
        )
    return Findings(
        checks=checks,
        tables={"Digits, 30 hidden units, 20 epochs": rows},
        notes=["The sum is over all weights and biases, as in the starter."],
    )


def digits_network(context, learning_rate=0.1, weight_decay=0.0, n_epochs=20):
    """30 hidden units and the sheet's step with momentum 0.9, for digits."""
    return MLPClassifier(
        (30,),
        **{
            **run_settings(context),
            **sgd_parameters(learning_rate, 0.9, weight_decay),
        },
        batch_size=16,
        max_iter=n_epochs,
    )


def log_loss(model, X, y):
    """Mean of -ln p(true class), the classes being 0, 1, and so on."""
    return log_likelihood_loss(y, model.predict_proba(X))


EXPERIMENTS = (
    Experiment(
        "S5.12",
        "Objective and mini-batches",
        GROUP,
        "The mean loss over N rows, estimated on mini-batches, and the step "
        "theta - alpha g. Shown on a linear classifier of digits.",
        objective,
    ),
    Experiment(
        "S5.13",
        "Momentum as a moving average",
        GROUP,
        "m <- mu m + (1 - mu) g, theta <- theta - alpha (m + wd theta): classic "
        "momentum with rate alpha (1 - mu), weight decay outside the average. Shown on "
        "a linear classifier of digits.",
        momentum,
    ),
    Experiment(
        "S5.14",
        "Loss report",
        GROUP,
        "Classification loss + weight decay loss = total, with (wd / 2) sum theta^2 "
        "over all weights and biases (as in published copies of the starter).",
        loss_report,
    ),
)
