"""Transformers of images against numpy, scipy and scikit-learn's own."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import linalg, stats
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from sknn_course import preprocessing
from sknn_course._engine.cost_model import CostModel
from sknn_course.preprocessing import (
    ChannelStandardScaler,
    MeanImageSubtraction,
    ZCAWhitening,
)

TRANSFORMERS = [
    ZCAWhitening(),
    ZCAWhitening(epsilon=0),
    MeanImageSubtraction(),
    MeanImageSubtraction(mean="value"),
    ChannelStandardScaler(),
    ChannelStandardScaler(with_mean=False),
    ChannelStandardScaler(with_std=False),
]
SHAPE = (3, 4, 5)  # channels, height, width
each_transformer = pytest.mark.parametrize("transformer", TRANSFORMERS, ids=str)


def correlated_images(n=400, seed=0):
    """Images whose pixels depend on each other, channels of other units."""
    rng = np.random.RandomState(seed)
    mixing = rng.normal(size=(60, 60)) + 3 * np.eye(60)
    images = (rng.normal(size=(n, 60)) @ mixing).reshape(n, *SHAPE)
    return images * [[[1.0]], [[5.0]], [[0.2]]] + [[[2.0]], [[-30.0]], [[100.0]]]


IMAGES = correlated_images()
ROWS = IMAGES.reshape(len(IMAGES), -1)


@parametrize_with_checks(TRANSFORMERS)
def test_estimator_checks(estimator, check):
    check(estimator)


# --- ZCA whitening ---


def test_whitened_pixels_have_the_covariance_one():
    Z = ZCAWhitening(epsilon=0).fit_transform(ROWS)
    assert_allclose(np.cov(Z.T), np.eye(60), atol=1e-9)
    assert_allclose(Z.mean(axis=0), 0, atol=1e-9)


@pytest.mark.parametrize("epsilon", [0, 0.5])
def test_the_matrix_is_the_inverse_root_of_the_covariance(epsilon):
    zca = ZCAWhitening(epsilon=epsilon).fit(ROWS)
    covariance = np.cov(ROWS.T) + epsilon * np.eye(60)
    assert_allclose(zca.whitening_, linalg.inv(linalg.sqrtm(covariance)), atol=1e-10)


def test_it_is_pca_whitening_turned_back():
    pca = PCA(whiten=True).fit(ROWS)
    zca = ZCAWhitening(epsilon=0).fit(ROWS)
    assert_allclose(zca.explained_variance_, pca.explained_variance_)
    other = IMAGES[:7].reshape(7, -1) * 0.3
    assert_allclose(
        zca.transform(other), pca.transform(other) @ pca.components_, atol=1e-9
    )


def test_no_other_whitening_changes_the_rows_less():
    X = StandardScaler(with_std=False).fit_transform(ROWS)
    Z = ZCAWhitening(epsilon=0).fit_transform(ROWS)
    least = np.square(Z - X).sum()
    for seed in range(5):
        turned = Z @ stats.ortho_group.rvs(60, random_state=seed)
        assert np.square(turned - X).sum() > least
    assert np.square(PCA(whiten=True).fit_transform(ROWS) - X).sum() > least


def test_epsilon_shrinks_directions_by_their_variance():
    Z = ZCAWhitening(epsilon=2.0).fit_transform(ROWS)
    s = np.linalg.eigvalsh(np.cov(ROWS.T))
    assert_allclose(np.linalg.eigvalsh(np.cov(Z.T)), s / (s + 2), rtol=1e-8)


def test_directions_without_variance_come_out_zero():
    X = np.column_stack([ROWS[:, :3], ROWS[:, 0] + ROWS[:, 1], np.full(400, 7.0)])
    zca = ZCAWhitening(epsilon=0).fit(X)
    Z = zca.transform(X)
    # the projection on the three directions that vary
    spread = X - X.mean(axis=0)
    assert_allclose(np.cov(Z.T), linalg.pinv(spread) @ spread, atol=1e-8)
    assert_allclose(zca.inverse_transform(Z), X, atol=1e-8)


def test_fewer_rows_than_pixels():
    Z = ZCAWhitening(epsilon=0).fit_transform(ROWS[:20])
    assert_allclose(np.linalg.eigvalsh(np.cov(Z.T))[-19:], 1)
    assert_allclose(np.linalg.eigvalsh(np.cov(Z.T))[:-19], 0, atol=1e-9)


def test_digits_in_single_precision():
    X = load_digits().data
    double = ZCAWhitening(epsilon=0.1).fit_transform(X)
    single = ZCAWhitening(epsilon=0.1).fit_transform(X.astype(np.float32))
    assert_allclose(single, double, atol=2e-4)


# --- means and standard deviations ---


def test_the_mean_image_is_numpys():
    scaler = MeanImageSubtraction().fit(IMAGES)
    assert_allclose(scaler.transform(IMAGES), IMAGES - IMAGES.mean(axis=0))
    assert_allclose(
        scaler.transform(ROWS), StandardScaler(with_std=False).fit_transform(ROWS)
    )


def test_the_mean_value_is_one_number():
    out = MeanImageSubtraction(mean="value").fit(IMAGES).transform(2 * IMAGES)
    assert_allclose(out, 2 * IMAGES - IMAGES.mean())


def per_channel(images, scaler):
    """scikit-learn's transform with the pixels of all images as rows."""
    pixels = np.moveaxis(images, 1, -1)  # (n, H, W, C)
    out = scaler(pixels.reshape(-1, 3)).reshape(pixels.shape)
    return np.moveaxis(out, -1, 1)


@pytest.mark.parametrize("with_mean", [True, False])
@pytest.mark.parametrize("with_std", [True, False])
def test_channels_are_those_of_scikit_learns_scaler(with_mean, with_std):
    options = dict(with_mean=with_mean, with_std=with_std)
    train, test = IMAGES[:300], IMAGES[300:]
    scaler = ChannelStandardScaler(**options).fit(train)
    sklearns = StandardScaler(**options)
    per_channel(train, sklearns.fit_transform)
    assert_allclose(
        scaler.transform(test), per_channel(test, sklearns.transform), rtol=1e-9
    )


def test_channel_statistics_are_numpys():
    scaler = ChannelStandardScaler().fit(IMAGES)
    assert_allclose(scaler.mean_, IMAGES.mean(axis=(0, 2, 3)))
    assert_allclose(scaler.var_, IMAGES.var(axis=(0, 2, 3)))
    assert_allclose(scaler.scale_, IMAGES.std(axis=(0, 2, 3)))
    assert scaler.input_shape_ == SHAPE


def test_a_constant_channel_is_only_shifted():
    images = IMAGES.copy()
    images[:, 1] = 0.1
    scaler = ChannelStandardScaler().fit(images)
    assert scaler.scale_[1] == 1
    assert_allclose(scaler.transform(images)[:, 1], 0, atol=1e-12)


@pytest.mark.parametrize(
    ("X", "input_shape", "expected"),
    [
        (np.zeros((2, 4, 5)), None, (1, 4, 5)),
        (np.zeros((2, 16)), None, (1, 4, 4)),
        (np.zeros((2, 15)), None, (1, 1, 15)),
        (np.zeros((2, 60)), (3, 4, 5), (3, 4, 5)),
        (np.zeros((2, 60)), [6, 10], (1, 6, 10)),
        ([[[1.0, 2.0]], [[3.0, 4.0]]], None, (1, 1, 2)),
    ],
)
def test_shape_of_the_images(X, input_shape, expected):
    assert ChannelStandardScaler(input_shape).fit(X).input_shape_ == expected


# --- all ---


@each_transformer
def test_images_and_their_rows_are_the_same(transformer):
    if isinstance(transformer, ChannelStandardScaler):
        of_rows = ChannelStandardScaler(
            SHAPE, with_mean=transformer.with_mean, with_std=transformer.with_std
        )
    else:
        of_rows = transformer
    out = transformer.fit_transform(IMAGES)
    assert out.shape == IMAGES.shape
    assert_array_equal(of_rows.fit_transform(ROWS), out.reshape(len(out), -1))
    assert_array_equal(of_rows.transform(IMAGES), out)


@each_transformer
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_inverse_transform_gives_the_images_back(transformer, dtype):
    images = IMAGES.astype(dtype)
    out = transformer.fit(images).transform(images)
    back = transformer.inverse_transform(out)
    assert out.dtype == back.dtype == dtype
    tolerance = dict(rtol=1e-9) if dtype == np.float64 else dict(rtol=1e-3, atol=1e-3)
    assert_allclose(back, images, **tolerance)


@each_transformer
def test_single_precision_stays_after_a_fit_in_double(transformer):
    transformer.fit(IMAGES)
    out = transformer.transform(IMAGES[:5].astype(np.float32))
    assert out.dtype == np.float32
    assert_allclose(out, transformer.transform(IMAGES[:5]), rtol=1e-3, atol=1e-3)


@each_transformer
def test_chunks_do_not_matter(transformer, monkeypatch):
    at_once = transformer.fit_transform(IMAGES)
    monkeypatch.setattr(preprocessing, "COSTS", CostModel(preprocessed_values=700))
    assert_allclose(transformer.fit_transform(IMAGES), at_once, rtol=1e-7, atol=1e-9)


@each_transformer
def test_names_of_features_stay(transformer):
    names = [f"pixel {k}" for k in range(16)]
    frame = pd.DataFrame(ROWS[:50, :16], columns=names)
    out = transformer.set_output(transform="pandas").fit_transform(frame)
    transformer.set_output(transform="default")
    assert list(out.columns) == names
    assert_array_equal(transformer.get_feature_names_out(), names)
    assert_array_equal(transformer.inverse_transform(out.to_numpy()).shape, (50, 16))


@each_transformer
def test_images_of_another_shape_are_refused(transformer):
    transformer.fit(IMAGES)
    channels_last = np.moveaxis(IMAGES, 1, -1)
    for method in (transformer.transform, transformer.inverse_transform):
        with pytest.raises(ValueError, match=r"shape \(4, 5, 3\).* \(3, 4, 5\)"):
            method(channels_last)
        with pytest.raises(ValueError, match="X has 15 features.*60 features"):
            method(ROWS[:, :15])


@pytest.mark.parametrize(
    ("transformer", "message"),
    [
        (ZCAWhitening(epsilon=-1), "'epsilon' parameter of ZCAWhitening .* Got -1"),
        (MeanImageSubtraction(mean="row"), "'mean' parameter .* Got 'row'"),
        (ChannelStandardScaler((2, 4, 5)), r"input_shape=\(2, 4, 5\) .* 60 values"),
        (ChannelStandardScaler((60,)), r"input_shape=\(60,\) .* 60 values"),
        (ChannelStandardScaler(with_std=2), "'with_std' parameter .* Got 2"),
    ],
)
def test_wrong_parameters_are_named(transformer, message):
    with pytest.raises(ValueError, match=message):
        transformer.fit(ROWS)


@each_transformer
def test_one_image_is_too_few(transformer):
    with pytest.raises(ValueError, match="1 sample.* minimum of 2"):
        transformer.fit(IMAGES[:1])
