"""What holds for every estimator in closed form and every transformer."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
import skops.io
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from sklearn.base import clone, is_classifier
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.metrics.pairwise import laplacian_kernel
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted

from sknn_course import _devices as devices
from sknn_course import least_squares, ls_svm, preprocessing
from sknn_course._estimator import closed_form
from sknn_course.least_squares import LeastSquaresClassifier, LeastSquaresRegressor
from sknn_course.ls_svm import LeastSquaresSVC, LeastSquaresSVR
from sknn_course.preprocessing import (
    ChannelStandardScaler,
    MeanImageSubtraction,
    ZCAWhitening,
)
from sknn_course.svm import linear_svm, rbf_svm

REGRESSORS = [LeastSquaresRegressor(), LeastSquaresRegressor(1.0), LeastSquaresSVR()]
CLASSIFIERS = [LeastSquaresClassifier(), LeastSquaresSVC(kernel="poly")]
TRANSFORMERS = [ZCAWhitening(), MeanImageSubtraction("value"), ChannelStandardScaler()]
PIPELINES = [linear_svm(), rbf_svm()]
each_regressor = pytest.mark.parametrize("model", REGRESSORS, ids=str)

rng = np.random.RandomState(0)
X = rng.randn(30, 4) + [0, 1, 2, 3]
Y = X @ [1.0, -2.0, 0.5, 0.0] + 0.1 * rng.randn(30) + 5
LABELS = np.array(["no", "yes"])[(Y > Y.mean()).astype(int)]


def fitted(model, rows=X):
    return clone(model).fit(rows, LABELS if is_classifier(model) else Y)


# --- targets and weights that cannot be learned from ---


def with_one(value):
    column = np.array(Y.tolist(), dtype=object)
    column[3] = value
    return column


BAD = {
    "None": with_one(None),
    "nan": with_one(np.nan),
    "inf": with_one(np.inf),
    "text": with_one("a"),
    "NA": with_one(pd.NA),
    "Decimal nan": with_one(Decimal("nan")),
    "Decimal inf": with_one(Decimal("inf")),
    "huge int": with_one(10**400),
    "list": with_one([1, 2]),
    "masked": np.ma.array(Y, mask=np.arange(30) == 3),
    "nullable": pd.Series(Y).where(np.arange(30) != 3).astype("Float64"),
    "long double": Y * np.longdouble(10) ** 1000,
    "complex": Y + 1j,
}


@each_regressor
@pytest.mark.parametrize("kind", BAD)
def test_targets_that_are_no_numbers_are_refused(model, kind):
    for y in (BAD[kind], pd.DataFrame({"a": BAD[kind], "b": Y})):
        with pytest.raises(ValueError, match=r"y |setting an array|float|Complex"):
            clone(model).fit(X, y)
        if kind == "masked":  # a frame takes it as missing; scikit-learn takes it all
            continue
        refusals = (ValueError, TypeError, OverflowError)
        with pytest.raises(refusals), np.errstate(all="ignore"):
            LinearRegression().fit(X, y)


@pytest.mark.parametrize("model", REGRESSORS[1:] + CLASSIFIERS, ids=str)
@pytest.mark.parametrize("kind", BAD)
def test_weights_that_are_no_numbers_are_refused(model, kind):
    y = LABELS if is_classifier(model) else Y
    weight = BAD[kind]
    with pytest.raises(ValueError, match=r"sample_weight|setting an|float|Complex"):
        clone(model).fit(X, y, sample_weight=weight)


@each_regressor
def test_numbers_of_every_kind_are_taken(model):
    whole = np.arange(30)
    expected = clone(model).fit(X, whole).predict(X)
    kinds = [[Decimal(int(v)) for v in whole], [Fraction(int(v)) for v in whole]]
    kinds += [whole.astype(str), pd.Series(whole, dtype="Int64"), whole.astype(object)]
    kinds += [np.ma.array(whole), np.asfortranarray(whole, dtype=">f4")]
    for y in kinds:
        assert_array_equal(clone(model).fit(X, y).predict(X), expected)


@pytest.mark.parametrize("model", CLASSIFIERS, ids=str)
@pytest.mark.parametrize("missing", [None, np.nan, pd.NA, 3])
def test_labels_without_an_order_are_refused(model, missing):
    y = LABELS.astype(object)
    y[3] = missing
    with pytest.raises(ValueError, match=f"y holds .*{type(missing).__name__}"):
        clone(model).fit(X, y)
    with pytest.raises(ValueError, match="y holds 1 masked value"):
        clone(model).fit(X, np.ma.array(LABELS, mask=np.arange(30) == 3))


# --- types ---


@pytest.mark.parametrize("model", REGRESSORS + CLASSIFIERS, ids=str)
@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("of_fit", [np.float64, np.float32])
def test_outputs_have_the_type_of_the_rows(model, sparse, of_fit):
    model = fitted(model, X.astype(of_fit))
    predict = model.decision_function if is_classifier(model) else model.predict
    expected = predict(X)
    for of_rows in (np.float64, np.float32, np.int64):
        rows = (csr_array if sparse else np.asarray)(X.astype(of_rows))
        outputs = predict(rows)
        assert outputs.dtype == (np.float32 if of_rows == np.float32 else np.float64)
        if of_rows != np.int64:
            assert_allclose(outputs, expected, rtol=1e-4, atol=1e-5)


def test_a_large_target_keeps_its_decimals():
    y = 5_400_000 + X[:, 0]
    for model in REGRESSORS[:1]:
        assert_allclose(clone(model).fit(X, y).predict(X), y, rtol=1e-14)


# --- scale ---

SCALES = [1e160, 1e-200, 1e-305, 1e307]
COLUMNS = [
    [1, 1e-20, 1e20, 1],
    [1e-200, 1, 1e200, 1e-5],
    [1e-300, 1e-5, 1e300, 1],
    [1, 1e-8, 1e-10, 1e4],
]


def exact_predictions(rows, y, alpha):
    """Of ridge regression with an intercept, in fractions."""
    A = np.array([[Fraction(v) for v in row] for row in rows.tolist()])
    t = np.array([Fraction(v) for v in y.tolist()])
    centre, level = A.sum(0) / len(A), t.sum() / len(t)
    A, t = A - centre, t - level
    system = np.column_stack([A.T @ A + np.diag([Fraction(alpha)] * 4), A.T @ t])
    for i in range(4):  # Gauss and Jordan
        system[i] = system[i] / system[i, i]
        for k in {0, 1, 2, 3} - {i}:
            system[k] = system[k] - system[k, i] * system[i]
    return np.array([float(value) for value in A @ system[:, 4] + level])


@pytest.mark.parametrize("scale", [*SCALES, *COLUMNS], ids=str)
@pytest.mark.parametrize(("alpha", "target"), [(0, 1), (0.5, 1e200), (0, 1e200)])
def test_any_scale_of_the_columns_gives_the_exact_answer(scale, alpha, target):
    rows, y = X * scale, Y * target
    if alpha == 0 and np.log10(target) - np.log10(scale).min() > 307:
        with pytest.raises(ValueError, match="beyond the range of float64.*scale X"):
            LeastSquaresRegressor().fit(rows, y)
        return
    expected = exact_predictions(rows, y, alpha)
    predictions = LeastSquaresRegressor(alpha).fit(rows, y).predict(rows)
    assert_allclose(predictions, expected, rtol=1e-12)


def test_scale_changes_no_bit():
    for alpha, model in ((0, LinearRegression()), (2.0, Ridge(2.0))):
        ours = LeastSquaresRegressor(alpha).fit(X, Y)
        assert_allclose(ours.coef_, model.fit(X, Y).coef_, rtol=1e-12)
    plain = LeastSquaresRegressor().fit(X, Y)
    large = LeastSquaresRegressor().fit(np.ldexp(X, 600), np.ldexp(Y, -300))
    assert_array_equal(large.coef_, np.ldexp(plain.coef_, -900))
    assert_array_equal(large.singular_, np.ldexp(plain.singular_, 600))
    assert large.rank_ == plain.rank_ == 4


def test_rows_of_weight_zero_do_not_matter_whatever_they_hold():
    rows, y = np.vstack([X, np.full(4, 1e300)]), np.append(Y, 1e300)
    weight = np.append(np.ones(30), 0)
    for model in REGRESSORS:
        expected = fitted(model).predict(X)
        assert_array_equal(clone(model).fit(rows, y, weight).predict(X), expected)


def test_single_precision_that_cannot_hold_the_solution():
    with pytest.raises(ValueError, match="beyond the range of float32"):
        LeastSquaresRegressor().fit((X * 1e-30).astype(np.float32), Y * 1e30)


def test_a_constant_column_alone_says_nothing():
    for n in (5, 7, 100):
        model = LeastSquaresRegressor().fit(np.full((n, 1), 0.1), np.arange(n))
        assert (model.rank_, model.coef_[0]) == (0, 0)


@pytest.mark.parametrize("exponent", [500, -500])
def test_gamma_scale_makes_the_scale_of_x_irrelevant(exponent):
    rows = np.ldexp(X, exponent)
    assert_array_equal(
        fitted(REGRESSORS[2], rows).predict(rows), fitted(REGRESSORS[2]).predict(X)
    )
    with pytest.raises(ValueError, match="gamma='scale'.*scale the features"):
        LeastSquaresSVR().fit(np.ldexp(X, 2 * exponent), Y)
    constant = np.full((30, 4), 0.1)
    assert fitted(LeastSquaresSVC(), constant).gamma_ == 1.0


@pytest.mark.parametrize("scale", [1e5, 1e10, 1e160, 1e300])
def test_far_rows_are_their_own_neighbours_alone(scale):
    # The kernel matrix is the identity: a_i = (y_i - b) / (1 + 1 / C), sum a = 0
    model = LeastSquaresSVR(gamma=1.0, C=3.0).fit(X * scale, Y)
    a = (Y - Y.mean()) / (1 + 1 / 3)
    assert_allclose(model.dual_coef_, a, rtol=1e-12)
    assert_allclose(model.predict(X * scale), a + Y.mean(), rtol=1e-12)
    assert_allclose(model.predict(-X * scale), Y.mean(), rtol=1e-12)


def test_poly_beyond_range_is_refused():
    model = LeastSquaresSVR(kernel="poly").fit(X, Y)
    with pytest.raises(ValueError, match="'poly'.*beyond the range"):
        model.predict(X * 1e200)
    with pytest.raises(ValueError, match="C=1e-320"):
        LeastSquaresSVR(C=1e-320).fit(X, Y, np.full(30, 1e-30))


@pytest.mark.parametrize("exponent", [500, -500])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_transformers_of_any_scale(exponent, dtype):
    images = X.astype(dtype)
    exponent = exponent if dtype == np.float64 else exponent // 8
    scaled = np.ldexp(images, exponent)
    for model in (ZCAWhitening(epsilon=0), ChannelStandardScaler()):
        expected = clone(model).fit_transform(images)
        found = clone(model).fit(scaled)
        assert_array_equal(found.transform(scaled), expected)
        back = found.inverse_transform(expected)
        assert_allclose(back, scaled, rtol=1e-3 if dtype == np.float32 else 1e-9)
    per_pixel = StandardScaler().fit(images.reshape(-1, 1))
    expected = per_pixel.transform(images.reshape(-1, 1)).reshape(images.shape)
    tolerance = 1e-5 if dtype == np.float32 else 1e-12
    assert_allclose(
        ChannelStandardScaler().fit_transform(scaled), expected, atol=tolerance
    )
    with_epsilon = ZCAWhitening(epsilon=1e-5).fit(np.ldexp(X, -600))
    assert_allclose(with_epsilon.whitening_, np.eye(4) / np.sqrt(1e-5), atol=1e-9)


def test_means_beyond_range_are_refused():
    for model in TRANSFORMERS[:2]:
        with pytest.raises(ValueError, match="beyond the range of float64: scale X"):
            model.fit(np.full((3, 2), 1.7e308))


# --- a failed fit ---


class Interrupt(KeyboardInterrupt):
    pass


def interrupt(*args, **kwargs):
    raise Interrupt


ALL_FITS = [
    (LeastSquaresRegressor(), (least_squares, "factorize"), {"alpha": -1}),
    (LeastSquaresClassifier(), (least_squares, "reduce_rows"), {"alpha": "a"}),
    (LeastSquaresSVR(), (ls_svm, "solve_ls_svm"), {"C": -1}),
    (LeastSquaresSVC(), (ls_svm, "kernel_matrix"), {"device": "tpu"}),
    (LeastSquaresClassifier(), (closed_form, "compute_sample_weight"), {"device": 3}),
    (LeastSquaresRegressor(), (least_squares, "ldexp"), {"fit_intercept": 3}),
    (ZCAWhitening(), (preprocessing.linalg, "eigh"), {"epsilon": -1}),
    (MeanImageSubtraction(), (preprocessing, "_mean"), {"mean": "row"}),
    (ChannelStandardScaler(), (preprocessing, "StandardScaler"), {"input_shape": (3,)}),
]


@pytest.mark.parametrize(("model", "solver", "refused"), ALL_FITS, ids=str)
def test_a_failed_fit_leaves_no_trace(model, solver, refused, monkeypatch):
    other = pd.DataFrame(2 * X[:, :3] + 1, columns=list("abc"))
    y = LABELS if is_classifier(model) else Y
    other_y = np.array(["x", "y", "z"] * 10) if is_classifier(model) else Y[::-1]
    if hasattr(model, "class_weight"):
        model.set_params(class_weight="balanced")

    def fails(estimator):
        before = vars(estimator).copy()
        estimator.set_params(**refused)
        with pytest.raises((ValueError, TypeError)):
            estimator.fit(other, other_y)
        estimator.set_params(**model.get_params())
        bad = [(other.where(other < 2), other_y), (other, other_y[:7])]
        if hasattr(model, "predict"):
            missing = np.array([None, *other_y[1:]], dtype=object)
            bad += [(other, missing), (other, None)]
        else:
            bad = [bad[0], (other[:1], None), (other[:0], None)]
        for data in bad:
            with pytest.raises(ValueError):
                estimator.fit(*data)
        if hasattr(model, "predict"):
            for weight in (np.zeros(30), np.full(30, np.nan), np.ones(7)):
                with pytest.raises(ValueError):
                    estimator.fit(other, other_y, sample_weight=weight)
        with monkeypatch.context() as patch:
            patch.setattr(*solver, interrupt)
            with pytest.raises(Interrupt):
                estimator.fit(other, other_y)
        assert vars(estimator).keys() == before.keys()
        for name, value in before.items():
            assert vars(estimator)[name] is value

    never = clone(model)
    fails(never)
    with pytest.raises(NotFittedError):
        check_is_fitted(never)
    assert not hasattr(never, "n_features_in_")
    once = clone(model).fit(X, y)
    use = once.predict if hasattr(model, "predict") else once.transform
    expected = use(X)
    fails(once)
    assert_array_equal(use(X), expected)
    assert once.fit(other, other_y).n_features_in_ == 3


@pytest.mark.parametrize("params", [{"coef0": -100.0, "C": 1e10}, {"gamma": np.nan}])
def test_decisions_of_a_kernel_machine_are_those_of_its_fit(params):
    model = LeastSquaresSVC(kernel="poly").fit(X, LABELS)
    before = model.decision_function(X)
    model.set_params(**params)
    with pytest.raises(ValueError):
        model.fit(X[::-1], LABELS)
    assert_array_equal(model.decision_function(X), before)
    model.set_params(kernel="linear", degree=7)
    assert_array_equal(model.decision_function(X), before)


# --- what is kept is plain ---


@pytest.mark.parametrize(
    "model",
    [
        *REGRESSORS,
        *CLASSIFIERS,
        LeastSquaresSVR(kernel=laplacian_kernel),
        *TRANSFORMERS,
        *PIPELINES,
    ],
    ids=str,
)
def test_skops_holds_every_fitted_estimator(model):
    model = fitted(model, pd.DataFrame(X, columns=list("abcd")))
    data = skops.io.dumps(model)
    classes = {f"{type(model).__module__}.{type(model).__name__}"}
    if callable(getattr(model, "kernel", None)):
        classes.add("sklearn.metrics.pairwise.laplacian_kernel")  # the user's own
    untrusted = skops.io.get_untrusted_types(data=data)
    assert set(untrusted) <= classes
    again = skops.io.loads(data, trusted=untrusted)
    rows = pd.DataFrame(X, columns=list("abcd"))
    use = "predict" if hasattr(model, "predict") else "transform"
    assert_array_equal(getattr(again, use)(rows), getattr(model, use)(rows))
    if hasattr(model, "decision_function"):
        assert_array_equal(again.decision_function(rows), model.decision_function(rows))
    for value in vars(model).values():
        assert not isinstance(value, torch.Tensor | torch.device)


@pytest.mark.parametrize("device", ["cuda:1000", "mps"])
def test_a_machine_without_the_device_predicts_on_the_cpu(device, monkeypatch):
    monkeypatch.setattr(devices.torch.backends.mps, "is_available", lambda: False)
    for model in (*REGRESSORS, *CLASSIFIERS):
        model = fitted(model)
        expected = model.predict(X)
        model.set_params(device=device)  # as pickled where it exists
        assert_array_equal(model.predict(X), expected)
        with pytest.raises(ValueError, match=f"device='{device}' is not available"):
            model.fit(X, LABELS if is_classifier(model) else Y)
