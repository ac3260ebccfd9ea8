"""Layer specifications: shapes as in torch, parameters as published."""

from itertools import product
from math import prod

import pytest
import torch
from torch import nn

from sknn_course._engine.ops.parameters import ParameterLayout
from sknn_course.architectures import (
    convolutional_network,
    multilayer_perceptron,
    per_layer,
    sizes_of,
)
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
    ShapeError,
    Softmax,
    count_parameters,
    layer_shapes,
    structure,
)

# --- shapes ---


def torch_shape(module, input_shape):
    """What torch makes of one row, without computing it."""
    return tuple(module(torch.empty(1, *input_shape, device="meta")).shape[1:])


WINDOWS = [1, 2, 3, 5, (1, 3), (4, 2)]


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("padding", ["valid", 0, 1, 2])
@pytest.mark.parametrize("kernel_size", WINDOWS)
def test_convolutions_have_torchs_shapes(kernel_size, padding, stride):
    pad = 0 if padding == "valid" else padding
    module = nn.Conv2d(3, 7, kernel_size, stride, pad, device="meta")
    layer = Conv2d(7, kernel_size, padding, stride)
    for sides in product((5, 8, 13), repeat=2):
        expected = torch_shape(module, (3, *sides))
        assert layer.output_shape((3, *sides)) == expected
        assert layer.pad == module.padding


@pytest.mark.parametrize("kernel_size", [1, 3, 5, (1, 7), (5, 3)])
def test_same_padding_is_torchs(kernel_size):
    module = nn.Conv2d(3, 7, kernel_size, padding="same", device="meta")
    for sides in product((1, 5, 8), repeat=2):
        expected = torch_shape(module, (3, *sides))
        assert Conv2d(7, kernel_size).output_shape((3, *sides)) == expected
        assert expected == (7, *sides)


@pytest.mark.parametrize(
    ("kind", "module"), [("max", nn.MaxPool2d), ("average", nn.AvgPool2d)]
)
@pytest.mark.parametrize("stride", [None, 1, 2, 3, (2, 1)])
@pytest.mark.parametrize("size", WINDOWS)
def test_pooling_has_torchs_shapes(size, stride, kind, module):
    for sides in product((5, 8, 13), repeat=2):
        expected = torch_shape(module(size, stride), (3, *sides))
        assert Pool2d(size, kind, stride).output_shape((3, *sides)) == expected


@pytest.mark.parametrize(
    ("layer", "module"),
    [
        (Dense(4), nn.Linear(5, 4, device="meta")),
        (Activation("relu"), nn.ReLU()),
        (BatchNorm(), nn.BatchNorm1d(5, device="meta").eval()),
        (Dropout(0.5), nn.Dropout()),
        (GaussianNoise(0.1), nn.Identity()),
        (Flatten(), nn.Flatten()),
        (Softmax(), nn.Softmax(1)),
    ],
    ids=repr,
)
def test_layers_of_rows_have_torchs_shapes(layer, module):
    assert layer.output_shape((5,)) == torch_shape(module, (5,))


def test_layers_between_images_and_rows():
    pooled = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
    for shape in ((3, 5, 8), (1, 1, 7)):
        assert Flatten().output_shape(shape) == torch_shape(nn.Flatten(), shape)
        assert GlobalAveragePool().output_shape(shape) == torch_shape(pooled, shape)
        for layer in (BatchNorm(), Softmax(), LocalResponseNorm()):
            assert layer.output_shape(shape) == shape


@pytest.mark.parametrize(
    ("layer", "before", "after"),
    [
        (Conv2d(64, 11, 2, 4), (3, 224, 224), (64, 55, 55)),  # torchvision's AlexNet
        # the sheets' examples
        (Conv2d(32, 3, 1), (1, 28, 28), (32, 28, 28)),
        (Conv2d(32, 3, "valid"), (1, 28, 28), (32, 26, 26)),
        (Conv2d(16, 5, 2), (1, 28, 28), (16, 28, 28)),
        (Conv2d(6, 5, "valid"), (1, 32, 32), (6, 28, 28)),
        (Conv2d(96, 7, 0, 2), (3, 227, 227), (96, 111, 111)),
        (Pool2d(2), (1, 6, 4), (1, 3, 2)),
        (Pool2d(3, stride=2), (96, 55, 55), (96, 27, 27)),
    ],
)
def test_published_sizes(layer, before, after):
    assert layer.output_shape(before) == after


# --- numbers of parameters ---


def vgg(*blocks):
    """Simonyan, Zisserman, 2015, table 1."""
    layers = []
    for block in blocks:
        layers += [part for n in block for part in (Conv2d(n), Activation("relu"))]
        layers += [Pool2d()]
    relu = Activation("relu")
    return (*layers, Flatten(), Dense(4096), relu, Dense(4096), relu, Dense(1000))


def keras_mnist(*hidden, n_convolutions_to_pool):
    convolutions = [Conv2d(32, 3, "valid"), Conv2d(64, 3, "valid"), Pool2d()]
    if n_convolutions_to_pool == 1:
        convolutions.insert(1, Pool2d())
    return (*convolutions, Dropout(0.25), Flatten(), *hidden, Dense(10))


@pytest.mark.parametrize(
    ("layers", "input_shape", "n_parameters"),
    [
        (multilayer_perceptron([100, 100], 10), (784,), 89_610),
        (multilayer_perceptron([], 10), (784,), 7_850),
        # Keras' example of a multi-layer perceptron on MNIST
        (multilayer_perceptron([512, 512], 10, dropout=0.2), (784,), 669_706),
        # and its convolutional networks
        (
            keras_mnist(Dense(128), Dropout(0.5), n_convolutions_to_pool=2),
            (1, 28, 28),
            1_199_882,
        ),
        (keras_mnist(Dropout(0.5), n_convolutions_to_pool=1), (1, 28, 28), 34_826),
        # torchvision's documentation
        (vgg([64], [128], [256] * 2, [512] * 2, [512] * 2), (3, 224, 224), 132_863_336),
        (
            vgg([64] * 2, [128] * 2, [256] * 3, [512] * 3, [512] * 3),
            (3, 224, 224),
            138_357_544,
        ),
    ],
    ids=[
        "784-100-100-10",
        "784-10",
        "784-512-512-10",
        "mnist_cnn",
        "mnist_convnet",
        "VGG-11",
        "VGG-16",
    ],
)
def test_numbers_of_parameters_are_the_published_ones(
    layers, input_shape, n_parameters
):
    layout = ParameterLayout(layers, input_shape)
    assert layout.n_parameters == n_parameters
    assert count_parameters(layers, input_shape) == (n_parameters, 0)
    assert sum(prod(p.shape) for p in layout.parameters) == n_parameters


@pytest.mark.parametrize("batch_norm", ["before", "after"])
def test_batch_norm_adds_two_parameters_and_two_statistics_to_a_unit(batch_norm):
    layers = multilayer_perceptron([100, 50], 10, batch_norm=batch_norm)
    layout = ParameterLayout(layers, (784,))
    assert layout.n_parameters == 84_060 + 2 * 150
    assert layout.n_buffers == 2 * 150
    assert count_parameters(layers, (784,)) == (84_360, 300)


def test_weights_of_linked_maps_are_counted():
    layer = Conv2d(2, (3, 2), links=((0, 2), (1,)), padding=1)
    assert layer.n_links((3, 8, 8)) == 3
    assert layer.n_parameters((3, 8, 8)) == 3 * 6 + 2
    assert layer.is_linked((3, 8, 8)) == ((True, False, True), (False, True, False))
    full = Conv2d(2, (3, 2), padding=1)
    assert full.n_links((3, 8, 8)) == 6
    assert full.n_parameters((3, 8, 8)) == 6 * 6 + 2
    assert full.is_linked((3, 8, 8)) == ((True,) * 3,) * 2


# --- errors ---


def test_an_image_that_gets_too_small_is_told_layer_by_layer():
    layers = [Conv2d(8, 5, "valid"), Pool2d(3), Conv2d(4, 4, "valid"), Flatten()]
    with pytest.raises(ShapeError) as error:
        layer_shapes(layers, (1, 12, 14))
    assert str(error.value) == (
        "Conv2d(filters=4, kernel_size=4, padding='valid', stride=1) does not fit an "
        "image of 2 x 3. Sizes layer by layer: 1 x 12 x 14 -> 8 x 8 x 10 -> 8 x 2 x 3."
    )
    assert isinstance(error.value, ValueError)


def test_images_are_needed_by_windows():
    message = r"Pool2d\(size=2, kind='max'\) needs images, got rows of shape \(5,\)"
    with pytest.raises(ShapeError, match=message):
        layer_shapes([Dense(5), Pool2d()], (3,))


def test_dense_layers_need_rows():
    message = r"Dense\(units=5\) needs rows .* 2 x 4 x 4: put Flatten\(\) before it"
    with pytest.raises(ShapeError, match=message):
        layer_shapes([Conv2d(2), Dense(5)], (1, 4, 4))
    for layer in (GlobalAveragePool(), LocalResponseNorm(), Conv2d(3)):
        with pytest.raises(ShapeError, match="needs images, got rows of shape"):
            layer.output_shape((4,))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Dense(0), "units=0 does not fit Dense: give a positive number"),
        (lambda: Dense(2.5), "units=2.5 does not fit Dense"),
        (lambda: Conv2d(-1), "filters=-1 does not fit Conv2d"),
        (lambda: Conv2d(2, 0), "kernel_size=0 does not fit Conv2d"),
        (lambda: Conv2d(2, (3, 3, 3)), r"kernel_size=\(3, 3, 3\) does not fit"),
        (lambda: Conv2d(2, padding="full"), "padding='full' does not fit Conv2d"),
        (lambda: Conv2d(2, padding=-1), "padding=-1 does not fit Conv2d"),
        (lambda: Conv2d(2, stride=0), "stride=0 does not fit Conv2d"),
        (lambda: Conv2d(2, links=((0,),)), "to each of the 2 output maps"),
        (lambda: Conv2d(1, links=((),)), r"links=\(\(\),\) does not fit Conv2d"),
        (lambda: Conv2d(1, links=((1, 1),)), "its different input maps"),
        (lambda: Pool2d(0), "size=0 does not fit Pool2d"),
        (lambda: Pool2d(kind="mean"), "kind='mean' .*: give 'max' or 'average'"),
        (lambda: Pool2d(stride=0), "stride=0 does not fit Pool2d"),
        (lambda: LocalResponseNorm(4), "size=4 .*: give an odd number of maps"),
        (lambda: LocalResponseNorm(k=0), "k=0 does not fit LocalResponseNorm"),
        (lambda: Dropout(1), r"rate=1 does not fit Dropout: give a rate in \[0, 1\)"),
        (lambda: BatchNorm(0), r"momentum=0 .*: give a share in \(0, 1\]"),
        (lambda: BatchNorm(epsilon=0), "epsilon=0 .*: give a positive number"),
        (lambda: GaussianNoise(-1), "std=-1 does not fit GaussianNoise"),
    ],
)
def test_values_that_do_not_fit_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_links_name_maps_that_are_there():
    layer = Conv2d(2, links=((0, 3), (4,)))
    assert layer.output_shape((5, 8, 8)) == (2, 8, 8)
    message = r"links names the input maps \[3, 4\], but there are 3, counted from 0"
    with pytest.raises(ShapeError, match=message):
        layer.output_shape((3, 8, 8))


@pytest.mark.parametrize("kernel_size", [2, (3, 4)])
def test_same_padding_needs_odd_kernels(kernel_size):
    with pytest.raises(ShapeError, match="needs an odd kernel_size, got"):
        Conv2d(8, kernel_size)
    Conv2d(8, kernel_size, padding=1)


# --- structures ---


def test_structure_leaves_out_strengths_alone():
    def layers(rate=0.1, std=0.2, units=5):
        return (Dropout(rate), Dense(units), GaussianNoise(std), Activation("relu"))

    assert structure(layers()) == structure(layers(rate=0.0, std=1.0))
    assert structure(layers()) != structure(layers(units=6))
    assert structure(layers()) != structure(layers()[1:])
    assert structure((Conv2d(3),)) != structure((Conv2d(3, padding=0),))
    assert structure((Pool2d(2),)) != structure((Pool2d(2, "average"),))
    assert structure((Pool2d(2),)) != structure((Pool2d(2, stride=1),))
    assert structure((Conv2d(1),)) != structure((Conv2d(1, flipped=True),))
    assert structure((Conv2d(1),)) != structure((Conv2d(1, links=((0,),)),))


@pytest.mark.parametrize(
    ("layer", "text"),
    [
        (Pool2d(), "Pool2d(size=2, kind='max')"),
        (Pool2d(3, stride=2), "Pool2d(size=3, kind='max', stride=2)"),
        (Dropout(), "Dropout(rate=0.0)"),
        (Softmax(), "Softmax()"),
        (
            Conv2d(1, links=[[0]], flipped=True),
            "Conv2d(filters=1, kernel_size=3, padding='same', stride=1, "
            "links=((0,),), flipped=True)",
        ),
    ],
)
def test_a_layer_is_written_as_it_is_made(layer, text):
    assert repr(layer) == text
    assert eval(text) == layer
    assert hash(eval(text)) == hash(layer)


# --- architectures ---


@pytest.mark.parametrize(
    ("batch_norm", "block"),
    [
        (False, ["Dense", "Activation", "Dropout", "GaussianNoise"]),
        ("before", ["Dense", "BatchNorm", "Activation", "Dropout", "GaussianNoise"]),
        ("after", ["Dense", "Activation", "Dropout", "BatchNorm", "GaussianNoise"]),
        (True, ["Dense", "Activation", "Dropout", "BatchNorm", "GaussianNoise"]),
    ],
)
def test_blocks_of_a_perceptron(batch_norm, block):
    layers = multilayer_perceptron([6, 5], 2, batch_norm=batch_norm)
    names = [type(layer).__name__ for layer in layers]
    assert names == ["Dropout", *block, *block, "Dense"]
    assert [layer.units for layer in layers if isinstance(layer, Dense)] == [6, 5, 2]


@pytest.mark.parametrize(
    ("batch_norm", "block"),
    [
        (False, ["Conv2d", "Activation"]),
        (True, ["Conv2d", "BatchNorm", "Activation"]),
        ("before", ["Conv2d", "BatchNorm", "Activation"]),
        ("after", ["Conv2d", "Activation", "BatchNorm"]),
    ],
)
def test_blocks_of_a_convolutional_network(batch_norm, block):
    layers = convolutional_network(
        [[4, 3], 2], [], 2, input_shape=(1, 8, 8), batch_norm=batch_norm
    )
    names = [type(layer).__name__ for layer in layers]
    end = ["Pool2d", "Dropout", "GaussianNoise"]
    assert names == ["Dropout", *block, *block, *end, *block, *end, "Flatten", "Dense"]


def test_windows_lie_along_rows_of_numbers():
    layers = convolutional_network(
        [[4]], [], 2, input_shape=(1, 1, 21), kernel_size=5, pool_size=3
    )
    shapes = layer_shapes(layers, (1, 1, 21))
    assert (4, 1, 21) in shapes
    assert (4, 1, 7) in shapes


def test_rates_are_those_of_their_layers():
    layers = multilayer_perceptron(
        [6, 5], 2, dropout=(0.1, 0.2), input_dropout=0.3, noise=0.4
    )
    rates = [layer.rate for layer in layers if isinstance(layer, Dropout)]
    assert rates == [0.3, 0.1, 0.2]
    assert [s.std for s in layers if isinstance(s, GaussianNoise)] == [0.4, 0.4]
    layers = convolutional_network(
        [[4, 4], [3]],
        [5],
        2,
        input_shape=(1, 8, 8),
        input_dropout=0.3,
        conv_dropout=[0.1, 0.2],
        dropout=0.5,
    )
    rates = [layer.rate for layer in layers if isinstance(layer, Dropout)]
    assert rates == [0.3, 0.1, 0.2, 0.5]


@pytest.mark.parametrize("rates", [1.0, -0.1, [0.1], [0.1, 0.2, 0.3], [0.5, 1.0]])
def test_bad_rates_are_named(rates):
    with pytest.raises(ValueError, match=r"dropout=.* one rate in \[0, 1\)"):
        per_layer(rates, 2, "dropout")


@pytest.mark.parametrize("sizes", [0, [5, 0], [-1], (3, 2, -4)])
def test_bad_sizes_are_named(sizes):
    with pytest.raises(ValueError, match="hidden_layer_sizes must be > 0, got"):
        sizes_of(sizes, "hidden_layer_sizes")
