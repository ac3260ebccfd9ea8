"""Random changes of images in training: a row of `AUGMENTATIONS` for each name.

Each rule draws its numbers per row from the row's key, so that a row comes out
the same alone, in any batch and at any place of it. What lies outside an image is
zero: the mean, where the pixels are standardised.
"""

import inspect
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from numbers import Integral, Real
from typing import Any, overload

import torch
from torch import Tensor
from torch.nn import functional as F

from ._choices import did_you_mean
from ._compat import Interval
from ._engine.ops.counter_random import normal, uniform, unit_bits
from ._engine.ops.mixing import Mixing, boxes, cutmix, mixup
from ._number_range import LARGEST


def _symmetric(x: Tensor, keys: Tensor, strength: Any, salt: int) -> Tensor:
    """One number per row, uniform on [-strength, strength]."""
    u = uniform(unit_bits(keys, (1, 1, 1), salt), x.dtype)  # (n, 1, 1, 1)
    return u.mul_(2).sub_(1).mul_(strength)


def _flip(x: Tensor, keys: Tensor, strength: float, salt: int, axis: int) -> Tensor:
    u = uniform(unit_bits(keys, (1, 1, 1), salt), x.dtype)  # (n, 1, 1, 1)
    return torch.where(u <= strength, x.flip(axis), x)


def _shift(x: Tensor, keys: Tensor, strength: Any, salt: int) -> Tensor:
    """Pad with zeros, crop at random. At least one row and column stays."""
    bits = unit_bits(keys, (2,), salt)  # (n, 2)
    pad_y, pad_x = (min(strength, side - 1) for side in x.shape[2:])
    padded = F.pad(x, (pad_x, pad_x, pad_y, pad_y))
    crops = padded.unfold(2, x.shape[2], 1).unfold(3, x.shape[3], 1)
    # crops has the shape (n, C, 2 pad_y + 1, 2 pad_x + 1, H, W), and is a view
    top = bits[:, 0].remainder(2 * pad_y + 1)
    left = bits[:, 1].remainder(2 * pad_x + 1)
    return crops[torch.arange(len(x), device=x.device), :, top, left]


def _cutout(x: Tensor, keys: Tensor, strength: Any, salt: int) -> Tensor:
    """Zero a square around a random pixel. What lies over the border is cut off."""
    hole = boxes(x, unit_bits(keys, (2,), salt), (strength, strength))
    return x.masked_fill(hole, 0)


def _sample(x: Tensor, matrix: Tensor) -> Tensor:
    """Images whose pixel at p is that of x at matrix p, bilinear, zero outside.

    Parameters
    ----------
    x : tensor of shape (n, C, H, W)
    matrix : tensor of shape (n, 2, 2)
        Acts on the places (column, row) in pixels from the centre.
    """
    # torch counts places from -1 to 1 along either side: (u, v) = (2 x / W, 2 y / H)
    H, W = x.shape[2:]
    matrix = matrix * matrix.new_tensor([[1, H / W], [W / H, 1]])
    grid = F.affine_grid(F.pad(matrix, (0, 1)), list(x.shape), align_corners=False)
    return F.grid_sample(x, grid, padding_mode="zeros", align_corners=False)


def _rotation(x: Tensor, keys: Tensor, strength: Any, salt: int) -> Tensor:
    # a turn by t, counter-clockwise: p -> [[cos t, -sin t], [sin t, cos t]] p
    angle = torch.deg2rad(_symmetric(x, keys, strength, salt)).flatten()
    cos, sin = angle.cos(), angle.sin()
    return _sample(x, torch.stack([cos, -sin, sin, cos], 1).unflatten(1, (2, 2)))


def _scale(x: Tensor, keys: Tensor, strength: Any, salt: int) -> Tensor:
    factor = 1 + _symmetric(x, keys, strength, salt).squeeze(1)  # (n, 1, 1)
    return _sample(x, torch.eye(2, dtype=x.dtype, device=x.device) / factor)


def _brightness(x: Tensor, keys: Tensor, strength: Any, salt: int) -> Tensor:
    return x + _symmetric(x, keys, strength, salt)


def _contrast(x: Tensor, keys: Tensor, strength: Any, salt: int) -> Tensor:
    mean = x.mean((2, 3), keepdim=True)  # (n, C, 1, 1)
    return torch.lerp(mean, x, 1 + _symmetric(x, keys, strength, salt))


def _noise(x: Tensor, keys: Tensor, strength: Any, salt: int) -> Tensor:
    noise = normal(unit_bits(keys, x.shape[1:], salt), x.dtype)
    return x + noise.mul_(strength)


_RATE = Interval(Real, 0, 1, closed="both")
_NON_NEGATIVE = Interval(Real, 0, None, closed="left")
_PIXELS = Interval(Integral, 0, None, closed="left")


@dataclass(frozen=True)
class Change:
    """What is known of a random change of images.

    Parameters
    ----------
    function : callable
        Function of x (n, C, H, W), keys (n,), strength and salt; one that mixes rows
        is as `Mixing` takes it.
    strength : int or float
        The one that the name alone stands for.
    allowed : Interval
        The strengths that can be given; 0 changes nothing.
    meaning : str
        Of the strength s, in a few words.
    mixes : bool
        Whether targets are changed as well.
    """

    function: Callable[..., Any]
    strength: float
    allowed: Interval
    meaning: str
    mixes: bool = False

    def step(self, strength: float, salt: int) -> Callable[..., Any]:
        """What a pipeline does with images of each batch.

        Parameters
        ----------
        strength : float
        salt : int
            Apart for each place in the pipeline.
        """
        if self.mixes:
            return Mixing(self.function, strength, salt)
        return partial(self.function, strength=strength, salt=salt)


AUGMENTATIONS = {
    "horizontal_flip": Change(
        partial(_flip, axis=3),
        0.5,
        _RATE,
        "probability that left and right are swapped",
    ),
    "vertical_flip": Change(
        partial(_flip, axis=2),
        0.5,
        _RATE,
        "probability that top and bottom are swapped",
    ),
    "shift": Change(
        _shift, 2, _PIXELS, "pixels of zero padding, before a crop at random"
    ),
    "rotation": Change(
        _rotation, 15.0, _NON_NEGATIVE, "degrees: turned by U(-s, s) about the centre"
    ),
    "scale": Change(
        _scale,
        0.1,
        Interval(Real, 0, 1, closed="left"),
        "enlarged about the centre by a factor U(1-s, 1+s)",
    ),
    "brightness": Change(
        _brightness, 0.2, _NON_NEGATIVE, "U(-s, s) is added to all pixels"
    ),
    "contrast": Change(
        _contrast, 0.2, _RATE, "distances from each channel's mean times U(1-s, 1+s)"
    ),
    "noise": Change(
        _noise,
        0.1,
        _NON_NEGATIVE,
        "standard deviation of the noise added to each pixel",
    ),
    "cutout": Change(
        _cutout, 4, _PIXELS, "side of a square of zeros around a random pixel"
    ),
    "mixup": Change(
        mixup,
        1.0,
        _NON_NEGATIVE,
        "the image becomes ``a x + (1 - a) x'``",
        mixes=True,
    ),
    "cutmix": Change(
        cutmix,
        1.0,
        _NON_NEGATIVE,
        "a box of the image becomes that of x'",
        mixes=True,
    ),
}


def _table() -> str:
    """The registry as a table for a docstring."""
    rows = [("name", "what the strength s means", "default")]
    rows += [
        (f"``{name}``", row.meaning, f"{row.strength:g}")
        for name, row in AUGMENTATIONS.items()
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rule = " ".join("=" * width for width in widths)
    lines = [" ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    return "\n    ".join([rule, lines[0], rule, *lines[1:], rule])


@dataclass(frozen=True)
class Augmentation:
    """Changes of images, one after another.

    Parameters
    ----------
    steps : tuple of callable
        Each a function of images and keys, or a `Mixing`.
    """

    steps: tuple[Callable[..., Any], ...]

    @property
    def mixes(self) -> bool:
        """Whether targets are changed as well."""
        return any(isinstance(step, Mixing) for step in self.steps)

    def __call__(self, x: Tensor, keys: Tensor) -> Tensor:
        """Changed images.

        Parameters
        ----------
        x : float tensor of shape (n, C, H, W)
            Stays as it is.
        keys : int32 tensor of shape (n,)
            What the random numbers of each image are drawn from.

        Returns
        -------
        tensor of the shape and dtype of ``x``
        """
        return self.change_batch(x, None, keys)[0]

    @torch.no_grad()
    def change_batch(
        self,
        x: Tensor,
        y: Tensor | None,
        keys: Tensor,
        weight: Tensor | None = None,
    ) -> tuple[Tensor, Tensor | None]:
        """Changed images, and their targets, mixed where the images are.

        Parameters
        ----------
        x : float tensor of shape (n, C, H, W)
            A batch. Stays as it is.
        y : float tensor of shape (n, n_outputs) or None
        keys : int32 tensor of shape (n,)
        weight : float tensor of shape (n,) or None
            Weights of the rows; see `Mixing`.

        Returns
        -------
        x, y : tensors of the shapes and dtypes given
        """
        for step in self.steps:
            if isinstance(step, Mixing):
                x, y = step(x, y, keys, weight)
            else:
                x = step(x, keys)
        return x, y


Given = str | Callable[..., Any]


@overload
def augmentation_pipeline(augmentation: None) -> None: ...


@overload
def augmentation_pipeline(
    augmentation: Given | Sequence[Given],
) -> Augmentation: ...


def augmentation_pipeline(augmentation):
    """Make one function of names and functions.

    %(table)s

    For ``shift`` see [1]_, ``cutout`` [2]_, ``mixup`` [3]_, ``cutmix`` [4]_.

    Brightness and noise are in the units of the pixels; no value is clipped.
    An image cannot be shifted by its whole height or width.

    For ``mixup`` and ``cutmix``, x' is a row drawn from the same batch, by the
    sample weights, and the target becomes ``a y + (1 - a) y'``: classes then
    have probabilities as targets, and numbers are interpolated. The share ``a`` is
    drawn from Beta(s, s), uniform for s=1; for ``cutmix`` it is the part of the
    image that stays, once the box of the area ``1 - a`` around a random pixel is cut
    off at the border. Partner and share are drawn for each row, as in the papers'
    formulas, where their programs draw one share for a batch. The recorded training
    losses are those of the mixed rows.

    Parameters
    ----------
    augmentation : None, str, callable, or list or tuple of str and callable
        A name, with its strength in parentheses or without: ``'rotation'``,
        ``'rotation(30)'``. A callable gets a tensor of shape (n, C, H, W) and
        returns one of the same shape and dtype. If it has a parameter
        ``generator``, that gets a `torch.Generator` on the device of the images,
        seeded for this batch; it must draw from that to be reproducible.

    Returns
    -------
    Augmentation or None
        Function of images (n, C, H, W) and keys (n,), None for None. It can be
        pickled if the callables can.

    Raises
    ------
    ValueError
        For what is neither a known name nor a callable, and a strength out of range.
        When called, for a callable that changes the images' shape or dtype.

    References
    ----------
    .. [1] A. Krizhevsky et al., "ImageNet classification with deep convolutional
       neural networks", NeurIPS 2012.
    .. [2] T. DeVries, G. W. Taylor, "Improved regularization of convolutional
       neural networks with cutout", 2017, arXiv:1708.04552.
    .. [3] H. Zhang et al., "mixup: Beyond empirical risk minimization", ICLR 2018.
    .. [4] S. Yun et al., "CutMix: Regularization strategy to train strong
       classifiers with localizable features", ICCV 2019.

    Examples
    --------
    >>> import torch
    >>> from sknn_course.augmentation import augmentation_pipeline
    >>> augment = augmentation_pipeline(["horizontal_flip(1)", torch.neg])
    >>> x = torch.tensor([[[[1.0, 2.0, 3.0]]]])
    >>> augment(x, keys=torch.tensor([5], dtype=torch.int32))
    tensor([[[[-3., -2., -1.]]]])
    """
    if augmentation is None:
        return None
    listed = isinstance(augmentation, list | tuple)
    steps = [
        # Salts of the network's layers count upward from 0.
        _step(item, augmentation, salt=-1 - place)
        for place, item in enumerate(augmentation if listed else [augmentation])
    ]
    return Augmentation(tuple(step for step in steps if step is not None))


if augmentation_pipeline.__doc__:  # none where Python leaves docstrings out
    augmentation_pipeline.__doc__ %= {"table": _table()}


def _step(item: object, augmentation: object, salt: int) -> Callable[..., Any] | None:
    """Function of images and keys for a name or callable, None if of no effect."""
    if callable(item):
        return partial(
            _call, function=item, with_generator=_takes_generator(item), salt=salt
        )
    found = None
    if isinstance(item, str):
        found = re.fullmatch(r"\s*(\w+)\s*(?:\((.*)\))?\s*", item)
    if not found or found[1] not in AUGMENTATIONS:
        meant = did_you_mean(found[1] if found else item, AUGMENTATIONS)
        raise ValueError(
            f"augmentation={augmentation!r}: {item!r} is unknown. Use a callable or "
            f"one of {sorted(AUGMENTATIONS)}, with a strength in parentheses or "
            f"without.{meant}"
        )
    strength = _strength(found[1], found[2], augmentation)
    return AUGMENTATIONS[found[1]].step(strength, salt) if strength else None


def _strength(name: str, text: str | None, augmentation: object) -> float:
    """The number between the parentheses, or the default."""
    default, allowed = AUGMENTATIONS[name].strength, AUGMENTATIONS[name].allowed
    if text is None:
        return default
    strength: float | None = None
    try:
        strength = float(text)
        if allowed.type is Integral and strength.is_integer():
            strength = int(strength)
    except ValueError:
        pass
    if strength is None or strength > LARGEST or not allowed.is_satisfied_by(strength):
        raise ValueError(
            f"augmentation={augmentation!r}: the strength of {name!r} must be "
            f"{allowed}, as in '{name}({default})'; got {text!r}."
        )
    return strength


def _takes_generator(function: Callable) -> bool:
    try:
        return "generator" in inspect.signature(function).parameters
    except ValueError:  # functions written in C may have no signature
        return False


def _call(
    x: Tensor, keys: Tensor, function: Callable, with_generator: bool, salt: int
) -> Tensor:
    """Images changed by the user's function."""
    options = {}
    if with_generator:
        seed = int(unit_bits(keys, (1,), salt).sum())
        options["generator"] = torch.Generator(x.device).manual_seed(seed)
    # a copy, as x may be a view of the training data, and functions change in place
    changed = function(x.clone(), **options)
    if (
        not isinstance(changed, torch.Tensor)
        or changed.shape != x.shape
        or changed.dtype != x.dtype
    ):
        got = type(changed).__name__
        if isinstance(changed, torch.Tensor):
            got = f"shape {tuple(changed.shape)}, {changed.dtype}"
        raise ValueError(
            f"augmentation={function!r} must return a tensor of the shape and dtype "
            f"that it is given, {tuple(x.shape)}, {x.dtype}; got {got}."
        )
    return changed
