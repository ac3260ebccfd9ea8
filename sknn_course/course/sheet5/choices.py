"""Choices of the learning rate and of the L2 strength."""

from ...plotting.canvas import SERIES, tidy
from ..experiment import Check, Experiment, Findings
from .training import GROUP, digits_network, log_loss

RATES = {
    # case: rate, the sheet's rule
    "too low": (0.002, "slow: raise it"),
    "good": (0.3, "keep it"),
    "high": (3.0, "on a plateau: lower it"),
    "too high": (30.0, "diverging: lower it"),
}


def learning_rates(context):
    """Loss curves with learning rates that are too low, good and too high."""
    X, y = context.data("digits").train
    models = context.fit(
        [digits_network(context, rate) for rate, _ in RATES.values()], X, y
    )
    curves = {
        rate: model.loss_curve_
        for (rate, _), model in zip(RATES.values(), models, strict=True)
    }
    last = {case: curves[rate][-1] for case, (rate, _) in RATES.items()}
    return Findings(
        checks=[
            Check(
                f"{case}: the last loss is above that of the good rate",
                last[case] > last["good"],
                right=True,
            )
            for case in ("too low", "high", "too high")
        ],
        tables={
            "Learning rates": [
                {
                    "case": case,
                    "learning rate": rate,
                    "loss after 1 epoch": curves[rate][0],
                    "loss after 20 epochs": curves[rate][-1],
                    "rule": rule,
                }
                for case, (rate, rule) in RATES.items()
            ]
        },
        pictures={"learning_rate_cases": lambda: _draw_cases(curves)},
    )


def _draw_cases(curves):
    from ...plotting import LearningRateCasesDisplay

    return LearningRateCasesDisplay.from_curves(curves).figure_


def choose_l2(context):
    """L2 strengths beside the log loss and accuracy of the validation rows."""
    data = context.data("digits", rows=300)
    strengths = (0.0, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1)
    models = context.fit(
        [digits_network(context, 0.5, one, n_epochs=200) for one in strengths],
        *data.train,
        X_val=data.validation[0],
        y_val=data.validation[1],
    )
    rows = [
        {
            "weight decay": strength,
            "training loss": log_loss(model, *data.train),
            "validation loss": log_loss(model, *data.validation),
            "validation accuracy": model.score(*data.validation),
            "test accuracy": model.score(*data.test),
        }
        for strength, model in zip(strengths, models, strict=True)
    ]
    best = min(rows, key=lambda row: row["validation loss"])
    least, most = rows[0]["training loss"], rows[-1]["training loss"]
    return Findings(
        checks=[
            Check(
                "the strongest penalty costs training loss", most > least, right=True
            ),
        ],
        tables={"Validation by strength": rows},
        pictures={
            "validation_by_strength": lambda: _draw_strengths(rows),
            "curves_of_the_chosen": lambda: _draw_curves(
                models[strengths.index(best["weight decay"])]
            ),
        },
        notes=[
            f"Chosen by the validation loss: {best['weight decay']:g}, with a test "
            f"accuracy of {best['test accuracy']:.3f}. 300 training rows of digits."
        ],
    )


def _draw_strengths(rows):
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.6, 3.2), layout="constrained")
    strengths = [f"{row['weight decay']:g}" for row in rows]
    panels = {
        "log loss": ("training loss", "validation loss"),
        "accuracy": ("validation accuracy", "test accuracy"),
    }
    for ax, (label, names) in zip(figure.subplots(1, 2), panels.items(), strict=True):
        for color, name in zip(SERIES, names, strict=False):
            values = [row[name] for row in rows]
            ax.plot(strengths, values, "o-", color=color, label=name)
        ax.set(xlabel="weight decay", ylabel=label)
        ax.tick_params(axis="x", labelsize=8)
        ax.legend(frameon=False)
        tidy(ax)
    return figure


def _draw_curves(model):
    from ...plotting import LossCurveDisplay

    return LossCurveDisplay.from_estimator(model).figure_


EXPERIMENTS = (
    Experiment(
        "S5.15",
        "Learning rates that are too low, good, too high",
        GROUP,
        "The figure of the cases, on digits: 30 hidden units, momentum 0.9, batches of "
        "16, 20 epochs. Network and rates are ours.",
        learning_rates,
    ),
    Experiment(
        "S5.16",
        "L2 strength by validation",
        GROUP,
        "Weight decay chosen by the log loss of validation rows, its accuracy watched "
        "too. The sheet gives no values: 300 rows of digits, 30 hidden units, 200 "
        "epochs.",
        choose_l2,
    ),
)
