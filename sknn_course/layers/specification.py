"""What all layer specifications share, and the checks of their values."""

from dataclasses import dataclass, fields
from math import prod

from .._plain_values import is_number, plain


class ShapeError(ValueError):
    """A layer cannot take the shape that reaches it."""


@dataclass(frozen=True, repr=False)
class Layer:
    """What all layer specifications share."""

    def __repr__(self):
        given = ((f.name, getattr(self, f.name)) for f in fields(self))
        shown = (f"{k}={v!r}" for k, v in given if v is not None and v is not False)
        return f"{type(self).__name__}({', '.join(shown)})"

    def output_shape(self, input_shape):
        """Shape of one output row for one input row of ``input_shape``."""
        return input_shape

    def tensor_shapes(self, input_shape):
        """Shapes of the layer's tensors, by role.

        Returns
        -------
        dict of str to tuple of int
            Trained: 'weight', 'bias', 'scale', 'shift'. Not trained, but
            recorded in training: 'mean', 'variance'.
        """
        return {}

    def n_parameters(self, input_shape):
        """Number of trained parameters."""
        return _count(self, input_shape, ("weight", "bias", "scale", "shift"))

    def n_buffers(self, input_shape):
        """Number of values that are recorded in training, not trained."""
        return _count(self, input_shape, ("mean", "variance"))

    def _take(self, name, is_right, right):
        """Make a field's value a plain one, refuse it where it is not right."""
        value = plain(getattr(self, name))
        if not is_right(value):
            raise ValueError(
                f"{name}={getattr(self, name)!r} does not fit "
                f"{type(self).__name__}: give {right}."
            )
        object.__setattr__(self, name, value)

    def _take_number(self, name, is_right, right):
        self._take(name, lambda value: is_number(value) and is_right(value), right)
        object.__setattr__(self, name, float(getattr(self, name)))


def _count(layer, input_shape, roles):
    shapes = layer.tensor_shapes(input_shape)
    return sum(prod(shape) for role, shape in shapes.items() if role in roles)


def is_size(value, least=1):
    """Whether a plain value is a whole number, and no truth value."""
    return type(value) is int and value >= least


def are_sizes(value, least=1):
    pair = value if isinstance(value, tuple) else (value, value)
    return len(pair) == 2 and all(is_size(side, least) for side in pair)


def times(shape):
    return " x ".join(map(str, shape))
