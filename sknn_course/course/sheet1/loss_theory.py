"""Loss theory: least squares in closed form, squared error, cross-entropy."""

import numpy as np

from ...least_squares import LeastSquaresRegressor
from ..experiment import Check, Experiment, Findings
from ..theory import (
    augmented,
    binary_cross_entropy,
    binary_cross_entropy_derivative,
    binary_cross_entropy_second_derivative,
    binary_entropy,
    linear_loss,
    linear_loss_gradient,
    mean_squared_error,
    normal_equations,
    numerical_gradient,
)

GROUP = "Loss theory"


def linear_problem():
    """60 noisy rows of a linear function of three inputs, with leading ones."""
    rng = np.random.RandomState(0)
    X = augmented(rng.randn(60, 3))
    return X, X @ [1.0, -2.0, 0.5, 3.0] + 0.1 * rng.randn(60)


def closed_form(context):
    """w* = (X^T X)^-1 X^T y against a solver, an estimator and gradient descent."""
    X, y = linear_problem()
    w = normal_equations(X, y)
    descent = np.zeros(4)
    for _ in range(2000):
        descent = descent - 0.1 * linear_loss_gradient(X, y, descent)
    model = LeastSquaresRegressor().fit(X[:, 1:], y)
    twice = np.column_stack([X, X[:, 1]])  # a column that another one gives
    message = "no error"
    try:
        normal_equations(twice, y)
    except np.linalg.LinAlgError as error:
        message = str(error)
    solver = np.linalg.lstsq(X, y, rcond=None)[0]
    least_norm = LeastSquaresRegressor(fit_intercept=False).fit(twice, y).coef_
    return Findings(
        checks=[
            Check("w* against numpy's solver", w, right=solver, tolerance=1e-9),
            Check(
                "w* against LeastSquaresRegressor",
                w,
                right=[model.intercept_, *model.coef_],
                tolerance=1e-5,
            ),
            Check(
                "w* against 2,000 steps of gradient descent",
                w,
                right=descent,
                tolerance=1e-9,
            ),
            Check("singular X^T X is reported", "rank 4" in message, right=True),
            Check(
                "singular: solution of least norm by LeastSquaresRegressor",
                least_norm,
                right=np.linalg.pinv(twice) @ y,
                tolerance=1e-5,
            ),
        ],
        tables={
            "Weights": [
                {
                    "weight": name,
                    "closed form": w[i],
                    "solver": solver[i],
                    "gradient descent": descent[i],
                }
                for i, name in enumerate(("intercept", "w1", "w2", "w3"))
            ]
        },
        notes=[f"With a column that repeats another one: {message}"],
    )


def squared_error(context):
    """The two forms of the loss, and its gradient."""
    X, y = linear_problem()
    w = np.array([0.3, -0.2, 0.1, 0.7])
    residual = y - X @ w
    scalar = sum(r**2 for r in residual) / (2 * len(y))
    gradient = linear_loss_gradient(X, y, w)
    numerical = numerical_gradient(lambda w: linear_loss(X, y, w), w)
    printed = -2 * residual @ X
    at_minimum = linear_loss_gradient(X, y, normal_equations(X, y))
    return Findings(
        checks=[
            Check(
                "matrix form against scalar sum",
                linear_loss(X, y, w),
                right=scalar,
                tolerance=1e-12,
            ),
            Check(
                "loss of predictions against scalar sum",
                mean_squared_error(y, X @ w),
                right=scalar,
                tolerance=1e-12,
            ),
            Check(
                "gradient (1/p) X^T (X w - y) against central differences",
                gradient,
                right=numerical,
                tolerance=1e-8,
            ),
            Check(
                "printed gradient over the right one: 2 p for each weight",
                printed / gradient,
                right=np.full(4, 2.0 * len(y)),
                tolerance=1e-8,
            ),
            Check("gradient at w*", at_minimum, right=np.zeros(4), tolerance=1e-12),
        ],
        notes=["The factor of the printed gradient does not move its zero."],
    )


def cross_entropy(context):
    """Derivatives, sign and minimum of the binary cross-entropy."""
    grid = np.linspace(0.01, 0.99, 99)
    losses = np.array([[binary_cross_entropy([y], [p]) for y in grid] for p in grid])
    y, y_hat = np.random.RandomState(0).uniform(0.05, 0.95, (2, 50))
    slope = numerical_gradient(lambda p: 50 * binary_cross_entropy(y, p), y_hat)
    bend = (
        binary_cross_entropy_derivative(y, y_hat + 1e-6)
        - binary_cross_entropy_derivative(y, y_hat - 1e-6)
    ) / 2e-6
    derivative = binary_cross_entropy_derivative(y, y_hat)
    second = binary_cross_entropy_second_derivative(y, y_hat)
    anywhere = binary_cross_entropy_second_derivative(grid[:, None], grid)
    of_set = binary_cross_entropy_derivative([1, 0.3], [0.7, 0.6]).sum()
    return Findings(
        checks=[
            Check(
                "0 ln 0 = 0: right and certain costs nothing",
                binary_cross_entropy([0, 1], [0, 1]),
                right=0.0,
            ),
            Check(
                "-y / y_hat + (1 - y) / (1 - y_hat) against central differences",
                derivative,
                right=slope,
                tolerance=1e-5,
            ),
            Check(
                "second derivative against differences of the first",
                second,
                right=bend,
                tolerance=1e-4,
            ),
            Check("second derivative above 0", bool((anywhere > 0).all()), right=True),
            Check("loss not below 0", bool((losses >= 0).all()), right=True),
            Check(
                "y_hat of the least loss, for each y",
                grid[losses.argmin(0)],
                right=grid,
            ),
            Check(
                "least loss against the binary entropy of y",
                losses.min(0),
                right=binary_entropy(grid),
                tolerance=1e-12,
            ),
            Check(
                "|sum of derivatives| for y = (1, 0.3), y_hat = (0.7, 0.6), whose "
                "sums are equal",
                abs(of_set),
                right=0.1786,
                tolerance=5e-5,
            ),
        ],
        pictures={"cross_entropy": lambda: _draw_cross_entropy(grid)},
        notes=[
            "Each sample has its minimum at y_hat = y. Equal sums of targets and "
            "predictions are no stationary point of the set."
        ],
    )


def _draw_cross_entropy(grid):
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots(figsize=(6, 4), layout="constrained")
    for y in (0.0, 0.1, 0.3, 0.5, 1.0):
        losses = [binary_cross_entropy([y], [p]) for p in grid]
        (line,) = ax.plot(grid, losses, label=f"y = {y:g}")
        if 0 < y < 1:
            ax.plot(y, binary_entropy(y), "o", color=line.get_color())
    ax.set(xlabel="prediction", ylabel="cross-entropy", ylim=(0, 3))
    ax.legend(title="target; dots: minima", ncols=2)
    ax.spines[["top", "right"]].set_visible(False)
    return figure


GRADIENT_ERRATUM = (
    "The sheet prints the gradient as -2 (y - X w)^T X; of its loss with 1/(2p) it is "
    "-(1/p) (y - X w)^T X. The zero is the same. It mixes n and p for the number of "
    "samples.",
)
CROSS_ENTROPY_ERRATUM = (
    "The sheet reduces stationarity of the whole set to equal sums of y and y_hat. The "
    "factors y_hat (1 - y_hat) that it cancels differ by sample, so that this holds "
    "for one common y_hat alone.",
)

EXPERIMENTS = (
    Experiment(
        "S1.01",
        "Least squares in closed form",
        GROUP,
        "A linear single-layer perceptron with leading ones in X: "
        "w* = (X^T X)^-1 X^T y, if X^T X is invertible. Compared with a numeric "
        "solver, with gradient descent on the loss of S1.02, and in the singular case.",
        closed_form,
        errata=GRADIENT_ERRATUM,
    ),
    Experiment(
        "S1.02",
        "Mean squared error with 1/(2p)",
        GROUP,
        "The scalar sum and the matrix form (1/2p) (y - X w)^T (y - X w) agree; the "
        "gradient is (1/p) X^T (X w - y).",
        squared_error,
        errata=GRADIENT_ERRATUM,
    ),
    Experiment(
        "S1.03",
        "Binary cross-entropy",
        GROUP,
        "Mean over p samples with 0 ln 0 = 0: derivatives, convexity, never "
        "negative, and least at y_hat = y, where it is the binary entropy of y.",
        cross_entropy,
        errata=CROSS_ENTROPY_ERRATUM,
    ),
)
