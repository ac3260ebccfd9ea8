"""Training of a group of jobs, in which an error stays with the job that causes it."""

import copy
from collections.abc import Callable
from math import ceil

import torch

from .._engine import FitJob
from .._engine import train_group as train

CHANGED = (
    "parameters",
    "buffers",
    "best",
    "converged",
    "interrupted",
    "optimize_result",
    "error",
    "keeper",
)


def train_group(
    jobs: list[FitJob],
    is_wanted: Callable[[FitJob], bool],
    record: Callable | None = None,
    n_cores: int | None = None,
) -> bool:
    """Train jobs of equal structure; whether that went well at the first go.

    Where a stack raises, its jobs are trained one by one from their start; where a
    GPU's memory runs out, in halves.

    Parameters
    ----------
    jobs : list of FitJob
        Trained in place; ``error`` is set where a job failed.
    is_wanted : callable
        ``is_wanted(job)`` tells whether somebody still waits for the job.
    record, n_cores :
        As of `sknn_course._engine.train_group`.

    Returns
    -------
    bool

    Raises
    ------
    KeyboardInterrupt
    """
    before = [state_of(job) for job in jobs]
    try:
        train(jobs, record, n_cores)
        if any(job.interrupted for job in jobs):
            raise KeyboardInterrupt  # a fit alone ends in peace, a search does not
        return True
    except Exception as error:
        if len(jobs) == 1:
            jobs[0].error = error
            return False
        out_of_memory = isinstance(error, torch.OutOfMemoryError)
    # past the handler: the error held the tensors of the stack
    if out_of_memory:
        torch.cuda.empty_cache()
    for job, state in zip(jobs, before, strict=True):
        set_state(job, state)
    size = ceil(len(jobs) / 2) if out_of_memory else 1
    for start in range(0, len(jobs), size):
        part = [job for job in jobs[start : start + size] if is_wanted(job)]
        if part:
            train_group(part, is_wanted, record, n_cores)
    return False


def state_of(job: FitJob) -> tuple[dict, dict, dict, dict]:
    """What training changes in a job; it replaces tensors, never fills them.

    Returns
    -------
    tuple of dict
        Attributes of the job, the state of its generator, its progress, its
        optimizer.
    """
    return (
        {name: getattr(job, name) for name in CHANGED},
        job.rng.get_state(legacy=False),
        copy.deepcopy(vars(job.progress)),
        vars(job.optimizer).copy(),
    )


def set_state(job: FitJob, state: tuple[dict, dict, dict, dict]) -> None:
    """Give a job the state that `state_of` took."""
    attributes, rng_state, progress, optimizer = state
    vars(job).update(attributes)
    job.rng.set_state(rng_state)
    vars(job.progress).update(progress)
    vars(job.optimizer).update(optimizer)
