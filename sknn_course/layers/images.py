"""Specifications of layers that work on images."""

from dataclasses import dataclass
from math import prod

from .specification import Layer, Shape, ShapeError, are_sizes, cross, is_size, times


@dataclass(frozen=True, repr=False)
class Conv2d(Layer):
    """Convolution over images, one map per filter.

    With the kernel h, at pixel (i, j) and summed over input maps [1]_:

    - cross-correlation: sum over u, v of x(i + u, j + v) h(u, v);
    - true convolution: sum over u, v of x(i - u, j - v) h(u, v), which is the
      cross-correlation with the kernel flipped in both directions.

    Parameters
    ----------
    filters : int
        Number of output maps.
    kernel_size : int or pair of int
        Height and width of the kernel, in pixels.
    padding : {'same', 'valid'}, int or pair of int
        'same' keeps the size (odd kernels), 'valid' pads nothing, a number
        is the count of zeros on each side, a pair those above and below and
        those left and right.
    stride : int
        Step of the window, in pixels.
    links : tuple of tuple of int or None
        For each output map the input maps that it sees, counted from 0; None
        lets each see all. Only linked weights are trained and counted, the
        others are and stay zero.
    flipped : bool
        Whether to compute the true convolution in place of the
        cross-correlation.

    References
    ----------
    .. [1] Lund FMAN45 assignment 3, 2019 (its formula is the
       true convolution, its example the cross-correlation).

    Examples
    --------
    >>> from sknn_course.layers import Conv2d
    >>> Conv2d(16, 5, "valid").output_shape((6, 14, 14))
    (16, 10, 10)
    >>> Conv2d(2, 5, "valid", links=((0, 1), (1, 2, 3))).n_parameters((6, 14, 14))
    127
    """

    takes_padding = True
    short_name = "conv"

    filters: int
    kernel_size: int | tuple[int, int] = 3
    padding: str | int | tuple[int, int] = "same"
    stride: int = 1
    links: tuple | None = None
    flipped: bool = False

    def __post_init__(self) -> None:
        self._take("filters", is_size, "a positive number of maps")
        self._take("kernel_size", are_sizes, "one or two positive sides")
        self._take("stride", is_size, "a positive step")
        self._take(
            "padding",
            lambda pad: pad in ("same", "valid") or are_sizes(pad, 0),
            "'same', 'valid', or one or two numbers of zeros",
        )
        if self.padding == "same" and min(side % 2 for side in self.window) == 0:
            raise ShapeError(
                f"padding='same' needs an odd kernel_size, got {self.kernel_size}."
            )
        if self.links is not None:
            self._take(
                "links",
                lambda links: (
                    isinstance(links, tuple)
                    and len(links) == self.filters
                    and all(map(_are_different_maps, links))
                ),
                f"to each of the {self.filters} output maps its different input maps",
            )
        self._take("flipped", lambda flipped: type(flipped) is bool, "True or False")

    @property
    def window(self) -> tuple[int, int]:
        """Height and width of the kernel."""
        return pair(self.kernel_size)

    @property
    def pad(self) -> tuple[int, int]:
        """Zeros above and below, and left and right."""
        if isinstance(self.padding, str):
            height, width = self.window if self.padding == "same" else (1, 1)
            return (height - 1) // 2, (width - 1) // 2
        return pair(self.padding)

    @property
    def step(self) -> tuple[int, int]:
        """Step of the window down and to the right."""
        return pair(self.stride)

    def output_shape(self, input_shape: Shape) -> Shape:
        shape = _slide(input_shape, self.window, self.pad, self.step, self)
        if self.links is not None:
            unknown = {m for seen in self.links for m in seen} - {
                *range(input_shape[0])
            }
            if unknown:
                raise ShapeError(
                    f"links names the input maps {sorted(unknown)}, but there are "
                    f"{input_shape[0]}, counted from 0."
                )
        return (self.filters, *shape)

    def tensor_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        return {
            "weight": (self.filters, input_shape[0], *self.window),
            "bias": (self.filters,),
        }

    def n_links(self, input_shape: Shape) -> int:
        """Number of pairs of an output map and an input map that it sees."""
        if self.links is None:
            return self.filters * input_shape[0]
        return sum(map(len, self.links))

    def is_linked(self, input_shape: Shape) -> tuple[tuple[bool, ...], ...]:
        """Whether output maps see input maps, tuples of shape (filters, channels)."""
        maps = range(input_shape[0])
        links = self.links or [maps] * self.filters
        return tuple(tuple(m in seen for m in maps) for seen in links)

    def n_parameters(self, input_shape: Shape) -> int:
        return self.n_links(input_shape) * prod(self.window) + self.filters

    def n_connections(self, input_shape: Shape) -> int:
        positions = prod(self.output_shape(input_shape)[1:])
        return positions * prod(self.window) * self.n_links(input_shape)

    def in_words(self) -> str:
        parts = [f"{self.filters} of {cross(self.window)}", *_moves(self.step, (1, 1))]
        if self.pad != (0, 0):
            parts.append(f"padding {_one_or_two(self.pad)}")
        if self.links is not None:
            parts.append(f"{sum(map(len, self.links))} links")
        if self.flipped:
            parts.append("flipped")
        return ", ".join(parts)


@dataclass(frozen=True, repr=False)
class Pool2d(Layer):
    """Pooling over windows of each map.

    Parameters
    ----------
    size : int or pair of int
        Height and width of the window, in pixels.
    kind : {'max', 'average'}
        What is taken from each window.
    stride : int, pair of int or None
        Steps of the window, in pixels; None takes its size, so that windows do
        not overlap.
    """

    takes_padding = True
    short_name = "pool"

    size: int | tuple[int, int] = 2
    kind: str = "max"
    stride: int | tuple[int, int] | None = None

    def __post_init__(self) -> None:
        self._take("size", are_sizes, "one or two positive sides")
        self._take("kind", ("max", "average").__contains__, "'max' or 'average'")
        self._take(
            "stride",
            lambda step: step is None or are_sizes(step),
            "one or two positive steps, or None",
        )

    @property
    def window(self) -> tuple[int, int]:
        """Height and width of the window."""
        return pair(self.size)

    @property
    def step(self) -> tuple[int, int]:
        """Step of the window down and to the right."""
        return self.window if self.stride is None else pair(self.stride)

    def output_shape(self, input_shape: Shape) -> Shape:
        return (
            input_shape[0],
            *_slide(input_shape, self.window, (0, 0), self.step, self),
        )

    def n_connections(self, input_shape: Shape) -> int:
        return prod(self.output_shape(input_shape)) * prod(self.window)

    @property
    def type_name(self) -> str:
        return f"{self.kind.capitalize()}Pool2d"

    def in_words(self) -> str:
        return ", ".join([cross(self.window), *_moves(self.step, self.window)])


@dataclass(frozen=True, repr=False)
class GlobalAveragePool(Layer):
    """Mean of each map, ``(channels, height, width) -> (channels,)``."""

    takes_padding = True
    short_name = "global_pool"
    is_numbered = False

    def output_shape(self, input_shape: Shape) -> Shape:
        check_images(input_shape, self)
        return (input_shape[0],)

    def n_connections(self, input_shape: Shape) -> int:
        return prod(input_shape)


@dataclass(frozen=True, repr=False)
class LocalResponseNorm(Layer):
    """Each pixel divided by a norm over neighbouring maps [1]_.

    y_m = x_m / (k + alpha * sum of x_j ** 2 over the `size` maps j around m) ** beta

    Parameters
    ----------
    size : int
        Number of maps in the sum, odd.
    alpha, beta, k : float
        The defaults are the paper's. torch divides its alpha by `size`.

    References
    ----------
    .. [1] A. Krizhevsky, I. Sutskever, G. Hinton, "ImageNet classification with
       deep convolutional neural networks", NeurIPS 2012, section 3.3.
    """

    takes_padding = True
    short_name = "norm"

    size: int = 5
    alpha: float = 1e-4
    beta: float = 0.75
    k: float = 2.0

    def __post_init__(self) -> None:
        self._take("size", lambda n: is_size(n) and n % 2 == 1, "an odd number of maps")
        self._take_number("alpha", lambda alpha: alpha >= 0, "a number from 0")
        self._take_number("beta", lambda beta: True, "a number")
        self._take_number("k", lambda k: k > 0, "a number above 0")

    def output_shape(self, input_shape: Shape) -> Shape:
        check_images(input_shape, self)
        return input_shape

    def in_words(self) -> str:
        return f"over {self.size} maps"


def _are_different_maps(seen: object) -> bool:
    return (
        isinstance(seen, tuple)
        and len(seen) > 0
        and all(is_size(number, 0) for number in seen)
        and len(set(seen)) == len(seen)
    )


def _moves(step: tuple[int, int], usual: tuple[int, int]) -> list[str]:
    return [] if step == usual else [f"stride {_one_or_two(step)}"]


def _one_or_two(pair: tuple[int, int]) -> str:
    return str(pair[0]) if pair[0] == pair[1] else cross(pair)


def pair(size: int | tuple[int, int]) -> tuple[int, int]:
    return size if isinstance(size, tuple) else (size, size)


def check_images(input_shape: Shape, layer: Layer) -> None:
    if len(input_shape) != 3:
        raise ShapeError(f"{layer} needs images, got rows of shape {input_shape}.")


def _slide(
    input_shape: Shape,
    window: tuple[int, int],
    pad: tuple[int, int],
    step: tuple[int, int],
    layer: Layer,
) -> Shape:
    """Output sizes floor((N - F + 2P) / S) + 1 of a sliding window."""
    check_images(input_shape, layer)
    result = tuple(
        (side - f + 2 * p) // s + 1
        for side, f, p, s in zip(input_shape[1:], window, pad, step, strict=True)
    )
    if min(result) < 1:
        raise ShapeError(f"{layer} does not fit an image of {times(input_shape[1:])}.")
    return result
