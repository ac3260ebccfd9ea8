"""Least squares support vector machines in closed form."""

from collections.abc import Callable
from math import frexp, ldexp
from numbers import Integral, Real
from typing import Any, Literal

import numpy as np
import torch
from scipy.sparse import issparse

from sknn_course._choices import Choices
from sknn_course._devices import prediction_device, resolve_device
from sknn_course._engine.cost_model import COSTS
from sknn_course._engine.threads import one_thread
from sknn_course._estimator.closed_form import (
    ClosedFormEstimator,
    SignClassifier,
    TargetRegressor,
    closed_form_tensor,
)
from sknn_course._estimator.onnx_conversion import OnnxKernel
from sknn_course._estimator.parameter_types import Array, ClassWeight, Device
from sknn_course.parallel import memoize

from ._compat import Interval

FARTHEST = 1e6  # squared distance times gamma up to which products give enough digits
LARGEST = np.finfo(np.float64).max


def linear_kernel(X, Y, gamma, degree, coef0):
    """k(x, y) = x . y"""
    return X @ Y.T


def poly_kernel(X, Y, gamma, degree, coef0):
    """k(x, y) = (gamma x . y + coef0)^degree"""
    return (X @ Y.T).mul_(gamma).add_(coef0).pow_(degree)


def rbf_kernel(X, Y, gamma, degree, coef0):
    """k(x, y) = exp(-gamma |x - y|^2)"""
    # About the mean of Y: far from the origin differences would lose all digits.
    # Times a power of two, which rounds nothing, so that no square overflows.
    largest = float(torch.maximum(X.abs().max(), Y.abs().max()))
    exponent = min(max(frexp(largest)[1], -1000), 1000)
    X, Y = X * 2.0**-exponent, Y * 2.0**-exponent
    centre = Y.mean(0)
    X, Y = X - centre, Y - centre
    try:
        gamma = ldexp(gamma, 2 * exponent)
    except OverflowError:
        gamma = torch.finfo(X.dtype).max
    of_X, of_Y = X.square().sum(1), Y.square().sum(1)
    if gamma * float(torch.maximum(of_X.max(), of_Y.max())) > FARTHEST:
        # The difference of the large terms below would be rounding alone
        mode = "donot_use_mm_for_euclid_dist"
        squared = torch.cdist(X, Y, compute_mode=mode).square_()
    else:
        # |x - y|^2 = |x|^2 + |y|^2 - 2 x . y
        squared = (X @ Y.T).mul_(-2)  # (len(X), len(Y))
        squared.add_(of_X[:, None]).add_(of_Y).clamp_(min=0)
    return squared.mul_(-gamma).exp_()


KernelName = Literal["linear", "poly", "rbf"]
KERNELS = {"linear": linear_kernel, "poly": poly_kernel, "rbf": rbf_kernel}


def kernel_matrix(X, Y, kernel, gamma, degree, coef0):
    """Kernel values of all pairs of rows.

    Parameters
    ----------
    X, Y : torch.Tensor of shape (n_X, n_features), (n_Y, n_features)
    kernel : {'linear', 'poly', 'rbf'} or callable
        A callable takes and returns numpy arrays.
    gamma, degree, coef0 : float
        Of the kernels with a name.

    Returns
    -------
    torch.Tensor of shape (n_X, n_Y)
        Not to be changed: others may share it.
    """
    if not callable(kernel):
        return memoize(KERNELS[kernel], X, Y, gamma, degree, coef0)
    K = np.asarray(kernel(X.cpu().numpy(), Y.cpu().numpy()))
    if K.shape != (len(X), len(Y)):
        raise ValueError(
            f"kernel={kernel!r} returned an array of shape {K.shape} for "
            f"{len(X)} and {len(Y)} rows: it must be {(len(X), len(Y))}."
        )
    return closed_form_tensor(K, X.device)


def solve_ls_svm(K, Y, cost):
    """Solve the linear system of the least squares SVM, in place of K.

    ::

        [ 0    1^T          ] [b]   [0]
        [ 1    K + diag(1/c)] [a] = [y]

    With ``s = sqrt(c)`` and ``B = I + diag(s) K diag(s)``, whose eigenvalues
    are at least 1, the lower rows are ``B (a / s) = s (y - b)``. One Cholesky
    factorisation of B and two triangular solves give ``B z = s`` and ``B Z =
    s Y``; the upper row, ``s^T (a / s) = 0``, then gives b.

    Parameters
    ----------
    K : torch.Tensor of shape (n_samples, n_samples)
        Kernel matrix, overwritten.
    Y : torch.Tensor of shape (n_samples, n_outputs)
    cost : torch.Tensor of shape (n_samples,)
        C times the weight of each row.

    Returns
    -------
    dual_coef : torch.Tensor of shape (n_samples, n_outputs)
        ``a``, which sums to zero.
    intercept : torch.Tensor of shape (n_outputs,)
        ``b``.

    Raises
    ------
    torch.linalg.LinAlgError
        If K is not finite or not positive semi-definite.
    """
    s = cost.sqrt()[:, None]  # (n_samples, 1)
    K.mul_(s).mul_(s.T).diagonal().add_(1)
    L = torch.linalg.cholesky(K)
    solution = torch.cholesky_solve(torch.cat([s, s * Y], dim=1), L)
    z, Z = solution[:, :1], solution[:, 1:]
    intercept = (s.T @ Z / (s.T @ z))[0]
    return s * (Z - z * intercept), intercept


class _KernelLeastSquares(OnnxKernel, ClosedFormEstimator):
    """What regression and classification share."""

    C: float
    kernel: KernelName | Callable[..., Any]
    gamma: Literal["scale", "auto"] | float
    degree: int
    coef0: float

    _parameter_constraints: dict = {
        "C": [Interval(Real, 0, LARGEST, closed="right")],
        "kernel": [Choices(KERNELS), callable],
        "gamma": [
            Choices({"scale", "auto"}),
            Interval(Real, 0, LARGEST, closed="both"),
        ],
        "degree": [Interval(Integral, 0, None, closed="left")],
        "coef0": [Interval(Real, -LARGEST, LARGEST, closed="both")],
        "device": [str, torch.device],
    }

    @one_thread(asked_for=False)
    def _solve(self, X: Array, y: Array, sample_weight: Array) -> dict[str, Any]:
        device = resolve_device(self.device)
        gamma = self._gamma(X, sample_weight)
        kernel = self.kernel, gamma, self.degree, self.coef0
        rows = closed_form_tensor(X, device)
        Y = closed_form_tensor(y, device).reshape(len(y), -1)
        cost = closed_form_tensor(float(self.C) * sample_weight, device)
        try:
            K = kernel_matrix(rows, rows, *kernel).clone()  # the solver overwrites it
            dual_coef, intercept = solve_ls_svm(K, Y, cost)
        except torch.linalg.LinAlgError as error:
            raise ValueError(
                f"kernel={self.kernel!r} with C={self.C!r}: the kernel matrix of "
                "these data is not positive semi-definite to rounding. Scale the "
                "features, lower C, or take another kernel, such as 'rbf'."
            ) from error
        dual_coef, intercept = dual_coef.T.cpu().numpy(), intercept.cpu().numpy()
        if not (np.isfinite(dual_coef).all() and np.isfinite(intercept).all()):
            raise ValueError(
                f"kernel={self.kernel!r} with C={self.C!r}: the solution is beyond the "
                "range of floating-point numbers. Scale the features and y, or take "
                "another C."
            )
        return {
            "X_fit_": X.copy(),
            "gamma_": gamma,
            "_kernel": kernel,
            "dual_coef_": dual_coef if y.ndim == 2 else dual_coef[0],
            "intercept_": intercept if y.ndim == 2 else intercept[0],
        }

    def _gamma(self, X, sample_weight):
        if self.gamma == "auto":
            return 1 / X.shape[1]
        if self.gamma != "scale":
            return float(self.gamma)
        # Weighted, so that a row of weight 2 counts as two equal rows; of values
        # in [-1, 1], so that no square is out of range
        exponent = int(np.frexp(np.abs(X).max())[1])
        X = np.ldexp(X, -exponent, dtype=np.float64)
        mean = np.average(X.mean(1), weights=sample_weight)
        variance = np.average(((X - mean) ** 2).mean(1), weights=sample_weight)
        if variance <= np.finfo(np.float64).eps ** 2:  # constant, to rounding
            return 1.0
        with np.errstate(over="ignore"):
            gamma = float(np.ldexp(1 / (X.shape[1] * variance), -2 * exponent))
        if not np.finfo(np.float64).tiny <= gamma < np.inf:
            raise ValueError(
                f"gamma='scale' is {gamma} for X of values up to about "
                f"2**{exponent}: scale the features."
            )
        return gamma

    @one_thread(asked_for=False)
    def _outputs(self, X: Any) -> Array:
        device = prediction_device(self.device)
        X_fit = closed_form_tensor(self.X_fit_, device)
        dual_coef = closed_form_tensor(self.dual_coef_.T, device)
        rows = max(1, COSTS.kernel_values // len(X_fit))
        outputs = []
        for start in range(0, X.shape[0], rows):
            block = X[start : start + rows]
            block = block.toarray() if issparse(block) else block
            K = kernel_matrix(closed_form_tensor(block, device), X_fit, *self._kernel)
            outputs.append((K @ dual_coef).cpu().numpy())
        outputs = np.concatenate(outputs) + self.intercept_
        if not np.isfinite(outputs).all():
            raise ValueError(
                f"kernel={self._kernel[0]!r}: the kernel values of X and the training "
                "rows are beyond the range of floating-point numbers."
            )
        return outputs


class LeastSquaresSVR(_KernelLeastSquares, TargetRegressor):
    """Least squares support vector regression.

    Minimises ``|w|^2 / 2 + C / 2 sum_i (y_i - w . phi(x_i) - b)^2`` in the
    feature space of a kernel: a linear system in place of the quadratic
    programme of the SVM, solved by one Cholesky factorisation for all outputs
    (time of order n_samples^3, memory of order n_samples^2). It is kernel
    ridge regression with an intercept that is not penalised. All training rows
    are support vectors.

    Parameters
    ----------
    C : float, default=1.0
        Weight of the squared errors against the norm of w; larger fits closer.
    kernel : {'linear', 'poly', 'rbf'} or callable, default='rbf'
        Kernel ``x . y``, ``(gamma x . y + coef0)^degree``,
        ``exp(-gamma |x - y|^2)``, or a function that takes two arrays of rows
        and returns the matrix of their kernel values, such as those of
        `sklearn.metrics.pairwise`.
    gamma : {'scale', 'auto'} or float, default='scale'
        Kernel coefficient of 'poly' and 'rbf'. 'scale' is
        ``1 / (n_features * X.var())``, with the weighted variance, and 'auto'
        ``1 / n_features``.
    degree : int, default=3
        Degree of 'poly'.
    coef0 : float, default=0.0
        Constant of 'poly'; a negative one makes it no kernel.
    device : {'auto', 'cpu', 'cuda', 'mps'} or str, default='auto'
        Device that computes the fit and the predictions, in float64; 'auto'
        takes a CUDA GPU where there is one, else the CPU. 'mps' computes in
        float32.

    Attributes
    ----------
    dual_coef_ : ndarray of shape (n_fit,) or (n_outputs, n_fit)
        Coefficient of each training row in the output; they sum to zero. It is
        ``C`` times the row's weight times its residual.
    intercept_ : float or ndarray of shape (n_outputs,)
        Intercept.
    X_fit_ : ndarray of shape (n_fit, n_features)
        Training rows, without those of weight zero.
    gamma_ : float
        Kernel coefficient in use.
    n_features_in_ : int
        Number of features seen in `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, where X had names that are all strings.

    See Also
    --------
    LeastSquaresSVC : The same for classes.
    sklearn.kernel_ridge.KernelRidge : The same without an intercept.
    sklearn.svm.SVR : Ignores small errors, and so keeps few rows.

    References
    ----------
    .. [1] J. A. K. Suykens and J. Vandewalle (1999). Least squares support
       vector machine classifiers. Neural Processing Letters 9, 293-300.
    .. [2] J. A. K. Suykens, T. Van Gestel, J. De Brabanter, B. De Moor and
       J. Vandewalle (2002). Least Squares Support Vector Machines. World
       Scientific.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_course.ls_svm import LeastSquaresSVR
    >>> X = np.linspace(0, 6, 50)[:, np.newaxis]
    >>> model = LeastSquaresSVR(C=100).fit(X, np.sin(X[:, 0]))
    >>> float(model.predict([[np.pi / 2]])[0].round(2))
    1.0
    """

    def __init__(
        self,
        *,
        C: float = 1.0,
        kernel: KernelName | Callable[..., Any] = "rbf",
        gamma: Literal["scale", "auto"] | float = "scale",
        degree: int = 3,
        coef0: float = 0.0,
        device: Device = "auto",
    ) -> None:
        self.C = C
        self.kernel = kernel
        self.gamma = gamma
        self.degree = degree
        self.coef0 = coef0
        self.device = device


class LeastSquaresSVC(_KernelLeastSquares, SignClassifier):
    """Least squares support vector classification.

    The least squares SVM of Suykens and Vandewalle [1]_: targets of -1 and +1
    are fitted with squared errors in the feature space of a kernel, which is a
    linear system. Several classes are fitted one against the rest, all with
    one Cholesky factorisation (time of order n_samples^3, memory of order
    n_samples^2).

    Parameters
    ----------
    C : float, default=1.0
        Weight of the squared errors against the norm of w; larger fits closer.
    kernel : {'linear', 'poly', 'rbf'} or callable, default='rbf'
        Kernel ``x . y``, ``(gamma x . y + coef0)^degree``,
        ``exp(-gamma |x - y|^2)``, or a function that takes two arrays of rows
        and returns the matrix of their kernel values, such as those of
        `sklearn.metrics.pairwise`.
    gamma : {'scale', 'auto'} or float, default='scale'
        Kernel coefficient of 'poly' and 'rbf'. 'scale' is
        ``1 / (n_features * X.var())``, with the weighted variance, and 'auto'
        ``1 / n_features``.
    degree : int, default=3
        Degree of 'poly'.
    coef0 : float, default=0.0
        Constant of 'poly'; a negative one makes it no kernel.
    class_weight : dict or 'balanced', default=None
        Weight of each class, multiplied with the sample weights. 'balanced'
        takes ``n_samples / (n_classes * count)``.
    device : {'auto', 'cpu', 'cuda', 'mps'} or str, default='auto'
        Device that computes the fit and the predictions, in float64; 'auto'
        takes a CUDA GPU where there is one, else the CPU. 'mps' computes in
        float32.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels.
    dual_coef_ : ndarray of shape (1, n_fit) or (n_classes, n_fit)
        Coefficient of each training row in each output, with its sign: the
        paper's ``alpha_i y_i``. Each row sums to zero.
    intercept_ : ndarray of shape (1,) or (n_classes,)
        Intercepts.
    X_fit_ : ndarray of shape (n_fit, n_features)
        Training rows, without those of weight zero.
    gamma_ : float
        Kernel coefficient in use.
    n_features_in_ : int
        Number of features seen in `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, where X had names that are all strings.

    See Also
    --------
    LeastSquaresSVR : The same on real targets.
    sknn_course.svm.rbf_svm : The SVM with hinge loss, behind a scaler.

    References
    ----------
    .. [1] J. A. K. Suykens and J. Vandewalle (1999). Least squares support
       vector machine classifiers. Neural Processing Letters 9, 293-300.

    Examples
    --------
    >>> from sklearn.datasets import make_circles
    >>> from sknn_course.ls_svm import LeastSquaresSVC
    >>> X, y = make_circles(200, noise=0.1, factor=0.5, random_state=0)
    >>> LeastSquaresSVC().fit(X, y).score(X, y) > 0.95
    True
    """

    _parameter_constraints: dict = {
        **_KernelLeastSquares._parameter_constraints,
        "class_weight": [dict, Choices({"balanced"}), None],
    }

    def __init__(
        self,
        *,
        C: float = 1.0,
        kernel: KernelName | Callable[..., Any] = "rbf",
        gamma: Literal["scale", "auto"] | float = "scale",
        degree: int = 3,
        coef0: float = 0.0,
        class_weight: ClassWeight = None,
        device: Device = "auto",
    ) -> None:
        self.C = C
        self.kernel = kernel
        self.gamma = gamma
        self.degree = degree
        self.coef0 = coef0
        self.class_weight = class_weight
        self.device = device
