"""Random numbers from counters: their distributions, masks, and keys of rows."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

from sknn_course._engine.ops.counter_random import (
    keep_mask,
    keep_rule,
    mix,
    normal,
    row_keys,
    step_keys,
    uniform,
    unit_bits,
)


def fmix32(h):
    """The finaliser of MurmurHash3 in Python's integers."""
    h ^= h >> 16
    h = h * 0x85EBCA6B % 2**32
    h ^= h >> 13
    h = h * 0xC2B2AE35 % 2**32
    return h ^ h >> 16


def test_mix_is_the_finaliser_of_murmurhash():
    numbers = np.random.RandomState(0).randint(-(2**31), 2**31, 2000)
    numbers = torch.from_numpy(np.append(numbers, [0, 1, -1, 2**31 - 1, -(2**31)]))
    mixed = mix(numbers.int()).numpy().astype(np.uint32)
    assert_array_equal(mixed, [fmix32(int(n) % 2**32) for n in numbers])
    assert fmix32(1) == 0x514E28B7  # a published value
    assert len(mix(torch.arange(2**20, dtype=torch.int32)).unique()) == 2**20


SIZE = 2**16


def draws(axis, seed=0):
    """Hashes along one of the counters, all else being equal, as tensors of SIZE."""
    one = torch.tensor([12345], dtype=torch.int32)
    if axis == "unit":
        return unit_bits(step_keys(one, seed, 3), (SIZE,), 2).ravel()
    if axis == "row":
        X = torch.arange(SIZE, dtype=torch.float64).unsqueeze(1)
        return unit_bits(step_keys(row_keys(X), seed, 3), (1,), 2).ravel()
    if axis == "step":
        steps = torch.arange(SIZE, dtype=torch.int32).unsqueeze(1)
        return unit_bits(step_keys(one, seed, steps), (1,), 2).ravel()
    if axis == "seed":
        seeds = torch.arange(SIZE, dtype=torch.int32).unsqueeze(1)
        return unit_bits(step_keys(one, seeds, 3), (1,), 2).ravel()
    # layers, of which there are few: 64, with 1024 units each
    keys = step_keys(one, seed, 3)
    bits = [unit_bits(keys, (SIZE // 64,), layer).ravel() for layer in range(64)]
    return torch.stack(bits, 1).ravel()


AXES = ["unit", "row", "step", "seed", "layer"]


@pytest.mark.parametrize("seed", [0, 1, 2**31 - 1])
@pytest.mark.parametrize("axis", AXES)
def test_numbers_are_uniform_and_successive_ones_independent(axis, seed):
    u = uniform(draws(axis, seed), torch.float64).numpy()
    assert 1e-4 < stats.chisquare(np.histogram(u, 256, (0, 1))[0]).pvalue < 1 - 1e-4
    assert stats.kstest(u, "uniform").pvalue > 1e-4
    for lag in (1, 2, 64):
        pairs, _, _ = np.histogram2d(u[:-lag], u[lag:], 16, [[0, 1], [0, 1]])
        assert 1e-4 < stats.chisquare(pairs.ravel()).pvalue < 1 - 1e-4


@pytest.mark.parametrize("bit", [31, 30, 16, 9])
@pytest.mark.parametrize("axis", AXES)
def test_each_bit_is_a_fair_coin(axis, bit):
    ones = int(((draws(axis) >> bit) & 1).sum())
    assert 1e-4 < stats.binomtest(ones, SIZE).pvalue


def test_rows_units_layers_and_steps_draw_independently():
    X = torch.randn(64, 8, generator=torch.Generator().manual_seed(0))
    keys = row_keys(X)
    u = torch.stack(
        [
            uniform(unit_bits(step_keys(keys, 7, step), (64,), layer), torch.float64)
            for step in (1, 2)
            for layer in (0, 1)
        ]
    )  # (4, rows, units)
    for one in range(4):
        for other in range(one):
            r = np.corrcoef(u[one].ravel(), u[other].ravel())[0, 1]
            assert abs(r) < 4 / 64
    r = np.corrcoef(u[0])  # between rows
    assert np.abs(r - np.eye(64)).max() < 5 / 64**0.5
    r = np.corrcoef(u[0].T)  # between units
    assert np.abs(r - np.eye(64)).max() < 5 / 64**0.5


def test_a_row_draws_the_same_in_every_batch():
    X = torch.randn(40, 3, generator=torch.Generator().manual_seed(0))
    place = torch.randperm(40, generator=torch.Generator().manual_seed(1))[:25]
    bits = unit_bits(step_keys(row_keys(X), 7, 11), (4, 5), 3)
    own = unit_bits(step_keys(row_keys(X[place]), 7, 11), (4, 5), 3)
    assert bits.shape == (40, 4, 5)
    assert_array_equal(own, bits[place])


def test_a_network_draws_the_same_in_every_stack():
    keys = row_keys(torch.randn(6, 3, generator=torch.Generator().manual_seed(0)))
    seeds, steps = [3, 2**31 - 1, 0], [1, 100_000, 7]
    alone = torch.stack(
        [step_keys(keys, seed, step) for seed, step in zip(seeds, steps, strict=True)]
    )
    column = [torch.tensor(v, dtype=torch.int32).unsqueeze(1) for v in (seeds, steps)]
    assert_array_equal(step_keys(keys.expand(3, 6), *column), alone)
    same_step = torch.stack([step_keys(keys, seed, 9) for seed in seeds])
    assert_array_equal(step_keys(keys.expand(3, 6), column[0], 9), same_step)


def test_rows_do_not_trade_their_numbers_between_seeds():
    """As they would if keys were the sum, without carry, of row and seed."""
    rows = row_keys(torch.randn(500, 3, generator=torch.Generator().manual_seed(0)))
    one, other = 12345, 2**30 + 99
    swapped = step_keys(rows ^ one ^ other, other, 0)
    assert not (step_keys(rows, one, 0) == swapped).any()


def test_keys_tell_rows_apart_by_their_values():
    X = torch.from_numpy(np.random.RandomState(0).normal(size=(20_000, 4))).float()
    keys = row_keys(X)
    assert keys.dtype == torch.int32
    assert len(keys.unique()) >= 20_000 - 1  # 0.05 equal pairs are expected
    assert_array_equal(row_keys(X.double()), keys)
    assert_array_equal(row_keys(X.reshape(-1, 2, 1, 2)), keys)
    assert_array_equal(row_keys(X.t().contiguous().t()), keys)
    assert not (row_keys(X.flip(1)) == keys).any()
    first = X[:1].expand(3, 4).clone()
    first[1, 2] = torch.nextafter(first[1, 2], torch.tensor(9.0))
    one, nearly, same = row_keys(first)
    assert one == same != nearly


def test_equal_rows_have_equal_keys():
    zeros = torch.tensor([[0.0, 1.0], [-0.0, 1.0]])
    one, other = row_keys(zeros)
    assert one == other


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("rate", [0.01, 0.3, 0.5, 0.9])
def test_values_are_kept_at_the_given_rate(rate, dtype):
    bits = draws("row")
    mask = keep_mask(bits, *keep_rule(rate, dtype))
    assert mask.dtype == dtype
    kept = int((mask > 0).sum())
    assert 1e-4 < stats.binomtest(kept, SIZE, 1 - rate).pvalue
    values = mask.unique().numpy()
    assert_allclose(values, [0, 1 / (1 - rate)], rtol=1e-6)
    rates = [rate, 0.0, rate / 2]
    each = [keep_mask(bits, *keep_rule(r, dtype)) for r in rates]
    column = torch.tensor(rates, dtype=torch.float64).view(3, 1)
    assert torch.equal(
        keep_mask(bits.expand(3, SIZE), *keep_rule(column, dtype)), torch.stack(each)
    )
    assert (each[1] == 1).all()
    assert (each[0] > 0).sum() < (each[2] > 0).sum()


EXTREMES = torch.tensor([-1, 0, 1, 2**31 - 1, -(2**31), 511, 512], dtype=torch.int32)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_extreme_hashes_give_finite_numbers(dtype):
    u = uniform(EXTREMES, dtype)
    assert u.dtype == dtype
    assert (u > 0).all()
    assert (u < 1).all()
    assert_array_equal(u, uniform(EXTREMES, torch.float64))
    z = normal(EXTREMES, dtype)
    assert torch.isfinite(z).all()
    assert_allclose(z.double(), stats.norm.ppf(u.double()), rtol=1e-5, atol=1e-6)
    for rate in (0.0, 1e-9, 0.5, 1 - 1e-9):
        mask = keep_mask(EXTREMES, *keep_rule(rate, torch.float64))
        assert torch.isfinite(mask).all()
    assert (keep_mask(EXTREMES, *keep_rule(0.0, dtype)) == 1).all()


@pytest.mark.parametrize("axis", AXES)
def test_normal_numbers_have_normal_moments(axis):
    z = normal(draws(axis), torch.float64).numpy()
    # standard errors of the moments of N(0, 1): 1, sqrt 2, sqrt 15, sqrt 96
    for power, moment, spread in ((1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96)):
        assert abs(np.mean(z**power) - moment) < 4 * (spread / SIZE) ** 0.5
    assert stats.kstest(z, "norm").pvalue > 1e-4
    single = normal(draws(axis), torch.float32).numpy()
    assert_allclose(single, z, rtol=1e-4, atol=1e-6)
