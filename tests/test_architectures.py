"""The sheets' networks: published counts, torch's shapes, autograd's training."""

import pickle
from collections import Counter
from dataclasses import replace
from math import e, log

import joblib
import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from torch import nn

from sknn_course import CNNClassifier, CNNRegressor
from sknn_course._engine.ops.build import build_module
from sknn_course._engine.ops.initialisers import initial_parameters
from sknn_course._engine.ops.parameters import ParameterLayout
from sknn_course._engine.ops.stacked import LAYERS
from sknn_course.architectures import (
    ARCHITECTURES,
    Architecture,
    alexnet,
    lenet5,
    with_outputs,
)
from sknn_course.course.networks import (
    NETWORKS,
    cifar_cnn,
    fman45_cifar_cnn,
    fman45_mnist_cnn,
    kiel_2018_variation,
    mnist_cnn,
)
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
    ShapeError,
    Softmax,
    count_parameters,
    layer_shapes,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
SMALL = sorted(set(NETWORKS) - {"alexnet", "zfnet"})

# --- counts of the sheets ---

CONVOLUTIONS = [320, 9248, 18496, 36928]
KIEL_2018 = [320, 18496]
CIFAR = [896, 9248, 18496, 36928, 73856, 147584]
CIFAR_NORMS = [128, 128, 256, 256, 512, 512]  # of which half is trained
BIG_DENSE = [16_781_312, 4_097_000]
COUNTS = {  # of layers with parameters, batch normalisation apart
    # Kiel NNDL 2020 sheet 5
    "mnist_cnn_1": (*CONVOLUTIONS[:2], 401_472, 650),
    "mnist_cnn_2": (*CONVOLUTIONS, 401_536, 1_290),
    "mnist_cnn_3": (*CONVOLUTIONS, 200_768, 650),
    "mnist_cnn_4": (*CONVOLUTIONS, 73_856, 147_584, 73_792, 650),
    "mnist_cnn_4_without_batch_norm": (*CONVOLUTIONS, 73_856, 147_584, 73_792, 650),
    "cifar_cnn": (*CIFAR, 4_196_352, 20_490),
    "cifar_cnn_conv_batch_norm": (*CIFAR, 4_196_352, 20_490),
    "cifar_cnn_without_batch_norm": (*CIFAR, 4_196_352, 20_490),
    "cifar_cnn_without_hidden": (*CIFAR, 20_490),
    "lenet5": (156, 2_416, 48_120, 10_164, 850),
    "lenet5_sparse": (156, 1_516, 48_120, 10_164, 850),
    "alexnet": (
        *(34_944, 614_656, 885_120, 1_327_488, 884_992, 37_752_832),
        *BIG_DENSE,
    ),
    # the sheet has 1,327,488 and 4,719,616 for the last two convolutions
    "zfnet": (
        *(14_208, 614_656, 1_180_160, 4_719_616, 4_719_104, 354_422_784),
        *BIG_DENSE,
    ),
    # Kiel NNDL 2018 sheet 5
    "kiel_2018_cnn": (*KIEL_2018, 1_179_776, 1_290),
    "kiel_2018_variation_1": (*KIEL_2018, 36_928, 36_928, 4_160, 650),
    "kiel_2018_variation_2": (*KIEL_2018, 36_928, 5_770, 1_610),
    "kiel_2018_variation_3": (*KIEL_2018, 36_928, 36_928, 73_856, 1_290),
    "kiel_2018_grid_winner": (*KIEL_2018, 73_856, 295_168, 262_208, 650),
    # RDFIA practical 2, which has 32,800, 16,448 and 4,160 for the convolutions
    "rdfia_cnn": (2_432, 51_264, 102_464, 1_025_000, 10_010),
    # Lund FMAN45 assignment 3
    "fman45_mnist_cnn": (416, 6_416, 7_850),
    "fman45_cifar_cnn": (1_216, 6_416, 40_970),
}
NORMS = {
    "mnist_cnn_4": (*CIFAR_NORMS, 256),
    "cifar_cnn": (*CIFAR_NORMS, 8_192),
    "cifar_cnn_conv_batch_norm": CIFAR_NORMS,
    "cifar_cnn_without_hidden": CIFAR_NORMS,
}
TOTALS = {
    "mnist_cnn_1": 411_690,
    "mnist_cnn_2": 467_818,
    "mnist_cnn_3": 266_410,
    "mnist_cnn_4": 362_922,  # 361,898 of them trained
    "mnist_cnn_4_without_batch_norm": 360_874,
    "cifar_cnn": 4_513_834,
    "cifar_cnn_conv_batch_norm": 4_505_642,
    "cifar_cnn_without_batch_norm": 4_503_850,
    "cifar_cnn_without_hidden": 309_290,
    "lenet5": 61_706,
    "lenet5_sparse": 60_806,
    "alexnet": 62_378_344,
    "zfnet": 386_548_840,  # the sheet's sum of wrong parts is 383,157,224
    "kiel_2018_cnn": 1_199_882,
    "kiel_2018_variation_1": 97_482,
    "kiel_2018_variation_2": 63_124,
    "kiel_2018_variation_3": 167_818,
    "kiel_2018_grid_winner": 650_698,
    "rdfia_cnn": 1_191_170,  # the sheet's is 1,088,418
    "fman45_mnist_cnn": 14_682,
    "fman45_cifar_cnn": 48_602,
}


@pytest.mark.parametrize("name", NETWORKS)
def test_counts_of_parameters(name):
    network = NETWORKS[name]
    counts, norms = [], []
    shapes = layer_shapes(network.layers, network.input_shape)
    for layer, shape in zip(network.layers, shapes, strict=False):
        trained, kept = layer.n_parameters(shape), layer.n_buffers(shape)
        assert kept == (trained if isinstance(layer, BatchNorm) else 0)
        if isinstance(layer, BatchNorm):
            norms.append(trained + kept)
        elif trained:
            counts.append(trained)
    assert counts == list(COUNTS[name])
    assert norms == list(NORMS.get(name, ()))
    totals = count_parameters(network.layers, network.input_shape)
    assert sum(totals) == TOTALS[name]
    assert totals[1] == sum(norms) // 2


def test_trained_parts():
    assert count_parameters(mnist_cnn(4), (1, 28, 28)) == (361_898, 1_024)
    without_hidden = cifar_cnn(hidden_units=None)
    assert count_parameters(without_hidden, (3, 32, 32)) == (308_394, 896)


@pytest.mark.parametrize("name", NETWORKS)
def test_torch_has_the_same_shapes_and_counts(name):
    network = NETWORKS[name]
    shapes = layer_shapes(network.layers, network.input_shape)
    x, n_parameters = torch.empty(1, *network.input_shape, device="meta"), 0
    for layer, shape, result in zip(network.layers, shapes, shapes[1:], strict=False):
        module = LAYERS[type(layer)].module(layer, shape).to("meta").eval()
        x = module(x)
        assert tuple(x.shape[1:]) == result
        n_parameters += sum(p.numel() for p in module.parameters())
    unlinked = (16 * 6 - 60) * 25 if name == "lenet5_sparse" else 0
    assert n_parameters - unlinked == sum(COUNTS[name]) + sum(NORMS.get(name, ())) / 2


SIDES = {  # of the maps after each convolution and pooling
    "mnist_cnn_1": (28, 28, 14),
    "mnist_cnn_4": (28, 28, 14, 14, 14, 7, 7, 7, 3),
    "lenet5": (28, 14, 10, 5, 1),
    "alexnet": (55, 27, 27, 13, 13, 13, 13, 6),
    "zfnet": (111, 55, 55, 27, 27, 27, 27, 13),
    "kiel_2018_cnn": (26, 24, 12),
    "kiel_2018_variation_1": (26, 24, 12, 10, 5, 3, 1),
    "kiel_2018_variation_2": (26, 24, 12, 10, 8, 4),
    "kiel_2018_variation_3": (26, 24, 12, 10, 8, 4, 2),
    "rdfia_cnn": (32, 16, 16, 8, 8, 4),
    "fman45_mnist_cnn": (28, 14, 14, 7),
    "fman45_cifar_cnn": (32, 16, 32 // 2),
}


@pytest.mark.parametrize("name", SIDES)
def test_sides_of_maps(name):
    network = NETWORKS[name]
    shapes = layer_shapes(network.layers, network.input_shape)[1:]
    assert SIDES[name] == tuple(
        shape[1]
        for layer, shape in zip(network.layers, shapes, strict=True)
        if isinstance(layer, Conv2d | Pool2d)
    )
    assert all(shape[1] == shape[2] for shape in shapes if len(shape) == 3)


def names(layers):
    return [type(layer).__name__ for layer in layers]


def test_order_of_layers():
    block = ["Conv2d", "BatchNorm", "Activation"] * 2 + ["Pool2d"]
    dense = ["Flatten", "Dense", "Activation"]
    assert names(mnist_cnn(4)) == block * 3 + [*dense, "Dropout", "BatchNorm", "Dense"]
    assert names(cifar_cnn(dropout=0.5, noise=0.2, conv_dropout=0.1)) == (
        [*block, "Dropout", "GaussianNoise"] * 3
        + [*dense, "BatchNorm", "Dropout", "Dense"]
    )
    after = names(cifar_cnn(batch_norm="after"))
    assert after[:3] == ["Conv2d", "Activation", "BatchNorm"]
    convolution = ["Conv2d", "Activation"]
    assert names(mnist_cnn(4, batch_norm=False))[:5] == [*convolution * 2, "Pool2d"]
    norm = [*convolution, "Pool2d", "LocalResponseNorm"]
    assert names(alexnet()) == (
        norm * 2
        + convolution * 3
        + ["Pool2d", "Flatten"]
        + ["Dense", "Activation", "Dropout"] * 2
        + ["Dense"]
    )


def test_configuration_4_needs_padding():
    with pytest.raises(ShapeError, match=r"does not fit .* 128 x 2 x 2\."):
        layer_shapes(mnist_cnn(4, padding="valid"), (1, 28, 28))


def test_maps_of_the_sparse_layer():
    """LeCun et al., 1998, table 1: 60 links, each map of S2 in ten of them."""
    links = lenet5(sparse=True)[3].links
    assert Counter(map(len, links)) == {3: 6, 4: 9, 6: 1}
    assert [list(map(len, links)).index(n) for n in (3, 4, 6)] == [0, 6, 15]
    assert Counter(m for seen in links for m in seen) == dict.fromkeys(range(6), 10)
    assert len(set(links)) == 16


@pytest.mark.parametrize(
    ("function", "value", "message"),
    [
        (mnist_cnn, 5, r"configuration=5 is unknown: use one of \[1, 2, 3, 4\]"),
        (kiel_2018_variation, 0, r"number=0 is unknown: use one of \[1, 2, 3\]"),
        (lambda b: cifar_cnn(batch_norm=b), True, "batch_norm=True is unknown"),
    ],
)
def test_unknown_variants_are_named(function, value, message):
    with pytest.raises(ValueError, match=message):
        function(value)


def test_number_of_outputs():
    assert with_outputs(lenet5(), 3) == (*lenet5()[:-1], Dense(3))
    pooled = (Conv2d(9), Activation("relu"), GlobalAveragePool(), Softmax())
    assert with_outputs(pooled, 2) == (Conv2d(2), *pooled[1:])
    with pytest.raises(ValueError, match="No Dense and no Conv2d"):
        with_outputs((Flatten(),), 2)


# --- training ---


def images(shape, n=12, n_classes=3):
    rng = np.random.RandomState(0)
    return rng.normal(size=(n, *shape)), np.arange(n) % n_classes


@pytest.mark.parametrize("name", SMALL)
def test_networks_are_trained(name):
    X, y = images(NETWORKS[name].input_shape, 8)
    cnn = CNNClassifier(
        architecture=NETWORKS[name].layers,
        batch_size=4,
        max_iter=2,
        learning_rate_init=1e-4,
        random_state=0,
    ).fit(X, y)
    fitted = cnn.net_.module_
    assert cnn.predict_proba(X).shape == (8, 3)
    assert cnn.n_iter_ == 2
    layers = with_outputs(NETWORKS[name].layers, 3)
    layout = ParameterLayout(layers, X.shape[1:])
    start = initial_parameters(
        layout, "glorot", "auto", "relu", np.random.RandomState(0)
    )
    start = torch.from_numpy(start).float()
    initial = build_module(layout, start, layout.initial_buffers(torch.float32))
    assert repr(fitted) == repr(initial)
    for before, after in zip(initial.parameters(), fitted.parameters(), strict=True):
        assert torch.isfinite(after).all()
        # biases stay where batch normalisation takes them away
        assert (before != after).any() or before.dim() == 1


def narrow(layers, share):
    """The network with a share of the filters and units."""
    change = {Conv2d: "filters", Dense: "units"}
    return tuple(
        replace(
            layer, **{change[type(layer)]: getattr(layer, change[type(layer)]) // n}
        )
        if (n := share.get(type(layer)))
        else replace(layer, rate=0.0)
        if isinstance(layer, Dropout)
        else layer
        for layer in layers
    )


TRAINED = {
    "LeNet-5, sparse": (lenet5(sparse=True), (1, 32, 32)),
    "AlexNet, narrow": (narrow(alexnet(), {Conv2d: 32, Dense: 256}), (3, 67, 67)),
    "true convolution": (
        (Conv2d(3, 3, flipped=True), Activation("relu"), Flatten(), Dense(3)),
        (2, 6, 5),
    ),
    "double softmax": ((Flatten(), Dense(3), Softmax()), (1, 4, 4)),
    "no dense layer": (
        (Conv2d(3), Activation("tanh"), Conv2d(3, 1), GlobalAveragePool()),
        (2, 5, 5),
    ),
}


@pytest.mark.parametrize("name", TRAINED)
def test_training_is_that_of_autograd(name):
    layers, shape = TRAINED[name]
    X, y = images(shape)
    cnn = CNNClassifier(
        architecture=layers,
        solver="sgd",
        momentum=0.0,
        alpha=0.0,
        learning_rate_init=0.05,
        max_iter=4,
        tol=0.0,
        shuffle=False,
        dtype="float64",
        random_state=0,
    ).fit(X, y)
    layout = ParameterLayout(with_outputs(layers, 3), shape)
    start = initial_parameters(
        layout, "glorot", "auto", "relu", np.random.RandomState(0)
    )
    module = build_module(layout, torch.from_numpy(start), torch.zeros(0)).train()
    optimizer = torch.optim.SGD(module.parameters(), lr=0.05)
    losses = []
    for _ in range(4):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(
            module(torch.from_numpy(X)), torch.from_numpy(y)
        )
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert_allclose(cnn.loss_curve_, losses, rtol=1e-10)
    assert losses[-1] < losses[0]
    for own, expected in zip(
        cnn.net_.module_.parameters(), module.parameters(), strict=True
    ):
        assert_allclose(own.detach(), expected.detach(), rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize(
    "options",
    [
        {"solver": "sgd", "momentum": 0.9, "alpha": 0.1},
        {"solver": "adam", "l1": 0.01, "l2": 0.01},
        {"solver": "rmsprop", "weight_decay": 0.1},
        {"solver": "nadam", "weight_init": "uniform(0.5)"},
        {"solver": "adadelta"},
        {"solver": "adagrad", "weight_init": "he_normal"},
        {"solver": "lbfgs"},
    ],
    ids=lambda options: options["solver"],
)
def test_unlinked_weights_stay_zero(options):
    X, y = images((3, 8, 8))
    links = ((0,), (1, 2), (0, 2), (0, 1, 2))
    layers = (Conv2d(4, 3, "valid", links=links), BatchNorm(), Flatten(), Dense(3))
    if options["solver"] == "lbfgs":
        layers = (layers[0], *layers[2:])
    cnn = CNNClassifier(
        architecture=layers, max_iter=5, batch_size=4, random_state=0, **options
    ).fit(X, y)
    is_linked = [[m in seen for m in range(3)] for seen in links]
    assert_array_equal((cnn.coefs_[0] != 0).all((2, 3)), is_linked)
    assert_array_equal((cnn.coefs_[0] != 0).any((2, 3)), is_linked)


def test_double_softmax_has_the_sheets_floor():
    """Kiel NNDL 2020 sheet 5: ln(1 + 9 / e) where every probability is right."""
    X, y = 5 * np.eye(10).reshape(10, 1, 2, 5), np.arange(10)
    layers = (Flatten(), Dense(10), Softmax())
    cnn = CNNClassifier(
        architecture=layers,
        solver="sgd",
        learning_rate_init=1.0,
        max_iter=300,
        tol=0.0,
        n_iter_no_change=300,
        alpha=0.0,
        random_state=0,
    ).fit(X, y)
    assert cnn.score(X, y) == 1.0
    floor = log(1 + 9 / e)
    assert round(floor, 6) == 1.461150
    assert min(cnn.loss_curve_) > floor
    assert_allclose(cnn.loss_, floor, atol=2e-3)
    assert_allclose(cnn.predict_proba(X).max(1), e / (e + 9), atol=2e-3)


# --- the estimators' parameter ---

TINY = (Conv2d(2, 5, "valid"), Pool2d(3, stride=2), Flatten(), Dense(7))


def test_a_named_network_is_its_layers():
    X, y = images((1, 32, 32))
    options = dict(max_iter=2, random_state=0)
    named = CNNClassifier(architecture="lenet5", **options).fit(X, y)
    given = CNNClassifier(architecture=list(lenet5()), **options).fit(X, y)
    assert_array_equal(named.predict_proba(X), given.predict_proba(X))


def test_layers_are_the_blocks_that_they_spell_out():
    X, y = images((1, 28, 28))
    options = dict(max_iter=2, random_state=0)
    named = CNNClassifier(architecture=fman45_mnist_cnn(), **options).fit(X, y)
    blocks = CNNClassifier(
        filters=(16, 16), dense_layer_sizes=(), kernel_size=5, **options
    ).fit(X, y)
    assert_array_equal(named.predict_proba(X), blocks.predict_proba(X))
    # what describes blocks is ignored
    ignoring = clone(named).set_params(filters=((3,),), dropout=0.5, noise=1.0)
    assert_array_equal(ignoring.fit(X, y).predict_proba(X), named.predict_proba(X))


def test_flat_rows_get_the_shape_of_the_named_network(monkeypatch):
    coloured = Architecture(fman45_cifar_cnn(), (3, 32, 32))
    monkeypatch.setitem(ARCHITECTURES, "lenet5", coloured)
    X, y = images((3072,))
    cnn = CNNClassifier(architecture="lenet5", max_iter=1).fit(X, y)
    assert cnn.input_shape_ == (3, 32, 32)
    X, y = images((64,))
    cnn = CNNClassifier(architecture=TINY, max_iter=1).fit(X, y)
    assert cnn.input_shape_ == (1, 8, 8)
    wide = images((48,))[0]
    cnn.set_params(input_shape=(3, 4, 4), architecture=(Flatten(), Dense(2)))
    assert cnn.fit(wide, y).input_shape_ == (3, 4, 4)


@pytest.mark.parametrize("n_classes", [2, 4])
def test_outputs_are_those_of_the_data(n_classes):
    X, y = images((1, 8, 8), n_classes=n_classes)
    cnn = CNNClassifier(architecture=TINY, max_iter=1).fit(X, y)
    assert cnn.predict_proba(X).shape == (12, n_classes)
    assert cnn.n_outputs_ == (1 if n_classes == 2 else n_classes)
    targets = np.random.RandomState(0).normal(size=(12, n_classes))
    regressor = CNNRegressor(architecture=TINY, max_iter=1).fit(X, targets)
    assert regressor.predict(X).shape == targets.shape
    assert regressor.architecture is TINY


def test_copies_of_estimators():
    X, y = images((1, 8, 8))
    cnn = CNNClassifier(architecture=TINY, max_iter=1, random_state=0).fit(X, y)
    again = clone(cnn)
    assert again.get_params()["architecture"] == TINY
    assert_array_equal(again.fit(X, y).predict_proba(X), cnn.predict_proba(X))
    loaded = pickle.loads(pickle.dumps(cnn))
    assert_array_equal(loaded.predict_proba(X), cnn.predict_proba(X))
    assert loaded.architecture == TINY


def test_searches_over_architectures_stacked_and_not():
    X, y = images((1, 28, 28), 30)
    sparse = (Conv2d(3, 5, 0, 3), Conv2d(2, 3, links=((0, 2), (1,))), *TINY[1:])
    normed = (Conv2d(4, 9, 0, 4), LocalResponseNorm(3), Flatten(), Dense(3), Softmax())
    grid = {"architecture": [fman45_mnist_cnn(), TINY, sparse, normed]}
    results = []
    for backend in ("sequential", "stacked"):
        search = GridSearchCV(
            CNNClassifier(max_iter=3, random_state=0, dtype="float64"), grid, cv=3
        )
        with joblib.parallel_config(backend):
            results.append(search.fit(X, y))
    alone, stacked = results
    for fold in range(3):
        key = f"split{fold}_test_score"
        assert_array_equal(stacked.cv_results_[key], alone.cv_results_[key])
    assert_allclose(
        stacked.best_estimator_.predict_proba(X),
        alone.best_estimator_.predict_proba(X),
        rtol=1e-9,
    )


@pytest.mark.parametrize(
    ("architecture", "message"),
    [
        (
            "lenet5",
            r"architecture='lenet5' does not suit images of 1 x 6 x 6\. Conv2d\(.*\) "
            r"does not fit an image of 1 x 1\. Sizes layer by layer: 1 x 6 x 6 -> 6 ",
        ),
        ((Dense(3),), r"The architecture does not suit .* put Flatten\(\) before it"),
        ((Conv2d(3, 6, 0),), r"ends in outputs of shape \(3, 1, 1\), but y needs \(3,"),
        ((Flatten(),), "No Dense and no Conv2d"),
        ((Flatten(), Dense(3), Activation("sinus")), "contains Activation.*'sinus'"),
        ((Flatten(), "dense"), "architecture contains 'dense': give layers of"),
        ("lenet", "'architecture' parameter of CNNClassifier must be a str among"),
    ],
    ids=str,
)
def test_architectures_that_do_not_fit(architecture, message):
    X, y = images((1, 6, 6))
    with pytest.raises(ValueError, match=message):
        CNNClassifier(architecture=architecture).fit(X, y)


def test_softmax_of_a_single_output_is_refused():
    X, y = images((1, 8, 8), n_classes=2)
    with pytest.raises(ValueError, match="always 1 over the single output"):
        CNNClassifier(architecture=(*TINY, Softmax())).fit(X, y)
