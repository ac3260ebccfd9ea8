"""Displays of images and data: what they hold equals what is computed elsewhere."""

import numpy as np
import pytest
from plotted_digits import (
    X,
    close_figures,  # noqa: F401  acts on every test here
    y,
)
from sklearn.linear_model import RidgeClassifier

from sknn_course.plotting import (
    ClassCountsDisplay,
    ExampleImagesDisplay,
    FilteredImageDisplay,
    MisclassifiedDisplay,
    PixelHistogramDisplay,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


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
    blur = FilteredImageDisplay.from_image(X[0].reshape(8, 8), np.full((3, 3), 0.1))
    kernel_image = blur.axes_[1].images[0]
    assert not np.allclose(kernel_image.to_rgba(0.1), 1)  # not white on white
    for params, message in (
        ({"image": image[0]}, r"image is of shape \(4,\)"),
        ({"kernel": np.ones((5, 2))}, "does not fit"),
        ({"padding": "full"}, "padding='full'"),
    ):
        with pytest.raises(ValueError, match=message):
            FilteredImageDisplay.from_image(
                **{"image": image, "kernel": kernel, **params}
            )
