"""Displays of weights, feature maps, gradients and activations: what they hold equals
what is computed elsewhere.
"""

import numpy as np
import pytest
import torch
from plotted_digits import (
    X,
    close_figures,  # noqa: F401  acts on every test here
    fitted_mlp,
    y,
)
from scipy.signal import correlate2d
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier as ScikitLearnMLP
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR
from torch.nn import functional

from sknn_course import CNNClassifier, MLPClassifier, MLPRegressor
from sknn_course.plotting import (
    ActivationFunctionsDisplay,
    FeatureMapsDisplay,
    FiltersDisplay,
    FirstLayerWeightsDisplay,
    GradientFlowDisplay,
    WeightHistogramDisplay,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(scope="module")
def mlp():
    return fitted_mlp()


@pytest.fixture(scope="module")
def cnn():
    cnn = CNNClassifier(
        ((8,), (6,)), kernel_size=5, max_iter=3, dtype="float64", random_state=5
    )
    with pytest.warns(ConvergenceWarning):
        return cnn.fit(X, y)


# Weights


def untrained(network):
    """The network after a step too small to change a weight."""
    tiny = clone(network).set_params(
        solver="sgd", learning_rate_init=1e-300, max_iter=1, momentum=0, alpha=0
    )
    return tiny.fit(X, y)


@pytest.mark.parametrize("layer", [0, 1, -1])
def test_weight_histogram_holds_weights_before_and_after(mlp, layer):
    display = WeightHistogramDisplay.from_estimator(mlp, layer=layer)
    before = untrained(mlp)
    for values, attribute in (
        (display.weights, "coefs_"),
        (display.biases, "intercepts_"),
    ):
        for name, network in (("before training", before), ("after training", mlp)):
            expected = getattr(network, attribute)[layer].ravel()
            np.testing.assert_array_equal(np.sort(values[name]), np.sort(expected))


def test_weight_histogram_counts_every_weight(mlp):
    display = WeightHistogramDisplay.from_estimator(mlp, before=untrained(mlp))
    before, after = display.axes_[0].patches
    assert before.get_data().values.sum() == after.get_data().values.sum() == 64 * 20
    np.testing.assert_array_equal(
        display.weights["before training"],
        WeightHistogramDisplay.from_estimator(mlp).weights["before training"],
    )
    alone = WeightHistogramDisplay.from_estimator(mlp, before=None)
    assert list(alone.weights) == ["after training"]


def test_initial_weights_need_a_seed_and_a_network_of_ours(mlp):
    unseeded = clone(mlp).set_params(random_state=None).fit(X, y)
    theirs = ScikitLearnMLP((5,), max_iter=2, random_state=0).fit(X, y)
    for network in (unseeded, theirs):
        with pytest.raises(ValueError, match="integer random_state"):
            WeightHistogramDisplay.from_estimator(network)
        WeightHistogramDisplay.from_estimator(network, before=None)
    with pytest.raises(ValueError, match="weights='first'"):
        WeightHistogramDisplay.from_estimator(mlp, before="first")
    with pytest.raises(ValueError, match="layer=3 .* 0 to 2"):
        WeightHistogramDisplay.from_estimator(mlp, layer=3)
    with pytest.raises(TypeError, match="coefs_"):
        WeightHistogramDisplay.from_estimator(SVR().fit(X, y), before=None)


def test_first_layer_images_are_columns_of_the_weights(mlp):
    display = FirstLayerWeightsDisplay.from_estimator(mlp)
    assert len(display.axes_) == 16
    for neuron, image in enumerate(display.images):
        np.testing.assert_array_equal(image[0].ravel(), mlp.coefs_[0][:, neuron])
    initial = FirstLayerWeightsDisplay.from_estimator(mlp, weights="initial")
    first = untrained(mlp).coefs_[0]
    np.testing.assert_array_equal(initial.images.reshape(16, -1), first.T[:16])
    ranges = {ax.images[0].get_clim() for ax in display.axes_}
    assert len(ranges) == 1 and sum(*ranges) == 0


def test_filters_are_the_weights_of_a_convolution(cnn):
    display = FiltersDisplay.from_estimator(cnn)
    np.testing.assert_array_equal(display.images, cnn.coefs_[0])
    second = FiltersDisplay.from_estimator(cnn, layer=1, input_map=3, n_filters=4)
    np.testing.assert_array_equal(second.images, cnn.coefs_[1][:4, [3]])
    initial = FiltersDisplay.from_estimator(cnn, weights="initial")
    np.testing.assert_array_equal(initial.images, untrained(cnn).coefs_[0])


def test_weights_of_colours_are_colour_images():
    rows = np.random.RandomState(0).rand(20, 48)
    labels = np.arange(20) % 3
    mlp = MLPClassifier((4,), max_iter=1, random_state=0).fit(rows, labels)
    display = FirstLayerWeightsDisplay.from_estimator(mlp, image_shape=(3, 4, 4))
    shown = display.axes_[0].images[0].get_array()
    assert shown.shape == (4, 4, 3)
    cnn = CNNClassifier(((2,),), input_shape=(3, 4, 4), max_iter=1, random_state=0)
    assert FiltersDisplay.from_estimator(cnn.fit(rows, labels)).images.shape[1] == 3


def test_weight_images_refuse_the_wrong_layer(mlp, cnn):
    with pytest.raises(ValueError, match="use FiltersDisplay"):
        FirstLayerWeightsDisplay.from_estimator(cnn)
    with pytest.raises(ValueError, match="use FirstLayerWeightsDisplay"):
        FiltersDisplay.from_estimator(mlp)
    with pytest.raises(ValueError, match="input_map=8 .* 0 to 7"):
        FiltersDisplay.from_estimator(cnn, layer=1, input_map=8)
    with pytest.raises(ValueError, match="n_neurons=0"):
        FirstLayerWeightsDisplay.from_estimator(mlp, n_neurons=0)
    with pytest.raises(ValueError, match=r"image_shape=\(2, 8, 4\)"):
        FirstLayerWeightsDisplay.from_estimator(mlp, image_shape=(2, 8, 4))


def test_feature_maps_are_correlations_with_the_filters(cnn):
    display = FeatureMapsDisplay.from_estimator(make_pipeline(cnn), X[7])
    names = ["convolution 1", "pooling 1", "convolution 2", "pooling 2"]
    assert list(display.maps) == names
    image = np.pad(X[7].reshape(8, 8), 2)
    for one, kernel, bias in zip(
        display.maps["convolution 1"], cnn.coefs_[0], cnn.intercepts_[0], strict=True
    ):
        expected = np.maximum(correlate2d(image, kernel[0], "valid") + bias, 0)
        np.testing.assert_allclose(one, expected, atol=1e-12)
    pooled = display.maps["convolution 1"].reshape(8, 4, 2, 4, 2).max(axis=(2, 4))
    np.testing.assert_allclose(display.maps["pooling 1"], pooled)


def test_feature_maps_need_convolutions(mlp):
    with pytest.raises(ValueError, match="no convolution"):
        FeatureMapsDisplay.from_estimator(mlp, X[0])
    with pytest.raises(TypeError, match="networks of sknn_course"):
        FeatureMapsDisplay.from_estimator(LogisticRegression().fit(X, y), X[0])


# Gradients and activations


def dense_gradient_norms(network, rows, loss, batch_norm=False):
    """Norms from torch's functional layers and the public weights alone."""
    weights = [torch.tensor(w, requires_grad=True) for w in network.coefs_]
    biases = [torch.tensor(b, requires_grad=True) for b in network.intercepts_]
    a = torch.tensor(rows)
    for place, (w, b) in enumerate(zip(weights, biases, strict=True)):
        a = a @ w + b
        if place < len(weights) - 1:
            a = torch.tanh(a)
            if batch_norm:
                a = functional.batch_norm(a, None, None, training=True)
    loss(a).backward()
    return [[float(t.grad.norm()) for t in tensors] for tensors in (weights, biases)]


@pytest.mark.parametrize("n_classes", [2, 3])
def test_gradient_norms_of_classifiers_equal_autograds(n_classes):
    rows, labels = make_classification(
        60, 8, n_informative=6, n_classes=n_classes, random_state=0
    )
    mlp = MLPClassifier((7, 5), "tanh", max_iter=3, dtype="float64", random_state=0)
    pipeline = make_pipeline(StandardScaler(), mlp).fit(rows, labels)
    display = GradientFlowDisplay.from_estimator(pipeline, rows, labels)

    def loss(z):
        if n_classes == 2:
            target = torch.tensor(labels).double()
            return functional.binary_cross_entropy_with_logits(z[:, 0], target)
        return functional.cross_entropy(z, torch.tensor(labels))

    scaled = StandardScaler().fit_transform(rows)
    weights, biases = dense_gradient_norms(pipeline[-1], scaled, loss)
    np.testing.assert_allclose(display.weight_norms, weights)
    np.testing.assert_allclose(display.bias_norms, biases)
    np.testing.assert_array_equal(display.line_.get_ydata(), display.weight_norms)


def test_gradient_norms_of_a_regressor_equal_autograds():
    mlp = MLPRegressor(
        hidden_layer_sizes=(7, 5),
        activation="tanh",
        max_iter=3,
        dtype="float64",
        random_state=0,
    ).fit(X, y)
    display = GradientFlowDisplay.from_estimator(mlp, X, y)
    target = torch.tensor(y).double()
    weights, _ = dense_gradient_norms(
        mlp, X, lambda z: 0.5 * (z[:, 0] - target).square().mean()
    )
    np.testing.assert_allclose(display.weight_norms, weights)


def test_gradient_norms_with_batch_norm_take_the_rows_statistics():
    mlp = MLPClassifier(
        (7, 5), "tanh", batch_norm="after", max_iter=1, dtype="float64", random_state=0
    )
    network = untrained(mlp)
    running = [buffer.clone() for buffer in network.net_.module_.buffers()]
    display = GradientFlowDisplay.from_estimator(network, X, y)
    weights, _ = dense_gradient_norms(
        network,
        X,
        lambda z: functional.cross_entropy(z, torch.tensor(y)),
        batch_norm=True,
    )
    np.testing.assert_allclose(display.weight_norms, weights)
    for before, after in zip(running, network.net_.module_.buffers(), strict=True):
        assert torch.equal(before, after)


def test_initial_gradients_are_those_of_an_untrained_network(mlp):
    display = GradientFlowDisplay.from_estimator(mlp, X, y, weights="initial")
    start = GradientFlowDisplay.from_estimator(untrained(mlp), X, y)
    np.testing.assert_allclose(display.weight_norms, start.weight_norms)
    trained = GradientFlowDisplay.from_estimator(mlp, X, y)
    assert not np.allclose(display.weight_norms, trained.weight_norms)


def test_gradient_flows_share_axes(mlp):
    first = GradientFlowDisplay.from_estimator(mlp, X, y, name="one")
    second = first.plot(first.ax_, of="biases", name="two")
    assert len(first.ax_.lines) == 2
    np.testing.assert_array_equal(second.line_.get_ydata(), second.bias_norms)
    legend = [text.get_text() for text in first.ax_.get_legend().get_texts()]
    assert legend == ["one", "two"]
    with pytest.raises(ValueError, match="of='inputs'"):
        first.plot(of="inputs")
    with pytest.raises(TypeError, match="networks of sknn_course"):
        GradientFlowDisplay.from_estimator(SVC().fit(X, y), X, y)


def test_derivatives_of_activations_equal_central_differences():
    z = np.linspace(-3, 3, 60)  # without the kinks at 0
    step = 1e-5
    here, left, right = (
        ActivationFunctionsDisplay.from_functions(z=z + shift)
        for shift in (0, -step, step)
    )
    assert "softplus" in here.values and len(here.axes_) == len(here.values)
    for name, derivative in here.derivatives.items():
        slope = (right.values[name] - left.values[name]) / (2 * step)
        np.testing.assert_allclose(derivative, slope, atol=1e-6)
    np.testing.assert_allclose(here.values["softplus"], np.log1p(np.exp(z)))


def test_steps_have_no_slope_and_unknown_functions_are_named():
    step = {"sign": torch.sign}
    display = ActivationFunctionsDisplay.from_functions(step, z=[-2.0, 3.0])
    np.testing.assert_array_equal(display.values["sign"], [-1, 1])
    np.testing.assert_array_equal(display.derivatives["sign"], [0, 0])
    with pytest.raises(ValueError, match=r"functions=\['swush'\]"):
        ActivationFunctionsDisplay.from_functions(["relu", "swush"])
