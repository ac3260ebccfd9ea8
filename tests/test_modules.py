"""Forward and backward passes written out, against torch's modules and autograd."""

import numpy as np
import pytest
import torch
from network_passes import (
    LINKS,
    N_MODELS,
    NETWORKS,
    Case,
    assert_passes_equal,
    batch_of,
    run,
)
from numpy.testing import assert_allclose, assert_array_equal
from scipy import signal

from sknn_course._engine.cost_model import CostModel
from sknn_course._engine.ops import stacked
from sknn_course._engine.ops.build import build_module
from sknn_course._engine.ops.parameters import ParameterLayout
from sknn_course._engine.ops.stacked import StackedNetwork
from sknn_course.layers import Conv2d, Dense, Flatten, LocalResponseNorm


@pytest.mark.parametrize("n_models", N_MODELS)
@pytest.mark.parametrize("name", NETWORKS)
def test_gradients_are_those_of_autograd(name, n_models):
    case = Case(*NETWORKS[name], n_models)
    outputs = run(case, case.network(), batch_of(case.inputs()))
    modules = case.modules()
    expected = [module(x) for module, x in zip(modules, case.x, strict=True)]
    assert_passes_equal(case, outputs, modules, expected)


@pytest.mark.parametrize("n_models", N_MODELS)
@pytest.mark.parametrize(
    "name", ["mlp, relu", "mlp, batch_norm=after", "cnn, tanh", "one output"]
)
@pytest.mark.parametrize("few_rows", [0, 100])
def test_gradients_by_transposed_products(few_rows, name, n_models, monkeypatch):
    costs = CostModel(transposed_inputs=0, transposed_rows=few_rows, looped_product=0)
    monkeypatch.setattr(stacked, "COSTS", costs)
    test_gradients_are_those_of_autograd(name, n_models)


@pytest.mark.parametrize("n_models", [None, 3])
@pytest.mark.parametrize("name", ["mlp, tanh", "cnn, relu", "cnn, batch_norm=True"])
def test_gradients_in_single_precision(name, n_models):
    case = Case(*NETWORKS[name], n_models, torch.float32)
    outputs = run(case, case.network(), batch_of(case.inputs()))
    assert outputs.dtype == case.grad.dtype == torch.float32
    modules = case.modules()
    expected = [module(x) for module, x in zip(modules, case.x, strict=True)]
    assert_passes_equal(case, outputs, modules, expected, 1e-4)


@pytest.mark.parametrize("n_models", [None, 2])
@pytest.mark.parametrize(
    "name",
    [
        "mlp, softplus",
        "mlp, batch_norm=before",
        "mlp, batch_norm=after",
        "kernel 2 x 3",
        "stride 2",
        "average pool 3 x 2",
        "max pool 2 x 3",
        "batch norm of images",
        "true convolution",
        "overlapping pool",
        "response norm",
        "softmax inside",
        "two activations",
    ],
)
def test_gradients_follow_finite_differences(name, n_models):
    case = Case(*NETWORKS[name], n_models)
    network = case.network()
    run(case, network, batch_of(case.inputs()))
    gradient = case.grad.clone()
    step, slopes = 1e-5, torch.empty_like(gradient)
    for place in range(len(slopes)):
        value, around = case.flat[place].item(), []
        for change in (step, -step):
            case.flat[place] = value + change
            around.append(
                network.forward(case.inputs(), batch_of(case.inputs())).sin().sum()
            )
        case.flat[place] = value
        slopes[place] = (around[0] - around[1]) / (2 * step)
    assert_allclose(gradient, slopes, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("n_models", N_MODELS)
@pytest.mark.parametrize("links", [LINKS, None])
def test_maps_that_are_not_linked_have_no_weights(links, n_models):
    layers = (Conv2d(4), Conv2d(4, 3, "valid", links=links), Flatten(), Dense(1))
    case = Case(layers, (2, 9, 7), n_models)
    run(case, case.network(), batch_of(case.inputs()))
    place = [p for p in case.layout.parameters if p.role == "weight"][1]
    is_linked = [[links is None or m in links[n] for m in range(4)] for n in range(4)]
    for flat in (case.flat, case.grad):
        rows = case.split(flat, case.layout.parameters)
        kernels = rows[:, place.start : place.stop].view(-1, *place.shape)
        assert_array_equal((kernels != 0).all((0, 3, 4)), is_linked)
        assert_array_equal((kernels != 0).any(0).any(-1).any(-1), is_linked)
    module = case.modules()[0]
    outputs = module(case.x[0]).detach()
    module[1].weight.detach()[~torch.tensor(is_linked)] = 7.0
    assert_array_equal(module(case.x[0]).detach(), outputs)


def test_convolutions_of_fman45():
    """Lund FMAN45 assignment 3: its example is the cross-correlation."""
    x = torch.arange(1.0, 17.0).view(1, 1, 4, 4)
    kernel = torch.tensor([-1.0, 1.0, 0.0, 1.0])
    for flipped, expected in (
        (False, [[7, 8, 9], [11, 12, 13], [15, 16, 17]]),
        (True, [[0, 1, 2], [4, 5, 6], [8, 9, 10]]),
    ):
        layout = ParameterLayout((Conv2d(1, 2, "valid", flipped=flipped),), (1, 4, 4))
        flat = torch.cat([kernel, torch.zeros(1)])
        module = build_module(layout, flat, torch.zeros(0))
        assert_array_equal(module(x)[0, 0].detach(), expected)
        network = StackedNetwork(
            layout, flat, flat.clone(), torch.zeros(0), None, [None]
        )
        assert_array_equal(network.forward(x, batch_of(x))[0, 0], expected)


def test_true_convolution_is_scipys():
    rng = np.random.RandomState(0)
    x, kernel = rng.normal(size=(7, 8)), rng.normal(size=(3, 4))
    layout = ParameterLayout((Conv2d(1, (3, 4), "valid", flipped=True),), (1, 7, 8))
    flat = torch.from_numpy(np.append(kernel, 0.0))
    module = build_module(layout, flat, torch.zeros(0))
    output = module(torch.from_numpy(x)[None, None])[0, 0].detach()
    assert_allclose(output, signal.convolve2d(x, kernel, "valid"))


def test_response_norm_is_krizhevskys():
    """b_i = a_i / (k + alpha sum a_j^2)^beta, j within n / 2 of i [NeurIPS 2012]."""
    layer = LocalResponseNorm()
    n, k, alpha, beta = 5, 2, 1e-4, 0.75
    a = 100 * np.random.RandomState(0).normal(size=(2, 8, 3, 4))
    b = np.empty_like(a)
    for i in range(8):
        near = a[:, max(0, i - n // 2) : min(7, i + n // 2) + 1]
        b[:, i] = a[:, i] / (k + alpha * (near**2).sum(1)) ** beta
    layout = ParameterLayout((layer,), a.shape[1:])
    nothing = torch.zeros(0)
    assert_allclose(build_module(layout, nothing, nothing)(torch.from_numpy(a)), b)


def test_modules_of_sparse_convolutions_say_so():
    layers = (Conv2d(4, 3, "valid", links=LINKS, flipped=True),)
    layout = ParameterLayout(layers, (4, 5, 5))
    module = build_module(layout, torch.zeros(layout.n_parameters), torch.zeros(0))
    assert "kernel_size=(3, 3)" in repr(module[0])
    assert "links=8 of 16, flipped=True" in repr(module[0])
    assert list(module.state_dict()) == ["0.weight", "0.bias"]


@pytest.mark.parametrize("n_models", N_MODELS)
def test_the_input_is_left_alone(n_models):
    case = Case(*NETWORKS["activation first"], n_models)
    before = case.x.clone()
    for training in (True, False):
        x = case.inputs()
        case.network().forward(x, batch_of(x) if training else None)
        assert_array_equal(case.x, before)
