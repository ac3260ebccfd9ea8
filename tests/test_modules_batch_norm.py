"""Batch normalisation in passes written out: running statistics, weights of rows."""

import pytest
import torch
from network_passes import N_MODELS, N_ROWS, NETWORKS, Case, assert_close, batch_of, run
from numpy.testing import assert_array_equal

from sknn_course.layers import BatchNorm


@pytest.mark.parametrize("n_models", N_MODELS)
@pytest.mark.parametrize("name", ["mlp, relu, batch_norm", "cnn, batch_norm=after"])
def test_evaluation_uses_running_statistics(name, n_models):
    case = Case(*NETWORKS[name], n_models)
    network, modules = case.network(), case.modules()
    for x in (case.x, 2 * case.x + 1, case.x.flip(1)[:, :4]):
        network.forward(case.inputs(x), batch_of(case.inputs(x)))
        for module, own in zip(modules, x, strict=True):
            module(own)
    before = case.stats.clone()
    outputs = network.forward(case.inputs())
    assert_array_equal(before, case.stats)
    expected = [m.eval()(x) for m, x in zip(modules, case.x, strict=True)]
    assert_close(outputs if n_models else outputs[None], torch.stack(expected))
    _, buffers = case.gradients([_with_gradients(m) for m in modules])
    assert_close(case.split(case.stats, case.layout.buffers), buffers)


def _with_gradients(module):
    for parameter in module.parameters():
        parameter.grad = torch.zeros_like(parameter)
    return module


# --- row weights ---


@pytest.mark.parametrize("n_models", N_MODELS)
@pytest.mark.parametrize(
    "name",
    ["mlp, batch_norm=before", "mlp, batch_norm=after", "cnn, batch_norm=True"],
)
def test_a_weighted_row_is_the_row_repeated(name, n_models):
    case = Case(*NETWORKS[name], n_models)
    weight = torch.tensor([[1, 2, 0, 3, 1, 1], [4, 0, 0, 0, 1, 2], [1, 1, 1, 1, 1, 1]])
    weight = weight[: case.K].double().unsqueeze(-1)  # (K, n_rows, 1)
    own = weight if n_models else weight[0]
    outputs = run(case, case.network(), batch_of(case.inputs(), own), row_weight=own)
    modules = case.modules()
    expected = []
    for module, x, w in zip(modules, case.x, weight, strict=True):
        rows = torch.arange(N_ROWS).repeat_interleave(w[:, 0].long())
        expected.append((rows, module(x[rows])))
    for k, (rows, of_rows) in enumerate(expected):
        assert_close(outputs[k][rows], of_rows)
    sum(of_rows.sin().sum() for _, of_rows in expected).backward()
    grads, buffers = case.gradients(modules)
    assert_close(case.split(case.grad, case.layout.parameters), grads)
    assert_close(case.split(case.stats, case.layout.buffers), buffers)


@pytest.mark.parametrize("scale", [1.0, 0.3, 1 / N_ROWS, 1.0001 / N_ROWS, 1e-3])
@pytest.mark.parametrize("name", ["mlp, batch_norm=before", "cnn, batch_norm=True"])
def test_weights_below_one_count_as_rows(name, scale):
    """Also where they sum to one, of which the unbiased variance is infinite."""
    case = Case(*NETWORKS[name], 2)
    weight = torch.full((2, N_ROWS, 1), scale, dtype=torch.float64)
    outputs = case.network().forward(case.inputs(), batch_of(case.inputs(), weight))
    statistics = case.split(case.stats, case.layout.buffers)
    modules = case.modules()
    expected = [module(x) for module, x in zip(modules, case.x, strict=True)]
    assert_close(outputs, torch.stack(expected))
    _, buffers = case.gradients([_with_gradients(m) for m in modules])
    assert_close(statistics, buffers)


@pytest.mark.parametrize("name", ["mlp, batch_norm=after", "cnn, batch_norm=True"])
def test_a_batch_without_weight_changes_nothing(name):
    case = Case(*NETWORKS[name], 2)
    network = case.network()
    weight = torch.ones(2, N_ROWS, 1, dtype=torch.float64)
    weight[1] = 0
    outputs = run(case, network, batch_of(case.inputs(), weight), row_weight=weight)
    assert torch.isfinite(outputs).all()
    grads = case.split(case.grad, case.layout.parameters)
    statistics = case.split(case.stats, case.layout.buffers)
    assert grads[0].any()
    assert not grads[1].any()
    assert (statistics[0] != case.buffers[0]).all()
    assert_array_equal(statistics[1], case.buffers[1])


@pytest.mark.parametrize("n_models", N_MODELS)
@pytest.mark.parametrize("name", ["mlp, batch_norm=before", "cnn, batch_norm=True"])
def test_biases_before_batch_norm_have_no_gradient(name, n_models):
    """Rounding would be left of it, of which adam makes whole steps."""
    case = Case(*NETWORKS[name], n_models, torch.float32)
    run(case, case.network(), batch_of(case.inputs()))
    grads = case.split(case.grad, case.layout.parameters)
    layers = case.layout.layers
    biases = [p for p in case.layout.parameters if p.role == "bias"]
    before = [
        p.layer + 1 < len(layers) and isinstance(layers[p.layer + 1], BatchNorm)
        for p in biases
    ]
    assert True in before
    assert False in before
    for place, is_before in zip(biases, before, strict=True):
        assert grads[:, place.start : place.stop].any() != is_before


@pytest.mark.parametrize("name", ["mlp, batch_norm=before", "cnn, batch_norm=True"])
def test_a_batch_of_one_row_keeps_its_variance(name):
    """The unbiased variance of one value would be infinite."""
    case = Case(*NETWORKS[name], 2)
    network = case.network()
    network.forward(
        case.x[:, :1], batch_of(case.x[:, :1], torch.ones(2, 1, 1).double())
    )
    weighted = case.stats.clone()
    network = case.network()
    network.forward(case.x[:, :1], batch_of(case.x[:, :1]))
    assert torch.isfinite(weighted).all()
    assert_close(weighted, case.stats)
