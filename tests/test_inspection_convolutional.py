"""Fully convolutional networks: equal on one window, and on each of many."""

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler
from torch import nn
from torch.testing import assert_close

from sknn_course import CNNClassifier, CNNRegressor, MLPClassifier
from sknn_course._engine.ops.stacked import LAYERS
from sknn_course.architectures import lenet5
from sknn_course.course.networks import rdfia_cnn
from sknn_course.inspection import receptive_fields, to_fully_convolutional
from sknn_course.layers import (
    Activation,
    BatchNorm,
    Conv2d,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePool,
    LocalResponseNorm,
    Pool2d,
    Softmax,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = load_digits(return_X_y=True)
X, Y = X[:300], Y[:300]
SHORT = dict(max_iter=2, random_state=0)


def random_network(layers, input_shape):
    """The module of a network with weights and statistics that differ from 0 and 1."""
    module, shape = nn.Sequential(), tuple(input_shape)
    generator = torch.Generator().manual_seed(0)
    for layer in layers:
        part = LAYERS[type(layer)].module(layer, shape).to_empty(device="cpu")
        for name, tensor in part.state_dict().items():
            if tensor.is_floating_point():
                scale = tensor[0].numel() ** -0.5 if tensor.dim() > 1 else 1.0
                tensor.normal_(0, scale, generator=generator)
                if name == "running_var":
                    tensor.abs_().add_(0.5)
        if getattr(layer, "links", None) is not None:
            linked = torch.tensor(layer.is_linked(shape))[..., None, None]
            part.is_linked.copy_(linked)
        module.append(part)
        shape = layer.output_shape(shape)
    return module.double().eval()


def random_images(n, shape):
    return torch.from_numpy(np.random.RandomState(0).normal(size=(n, *shape)))


RELU, TANH = Activation("relu"), Activation("tanh")
# no padding, so that a window sees the same in a larger image
SLIDING = {
    "two dense layers": (
        (Conv2d(4, 3, "valid"), RELU, Pool2d(), Flatten(), Dense(7), TANH, Dense(3)),
        (2, 10, 10),
    ),
    "one dense layer, not square": (
        (Conv2d(3, (3, 2), "valid", 2), RELU, Flatten(), Dropout(0.5), Dense(4)),
        (1, 9, 6),
    ),
    "batch norm": (
        (
            *(Conv2d(4, 3, "valid"), BatchNorm(), RELU, Pool2d(3, "average", 2)),
            *(Flatten(), Dense(6), RELU, BatchNorm(), Dense(2)),
        ),
        (1, 11, 11),
    ),
    "global average pooling": (
        (Conv2d(4, 3, "valid"), RELU, Pool2d(), GlobalAveragePool(), Dense(3)),
        (3, 12, 8),
    ),
    "norm, softmax": (
        (
            *(Conv2d(6, 3, "valid"), RELU, LocalResponseNorm(3), Pool2d(3, stride=2)),
            *(Flatten(), Dense(5), Softmax()),
        ),
        (1, 9, 9),
    ),
    "dense layers alone": ((Flatten(), Dense(5), TANH, Dense(2)), (2, 4, 3)),
    "lenet5": (lenet5(sparse=True), (1, 32, 32)),
}
by_case = pytest.mark.parametrize("case", SLIDING)


def jump(layers):
    """Distance of windows: the product of all strides."""
    until_dense = [
        field.jump for field in receptive_fields(layers) if field.jump is not None
    ]
    return until_dense[-1] if until_dense else (1, 1)


@by_case
def test_outputs_on_the_original_size_are_equal(case):
    layers, shape = SLIDING[case]
    module = random_network(layers, shape)
    images = random_images(5, shape)
    maps = to_fully_convolutional(module, shape)(images)
    assert maps.shape[2:] == (1, 1)
    assert_close(maps[..., 0, 0], module(images), rtol=0, atol=1e-12)


@by_case
def test_outputs_on_larger_images_are_those_of_windows(case):
    layers, (channels, height, width) = SLIDING[case]
    module = random_network(layers, (channels, height, width))
    down, right = jump(layers)
    images = random_images(2, (channels, height + 2 * down, width + 3 * right + 1))
    with torch.no_grad():
        maps = to_fully_convolutional(module, (channels, height, width))(images)
        n_rows = 3
        n_columns = 4 + (right == 1)  # the pixel more is one more window
        assert maps.shape[2:] == (n_rows, n_columns)
        for i in range(n_rows):
            for j in range(n_columns):
                top, left = i * down, j * right
                window = images[:, :, top : top + height, left : left + width]
                assert_close(maps[:, :, i, j], module(window), rtol=0, atol=1e-12)


def test_rdfia_network_maps_40_pixels_to_2_by_2():
    module = random_network(rdfia_cnn(), (3, 32, 32))
    sliding = to_fully_convolutional(module, (3, 32, 32))
    assert sliding(random_images(1, (3, 40, 40))).shape == (1, 10, 2, 2)


def test_network_for_224_pixels_maps_288_to_3_by_3():
    halving = 5 * [Conv2d(2, 3), RELU, Pool2d()]
    module = random_network([*halving, Flatten(), Dense(1000)], (3, 224, 224))
    sliding = to_fully_convolutional(module, (3, 224, 224))
    assert sliding(random_images(1, (3, 288, 288))).shape == (1, 1000, 3, 3)


# --- estimators ---

ESTIMATORS = {
    "cnn": CNNClassifier(((4, 4), (6,)), (9,), dropout=0.2, **SHORT),
    "batch norm": CNNClassifier((4,), (9, 8), batch_norm=True, noise=0.1, **SHORT),
    "global pool": CNNClassifier((4, 5), (6,), global_pool=True, **SHORT),
    "without hidden layer": CNNClassifier((4,), (), **SHORT),
    "rows": CNNClassifier((4,), (5,), input_shape=(1, 1, 64), **SHORT),
}


@pytest.mark.parametrize("name", ESTIMATORS)
def test_estimators_predict_the_same(name):
    cnn = ESTIMATORS[name].fit(X, Y)
    images = torch.from_numpy(X).float().reshape(-1, *cnn.input_shape_)
    with torch.no_grad():
        maps = to_fully_convolutional(cnn)(images)
    probabilities = maps.softmax(1)[..., 0, 0]
    np.testing.assert_allclose(probabilities, cnn.predict_proba(X), atol=1e-5)


def test_regressors_and_pipelines():
    pipeline = make_pipeline(MinMaxScaler(), CNNRegressor(filters=(4,), **SHORT))
    pipeline.fit(X, Y)
    sliding = to_fully_convolutional(pipeline)
    images = pipeline[:-1].transform(X).reshape(-1, 1, 8, 8)
    with torch.no_grad():
        maps = sliding(torch.from_numpy(images).float())
    np.testing.assert_allclose(maps[:, 0, 0, 0], pipeline.predict(X), atol=1e-5)


def test_multilayer_perceptron_slides_where_it_knows_the_size():
    mlp = MLPClassifier((9,), dtype="float64", **SHORT).fit(X, Y)
    sliding = to_fully_convolutional(mlp, (1, 8, 8))
    with torch.no_grad():
        maps = sliding(torch.from_numpy(X[:2].reshape(1, 1, 16, 8)))
    assert maps.shape == (1, 10, 9, 1)
    expected = mlp.predict_proba(X[:2])
    np.testing.assert_allclose(maps.softmax(1)[0, :, [0, 8], 0].T, expected, atol=1e-9)


def test_estimator_stays_as_it_was():
    cnn = CNNClassifier((4,), (5,), **SHORT).fit(X, Y)
    before = cnn.predict_proba(X)
    for parameter in to_fully_convolutional(cnn).parameters():
        parameter.data.zero_()
    np.testing.assert_array_equal(cnn.predict_proba(X), before)


# --- refusals ---


@pytest.mark.parametrize(
    "module, input_shape, message",
    [
        (nn.Sequential(nn.Linear(4, 2)), None, "input_shape=None is no size of images"),
        (nn.Sequential(nn.Linear(4, 2)), (4,), r"input_shape=\(4,\) is no size"),
        (
            nn.Sequential(nn.Flatten(), nn.Linear(5, 2)),
            (1, 2, 2),
            "in_features=5, .* does not fit maps of 1 x 2 x 2",
        ),
        (
            nn.Sequential(nn.Flatten(), nn.BatchNorm1d(8), nn.Linear(8, 2)),
            (2, 2, 2),
            "cannot slide: it normalises each pixel of the 2 maps",
        ),
        (
            nn.Sequential(nn.Conv2d(1, 3, 1), nn.Flatten(), nn.Softmax(1)),
            (1, 2, 2),
            r"Softmax\(dim=1\) cannot slide over maps",
        ),
        (
            nn.Sequential(nn.Conv2d(1, 3, 1), nn.AdaptiveAvgPool2d(2)),
            (1, 4, 4),
            "cannot slide: its windows change with the size",
        ),
    ],
    ids=["no shape", "flat", "size", "batch norm", "softmax", "adaptive"],
)
def test_refusals_say_why(module, input_shape, message):
    with pytest.raises(ValueError, match=message):
        to_fully_convolutional(module, input_shape)


def test_estimator_for_flat_rows_needs_a_shape():
    mlp = MLPClassifier((9,), **SHORT).fit(X, Y)
    with pytest.raises(ValueError, match=r"input_shape=\(64,\) is no size of images"):
        to_fully_convolutional(mlp)
    with pytest.raises(TypeError, match="has no layers"):
        to_fully_convolutional(MinMaxScaler().fit(X))
