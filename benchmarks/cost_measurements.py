"""From which sizes on one way to compute is faster than another, one by one.

Each function gives constants of `sknn_course._engine.cost_model.MeasuredCosts`: it
computes both ways by turns, for sizes that grow, and looks for the crossing.
"""

import pickle
import statistics
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from math import inf
from time import perf_counter
from unittest import mock

import numpy as np
import torch
from scipy import sparse
from stack_sizes import crossing, fit_job, make_networks, make_rows
from timing import time_in_turn

from sknn_course._engine.cost_model import COSTS
from sknn_course._engine.interrupts import wait_for
from sknn_course._engine.ops.stacked import DenseOp
from sknn_course._engine.plan import model_seconds, operations_per_step
from sknn_course._engine.trainer import train_group, train_stack
from sknn_course.layers import Dense
from sknn_course.mlp import MLPClassifier
from sknn_course.parallel.pool import WORKERS
from sknn_course.parallel.workers import _pickled, _train

SIZES = (64, 256, 10)
CLEARLY = 1.05  # so many times sooner pays


def with_costs(module, run, **values):
    """A run with other constants in a module of the package."""
    costs = replace(COSTS, **values)

    def patched():
        with mock.patch(f"sknn_course.{module}.COSTS", costs):
            run()

    return patched


def faster(new, old, repeats):
    """Time of a new way over that of the old one, which is to be clearly beaten."""
    new(), old()
    seconds = time_in_turn({"new": new, "old": old}, repeats)
    return (
        CLEARLY * statistics.median(seconds["new"]) / statistics.median(seconds["old"])
    )


def jobs_of(n_models, sizes, batch_size, n_batches=10, n_epochs=2, **options):
    """Fit jobs of a search."""
    X, y = make_rows(n_batches * batch_size, sizes[0], max(2, sizes[-1]))
    networks = make_networks(n_models, sizes, batch_size, n_epochs)
    return [fit_job(network.set_params(**options), X, y) for network in networks]


def training(jobs, n_threads=None):
    """A run that trains jobs as one stack; None leaves the threads as they are."""

    def run():
        for job in jobs:
            job.optimizer.n_steps = 0
        before = torch.get_num_threads()
        torch.set_num_threads(n_threads or before)
        train_stack(jobs)
        torch.set_num_threads(before)

    return torch.no_grad()(run)


def threads(quick, repeats):
    """From how many operations torch's threads gain, in several surroundings."""
    n = torch.get_num_threads()
    most = 2 if quick else 6

    def least(make_jobs, time_ratio):
        groups = [make_jobs(k) for k in range(most)]
        operations = [
            len(jobs) * operations_per_step(jobs[0], jobs[0].layout) for jobs in groups
        ]
        return crossing(operations, list(map(time_ratio, groups)))

    def by_threads(jobs):
        return faster(training(jobs, n), training(jobs, 1), repeats)

    def outside_main(jobs):
        found = []
        thread = threading.Thread(target=lambda: found.append(by_threads(jobs)))
        thread.start(), thread.join()
        return found[0]

    def full_batch(jobs):
        limits = {"threads_operations_full_batch": inf}
        run = lambda: train_group(jobs)  # noqa: E731
        return faster(
            with_costs("_engine.plan", run, threads_operations_full_batch=0),
            with_costs("_engine.plan", run, **limits),
            repeats,
        )

    def larger_batch(k, **options):
        return jobs_of(1, SIZES, 64 * 4**k, n_batches=1, **options)

    return {
        "threads_operations_full_batch": least(
            lambda k: larger_batch(k, solver="lbfgs"), full_batch
        ),
        "threads_operations_of_stack": least(
            lambda k: jobs_of(4**k, (64, 8, 10), 64), by_threads
        ),
        "threads_operations_outside_main": least(larger_batch, outside_main),
    }


def prediction(quick, repeats):
    """From how many products threads gain in a prediction."""
    X, y = make_rows(1 << (10 if quick else 17), SIZES[0], SIZES[-1])
    network = make_networks(1, SIZES, 64, 1)[0]
    network.partial_fit(X[:640], y[:640], classes=range(SIZES[-1]))
    n_parameters = sum(w.size for w in (*network.coefs_, *network.intercepts_))
    numbers = [n for n in (1 << 8, 1 << 10, 1 << 12, 1 << 14, 1 << 17) if n <= len(X)]

    def ratio(n_rows):
        run = lambda: network.predict_proba(X[:n_rows])  # noqa: E731
        return faster(
            with_costs("_estimator.prediction", run, threads_products=0),
            with_costs("_estimator.prediction", run, threads_products=inf),
            repeats,
        )

    products = [n * n_parameters for n in numbers]
    return {"threads_products": crossing(products, list(map(ratio, numbers)))}


def thread_seconds(quick, repeats):
    """From how much work in a step two threads train two halves of a stack faster."""
    x, ratios = [], []
    for n_models in (4, 16) if quick else (16, 64, 256, 1024):
        jobs = jobs_of(n_models, (2, 20, 1), 10, n_epochs=4)
        halves = [training(half) for half in (jobs[::2], jobs[1::2])]

        def together(halves=halves):
            with ThreadPoolExecutor(2) as pool:
                list(pool.map(lambda run: run(), halves))

        before = torch.get_num_threads()
        torch.set_num_threads(1)
        ratios.append(faster(together, training(jobs), repeats))
        torch.set_num_threads(before)
        x.append(n_models * model_seconds(jobs[0], jobs[0].layout) / 2)
    return {"thread_seconds": crossing(x, ratios)}


def epoch_seconds(quick, repeats):
    """As many steps in epochs of one and of many."""
    n_models = 8 if quick else 64
    n_steps = 20 if quick else 100
    seconds = time_in_turn(
        {
            n_epochs: training(
                jobs_of(n_models, (2, 20, 1), 10, n_steps // n_epochs, n_epochs), 1
            )
            for n_epochs in (n_steps, n_steps // 20)
        },
        repeats + 1,  # the first warms up
    )
    (many, long), (few, short) = (
        (n, statistics.median(runs[1:])) for n, runs in seconds.items()
    )
    return {"epoch_seconds": (long - short) / ((many - few) * n_models)}


def processes(quick, repeats):
    """What worker processes take beyond the training, and cores save in it here."""
    jobs = jobs_of(4 if quick else 64, (64, 32, 10), 32, n_epochs=2 if quick else 20)
    here = time_in_turn(
        {n: lambda n=n: train_group(jobs, n_cores=n) for n in (None, 1)}, repeats
    )
    start, *sends = [None] * 2 if quick else _beyond_training(jobs, repeats + 1)
    WORKERS.end()
    return {
        "process_start_seconds": start,
        "process_send_seconds": None if quick else statistics.median(sends),
        "process_worth": statistics.median(here[None]) / statistics.median(here[1]),
    }


def _beyond_training(jobs, repeats):
    """Seconds until a worker process has trained, without those of the training."""
    WORKERS.end()
    for _ in range(repeats):
        started = perf_counter()
        with WORKERS.running(_train, [(_pickled([jobs]),)], 1) as futures:
            ((_, (in_training, _)),) = pickle.loads(wait_for(futures)[0])
        yield perf_counter() - started - in_training


def products(quick, repeats):
    """From which shapes on dense layers had better compute otherwise."""
    n_times = 5 if quick else 100

    def dense(n_rows, n_inputs, n_units, backward=True, n_models=8):
        values, grads = (
            {
                "weight": torch.rand(n_models, n_inputs, n_units),
                "bias": torch.rand(n_models, n_units),
            }
            for _ in range(2)
        )
        op = DenseOp(Dense(n_units), (n_inputs,), values, grads)
        x = torch.rand(n_models, n_rows, n_inputs)

        def run():
            for _ in range(n_times):
                z = op.forward(x, None)
                if backward:
                    op.backward(z, False)

        return torch.no_grad()(run)

    def ratio(run, name, on, off, **others):
        new = with_costs("_engine.ops.stacked", run, **{name: on}, **others)
        old = with_costs("_engine.ops.stacked", run, **{name: off}, **others)
        return faster(new, old, repeats)

    always = {"transposed_units": 1 << 30, "transposed_rows": 0}
    units = [2, 4, 8, 16, 32, 64]
    rows = [2, 8, 32, 128]
    numbers = [1 << n for n in range(9, 18, 2)]
    loops = [16, 64, 256, 1024, 4096]
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    found = {
        "transposed_units": crossing(
            units,
            [
                1 / ratio(dense(64, 256, n), "transposed_inputs", 0, inf, **always)
                for n in units
            ],
        ),
        "transposed_inputs": crossing(
            numbers,
            [
                ratio(dense(64, n // 512, 4), "transposed_inputs", 0, inf, **always)
                for n in numbers
            ],
        ),
        "transposed_rows": crossing(
            rows,
            [
                ratio(dense(n, 1 << 12 >> k, 4, False), "transposed_rows", 0, inf)
                for k, n in enumerate(rows)
            ],
        ),
        "looped_product": crossing(
            loops,
            [ratio(dense(16, n // 16, 1), "looped_product", 0, inf) for n in loops],
        ),
    }
    torch.set_num_threads(before)
    return found


def sparse_products(quick, repeats):
    """Up to which density rows are multiplied faster as they are than made dense."""
    rng = np.random.default_rng(0)
    densities = [0.01, 0.3] if quick else [0.01, 0.03, 0.1, 0.2, 0.4, 0.8]

    def highest(n_units, n_features):
        def ratio(density):
            X = sparse.random_array((400, n_features), density=density, rng=rng)
            X = sparse.csr_array(X.astype(np.float32))
            network = MLPClassifier(
                (n_units,), batch_size=200, max_iter=2, tol=0.0, device="cpu"
            )
            job = fit_job(network, X, rng.integers(0, 2, 400))

            def run(pays):
                path = "sknn_course._engine.ops.stacked.pays"
                with mock.patch(path, lambda *_: pays):
                    training([job], 1)()

            return faster(lambda: run(False), lambda: run(True), repeats)

        return crossing(densities, list(map(ratio, densities)))

    def by_units(few, many):
        return None if None in (few, many) else (few - many) / (1 / 10 - 1 / 100)

    n_features = 500 if quick else 2000
    few, many = highest(10, n_features), highest(100, n_features)
    slope = by_units(few, many)
    uncached = by_units(highest(10, 10 * n_features), many)
    return {
        "sparse_density": None if slope is None else many - slope / 100,
        "sparse_density_by_units": slope,
        "sparse_density_by_units_uncached": uncached,
    }


MEASUREMENTS = (
    threads,
    prediction,
    thread_seconds,
    epoch_seconds,
    processes,
    products,
    sparse_products,
)
