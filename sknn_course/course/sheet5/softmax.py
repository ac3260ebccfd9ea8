"""Softmax with negative log-likelihood, forward and backward."""

import numpy as np
from scipy.special import softmax

from ..experiment import Check, Experiment, Findings
from ..theory import (
    gradient_check,
    numerical_gradient,
    softmax_loss_backward,
    softmax_loss_forward,
)
from .layers import GROUP, small_error


def softmax_loss(context):
    """-x_c + ln sum e^x, its gradient, and what overflows."""
    rng = np.random.RandomState(context.seed)
    x, classes = 3 * rng.randn(5, 4), np.array([0, 2, 4, 2])
    dx = softmax_loss_backward(x, classes)
    case = (lambda v: softmax_loss_forward(v, classes), dx, x)
    y = softmax(x[:, 0])
    # -ln y_c with y itself as the variable: only y_c counts
    to_y = numerical_gradient(lambda v: -np.log(v[classes[0]]), y)
    large = np.array([[1000.0], [0.0]])
    with np.errstate(over="ignore"):
        naive = np.log(np.exp(large).sum()) - large[1, 0]
    return Findings(
        checks=[
            Check(
                "mean of -x_c + ln sum e^x",
                softmax_loss_forward(x, classes),
                right=np.mean(-np.log(softmax(x, axis=0)[classes, range(4)])),
                tolerance=1e-12,
            ),
            Check(
                "dx = (y - one-hot) / batch",
                dx,
                right=(softmax(x, axis=0) - np.eye(5)[:, classes]) / 4,
                tolerance=1e-12,
            ),
            small_error("dx", gradient_check(*case).relative_error),
            Check(
                "dL/dy_j = -1 / y_c for j = c, else 0",
                to_y,
                right=np.where(np.arange(5) == classes[0], -1 / y, 0),
                tolerance=1e-4,
            ),
            Check(
                "scores 1000 and 0, class of the 0",
                softmax_loss_forward(large, [1]),
                right=1000.0,
            ),
            Check("the same as it is listed", bool(np.isinf(naive)), right=True),
        ],
        notes=["The listing's ln sum e^x overflows at scores above 709."],
    )


def three_classes(context):
    """The figure's probabilities from scores 5, 4 and 2."""
    y = softmax([5.0, 4.0, 2.0])
    return Findings(
        checks=[
            Check(
                "softmax of (5, 4, 2)",
                y,
                published=[0.71, 0.26, 0.04],
                right=[0.7054, 0.2595, 0.0351],
                tolerance=5e-5,
            ),
            Check("sum", y.sum(), published=1.01, right=1.0, tolerance=1e-12),
            Check("rounded as printed", y.round(2), right=[0.71, 0.26, 0.04]),
        ],
        notes=["The figure gives no scores: 5, 4, 2 are ours and reproduce it."],
    )


EXPERIMENTS = (
    Experiment(
        "S5.10",
        "Softmax with negative log-likelihood",
        GROUP,
        "Mean of -x_c + ln sum e^x over a batch; gradient (y - one-hot) / batch.",
        softmax_loss,
        errata=(
            "dL/dy_j is printed as -1 / y_j for every j: it is -1 / y_c for j = c and "
            "0 else (the final equation 30 is right). The listed ln sum e^x is not "
            "safe from overflow.",
        ),
    ),
    Experiment(
        "S5.11",
        "Softmax of three classes",
        GROUP,
        "The example figure with 0.71, 0.26 and 0.04.",
        three_classes,
        errata=("0.71 + 0.26 + 0.04 is 1.01, by rounding.",),
    ),
)
