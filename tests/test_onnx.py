"""Converted estimators, run by ONNX Runtime, predict what the estimators predict."""

from dataclasses import dataclass

import numpy as np
import onnxruntime
import pytest
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.datasets import load_diabetes, load_digits, load_iris
from sklearn.metrics.pairwise import laplacian_kernel
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier as SklearnMLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from test_registries import networks_with

from sknn_course import (
    CNNClassifier,
    CNNRegressor,
    LeastSquaresClassifier,
    LeastSquaresRegressor,
    LeastSquaresSVC,
    LeastSquaresSVR,
    MLPClassifier,
    MLPRegressor,
)
from sknn_course._engine.ops.activations import ACTIVATIONS
from sknn_course._estimator.onnx_nodes import LAYERS
from sknn_course.layers import (
    Activation,
    BatchNorm,
    Conv2d,
    Dense,
    Dropout,
    Flatten,
    GaussianNoise,
    GlobalAveragePool,
    Layer,
    LocalResponseNorm,
    PeriodicEmbedding,
    Pool2d,
    Softmax,
)

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning",
)
X_IRIS, Y_IRIS = load_iris(return_X_y=True)
X_DIABETES, Y_DIABETES = load_diabetes(return_X_y=True)
X_DIGITS, Y_DIGITS = load_digits(return_X_y=True)
NAMES = np.array(["setosa", "versicolor", "virginica"])
SEVERAL = np.stack([Y_IRIS == 0, Y_IRIS > 0, X_IRIS[:, 0] > 6], axis=1).astype(int)
TARGETS = {
    "binary": Y_IRIS > 0,
    "two names": NAMES[Y_IRIS // 2],
    "names": NAMES[Y_IRIS],
    "objects": NAMES[Y_IRIS].astype(object),
    "numbers": 3 * Y_IRIS - 1,
    "floats": 2.0 * Y_IRIS,
    "labels": SEVERAL,
    "one": np.full(150, 7),
}
TOLERANCE = {np.float32: 2e-5, np.float64: 1e-11}


def quick(cls, **parameters):
    """An estimator of few epochs; an MLP computes in the type of the rows."""
    return cls(max_iter=3, random_state=0).set_params(**parameters)


def run(model, X, options=None, **parameters):
    """Outputs by name."""
    converted = to_onnx(model, X[:1], options=options, **parameters)
    session = onnxruntime.InferenceSession(
        converted.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, {"X": X}), strict=True))


def assert_same(model, X, tolerance):
    """The converted model gives the labels and scores, or numbers, of the model."""
    if not hasattr(model, "classes_"):
        expected = model.predict(X)
        found = run(model, X)["variable"]
        assert found.dtype == X.dtype and found.shape == (
            len(X),
            expected.size // len(X),
        )
        scale = np.abs(expected).max()
        np.testing.assert_allclose(
            found, expected.reshape(found.shape), tolerance, tolerance * scale
        )
        return
    found = run(model, X, {"zipmap": False})
    np.testing.assert_array_equal(found["label"], model.predict(X))
    if hasattr(model, "predict_proba"):
        expected, scores = model.predict_proba(X), found["probabilities"]
    else:
        expected, scores = model.decision_function(X), found["scores"]
        expected = expected.reshape(len(X), -1)
    assert scores.dtype == X.dtype and scores.shape == expected.shape
    np.testing.assert_allclose(scores, expected, tolerance, tolerance)


@pytest.mark.parametrize("y", TARGETS.values(), ids=TARGETS)
@pytest.mark.parametrize(
    "model, dtype",
    [
        (quick(MLPClassifier, learning_rate_init=0.1), np.float32),
        (quick(MLPClassifier, dtype=None, learning_rate_init=0.1), np.float64),
        (LeastSquaresClassifier(), np.float32),
        (LeastSquaresSVC(), np.float64),
    ],
    ids=str,
)
def test_classes(model, y, dtype):
    X = X_IRIS.astype(dtype)
    assert_same(make_pipeline(StandardScaler(), model).fit(X, y), X, TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize(
    "model",
    [
        quick(MLPRegressor, dtype=None),
        quick(MLPRegressor, dtype=None, loss="poisson"),
        quick(MLPRegressor, dtype=None, normalize_y=True),
        LeastSquaresRegressor(),
        LeastSquaresRegressor(fit_intercept=False),
        LeastSquaresSVR(),
    ],
    ids=str,
)
def test_numbers(model, several, dtype):
    X = X_DIABETES.astype(dtype)
    y = np.stack([Y_DIABETES, X[:, 2] + 1], axis=1) if several else Y_DIABETES
    assert_same(model.fit(X, y), X, TOLERANCE[dtype])


@pytest.mark.parametrize(
    "kernel",
    [
        {"kernel": "linear"},
        {"kernel": "poly", "degree": 2, "gamma": 0.5, "coef0": 2.0},
        {"kernel": "rbf"},
        {"kernel": "rbf", "gamma": 1e8},
    ],
    ids=str,
)
def test_kernels(kernel):
    X = X_IRIS + 1e3 * (kernel["kernel"] == "rbf")
    assert_same(LeastSquaresSVR(**kernel).fit(X, X_IRIS[:, 0]), X, 1e-9)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize(
    "activation", [n for n, row in ACTIVATIONS.items() if row.onnx]
)
def test_activations(activation, dtype):
    X = 5 * StandardScaler().fit_transform(X_IRIS).astype(dtype)
    model = quick(MLPRegressor, dtype=None, activation=activation, noise=0.1)
    model.set_params(
        batch_norm="after", dropout=0.1, input_dropout=0.1, hidden_layer_sizes=(9, 8)
    )
    tolerance = 1e-6 if activation == "gelu" else TOLERANCE[dtype]
    assert_same(model.fit(X, X_IRIS[:, 1]), X, tolerance)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("variant", ["plr", "plr_lite", "pbld"])
def test_embeddings(variant, dtype):
    X = StandardScaler().fit_transform(X_IRIS).astype(dtype)
    for n_columns in (None, 3):
        layer = PeriodicEmbedding(3, 4, variant=variant, n_columns=n_columns)
        model = quick(MLPRegressor, dtype=None, numeric_embedding=layer)
        assert_same(model.fit(X, X_IRIS[:, 1]), X, TOLERANCE[dtype])


IMAGE_LAYERS = {
    "links": (
        Conv2d(4, 3, links=((0,), (0,), (0,), (0,)), flipped=True),
        BatchNorm(),
        Activation("relu"),
        Conv2d(3, (2, 3), (0, 1), links=((0, 1), (1, 2, 3), (3,))),
        Pool2d((2, 3), "average", (1, 2)),
        Flatten(),
        Dropout(0.1),
        Dense(1),
    ),
    "norm": (
        Conv2d(7, 3, "valid", stride=2, flipped=True),
        LocalResponseNorm(3, 0.1, 0.6, 1.5),
        Softmax(),
        Pool2d(2, "max", 1),
        GaussianNoise(0.1),
        Conv2d(5, 1),
        GlobalAveragePool(),
    ),
}


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("architecture", [None, *IMAGE_LAYERS.values()])
def test_images(architecture, dtype):
    X, y = X_DIGITS[:200].astype(dtype), Y_DIGITS[:200]
    model = quick(CNNClassifier, filters=((6,), (4,)), architecture=architecture)
    assert_same(make_pipeline(StandardScaler(), model).fit(X, y), X, 2e-5)
    images = X.reshape(-1, 1, 8, 8) / 16
    numbers = CNNRegressor(filters=((6,),), dtype="float64", max_iter=2)
    assert_same(numbers.fit(images, y), images, 1e-5)


@pytest.mark.parametrize("kind", LAYERS)
def test_layers(kind):
    """Each with a conversion, among convolutions or dense layers."""
    rng = np.random.RandomState(0)
    X, y = rng.normal(size=(40, 2, 6, 5)).astype("float32"), np.arange(40) % 3
    for layers, shape in networks_with(kind):
        architecture = layers if len(shape) == 3 else (Flatten(), *layers)
        model = quick(CNNClassifier, architecture=architecture).fit(X, y)
        assert_same(model, X, 2e-5)


def test_zipmap_is_scikit_learns():
    X = X_IRIS.astype(np.float32)
    for y in (TARGETS["names"], TARGETS["numbers"], SEVERAL, Y_IRIS > 0):
        ours, theirs = (
            make_pipeline(StandardScaler(), quick(cls)).fit(X, y)
            for cls in (MLPClassifier, SklearnMLPClassifier)
        )
        for zipmap in (None, "columns"):
            results = [
                run(model, X, zipmap and {id(model.steps[-1][1]): {"zipmap": zipmap}})
                for model in (ours, theirs)
            ]
            assert [*results[0]] == [*results[1]]
            for found, expected in zip(*map(dict.values, results), strict=True):
                assert type(found) is type(expected)
                if isinstance(found, list):
                    assert found[0].keys() == expected[0].keys()
                else:
                    assert (found.dtype, found.shape) == (
                        expected.dtype,
                        expected.shape,
                    )
    one = quick(MLPClassifier).fit(X, TARGETS["one"])
    assert run(one, X)["output_probability"][0].keys() == {7}


@pytest.mark.parametrize("zipmap", [True, False])
def test_search(zipmap):
    X = X_IRIS.astype(np.float32)
    model = make_pipeline(StandardScaler(), quick(MLPClassifier))
    grid = {"mlpclassifier__alpha": [0.1, 1]}
    search = GridSearchCV(model, grid, cv=2).fit(X, Y_IRIS)
    assert_same(search.best_estimator_, X, 2e-5)
    plain = GridSearchCV(quick(MLPClassifier), {"alpha": [0.1, 1]}, cv=2)
    plain.fit(X, Y_IRIS)
    for fitted in (search, plain):
        labels, _ = run(fitted, X, {id(fitted): {"zipmap": zipmap}}).values()
        np.testing.assert_array_equal(labels, fitted.predict(X))


def test_columns_of_a_frame_and_options_by_class():
    X = X_IRIS.astype(np.float32)
    model = quick(MLPClassifier).fit(X, Y_IRIS)
    names = ["a", "b", "c", "d"]
    converted = to_onnx(
        model,
        initial_types=[(name, FloatTensorType([None, 1])) for name in names],
        options={MLPClassifier: {"zipmap": False}},
    )
    session = onnxruntime.InferenceSession(converted.SerializeToString())
    columns = dict(zip(names, np.split(X, 4, axis=1), strict=True))
    _, found = session.run(None, columns)
    np.testing.assert_allclose(found, model.predict_proba(X), 2e-5)


def test_class_numbers():
    X = X_IRIS.astype(np.float32)
    model = quick(MLPClassifier).fit(X, TARGETS["names"])
    found = run(model, X, {"nocl": True, "zipmap": False})["label"]
    np.testing.assert_array_equal(model.classes_[found], model.predict(X))


@dataclass(frozen=True, repr=False)
class Doubled(Layer):
    """A layer that no converter knows."""


def test_errors_name_what_has_no_form():
    X = X_IRIS.astype(np.float32)
    kernel = LeastSquaresSVC(kernel=laplacian_kernel).fit(X, Y_IRIS)
    with pytest.raises(NotImplementedError, match="kernel=<function laplacian"):
        to_onnx(kernel, X[:1])
    model = quick(MLPClassifier).fit(X, Y_IRIS)
    with pytest.raises(ValueError, match="3 features.*MLPClassifier is expecting 4"):
        to_onnx(model, X[:1, :3])
    with pytest.raises(ValueError, match="target_opset=12 is too old: give 13"):
        to_onnx(model, X[:1], target_opset=12)
    with pytest.raises(ValueError, match="'raw_scores'.*unknown"):
        to_onnx(model, X[:1], options={"raw_scores": True})
    with pytest.raises(ValueError, match="zipmap='rows'"):
        to_onnx(model, X[:1], options={"zipmap": "rows"})
    model.classes_ = np.array([0.0, 0.5, 1.0])
    with pytest.raises(ValueError, match="whole numbers or strings"):
        to_onnx(model, X[:1])
    model.classes_ = np.arange(3)
    layers, shape = model._structure
    model._structure = (*layers, Doubled()), shape
    with pytest.raises(NotImplementedError, match=r"Doubled\(\) has no conversion"):
        to_onnx(model, X[:1])
