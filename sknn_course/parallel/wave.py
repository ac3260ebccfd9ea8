"""Training of a wave: the jobs that met at the rendezvous."""

import copy
from math import ceil
from time import perf_counter

import torch

from ..training import train
from ..training.groups import group_by_structure
from ..training.recording import record_cuda_graph, why_not_recorded
from .report import StackRecord


def describe(job):
    """Structure of a job's network and its training, in words."""
    trained = [
        layer.units if hasattr(layer, "units") else f"{layer.filters}f"
        for layer in job.layout.layers
        if hasattr(layer, "units") or hasattr(layer, "filters")
    ]
    shape = "x".join(map(str, job.layout.shapes[0]))
    network = "-".join(map(str, [shape, *trained]))
    settings = job.settings
    return f"{network} {settings.solver}, batch {settings.batch_size}, {job.device}"


def train_wave(jobs, report, is_wanted, cuda_graphs=False):
    """Train jobs, those of equal structure together.

    Where a stack raises, its jobs are trained one by one from their start, so
    that an error stays with the job that causes it; where a GPU's memory runs
    out, in halves.

    Parameters
    ----------
    jobs : list of FitJob
        Trained in place; ``error`` is set where a job failed.
    report : Report
    is_wanted : callable
        ``is_wanted(job)`` tells whether somebody still waits for the job.
    cuda_graphs : bool
        Whether to record the steps as CUDA graphs, where that is possible.
    """
    wave = len(report.waves) - 1
    splits = [s for job in jobs for s in (job.train, job.validation) if s is not None]
    report.n_data += len(splits)
    report.n_different_data += len(set(map(id, splits)))
    for group in group_by_structure(jobs):
        group = [job for job in group if is_wanted(job)]
        if not group:
            continue
        description, record = describe(group[0]), None
        if cuda_graphs:
            reason = why_not_recorded(group)
            record = record_cuda_graph if reason is None else None
            description += f", CUDA graphs: {reason or 'yes'}"
        started = perf_counter()
        failed = not _train_stack(group, is_wanted, record)
        seconds = perf_counter() - started
        report.stacks.append(
            StackRecord(wave, len(group), description, seconds, failed)
        )


def _train_stack(jobs, is_wanted, record):
    """Train jobs of equal structure; whether that went well at the first go."""
    saved = [_snapshot(job) for job in jobs]
    try:
        train(jobs, record)
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
    for job, state in zip(jobs, saved, strict=True):
        _restore(job, state)
    size = ceil(len(jobs) / 2) if out_of_memory else 1
    for start in range(0, len(jobs), size):
        part = [job for job in jobs[start : start + size] if is_wanted(job)]
        if part:
            _train_stack(part, is_wanted, record)
    return False


def _snapshot(job):
    """What training changes in a job; it replaces tensors, never fills them."""
    return (
        vars(job).copy(),
        job.rng.get_state(legacy=False),
        copy.deepcopy(vars(job.progress)),
        vars(job.optimizer).copy(),
    )


def _restore(job, state):
    attributes, rng_state, progress, optimizer = state
    vars(job).update(attributes)
    job.rng.set_state(rng_state)
    vars(job.progress).update(progress)
    vars(job.optimizer).update(optimizer)
