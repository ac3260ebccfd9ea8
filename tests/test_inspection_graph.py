"""The drawn network: everything there, in its box, on the page, apart."""

from itertools import combinations

import matplotlib.pyplot as plt
import pytest
from matplotlib.patches import FancyBboxPatch

from sknn_course import MLPClassifier
from sknn_course.course.networks import NETWORKS as COURSE
from sknn_course.inspection import draw_network, layer_table
from sknn_course.layers import Activation, BatchNorm, Conv2d, Dense, Flatten, Pool2d

LONG = [layer for n in range(12) for layer in (Conv2d(99, 3), BatchNorm(), Pool2d(1))]
NETWORKS = {
    "perceptron": ([Dense(9), Activation("relu"), Dense(2)], (4,)),
    "mnist_cnn_1": (COURSE["mnist_cnn_1"], None),
    "mnist_cnn_4": (COURSE["mnist_cnn_4"], None),
    "alexnet": ("alexnet", None),
    "36 layers": ([*LONG, Flatten(), Dense(1)], (3, 8, 8)),
}
by_name = pytest.mark.parametrize("name", NETWORKS)
with_shapes = pytest.mark.parametrize("show_shapes", [True, False])


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def extents(ax):
    """The boxes and texts of a graph, in pixels, drawn."""
    ax.figure.canvas.draw()
    renderer = ax.figure.canvas.get_renderer()
    boxes = [p for p in ax.patches if isinstance(p, FancyBboxPatch)]
    texts = [text for text in ax.texts if text.get_text()]
    return (
        [box.get_window_extent(renderer) for box in boxes],
        [text.get_window_extent(renderer) for text in texts],
    )


def contains(outer, inner):
    return (
        outer.x0 <= inner.x0
        and outer.y0 <= inner.y0
        and inner.x1 <= outer.x1
        and inner.y1 <= outer.y1
    )


def assert_readable(ax):
    boxes, texts = extents(ax)
    page = ax.figure.bbox
    assert all(contains(page, box) for box in boxes)
    assert all(sum(contains(box, text) for box in boxes) == 1 for text in texts)
    for one, other in [*combinations(boxes, 2), *combinations(texts, 2)]:
        assert not one.overlaps(other)


@by_name
@with_shapes
def test_texts_stay_in_their_boxes_and_boxes_on_the_page(name, show_shapes):
    network, shape = NETWORKS[name]
    assert_readable(draw_network(network, shape, show_shapes=show_shapes))


@by_name
def test_each_layer_has_a_box_and_an_arrow(name):
    network, shape = NETWORKS[name]
    ax = draw_network(network, shape)
    boxes, _ = extents(ax)
    arrows = [text for text in ax.texts if getattr(text, "arrow_patch", None)]
    assert len(boxes) - 1 == len(arrows) == len(layer_table(network, shape))


def test_boxes_show_shapes_and_parameters():
    shown = [text.get_text() for text in draw_network(COURSE["mnist_cnn_1"]).texts]
    for row in layer_table(COURSE["mnist_cnn_1"]):
        assert "×".join(map(str, row.output_shape)) in shown
        if row.parameters:
            assert f"{row.parameters:,} parameters" in shown
    assert "1×28×28" in shown and "dropout1: 0.5" in shown
    hidden = [
        t.get_text()
        for t in draw_network(COURSE["mnist_cnn_1"], show_shapes=False).texts
    ]
    assert "conv1" in hidden and "1×28×28" not in hidden
    assert not any("parameters" in text for text in hidden)


def test_long_networks_stand_in_columns():
    boxes, _ = extents(draw_network(*NETWORKS["36 layers"]))
    assert len({round(box.x0) for box in boxes}) > 2
    boxes, _ = extents(draw_network(*NETWORKS["perceptron"]))
    assert len({round(box.x0) for box in boxes}) == 1


@pytest.mark.parametrize("size", [(5, 5), (8, 3), (3, 8)], ids=str)
def test_given_axes_are_used_and_the_letters_fit(size):
    # many pixels: letters are wider where they are rounded to few
    _, (left, right) = plt.subplots(1, 2, figsize=size, dpi=400)
    assert draw_network(COURSE["mnist_cnn_4"], ax=right) is right
    boxes, _ = extents(right)
    assert_readable(right)
    frame = right.get_window_extent()
    assert all(contains(frame.padded(1), box) for box in boxes)
    assert not left.patches


def test_fitted_estimators_and_names_are_drawn():
    mlp = MLPClassifier((3,), solver="lbfgs").fit([[0.0], [1.0]], [0, 1])
    ax = draw_network(mlp, names=["first", "relu", "last"])
    assert {"first", "last"} <= {text.get_text() for text in ax.texts}


def test_wrong_axes_are_named():
    with pytest.raises(TypeError, match="ax=3 is no matplotlib Axes"):
        draw_network("lenet5", ax=3)
