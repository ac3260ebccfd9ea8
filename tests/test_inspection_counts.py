"""Sizes, receptive fields, parameters and connections: as published, and as torch."""

from itertools import product
from math import prod

import pytest
import torch
from published_counts import (
    FIELDS,
    LENET5,
    LENET5_SPARSE_TOTALS,
    LENET5_TOTALS,
    NETWORKS,
    OUTPUT_SIZES,
    PRINTED,
    SIDES,
    SPARSE_C3,
)
from torch import nn

from sknn_course._engine.ops.stacked import LAYERS
from sknn_course.course.networks import NETWORKS as COURSE
from sknn_course.inspection import (
    fully_connected_counts,
    layer_counts,
    layer_table,
    output_size,
    receptive_fields,
)
from sknn_course.layers import (
    Activation,
    BatchNorm,
    Conv2d,
    Dense,
    Flatten,
    GlobalAveragePool,
    LocalResponseNorm,
    Pool2d,
    ShapeError,
)

by_name = pytest.mark.parametrize("name", sorted(COURSE))


def sliding(table):
    """The rows of convolutions and poolings."""
    return [row for row in table if row.receptive_field.previous and row.connections]


# --- output sizes ---


@pytest.mark.parametrize("size, window, padding, stride, expected", OUTPUT_SIZES)
def test_output_size_is_the_published_one(size, window, padding, stride, expected):
    assert output_size(size, window, padding, stride) == expected


def test_output_size_is_torchs():
    for size, window, padding, stride in product(
        range(1, 12), range(1, 6), range(3), range(1, 4)
    ):
        if window > size + 2 * padding:
            with pytest.raises(ShapeError, match=f"window={window} is larger"):
                output_size(size, window, padding, stride, floor=True)
            continue
        module = nn.Conv2d(1, 1, window, stride, padding, device="meta")
        expected = module(torch.empty(1, 1, size, size, device="meta")).shape[-1]
        assert output_size(size, window, padding, stride, floor=True) == expected
        exact = (size - window + 2 * padding) / stride + 1
        if exact == expected:
            assert output_size(size, window, padding, stride) == expected
        else:
            with pytest.raises(ShapeError, match=f"Use floor=True for {expected}"):
                output_size(size, window, padding, stride)


def test_the_printed_formula_would_give_another_size():
    size, window, padding, stride = 32, 5, 2, 1
    assert (size + 2 * padding * (window - 1) - 1) / stride == 47
    assert output_size(size, window, padding, stride) == 32


def test_advice_of_a_refused_window_is_right():
    with pytest.raises(ShapeError, match="at most 4, or padding of at least 2"):
        output_size(4, 7)
    assert output_size(4, 4) == 1
    assert output_size(4, 7, padding=2) == 2
    with pytest.raises(ShapeError):
        output_size(4, 7, padding=1)


def test_padding_of_two_keeps_the_size_under_windows_of_five():
    assert all(output_size(n, 5, padding=2) == n for n in range(1, 40))
    assert all(output_size(2 * n, 2, stride=2) == n for n in range(1, 40))


@pytest.mark.parametrize(
    "values, named",
    [
        (dict(size=0, window=1), "size must be an integer >= 1, got 0"),
        (dict(size=9, window=0), "window must be an integer >= 1, got 0"),
        (dict(size=9, window=3, padding=-1), "padding must be an integer >= 0, got -1"),
        (dict(size=9, window=3, stride=0), "stride must be an integer >= 1, got 0"),
        (dict(size=9, window=1.5), "window must be an integer >= 1, got 1.5"),
    ],
)
def test_output_size_names_what_is_wrong(values, named):
    with pytest.raises(ValueError, match=named):
        output_size(**values)


# --- receptive fields ---


@pytest.mark.parametrize("name", FIELDS)
def test_fields_and_jumps_are_the_published_ones(name):
    fields = [row.receptive_field for row in sliding(layer_table(COURSE[name]))]
    assert [field.input for field in fields] == [(r, r) for r, _ in FIELDS[name]]
    assert [field.jump for field in fields] == [(j, j) for _, j in FIELDS[name]]


STACKS = [
    (Conv2d(2, 3, "valid"), Pool2d(2), Conv2d(2, (3, 1), "valid")),
    (Conv2d(2, (1, 4), "valid", 2), Activation("tanh"), Conv2d(3, 2, "valid")),
    (Pool2d(3, "average", 2), BatchNorm(), Pool2d((2, 1), "average", (1, 2))),
    (Conv2d(4, 5, "valid", 3), LocalResponseNorm(3), Pool2d(2, "average", 1)),
]


@pytest.mark.parametrize("stack", STACKS)
def test_fields_are_the_pixels_with_a_gradient(stack):
    image = torch.zeros(1, 2, 40, 40, dtype=torch.double, requires_grad=True)
    for depth, field in enumerate(receptive_fields(stack), 1):
        maps = image
        for layer in stack[:depth]:
            if isinstance(layer, Pool2d):  # a gradient for each pixel of the window
                layer = Pool2d(layer.size, "average", layer.stride)
            module = (
                LAYERS[type(layer)].module(layer, maps.shape[1:]).to_empty(device="cpu")
            )
            for parameter in module.parameters():
                nn.init.ones_(parameter)
            maps = module.double().eval()(maps) if not _is_norm(layer) else maps
        corners = []
        for place in ((0, 0), (0, 1), (1, 0)):
            (gradient,) = torch.autograd.grad(
                maps[0, 0][place], image, retain_graph=True
            )
            seen = gradient[0, 0].nonzero()
            corners.append(seen.min(0).values)
            assert tuple((seen.max(0).values - corners[-1] + 1).tolist()) == field.input
        origin, right, below = torch.stack(corners).tolist()
        assert (below[0] - origin[0], right[1] - origin[1]) == field.jump


def _is_norm(layer):
    return isinstance(layer, BatchNorm | LocalResponseNorm)


@by_name
def test_fields_grow_by_the_recursion_from_the_output(name):
    fields = receptive_fields(COURSE[name])
    layers = [
        layer for layer in COURSE[name].layers if isinstance(layer, Conv2d | Pool2d)
    ]
    places = [
        field
        for row, field in zip(layer_table(COURSE[name]), fields, strict=True)
        if field.previous and row.connections
    ]
    for depth, field in enumerate(places, 1):
        side = 1
        for layer in reversed(layers[:depth]):  # r = s r + (k - s)
            step, window = layer.step[0], layer.window[0]
            side = step * side + window - step
        assert field.input == (side, side)


def test_dense_layers_see_all():
    conv, _, dense = receptive_fields([Conv2d(2, 3), Flatten(), Dense(5)])
    assert (conv.input, conv.jump) == ((3, 3), (1, 1))
    assert dense.previous is None and dense.input is None and dense.jump is None


# --- parameters ---


@pytest.mark.parametrize("published", NETWORKS, ids=lambda one: one.where)
def test_parameters_are_the_published_ones(published):
    table = layer_table(published.network)
    rows = [row for row in table if row.parameters]
    expected = [int(n.replace(",", "")) for n in published.parameters.split()]
    assert [row.parameters for row in rows] == expected
    assert table.n_parameters == published.total == sum(expected)
    trainable = published.trainable or published.total
    assert table.n_trainable == trainable
    assert table.n_non_trainable == published.total - trainable
    assert sum(row.percent for row in rows) == pytest.approx(100)
    if published.percent:
        for row, share in zip(rows, published.percent.split(), strict=True):
            last_digit = 10.0 ** -len(share.partition(".")[2])
            assert row.percent == pytest.approx(float(share), abs=last_digit)


@pytest.mark.parametrize("published", NETWORKS, ids=lambda one: one.where)
def test_hand_formulas_give_the_parameters(published):
    for row in layer_table(published.network):
        assert eval(row.formula.replace("·", "*") or "0") == row.parameters


@by_name
def test_parameters_are_torchs(name):
    architecture = COURSE[name]
    table = layer_table(COURSE[name])
    shapes = [architecture.input_shape, *(row.output_shape for row in table)]
    for layer, shape, row in zip(architecture.layers, shapes, table, strict=False):
        module = LAYERS[type(layer)].module(layer, shape)
        trained = sum(p.numel() for p in module.parameters())
        if getattr(layer, "links", None) is not None:
            unlinked = layer.filters * shape[0] - sum(map(len, layer.links))
            trained -= unlinked * prod(layer.window)
        recorded = sum(
            b.numel() for key, b in module.named_buffers() if key.startswith("running")
        )
        assert row.trainable == trained
        assert row.non_trainable == recorded


@pytest.mark.parametrize("name", SIDES)
def test_sides_of_maps_are_the_published_ones(name):
    shapes = [row.output_shape for row in sliding(layer_table(COURSE[name]))]
    assert [shape[1:] for shape in shapes] == [(n, n) for n in SIDES[name]]


@pytest.mark.parametrize(
    "name, sides", [("mnist_cnn_4", 3), ("alexnet", 6), ("zfnet", 13)]
)
def test_first_dense_formula_shows_the_maps(name, sides):
    row = layer_table(COURSE[name])["dense1"]
    assert row.formula.startswith(f"{sides}·{sides}·")


def test_dense_layers_hold_most_parameters_of_alexnet_and_zfnet():
    for name, percent, tolerance in (("alexnet", 94, 0.5), ("zfnet", 97.09, 0.005)):
        dense = [
            row.percent for row in layer_table(COURSE[name]) if row.type == "Dense"
        ]
        assert sum(dense) == pytest.approx(percent, abs=tolerance)


@pytest.mark.parametrize("name", PRINTED)
def test_printed_totals_come_from_printed_mistakes(name):
    table, printed = layer_table(COURSE[name]), dict(PRINTED[name])
    total = printed.pop("total")
    right = sum(table[layer].parameters for layer in printed)
    assert total - sum(printed.values()) == table.n_parameters - right
    assert total != table.n_parameters


def test_weights_for_each_image_of_cifar10():
    assert layer_table(COURSE["rdfia_cnn"]).n_parameters / 50_000 == pytest.approx(
        23.8, abs=0.05
    )


# --- connections ---


@pytest.mark.parametrize("name", ["lenet5", "lenet5_sparse"])
def test_lenet5_is_counted_as_published(name):
    expected = dict(LENET5)
    totals = LENET5_TOTALS
    if name == "lenet5_sparse":
        expected["C3"], totals = SPARSE_C3, LENET5_SPARSE_TOTALS
    table = layer_table(COURSE[name], names=list(LENET5)).connected
    assert {
        row.name: (
            row.output_shape,
            row.receptive_field.previous,
            row.parameters,
            row.connections,
            row.connections_without_bias,
        )
        for row in table
    } == expected
    assert totals == (
        table.n_parameters,
        table.n_connections,
        table.n_connections_without_bias,
    )


def test_lenet5_of_1998_has_60000_parameters():
    table = layer_table("lenet5_sparse", names=list(LENET5))
    pooling = 2 * (6 + 16)  # a coefficient and a bias for each map of S2 and S4
    fixed = table["output"]  # radial basis functions without trained weights
    assert table.n_parameters - fixed.parameters + pooling == 60_000
    without_bias = fixed.connections_without_bias
    assert table.n_connections - fixed.connections + without_bias == 340_908


LINEAR = [
    (Conv2d(3, 3, "valid"), (2, 6, 7)),
    (Conv2d(4, (2, 3), "valid", 2), (3, 7, 7)),
    (Conv2d(3, 2, "valid", links=((0,), (0, 2), (0, 1, 2))), (3, 5, 4)),
    (Pool2d(2, "average"), (3, 6, 6)),
    (Pool2d(3, "average", 2), (2, 7, 7)),
    (GlobalAveragePool(), (4, 3, 5)),
    (Dense(5), (7,)),
    (Flatten(), (2, 3, 3)),
]


@pytest.mark.parametrize("layer, shape", LINEAR, ids=lambda value: str(value)[:40])
def test_connections_are_the_nonzero_derivatives(layer, shape):
    module = LAYERS[type(layer)].module(layer, shape).to_empty(device="cpu")
    if getattr(layer, "links", None) is not None:
        module.is_linked.copy_(torch.tensor(layer.is_linked(shape))[..., None, None])
    for parameter in module.parameters():
        nn.init.ones_(parameter)
    row = torch.ones(1, *shape)
    jacobian = torch.autograd.functional.jacobian(module, row)
    counts = layer_counts(layer, shape)
    if isinstance(layer, Flatten):  # passes values on
        assert counts == (0, 0, 0, 0)
        return
    assert counts.connections_without_bias == jacobian.count_nonzero()
    n_outputs = module(row).numel()
    assert counts.connections == counts.connections_without_bias + n_outputs


def test_fully_connected_layers_need_far_more():
    c1 = fully_connected_counts(Conv2d(6, 5, "valid"), (1, 32, 32))
    assert (c1.connections_without_bias, c1.connections) == (4_816_896, 4_821_600)
    conv1 = Conv2d(32, 5)
    assert layer_counts(conv1, (3, 32, 32)).parameters == 2_432
    assert fully_connected_counts(conv1, (3, 32, 32)).parameters == 100_696_064


def test_weights_of_one_convolution():
    for x, y, z, k, p, s, c in product(
        [8, 11], [9], [1, 3], [3, 5], [0, 2], [1, 2], [4]
    ):
        conv = Conv2d(c, k, p, s)
        assert layer_counts(conv, (z, y, x)).parameters == (k * k * z + 1) * c
        height, width = ((n + 2 * p - k) // s + 1 for n in (y, x))
        dense = fully_connected_counts(conv, (z, y, x)).parameters
        assert dense == (x * y * z + 1) * width * height * c
