"""Which jobs are trained in one stack."""

from collections.abc import Hashable
from dataclasses import replace

from ..layers import Dense, structure
from ..layers.specification import Layer
from .job import FitJob
from .ops.parameters import ParameterLayout, parameter_layout
from .optimizers import is_full_batch
from .plan import stack_seconds


def group_by_structure(jobs: list[FitJob]) -> list[list[FitJob]]:
    """Groups of jobs that are trained in one stack.

    Jobs have the same structure, solver, loss and batch size, or each takes all of
    its own rows at once. Hidden layers of other sizes join where padding them is
    faster than a stack of their own.

    Parameters
    ----------
    jobs : list of FitJob

    Returns
    -------
    list of list of FitJob
    """
    sizes = {job.settings.batch_size for job in jobs if not _is_full_batch(job)}
    groups: dict[Hashable, list[FitJob]] = {}
    for job in jobs:
        size: int | str = job.settings.batch_size
        if _is_full_batch(job) and size not in sizes:
            size = "all rows"
        groups.setdefault((size, *_structure_key(job)), []).append(job)
    return [part for group in groups.values() for part in _pad_where_faster(group)]


def _is_full_batch(job: FitJob) -> bool:
    return job.settings.batch_size >= len(job.train)


def _structure_key(job: FitJob) -> tuple:
    settings = job.settings
    if why_alone(job) is not None:
        return (job,)
    return (
        _without_sizes(job.layout.layers),
        job.layout.shapes[0],
        settings.solver,
        settings.loss,
        settings.score,
        settings.nesterovs_momentum,
        settings.penalize_bias,
        settings.mixed_precision,
        job.validation is None,
        str(job.train.y.dtype),
        type(job.train.X),
        str(job.train.X.dtype),
        str(job.device),
        job.augment is None,
    )


def why_alone(job: FitJob) -> str | None:
    """Why a job cannot be trained in a stack, or None where it can."""
    if is_full_batch(job.settings.solver):
        return f"solver={job.settings.solver!r}"
    if job.observer is not None:
        return "callbacks"
    return None


def _without_sizes(layers: tuple[Layer, ...]) -> tuple[Layer, ...]:
    """The structure without the sizes of the hidden dense layers."""
    layers = structure(layers)
    dense = [i for i, layer in enumerate(layers) if isinstance(layer, Dense)]
    *hidden, output = dense or [len(layers)]
    padded = layers[hidden[0] : output] if hidden else ()
    if not all(layer.takes_padding for layer in padded):
        return layers
    return tuple(
        replace(layer, units=1)
        if isinstance(layer, Dense) and index in hidden
        else layer
        for index, layer in enumerate(layers)
    )


def _pad_where_faster(jobs: list[FitJob]) -> list[list[FitJob]]:
    """Split a group by sizes, unless padded to the larger ones it is faster."""
    by_sizes: dict[Hashable, list[FitJob]] = {}
    for job in jobs:
        by_sizes.setdefault(job.layout.parameters, []).append(job)
    groups: list[list[FitJob]] = []
    for part in sorted(by_sizes.values(), key=lambda p: -p[0].layout.n_parameters):
        for group in groups:
            together = stack_seconds([*group, *part], widest_layout([*group, *part]))
            apart = sum(stack_seconds(g, widest_layout(g)) for g in (group, part))
            if together < apart:
                group.extend(part)
                break
        else:
            groups.append(part)
    return groups


def widest_layout(jobs: list[FitJob]) -> ParameterLayout:
    """Layout of a network with, in each layer, the units of the widest one."""
    layouts = list({job.layout.parameters: job.layout for job in jobs}.values())
    if len(layouts) == 1:
        return layouts[0]
    layers = tuple(
        replace(same[0], units=max(layer.units for layer in same))
        if isinstance(same[0], Dense)
        else same[0]
        for same in zip(*(layout.layers for layout in layouts), strict=True)
    )
    return parameter_layout(layers, layouts[0].shapes[0])
