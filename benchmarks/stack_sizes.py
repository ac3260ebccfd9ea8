"""How the time of a training step depends on the number of networks in a stack.

From that come the constants of `sknn_course._engine.cost_model` that are of a step.
"""

import statistics
from itertools import pairwise
from math import inf
from unittest import mock

import numpy as np
import torch
from timing import time_in_turn

from sknn_course._engine.plan import model_bytes, operations_per_step
from sknn_course._engine.trainer import train_stack
from sknn_course.mlp import MLPClassifier

SMALLEST = (2, 20, 1), 10  # sizes of layers, batch size
WIDTHS = (8, 32, 100, 256, 512, 1024, 2048)
N_BATCHES = 10  # in an epoch
N_EPOCHS = 8
MOST_BYTES = 1 << 28  # of a stack
MOST_SECONDS = 0.8  # of a run
CLEARLY = 1.05  # so many times sooner pays


def matrix_product_rate(n_threads, size=1024):
    """Operations per second of torch's plain product of square float32 matrices.

    Parameters
    ----------
    n_threads : int
    size : int

    Returns
    -------
    float
        Of the fastest of some products.
    """
    A = torch.rand(size, size)
    product = torch.empty_like(A)
    threads_before = torch.get_num_threads()
    torch.set_num_threads(n_threads)
    seconds = time_in_turn({"product": lambda: torch.mm(A, A, out=product)}, 12)
    torch.set_num_threads(threads_before)
    return 2 * size**3 / min(seconds["product"])


def make_rows(n_rows, n_features, n_classes):
    """Normal rows in float32, and classes that a linear map tells apart."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_rows, n_features)).astype(np.float32)
    return X, (X @ rng.normal(size=(n_features, n_classes))).argmax(1)


def make_networks(n_models, sizes, batch_size, n_epochs):
    """Networks that differ in penalty and learning rate, as those of a search do."""
    alphas = np.logspace(-5, -1, n_models)
    rates = np.logspace(-3.5, -2.5, 7)
    return [
        MLPClassifier(
            sizes[1:-1],
            batch_size=batch_size,
            alpha=float(alpha),
            learning_rate_init=float(rates[i % len(rates)]),
            max_iter=n_epochs,
            tol=0.0,
            n_iter_no_change=inf,
            random_state=i,
            device="cpu",
        )
        for i, alpha in enumerate(alphas)
    ]


class _Taken(Exception):
    """Carries a job out of a fit."""


def fit_job(estimator, X, y):
    """The job that the estimator's ``fit`` would have trained.

    Parameters
    ----------
    estimator : NeuralEstimator
    X, y : ndarray

    Returns
    -------
    FitJob
    """

    def take(job):
        raise _Taken(job)

    with mock.patch("sknn_course.parallel.train_job", take):
        try:
            estimator.fit(X, y)
        except _Taken as taken:
            return taken.args[0]
    raise RuntimeError("fit trained no job")


def step_seconds(jobs, n_steps, n_threads, repeats):
    """Seconds of a step of one stack, epochs and gathering of rows included."""

    def train():
        for job in jobs:
            job.optimizer.n_steps = 0  # equal ones, as in the first fits of a search
        train_stack(jobs)

    threads_before = torch.get_num_threads()
    torch.set_num_threads(n_threads)
    with torch.no_grad():
        runs = time_in_turn({"stack": train}, repeats)
    torch.set_num_threads(threads_before)
    return statistics.median(runs["stack"]) / n_steps


def measure_stacks(quick, repeats):
    """Time stacks of several networks and sizes, each on one core.

    Parameters
    ----------
    quick : bool
    repeats : int

    Returns
    -------
    list of dict
        For each network, from few operations to many: ``operations`` of a step and
        ``bytes`` of one model, its ``seconds`` per step alone on one core and on
        all, and by ``n_models`` those in a stack, per model.
    """
    widths = WIDTHS[:2] if quick else WIDTHS
    networks = [SMALLEST, *(((64, width, 10), 64) for width in widths)]
    return [
        _measure_network(sizes, batch_size, 4 if quick else 1024, repeats)
        for sizes, batch_size in networks
    ]


def _measure_network(sizes, batch_size, most_models, repeats):
    n_classes = max(2, sizes[-1])
    X, y = make_rows(N_BATCHES * batch_size, sizes[0], n_classes)
    n_steps = N_BATCHES * N_EPOCHS
    networks = make_networks(most_models, sizes, batch_size, N_EPOCHS)
    jobs = [fit_job(networks[0], X, y)]
    operations = operations_per_step(jobs[0], jobs[0].layout)
    n_bytes = model_bytes(jobs[0], jobs[0].layout)
    jobs += [fit_job(n, X, y) for n in networks[1 : MOST_BYTES // n_bytes]]
    step_seconds(jobs[:2], n_steps, 1, 1)  # warms up
    alone = {
        n_threads: step_seconds(jobs[:1], n_steps, n_threads, repeats)
        for n_threads in {1, torch.get_num_threads()}
    }
    in_stack, n_models = {}, 2
    while n_models <= len(jobs):
        seconds = step_seconds(jobs[:n_models], n_steps, 1, repeats)
        in_stack[n_models] = seconds / n_models
        if 2 * seconds * n_steps > MOST_SECONDS:
            break
        n_models *= 2
    return {
        "network": "-".join(map(str, sizes)),
        "batch_size": batch_size,
        "operations": operations,
        "bytes": n_bytes,
        "seconds_alone_one_core": alone[1],
        "seconds_alone_all_cores": alone[torch.get_num_threads()],
        "seconds_in_stack": in_stack,
    }


def constants(stacks):
    """What `sknn_course._engine.cost_model` should hold, by these measurements.

    Parameters
    ----------
    stacks : list of dict
        From `measure_stacks`.

    Returns
    -------
    dict of str -> float or None
        None where the measured range does not reach.
    """
    smallest, *others = stacks
    counts = np.array([n for n in smallest["seconds_in_stack"] if n <= 64])
    steps = [n * smallest["seconds_in_stack"][n] for n in counts]
    per_model, overhead = np.polyfit(counts, steps, 1)
    best = [min(stack["seconds_in_stack"].values()) for stack in stacks]
    byte_rate = max(
        stack["bytes"] / seconds
        for stack, seconds in zip(others, best[1:], strict=True)
    )
    operations = [stack["operations"] for stack in stacks]
    return {
        "step_seconds": float(overhead),
        "model_seconds": float(per_model) - smallest["bytes"] / byte_rate,
        "bytes_per_second": byte_rate,
        "operations_per_second": statistics.median(
            stack["operations"] / seconds
            for stack, seconds in zip(others, best[1:], strict=True)
        ),
        "stack_bytes": min(
            (1 << n for n in range(18, 29)), key=lambda limit: _loss(stacks, limit)
        ),
        "core_operations": crossing(
            operations,
            [
                stack["seconds_alone_one_core"] / (CLEARLY * seconds)
                for stack, seconds in zip(stacks, best, strict=True)
            ],
        ),
        "threads_operations": crossing(
            operations,
            [
                CLEARLY
                * stack["seconds_alone_all_cores"]
                / stack["seconds_alone_one_core"]
                for stack in stacks
            ],
        ),
    }


def _loss(stacks, limit):
    """Mean logarithm of the time in stacks of so many bytes over the best time."""
    losses = []
    for stack in stacks:
        times = stack["seconds_in_stack"]
        fitting = [t for n, t in times.items() if n * stack["bytes"] <= limit]
        seconds = fitting[-1] if fitting else stack["seconds_alone_one_core"]
        losses.append(np.log(seconds / min(times.values())))
    return float(np.mean(losses))


def crossing(x, ratios):
    """Where a ratio falls to 1 for good, between points of a logarithmic axis.

    Parameters
    ----------
    x, ratios : list of float
        Ascending x.

    Returns
    -------
    float or None
        None if the last ratio is not below 1; the first x if all are.

    Examples
    --------
    >>> round(crossing([1, 10, 100], [4.0, 2.0, 0.5]), 1)
    31.6
    """
    if ratios[-1] >= 1:
        return None
    for (x0, r0), (x1, r1) in reversed(
        list(pairwise(zip(x, np.log(ratios), strict=True)))
    ):
        if r0 > 0:
            return float(x0 * (x1 / x0) ** (r0 / (r0 - r1)))
    return float(x[0])
