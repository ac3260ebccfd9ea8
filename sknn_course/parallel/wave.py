"""Training of a wave: the jobs that met at the rendezvous."""

from time import perf_counter

from .._engine.capture import capture_cuda_graph, why_not_captured
from .._engine.groups import group_by_structure
from .fit_time import shares_of
from .group import train_group
from .report import StackRecord
from .workers import share_out, trained_by_workers


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


def train_wave(jobs, report, is_wanted, cuda_graphs=False, shared_bytes=0):
    """Train jobs, those of equal structure together.

    Parameters
    ----------
    jobs : list of FitJob
        Trained in place; ``error`` is set where a job failed.
    report : Report
    is_wanted : callable
        ``is_wanted(job)`` tells whether somebody still waits for the job.
    cuda_graphs : bool
        Whether to record the steps as CUDA graphs, where that is possible.
    shared_bytes : int
        Worker processes may train a part of the jobs at the same time, where the
        rows in all processes together keep below this.

    Returns
    -------
    dict
        Seconds of each job, by its id.
    """
    seconds_of = {}
    wave = len(report.waves) - 1
    splits = [s for job in jobs for s in (job.train, job.validation) if s is not None]
    report.n_data += len(splits)
    report.n_different_data += len(set(map(id, splits)))

    def train_here(group, n_cores=None):
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

    own, shares, rest = share_out(group_by_structure(jobs), shared_bytes)
    with trained_by_workers(shares) as trained:
        for group in own:
            train_here(group, n_cores=1)
        for group, outcome in trained:
            if outcome is None:
                rest.append(group)
            else:
                seconds_of.update(shares_of(group, outcome[0]))
                of_stack = wave, len(group), describe(group[0]), *outcome
                report.stacks.append(StackRecord(*of_stack, in_worker=True))
    for group in rest:
        train_here(group)
    return seconds_of
