"""Layers forward and backward by hand, each with its gradient check."""

import numpy as np
import torch
from scipy.special import expit
from torch.nn import functional as F

from ..experiment import Check, Experiment, Findings
from ..theory import (
    dense_backward,
    dense_forward,
    gradient_check,
    numerical_gradient,
    relu_backward,
    relu_forward,
    softmax_loss_backward,
    softmax_loss_forward,
    softplus_backward,
    softplus_forward,
)

GROUP = "Layers, forward and backward"
RIGHT = 1e-7  # relative error of a right gradient in central differences


def small_error(name, error):
    """Check of the relative error of a gradient."""
    return Check(f"{name}, relative error", error, right=0.0, tolerance=RIGHT)


def dense_sample(context):
    """y = A x + b and its gradients for one sample."""
    rng = np.random.RandomState(context.seed)
    x, A, b, dy = rng.randn(4), rng.randn(3, 4), rng.randn(3), rng.randn(3)
    dx, dA, db = dense_backward(x, A, dy)
    return Findings(
        checks=[
            Check(
                "y_i = sum_j A_ij x_j + b_i",
                dense_forward(x, A, b),
                right=[sum(A[i, j] * x[j] for j in range(4)) + b[i] for i in range(3)],
                tolerance=1e-12,
            ),
            Check("dx = A^T dy", dx, right=A.T @ dy, tolerance=1e-12),
            Check("dA = dy x^T, of shape m x n", dA, right=np.outer(dy, x)),
            Check("db = dy", db, right=dy),
            *(
                small_error(name, _dense_error(place, (x, A, b), dy))
                for place, name in enumerate(("dx", "dA", "db"))
            ),
        ]
    )


def _dense_error(place, values, dy):
    """Relative error of a gradient of the dense layer: of x, A or b."""

    def output(value):
        given = [*values[:place], value, *values[place + 1 :]]
        return np.sum(dy * dense_forward(*given))

    x, A, _ = values
    gradient = dense_backward(x, A, dy)[place]
    return gradient_check(output, gradient, values[place]).relative_error


def dense_batch(context):
    """Samples as columns: images of 5 x 5 x 3 become 75 values."""
    rng = np.random.RandomState(context.seed)
    X, A, b = rng.randn(5, 5, 3, 6), rng.randn(4, 75), rng.randn(4)
    dY = rng.randn(4, 6)
    dX, dA, db = dense_backward(X, A, dY)
    singly = [dense_backward(X[..., i].ravel(), A, dY[:, i]) for i in range(6)]
    return Findings(
        checks=[
            Check("values in an image of 5 x 5 x 3", X[..., 0].size, published=75),
            Check(
                "Y = A X + b, column by column",
                dense_forward(X, A, b),
                right=np.transpose(
                    [dense_forward(X[..., i].ravel(), A, b) for i in range(6)]
                ),
                tolerance=1e-12,
            ),
            Check("shape of dX, that of the input", dX.shape, right=X.shape),
            Check(
                "dX = A^T dY, column by column",
                dX.reshape(75, 6),
                right=np.transpose([dx for dx, _, _ in singly]),
                tolerance=1e-12,
            ),
            Check(
                "dA = dY X^T, the sum over samples",
                dA,
                right=sum(dA for _, dA, _ in singly),
                tolerance=1e-12,
            ),
            Check(
                "db = row sums of dY",
                db,
                right=sum(db for _, _, db in singly),
                tolerance=1e-12,
            ),
            *(
                small_error(name, _dense_error(place, (X, A, b), dY))
                for place, name in enumerate(("dX", "dA", "db"))
            ),
        ]
    )


def finite_differences(context):
    """(f(x + e) - f(x - e)) / 2e for every layer, from too large to too small e."""
    rng = np.random.RandomState(context.seed)
    x, dy = rng.randn(5, 4), rng.randn(5, 4)
    classes = rng.randint(5, size=4)
    A, b = rng.randn(5, 5), rng.randn(5)
    images, kernels = rng.randn(1, 2, 6, 6), torch.tensor(rng.randn(3, 2, 3, 3))
    layers = {
        "dense, to x": (
            lambda v: np.sum(dy * dense_forward(v, A, b)),
            dense_backward(x, A, dy)[0],
            x,
        ),
        "dense, to A": (
            lambda v: np.sum(dy * dense_forward(x, v, b)),
            dense_backward(x, A, dy)[1],
            A,
        ),
        "ReLU": (
            lambda v: np.sum(dy * relu_forward(v)),
            relu_backward(x, dy),
            x,
        ),
        "softplus": (
            lambda v: np.sum(dy * softplus_forward(v)),
            softplus_backward(x, dy),
            x,
        ),
        "softmax with log-likelihood": (
            lambda v: softmax_loss_forward(v, classes),
            softmax_loss_backward(x, classes),
            x,
        ),
        "convolution": _torch_layer(
            rng, images, lambda v: F.conv2d(v, kernels, padding=1)
        ),
        "max-pooling": _torch_layer(rng, images, lambda v: F.max_pool2d(v, 2)),
    }
    steps = (1e-1, 1e-3, 1e-5, 1e-8, 1e-11)
    rows, checks = [], []
    for name, (function, gradient, at) in layers.items():
        errors = {
            step: gradient_check(function, gradient, at, step).relative_error
            for step in steps
        }
        rows.append({"layer": name} | {f"step {s:g}": errors[s] for s in steps})
        checks.append(small_error(name, errors[1e-5]))
    of_wrong = gradient_check(*_with_error(layers["ReLU"])).relative_error
    wrong = Check(
        "a gradient with one wrong sign is found", of_wrong > 1e-2, right=True
    )
    return Findings(
        checks=[*checks, wrong],
        tables={"Relative error by step": rows},
        notes=[
            "Large steps leave the tangent, tiny ones drown in rounding: 1e-5 is "
            "best in double precision. Convolution and pooling are torch's, with "
            "gradients of its autograd; the others are by hand."
        ],
    )


def _torch_layer(rng, x, layer):
    """A layer of torch as function, gradient by autograd, and where they are taken."""
    tensor = torch.tensor(x, requires_grad=True)
    y = layer(tensor)
    dy = torch.tensor(rng.randn(*y.shape))
    (dy * y).sum().backward()
    gradient = tensor.grad.numpy()
    return lambda v: float((dy * layer(torch.as_tensor(v))).sum()), gradient, x


def _with_error(case):
    function, gradient, at = case
    wrong = gradient.copy()
    wrong.flat[np.abs(gradient).argmax()] *= -1
    return function, wrong, at


def relu(context):
    """max(x, 0), dx = dy [x > 0]."""
    rng = np.random.RandomState(context.seed)
    x, dy = rng.randn(6, 3), rng.randn(6, 3)
    dx = relu_backward(x, dy)
    case = (lambda v: np.sum(dy * relu_forward(v)), dx, x)
    derivative = (np.array([-2.0, -0.1, 0.1, 2.0]) > 0).astype(float)
    return Findings(
        checks=[
            Check("y_i = max(x_i, 0)", relu_forward(x), right=np.where(x > 0, x, 0)),
            Check("dx where x < 0", dx[x < 0], right=np.zeros((x < 0).sum())),
            Check("dx where x > 0", dx[x > 0], right=dy[x > 0]),
            small_error("dx", gradient_check(*case).relative_error),
            Check(
                "diagonal of the Jacobian at -2, -0.1, 0.1, 2",
                numerical_gradient(
                    lambda v: relu_forward(v).sum(), [-2.0, -0.1, 0.1, 2.0]
                ),
                right=derivative,
                tolerance=1e-9,
            ),
        ]
    )


def softplus(context):
    """ln(1 + e^x) beside ReLU; zeros of ReLU for symmetric inputs."""
    rng = np.random.RandomState(context.seed)
    x, dy = rng.randn(6, 3), rng.randn(6, 3)
    dx = softplus_backward(x, dy)
    symmetric = rng.randn(100_000)
    return Findings(
        checks=[
            Check(
                "ln(1 + e^x)",
                softplus_forward(x),
                right=np.log(1 + np.exp(x)),
                tolerance=1e-12,
            ),
            Check(
                "derivative is the logistic function",
                numerical_gradient(lambda v: softplus_forward(v).sum(), x),
                right=expit(x),
                tolerance=1e-8,
            ),
            small_error(
                "dx",
                gradient_check(
                    lambda v: np.sum(dy * softplus_forward(v)), dx, x
                ).relative_error,
            ),
            Check(
                "share of ReLU units at zero, symmetric inputs",
                np.mean(relu_forward(symmetric) == 0),
                published=0.5,
                tolerance=0.01,
            ),
            Check(
                "share of softplus units at zero",
                np.mean(softplus_forward(symmetric) == 0),
                right=0.0,
            ),
        ],
        pictures={"softplus_and_relu": _draw_softplus},
    )


def _draw_softplus():
    from ...plotting import ActivationFunctionsDisplay

    return ActivationFunctionsDisplay.from_functions(["softplus", "relu"]).figure_


EXPERIMENTS = (
    Experiment(
        "S5.05",
        "Fully connected layer, one sample",
        GROUP,
        "y = A x + b; dx = A^T dy, dA = dy x^T, db = dy.",
        dense_sample,
        errata=(
            "Equation 7 repeats y_1 and b_1; equations 7 to 10 mix m and n; the second "
            "element of equation 10 is dL/dy_1 x_2, not dL/dy_2 x_2. The gradient of "
            "A is m x n, as the result dy x^T is.",
        ),
    ),
    Experiment(
        "S5.06",
        "Fully connected layer, batched",
        GROUP,
        "Samples as columns, images of 5 x 5 x 3 as 75 values: Y = A X + b; "
        "dX = A^T dY, dA = dY X^T, db = row sums of dY.",
        dense_batch,
    ),
    Experiment(
        "S5.07",
        "Gradient check",
        GROUP,
        "Central differences of every layer, beside its gradient.",
        finite_differences,
    ),
    Experiment(
        "S5.08",
        "ReLU layer",
        GROUP,
        "y = max(x, 0); dx = dy [x > 0].",
        relu,
        errata=(
            "The diagonal of the Jacobian is printed as 1 for all inputs: it is "
            "[x_i > 0]. The gradient is given by cases of i and j: it is dL/dy_i "
            "[x_i > 0].",
        ),
    ),
    Experiment(
        "S5.09",
        "Softplus",
        GROUP,
        "ln(1 + e^x) with the logistic function as derivative, drawn with ReLU; about "
        "half of the ReLU units are zero for symmetric inputs.",
        softplus,
    ),
)
