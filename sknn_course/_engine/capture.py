"""Steps captured once and repeated: on a GPU, as CUDA graphs.

A small step is some thirty operations that a GPU is done with sooner than the
interpreter can ask for them. A graph asks for all of them at once.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

import torch
from torch import Tensor

from .job import FitJob
from .schedules import schedule_of

Capture = Callable[[Callable[..., Any], list[Tensor | None]], tuple]


def capture_cuda_graph(
    function: Callable[..., Any], inputs: list[Tensor | None]
) -> tuple[Callable[[], None], Any]:
    """Capture what a function asks of a CUDA GPU, without doing it.

    Parameters
    ----------
    function : callable
        Must read no number back from the GPU and copy none to it.
    inputs : list of tensor or None
        Its arguments.

    Returns
    -------
    repeat : callable
        Does what was captured, on the same memory.
    outputs
        What the function gave; each repetition overwrites it.
    """
    graph = torch.cuda.CUDAGraph()
    # other threads may use the GPU meanwhile
    with torch.cuda.graph(graph, capture_error_mode="thread_local"):
        outputs = function(*inputs)
    return graph.replay, outputs


def why_not_captured(jobs: list[FitJob]) -> str | None:
    """Why the steps of a stack cannot be captured as a CUDA graph, or None."""
    if jobs[0].device.type != "cuda":
        return "not on a CUDA GPU"
    if any(job.augment is not None for job in jobs):
        return "augmentation"
    if any(job.observer is not None for job in jobs):
        return "callbacks"
    if any(schedule_of(job.settings).per_step for job in jobs):
        return "the learning rate changes with each step"
    return None


class Replay:
    """Runs functions of tensors; from the second time on, as captured.

    The first time goes uncaptured, as libraries set themselves up in it.

    Parameters
    ----------
    capture : callable
        As `capture_cuda_graph`.
    """

    def __init__(self, capture: Capture) -> None:
        self._capture = capture
        self._seen: dict[tuple, Any] = {}

    def run(
        self,
        owner: Hashable,
        function: Callable[..., Any],
        inputs: tuple[Any, ...],
    ) -> Any:
        """Call a function.

        Parameters
        ----------
        owner : object
            Calls for the same owner with inputs of the same shapes are taken
            for the same function.
        function : callable
        inputs : tuple of tensor or None

        Returns
        -------
        What the function returns; valid until the next call.
        """
        key = owner, *(None if v is None else v.shape for v in inputs)
        if key not in self._seen:
            self._seen[key] = None
            return function(*inputs)
        if self._seen[key] is None:
            own = [None if v is None else v.clone() for v in inputs]
            self._seen[key] = own, *self._capture(function, own)
        own, repeat, outputs = self._seen[key]
        for tensor, value in zip(own, inputs, strict=True):
            if tensor is not None:
                tensor.copy_(value)
        repeat()
        return outputs
