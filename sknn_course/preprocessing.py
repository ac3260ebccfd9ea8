"""Transformers that standardise images by statistics of the training set."""

from numbers import Real

import numpy as np
from scipy import linalg
from sklearn.base import (
    BaseEstimator,
    OneToOneFeatureMixin,
    TransformerMixin,
)
from sklearn.preprocessing import StandardScaler
from sklearn.utils import check_array, gen_batches
from sklearn.utils.validation import check_is_fitted, validate_data

from sknn_course._compat import Interval, StrOptions, fit_context

from ._engine.cost_model import COSTS
from ._estimator.image_rows import find_input_shape, flat_rows, warn_of_other_layout
from ._estimator.unchanged_on_error import unchanged_on_error

DTYPES = (np.float64, np.float32)


class _ImageTransformer(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Base of the transformers: images or flat rows in, the same form out.

    A subclass does its mathematics on flat rows of one dtype, in ``_statistics``,
    which changes nothing and returns the fitted attributes as a dict, ``_transform``
    and ``_inverse_transform``.
    """

    _parameter_constraints: dict = {}

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Learn the statistics of the training images.

        Parameters
        ----------
        X : array-like of shape (n, channels, height, width), (n, height, width) \
or (n, n_features)
            Images, or flat rows of them. At least two.
        y : None
            Ignored.

        Returns
        -------
        self
        """
        rows, image_shape = flat_rows(X)
        with unchanged_on_error(self):
            rows = validate_data(self, rows, dtype=DTYPES, ensure_min_samples=2)
            fitted = self._statistics(rows, image_shape)
            self.__dict__.update(fitted, _image_shape=image_shape)
        return self

    def transform(self, X):
        """Standardise images.

        Parameters
        ----------
        X : array-like of shape (n, channels, height, width), (n, height, width) \
or (n, n_features)

        Returns
        -------
        ndarray of the shape of X, float32 where X is, else float64

        Raises
        ------
        ValueError
            If the images are not of the shape of the training images, or too far from
            them to be standardised in their type.
        """
        check_is_fitted(self)
        rows = self._same_shape(X)
        rows = validate_data(self, rows, dtype=DTYPES, reset=False)
        return self._finite(self._transform, rows).reshape(np.asarray(X).shape)

    def inverse_transform(self, X):
        """Undo `transform`.

        Parameters
        ----------
        X : array-like of shape (n, channels, height, width), (n, height, width) \
or (n, n_features)
            Standardised images.

        Returns
        -------
        ndarray of the shape of X, float32 where X is, else float64
        """
        check_is_fitted(self)
        rows = check_array(self._same_shape(X), dtype=DTYPES)
        if rows.shape[1] != self.n_features_in_:
            raise ValueError(
                f"X has {rows.shape[1]} features, but {type(self).__name__} is "
                f"expecting {self.n_features_in_} features as input."
            )
        return self._finite(self._inverse_transform, rows).reshape(np.asarray(X).shape)

    @staticmethod
    def _finite(change, rows):
        """Changed rows, unless they leave the range of their type."""
        with np.errstate(over="ignore", invalid="ignore"):
            changed = change(rows)
        if not np.isfinite(changed).all():
            raise ValueError(
                f"X holds values up to {np.abs(rows).max():.3g}, too far from those of "
                "the training images."
            )
        return changed

    def _same_shape(self, X):
        rows, shape = flat_rows(X)
        if None not in (shape, self._image_shape) and shape != self._image_shape:
            raise ValueError(
                f"X has images of shape {shape}, but {type(self).__name__} was fitted "
                f"to images of shape {self._image_shape} (channels, height, width)."
            )
        return rows

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _chunks(rows):
    """Rows, some at a time, so that not all are in float64 at once."""
    n_rows, n_features = rows.shape
    for chunk in gen_batches(n_rows, max(1, COSTS.preprocessed_values // n_features)):
        yield rows[chunk]


def _by_channel(rows, n_channels):
    return rows.reshape(len(rows), n_channels, -1)


def _mean(rows):
    with np.errstate(over="ignore", invalid="ignore"):
        mean = rows.mean(axis=0, dtype=np.float64)
    if not np.isfinite(mean).all():
        raise ValueError(
            "X holds values so large that their sum is beyond the range of float64: "
            "scale X."
        )
    return mean


class ZCAWhitening(_ImageTransformer):
    """Decorrelate pixels, and change the images as little as that allows.

    With the mean ``m`` of the training rows and the eigenvectors U and eigenvalues
    ``s`` of their covariance, a row x becomes [1]_ [2]_::

        z = U diag(1 / sqrt(s + epsilon)) U^T (x - m)

    For ``epsilon=0``, z has the covariance I: pixels of equal variance, each
    uncorrelated with all others. Of all such matrices this symmetric one changes
    the images least. Time is of the order n_samples n_features^2 + n_features^3.

    Parameters
    ----------
    epsilon : float, default=1e-5
        Added to each variance (in squared units of the pixels), so that directions
        of next to no variance, which hold noise, are not blown up. With 0,
        directions without variance come out zero.

    Attributes
    ----------
    mean_ : ndarray of shape (n_features,)
        Mean of each pixel, ``m``.

    explained_variance_ : ndarray of shape (n_features,)
        Eigenvalues of the covariance (divisor n - 1), descending, ``s``; infinite
        where they are beyond the range of the type.

    components_ : ndarray of shape (n_features, n_features)
        Eigenvectors in rows, U^T.

    whitening_ : ndarray of shape (n_features, n_features)
        The symmetric matrix ``U diag(1 / sqrt(s + epsilon)) U^T``. Its rows are
        filters: each pixel less what its neighbours tell of it.

    n_features_in_ : int
        Number of pixels times channels.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where X has names.

    See Also
    --------
    sklearn.decomposition.PCA : With ``whiten=True``, the same without the last
        rotation ``U``.

    References
    ----------
    .. [1] A. J. Bell, T. J. Sejnowski, "The 'independent components' of natural
       scenes are edge filters", Vision Research 37, 1997.
    .. [2] A. Krizhevsky, "Learning multiple layers of features from tiny images",
       technical report, University of Toronto, 2009, appendix A.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_course.preprocessing import ZCAWhitening
    >>> X = np.array([[0.0, 0.0], [2.0, 1.0], [4.0, 2.0], [2.0, 5.0]])
    >>> Z = ZCAWhitening(epsilon=0).fit_transform(X)
    >>> np.allclose(np.cov(Z.T), np.eye(2))
    True
    """

    _parameter_constraints: dict = {
        "epsilon": [Interval(Real, 0, np.finfo(np.float64).max, closed="both")]
    }

    def __init__(self, epsilon=1e-5):
        self.epsilon = epsilon

    def _statistics(self, rows, image_shape):
        mean = _mean(rows)
        largest = max(np.abs(chunk - mean).max() for chunk in _chunks(rows))
        exponent = int(np.frexp(largest)[1])
        covariance = np.zeros((rows.shape[1], rows.shape[1]))
        for chunk in _chunks(rows):
            # times a power of two, which rounds nothing, so that squares stay in range
            centred = np.ldexp(chunk - mean, -exponent)
            covariance += centred.T @ centred
        covariance /= len(rows) - 1
        variance, U = linalg.eigh(covariance, overwrite_a=True, check_finite=False)
        # what is not more than rounding is no variance
        rounding = len(variance) * np.finfo(np.float64).eps * max(variance[-1], 0)
        variance = np.where(variance > rounding, variance, 0)
        # sqrt(s + epsilon)
        scale = np.hypot(np.ldexp(np.sqrt(variance), exponent), np.sqrt(self.epsilon))
        factor = np.divide(1, scale, out=np.zeros_like(scale), where=scale > 0)
        with np.errstate(over="ignore"):
            variance = np.ldexp(variance, 2 * exponent)[::-1].astype(rows.dtype)
        return {
            "mean_": mean.astype(rows.dtype),
            "explained_variance_": variance,
            "components_": U.T[::-1].astype(rows.dtype),
            "whitening_": ((U * factor) @ U.T).astype(rows.dtype),
            "_scale": scale[::-1].astype(rows.dtype),
        }

    def _transform(self, rows):
        whitening = self.whitening_.astype(rows.dtype, copy=False)
        return (rows - self.mean_.astype(rows.dtype, copy=False)) @ whitening

    def _inverse_transform(self, rows):
        # x = m + U diag(sqrt(s + epsilon)) U^T z
        U = self.components_.T.astype(rows.dtype, copy=False)
        scale = self._scale.astype(rows.dtype, copy=False)
        return (rows @ U * scale) @ U.T + self.mean_.astype(rows.dtype, copy=False)


class MeanImageSubtraction(_ImageTransformer):
    """Subtract the mean of the training images.

    Parameters
    ----------
    mean : {'image', 'value'}, default='image'
        'image' subtracts the mean of each pixel over the training set [1]_,
        'value' one number, the mean over all pixels (Lund FMAN45 assignment 3,
        2019). For the mean of each channel, see `ChannelStandardScaler`.

    Attributes
    ----------
    mean_ : ndarray of shape (n_features,) or float
        The flat mean image, or the mean value.

    n_features_in_ : int
        Number of pixels times channels.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where X has names.

    References
    ----------
    .. [1] A. Krizhevsky et al., "ImageNet classification with deep convolutional
       neural networks", NeurIPS 2012.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_course.preprocessing import MeanImageSubtraction
    >>> X = np.array([[[1.0, 2.0]], [[3.0, 6.0]]])  # two images of 1 x 2 pixels
    >>> MeanImageSubtraction().fit_transform(X).tolist()
    [[[-1.0, -2.0]], [[1.0, 2.0]]]
    >>> MeanImageSubtraction("value").fit(X).mean_
    3.0
    """

    _parameter_constraints: dict = {"mean": [StrOptions({"image", "value"})]}

    def __init__(self, mean="image"):
        self.mean = mean

    def _statistics(self, rows, image_shape):
        mean = _mean(rows)
        of_image = self.mean == "image"
        return {"mean_": mean.astype(rows.dtype) if of_image else float(mean.mean())}

    def _transform(self, rows):
        return rows - np.asarray(self.mean_, dtype=rows.dtype)

    def _inverse_transform(self, rows):
        return rows + np.asarray(self.mean_, dtype=rows.dtype)


class ChannelStandardScaler(_ImageTransformer):
    """Standardise each channel by its mean and deviation over the training set.

    A pixel x of channel c becomes ``(x - mean_[c]) / scale_[c]``. That is
    `sklearn.preprocessing.StandardScaler` with one statistic per channel, in place
    of one per pixel: pixels next to each other keep their differences (RDFIA
    practical 2).

    Parameters
    ----------
    input_shape : tuple of int, default=None
        (channels, height, width) or (height, width) of an image, as in
        `sknn_course.CNNClassifier`. None takes the shape of X; flat rows then are
        one channel.

    with_mean, with_std : bool, default=True
        Whether the mean is subtracted, and whether the deviation divides.

    Attributes
    ----------
    input_shape_ : tuple of int
        (channels, height, width) of the images.

    mean_, var_, scale_ : ndarray of shape (channels,)
        Mean, variance and its square root (divisor: number of pixels). ``scale_``
        is 1 for constant channels, ``var_`` infinite where it is beyond the range of
        float64.

    n_features_in_ : int
        Number of pixels times channels.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where X has names.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_course.preprocessing import ChannelStandardScaler
    >>> X = np.array([[0.0, 2.0, 10.0, 30.0], [4.0, 2.0, 30.0, 10.0]])
    >>> scaler = ChannelStandardScaler(input_shape=(2, 1, 2)).fit(X)
    >>> scaler.mean_, scaler.scale_
    (array([ 2., 20.]), array([ 1.41, 10. ]))
    >>> scaler.transform(X)[0]
    array([-1.41, 0. , -1. , 1. ])
    """

    _parameter_constraints: dict = {
        "input_shape": [tuple, list, None],
        "with_mean": ["boolean"],
        "with_std": ["boolean"],
    }

    def __init__(self, input_shape=None, *, with_mean=True, with_std=True):
        self.input_shape = input_shape
        self.with_mean = with_mean
        self.with_std = with_std

    def _statistics(self, rows, image_shape):
        if image_shape is not None and self.input_shape is None:
            warn_of_other_layout(image_shape)
        shape = find_input_shape(self.input_shape, image_shape, rows.shape[1])
        largest = np.maximum(
            _by_channel(rows, shape[0]).max(axis=(0, 2)),
            -_by_channel(rows, shape[0]).min(axis=(0, 2)),
        )
        exponent = np.frexp(largest)[1]
        scaler = StandardScaler()
        for chunk in _chunks(rows):
            pixels = _by_channel(chunk, shape[0]).swapaxes(
                1, 2
            )  # (n, pixels, channels)
            # times powers of two, which round nothing, so that squares stay in range
            pixels = np.ldexp(pixels, -exponent, dtype=np.float64)
            scaler.partial_fit(pixels.reshape(-1, shape[0]))
        scale = np.ldexp(scaler.scale_, exponent)
        with np.errstate(over="ignore"):
            variance = np.ldexp(scaler.var_, 2 * exponent)
        return {
            "input_shape_": shape,
            "mean_": np.ldexp(scaler.mean_, exponent),
            "var_": variance,
            # values below 1 deviate by less than 1: that stands for a constant channel
            "scale_": np.where(scaler.scale_ == 1, 1.0, scale),
            "_shifts": self.with_mean,
            "_scales": self.with_std,
        }

    def _shift_and_scale(self, dtype):
        """Two arrays of shape (channels, 1)."""
        shift = self.mean_ if self._shifts else np.zeros_like(self.mean_)
        scale = self.scale_ if self._scales else np.ones_like(self.scale_)
        return shift.astype(dtype)[:, None], scale.astype(dtype)[:, None]

    def _transform(self, rows):
        shift, scale = self._shift_and_scale(rows.dtype)
        return (_by_channel(rows, len(shift)) - shift) / scale

    def _inverse_transform(self, rows):
        shift, scale = self._shift_and_scale(rows.dtype)
        return _by_channel(rows, len(shift)) * scale + shift
