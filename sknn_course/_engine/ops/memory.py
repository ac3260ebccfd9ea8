"""Memory of a network in training, and which layers may write over it."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from torch import Tensor

from ... import layers as spec

Result = Literal["new", "kept", "input"]


class Workspace:
    """Memory for the results of a step, which those of the next one overwrite.

    Blocks that each step gets anew go back to the system in between; getting them
    again can take longer than the products that they are for.
    """

    def __init__(self) -> None:
        self._by_shape: dict[tuple[int, ...], Tensor] = {}

    def __call__(self, like: Tensor, *shape: int) -> Tensor:
        """A tensor of this shape, with any content."""
        if shape not in self._by_shape:
            self._by_shape[shape] = like.new_empty(shape)
        return self._by_shape[shape]


class LayerMemory(NamedTuple):
    """What a layer does with memory.

    Attributes
    ----------
    copies_input : bool
        It writes over its input, which others need: it is to have a copy.
    reuses_output : bool
        Its output is overwritten in the next step. Not where it may be the network's,
        which lives on to the end of a chunk of batches.
    """

    copies_input: bool
    reuses_output: bool


def plan_memory(
    layers: Sequence[spec.Layer], results: Sequence[Result]
) -> list[LayerMemory]:
    """Plan the memory of a network's layers.

    Parameters
    ----------
    layers : sequence of Layer
        In the order in which they compute.
    results : sequence of {'new', 'kept', 'input'}
        Memory of each one's result: new, and not kept for later, so that an
        activation function may overwrite it; or kept; or perhaps that of the input.

    Returns
    -------
    list of LayerMemory

    Examples
    --------
    >>> from sknn_course._engine.ops.memory import plan_memory
    >>> from sknn_course.layers import Activation, Dense
    >>> for layer in plan_memory(
    ...     [Activation("tanh"), Dense(3), Activation("relu"), Dense(2)],
    ...     ["kept", "new", "kept", "new"],
    ... ):
    ...     print(layer)
    LayerMemory(copies_input=True, reuses_output=True)
    LayerMemory(copies_input=False, reuses_output=True)
    LayerMemory(copies_input=False, reuses_output=True)
    LayerMemory(copies_input=False, reuses_output=False)
    """
    dense = [k for k, layer in enumerate(layers) if isinstance(layer, spec.Dense)]
    last_dense = dense[-1] if dense else -1  # what follows may pass its output on
    plan, is_free = [], False  # the input is the caller's
    for k, (layer, result) in enumerate(zip(layers, results, strict=True)):
        overwrites = isinstance(layer, spec.Activation)
        plan.append(LayerMemory(overwrites and not is_free, k < last_dense))
        if result != "input":
            is_free = result == "new"
    return plan
