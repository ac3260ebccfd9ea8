"""What all layer specifications share, and the checks of their values."""

from dataclasses import fields
from math import prod
from numbers import Integral


class ShapeError(ValueError):
    """A layer cannot take the shape that reaches it."""


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

    def _require(self, name, is_right, right):
        if not is_right(getattr(self, name)):
            raise ValueError(
                f"{name}={getattr(self, name)!r} does not fit "
                f"{type(self).__name__}: give {right}."
            )


def _count(layer, input_shape, roles):
    shapes = layer.tensor_shapes(input_shape)
    return sum(prod(shape) for role, shape in shapes.items() if role in roles)


def is_size(value, least=1):
    return isinstance(value, Integral) and value >= least


def are_sizes(value, least=1):
    pair = value if isinstance(value, tuple) else (value, value)
    return len(pair) == 2 and all(is_size(side, least) for side in pair)


def times(shape):
    return " x ".join(map(str, shape))
