"""Forward and backward passes written out, against torch's modules and autograd."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy import signal
from sklearn.neural_network import MLPClassifier
from sklearn.neural_network._multilayer_perceptron import _pack
from torch import nn

from sknn_course.architectures import convolutional_network, multilayer_perceptron
from sknn_course.layers import (
    Activation,
    BatchNorm,
    Conv2d,
    Dense,
    Dropout,
    Flatten,
    GaussianNoise,
    GlobalAveragePool,
    LocalResponseNorm,
    Pool2d,
    Softmax,
)
from sknn_course.modules.activations import ACTIVATIONS
from sknn_course.modules.build import bind_module, build_module, read_module
from sknn_course.modules.counter_random import (
    keep_mask,
    normal,
    row_keys,
    step_keys,
    unit_bits,
)
from sknn_course.modules.initialisers import (
    initial_parameters,
)
from sknn_course.modules.parameters import ParameterLayout
from sknn_course.modules.stacked import Batch, StackedNetwork


def mlp(activation="tanh", **options):
    return multilayer_perceptron([5, 4], 3, activation=activation, **options), (4,)


def cnn(input_shape=(2, 8, 7), **options):
    options = dict(activation="tanh") | options
    blocks = [[3, 2], [4]]
    layers = convolutional_network(blocks, [5], 3, input_shape=input_shape, **options)
    return layers, input_shape


def conv(*layers, input_shape=(2, 9, 7)):
    return (*layers, Flatten(), Dense(2)), input_shape


NETWORKS = {
    "no hidden layer": (multilayer_perceptron([], 2), (4,)),
    **{f"mlp, {name}": mlp(name) for name in ACTIVATIONS},
    **{f"mlp, batch_norm={b}": mlp(batch_norm=b) for b in ("before", "after")},
    "mlp, relu, batch_norm": mlp("relu", batch_norm=True),
    **{f"cnn, {name}": cnn(activation=name) for name in ACTIVATIONS},
    **{f"cnn, padding={p}": cnn((2, 14, 15), padding=p) for p in ("valid", 1, 2)},
    **{f"cnn, batch_norm={b}": cnn(batch_norm=b) for b in (True, "before", "after")},
    "cnn, global pool": cnn(global_pool=True),
    "cnn, kernel 5, pool 3": cnn((1, 12, 9), kernel_size=5, pool_size=3),
    "cnn of rows": cnn((1, 1, 13), batch_norm=True),
    "kernel 2 x 3": conv(Conv2d(3, (2, 3), "valid"), Activation("gelu")),
    "kernel 1 x 5, same": conv(Conv2d(3, (1, 5)), Activation("silu")),
    "kernel 1": conv(Conv2d(3, 1), BatchNorm()),
    "stride 2": conv(Conv2d(3, 3, "same", 2), Activation("elu"), Conv2d(2, 2, 1, 3)),
    "average pool": conv(Conv2d(3), Pool2d(2, "average"), Activation("tanh")),
    "average pool 3 x 2": conv(Conv2d(3), Pool2d((3, 2), "average"), Conv2d(2)),
    "max pool 2 x 3": conv(Conv2d(3), Activation("tanh"), Pool2d((2, 3)), Conv2d(2)),
    "pool first": conv(Pool2d(2), Conv2d(2)),
    "no convolution": conv(),
    "batch norm of images": conv(BatchNorm(), Conv2d(2), GlobalAveragePool()),
    "batch norm of rows": ((BatchNorm(0.01, 1e-3), Dense(3)), (4,)),
}
NETWORKS["batch norm of images"] = (
    (BatchNorm(), Conv2d(2), BatchNorm(), GlobalAveragePool(), Dense(2)),
    (2, 5, 4),
)
LINKS = ((0, 1), (2,), (0, 2, 3), (3, 1))
NETWORKS |= {
    "sparse": conv(Conv2d(4), Conv2d(4, 3, "valid", links=LINKS), Activation("tanh")),
    "sparse first": conv(Conv2d(2, (2, 3), "valid", 2, links=[[1], [0]]), BatchNorm()),
    "true convolution": conv(Conv2d(3, 3, flipped=True), Conv2d(2, (2, 3), 1)),
    "sparse true convolution": conv(
        Conv2d(4), Conv2d(4, (3, 2), "valid", links=LINKS, flipped=True)
    ),
    "overlapping pool": conv(Conv2d(3), Activation("tanh"), Pool2d(3, stride=2)),
    "overlapping average": conv(Conv2d(3), Pool2d((3, 2), "average", 1), Conv2d(2)),
    "overlapping pool, relu": conv(
        Conv2d(3), Activation("relu"), Pool2d((2, 3), stride=(1, 2)), Conv2d(2)
    ),
    "pool with gaps": conv(Conv2d(3), Pool2d(2, stride=(3, 4)), Conv2d(2)),
    "response norm": conv(
        Conv2d(7), LocalResponseNorm(3, 0.3, 0.7, 1.5), Activation("relu"), Conv2d(2)
    ),
    "response norm over few maps": conv(
        LocalResponseNorm(9, alpha=0.4), Conv2d(3), LocalResponseNorm(5, 0.2, 2.0)
    ),
    "softmax": ((Dense(5), Activation("tanh"), Dense(4), Softmax()), (4,)),
    "softmax of maps": conv(Conv2d(3), Softmax(), Conv2d(2)),
    "softmax inside": ((Dense(5), Softmax(), Activation("relu"), Dense(2)), (4,)),
    # activation functions may overwrite their input, but not what others keep
    "activation first": ((Activation("relu"), Dense(3)), (4,)),
    "two activations": (
        (Dense(5), Activation("tanh"), Activation("relu"), Dense(2)),
        (4,),
    ),
    "activation, flatten, activation": (
        (Conv2d(2), Activation("logistic"), Flatten(), Activation("tanh"), Dense(2)),
        (2, 3, 4),
    ),
}
N_MODELS = [None, 1, 3]  # None: one network without the model axis
N_ROWS = 6


class Case:
    """K networks with parameters of their own, stacked, and each as a module."""

    def __init__(self, layers, input_shape, n_models, dtype=torch.float64, seed=0):
        rng = np.random.RandomState(seed)
        self.layout = ParameterLayout(layers, input_shape)
        self.n_models = n_models
        self.K = n_models or 1

        def draw(*shape):
            return torch.from_numpy(rng.normal(size=shape)).to(dtype)

        self.flats = 0.5 * draw(self.K, self.layout.n_parameters)
        self.buffers = draw(self.K, self.layout.n_buffers).abs() + 0.5
        self.x = draw(self.K, N_ROWS, *input_shape)

    def network(self, strengths=None):
        """The stacked network; its tensors are `flat`, `grad` and `stats`."""
        layout = self.layout
        self.flat = self._join(self.flats, layout.parameters)
        self.grad = torch.full_like(self.flat, torch.nan)
        self.stats = self._join(self.buffers, layout.buffers)
        strengths = strengths or [
            getattr(layer, "rate", getattr(layer, "std", None))
            for layer in layout.layers
        ]
        return StackedNetwork(
            layout, self.flat, self.grad, self.stats, self.n_models, strengths
        )

    def _join(self, rows, places):
        if self.n_models is None:
            return rows[0].clone()
        return self.layout.stack(list(rows), places)

    def split(self, flat, places):
        """A row of each network's values."""
        if self.n_models is None:
            return flat.unsqueeze(0)
        return self.layout.unstack(flat, places, self.n_models)

    def inputs(self, x=None):
        x = self.x if x is None else x
        return x[0] if self.n_models is None else x

    def modules(self):
        return [
            build_module(self.layout, flat, buffers).train()
            for flat, buffers in zip(self.flats, self.buffers, strict=True)
        ]

    def gradients(self, modules):
        """Gradients and buffers of modules, as flat rows."""
        grads = torch.empty_like(self.flats)
        buffers = torch.empty_like(self.buffers)
        for module, grad, own in zip(modules, grads, buffers, strict=True):
            for parameter in module.parameters():
                parameter.data = parameter.grad
            read_module(module, self.layout, grad, own)
        return grads, buffers


def run(case, network, batch, x=None, row_weight=1.0):
    """Outputs after a pass forward and one back, of the loss sum w sin(outputs)."""
    with torch.no_grad():
        outputs = network.forward(case.inputs(x), batch)
        network.backward(outputs.cos() * row_weight)
    return outputs if case.n_models else outputs.unsqueeze(0)


def assert_close(one, other, tol=1e-11):
    """Equal up to a share of the largest value."""
    scale = max(1.0, float(other.detach().abs().max())) if other.numel() else 1.0
    assert_allclose(one.detach(), other.detach(), rtol=0, atol=tol * scale)


def assert_passes_equal(case, outputs, modules, expected, tol=1e-11):
    """Outputs, gradients and running statistics are those of the modules."""
    assert_close(outputs, torch.stack(expected), tol)
    sum(out.sin().sum() for out in expected).backward()
    grads, buffers = case.gradients(modules)
    assert_close(case.split(case.grad, case.layout.parameters), grads, tol)
    assert_close(case.split(case.stats, case.layout.buffers), buffers, tol)


@pytest.mark.parametrize("n_models", N_MODELS)
@pytest.mark.parametrize("name", NETWORKS)
def test_gradients_are_those_of_autograd(name, n_models):
    case = Case(*NETWORKS[name], n_models)
    outputs = run(case, case.network(), Batch(True))
    modules = case.modules()
    expected = [module(x) for module, x in zip(modules, case.x, strict=True)]
    assert_passes_equal(case, outputs, modules, expected)


@pytest.mark.parametrize("n_models", [None, 3])
@pytest.mark.parametrize("name", ["mlp, tanh", "cnn, relu", "cnn, batch_norm=True"])
def test_gradients_in_single_precision(name, n_models):
    case = Case(*NETWORKS[name], n_models, torch.float32)
    outputs = run(case, case.network(), Batch(True))
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
    run(case, network, Batch(True))
    gradient = case.grad.clone()
    step, slopes = 1e-5, torch.empty_like(gradient)
    for place in range(len(slopes)):
        value, around = case.flat[place].item(), []
        for change in (step, -step):
            case.flat[place] = value + change
            around.append(network.forward(case.inputs(), Batch(True)).sin().sum())
        case.flat[place] = value
        slopes[place] = (around[0] - around[1]) / (2 * step)
    assert_allclose(gradient, slopes, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("n_models", N_MODELS)
@pytest.mark.parametrize("links", [LINKS, None])
def test_maps_that_are_not_linked_have_no_weights(links, n_models):
    layers = (Conv2d(4), Conv2d(4, 3, "valid", links=links), Flatten(), Dense(1))
    case = Case(layers, (2, 9, 7), n_models)
    run(case, case.network(), Batch(True))
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
        assert_array_equal(network.forward(x, Batch(True))[0, 0], expected)


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
        case.network().forward(case.inputs(), Batch(training))
        assert_array_equal(case.x, before)


@pytest.mark.parametrize("n_models", N_MODELS)
@pytest.mark.parametrize("name", ["mlp, relu, batch_norm", "cnn, batch_norm=after"])
def test_evaluation_uses_running_statistics(name, n_models):
    case = Case(*NETWORKS[name], n_models)
    network, modules = case.network(), case.modules()
    for x in (case.x, 2 * case.x + 1, case.x.flip(1)[:, :4]):
        network.forward(case.inputs(x), Batch(True))
        for module, own in zip(modules, x, strict=True):
            module(own)
    before = case.stats.clone()
    outputs = network.forward(case.inputs(), Batch(False))
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
    outputs = run(case, case.network(), Batch(True, own), row_weight=own)
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
    outputs = case.network().forward(case.inputs(), Batch(True, weight))
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
    outputs = run(case, network, Batch(True, weight), row_weight=weight)
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
    run(case, case.network(), Batch(True))
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
    network.forward(case.x[:, :1], Batch(True, torch.ones(2, 1, 1).double()))
    weighted = case.stats.clone()
    network = case.network()
    network.forward(case.x[:, :1], Batch(True))
    assert torch.isfinite(weighted).all()
    assert_close(weighted, case.stats)


# --- dropout and noise ---


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
            if strength == 0:
                continue
            bits = unit_bits(keys[k], case.layout.shapes[index], index)
            if isinstance(layer, Dropout):
                mask = keep_mask(bits, strength, torch.float64)
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
            for share in (1.0, 0.5, 0.1)
        ]
        stacked = [
            s[0]
            if s[0] is None or s[0] == 0
            else torch.tensor(s, dtype=torch.float64).view(-1, 1, *[1] * len(shape))
            for s, shape in zip(
                zip(*strengths, strict=True), case.layout.shapes, strict=False
            )
        ]
    network = case.network(stacked)
    assert network.needs_keys
    own_keys = keys if n_models else keys[0]
    outputs = run(case, network, Batch(True, keys=own_keys))
    modules = _modules_with_drawn_numbers(case, keys, strengths)
    expected = [module(x) for module, x in zip(modules, case.x, strict=True)]
    assert_passes_equal(case, outputs, modules, expected)
    # and none of it in evaluation
    outputs = network.forward(case.inputs(), Batch(False))
    modules = [
        build_module(case.layout, flat, buffers)
        for flat, buffers in zip(
            case.flats, case.split(case.stats, case.layout.buffers), strict=True
        )
    ]
    expected = [module(x) for module, x in zip(modules, case.x, strict=True)]
    assert_close(outputs if n_models else outputs[None], torch.stack(expected))


def test_networks_without_random_layers_need_no_keys():
    assert not Case(*mlp(), 2).network().needs_keys


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
    outputs = run(case, network, Batch(True))
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
