"""Dropout and noise in passes written out, with the numbers that are drawn."""

import pytest
import torch
from network_passes import (
    N_MODELS,
    N_ROWS,
    Case,
    assert_close,
    assert_passes_equal,
    batch_of,
    cnn,
    mlp,
    run,
)
from torch import nn

from sknn_course._engine.ops.build import build_module
from sknn_course._engine.ops.counter_random import (
    keep_mask,
    keep_rule,
    normal,
    row_keys,
    step_keys,
    unit_bits,
)
from sknn_course.layers import Dense, Dropout, GaussianNoise, is_active


class Fixed(nn.Module):
    """A function in place of a random layer."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


RANDOM = {
    "mlp": mlp(dropout=0.4, input_dropout=0.2, noise=0.3),
    "mlp, one rate": mlp(dropout=[0.0, 0.5]),
    "mlp, batch_norm": mlp(dropout=0.3, batch_norm=True, noise=0.1),
    "cnn": cnn(dropout=0.3, conv_dropout=[0.2, 0.4], input_dropout=0.1, noise=0.2),
}


def _modules_with_drawn_numbers(case, keys, strengths):
    """Modules whose random layers use the numbers drawn from the keys."""
    modules = case.modules()
    for k, module in enumerate(modules):
        at = 0
        for index, layer in enumerate(case.layout.layers):
            strength = strengths[k][index]
            if not is_active(layer):
                continue
            bits = unit_bits(keys[k], case.layout.shapes[index], index)
            if isinstance(layer, Dropout):
                mask = keep_mask(bits, *keep_rule(strength, torch.float64))
                module[at] = Fixed(lambda x, mask=mask: x * mask)
            elif isinstance(layer, GaussianNoise):
                noise = strength * normal(bits, torch.float64)
                module[at] = Fixed(lambda x, noise=noise: x + noise)
            at += 1
    return modules


@pytest.mark.parametrize("n_models", N_MODELS)
@pytest.mark.parametrize("name", RANDOM)
def test_dropout_and_noise_with_the_drawn_numbers(name, n_models):
    case = Case(*RANDOM[name], n_models)
    rows = row_keys(case.x.flatten(0, 1)).unflatten(0, (case.K, N_ROWS))
    keys = step_keys(rows, 5, 7)
    of_layers = [
        getattr(layer, "rate", getattr(layer, "std", None))
        for layer in case.layout.layers
    ]
    strengths = [of_layers] * case.K
    stacked = of_layers
    if n_models == 3:  # a strength of its own for each network
        strengths = [
            [s if s is None or s == 0 else s * share for s in of_layers]
            for share in (0.0, 1.0, 0.5)
        ]
        stacked = [list(s) if any(s) else s[0] for s in zip(*strengths, strict=True)]
    network = case.network(stacked)
    assert network.needs_keys
    own_keys = keys if n_models else keys[0]
    outputs = run(case, network, batch_of(case.inputs(), keys=own_keys))
    modules = _modules_with_drawn_numbers(case, keys, strengths)
    expected = [module(x) for module, x in zip(modules, case.x, strict=True)]
    assert_passes_equal(case, outputs, modules, expected)
    # and none of it in evaluation
    outputs = network.forward(case.inputs())
    modules = [
        build_module(case.layout, flat, buffers)
        for flat, buffers in zip(
            case.flats, case.split(case.stats, case.layout.buffers), strict=True
        )
    ]
    expected = [module(x) for module, x in zip(modules, case.x, strict=True)]
    assert_close(outputs if n_models else outputs[None], torch.stack(expected))


def test_outputs_of_a_last_dropout_live_on():
    case = Case((Dense(3), Dropout(0.5)), (4,), 2)
    network = case.network()
    keys = torch.arange(2 * N_ROWS, dtype=torch.int32).view(2, N_ROWS)
    outputs = network.forward(case.inputs(), batch_of(case.inputs(), keys=keys))
    kept = outputs.clone()
    later = network.forward(case.inputs(), batch_of(case.inputs(), keys=keys + 1000))
    assert not torch.equal(later, kept)
    assert torch.equal(outputs, kept)


def test_networks_without_random_layers_need_no_keys():
    assert not Case(*mlp(), 2).network().needs_keys
