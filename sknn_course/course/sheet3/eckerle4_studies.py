"""S3.18 and S3.35-S3.38: Eckerle4's networks, dropout, L-BFGS, stuck runs, curves."""

from functools import partial

import numpy as np
from sklearn.metrics import mean_squared_error
from sklearn.neural_network import MLPRegressor as SklearnMLPRegressor

from ...cnn import CNNRegressor
from ...layers import Activation, Dense, Dropout, Flatten
from ...mlp import MLPRegressor
from ..experiment import Check, Experiment, Findings
from ..theory import predicts_one_value, stability
from ..training import NO_STOPPING
from .curves import draw_runs
from .settings import ECKERLE4_GROUP, agreement, summary
from .trainings import ROWS as SHEET

ROWS = SHEET.between("S3.19", "S3.34")
REGRESSOR, SGD, SLOW = (SHEET.params[n] for n in ("eckerle4", "eckerle4_sgd", "slow"))
BEST = (128, 128, 64)


def show_defaults(context):
    """S3.18: sizes of the networks, and the example code's settings."""
    right = {
        (128, 64, 64): 12_737,
        (128, 64, 64, 64): 16_897,
        (128, 64): 8_577,
        (128, 128, 64): 25_089,
        (128, 128, 128): 33_409,
    }
    findings = Findings()
    for sizes, n_parameters in right.items():
        table = summary({"hidden_layer_sizes": sizes}, 1, 1)
        findings.checks.append(
            Check(
                f"parameters of {list(sizes)}", table.n_parameters, right=n_parameters
            )
        )
    data = context.data("eckerle4")
    example = {**SGD, "momentum": 0.9, "nesterovs_momentum": True}
    for name, params in {
        "default: batch 2, Adam 0.01": {},
        "example code: batch 1, SGD 0.01, Nesterov 0.9": {**example, "batch_size": 1},
    }.items():
        fitted = _fit(context, [params], data)[0]
        findings.tables.setdefault("[128, 64, 64], 256 epochs", []).append(
            {"settings": name, **_errors(fitted, data)}
        )
    findings.notes.append(
        "Keras's mean squared error has no 1/2: where the sheet's plain SGD has the "
        "rate 0.01, ours has 0.02, and takes the same steps."
    )
    return findings


def _fit(context, variants, data, estimator=MLPRegressor, **common):
    """For each variant the fitted repetitions."""
    repeats = range(context.repeats)
    networks = [
        estimator(
            **{
                **{k: v for k, v in REGRESSOR.items() if k in estimator().get_params()},
                **NO_STOPPING,
                "device": context.device,
                **common,
                **params,
                "random_state": context.seed + r,
            }
        )
        for params in variants
        for r in repeats
    ]
    fitted = iter(context.fit(networks, *data.train))
    return [[next(fitted) for _ in repeats] for _ in variants]


def _errors(networks, data):
    """Mean errors of repetitions on training and test rows."""
    return {
        f"{part} MSE": float(
            np.mean(
                [
                    mean_squared_error(data[part][1], one.predict(data[part][0]))
                    for one in networks
                ]
            )
        )
        for part in ("train", "test")
    }


def drop_at_the_output(context):
    """S3.35: dropout in front of the output or on it, and the training loss."""
    data = context.data("eckerle4")
    slow = {"hidden_layer_sizes": BEST, **SLOW}
    hidden = [layer for units in BEST for layer in (Dense(units), Activation("relu"))]
    on_output = (Flatten(), *hidden, Dense(1), Dropout(0.2))
    names = ("no dropout", "after the last hidden layer", "on the output")
    mlps = _fit(context, [slow, {**slow, "dropout": [0.0, 0.0, 0.2]}], data)
    cnns = _fit(
        context, [{**SLOW, "architecture": on_output}], data, estimator=CNNRegressor
    )
    runs = dict(zip(names, [*mlps, *cnns], strict=True))
    curves = {
        name: [2 * np.array(one.loss_curve_) for one in fitted]
        for name, fitted in runs.items()
    }
    # from epoch to epoch, over the second half
    jumps = {
        name: float(np.mean([np.abs(np.diff(curve[128:])).mean() for curve in of_name]))
        for name, of_name in curves.items()
    }
    return Findings(
        checks=[
            Check(
                f"{name}: fluctuates more than without dropout",
                jumps[name] > jumps["no dropout"],
                right=True,
            )
            for name in names[1:]
        ]
        + [
            Check(
                "without dropout it learns: training MSE",
                _errors(runs["no dropout"], data)["train MSE"],
                right=0.0,
                tolerance=0.02,
            )
        ],
        tables={
            "[128, 128, 64], Adam 0.001": [
                {
                    "dropout 0.2": name,
                    "mean change of the training loss per epoch": jumps[name],
                    **_errors(fitted, data),
                }
                for name, fitted in runs.items()
            ]
        },
        pictures={
            "training_loss": partial(
                draw_runs,
                {name: of_name[0] for name, of_name in curves.items()},
                "training MSE",
            )
        },
        notes=[
            "The sheet sees the training loss fluctuate strongly with dropout only at "
            "the output side, without figures. Both places that this can mean are "
            "shown: a dropped output is an error as large as the target itself."
        ],
    )


def minimise_by_lbfgs(context):
    """S3.36: all rows at once, with L-BFGS, ours and scikit-learn's."""
    data = context.data("eckerle4")
    params = {"hidden_layer_sizes": (128, 64, 64), "solver": "lbfgs", "alpha": 0.0}
    seeds = [context.seed + r for r in range(context.repeats)]
    common = {**params, "max_iter": 2000, "max_fun": 100_000, "tol": 1e-9}
    findings, fitted = Findings(), {}
    for name, estimator in (
        ("ours", MLPRegressor),
        ("scikit-learn", SklearnMLPRegressor),
    ):
        networks = [estimator(**common, random_state=seed) for seed in seeds]
        fitted[name] = context.fit(networks, *data.train)
        findings.tables.setdefault("[128, 64, 64], L-BFGS", []).append(
            {
                "MLPRegressor": name,
                "iterations": float(np.mean([one.n_iter_ for one in fitted[name]])),
                **_errors(fitted[name], data),
            }
        )
    few = [
        context.fit([estimator(**params, max_iter=5, random_state=0)], *data.train)[0]
        for estimator in (MLPRegressor, SklearnMLPRegressor)
    ]
    findings.checks.append(
        agreement(
            "first weights after 5 iterations, ours and scikit-learn's",
            few[0].coefs_[0],
            few[1].coefs_[0],
            1e-5,
        )
    )
    findings.checks.append(
        Check(
            "good results: mean training MSE",
            _errors(fitted["ours"], data)["train MSE"],
            right=0.0,
            tolerance=0.005,
        )
    )
    findings.pictures["fit"] = partial(_draw_fits, fitted["ours"], data)
    findings.notes.append(
        "'Good results' on the sheet, without figures. L-BFGS takes all rows in each "
        "step and needs no learning rate; with 12,737 parameters it can meet all 21 "
        "training rows."
    )
    return findings


def _draw_fits(networks, data):
    from ...plotting import RegressionFitDisplay

    return RegressionFitDisplay.from_estimator(
        networks, *data.train, *data.test
    ).figure_


def find_stuck_runs(context):
    """S3.37: the detector, and which configurations it finds unstable."""
    x = np.linspace(0, 1, 14)
    findings = Findings(
        checks=[
            Check("one value", predicts_one_value(np.full(14, 0.3), x), right=True),
            Check("nearly one", predicts_one_value(0.3 + x / 200, x), right=True),
            Check("a bump", predicts_one_value(x * (1 - x), x), right=False),
            Check("one digit", predicts_one_value(np.full(100, 1)), right=True),
            Check(
                "some runs stuck",
                stability([False, True, False, False]),
                right="unstable",
            ),
        ]
    )
    data = context.data("eckerle4")
    for id, experiment in ROWS.items():
        predictions = [one.predict(data.test[0]) for one in context.fitted(id)]
        stuck = [predicts_one_value(one, data.test[1]) for one in predictions]
        findings.tables.setdefault("Runs of S3.19 to S3.34", []).append(
            {
                "row": f"{id[1:]}: {experiment.title.removeprefix('Eckerle4 ')}",
                "stuck": f"{sum(stuck)} of {len(stuck)}",
                "verdict": stability(stuck) if stuck else "diverged",
                "range of predictions": ", ".join(
                    f"{np.ptp(p):.3f}" for p in predictions
                ),
            }
        )
    findings.notes.append(
        "A run is stuck when its predictions span less than 1 % of the targets; a "
        "configuration with some stuck runs is unstable. The targets span 0 to 1."
    )
    return findings


def show_best(context):
    """S3.38: the declared best network: layers, fitted curves, training loss."""
    data = context.data("eckerle4")
    networks = context.fitted("S3.31")
    table = summary(ROWS["S3.31"].procedure.params, 1, 1)
    parameters = [row.parameters for row in table if row.parameters]
    curves = context.result("S3.31").curves["train_mse"]
    labelled = {f"run {r}": curve for r, curve in enumerate(curves, 1) if curve}
    return Findings(
        checks=[
            Check("parameters layer by layer", parameters, [256, 16_512, 8_256, 65]),
            Check("parameters", table.n_parameters, 25_089),
        ],
        tables={
            "[128, 128, 64]": [
                {
                    "layer": row.name,
                    "output": str(row.output_shape),
                    "by hand": row.formula,
                    "parameters": row.parameters,
                }
                for row in table
            ]
        },
        pictures={
            "fits": partial(_draw_fits, networks, data),
            "training_loss": partial(draw_runs, labelled, "training MSE"),
        },
        notes=["Fitted curves on training and test rows, one for each run."],
    )


EXPERIMENTS = (
    Experiment(
        id="S3.18",
        title="Defaults of the Eckerle4 networks",
        group=ECKERLE4_GROUP,
        about=(
            "ReLU, linear output, squared error, learning rate 0.01, batch 2, 256 "
            "epochs, no dropout; the example code has batch 1 and SGD 0.01 with "
            "Nesterov momentum 0.9."
        ),
        procedure=show_defaults,
    ),
    Experiment(
        id="S3.35",
        title="Dropout only at the output side",
        group=ECKERLE4_GROUP,
        about="The training loss fluctuates strongly; no figures.",
        procedure=drop_at_the_output,
    ),
    Experiment(
        id="S3.36",
        title="L-BFGS",
        group=ECKERLE4_GROUP,
        about="An alternative to gradient descent: good results, no figures.",
        procedure=minimise_by_lbfgs,
    ),
    Experiment(
        id="S3.37",
        title="Detector of stuck runs",
        group=ECKERLE4_GROUP,
        about=(
            "Finds runs that predict (nearly) one value for every input, and marks "
            "configurations of which some runs fail."
        ),
        procedure=find_stuck_runs,
        depends=tuple(ROWS),
    ),
    Experiment(
        id="S3.38",
        title="Fitted curves, training loss, layers",
        group=ECKERLE4_GROUP,
        about="Of the declared best, [128, 128, 64] with Adam 0.001; images only.",
        procedure=show_best,
        depends=("S3.31",),
    ),
)
