"""Linear least squares and ridge regression in closed form."""

from math import ldexp
from numbers import Real
from typing import Any

import numpy as np
import torch

from sknn_course._choices import Choices
from sknn_course._devices import resolve_device
from sknn_course._engine.threads import one_thread
from sknn_course._estimator.closed_form import (
    MOST_EXPONENT,
    ClosedFormEstimator,
    SignClassifier,
    TargetRegressor,
    scaled_tensor,
)
from sknn_course._estimator.onnx_conversion import OnnxLinear
from sknn_course._estimator.parameter_types import Array, ClassWeight, Device
from sknn_course.parallel import memoize

from ._compat import Interval

SMALL = 1e-6  # columns of no smaller share of the largest norm keep ten digits


def factorize(X, Y):
    """Singular value decomposition of X, and the targets in its terms.

    Parameters
    ----------
    X : torch.Tensor of shape (n_samples, n_features)
    Y : torch.Tensor of shape (n_samples, n_outputs)

    Returns
    -------
    UtY : torch.Tensor of shape (r, n_outputs)
        ``U^T Y`` of the factorisation ``X = U diag(s) V^T``.
    s : torch.Tensor of shape (r,)
        Singular values, largest first; r = min(n_samples, n_features).
    Vt : torch.Tensor of shape (r, n_features)
    """
    U, s, Vt = torch.linalg.svd(X, full_matrices=False)
    return U.T @ Y, s, Vt


def reduce_rows(X, Y):
    """A small least squares problem of the same solutions for every penalty.

    A tall X is reduced by the QR factorisation ``[X Y] = Q R``, which need not form
    Q: the first rows of R hold the small problem ``R_X`` and its targets ``Q^T Y``.

    Parameters
    ----------
    X : torch.Tensor of shape (n_samples, n_features)
    Y : torch.Tensor of shape (n_samples, n_outputs)

    Returns
    -------
    X, Y : torch.Tensor
    """
    n_samples, n_features = X.shape
    if n_samples <= n_features + Y.shape[1]:
        return X, Y
    R = torch.linalg.qr(torch.cat([X, Y], dim=1), mode="r").R
    return R[:n_features, :n_features], R[:n_features, n_features:]


def factorize_centred(X, Y, w, centre, scale):
    """Reduce and `factorize` a weighted problem, centred first if asked for.

    Parameters
    ----------
    X : torch.Tensor of shape (n_samples, n_features)
    Y : torch.Tensor of shape (n_samples, n_outputs)
        Both are overwritten.
    w : torch.Tensor of shape (n_samples, 1)
    centre : bool
    scale : torch.Tensor of shape (n_features,)
        What the columns of X were divided by; it multiplies them for the
        factorisation.

    Returns
    -------
    X, Y : torch.Tensor
        From `reduce_rows`.
    UtY, s, Vt : torch.Tensor
        From `factorize`.
    X_mean : torch.Tensor of shape (n_features,)
    Y_mean : torch.Tensor of shape (n_outputs,)
    """
    X_mean, Y_mean = X.new_zeros(X.shape[1]), Y.new_zeros(Y.shape[1])
    if centre:
        # Twice, since a mean is rounded: after the second dependent columns stay
        # so, however large their means, and a constant one is zero to rounding.
        for _ in range(2):
            for data, mean in ((X, X_mean), (Y, Y_mean)):
                shift = (w.T @ data)[0] / w.sum()
                data.sub_(shift)
                mean.add_(shift)
        for data in (X, Y):  # whose largest magnitudes were at least 0.5
            data[:, data.abs().amax(0) < torch.finfo(data.dtype).eps / 8] = 0
    X, Y = reduce_rows(X.mul_(w.sqrt()), Y.mul_(w.sqrt()))
    return X, Y, *factorize(X * scale, Y), X_mean, Y_mean


def ridge_coefficients(UtY, s, Vt, alpha, rank):
    """Return ``V diag(s / (s^2 + alpha)) U^T Y`` of the leading ``rank`` terms.

    It minimises ``|X W - Y|^2 + alpha |W|^2``; with alpha = 0 it is the
    solution of least norm.

    Parameters
    ----------
    UtY, s, Vt : torch.Tensor
        From `factorize`.
    alpha : float
        Penalty, not negative.
    rank : int
        Number of singular values that are more than rounding.

    Returns
    -------
    W : torch.Tensor of shape (n_features, n_outputs)
    """
    s = s[:rank]
    return Vt[:rank].T @ (UtY[:rank] / (s + alpha / s)[:, None])


def fit_small_columns(W, X, Y, root, rounding):
    """Add to a solution what columns of small scale explain of its residuals.

    Beside large columns they are lost in the rounding of the singular values. So the
    residuals are fitted again, by columns of equal norm. The penalty is further rows
    ``diag(root)`` of X, of target zero.

    Parameters
    ----------
    W : torch.Tensor of shape (n_features, n_outputs)
    X : torch.Tensor of shape (n_samples, n_features)
    Y : torch.Tensor of shape (n_samples, n_outputs)
    root : torch.Tensor of shape (n_features,)
        Root of the penalty of each column.
    rounding : float
        Singular values below this share of the largest are rounding.

    Returns
    -------
    W : torch.Tensor of shape (n_features, n_outputs)
    """
    residuals = torch.cat([Y - X @ W, -root[:, None] * W])
    X = torch.cat([X, torch.diag(root)])
    norm = X.norm(dim=0)
    norm[norm == 0] = 1
    UtY, s, Vt = factorize(X / norm, residuals)
    step = ridge_coefficients(UtY, s, Vt, 0.0, n_above(s, rounding))
    return W + step / norm[:, None]


def n_above(s, rounding):
    """Number of singular values that are more than rounding."""
    return int((s > rounding * s[0]).sum())


class _LinearLeastSquares(OnnxLinear, ClosedFormEstimator):
    """What regression and classification share."""

    alpha: float
    fit_intercept: bool

    _parameter_constraints: dict = {
        "alpha": [Interval(Real, 0, None, closed="left")],
        "fit_intercept": ["boolean"],
        "device": [str, torch.device],
    }

    @one_thread(asked_for=False)
    def _solve(self, X: Array, y: Array, sample_weight: Array) -> dict[str, Any]:
        device, data_type = resolve_device(self.device), X.dtype
        # Powers of two keep all products in range, and round nothing.
        A, x = scaled_tensor(X, device)
        Y, y_ = scaled_tensor(y.reshape(len(y), -1), device)
        w, exponent = scaled_tensor(sample_weight[:, None], device)
        odd = int(exponent[0]) % 2  # the root of a power of four rounds nothing
        w, weight = w * 2.0**odd, (int(exponent[0]) - odd) // 2
        largest = int(x.max())
        scale = torch.from_numpy(np.exp2(np.maximum(x - largest, -1000))).to(A)

        # by the data as they came: MKL's products differ in the last bit with the
        # place of their factors in memory
        A, Y, UtY, s, Vt, X_mean, Y_mean = memoize(
            factorize_centred, A, Y, w, self.fit_intercept, scale
        )
        # Below this share of the largest a singular value is rounding: of the
        # computation (as in numpy.linalg.lstsq), or of the data as they came.
        rounding = max(
            max(len(y), len(x)) * torch.finfo(A.dtype).eps,
            10 * np.finfo(data_type).eps,
        )
        rank = n_above(s, rounding)
        alpha = scaled_penalty(self.alpha, largest + weight)
        W = scale[:, None] * ridge_coefficients(UtY, s, Vt, alpha, rank)
        norm = A.norm(dim=0) * scale
        if (norm[norm > 0] < SMALL * norm.max()).any():
            root = np.ldexp(
                self.alpha**0.5, np.minimum(-x - weight, MOST_EXPONENT // 2)
            )
            W = fit_small_columns(W, A, Y, torch.from_numpy(root).to(A), rounding)
        intercept = Y_mean - X_mean @ W

        W, intercept, s = (one.cpu().double().numpy() for one in (W, intercept, s))
        coef = self._rescale(W, y_ - x[:, None], data_type).T
        intercept = self._rescale(intercept, y_, data_type)
        if not self.fit_intercept:
            intercept = 0.0
        elif y.ndim == 1:
            intercept = intercept[0]
        with np.errstate(over="ignore"):
            singular = np.ldexp(s, largest + weight).astype(data_type)
        return {
            "coef_": coef if y.ndim == 2 else coef[0],
            "intercept_": intercept,
            "rank_": rank,
            "singular_": singular,
        }

    @staticmethod
    def _rescale(values, exponent, data_type):
        """``values * 2 ** exponent`` in the type of the data, if it can hold them."""
        with np.errstate(over="ignore"):
            rescaled = np.ldexp(values, exponent).astype(data_type)
            back = np.ldexp(rescaled.astype(np.float64), -exponent)
        if not np.allclose(back, values, rtol=1e-3, atol=1e-3):
            raise ValueError(
                f"the solution is beyond the range of {data_type}, the type of X: "
                "scale X or y."
            )
        return rescaled

    def _outputs(self, X: Any) -> Array:
        return X @ self.coef_.T + self.intercept_


def scaled_penalty(alpha, exponent):
    """The penalty of columns that were divided by ``2 ** exponent``.

    Examples
    --------
    >>> from sknn_course.least_squares import scaled_penalty
    >>> scaled_penalty(2.0, -1), scaled_penalty(1.0, -1000)
    (8.0, inf)
    """
    try:
        return ldexp(alpha, -2 * exponent)
    except OverflowError:  # so large that no column is worth its penalty
        return float("inf")


class LeastSquaresRegressor(_LinearLeastSquares, TargetRegressor):
    """Linear regression by least squares, with an optional ridge penalty.

    Minimises ``sum_i w_i |y_i - x_i W - b|^2 + alpha |W|^2`` in closed form by
    a singular value decomposition on the device. The intercept ``b`` is not
    penalised. Where the solution is not unique (linearly dependent features,
    fewer rows than features), the one of least norm is taken. Without a penalty
    the scale of X and of its columns does not matter.

    Parameters
    ----------
    alpha : float, default=0.0
        Ridge penalty. 0 is ordinary least squares.
    fit_intercept : bool, default=True
        Whether to fit an intercept.
    device : {'auto', 'cpu', 'cuda', 'mps'} or str, default='auto'
        Device that computes the fit, in float64; 'auto' takes a CUDA GPU where
        there is one, else the CPU. 'mps' computes in float32.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_outputs, n_features)
        Coefficients, of the floating type of X.
    intercept_ : float or ndarray of shape (n_outputs,)
        Intercept; 0.0 if ``fit_intercept=False``.
    rank_ : int
        Number of singular values above rounding. Rounding is taken to be
        ``max(n_samples, n_features) * eps`` of the largest, with the eps of
        the computation (float64), but at least 10 eps of the type of X.
    singular_ : ndarray of shape (min(n_samples, n_features),)
        Singular values of the centred and weighted X.
    n_features_in_ : int
        Number of features seen in `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, where X had names that are all strings.

    See Also
    --------
    LeastSquaresClassifier : The same on targets of -1 and +1.
    sknn_course.ls_svm.LeastSquaresSVR : The same in a kernel's feature space.
    sklearn.linear_model.LinearRegression : Equal where ``alpha=0``; it treats
        singular values below 1e-6 of the largest as zero.
    sklearn.linear_model.Ridge : Equal where ``alpha > 0``.

    References
    ----------
    .. [1] G. H. Golub and C. F. Van Loan (2013). Matrix Computations, 4th
       edition, chapters 5.5 and 6.1. Johns Hopkins University Press.

    Examples
    --------
    >>> from sknn_course.least_squares import LeastSquaresRegressor
    >>> X = [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]
    >>> y = [1.0, 3.0, 4.0, 6.0]  # 1 + 2 x_0 + 3 x_1
    >>> model = LeastSquaresRegressor().fit(X, y)
    >>> model.coef_.round(6).tolist()
    [2.0, 3.0]
    >>> float(model.predict([[2.0, 2.0]])[0].round(6))
    11.0
    """

    def __init__(
        self, alpha: float = 0.0, *, fit_intercept: bool = True, device: Device = "auto"
    ) -> None:
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.device = device


class LeastSquaresClassifier(_LinearLeastSquares, SignClassifier):
    """Linear classification by least squares on targets of -1 and +1.

    One output for each class against the rest (a single one for two classes),
    all from one factorisation, with an optional ridge penalty on the
    coefficients but not on the intercepts.

    Parameters
    ----------
    alpha : float, default=0.0
        Ridge penalty. 0 is ordinary least squares.
    fit_intercept : bool, default=True
        Whether to fit an intercept.
    class_weight : dict or 'balanced', default=None
        Weight of each class, multiplied with the sample weights. 'balanced'
        takes ``n_samples / (n_classes * count)``.
    device : {'auto', 'cpu', 'cuda', 'mps'} or str, default='auto'
        Device that computes the fit, in float64; 'auto' takes a CUDA GPU where
        there is one, else the CPU. 'mps' computes in float32.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels.
    coef_ : ndarray of shape (n_features,) or (n_classes, n_features)
        Coefficients, of the floating type of X.
    intercept_ : float or ndarray of shape (1,) or (n_classes,)
        Intercepts; 0.0 if ``fit_intercept=False``.
    rank_ : int
        Number of singular values above rounding.
    singular_ : ndarray of shape (min(n_samples, n_features),)
        Singular values of the centred and weighted X.
    n_features_in_ : int
        Number of features seen in `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, where X had names that are all strings.

    See Also
    --------
    LeastSquaresRegressor : The same on real targets.
    sknn_course.ls_svm.LeastSquaresSVC : The same in a kernel's feature space.
    sklearn.linear_model.RidgeClassifier : Equal where ``alpha > 0``.

    References
    ----------
    .. [1] T. Hastie, R. Tibshirani and J. Friedman (2009). The Elements of
       Statistical Learning, 2nd edition, chapter 4.2. Springer.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknn_course.least_squares import LeastSquaresClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> model = LeastSquaresClassifier().fit(X, y)
    >>> model.coef_.shape
    (3, 4)
    >>> round(model.score(X, y), 3)
    0.847
    """

    _parameter_constraints: dict = {
        **_LinearLeastSquares._parameter_constraints,
        "class_weight": [dict, Choices({"balanced"}), None],
    }

    def __init__(
        self,
        alpha: float = 0.0,
        *,
        fit_intercept: bool = True,
        class_weight: ClassWeight = None,
        device: Device = "auto",
    ) -> None:
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.class_weight = class_weight
        self.device = device

    def _solve(self, X: Array, y: Array, sample_weight: Array) -> dict[str, Any]:
        fitted = super()._solve(X, y, sample_weight)
        if len(fitted["coef_"]) == 1:
            fitted["coef_"] = fitted["coef_"][0]  # the shape that RidgeClassifier has
        return fitted
