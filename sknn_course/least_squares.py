"""Linear least squares and ridge regression in closed form."""

from numbers import Real

import numpy as np
import torch
from scipy.sparse import issparse
from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    MultiOutputMixin,
    RegressorMixin,
    _fit_context,
)
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils import compute_sample_weight
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    _check_sample_weight,
    check_is_fitted,
    column_or_1d,
    validate_data,
)

from sknn_course.devices import resolve_device, widest_float
from sknn_course.parallel import share
from sknn_course.training.threads import one_thread

FLOATS = (np.float64, np.float32)


class _TargetRegressor(MultiOutputMixin, RegressorMixin, BaseEstimator):
    """Regressor on top of two hooks, ``_fit_targets`` and ``_outputs``."""

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None):
        """Fit the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data. Sparse data are made dense.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Target values.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row, not negative. A row of weight 2 counts as two
            equal rows, one of weight 0 as none.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        X, y = validate_data(
            self,
            X,
            y,
            accept_sparse="csr",
            dtype=FLOATS,
            multi_output=True,
            y_numeric=True,
        )
        weight = _check_sample_weight(sample_weight, X, ensure_non_negative=True)
        self._fit_targets(X.toarray() if issparse(X) else X, y, weight)
        return self

    def predict(self, X):
        """Predict the targets.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Predicted values.
        """
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", dtype=FLOATS, reset=False)
        return self._outputs(X)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


class _SignClassifier(ClassifierMixin, BaseEstimator):
    """Classifier that fits targets of -1 and +1, one output for each class.

    It stands on the same two hooks as the regressor; two classes share one
    output. The class of the largest output, or the sign of the only one,
    is the prediction.
    """

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None):
        """Fit the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data. Sparse data are made dense.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Class labels, or a matrix of zeros and ones (multilabel).
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row, not negative. A row of weight 2 counts as two
            equal rows, one of weight 0 as none.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        X, y = validate_data(
            self, X, y, accept_sparse="csr", dtype=FLOATS, multi_output=True
        )
        check_classification_targets(y)
        weight = _check_sample_weight(sample_weight, X, ensure_non_negative=True)
        self._label_binarizer = LabelBinarizer(neg_label=-1)
        Y = self._label_binarizer.fit_transform(y)  # (n_samples, n_classifiers)
        self.classes_ = self._label_binarizer.classes_
        if not self._label_binarizer.y_type_.startswith("multilabel"):
            y = column_or_1d(y, warn=True)
        if self.class_weight is not None:
            weight = weight * compute_sample_weight(self.class_weight, y)
            if weight.min() < 0 or not weight.any():
                raise ValueError(
                    f"class_weight={self.class_weight!r}: weights must not be "
                    "negative, nor all be zero."
                )
        self._fit_targets(X.toarray() if issparse(X) else X, Y, weight)
        return self

    def decision_function(self, X):
        """Return the outputs, whose sign or largest one decides.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data.

        Returns
        -------
        scores : ndarray of shape (n_samples,) or (n_samples, n_classes)
            One column for each class or label; for two classes the output of
            ``classes_[1]`` alone, positive where that class is predicted.
        """
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", dtype=FLOATS, reset=False)
        scores = self._outputs(X)
        return scores.ravel() if scores.size == len(scores) else scores

    def predict(self, X):
        """Predict class labels.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_labels)
            Class labels; zeros and ones if the model was fitted to such a
            matrix.
        """
        scores = self.decision_function(X)
        # Takes the largest, or thresholds at (neg_label + pos_label) / 2 = 0.
        return self._label_binarizer.inverse_transform(scores)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.classifier_tags.multi_label = True
        return tags


def closed_form_tensor(array, device):
    """Copy an array to the device, in the floating type of closed forms.

    They lose as many digits as the condition number has, so that float32 data
    too are computed with in float64, where the device has it.
    """
    # A copy of our own: torch takes no negative strides and warns of read-only
    # arrays, as memory-mapped ones are.
    tensor = torch.from_numpy(np.array(array, dtype=np.float64, order="C"))
    return tensor.to(widest_float(device)).to(device)


def factorize(X, Y):
    """Reduce a least squares problem to one that any penalty solves cheaply.

    A tall X is first reduced by the QR factorisation ``[X Y] = Q R``, which
    need not form Q: the first rows of R hold the small problem ``R_X`` and
    its targets ``Q^T Y``, with the same solutions for every penalty.

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
    n_samples, n_features = X.shape
    if n_samples > n_features + Y.shape[1]:
        R = torch.linalg.qr(torch.cat([X, Y], dim=1), mode="r").R
        X, Y = R[:n_features, :n_features], R[:n_features, n_features:]
    U, s, Vt = torch.linalg.svd(X, full_matrices=False)
    return U.T @ Y, s, Vt


def factorize_centred(X, Y, w, centre):
    """`factorize` a weighted problem, whose columns are centred first if asked for.

    Parameters
    ----------
    X : torch.Tensor of shape (n_samples, n_features)
    Y : torch.Tensor of shape (n_samples, n_outputs)
        Both are overwritten.
    w : torch.Tensor of shape (n_samples, 1)
    centre : bool

    Returns
    -------
    UtY, s, Vt : torch.Tensor
        From `factorize`.
    X_mean : torch.Tensor of shape (n_features,)
    Y_mean : torch.Tensor of shape (n_outputs,)
    """
    X_mean, Y_mean = X.new_zeros(X.shape[1]), Y.new_zeros(Y.shape[1])
    if centre:
        # Twice, since a mean is rounded: after the second a constant column
        # is zero, and dependent ones stay so, however large their means.
        for _ in range(2):
            for data, mean in ((X, X_mean), (Y, Y_mean)):
                shift = (w.T @ data)[0] / w.sum()
                data.sub_(shift)
                mean.add_(shift)
    return *factorize(X.mul_(w.sqrt()), Y.mul_(w.sqrt())), X_mean, Y_mean


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
    return Vt[:rank].T @ ((s / (s.square() + alpha))[:, None] * UtY[:rank])


class _LinearLeastSquares:
    """The two hooks of a linear model."""

    _parameter_constraints: dict = {
        "alpha": [Interval(Real, 0, None, closed="left")],
        "fit_intercept": ["boolean"],
        "device": [str, torch.device],
    }

    @one_thread(asked_for=False)
    def _fit_targets(self, X, y, sample_weight):
        device, data_type = resolve_device(self.device), X.dtype
        n_samples, n_features = X.shape
        X = closed_form_tensor(X, device)
        Y = closed_form_tensor(y, device).reshape(n_samples, -1)
        w = closed_form_tensor(sample_weight, device)[:, None]  # (n_samples, 1)

        # by the data as they came: MKL's products differ in the last bit with the
        # place of their factors in memory
        centred = share(factorize_centred, X, Y, w, self.fit_intercept)
        UtY, s, Vt, X_mean, Y_mean = centred
        # Below this a singular value is rounding: of the computation (as in
        # numpy.linalg.lstsq), or of the data as they came.
        relative = max(
            max(n_samples, n_features) * torch.finfo(X.dtype).eps,
            10 * np.finfo(data_type).eps,
        )
        self.rank_ = int((s > relative * s[0]).sum())
        W = ridge_coefficients(UtY, s, Vt, self.alpha, self.rank_)
        intercept = Y_mean - X_mean @ W

        coef, intercept, self.singular_ = (
            tensor.cpu().numpy().astype(data_type) for tensor in (W.T, intercept, s)
        )
        self.coef_ = coef if y.ndim == 2 else coef[0]
        if not self.fit_intercept:
            self.intercept_ = 0.0
        else:
            self.intercept_ = intercept if y.ndim == 2 else intercept[0]

    def _outputs(self, X):
        return X @ self.coef_.T + self.intercept_


class LeastSquaresRegressor(_LinearLeastSquares, _TargetRegressor):
    """Linear regression by least squares, with an optional ridge penalty.

    Minimises ``sum_i w_i |y_i - x_i W - b|^2 + alpha |W|^2`` in closed form by
    a singular value decomposition on the device. The intercept ``b`` is not
    penalised. Where the solution is not unique (linearly dependent features,
    fewer rows than features), the one of least norm is taken.

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
    feature_names_in_ : ndarray of shape (n_features_in_,)
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

    def __init__(self, alpha=0.0, *, fit_intercept=True, device="auto"):
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.device = device


class LeastSquaresClassifier(_LinearLeastSquares, _SignClassifier):
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
    feature_names_in_ : ndarray of shape (n_features_in_,)
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
        "class_weight": [dict, StrOptions({"balanced"}), None],
    }

    def __init__(
        self, alpha=0.0, *, fit_intercept=True, class_weight=None, device="auto"
    ):
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.class_weight = class_weight
        self.device = device

    def _fit_targets(self, X, y, sample_weight):
        super()._fit_targets(X, y, sample_weight)
        if len(self.coef_) == 1:
            self.coef_ = self.coef_[0]  # the shape that RidgeClassifier has
