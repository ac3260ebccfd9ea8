"""What all layer specifications share, and the checks of their values."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from math import prod
from typing import Any, ClassVar

from .._plain_values import is_number, plain

Shape = tuple[int, ...]
RECORDED = ("mean", "variance")  # roles of tensors that are not trained


class ShapeError(ValueError):
    """A layer cannot take the shape that reaches it."""


@dataclass(frozen=True, repr=False)
class Layer:
    """What all layer specifications share."""

    #: Field that may differ among the networks of a stack; at 0 a layer does nothing.
    strength_field: ClassVar[str | None] = None
    #: Another one that may differ: of initial values alone.
    initial_field: ClassVar[str | None] = None
    #: Whether units of zeros, added to hidden dense layers, change no other value.
    takes_padding: ClassVar[bool] = False
    #: Name in tables and pictures.
    short_name: ClassVar[str] = "layer"
    #: Whether a number follows the name where a network has one such layer.
    is_numbered: ClassVar[bool] = True

    @property
    def strength(self) -> float | None:
        """Dropout rate or standard deviation of the noise; None for other layers."""
        return getattr(self, self.strength_field) if self.strength_field else None

    @property
    def kind_name(self) -> str:
        """Name in tables and pictures."""
        return self.short_name

    @property
    def type_name(self) -> str:
        """What the layer is, in a word."""
        return type(self).__name__

    def in_words(self) -> str:
        """What the layer is set to, in a few words."""
        names = [field.name for field in fields(self)]
        return str(getattr(self, names[0])) if len(names) == 1 else ""

    def n_connections(self, input_shape: Shape) -> int:
        """Number of connections from inputs to outputs, without those of biases."""
        return 0

    def __repr__(self) -> str:
        given = ((f.name, getattr(self, f.name)) for f in fields(self))
        shown = (f"{k}={v!r}" for k, v in given if v is not None and v is not False)
        return f"{type(self).__name__}({', '.join(shown)})"

    def output_shape(self, input_shape: Shape) -> Shape:
        """Shape of one output row for one input row of ``input_shape``."""
        return input_shape

    def tensor_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        """Shapes of the layer's tensors, by role.

        Returns
        -------
        dict of str to tuple of int
            Trained: 'weight' and 'bias', which are estimators' `coefs_` and
            `intercepts_`, and others by names of their own. Not trained, but
            recorded in training: 'mean', 'variance'.
        """
        return {}

    def initialisers(self, input_shape: Shape) -> dict[str, str]:
        """How trained tensors are drawn, by role, as `weight_init` names it.

        'weight' and 'bias' follow the estimators' parameters; what else is not here
        starts at 0, and 'scale' at 1.
        """
        return {}

    def n_inner(self, input_shape: Shape) -> int:
        """Number of values that are computed between a row and its output."""
        return 0

    def n_parameters(self, input_shape: Shape) -> int:
        """Number of trained parameters."""
        total = sum(map(prod, self.tensor_shapes(input_shape).values()))
        return total - self.n_buffers(input_shape)

    def n_buffers(self, input_shape: Shape) -> int:
        """Number of values that are recorded in training, not trained."""
        shapes = self.tensor_shapes(input_shape)
        return sum(prod(shapes[role]) for role in RECORDED if role in shapes)

    def _take(self, name: str, is_right: Callable[[Any], bool], right: str) -> None:
        """Make a field's value a plain one, refuse it where it is not right."""
        value = plain(getattr(self, name))
        if not is_right(value):
            raise ValueError(
                f"{name}={getattr(self, name)!r} does not fit "
                f"{type(self).__name__}: give {right}."
            )
        object.__setattr__(self, name, value)

    def _take_number(
        self, name: str, is_right: Callable[[Any], bool], right: str
    ) -> None:
        self._take(name, lambda value: is_number(value) and is_right(value), right)
        object.__setattr__(self, name, float(getattr(self, name)))


def is_size(value: object, least: int = 1) -> bool:
    """Whether a plain value is a whole number, and no truth value."""
    return type(value) is int and value >= least


def are_sizes(value: object, least: int = 1) -> bool:
    pair = value if isinstance(value, tuple) else (value, value)
    return len(pair) == 2 and all(is_size(side, least) for side in pair)


def times(shape: Iterable[int]) -> str:
    return " x ".join(map(str, shape))


def cross(sides: Iterable[int]) -> str:
    """Sides as text, such as '28×28'."""
    return "×".join(map(str, sides))
