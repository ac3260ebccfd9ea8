"""Schedules of the learning rate."""

from types import SimpleNamespace

import pytest
import torch
from numpy.testing import assert_allclose
from torch.optim.lr_scheduler import OneCycleLR

from sknn_course._engine.schedules import of_settings, one_cycle


@pytest.mark.parametrize("n_steps", [2, 3, 4, 5, 7, 10, 11, 100])
def test_one_cycle_is_torchs_for_any_number_of_steps(n_steps):
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr=0.1)
    schedule = OneCycleLR(optimizer, 0.1, total_steps=n_steps)
    settings = SimpleNamespace(learning_rate_init=0.1)
    for step in range(n_steps):
        own = one_cycle(settings, step, n_steps)
        assert_allclose(own, schedule.get_last_lr()[0], rtol=1e-9)
        optimizer.step()
        if step < n_steps - 1:
            schedule.step()
    # where training goes on, the rate stays
    assert one_cycle(settings, n_steps, n_steps) == own
    assert one_cycle(settings, 10 * n_steps, n_steps) == own


@pytest.mark.parametrize("solver", ["sgd", "adam", "rmsprop"])
@pytest.mark.parametrize("name", ["constant", "invscaling", "adaptive", "cosine"])
def test_adam_does_without_scikit_learns_schedules(solver, name):
    settings = SimpleNamespace(solver=solver, learning_rate=name)
    ignored = solver == "adam" and name in ("invscaling", "adaptive")
    assert of_settings(settings) == ("constant" if ignored else name)
