"""Flat parameters and buffers: their order, in stacks, and as modules of torch."""

import numpy as np
import pytest
import torch
from network_passes import N_ROWS, NETWORKS, Case, assert_close, batch_of, mlp, run
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.neural_network import MLPClassifier
from sklearn.neural_network._multilayer_perceptron import _pack
from torch import nn

from sknn_course._engine.ops.build import bind_module, build_module, read_module
from sknn_course._engine.ops.initialisers import initial_parameters
from sknn_course._engine.ops.parameters import ParameterLayout
from sknn_course.architectures import multilayer_perceptron
from sknn_course.layers import Dense, GaussianNoise

# --- parameters ---


@pytest.mark.parametrize("hidden", [(), (7,), (5, 6, 4)])
@pytest.mark.parametrize("activation", ["relu", "logistic"])
def test_order_of_parameters_is_scikit_learns(hidden, activation):
    X = np.random.RandomState(0).normal(size=(30, 4))
    sklearns = MLPClassifier(
        hidden,
        activation,
        solver="sgd",
        learning_rate_init=1e-300,
        max_iter=1,
        random_state=3,
    )
    with pytest.warns(UserWarning, match="Maximum iterations"):
        sklearns.fit(X, np.arange(30) % 3)
    layers = multilayer_perceptron(hidden, 3, activation=activation)
    layout = ParameterLayout(layers, (4,))
    flat = initial_parameters(
        layout, "glorot", "auto", activation, np.random.RandomState(3)
    )
    assert_array_equal(flat, _pack(sklearns.coefs_, sklearns.intercepts_))
    weights = [p.shape for p in layout.parameters if p.role == "weight"]
    assert weights == [coef.shape for coef in sklearns.coefs_]
    assert layout.n_weights == sum(coef.size for coef in sklearns.coefs_)
    assert layout.n_biases == sum(b.size for b in sklearns.intercepts_)


def test_scales_and_shifts_follow_the_biases():
    layout = ParameterLayout(*mlp(batch_norm="before"))
    roles = [p.role for p in layout.parameters]
    assert roles == ["weight"] * 3 + ["bias"] * 3 + ["scale", "shift"] * 2
    starts = [p.start for p in layout.parameters]
    assert starts == [0, *[p.stop for p in layout.parameters[:-1]]]
    assert layout.parameters[-1].stop == layout.n_parameters
    flat = torch.from_numpy(
        initial_parameters(layout, "glorot", "auto", "relu", np.random.RandomState(0))
    )
    buffers = layout.initial_buffers(torch.float64)
    fresh = nn.BatchNorm1d(5)
    norm = build_module(layout, flat, buffers)[1]
    for name, value in fresh.state_dict().items():
        if name != "num_batches_tracked":
            assert_array_equal(getattr(norm, name).detach(), value)


@pytest.mark.parametrize("name", ["mlp, relu, batch_norm", "cnn, batch_norm=after"])
def test_parameters_go_into_a_stack_and_back(name):
    layout = ParameterLayout(*NETWORKS[name])
    for places, length in (
        (layout.parameters, layout.n_parameters),
        (layout.buffers, layout.n_buffers),
    ):
        rows = torch.arange(3.0 * length).view(3, length)
        flat = layout.stack(list(rows), places)
        assert_array_equal(layout.unstack(flat, places, 3), rows)
    flats = torch.randn(3, layout.n_parameters)
    buffers = torch.randn(3, layout.n_buffers)
    stacked = layout.views(
        layout.stack(list(flats), layout.parameters),
        layout.stack(list(buffers), layout.buffers),
        3,
    )
    for k in range(3):
        for place, own in layout.views(flats[k], buffers[k]).items():
            assert_array_equal(stacked[place][k], own)


# --- modules ---


@pytest.mark.parametrize(
    "name", ["mlp, relu, batch_norm", "cnn, batch_norm=True", "cnn, relu"]
)
def test_what_is_built_can_be_read(name):
    case = Case(*NETWORKS[name], None)
    module = build_module(case.layout, case.flats[0], case.buffers[0])
    assert not module.training
    flat, buffers = torch.zeros_like(case.flats[0]), torch.zeros_like(case.buffers[0])
    read_module(module, case.layout, flat, buffers)
    assert_array_equal(flat, case.flats[0])
    assert_array_equal(buffers, case.buffers[0])
    counts = sum(p.numel() for p in module.parameters())
    assert counts == case.layout.n_parameters
    # a copy: training the module leaves the flat parameters alone
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.zero_()
    assert_array_equal(flat, case.flats[0])


def test_modules_are_torchs_own():
    layers, shape = mlp("relu", dropout=[0.0, 0.3], noise=0.1, batch_norm="before")
    layout = ParameterLayout(layers, shape)
    flat = torch.zeros(layout.n_parameters)
    module = build_module(layout, flat, layout.initial_buffers(flat.dtype))
    names = [type(part).__name__ for part in module]
    block = ["Linear", "BatchNorm1d", "ReLU"]
    noise = "GaussianNoise"
    assert names == [*block, noise, *block, "Dropout", noise, "Linear"]
    assert module[7].p == 0.3
    assert repr(module[3]) == "GaussianNoise(std=0.1)"


def test_noise_of_a_module():
    layout = ParameterLayout((GaussianNoise(0.5), Dense(1)), (3,))
    noise = build_module(layout, torch.zeros(4), torch.zeros(0))[0]
    x = torch.zeros(10_000, 3)
    assert_array_equal(noise(x), x)
    torch.manual_seed(0)
    assert_allclose(noise.train()(x).std(), 0.5, rtol=0.02)


@pytest.mark.parametrize("name", ["mlp, batch_norm=after", "cnn, batch_norm=True"])
def test_a_bound_module_shares_memory(name):
    case = Case(*NETWORKS[name], None)
    network = case.network()
    module = build_module(case.layout, case.flats[0] * 0, case.buffers[0] * 0).train()
    bind_module(module, case.layout, case.flat, case.stats, case.grad)
    outputs = run(case, network, batch_of(case.inputs()))
    for parameter in module.parameters():
        assert torch.isfinite(parameter.grad).all()
    with torch.no_grad():  # a step made by torch moves the flat parameters
        torch.optim.SGD(module.parameters(), lr=0.1).step()
    assert_close(case.flat, case.flats[0] - 0.1 * case.grad)
    [reference] = case.modules()
    reference(case.x[0])
    for name, value in reference.named_buffers():
        if "running" in name:  # of the stacked pass
            assert_close(module.state_dict()[name], value)
    assert outputs.shape == (1, N_ROWS, 3)
