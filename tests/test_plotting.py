"""Displays: what they hold equals what is computed elsewhere."""

import joblib
import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch
from scipy.signal import correlate2d
from sklearn.base import clone
from sklearn.datasets import load_digits, make_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier as ScikitLearnMLP
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR
from torch.nn import functional

from sknn_course import CNNClassifier, MLPClassifier, MLPRegressor
from sknn_course.datasets import load_eckerle4
from sknn_course.plotting import (
    ActivationFunctionsDisplay,
    ClassCountsDisplay,
    ExampleImagesDisplay,
    FeatureMapsDisplay,
    FilteredImageDisplay,
    FiltersDisplay,
    FirstLayerWeightsDisplay,
    GradientFlowDisplay,
    LearningRateCasesDisplay,
    LossCurveDisplay,
    MisclassifiedDisplay,
    PixelHistogramDisplay,
    RegressionFitDisplay,
    SweepResultsDisplay,
    WeightHistogramDisplay,
)

matplotlib.use("Agg")

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, y = load_digits(return_X_y=True)
X, y = (X / 16)[:300], y[:300]


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def mlp():
    mlp = MLPClassifier((20, 12), max_iter=8, dtype="float64", random_state=3)
    with pytest.warns(ConvergenceWarning):
        return mlp.fit(X[:200], y[:200], X_val=X[200:], y_val=y[200:])


@pytest.fixture(scope="module")
def cnn():
    cnn = CNNClassifier(
        ((8,), (6,)), kernel_size=5, max_iter=3, dtype="float64", random_state=5
    )
    with pytest.warns(ConvergenceWarning):
        return cnn.fit(X, y)


# Loss curves


def test_loss_curves_are_those_of_the_estimator(mlp):
    display = LossCurveDisplay.from_estimator(make_pipeline(mlp))
    for stored, recorded in [
        (display.train_loss, mlp.loss_curve_),
        (display.validation_loss, mlp.validation_loss_curve_),
        (display.train_score, mlp.training_score_curve_),
        (display.validation_score, mlp.validation_scores_),
    ]:
        np.testing.assert_array_equal(stored, [recorded])
    loss, score = display.axes_
    assert (loss.get_ylabel(), score.get_ylabel()) == ("loss", "accuracy")
    train, validation = (line.get_ydata() for line in loss.lines)
    np.testing.assert_array_equal(train, mlp.loss_curve_)
    np.testing.assert_array_equal(validation, mlp.validation_loss_curve_)


def test_loss_curves_of_scikit_learns_mlp_and_of_a_regressor():
    theirs = ScikitLearnMLP((5,), max_iter=4, random_state=0).fit(X, y)
    assert len(LossCurveDisplay.from_estimator(theirs).axes_) == 1
    ours = MLPRegressor(hidden_layer_sizes=(5,), max_iter=4, early_stopping=True)
    display = LossCurveDisplay.from_estimator(ours.fit(X, y))
    assert display.score_name == "$R^2$"


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("penalty", [{"l1": 1e-3}, {"l2": 1e-3}], ids=str)
def test_loss_axis_names_the_penalty(penalty):
    mlp = MLPClassifier((3,), max_iter=2, **penalty).fit(X, y)
    label = LossCurveDisplay.from_estimator(mlp).axes_[0].get_ylabel()
    assert label == "loss (training: with penalty)"


def test_loss_curves_of_several_runs_have_their_mean():
    runs = [[4.0, 2.0, 1.0], [2.0, 1.0], [3.0, 3.0, 3.0]]
    display = LossCurveDisplay.from_history({"train_loss": runs})
    *thin, mean = display.axes_[0].lines
    assert [len(line.get_ydata()) for line in thin] == [3, 2, 3]
    np.testing.assert_array_equal(mean.get_ydata(), [3, 2])
    np.testing.assert_array_equal(mean.get_xdata(), [1, 2])


def test_loss_curves_from_histories(mlp):
    of_estimator = LossCurveDisplay.from_estimator(mlp)
    keras = {
        "loss": mlp.loss_curve_,
        "val_loss": mlp.validation_loss_curve_,
        "accuracy": mlp.training_score_curve_,
        "val_accuracy": mlp.validation_scores_,
    }
    for history, n_runs in ((mlp.net_.history, 1), (keras, 1), ([keras, keras], 2)):
        display = LossCurveDisplay.from_history(history)
        for name in (
            "train_loss",
            "validation_loss",
            "train_score",
            "validation_score",
        ):
            np.testing.assert_allclose(
                getattr(display, name), getattr(of_estimator, name) * n_runs
            )


@pytest.mark.parametrize(
    ("losses", "scale"), [([3.0, 1.0, 0.5], "linear"), ([3.0, 0.1, 0.01], "log")]
)
def test_loss_axis_is_logarithmic_where_losses_span_much(losses, scale):
    display = LossCurveDisplay(train_loss=losses).plot()
    assert display.axes_[0].get_yscale() == scale


def test_loss_curves_refuse_what_has_none(mlp):
    with pytest.raises(TypeError, match="loss_curve_"):
        LossCurveDisplay.from_estimator(SVC().fit(X, y))
    with pytest.raises(ValueError, match=r"history=\['error'\]"):
        LossCurveDisplay.from_history({"error": [1, 2]})
    with pytest.raises(ValueError, match="history='text'"):
        LossCurveDisplay.from_history("text")
    with pytest.raises(ValueError, match="train_loss .* shape"):
        LossCurveDisplay(train_loss=[[[1.0]]])
    with pytest.raises(ValueError, match="no curve"):
        LossCurveDisplay().plot()
    with pytest.raises(ValueError, match="loss_scale='cubic'"):
        LossCurveDisplay(train_loss=[1.0]).plot(loss_scale="cubic")


def test_learning_rates_are_fitted_and_judged():
    network = MLPClassifier((6,), "identity", solver="sgd", max_iter=6, random_state=0)
    rates = [1e-4, 0.1, 1e12]
    display = LearningRateCasesDisplay.from_estimator(
        network, X, y, learning_rates=rates
    )
    for rate in rates[:2]:
        alone = clone(network).set_params(learning_rate_init=rate).fit(X, y)
        np.testing.assert_array_equal(display.curves[rate], alone.loss_curve_)
    assert display.cases_ == dict(
        zip(rates, ("too low", "good", "too high"), strict=True)
    )


def test_learning_rate_cases_without_a_finite_end():
    nan = float("nan")
    curves = {0.01: [2.0, 1.9], 0.1: [2.0, 1.0], 1.0: [2.0, 1.01], 9.0: [2.0, nan]}
    display = LearningRateCasesDisplay.from_curves(curves)
    assert display.cases_ == {
        0.01: "too low",
        0.1: "good",
        1.0: "good",
        9.0: "too high",
    }
    with pytest.raises(TypeError, match="learning_rate_init"):
        LearningRateCasesDisplay.from_estimator(SVC(), X, y, learning_rates=[1])
    with pytest.raises(ValueError, match="curves={}"):
        LearningRateCasesDisplay.from_curves({})
    with pytest.raises(ValueError, match="loss_scale='x'"):
        display.plot(loss_scale="x")


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


# Images and data


def test_example_images_are_the_rows():
    display = ExampleImagesDisplay.from_images(X, y, n_images=6)
    np.testing.assert_array_equal(display.images.reshape(6, -1), X[:6])
    assert display.titles == [str(one) for one in y[:6]]
    drawn = ExampleImagesDisplay.from_images(X, y, n_images=6, random_state=0)
    again = ExampleImagesDisplay.from_images(X, y, n_images=6, random_state=0)
    np.testing.assert_array_equal(drawn.images, again.images)
    assert not np.array_equal(drawn.images, display.images)


def test_example_images_of_each_class_make_a_row():
    display = ExampleImagesDisplay.from_images(X, y, n_images=3, per_class=True)
    assert display.row_names == [str(digit) for digit in range(10)]
    lines = display.images.reshape(10, 3, -1)
    for digit, line in enumerate(lines):
        np.testing.assert_array_equal(line, X[y == digit][:3])
    with pytest.raises(ValueError, match="per_class=True needs"):
        ExampleImagesDisplay.from_images(X, per_class=True)


def test_images_in_every_form():
    rows = np.random.RandomState(0).randint(256, size=(4, 3 * 5 * 5))
    images = rows.reshape(4, 3, 5, 5)
    for given, shape in ((rows, None), (images, None), (rows, (3, 5, 5))):
        display = ExampleImagesDisplay.from_images(given, image_shape=shape)
        np.testing.assert_array_equal(display.images, images)
        shown = display.axes_[0].images[0].get_array()
        np.testing.assert_allclose(shown, np.moveaxis(images[0], 0, -1) / 255)
    grey = ExampleImagesDisplay.from_images(images[:, 0])
    assert grey.images.shape == (4, 1, 5, 5)
    with pytest.raises(ValueError, match="cannot be shown"):
        ExampleImagesDisplay.from_images(rows.reshape(4, 5, 3, 5))
    with pytest.raises(ValueError, match="input_shape=.* does not fit"):
        ExampleImagesDisplay.from_images(rows, image_shape=(2, 2))
    with pytest.raises(ValueError, match=r"shape \(75,\)"):
        ExampleImagesDisplay.from_images(rows[0])


def test_misclassified_rows_are_those_predicted_wrongly():
    ridge = RidgeClassifier(alpha=100).fit(X[:100], y[:100])
    display = MisclassifiedDisplay.from_estimator(ridge, X, y, n_images=7)
    predicted = ridge.predict(X)
    wrong = [row for row in range(len(y)) if predicted[row] != y[row]]
    np.testing.assert_array_equal(display.indices, wrong)
    np.testing.assert_array_equal(display.images.reshape(7, -1), X[wrong[:7]])
    np.testing.assert_array_equal(display.y_true, y[wrong[:7]])
    np.testing.assert_array_equal(display.y_pred, predicted[wrong[:7]])
    assert display.n_samples == len(y)


def test_misclassified_names_classes_and_says_when_all_is_right():
    names = np.array(["zero", "one"])
    display = MisclassifiedDisplay.from_predictions(
        X[:3], [0, 1, 1], [0, 0, 1], class_names=list(names)
    )
    assert (display.y_true[0], display.y_pred[0]) == ("one", "zero")
    assert display.axes_[0].get_title() == "one \N{RIGHTWARDS ARROW} zero"
    with pytest.raises(ValueError, match="all 2 predictions are right"):
        MisclassifiedDisplay.from_predictions(X[:2], [0, 1], [0, 1])
    with pytest.raises(ValueError, match="inconsistent numbers"):
        MisclassifiedDisplay.from_predictions(X[:2], [0, 1], [0, 1, 1])


def test_class_counts_equal_bincount():
    display = ClassCountsDisplay.from_targets({"first": y[:120], "rest": y[120:]})
    np.testing.assert_array_equal(display.counts["first"], np.bincount(y[:120]))
    np.testing.assert_array_equal(display.counts["rest"], np.bincount(y[120:]))
    heights = [bar.get_height() for bar in display.ax_.patches]
    np.testing.assert_array_equal(heights[:10], np.bincount(y[:120]))
    shares = display.plot(normalize=True)
    assert np.isclose(sum(bar.get_height() for bar in shares.ax_.patches), 200)
    with pytest.raises(ValueError, match="class_names=.* 10 classes"):
        ClassCountsDisplay.from_targets(y, class_names=["one"])
    with pytest.raises(ValueError, match=r"shape \(300, 64\)"):
        ClassCountsDisplay.from_targets(X)


def test_pixel_shares_equal_counts_of_the_values():
    pixels = (16 * X).astype(int)
    display = PixelHistogramDisplay.from_images({"all": pixels, "few": pixels[:9]})
    seventeen = PixelHistogramDisplay.from_images({"all": pixels}, bins=16)
    counts = np.bincount(pixels.ravel(), minlength=17)
    counts[15] += counts[16]  # the last bin is closed
    np.testing.assert_allclose(seventeen.shares["all"], counts[:16] / pixels.size)
    assert all(np.isclose(share.sum(), 1) for share in display.shares.values())
    with pytest.raises(ValueError, match="no pixel"):
        PixelHistogramDisplay.from_images({"none": []})


def test_filtered_image_has_the_published_values():
    image = np.arange(1, 17).reshape(4, 4)
    kernel = [[-1, 1], [0, 1]]
    correlated = FilteredImageDisplay.from_image(image, kernel)
    convolved = FilteredImageDisplay.from_image(image, kernel, flip=True)
    expected = [[7, 8, 9], [11, 12, 13], [15, 16, 17]]  # FMAN45
    np.testing.assert_array_equal(correlated.result, expected)
    np.testing.assert_array_equal(convolved.result, [[0, 1, 2], [4, 5, 6], [8, 9, 10]])
    numbers = [text.get_text() for text in correlated.axes_[2].texts]
    assert numbers == [str(value) for value in np.ravel(expected)]
    same = FilteredImageDisplay.from_image(
        X[0].reshape(8, 8), -np.eye(3), padding="same"
    )
    assert same.result.shape == (8, 8)
    for params, message in (
        ({"image": image[0]}, r"image is of shape \(4,\)"),
        ({"kernel": np.ones((5, 2))}, "does not fit"),
        ({"padding": "full"}, "padding='full'"),
    ):
        with pytest.raises(ValueError, match=message):
            FilteredImageDisplay.from_image(
                **{"image": image, "kernel": kernel, **params}
            )


# Regression and searches


def test_regression_curves_are_predictions():
    x, target = load_eckerle4(return_X_y=True)
    svrs = [SVR(gamma=gamma).fit(x[::2], target[::2]) for gamma in (0.01, 0.1)]
    display = RegressionFitDisplay.from_estimator(
        svrs, x[::2], target[::2], x[1::2], target[1::2], n_points=11
    )
    np.testing.assert_allclose(display.x, np.arange(400, 501, 10))
    for curve, svr in zip(display.curves, svrs, strict=True):
        np.testing.assert_array_equal(curve, svr.predict(display.x[:, None]))
    np.testing.assert_array_equal(display.test, [x[1::2, 0], target[1::2]])


def test_regression_fit_keeps_names_of_columns():
    frame = load_eckerle4(as_frame=True)
    svr = make_pipeline(StandardScaler(), SVR()).fit(frame.data, frame.target)
    display = RegressionFitDisplay.from_estimator(svr, frame.data, frame.target)
    assert display.ax_.get_xlabel() == "wavelength"
    with pytest.raises(ValueError, match=r"X_train is of shape \(300, 64\)"):
        RegressionFitDisplay.from_estimator(svr, X, y)


@pytest.fixture(scope="module")
def search():
    grid = {"svc__C": [10, 0.1, 1], "svc__gamma": [0.5, 0.05], "svc__shrinking": [True]}
    pipeline = make_pipeline(StandardScaler(), SVC())
    return GridSearchCV(pipeline, grid, cv=3).fit(X, y)


def test_sweep_table_equals_a_pivot_of_the_results(search):
    display = SweepResultsDisplay.from_estimator(search, x="C", y="gamma")
    results = pd.DataFrame(search.cv_results_)
    pivot = results.pivot_table("mean_test_score", "param_svc__gamma", "param_svc__C")
    np.testing.assert_array_equal(display.mean, pivot)
    assert display.x_values == list(pivot.columns)
    assert display.y_values == list(pivot.index)
    assert display.score_name == "accuracy"
    written = [text.get_text() for text in display.ax_.texts]
    assert written == [f"{score:.3f}" for score in np.ravel(pivot)]


def test_sweep_of_one_parameter_shows_the_best_of_the_others(search):
    results = pd.DataFrame(search.cv_results_)
    best = results.groupby("param_svc__C")["mean_test_score"].max()
    few = {key: search.cv_results_[key] for key in search.cv_results_}
    del few["param_svc__gamma"]
    display = SweepResultsDisplay.from_cv_results(few)
    assert (display.x_name, display.y_name) == ("svc__C", None)
    np.testing.assert_array_equal(display.mean[0], best)
    np.testing.assert_array_equal(display.ax_.lines[0].get_ydata(), best)


def test_sweep_lines_and_values_that_are_no_numbers():
    results = {
        "param_sizes": [(5,), (5, 5), (5,), (5, 5)],
        "param_rate": [0.1, 0.1, 0.001, 0.001],
        "mean_test_score": [0.8, 0.9, 0.5, np.nan],
    }
    display = SweepResultsDisplay.from_cv_results(results, x="rate", kind="lines")
    assert display.y_values == [(5,), (5, 5)]
    np.testing.assert_array_equal(display.mean, [[0.5, 0.8], [np.nan, 0.9]])
    assert display.ax_.get_xscale() == "log"
    turned = SweepResultsDisplay.from_cv_results(results, x="sizes", kind="lines")
    labels = [label.get_text() for label in turned.ax_.get_xticklabels()]
    assert labels == ["(5,)", "(5, 5)"]


def test_sweep_refuses_what_is_not_there(search):
    with pytest.raises(TypeError, match="cv_results_"):
        SweepResultsDisplay.from_estimator(SVC())
    for params, message in (
        ({"x": "degree"}, "x='degree' is none"),
        ({"score": "train_score"}, "score='train_score' is not"),
        ({"kind": "bars"}, "kind='bars'"),
    ):
        with pytest.raises(ValueError, match=message):
            SweepResultsDisplay.from_estimator(search, **params)
    constant = {"param_C": [1, 1], "mean_test_score": [0.5, 0.6]}
    with pytest.raises(ValueError, match="more than one value"):
        SweepResultsDisplay.from_cv_results(constant)
    one = {"param_C": [1, 2], "mean_test_score": [0.5, 0.6]}
    with pytest.raises(ValueError, match="needs two parameters"):
        SweepResultsDisplay.from_cv_results(one, kind="heatmap")


def test_sweep_of_a_stacked_search():
    grid = {"learning_rate_init": [0.001, 0.1], "hidden_layer_sizes": [(3,), (6,)]}
    network = MLPClassifier(max_iter=3, random_state=0)
    with joblib.parallel_config("stacked"):
        search = GridSearchCV(network, grid, cv=2).fit(X, y)
    display = SweepResultsDisplay.from_estimator(search)
    assert np.isclose(np.max(display.mean), search.best_score_)
