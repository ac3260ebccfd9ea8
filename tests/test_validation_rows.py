"""Validation rows given to ``fit``: recorded after each epoch, judged by on request."""

import warnings

import joblib
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn import clone, config_context
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_digits,
    load_iris,
    load_wine,
)
from sklearn.metrics import (
    accuracy_score,
    log_loss,
    mean_poisson_deviance,
    mean_squared_error,
    r2_score,
)
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler

from sknn_course import CNNClassifier, MLPClassifier, MLPRegressor
from sknn_course._estimator.validation_data import warn_if_scaled_otherwise

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

rng = np.random.RandomState(0)
X, X_VAL = rng.normal(size=(60, 16)), rng.normal(size=(23, 16))


def targets(task, X):
    signal = X[:, 0] - 2 * X[:, 1] + X[:, 2] ** 2
    return {
        "regression": signal,
        "poisson": np.round(np.exp(signal / 4)),
        "binary": np.where(signal > 0, "yes", "no"),
        "multiclass": np.digitize(signal, [-1.0, 1.0]),
        "multilabel": (X[:, :3] > 0).astype(int),
    }[task]


def binary_log_losses(y, probability):
    """Sum of the labels' log-losses, mean over rows."""
    return sum(log_loss(y[:, j], probability[:, j]) for j in range(y.shape[1]))


MEASURES = {
    "regression": (r2_score, lambda y, p: mean_squared_error(y, p) / 2),
    "poisson": (r2_score, None),
    "binary": (accuracy_score, log_loss),
    "multiclass": (accuracy_score, log_loss),
    "multilabel": (accuracy_score, binary_log_losses),
}


def estimator(task, **options):
    cls = MLPRegressor if task in ("regression", "poisson") else MLPClassifier
    if task == "poisson":
        options = dict(loss="poisson") | options
    common = dict(max_iter=4, dtype="float64", learning_rate_init=0.02, random_state=0)
    return cls(hidden_layer_sizes=(7,), batch_size=20, **common | options)


@pytest.mark.parametrize("task", MEASURES)
def test_curves_are_scikit_learns_metrics_after_each_epoch(task):
    y, y_val = targets(task, X), targets(task, X_VAL)
    score, loss = MEASURES[task]
    mlp = estimator(task).fit(X, y, X_val=X_VAL, y_val=y_val)
    assert len(mlp.training_score_curve_) == 4
    for epoch in range(4):
        shorter = estimator(task, max_iter=epoch + 1).fit(X, y)
        prediction = shorter.predict(X_VAL)
        assert_allclose(mlp.validation_scores_[epoch], score(y_val, prediction))
        if task in ("binary", "multiclass", "multilabel"):
            prediction = shorter.predict_proba(X_VAL)
        if loss is not None:
            assert_allclose(mlp.validation_loss_curve_[epoch], loss(y_val, prediction))


def test_poisson_losses_differ_by_half_the_deviance():
    """The loss is half the deviance but for a term of y alone."""
    y, y_val = targets("poisson", X), targets("poisson", X_VAL)
    curve = estimator("poisson").fit(X, y, X_val=X_VAL, y_val=y_val)
    first, last = (
        mean_poisson_deviance(
            y_val, estimator("poisson", max_iter=n).fit(X, y).predict(X_VAL)
        )
        for n in (1, 4)
    )
    change = curve.validation_loss_curve_[-1] - curve.validation_loss_curve_[0]
    assert_allclose(change, (last - first) / 2)


def test_training_does_not_depend_on_validation_rows():
    y, y_val = targets("multiclass", X), targets("multiclass", X_VAL)
    with_rows = estimator("multiclass", dropout=0.2)
    without = estimator("multiclass", dropout=0.2).fit(X, y)
    assert (
        with_rows.fit(X, y, X_val=X_VAL, y_val=y_val).best_loss_ == without.best_loss_
    )
    assert with_rows.loss_curve_ == without.loss_curve_
    assert without.validation_scores_ is None


def test_early_stopping_judges_by_the_given_rows():
    y, y_val = targets("multiclass", X), targets("multiclass", X_VAL)
    mlp = estimator("multiclass", early_stopping=True, max_iter=60)
    mlp.set_params(learning_rate_init=0.3).fit(X, y, X_val=X_VAL, y_val=y_val)
    best = max(mlp.validation_scores_)
    assert best > mlp.validation_scores_[-1]
    assert mlp.score(X_VAL, y_val) == best == mlp.best_validation_score_
    assert mlp.t_ == mlp.n_iter_ * len(X)  # no training row was set aside


def test_validation_rows_of_another_type():
    y, y_val = targets("regression", X), targets("regression", X_VAL)
    options = dict(hidden_layer_sizes=(7,), max_iter=2, dtype=None, random_state=0)
    mlp = MLPRegressor(**options).fit(X.astype("f4"), y, X_val=X_VAL, y_val=y_val)
    same = MLPRegressor(**options).fit(
        X.astype("f4"), y, X_val=X_VAL.astype("f4"), y_val=y_val
    )
    assert_array_equal(mlp.validation_loss_curve_, same.validation_loss_curve_)


def test_sparse_rows_and_images():
    y, y_val = targets("binary", X), targets("binary", X_VAL)
    dense = estimator("binary").fit(X, y, X_val=X_VAL, y_val=y_val)
    of_sparse = estimator("binary").fit(
        sparse.csr_array(X), y, X_val=sparse.csr_array(X_VAL), y_val=y_val
    )
    assert_allclose(of_sparse.validation_scores_, dense.validation_scores_)
    cnn = CNNClassifier([[2]], [4], max_iter=2, random_state=0)
    images, images_val = X.reshape(-1, 4, 4), X_VAL.reshape(-1, 4, 4)
    cnn.fit(images, y, X_val=images_val, y_val=y_val)
    assert cnn.validation_scores_[-1] == accuracy_score(y_val, cnn.predict(images_val))


def test_stacked_with_other_rows_and_other_stopping():
    """Recorded, judged and plain jobs, as one by one."""
    y, y_val = targets("binary", X), targets("binary", X_VAL)

    def fits():
        jobs = [
            (
                estimator("binary", early_stopping=stop, max_iter=30),
                X_VAL[:n],
                y_val[:n],
            )
            for stop in (False, True)
            for n in (9, 23)
        ]
        fits = [(mlp, {"X_val": rows, "y_val": t}) for mlp, rows, t in jobs]
        return [*fits, (estimator("binary", max_iter=30), {})]

    alone = [mlp.fit(X, y, **given) for mlp, given in fits()]
    with joblib.parallel_config("stacked"):
        together = joblib.Parallel()(
            joblib.delayed(mlp.fit)(X, y, **given) for mlp, given in fits()
        )
    for one, other in zip(alone, together, strict=True):
        assert_allclose(other.loss_curve_, one.loss_curve_, rtol=1e-9)
        assert_array_equal(other.validation_scores_, one.validation_scores_)
        assert_allclose(other.coefs_[0], one.coefs_[0], rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (dict(X_val=X_VAL), "y_val=None, but X_val is given"),
        (dict(y_val=np.zeros(3)), "X_val=None, but y_val is given"),
        (dict(X_val=X_VAL, y_val=np.full(23, 9)), r"y_val has classes \[9\]"),
        (dict(X_val=X_VAL[:, :3], y_val=np.zeros(23)), "X has 3 features"),
        (dict(X_val=X_VAL, y_val=np.zeros(4)), r"inconsistent numbers .* \[23, 4\]"),
    ],
)
def test_validation_rows_that_do_not_fit(given, message):
    with pytest.raises(ValueError, match=message):
        estimator("multiclass").fit(X, targets("multiclass", X), **given)


def test_lbfgs_has_no_epochs_to_evaluate():
    y = targets("regression", X)
    with pytest.raises(ValueError, match="X_val .* solver='lbfgs'"):
        estimator("regression", solver="lbfgs").fit(X, y, X_val=X, y_val=y)


CLASSES, LABELS = np.arange(60) % 3, np.eye(3, dtype=int)[np.arange(60) % 3]
KINDS = {  # what y and y_val hold
    "outputs, one of them": (MLPRegressor, X[:, :2], X_VAL[:, 0]),
    "outputs, more of them": (MLPRegressor, X[:, :2], X_VAL[:, :3]),
    "numbers, outputs": (MLPRegressor, X[:, 0], X_VAL[:, :2]),
    "classes, one-hot": (MLPClassifier, CLASSES, LABELS[:23]),
    "two classes, one-hot": (MLPClassifier, CLASSES > 0, LABELS[:23, :2]),
    "labels, classes": (MLPClassifier, LABELS, CLASSES[:23]),
    "labels, fewer labels": (MLPClassifier, LABELS, LABELS[:23, :2]),
}


@pytest.mark.parametrize(("cls", "y", "y_val"), KINDS.values(), ids=KINDS)
def test_validation_targets_of_another_kind_are_refused(cls, y, y_val):
    shape = ", ".join(map(str, y_val.shape))
    with pytest.raises(ValueError, match=rf"y_val of shape \({shape},?\) does not fit"):
        cls(max_iter=2).fit(X, y, X_val=X_VAL, y_val=y_val)


def scale_warnings(X, X_val):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warn_if_scaled_otherwise(X, X_val)
    return len(caught)


@pytest.mark.parametrize(
    "load", [load_iris, load_wine, load_breast_cancer, load_diabetes, load_digits]
)
def test_no_warning_of_scale_on_sane_data(load):
    X = load().data
    for seed in range(10):
        part, X_val = train_test_split(X, test_size=0.15, random_state=seed)
        scaler = RobustScaler().fit(part)
        assert scale_warnings(part, X_val) == 0
        assert scale_warnings(scaler.transform(part), scaler.transform(X_val)) == 0


@pytest.mark.parametrize("load", [load_wine, load_breast_cancer])
@pytest.mark.parametrize("scaler", [StandardScaler(), MinMaxScaler()])
def test_warning_of_validation_rows_that_are_scaled_otherwise(load, scaler):
    part, X_val = train_test_split(load().data, test_size=0.3, random_state=0)
    scaled = scaler.fit_transform(part)
    assert scale_warnings(scaled, X_val) == 1
    assert scale_warnings(part, scaler.transform(X_val)) == 1
    assert scale_warnings(sparse.csr_array(scaled), sparse.csr_array(X_val)) == 1


def test_pipeline_without_and_with_its_remedy():
    X, y = load_breast_cancer(return_X_y=True)
    X, X_val, y, y_val = train_test_split(X, y, random_state=0)
    mlp = MLPClassifier((3,), max_iter=3, random_state=0)
    with pytest.warns(UserWarning, match=r"transform_input=\['X_val'\]"):
        make_pipeline(StandardScaler(), mlp).fit(
            X, y, mlpclassifier__X_val=X_val, mlpclassifier__y_val=y_val
        )
    scaler = StandardScaler().fit(X)
    expected = clone(mlp).fit(
        scaler.transform(X), y, X_val=scaler.transform(X_val), y_val=y_val
    )
    with config_context(enable_metadata_routing=True):
        routed = clone(mlp).set_fit_request(X_val=True, y_val=True)
        pipeline = make_pipeline(StandardScaler(), routed, transform_input=["X_val"])
        pipeline.fit(X, y, X_val=X_val, y_val=y_val)
    assert pipeline[-1].validation_scores_ == expected.validation_scores_
