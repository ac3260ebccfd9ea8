"""Augmentation against numpy, scipy.ndimage and the distributions promised.

Rules draw from the keys alone: an image made to reveal what was drawn, changed
with the same keys as another one, tells what must have become of the other.
"""

import pickle

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy import ndimage, stats

from sknn_course import augmentation
from sknn_course._engine.ops.counter_random import row_keys, step_keys
from sknn_course.augmentation import AUGMENTATIONS, augmentation_pipeline

N = 3000
KEYS = step_keys(torch.arange(N, dtype=torch.int32), 7, 1)  # (n,)
SIDES = [(9, 9), (7, 10), (10, 7)]
SIGNIFICANCE = 1e-3  # of the goodness-of-fit tests, whose draws are fixed


def images(n=40, channels=2, sides=(7, 10), dtype=torch.float64, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn((n, channels, *sides), dtype=dtype, generator=generator)


def coordinates(n, sides):
    """Images of each pixel's column and row, counted from the centre."""
    rows, columns = (torch.arange(s, dtype=torch.float64) - (s - 1) / 2 for s in sides)
    both = torch.stack(torch.meshgrid(rows, columns, indexing="ij")[::-1])
    return both.expand(n, 2, *sides)  # (n, 2, H, W)


def assert_uniform(draws, low, high):
    assert stats.kstest(draws, stats.uniform(low, high - low).cdf).pvalue > SIGNIFICANCE


def assert_all_equally_often(draws, n_values):
    counts = np.bincount(draws, minlength=n_values)
    assert len(counts) == n_values
    assert stats.chisquare(counts).pvalue > SIGNIFICANCE


@pytest.mark.parametrize(("name", "axis"), [("horizontal", 3), ("vertical", 2)])
def test_flip_swaps_the_given_part_of_the_images(name, axis):
    x = images(N, sides=(3, 4))
    augment = augmentation_pipeline(f"{name}_flip(0.3)")
    out = augment(x, KEYS)
    flipped = (out == torch.flip(x, (axis,))).flatten(1).all(1)
    kept = (out == x).flatten(1).all(1)
    assert (flipped ^ kept).all()
    assert stats.binomtest(int(flipped.sum()), N, 0.3).pvalue > SIGNIFICANCE
    always = augmentation_pipeline(f"{name}_flip(1)")
    assert_array_equal(always(x, KEYS), np.flip(x.numpy(), axis))


def shifts(pad, sides):
    """Rows and columns by which images move down and right, of a lit centre."""
    probe = torch.zeros(N, 1, *sides)
    probe[:, :, sides[0] // 2, sides[1] // 2] = 1
    lit = augmentation_pipeline(f"shift({pad})")(probe, KEYS).numpy()[:, 0]
    found = np.argwhere(lit)  # (n, 3)
    assert_array_equal(found[:, 0], np.arange(N))
    return found[:, 1:] - np.array(sides) // 2


@pytest.mark.parametrize("sides", SIDES)
def test_shift_is_a_crop_of_the_padded_image(sides):
    pad, (height, width) = 3, sides
    moved = shifts(pad, sides)
    x = images(60, sides=sides)
    out = augmentation_pipeline("shift(3)")(x, KEYS[:60])
    padded = np.pad(x.numpy(), [(0, 0), (0, 0), (pad, pad), (pad, pad)])
    for row, (down, right) in enumerate(moved[:60]):
        top, left = pad - down, pad - right
        crop = padded[row, :, top : top + height, left : left + width]
        assert_array_equal(out[row], crop)


def test_shifts_are_drawn_equally_often():
    down, right = shifts(3, (9, 9)).T + 3
    assert_all_equally_often(7 * down + right, 49)


def test_shift_keeps_a_row_and_a_column():
    assert (shifts(5, (1, 11))[:, 0] == 0).all()
    x = torch.ones(N, 1, 3, 1)
    assert (augmentation_pipeline("shift(9)")(x, KEYS).sum((1, 2, 3)) >= 1).all()


def angles(strength):
    """Degrees drawn for a rotation, read off a column image: linear, so exact."""
    x = coordinates(N, (9, 9))
    turned = augmentation_pipeline(f"rotation({strength})")(x, KEYS)
    # the pixel right of the centre shows cos t, the one below it -sin t
    return torch.atan2(-turned[:, 0, 5, 4], turned[:, 0, 4, 5]).rad2deg().numpy()


@pytest.mark.parametrize("sides", SIDES)
@pytest.mark.parametrize("strength", [10, 180])
def test_rotation_is_scipys(sides, strength):
    x = images(20, sides=sides)
    out = augmentation_pipeline(f"rotation({strength})")(x, KEYS[:20])
    expected = [
        ndimage.rotate(
            image, angle, axes=(1, 2), reshape=False, order=1, mode="grid-constant"
        )
        for image, angle in zip(x.numpy(), angles(strength)[:20], strict=True)
    ]
    assert_allclose(out, expected, atol=1e-10)


@pytest.mark.parametrize("n_turns", [1, 2, 3])
def test_quarter_turns_are_numpys(n_turns, monkeypatch):
    turn = torch.full((40, 1, 1, 1), 90.0 * n_turns, dtype=torch.float64)
    monkeypatch.setattr(augmentation, "_symmetric", lambda *args: turn)
    x = images(sides=(9, 9))
    out = augmentation_pipeline("rotation")(x, KEYS[:40])
    assert_allclose(out, np.rot90(x.numpy(), n_turns, axes=(2, 3)), atol=1e-12)


def test_angles_are_uniform():
    assert_uniform(angles(25), -25, 25)


def factors(strength):
    """Zoom factors, read off a column image: the pixel right of the centre."""
    x = coordinates(N, (9, 9))
    out = augmentation_pipeline(f"scale({strength})")(x, KEYS)
    return 1 / out[:, 0, 4, 5].numpy()


@pytest.mark.parametrize("sides", SIDES)
def test_scale_is_scipys_zoom_about_the_centre(sides):
    x = images(20, sides=sides)
    out = augmentation_pipeline("scale(0.4)")(x, KEYS[:20])
    centre = (np.array(sides) - 1) / 2
    for image, changed, factor in zip(x.numpy(), out, factors(0.4), strict=False):
        expected = [
            ndimage.affine_transform(
                channel,
                [1 / factor] * 2,
                centre - centre / factor,
                order=1,
                mode="grid-constant",
            )
            for channel in image
        ]
        assert_allclose(changed, expected, atol=1e-10)


def test_zoom_factors_are_uniform():
    assert_uniform(factors(0.4), 0.6, 1.4)


def test_brightness_adds_one_uniform_number_to_an_image():
    x = images(N, sides=(3, 4))
    added = (augmentation_pipeline("brightness(0.3)")(x, KEYS) - x).flatten(1)
    assert_allclose(added - added[:, :1], 0, atol=1e-14)
    assert_uniform(added[:, 0], -0.3, 0.3)


def test_contrast_stretches_about_the_channels_mean():
    x = images(N, sides=(3, 4)).numpy()
    out = augmentation_pipeline("contrast(0.3)")(torch.tensor(x), KEYS).numpy()
    mean = x.mean((2, 3), keepdims=True)
    factor = out.std((2, 3)) / x.std((2, 3))  # (n, C)
    assert_allclose(out, mean + factor[:, :1, None, None] * (x - mean), atol=1e-13)
    assert_uniform(factor[:, 0], 0.7, 1.3)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_noise_is_normal_and_independent(dtype):
    x = images(N, sides=(2, 3), dtype=dtype)
    noise = augmentation_pipeline("noise(0.5)")(x, KEYS) - x
    noise = noise.double().flatten(1).numpy()  # (n, 12)
    assert stats.kstest(noise.ravel(), stats.norm(0, 0.5).cdf).pvalue > SIGNIFICANCE
    # off the diagonal, sqrt(n) times a correlation is about normal
    between_pixels = np.corrcoef(noise.T)[np.triu_indices(12, 1)]
    neighbours = np.corrcoef(noise[:-1].ravel(), noise[1:].ravel())[0, 1]
    assert np.abs(between_pixels).max() < 4 / np.sqrt(N)
    assert abs(neighbours) < 4 / np.sqrt(noise.size)


@pytest.mark.parametrize("side", [3, 4])
def test_cutout_zeroes_a_square_around_any_pixel(side):
    height, width = 5, 6
    x = images(N, sides=(height, width))
    holes = {}
    for centre in np.ndindex(height, width):
        hole = np.zeros((height, width), bool)
        top, left = np.array(centre) - side // 2
        hole[max(top, 0) : top + side, max(left, 0) : left + side] = True
        holes[hole.tobytes()] = len(holes)
    out = augmentation_pipeline(f"cutout({side})")(x, KEYS).numpy()
    assert_array_equal(out[out != 0], x.numpy()[out != 0])
    drawn = out == 0
    assert_array_equal(drawn[:, 0], drawn[:, 1])
    centres = [holes[hole.tobytes()] for hole in drawn[:, 0]]
    assert_all_equally_often(centres, height * width)


CHANGES = [name for name, row in AUGMENTATIONS.items() if not row.mixes]
ALL = [*CHANGES, ["shift", "rotation", "contrast", "noise", "cutout(2)"]]


@pytest.mark.parametrize("names", ALL, ids=str)
def test_a_row_comes_out_the_same_in_every_batch(names):
    x = images(sides=(6, 8))
    keys = step_keys(row_keys(x), 3, 5)
    augment = augmentation_pipeline(names)
    together = augment(x, keys)
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(0))
    assert_allclose(augment(x[order], keys[order]), together[order], atol=1e-13)
    for row in range(3):
        alone = augment(x[row : row + 1], keys[row : row + 1])
        assert_allclose(alone[0], together[row], atol=1e-13)


@pytest.mark.parametrize("names", ALL, ids=str)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_shape_and_dtype_stay_and_x_is_left_alone(names, dtype):
    x = images(sides=(6, 8), dtype=dtype)
    before = x.clone()
    out = augmentation_pipeline(names)(x, KEYS[:40])
    assert out.shape == x.shape
    assert out.dtype == dtype
    assert_array_equal(x, before)
    assert not torch.equal(out, x)


@pytest.mark.parametrize("names", ALL, ids=str)
def test_float32_draws_what_float64_draws(names):
    x = images(sides=(6, 8))
    augment = augmentation_pipeline(names)
    single = augment(x.float(), KEYS[:40])
    assert_allclose(single, augment(x, KEYS[:40]), atol=1e-4)


@pytest.mark.parametrize("name", CHANGES)
def test_strength_zero_changes_nothing(name):
    x = images()
    assert_array_equal(augmentation_pipeline(f"{name}(0)")(x, KEYS[:40]), x)
    out = AUGMENTATIONS[name].function(x, KEYS[:40], strength=0, salt=-1)
    assert_allclose(out, x, atol=1e-13)


@pytest.mark.parametrize("name", CHANGES)
def test_the_name_alone_takes_the_default_strength(name):
    x = images()
    explicit = augmentation_pipeline(f" {name}( {AUGMENTATIONS[name].strength} )")
    assert_array_equal(
        augmentation_pipeline(name)(x, KEYS[:40]), explicit(x, KEYS[:40])
    )


@pytest.mark.parametrize("bits", [-(2**31), -256, -1, 0, 2**31 - 1])
@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_extreme_draws_give_finite_images(name, bits, dtype, monkeypatch):
    def extreme(keys, shape, salt):
        return torch.full((len(keys), *shape), bits, dtype=torch.int32)

    monkeypatch.setattr(augmentation, "unit_bits", extreme)
    x = images(dtype=dtype)
    assert torch.isfinite(augmentation_pipeline(name)(x, KEYS[:40])).all()
    if "flip" in name:  # probabilities 0 and 1 leave nothing to chance
        assert not torch.equal(augmentation_pipeline(f"{name}(1)")(x, KEYS[:40]), x)


@pytest.mark.parametrize("name", CHANGES)
def test_draws_change_with_row_step_and_seed(name):
    x = images(1, sides=(6, 8)).expand(40, -1, -1, -1)
    augment = augmentation_pipeline(name)
    rows = torch.arange(40, dtype=torch.int32)
    out = augment(x, step_keys(rows, 3, 5))
    assert len(out.unique(dim=0)) > 1
    assert not torch.equal(out, augment(x, step_keys(rows, 3, 6)))
    assert not torch.equal(out, augment(x, step_keys(rows, 4, 5)))


def test_a_name_given_twice_draws_twice():
    x = torch.zeros(N, 1, 1, 1, dtype=torch.float64)
    once = augmentation_pipeline("brightness(1)")(x, KEYS).flatten()
    twice = augmentation_pipeline(["brightness(1)", "brightness(1)"])(x, KEYS).flatten()
    second = twice - once
    assert_uniform(second, -1, 1)
    assert abs(np.corrcoef(once, second)[0, 1]) < 4 / np.sqrt(N)


def test_changes_are_made_in_the_order_given():
    x = images(1)
    negate_last = augmentation_pipeline(("brightness", torch.neg))(x, KEYS[:1])
    negate_first = augmentation_pipeline((torch.neg, "brightness"))(x, KEYS[:1])
    added = -negate_last - x
    assert_allclose(added, added.mean().expand(x.shape))
    assert (negate_first + x).std() < 1e-12
    assert not torch.equal(negate_first, negate_last)


def test_none_gives_none_and_an_empty_list_nothing():
    assert augmentation_pipeline(None) is None
    x = images()
    assert_array_equal(augmentation_pipeline([])(x, KEYS[:40]), x)


def speckle(x, generator):
    return x * torch.rand(x.shape, generator=generator, dtype=x.dtype)


def test_a_pipeline_can_be_pickled():
    x = images()
    augment = augmentation_pipeline([*CHANGES, speckle])
    copy = pickle.loads(pickle.dumps(augment))
    assert_array_equal(copy(x, KEYS[:40]), augment(x, KEYS[:40]))


def test_a_callable_gets_the_images():
    x = images()
    assert_array_equal(
        augmentation_pipeline(lambda x: x.flip(3))(x, KEYS[:40]), x.flip(3)
    )


def test_a_callable_with_a_generator_draws_from_the_keys_alone():
    x = images()
    augment = augmentation_pipeline(speckle)
    torch.manual_seed(0)
    first = augment(x, KEYS[:40])
    torch.manual_seed(1)
    assert_array_equal(augment(x, KEYS[:40]), first)
    assert not torch.equal(augment(x, KEYS[40:80]), first)
    in_second_place = augmentation_pipeline([torch.clone, speckle])
    assert not torch.equal(in_second_place(x, KEYS[:40]), first)


def test_a_callable_may_work_in_place():
    x = images()
    before = x.clone()
    out = augmentation_pipeline(lambda x: x.mul_(2))(x, KEYS[:40])
    assert_array_equal(out, 2 * before)
    assert_array_equal(x, before)


def test_no_gradient_is_recorded():
    layer = torch.nn.Conv2d(2, 2, 1, dtype=torch.float64)
    assert not augmentation_pipeline(layer)(images(), KEYS[:40]).requires_grad


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda x: x[:, :1], r"got shape \(40, 1, 7, 10\), torch.float64"),
        (lambda x: x.float(), r"got shape \(40, 2, 7, 10\), torch.float32"),
        (lambda x: x.numpy(), "got ndarray"),
        (lambda x: None, "got NoneType"),
    ],
)
def test_a_callable_that_changes_the_shape_is_named(function, message):
    augment = augmentation_pipeline(["shift", function])
    with pytest.raises(ValueError, match=r"augmentation=<function.*" + message):
        augment(images(), KEYS[:40])


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("flip", r"augmentation='flip': 'flip' is unknown.*'horizontal_flip'"),
        (["shift", "mirror(2)"], r"augmentation=\['shift', .*'mirror\(2\)' is unknown"),
        (["shift", 3], "3 is unknown"),
        (3, "augmentation=3"),
        ("shift(2", r"'shift\(2' is unknown"),
        ("shift(2.5)", r"'shift' must be an int in .*as in 'shift\(2\)'; got '2.5'"),
        ("shift(-1)", "got '-1'"),
        ("shift(inf)", "got 'inf'"),
        ("rotation()", r"'rotation\(15.0\)'; got ''"),
        ("rotation(much)", "a float in the range .* got 'much'"),
        ("noise(nan)", "got 'nan'"),
        ("noise(inf)", "got 'inf'"),
        ("vertical_flip(1.1)", r"range \[0.0, 1.0\].*got '1.1'"),
        ("scale(1)", r"range \[0.0, 1.0\).*got '1'"),
        ("contrast(2)", "got '2'"),
    ],
)
def test_bad_values_are_named(value, message):
    with pytest.raises(ValueError, match=message):
        augmentation_pipeline(value)
