"""Training of fit jobs, stacked where their structure is equal."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import chain
from math import isfinite
from signal import SIGTERM
from time import perf_counter

import torch

from .capture import Capture
from .epoch import EpochRunner
from .groups import group_by_structure
from .interrupts import Uninterrupted, wait_for
from .job import FitJob
from .lbfgs import train_lbfgs
from .optimizers import is_full_batch
from .permutations import RowPermutations
from .plan import plan_stacks
from .snapshot import Snapshot
from .stack import Stack
from .stopping import check_best, log_epoch
from .threads import no_denormals, no_gradients, one_thread


def train(jobs: list[FitJob]) -> None:
    """Train fit jobs; jobs of equal structure are trained in stacks.

    An interrupt ends it: the jobs that were in training are marked as interrupted.

    Parameters
    ----------
    jobs : list of FitJob
        Their parameters, progress and optimizer state are replaced.
    """
    for group in group_by_structure(jobs):
        train_group(group)
        if _is_interrupted(jobs):
            break


def train_group(
    jobs: list[FitJob], capture: Capture | None = None, n_cores: int | None = None
) -> None:
    """Train the jobs of a group of `group_by_structure`, or some of them.

    Parameters
    ----------
    jobs : list of FitJob
        As of `train`.
    capture : callable or None
        As of `EpochRunner`.
    n_cores : int or None
        As of `plan_stacks`.
    """
    plan = plan_stacks(jobs, n_cores)
    with one_thread(plan.one_thread):
        if plan.n_workers == 1:
            for stack in plan.stacks:
                _train_together(stack, capture)
                if _is_interrupted(stack):
                    return
            return
        with ThreadPoolExecutor(plan.n_workers) as pool:
            try:
                with Uninterrupted():
                    futures = [
                        pool.submit(_train_together, s, capture) for s in plan.stacks
                    ]
                wait_for(futures)
            except KeyboardInterrupt:
                pool.shutdown(wait=False, cancel_futures=True)
                for job in chain.from_iterable(plan.stacks):
                    job.cancelled = True
                raise


def _is_interrupted(jobs: list[FitJob]) -> bool:
    return any(job.interrupted for job in jobs)


def _train_together(jobs: list[FitJob], capture: Capture | None) -> None:
    with no_gradients():
        if is_full_batch(jobs[0].settings.solver):
            train_lbfgs(jobs[0])
        else:
            with no_denormals():
                train_stack(jobs, capture)


def train_stack(jobs: list[FitJob], capture: Capture | None = None) -> None:
    """Train the jobs of a group together, to the end of each.

    Parameters
    ----------
    jobs : list of FitJob
    capture : callable or None
        As of `EpochRunner`.
    """
    # those that drop units side by side: random numbers are drawn for a range of jobs
    jobs = sorted(
        jobs, key=lambda job: (-len(job.train), not any(job.layout.noise_levels))
    )
    for job in jobs:
        job.progress.n_iter = 0 if job.start is None else job.start.n_iter
    permutations = RowPermutations(jobs)
    stack = Stack.of_jobs(jobs)
    runner = EpochRunner(stack, capture)
    observer = jobs[0].observer  # an observed job is alone in its stack
    if observer is not None:
        observer.training_begins(stack, jobs[0])
    running = list(range(len(jobs)))  # places in the stack of jobs that go on
    try:
        while True:
            started = perf_counter()
            for k in running:
                if stack.jobs[k].task is not None:
                    stack.jobs[k].task.epoch_begins()
            if observer is not None:
                observer.epoch_begins()
            losses, scores = runner.run(permutations.next(running), running)
            stopped = _end_epoch(
                stack, running, losses, scores, perf_counter() - started, permutations
            )
            if any(j.keeper is not None and j.keeper.is_ending for j in stack.jobs):
                raise SystemExit(128 + SIGTERM)
            for k in stopped:
                permutations.end(k, stack.jobs[k])
            running = [k for k in running if k not in stopped]
            if not running:
                break
            if 2 * len(running) <= len(stack.jobs):
                permutations.select(running)
                stack, running = stack.select(running), list(range(len(running)))
                runner = EpochRunner(stack, capture)
    except KeyboardInterrupt:
        for k in running:
            stack.jobs[k].interrupted = True
            permutations.end(k, stack.jobs[k])
            _finish(stack, k)


def _end_epoch(
    stack: Stack,
    running: list[int],
    losses: list[float],
    scores: dict[str, list[float]] | None,
    seconds: float,
    permutations: RowPermutations,
) -> set[int]:
    """Log the epoch for each job; places of the jobs that end with it."""
    stopped = set()
    for k in running:
        job = stack.jobs[k]
        own = None if scores is None else {name: v[k] for name, v in scores.items()}
        improved, stop = log_epoch(job, losses[k], own, seconds)
        if improved:
            job.best = stack.parameters_of(k)
        if job.observer is not None:
            stop |= job.observer.epoch_ends()
        if job.task is not None:
            stop |= job.task.epoch_ends(job, partial(stack.parameters_of, k))
        stop |= job.cancelled
        if not job.settings.early_stopping and not isfinite(losses[k]):
            stop |= _diverged(stack, k)
        if job.keeper is not None and job.keeper.wants(job.progress.n_iter, stop):
            state, moments = stack.parameters_of(k), stack.moments_of(k)
            rows = permutations.state_of(k)
            job.keeper.keep(job, Snapshot.of_job(job, state, moments, *rows), stop)
        if stop:
            _finish(stack, k)
            stopped.add(k)
    return stopped


def _diverged(stack: Stack, k: int) -> bool:
    """A weight that is not finite never becomes finite again."""
    return not bool(torch.isfinite(stack.parameters_of(k)[0]).all())


def _finish(stack: Stack, k: int) -> None:
    """Hand a job its trained parameters and its solver's state."""
    job = stack.jobs[k]
    if job.settings.early_stopping:
        try:
            check_best(job)
        except ValueError as error:
            job.error = error
        stack.set_parameters(k, *job.best)
    if job.observer is not None:
        job.observer.training_ends()
    (job.parameters, job.buffers), job.optimizer.moments = stack.hand_over(k)
