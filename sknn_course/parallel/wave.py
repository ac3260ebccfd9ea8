"""Training of a wave: the jobs of the tasks that wait, stacked by structure."""

from collections.abc import Callable, Sequence
from time import perf_counter

from .._engine import FitJob
from .._engine.capture import capture_cuda_graph, why_not_captured
from .._engine.groups import group_by_structure
from .._resume.lengths import give_shorter, longest_of_each
from ..layers import Conv2d, Dense
from .fit_time import shares_of
from .report import Report, StackRecord
from .retry import train_group
from .task import WAITING, Task
from .workers import divide, trained_by_workers


def describe(job: FitJob) -> str:
    """Structure of a job's network and its training, in words."""
    trained = [
        f"{layer.filters}f" if isinstance(layer, Conv2d) else layer.units
        for layer in job.layout.layers
        if isinstance(layer, Conv2d | Dense)
    ]
    shape = "x".join(map(str, job.layout.shapes[0]))
    network = "-".join(map(str, [shape, *trained]))
    settings = job.settings
    return f"{network} {settings.solver}, batch {settings.batch_size}, {job.device}"


def train_wave(
    tasks: Sequence[Task],
    report: Report,
    cuda_graphs: bool = False,
    worker_bytes: int = 0,
) -> None:
    """Train the jobs of tasks.

    Parameters
    ----------
    tasks : sequence of Task
        Their jobs are trained in place, with ``error`` where one failed. Those that
        wait no more may be left out.
    report : Report
    cuda_graphs : bool
        Whether to record the steps as CUDA graphs, where that is possible.
    worker_bytes : int
        Worker processes may train a part of the jobs at the same time, where the
        rows in all processes together keep below this.

    Raises
    ------
    KeyboardInterrupt
    """
    task_of = {task.job: task for task in tasks}
    jobs = [task.job for task in tasks if task.job is not None]
    try:
        seconds = _train(
            jobs,
            report,
            lambda job: task_of[job].state == WAITING,
            cuda_graphs,
            worker_bytes,
        )
        for job in jobs:
            task_of[job].seconds_trained = seconds.get(job, 0.0)
    except BaseException as error:  # or the tasks would wait for ever
        if isinstance(error, KeyboardInterrupt):
            for job in jobs:
                job.error = KeyboardInterrupt()  # without the frames of this one
            raise
        for job in jobs:
            job.error = error


def _train(
    jobs: list[FitJob],
    report: Report,
    is_wanted: Callable[[FitJob], bool],
    cuda_graphs: bool,
    worker_bytes: int,
) -> dict[FitJob, float]:
    """Train jobs; the seconds of each."""
    seconds_of: dict[FitJob, float] = {}
    wave = len(report.waves) - 1
    splits = [s for job in jobs for s in (job.train, job.validation) if s is not None]
    report.n_data += len(splits)
    report.n_different_data += len(set(splits))

    def train_here(group: list[FitJob], n_cores: int | None = None) -> None:
        group = [job for job in group if is_wanted(job)]
        if not group:
            return
        description, record = describe(group[0]), None
        if cuda_graphs:
            reason = why_not_captured(group)
            record = capture_cuda_graph if reason is None else None
            description += f", CUDA graphs: {reason or 'yes'}"
        started = perf_counter()
        failed = not train_group(group, is_wanted, record, n_cores)
        seconds = perf_counter() - started
        seconds_of.update(shares_of(group, seconds))
        report.stacks.append(
            StackRecord(wave, len(group), description, seconds, failed)
        )

    jobs, shorter = longest_of_each(jobs)
    report.n_of_longer += len(shorter)
    report.n_continued += sum(job.start is not None for job in jobs)
    own, of_workers, rest = divide(group_by_structure(jobs), worker_bytes)
    with trained_by_workers(of_workers) as trained:
        for group in own:
            train_here(group, n_cores=1)
        for group, outcome in trained:
            if outcome is None:
                rest.append(group)
                continue
            seconds, failed = outcome
            seconds_of.update(shares_of(group, seconds))
            stack = wave, len(group), describe(group[0]), seconds, failed
            report.stacks.append(StackRecord(*stack, in_worker=True))
    for group in rest:
        train_here(group)
    for job in give_shorter(shorter):
        train_here([job])
    return seconds_of
