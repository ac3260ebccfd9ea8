"""Initial weights and biases, against torch.nn.init and scikit-learn."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from torch import nn

from sknn_course._engine.ops.initialisers import (
    BIAS_NAMES,
    NAMES,
    initial_parameters,
    is_initialiser,
)
from sknn_course._engine.ops.parameters import ParameterLayout
from sknn_course.layers import Conv2d, Dense, GlobalAveragePool

SHAPES = {  # of convolutions: (filters, kernel_size, channels)
    "3 x 3": (64, 3, 32),
    "5 x 5, few filters": (8, 5, 64),
    "1 x 7": (64, (1, 7), 32),
}
TORCHS = {
    "glorot": nn.init.xavier_uniform_,
    "glorot_uniform": nn.init.xavier_uniform_,
    "glorot_normal": nn.init.xavier_normal_,
    "he_uniform": lambda w: nn.init.kaiming_uniform_(w, nonlinearity="relu"),
    "he_normal": lambda w: nn.init.kaiming_normal_(w, nonlinearity="relu"),
    "lecun_uniform": lambda w: nn.init.kaiming_uniform_(w, nonlinearity="linear"),
    "lecun_normal": lambda w: nn.init.kaiming_normal_(w, nonlinearity="linear"),
    "uniform(0.2)": lambda w: nn.init.uniform_(w, -0.2, 0.2),
    "normal(0.2)": lambda w: nn.init.normal_(w, 0.0, 0.2),
    "zeros": nn.init.zeros_,
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("weight_init", TORCHS)
def test_initial_kernels_have_the_spread_of_torchs(weight_init, shape):
    filters, kernel_size, channels = SHAPES[shape]
    layers = (Conv2d(filters, kernel_size), GlobalAveragePool(), Dense(1))
    layout = ParameterLayout(layers, (channels, 8, 8))
    flat = initial_parameters(
        layout, weight_init, "zeros", "relu", np.random.RandomState(0)
    )
    place = layout.parameters[0]
    kernels = flat[place.start : place.stop]
    torch.manual_seed(0)
    reference = TORCHS[weight_init](torch.empty(place.shape)).numpy()
    assert_allclose(kernels.std(), reference.std(), rtol=0.04)
    if "normal" not in weight_init:
        assert_allclose(np.abs(kernels).max(), np.abs(reference).max(), rtol=0.01)
    assert_allclose(kernels.mean(), 0, atol=4 * reference.std() / kernels.size**0.5)
    assert not flat[layout.n_weights :].any()


def test_logistic_units_start_smaller():
    """Scikit-learn's rule: bounds sqrt(2 / (fan_in + fan_out)), not sqrt(6 / ...)."""
    layout = ParameterLayout((Conv2d(50, 3), GlobalAveragePool(), Dense(1)), (20, 8, 8))
    flat = {
        activation: initial_parameters(
            layout, "glorot", "auto", activation, np.random.RandomState(0)
        )
        for activation in ("logistic", "tanh")
    }
    assert_allclose(flat["tanh"], flat["logistic"] * 3**0.5, atol=1e-15)
    kernels = flat["logistic"][: 50 * 20 * 9]
    assert_allclose(np.abs(kernels).max(), (2 / (9 * 70)) ** 0.5, rtol=1e-3)


def test_initial_weights_of_linked_maps_alone():
    """Their spread is that of the number of inputs that they have."""
    links = tuple(tuple((n + m) % 40 for m in range(10)) for n in range(64))
    layers = (Conv2d(64, 5, links=links), GlobalAveragePool(), Dense(1))
    layout = ParameterLayout(layers, (40, 8, 8))
    flat = initial_parameters(
        layout, "he_normal", "zeros", "relu", np.random.RandomState(0)
    )
    kernels = flat[: 64 * 40 * 25].reshape(64, 40, 25)
    assert_array_equal((kernels != 0).all(2), layers[0].is_linked((40, 8, 8)))
    linked = kernels[kernels != 0]
    assert len(linked) == 64 * 10 * 25
    assert_allclose(linked.std(), (2 / (10 * 25)) ** 0.5, rtol=0.03)


@pytest.mark.parametrize(
    ("name", "valid"),
    [
        *[(name, True) for name in NAMES],
        ("uniform(0.1)", True),
        ("normal(1e-3)", True),
        ("uniform()", False),
        ("uniform(-1)", False),
        ("normal(0)", False),
        ("normal(nan)", False),
        ("normal(inf)", False),
        ("he_normal(2)", False),
        ("orthogonal", False),
        (None, False),
    ],
)
def test_names_of_initialisers(name, valid):
    assert is_initialiser(name) == valid
    if valid and "_" not in name and name != "glorot":
        assert is_initialiser(name, BIAS_NAMES)
