"""Background pieces: the neuron, convolution, padding, pooling."""

from functools import partial

import numpy as np
import torch
from scipy.special import expit

from ..._engine.ops.activations import ACTIVATIONS
from ...inspection import output_size
from ...layers import Pool2d
from ..experiment import Check, Experiment, Findings
from ..theory import convolve, cross_correlate, dense_forward

GROUP = "Background pieces"
IMAGE = np.arange(1, 17).reshape(4, 4)
KERNEL = np.array([[-1, 1], [0, 1]])


def neuron(context):
    """y = phi(sum w x + b) for each activation function, beside written formulas."""
    w, x, b = [0.5, -1.0, 2.0], [1.0, 3.0, 0.25], 0.75
    z = dense_forward(x, [w], [b])[0]
    by_hand = 0.5 * 1 - 1 * 3 + 2 * 0.25 + 0.75
    formulas = {
        "identity": by_hand,
        "logistic": 1 / (1 + np.exp(-by_hand)),
        "tanh": 2 * expit(2 * by_hand) - 1,
        "relu": max(0.0, by_hand),
        "leaky_relu": 0.01 * by_hand,  # z < 0
        "elu": np.exp(by_hand) - 1,
        "softplus": np.log(1 + np.exp(by_hand)),
        "silu": by_hand / (1 + np.exp(-by_hand)),
    }
    values = {
        name: float(ACTIVATIONS[name].module()(torch.tensor(z, dtype=torch.float64)))
        for name in formulas
    }
    return Findings(
        checks=[
            Check("sum of w x, and b", float(z), right=by_hand),
            *(
                Check(f"phi = {name}", values[name], right=value, tolerance=1e-12)
                for name, value in formulas.items()
            ),
        ],
        tables={
            "A neuron with z = -1.25": [
                {"activation": name, "y": value} for name, value in values.items()
            ]
        },
        pictures={"activation_functions": _draw_activations},
        notes=["Each function is drawn with its derivative."],
    )


def _draw_activations():
    from ...plotting import ActivationFunctionsDisplay

    return ActivationFunctionsDisplay.from_functions().figure_


def convolution_example(context):
    """The 4 x 4 example as cross-correlation and as true convolution."""
    maps = torch.tensor(IMAGE)[None, None], torch.tensor(KERNEL)[None, None]
    of_torch = torch.nn.functional.conv2d(*maps)[0, 0].numpy()
    correlated = cross_correlate(IMAGE, KERNEL)
    return Findings(
        checks=[
            Check(
                "cross-correlation, valid, stride 1",
                correlated,
                published=[[7, 8, 9], [11, 12, 13], [15, 16, 17]],
            ),
            Check("a convolution layer of torch", of_torch, right=correlated),
            Check(
                "true convolution, the kernel turned by half a turn",
                convolve(IMAGE, KERNEL),
                right=[[0, 1, 2], [4, 5, 6], [8, 9, 10]],
            ),
        ],
        pictures={
            "cross_correlation": partial(_draw_filtered, flip=False),
            "true_convolution": partial(_draw_filtered, flip=True),
        },
    )


def _draw_filtered(flip):
    from ...plotting import FilteredImageDisplay

    return FilteredImageDisplay.from_image(IMAGE, KERNEL, flip=flip).figure_


SIZES = [
    # size, window, padding, stride
    (28, 5, 2, 1),
    (28, 5, 0, 1),
    (28, 2, 0, 2),
    (14, 5, 2, 1),
    (4, 2, 0, 1),
    (7, 3, 1, 2),
]


def stride_and_padding(context):
    """(N - F + 2 P) / S + 1 beside the size of a result."""
    image = np.ones((28, 28))
    rows, checks = [], []
    for size, window, padding, stride in SIZES:
        formula = output_size(size, window, padding, stride)
        done = cross_correlate(
            image[:size, :size],
            np.ones((window, window)),
            stride=stride,
            padding=padding,
        )
        rows.append(
            {
                "size": size,
                "kernel": window,
                "padding": padding,
                "stride": stride,
                "output": formula,
            }
        )
        name = f"side {size}, kernel {window}, padding {padding}, stride {stride}"
        checks.append(Check(name, done.shape, right=(formula, formula)))
    same = Check("28 - 5 + 1 + 2 * 2", output_size(28, 5, padding=2), published=28)
    return Findings(checks=[same, *checks], tables={"Output sizes": rows})


def max_pooling(context):
    """Max-pooling of 2 x 2 windows, shape and values."""
    image = np.arange(24.0).reshape(6, 4)
    pooled = torch.nn.functional.max_pool2d(torch.tensor(image)[None], 2)[0].numpy()
    by_hand = [
        [max(image[i : i + 2, j : j + 2].flat) for j in (0, 2)] for i in (0, 2, 4)
    ]
    return Findings(
        checks=[
            Check(
                "6 x 4 after 2 x 2 windows",
                Pool2d(2).output_shape((1, 6, 4))[1:],
                published=(3, 2),
            ),
            Check("largest value of each window", pooled, right=by_hand),
        ]
    )


EXPERIMENTS = (
    Experiment(
        "S5.01",
        "The neuron",
        GROUP,
        "y = phi(sum w x + b), and a plot of common activation functions. The "
        "sheet's picture has no numbers: weights and inputs are ours.",
        neuron,
    ),
    Experiment(
        "S5.02",
        "Convolution of a 4 x 4 matrix",
        GROUP,
        "The matrix 1 to 16 with the kernel [[-1, 1], [0, 1]], valid, stride 1.",
        convolution_example,
        errata=(
            "The definition is that of true convolution, sum f(i - u, j - v) h(u, v), "
            "but the example is the cross-correlation. With the turned kernel it is "
            "[[0, 1, 2], [4, 5, 6], [8, 9, 10]].",
        ),
    ),
    Experiment(
        "S5.03",
        "Stride and zero padding",
        GROUP,
        "A 5 x 5 kernel with padding 2 keeps 28 x 28; the other sizes are ours.",
        stride_and_padding,
    ),
    Experiment(
        "S5.04",
        "Max-pooling",
        GROUP,
        "2 x 2 windows take 6 x 4 to 3 x 2.",
        max_pooling,
    ),
)
