"""What all layers of stacked networks share."""

from abc import ABC, abstractmethod
from typing import Any

from torch import Tensor

from .batch import Batch
from .sparse_rows import SparseRows

Shape = tuple[int, ...]
Values = dict[str, Any]


class Op(ABC):
    """A layer of stacked networks, bound to its parameters and their gradients.

    Made by ``op(layer, input shape, values, grads)``: a specification, the shape of
    a row, tensors by role (and 'noise_level', 'salt', 'dtype', 'device'), and the
    tensors that `backward` fills.
    """

    reuses_output = False  # see `LayerMemory`

    @abstractmethod
    def forward(self, x: Any, batch: Batch | None) -> Tensor | SparseRows:
        """Outputs for x (K, n_rows, ...); ``batch`` is None in evaluation."""

    @abstractmethod
    def backward(self, grad: Tensor, needs_input_grad: bool) -> Tensor | None:
        """dL/dx from dL/dy; fills the gradients of the parameters."""
