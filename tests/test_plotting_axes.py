"""Every display draws in new axes, in given axes, and again."""

import sys

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest

from sknn_course import plotting

matplotlib.use("Agg")

rng = np.random.RandomState(0)
IMAGES = rng.rand(6, 1, 8, 8)
CURVE = 1 / np.arange(1, 20)

# name -> parameters of the constructor
SINGLE = {
    "GradientFlowDisplay": {
        "weight_norms": np.array([0.01, 0.1, 1]),
        "bias_norms": np.array([0.02, 0.2, 2]),
        "name": "sigmoids",
    },
    "ClassCountsDisplay": {
        "classes": np.array(["a long name", "another"]),
        "counts": {"training": np.array([30, 20]), "test": np.array([3, 2])},
    },
    "PixelHistogramDisplay": {
        "edges": np.array([0, 0.5, 1]),
        "shares": {"training": np.array([0.3, 0.7]), "test": np.array([0.4, 0.6])},
    },
    "RegressionFitDisplay": {
        "x": np.arange(19),
        "curves": [CURVE, 2 * CURVE],
        "train": (np.arange(19), CURVE),
        "test": (np.arange(3), CURVE[:3]),
    },
    "SweepResultsDisplay": {
        "x_name": "model__alpha",
        "x_values": [0.1, 1.0],
        "y_name": "model__hidden_layer_sizes",
        "y_values": [(10,), (100, 100), (100, 100, 100)],
        "mean": rng.rand(3, 2),
        "std": rng.rand(3, 2),
    },
    "LearningRateCasesDisplay": {"curves": {0.1: CURVE, 1.0: CURVE + 1}},
}
SEVERAL = {
    "LossCurveDisplay": {"train_loss": [CURVE, CURVE], "train_score": 1 - CURVE},
    "WeightHistogramDisplay": {
        "weights": {"before training": rng.randn(99), "after training": rng.randn(99)},
        "biases": {"before training": np.zeros(9), "after training": rng.randn(9)},
    },
    "FirstLayerWeightsDisplay": {"images": rng.randn(6, 1, 8, 8)},
    "FiltersDisplay": {"images": rng.randn(6, 1, 5, 5)},
    "FeatureMapsDisplay": {
        "image": IMAGES[0],
        "maps": {"convolution 1": IMAGES[:, 0], "pooling 1": IMAGES[:, 0, :4, :4]},
    },
    "ExampleImagesDisplay": {"images": IMAGES, "titles": list("abcdef")},
    "MisclassifiedDisplay": {
        "images": IMAGES,
        "y_true": np.array(["truck"] * 6),
        "y_pred": np.array(["automobile"] * 6),
        "indices": np.arange(9),
        "n_samples": 100,
    },
    "ActivationFunctionsDisplay": {
        "z": np.arange(19),
        "values": {"inverse": CURVE, "square": CURVE**2},
        "derivatives": {"inverse": -CURVE, "square": CURVE},
    },
    "FilteredImageDisplay": {
        "image": IMAGES[0, 0],
        "kernel": np.eye(3) - 0.5,
        "result": IMAGES[1, 0, :6, :6],
    },
}
ALL = {**SINGLE, **SEVERAL}


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def make(name):
    return getattr(plotting, name)(**ALL[name])


def axes_of(display):
    return [display.ax_] if hasattr(display, "ax_") else list(display.axes_)


def test_every_display_is_here():
    assert sorted(ALL) == sorted(plotting.__all__)


@pytest.mark.parametrize("name", ALL)
def test_parameters_are_attributes(name):
    display = make(name)
    for parameter, value in ALL[name].items():
        kept = getattr(display, parameter)
        if name != "LossCurveDisplay":  # which makes a list of runs of each
            assert kept is value


@pytest.mark.parametrize("name", ALL)
def test_each_plot_without_axes_is_a_new_figure(name):
    display = make(name)
    assert display.plot() is display
    first = display.figure_
    assert all(ax.figure is first for ax in axes_of(display))
    assert all(ax.has_data() or not ax.axison for ax in axes_of(display))
    assert display.plot().figure_ is not first
    assert plt.get_fignums() == [1, 2]


@pytest.mark.parametrize("name", ALL)
def test_nothing_is_clipped_at_default_size(name):
    figure = make(name).plot().figure_
    figure.canvas.draw()
    drawn = figure.get_tightbbox().extents
    width, height = figure.get_size_inches()
    np.testing.assert_array_less([-0.01, -0.01], drawn[:2])
    np.testing.assert_array_less(drawn[2:], [width + 0.01, height + 0.01])


@pytest.mark.parametrize("name", SINGLE)
def test_given_axes_are_drawn_in_twice(name):
    _, ax = plt.subplots()
    display = make(name)
    assert display.plot(ax=ax).ax_ is ax
    assert display.plot(ax=ax).ax_ is ax
    assert display.figure_ is ax.figure
    assert plt.get_fignums() == [1]


@pytest.mark.parametrize("name", SEVERAL)
def test_given_axes_are_divided_once_and_panels_drawn_in_again(name):
    figure, (ax, other) = plt.subplots(1, 2, layout="constrained")
    display = make(name)
    panels = display.plot(ax=ax).axes_
    figure.canvas.draw()
    assert display.figure_ is figure and not ax.axison
    assert not set(panels) & {ax, other}
    border = other.get_window_extent().x0
    assert all(panel.get_window_extent().x1 < border for panel in panels)
    assert plt.get_fignums() == [1]
    with pytest.raises(ValueError, match=r"ax=display\.axes_"):
        display.plot(ax=ax)
    assert list(display.plot(ax=panels).axes_) == list(panels)


def test_title_of_divided_axes_stands_above_the_panels():
    figure, axes = plt.subplots(1, 2, layout="constrained")
    axes[0].set_title("before training")
    panels = make("FiltersDisplay").plot(ax=axes[0]).axes_
    figure.canvas.draw()
    title = panels[0].figure._suptitle
    assert title.get_text() == "before training" and not axes[0].get_title()
    top = max(panel.get_window_extent().y1 for panel in panels)
    assert title.get_window_extent().y0 >= top


@pytest.mark.parametrize("name", SEVERAL)
def test_wrong_number_of_axes_is_told(name):
    display = make(name).plot()
    n_panels = len(display.axes_)
    _, axes = plt.subplots(1, n_panels + 1)
    with pytest.raises(
        ValueError, match=f"holds {n_panels + 1} axes.*needs {n_panels}"
    ):
        display.plot(ax=axes)


@pytest.mark.parametrize("name", SEVERAL)
def test_axes_outside_a_grid_cannot_be_divided(name):
    ax = plt.figure().add_axes([0, 0, 1, 1])
    with pytest.raises(ValueError, match="has to be a subplot"):
        make(name).plot(ax=ax)


@pytest.mark.parametrize("name", ALL)
def test_what_is_no_axes_is_refused(name):
    with pytest.raises(TypeError, match="no matplotlib Axes"):
        make(name).plot(ax="left")


@pytest.mark.parametrize("name", ALL)
def test_missing_matplotlib_is_told(name, monkeypatch):
    display = make(name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=rf"{name}\.plot requires matplotlib"):
        display.plot()
