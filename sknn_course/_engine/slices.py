"""How a group of jobs is cut into stacks, and over which cores."""

import threading
from dataclasses import dataclass
from math import ceil, prod

from joblib import cpu_count

from ..layers import Conv2d, Dense
from .optimizers import is_full_batch

# Measured on two cores; on a GPU one stack takes all.
SHARED_OPERATIONS = 1e7  # of one network's step: from there torch's threads share it
SHARED_BY_LBFGS = 1e9  # likewise, between scipy's own work
SHARED_BY_STACK = 1e6  # likewise, of all networks of a stack together
SHARED_IN_THREAD = 3e8  # likewise at least, outside of the main thread
STEP_OPERATIONS = 2e7  # of one network's step: from there its products fill a core
SLICE_BYTES = 1 << 24  # of a stack's parameters and activations, on one core
WORKER_SECONDS = 1e-3  # of a step's work, for each thread with a slice of its own
OVERHEAD_SECONDS = 1e-4  # of a step, whatever the number of models
MODEL_SECONDS = 5e-7  # of a step of the smallest model
OPERATIONS_PER_SECOND = 5e10  # in the small products of a stack, on one core
BYTES_PER_SECOND = 8e9  # likewise, of `model_bytes`
EPOCH_SECONDS = 1e-5  # of each model between its epochs


@dataclass(frozen=True)
class Slices:
    """A plan of training.

    Attributes
    ----------
    stacks : list of list of FitJob
    n_workers : int
        Stacks that are trained at the same time, each in a thread.
    one_thread : bool
        Whether torch's operations should use one thread each.
    reason : str
        Why so.
    """

    stacks: list
    n_workers: int
    one_thread: bool
    reason: str


def operations_per_step(job, layout):
    """Multiplications and additions of a training step, forward and backward."""
    products = 0
    for index, layer in enumerate(layout.layers):
        if isinstance(layer, Dense):
            products += prod(layout.shapes[index]) * layer.units
        elif isinstance(layer, Conv2d):
            inputs = layout.shapes[index][0] * prod(layer.window)
            products += inputs * prod(layout.shapes[index + 1])
    settings = job.settings
    full = is_full_batch(settings.solver)
    n_rows = len(job.train) if full else settings.batch_size
    return 6 * n_rows * products


def model_bytes(job, layout):
    """Memory that a step of one model touches: parameters, state, activations."""
    activations = 3 * job.settings.batch_size * sum(map(prod, layout.shapes))
    return job.train.y.itemsize * (4 * layout.n_parameters + activations)


def model_seconds(job, layout):
    """Seconds that a step takes for each model of a stack, on one core."""
    return MODEL_SECONDS + max(
        operations_per_step(job, layout) / OPERATIONS_PER_SECOND,
        model_bytes(job, layout) / BYTES_PER_SECOND,
    )


def stack_seconds(jobs, layout):
    """Seconds of a step of a stack on one core, all models of this layout."""
    return OVERHEAD_SECONDS + len(jobs) * model_seconds(jobs[0], layout)


def training_seconds(jobs):
    """Seconds of training a stack on one core, if no network stops early."""
    layout = _largest_layout(jobs)
    n_epochs = [1 if job.single_epoch else job.settings.max_iter for job in jobs]
    n_steps = [
        n * ceil(len(job.train) / job.settings.batch_size)
        for n, job in zip(n_epochs, jobs, strict=True)
    ]
    of_models = sum(n_steps) * model_seconds(jobs[0], layout)
    between = sum(n_epochs) * EPOCH_SECONDS
    return max(n_steps) * OVERHEAD_SECONDS + of_models + between


def _largest_layout(jobs):
    return max((job.layout for job in jobs), key=lambda layout: layout.n_parameters)


def fills_core(job):
    """Whether a network's products keep a core busy, so that stacking gains nothing."""
    on_cpu = job.device.type == "cpu"
    return on_cpu and operations_per_step(job, job.layout) > STEP_OPERATIONS


def plan_slices(jobs, n_cores=None):
    """Cut a group of jobs into stacks.

    Parameters
    ----------
    jobs : list of FitJob
    n_cores : int or None
        None takes the cores that this process may use.

    Returns
    -------
    Slices
    """
    if jobs[0].device.type != "cpu":
        return Slices([jobs], 1, False, "one stack on the GPU")
    layout = _largest_layout(jobs)
    operations = operations_per_step(jobs[0], layout)
    if len(jobs) == 1:
        full = is_full_batch(jobs[0].settings.solver)
        least = SHARED_BY_LBFGS if full else SHARED_OPERATIONS
        one_thread = not _shares(operations, least, n_cores)
        return Slices([jobs], 1, one_thread, "one network")
    n_cores = n_cores or cpu_count()
    if operations > STEP_OPERATIONS:
        return Slices(
            [[job] for job in jobs],
            min(n_cores, len(jobs)),
            True,
            "one by one: the products of a single network fill a core",
        )
    seconds = len(jobs) * model_seconds(jobs[0], layout)
    n_workers = max(1, min(n_cores, int(seconds / WORKER_SECONDS)))
    # with several cores, larger operations: threads wait for each other between them
    most_bytes = SLICE_BYTES if n_cores == 1 else 2 * SLICE_BYTES
    fitting = max(1, most_bytes // model_bytes(jobs[0], layout))
    n_slices = n_workers * ceil(len(jobs) / (n_workers * fitting))
    size = ceil(len(jobs) / n_slices)
    stacks = [jobs[start : start + size] for start in range(0, len(jobs), size)]
    # torch's own threads where the interpreter's would wait for each other too often
    shares = _shares(size * operations, SHARED_BY_STACK, n_cores)
    one_thread = n_workers > 1 or not shares
    return Slices(stacks, n_workers, one_thread, f"stacks of up to {size} networks")


def _shares(operations, least, n_cores):
    """Whether torch's threads gain: OpenMP's are quick for the first user alone."""
    in_main = threading.current_thread() is threading.main_thread()
    least = least if in_main else max(least, SHARED_IN_THREAD)
    return n_cores != 1 and operations >= least
