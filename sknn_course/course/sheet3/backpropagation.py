"""S3.14-S3.15: one step of backpropagation worked by hand."""

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from ...mlp import MLPRegressor
from ..experiment import Check, Experiment, Findings
from ..theory import WORKED_EXAMPLE, backpropagation_step
from .settings import BACKPROPAGATION_GROUP, PLAIN_SGD

SLIPS = (
    "In the intermediate steps the error vector of the first term of the W1 update is "
    "printed as (0, 0, 2, 0) and the new b1 as (-2, 2, 0, -2.5). Right are "
    "(0, 0, 0, 2) and (-2, 2, -0.5, -2.5), as in the final table."
)
AVERAGED = (
    "The loss is called a sum, 1/2 Σ (y - ŷ)^2, but the update divides by the batch "
    "size 2: that is the gradient of the mean. A step of the sum gives rows 3 and 4 of "
    "W1 (-3, -2), (-1, 1), b1 (-2, 2, -1, -3), W2 (1, 2.5, 0, 1), b2 -1.5. Either step "
    "raises the loss here: 2.5 to 4.78125, or to 24.5."
)


def forward(context):
    """S3.14: activations and outputs of both samples."""
    step = backpropagation_step(**WORKED_EXAMPLE)
    return Findings(
        checks=[
            Check("z of x = (-1, 1)", step.z1[0], [-1, 1, -2, 2]),
            Check("a of x = (-1, 1)", step.a1[0], [0, 1, 0, 2]),
            Check("ŷ of x = (-1, 1)", step.y_hat[0], [2]),
            Check("z of x = (2, -1)", step.z1[1], [-2, 3, 1, -8]),
            Check("a of x = (2, -1)", step.a1[1], [0, 3, 1, 0]),
            Check("ŷ of x = (2, -1)", step.y_hat[1], [-3]),
        ]
    )


def backward(context):
    """S3.15: errors and new parameters, by hand and by the estimator."""
    step = backpropagation_step(**WORKED_EXAMPLE)
    of_sum = backpropagation_step(**WORKED_EXAMPLE, reduction="sum")
    findings = Findings(
        checks=[
            Check("Δ2", step.delta2.ravel(), [1, -2]),
            Check("Δ1", step.delta1, [[0, 0, 0, 2], [0, 0, 2, 0]]),
        ]
    )
    published = {
        "W1": [[1, 2], [0, -1], [-2, -2.5], [-1.5, 1.5]],
        "b1": [-2, 2, -0.5, -2.5],
        "W2": [[1, 1.25, -0.5, 1.5]],
        "b2": [-1.75],
    }
    right_of_sum = {
        "W1": [[1, 2], [0, -1], [-3, -2], [-1, 1]],
        "b1": [-2, 2, -1, -3],
        "W2": [[1, 2.5, 0, 1]],
        "b2": [-1.5],
    }
    by_estimator = _step_of_estimator(context)
    for name, values in published.items():
        findings.checks += [
            Check(f"{name} after the step", step.updated[name], values),
            Check(
                f"{name} after the step of MLPRegressor",
                by_estimator[name],
                values,
                tolerance=1e-6,
            ),
            Check(
                f"{name} after a step of the sum",
                of_sum.updated[name],
                right=right_of_sum[name],
            ),
        ]
    findings.checks += [
        Check("loss before, 1/2 Σ (y - ŷ)^2", step.loss_before, right=2.5),
        Check("loss after", step.loss_after, right=4.78125),
        Check("loss after a step of the sum", of_sum.loss_after, right=24.5),
    ]
    return findings


def _step_of_estimator(context):
    """The sheet's network in an MLPRegressor, one epoch of one batch."""
    example = WORKED_EXAMPLE
    network = MLPRegressor(
        hidden_layer_sizes=(4,),
        **PLAIN_SGD,
        learning_rate_init=example["learning_rate"],
        alpha=0.0,
        batch_size=2,
        max_iter=1,
        warm_start=True,
        dtype="float64",
        device="cpu",
        random_state=context.seed,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        network.fit(example["X"], example["y"])  # for the shapes
        network.coefs_ = [example["W1"].T, example["W2"].T]
        network.intercepts_ = [example["b1"], example["b2"]]
        network.fit(example["X"], example["y"])
    W1, W2 = (coef.T for coef in network.coefs_)
    b1, b2 = network.intercepts_
    return {"W1": np.array(W1), "b1": b1, "W2": np.array(W2), "b2": b2}


EXPERIMENTS = (
    Experiment(
        id="S3.14",
        title="Forward pass by hand",
        group=BACKPROPAGATION_GROUP,
        about="2-4-1 network, ReLU hidden units, linear output, two samples.",
        procedure=forward,
    ),
    Experiment(
        id="S3.15",
        title="Backward pass by hand",
        group=BACKPROPAGATION_GROUP,
        about=(
            "One step for the targets 1 and -1, η = 0.5, both samples in a batch, "
            "gradient averaged; the same step taken by MLPRegressor."
        ),
        procedure=backward,
        errata=(SLIPS, AVERAGED),
    ),
)
