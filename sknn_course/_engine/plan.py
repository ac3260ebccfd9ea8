"""How a group of jobs is cut into stacks, and over which cores."""

import threading
from dataclasses import dataclass
from math import ceil, prod

from joblib import cpu_count

from ..layers import Conv2d, Dense, PeriodicEmbedding
from .cost_model import COSTS
from .job import FitJob
from .ops.parameters import ParameterLayout
from .optimizers import is_full_batch


@dataclass(frozen=True)
class Plan:
    """A plan of training.

    Attributes
    ----------
    stacks : list of list of FitJob
    n_workers : int
        Stacks that are trained at the same time, each in a thread.
    one_thread : bool
        Whether torch's operations should use one thread each.
    """

    stacks: list[list[FitJob]]
    n_workers: int
    one_thread: bool


def operations_per_step(job: FitJob, layout: ParameterLayout) -> int:
    """Multiplications and additions of a training step, forward and backward."""
    products = 0
    for index, layer in enumerate(layout.layers):
        if isinstance(layer, Dense | PeriodicEmbedding):
            products += layer.n_connections(layout.shapes[index])
        elif isinstance(layer, Conv2d):
            inputs = layout.shapes[index][0] * prod(layer.window)
            products += inputs * prod(layout.shapes[index + 1])
    settings = job.settings
    full = is_full_batch(settings.solver)
    n_rows = len(job.train) if full else settings.batch_size
    return 6 * n_rows * products


def model_bytes(job: FitJob, layout: ParameterLayout) -> int:
    """Memory that a step of one model touches: parameters, state, activations."""
    pairs = zip(layout.layers, layout.shapes, strict=False)
    inner = sum(layer.n_inner(shape) for layer, shape in pairs)
    values = sum(map(prod, layout.shapes)) + inner
    activations = 3 * job.settings.batch_size * values
    return job.train.y.itemsize * (4 * layout.n_parameters + activations)


def model_seconds(job: FitJob, layout: ParameterLayout) -> float:
    """Seconds that a step takes for each model of a stack, on one core."""
    return COSTS.model_seconds + max(
        operations_per_step(job, layout) / COSTS.operations_per_second,
        model_bytes(job, layout) / COSTS.bytes_per_second,
    )


def stack_seconds(jobs: list[FitJob], layout: ParameterLayout) -> float:
    """Seconds of a step of a stack on one core, all models of this layout."""
    return COSTS.step_seconds + len(jobs) * model_seconds(jobs[0], layout)


def training_seconds(jobs: list[FitJob]) -> float:
    """Seconds of training a stack on one core, if no network stops early."""
    layout = _largest_layout(jobs)
    n_epochs = [1 if job.single_epoch else job.settings.max_iter for job in jobs]
    n_steps = [
        n * ceil(len(job.train) / job.settings.batch_size)
        for n, job in zip(n_epochs, jobs, strict=True)
    ]
    of_models = sum(n_steps) * model_seconds(jobs[0], layout)
    between = sum(n_epochs) * COSTS.epoch_seconds
    return max(n_steps) * COSTS.step_seconds + of_models + between


def _largest_layout(jobs: list[FitJob]) -> ParameterLayout:
    return max((job.layout for job in jobs), key=lambda layout: layout.n_parameters)


def fills_core(job: FitJob) -> bool:
    """Whether a network's products keep a core busy, so that stacking gains nothing."""
    on_cpu = job.device.type == "cpu"
    return on_cpu and operations_per_step(job, job.layout) > COSTS.core_operations


def plan_stacks(jobs: list[FitJob], n_cores: int | None = None) -> Plan:
    """Cut a group of jobs into stacks.

    Parameters
    ----------
    jobs : list of FitJob
    n_cores : int or None
        None takes the cores that this process may use.

    Returns
    -------
    Plan
    """
    if jobs[0].device.type != "cpu":
        return Plan([jobs], 1, False)
    layout = _largest_layout(jobs)
    operations = operations_per_step(jobs[0], layout)
    if len(jobs) == 1:
        full = is_full_batch(jobs[0].settings.solver)
        least = (
            COSTS.threads_operations_full_batch if full else COSTS.threads_operations
        )
        one_thread = not _threads_gain(operations, least, n_cores)
        return Plan([jobs], 1, one_thread)
    n_cores = n_cores or cpu_count()
    if operations > COSTS.core_operations:
        return Plan(
            [[job] for job in jobs],
            min(n_cores, len(jobs)),
            True,
        )
    seconds = len(jobs) * model_seconds(jobs[0], layout)
    n_workers = max(1, min(n_cores, int(seconds / COSTS.thread_seconds)))
    # with several cores, larger operations: threads wait for each other between them
    most_bytes = COSTS.stack_bytes if n_cores == 1 else 2 * COSTS.stack_bytes
    fitting = max(1, most_bytes // model_bytes(jobs[0], layout))
    n_stacks = n_workers * ceil(len(jobs) / (n_workers * fitting))
    size = ceil(len(jobs) / n_stacks)
    stacks = [jobs[start : start + size] for start in range(0, len(jobs), size)]
    # torch's own threads where the interpreter's would wait for each other too often
    gain = _threads_gain(size * operations, COSTS.threads_operations_of_stack, n_cores)
    one_thread = n_workers > 1 or not gain
    return Plan(stacks, n_workers, one_thread)


def _threads_gain(operations: float, least: float, n_cores: int | None) -> bool:
    """Whether torch's threads gain: OpenMP's are quick for the first user alone."""
    in_main = threading.current_thread() is threading.main_thread()
    least = least if in_main else max(least, COSTS.threads_operations_outside_main)
    return n_cores != 1 and operations >= least
