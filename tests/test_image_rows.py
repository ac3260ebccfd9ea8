"""Images keep the layout that a network was fitted for."""

import warnings

import numpy as np
import pytest

from sknn_course import CNNClassifier, CNNRegressor
from sknn_course.preprocessing import ChannelStandardScaler

FIT = {"filters": (4,), "dense_layer_sizes": (), "max_iter": 1, "random_state": 0}


def images(*shape, n=12):
    X = np.random.default_rng(0).standard_normal((n, *shape))
    return X, np.arange(n) % 2


def fit(X, y, **parameters):
    """The fitted network and the warnings of its layout."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        cnn = CNNClassifier(**FIT, **parameters).fit(X, y)
    texts = [str(w.message) for w in caught]
    return cnn, [text for text in texts if "is taken for" in text]


@pytest.fixture(scope="module")
def cnn():
    return fit(*images(3, 8, 8), warm_start=True)[0]


@pytest.mark.parametrize(
    "shape", [(8, 8, 3), (8, 3, 8), (1, 8, 24), (8, 24), (192, 1), (3, 64)]
)
def test_other_layouts_are_refused_after_fit(cnn, shape):
    X, y = images(*shape)
    calls = [
        lambda: cnn.predict(X),
        lambda: cnn.score(list(X), y),
        lambda: cnn.fit(X, y),  # a warm start
        lambda: cnn.partial_fit(X, y),
        lambda: cnn.fit(*images(3, 8, 8), X_val=X, y_val=y),
    ]
    for call in calls:
        with pytest.raises(ValueError, match=r"X holds images of shape"):
            call()


def test_remedy_of_channels_last_is_right(cnn):
    X = images(3, 8, 8)[0]
    last = X.transpose(0, 2, 3, 1)
    with pytest.raises(ValueError, match=r"give X.transpose\(0, 3, 1, 2\)"):
        cnn.predict(last)
    again = cnn.predict_proba(last.transpose(0, 3, 1, 2))
    np.testing.assert_array_equal(again, cnn.predict_proba(X))


@pytest.mark.parametrize("shape", [(1, 8, 8), (8, 8), (64,)])
def test_the_same_pixels_in_the_same_order_are_taken(shape):
    X, y = images(8, 8)
    fitted, told = fit(X, y)
    assert not told
    same = fitted.predict_proba(X.reshape(-1, *shape))
    np.testing.assert_array_equal(same, fitted.predict_proba(X))
    for other in ((8, 8, 1), (8, 1, 8)):
        with pytest.raises(ValueError, match="X holds images of shape"):
            fitted.predict(X.reshape(-1, *other))


@pytest.mark.parametrize("shape", [(8, 8, 3), (9, 8, 4), (8, 5, 3)])
def test_fit_warns_where_channels_look_last(shape):
    X, y = images(*shape)
    _, [told] = fit(X, y)
    assert "X.transpose(0, 3, 1, 2)" in told
    assert f"input_shape={shape}" in told
    assert fit(X, y, input_shape=shape)[1] == []
    assert fit(X.transpose(0, 3, 1, 2), y)[1] == []
    with pytest.warns(UserWarning, match="is taken for images"):
        ChannelStandardScaler().fit(X)


@pytest.mark.parametrize(
    ("shape", "axes"), [((3, 40), (0, 1, 2)), ((40, 3), (0, 2, 1))]
)
def test_fit_warns_where_images_look_to_be_series(shape, axes):
    X, y = images(*shape)
    _, [told] = fit(X, y)
    assert "3 channels" in told
    assert fit(X, y, input_shape=shape)[1] == []
    series = X.transpose(axes)[:, :, None, :]  # the remedy
    fitted, told = fit(series, y)
    assert not told
    assert fitted.input_shape_ == (3, 1, 40)
    assert fitted.coefs_[0].shape == (4, 3, 1, 3)  # windows along the series


@pytest.mark.parametrize(
    "shape",
    [(3, 8, 8), (1, 8, 8), (8, 8), (8, 30), (1, 50), (16, 8, 8), (3, 1, 40), (4, 4, 4)],
)
def test_fit_is_silent_on_usual_layouts(shape):
    assert fit(*images(*shape))[1] == []


def test_given_shape_and_given_images_must_agree():
    X, y = images(8, 8, 3)
    with pytest.raises(ValueError, match=r"input_shape=\(3, 8, 8\) takes images"):
        CNNRegressor(**FIT, input_shape=(3, 8, 8)).fit(X, y)


@pytest.mark.parametrize("shape", [(8.0, 8), (True, 64), (-8, -8), ("8", "8"), (0, 64)])
def test_input_shape_is_of_whole_numbers(shape):
    X, y = images(64)
    with pytest.raises(ValueError, match="input_shape"):
        CNNRegressor(**FIT, input_shape=shape).fit(X, y)


@pytest.mark.parametrize(
    "images, message",
    [
        ([[[1.0]], [[2.0, 3.0]]], "X holds images or rows of unequal sizes"),
        (np.zeros((0, 1, 4, 4)), "0 sample"),
    ],
)
def test_images_that_are_no_array(images, message):
    with pytest.raises(ValueError, match=message):
        CNNClassifier().fit(images, [0, 1])
