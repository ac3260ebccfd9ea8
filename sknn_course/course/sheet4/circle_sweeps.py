"""The circles with other learning rates, batch sizes, variants of descent."""

import time
from math import sqrt

import numpy as np

from ..experiment import Check, Experiment, Findings
from ..theory import gradient_descent_step, tanh_network_gradients
from .by_hand import draw_network
from .pictures import draw_curves
from .settings import GROUP_MLP, circles_network


def learning_rates(context):
    """The rates 0.001, 0.1, 0.3 and 0.5 at batches of 10."""
    data = context.data("circles")
    rates = (0.001, 0.03, 0.1, 0.3, 0.5)
    models = context.fit(
        [circles_network(context, learning_rate=rate) for rate in rates],
        *data.train,
        X_val=data.test[0],
        y_val=data.test[1],
    )
    rows = [
        {
            "learning rate": rate,
            "of the mean loss": model.learning_rate_init,
            "training loss": model.loss_curve_[-1],
            "training accuracy": model.training_score_curve_[-1],
            "test accuracy": model.validation_scores_[-1],
            "best test accuracy": max(model.validation_scores_),
        }
        for rate, model in zip(rates, models, strict=True)
    ]
    return Findings(
        checks=[
            Check(
                "0.001 is slow: its last loss is above that of 0.03",
                rows[0]["training loss"] > rows[1]["training loss"],
                right=True,
            ),
            Check(
                "0.5 does not converge: its last loss is above that of 0.03",
                rows[-1]["training loss"] > rows[1]["training loss"],
                right=True,
            ),
        ],
        tables={"Learning rates": rows},
        pictures={
            "loss_by_learning_rate": lambda: draw_curves(
                {f"{r:g}": m.loss_curve_ for r, m in zip(rates, models, strict=True)},
                "training loss",
                log=True,
                title="learning rate",
            )
        },
        notes=["0.03 is the rate of the final run, for comparison."],
    )


def batch_sizes(context):
    """Batch sizes at the rate of the text and at that of the caption."""
    data = context.data("circles")
    rows, curves = [], {}
    n_epochs = context.choose(50, 150)
    for rate in (0.03, 0.3):
        for size in (1, 5, 10, 50, 200):
            started = time.perf_counter()
            (model,) = context.fit(
                [
                    circles_network(
                        context, learning_rate=rate, batch_size=size, n_epochs=n_epochs
                    )
                ],
                *data.train,
            )
            rows.append(
                {
                    "learning rate": rate,
                    "batch": size,
                    "steps in a pass": -(-200 // size),
                    "seconds": time.perf_counter() - started,
                    "training loss": model.loss_curve_[-1],
                    "test accuracy": model.score(*data.test),
                }
            )
            if rate == 0.03:
                curves[str(size)] = model.loss_curve_
    one, all_rows = rows[0], rows[4]
    return Findings(
        checks=[
            Check(
                "a bigger batch is faster",
                all_rows["seconds"] < one["seconds"],
                right=True,
            )
        ],
        tables={f"Batch sizes, {n_epochs} passes": rows},
        pictures={
            "loss_by_batch_size": lambda: draw_curves(
                curves, "training loss", log=True, title="batch, rate 0.03"
            )
        },
        notes=[
            "At one rate for summed gradients, a step grows with the batch: 0.03 "
            "is smooth up to batches of 10, at 0.3 large batches do not converge."
        ],
    )


RULES = {"the square root of k": sqrt, "k": float, "1 (no rule)": lambda k: 1.0}


def scaling_rules(context):
    """Batches k times as large: rates times the square root of k, or k."""
    data = context.data("circles")
    factors = (1, 2, 4, 8)
    rows = []
    for rule, factor in RULES.items():
        models = context.fit(
            [
                # the estimator's rate is that of the mean loss: 0.3 at batches of 10
                circles_network(context, batch_size=10 * k).set_params(
                    learning_rate_init=0.3 * factor(k)
                )
                for k in factors
            ],
            *data.train,
        )
        rows += [
            {
                "rule": f"rate times {rule}",
                "batch": 10 * k,
                "rate of the mean loss": model.learning_rate_init,
                "training loss": model.loss_curve_[-1],
                "test accuracy": model.score(*data.test),
            }
            for k, model in zip(factors, models, strict=True)
        ]
    moves = {rule: _move(context, 4, factor(4)) for rule, factor in RULES.items()}
    by_one = _move(context, 1, 1.0)
    return Findings(
        checks=[
            Check(
                f"way of one pass, batches of 40 to 10, rate times {rule}",
                moves[rule] / by_one,
                right=right,
                tolerance=0.01,
            )
            for rule, right in zip(RULES, (0.5, 1.0, 0.25), strict=True)
        ],
        tables={"Rules": rows},
        notes=[
            "For small rates, the weights go as far in one pass if the rate of the "
            "mean loss grows with k; with gradients that are summed it then must not "
            "change. The square root keeps the noise of the steps instead."
        ],
    )


def _move(context, k, factor):
    """How far the weights go in a pass with a tiny rate, batches of 10 k rows."""
    X, y = context.data("circles").train
    network = start = draw_network(context.seed, 10)
    for at in range(0, len(X), 10 * k):
        part = slice(at, at + 10 * k)
        _, gradients = tanh_network_gradients(network, X[part], np.eye(2)[y[part]])
        network = gradient_descent_step(network, gradients, 1e-4 * factor)
    return sqrt(sum(np.sum((a - b) ** 2) for a, b in zip(network, start, strict=True)))


def descent_variants(context):
    """Full batch, mini-batches and single rows at one rate of the mean loss."""
    data = context.data("circles")
    variants = {"full batch, 200": 200, "mini-batch, 10": 10, "online, 1": 1}
    models = dict(
        zip(
            variants,
            context.fit(
                [
                    circles_network(context, batch_size=size).set_params(
                        learning_rate_init=0.1
                    )
                    for size in variants.values()
                ],
                *data.train,
            ),
            strict=True,
        )
    )
    return Findings(
        checks=[
            Check(
                f"steps in 150 passes, {name}",
                model.t_ // variants[name],
                right=150 * 200 // variants[name],
            )
            for name, model in models.items()
        ],
        tables={
            "One rate, 0.1 of the mean loss, 150 passes": [
                {
                    "variant": name,
                    "steps in a pass": 200 // variants[name],
                    "training loss": model.loss_curve_[-1],
                    "test accuracy": model.score(*data.test),
                }
                for name, model in models.items()
            ]
        },
        pictures={
            "loss_by_variant": lambda: draw_curves(
                {name: model.loss_curve_ for name, model in models.items()},
                "training loss",
                title="gradient descent",
            )
        },
        notes=["A step takes one batch; a pass (epoch) takes all rows once."],
    )


EXPERIMENTS = (
    Experiment(
        "S4.08",
        "Learning rates on the circles",
        GROUP_MLP,
        "0.001, 0.1, 0.3 and 0.5 at batches of 10 (the sheet: curves alone). Too high "
        "does not converge, too low is slow.",
        learning_rates,
    ),
    Experiment(
        "S4.09",
        "Batch sizes on the circles",
        GROUP_MLP,
        "At one learning rate; sizes are not given. The sheet reads: a bigger batch is "
        "faster, not more accurate.",
        batch_sizes,
        errata=(
            "The rate is 0.3 in the text and 0.03 in the caption; the final setting is "
            "0.03. Both are run.",
        ),
    ),
    Experiment(
        "S4.10",
        "Learning rate and batch size",
        GROUP_MLP,
        "For a batch k times as large, the rate times the square root of k, or times "
        "k.",
        scaling_rules,
        errata=(
            "Part 1 scales the rate by the square root of k, part 2 by k: 'to maintain "
            "the variance', which asks for the root; the factor k keeps the mean step.",
        ),
    ),
    Experiment(
        "S4.11",
        "Variants of gradient descent",
        GROUP_MLP,
        "Full batch, mini-batches, online. Rate 0.1 of the mean loss is ours.",
        descent_variants,
        errata=(
            "One batch or sample is said to make an epoch: it makes an iteration. An "
            "epoch is a pass over the data. Part 2 calls the batch size the samples "
            "of an epoch: they are those of an iteration.",
        ),
    ),
)
