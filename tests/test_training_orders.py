"""Orders of rows, drawn and shared by jobs."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.utils import check_random_state, shuffle
from training_jobs import job

from sknn_course._engine.permutations import RowPermutations


@pytest.mark.parametrize("shuffled", [True, False])
def test_orders_are_those_of_scikit_learns_shuffle(shuffled):
    fit = job(n=20, shuffle=shuffled)
    fit.rng, rng = np.random.RandomState(5), np.random.RandomState(5)
    orders, expected = RowPermutations([fit]), np.arange(20)
    for _ in range(3):
        (order,) = orders.next([0])
        if shuffled:
            expected = shuffle(expected, random_state=rng)
        assert_array_equal(order, expected)


def seeded(seed, n=20, **settings):
    fit = job(n=n, **settings)
    fit.rng = check_random_state(seed)
    return fit


def test_jobs_share_the_orders_that_each_would_draw():
    def make():
        pcg = (np.random.RandomState(np.random.PCG64(3)) for _ in range(2))
        last = seeded(5), seeded(5, shuffle=False), *map(seeded, pcg)
        return [seeded(5), seeded(6), seeded(5), seeded(5, n=12), seeded(6), *last]

    jobs, alone = make(), make()
    together, each = RowPermutations(jobs), [RowPermutations([one]) for one in alone]
    running = list(range(len(jobs)))
    for ended in (0, 4, 2, None, None):  # in their epochs
        orders = together.next(running)
        for k in running:
            (expected,) = each[k].next([0])
            assert_array_equal(orders[k], expected)
        if ended is not None:
            together.end(ended, jobs[ended])
            running.remove(ended)
    assert orders[7] is orders[8] is not orders[5]
    together.select(running)
    for place, k in enumerate(running):
        together.end(place, jobs[k])
    for one, other in zip(jobs, alone, strict=True):
        assert one.rng.randint(2**31) == other.rng.randint(2**31)


def test_jobs_of_one_generator_have_different_orders():
    rng = np.random.RandomState(5)
    one, other = RowPermutations([seeded(rng), seeded(rng)]).next([0, 1])
    expected = np.random.RandomState(5)
    assert_array_equal(one, shuffle(np.arange(20), random_state=expected))
    assert_array_equal(other, shuffle(np.arange(20), random_state=expected))


def test_merged_rows_draw_as_many_numbers_as_all_rows():
    one, other = job(n=20), job(n=20)
    other.train.X, other.train.y = other.train.X[:9], other.train.y[:9]
    assert_array_equal(RowPermutations([other]).next([0])[0], np.arange(9))
    RowPermutations([one]).next([0])
    assert one.rng.randint(2**31) == other.rng.randint(2**31)
