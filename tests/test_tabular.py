"""Tables as people have them, their encoding, and the ensembles for them."""

import pickle
from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.inspection import permutation_importance
from sklearn.model_selection import GroupKFold, KFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import RobustScaler, StandardScaler, TargetEncoder
from sklearn.utils.estimator_checks import check_estimator

from sknn_course import EnsembleClassifier, MLPClassifier, _tabular
from sknn_course._tabular.candidates import folds, space, training
from sknn_course._tabular.columns import kind_of, table_columns
from sknn_course._tabular.scaling import SmoothRobustScaler
from sknn_course.tabular import (
    PiecewiseLinearEncoder,
    TableEncoder,
    TabularClassifier,
    TabularRegressor,
)

N = 40
RNG = np.random.default_rng(0)
FRAME = pd.DataFrame(
    {
        "size": np.where(np.arange(N) % 7 == 0, np.nan, RNG.normal(size=N)),
        "color": np.resize(np.array(["red", "blue", None], dtype=object), N),
        "kind": pd.Categorical(np.resize(["x", "y"], N)),
        "is_new": np.arange(N) % 3 == 0,
        "count": pd.array([None, 1, 2, 3] * (N // 4), dtype="Int64"),
        "sold": pd.date_range("2024-01-30 06:00", periods=N, freq="D"),
        "empty": [None] * N,
        "constant": [3] * N,
    }
)
Y = (FRAME["size"].fillna(0) + (FRAME["color"] == "red") > 0.3).to_numpy()


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        (np.array([1, 2]), "number"),
        (np.array([True, None], dtype=object), "number"),
        (np.array([1.5, None, "a"], dtype=object), "category"),
        (np.array(["a", "b"]), "category"),
        (np.array([date(2020, 1, 2), None], dtype=object), "date"),
        (np.array(["2020-01-02"], dtype="datetime64[D]"), "date"),
        (pd.Series([1, 2], dtype="category"), "category"),
        (pd.Series(["a", None], dtype="string"), "category"),
        (pd.Series([True, None], dtype="boolean"), "number"),
        (pl.Series(["a", None]), "category"),
        (pl.Series([1, None]), "number"),
        (pl.Series([date(2020, 1, 2), None]), "date"),
        (pl.Series(["a"], dtype=pl.Categorical), "category"),
    ],
)
def test_kinds_of_columns(column, kind):
    assert kind_of(column) == kind


def test_encoding_of_a_table_is_that_of_its_columns():
    encoded = TableEncoder("standard").fit_transform(FRAME)
    size = FRAME["size"].fillna(FRAME["size"].median()).to_numpy()[:, None]
    np.testing.assert_allclose(
        encoded[:, 0], StandardScaler().fit_transform(size)[:, 0], atol=1e-6
    )
    # size, is_new, count, four parts of the date; two gaps; color 3, kind 2
    assert encoded.shape == (N, 7 + 2 + 5) and encoded.dtype == np.float32
    np.testing.assert_array_equal(encoded[:, 7], FRAME["size"].isna())
    levels = FRAME["color"].fillna("").to_numpy()[:, None] == ["", "blue", "red"]
    np.testing.assert_array_equal(encoded[:, 9:12], levels)


def test_dates_are_told_by_their_calendar():
    days = TableEncoder("standard").fit_transform(FRAME[["sold"]])
    sold = FRAME["sold"].dt
    expected = np.column_stack(
        [sold.month, sold.day, sold.day_of_week]  # the hour is constant
    )
    np.testing.assert_allclose(days[:, 1:4], StandardScaler().fit_transform(expected))
    with_zone = [[datetime(2024, 1, day, 12, tzinfo=UTC)] for day in (1, 2, 3)]
    assert TableEncoder().fit_transform(with_zone).shape == (3, 3)


def test_names_of_the_encoded_columns():
    encoder = TableEncoder(n_bins=2).set_output(transform="pandas")
    encoded = encoder.fit_transform(FRAME[["sold", "color", "size"]])
    for name in ("scaled__sold_day_of_week", "levels__color_red", "pieces__size_1"):
        assert name in encoded.columns


def test_pandas_polars_and_arrays_are_encoded_alike():
    plain = FRAME.drop(columns=["kind", "count", "empty"])
    expected = TableEncoder(n_bins=3).fit_transform(plain)
    frame = pl.from_pandas(plain)
    np.testing.assert_array_equal(TableEncoder(n_bins=3).fit_transform(frame), expected)
    numbers = plain[["size", "constant"]]
    np.testing.assert_array_equal(
        TableEncoder(n_bins=3).fit_transform(numbers.to_numpy()),
        TableEncoder(n_bins=3).fit_transform(numbers),
    )


def test_what_was_not_there_in_fit():
    encoder = TableEncoder(max_levels=2).fit([["a"]] * 4 + [["b"]] * 2 + [["c"]])
    frequent, *others = encoder.transform([["a"], ["b"], ["c"], ["new"], [None]])
    assert frequent.tolist() == [1, 0]
    assert np.all(others == np.array([0, 1], dtype=np.float32))
    numbers = TableEncoder().fit([[1.0], [2.0]])
    np.testing.assert_array_equal(  # a first gap is the median
        numbers.transform([[np.nan]]), numbers.transform([[1.5]])
    )


def test_many_levels_are_means_of_other_rows_targets():
    X = np.array([f"level {i % 9}" for i in range(90)], dtype=object)[:, None]
    y = RNG.normal(size=90)
    encoder = TableEncoder(max_levels=4, target_type="continuous")
    encoded = encoder.fit_transform(X, y)
    others = KFold(5, shuffle=True, random_state=0)
    means = TargetEncoder(target_type="continuous", cv=others)
    expected = StandardScaler().fit_transform(means.fit_transform(X, y))
    np.testing.assert_allclose(encoded[:, 4:], expected, atol=1e-6)
    expected = means.transform(X)
    found = encoder.transform(X)[:, 4:]
    assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 1 - 1e-9


def test_sparse_rows_stay_sparse():
    X = sparse.random(20, 5, density=0.5, format="csc", random_state=0) * 4
    encoded = TableEncoder().fit_transform(X)
    assert sparse.issparse(encoded) and abs(encoded).max() == 1
    with pytest.raises(TypeError, match="sparse"):
        TableEncoder().fit(X.toarray()).transform(X)


@pytest.mark.parametrize(
    ("X", "of_fit", "message"),
    [
        ([[1.0, 2.0]], [[1.0], [2.0]], "2 features"),
        ([["a"]], [[1.0], [2.0]], "held numbers in fit"),
        ([[3.0]], [[date(2020, 1, 2)], [None]], "held dates in fit"),
        ([[np.inf]], [[1.0], [2.0]], "infinity"),
        ([[1.0]], [[1.0], [1.0]], "no column that varies"),
        ([1.0], [[1.0], [2.0]], "Reshape your data"),
    ],
)
def test_tables_that_cannot_be_encoded(X, of_fit, message):
    with pytest.raises(ValueError, match=message):
        TableEncoder().fit(np.array(of_fit, dtype=object)).transform(
            np.array(X, dtype=object)
        )


def test_pieces_add_up_to_the_number_within_its_range():
    x = RNG.normal(size=(50, 1))
    encoder = PiecewiseLinearEncoder(7).fit(x)
    (edges,) = encoder.edges_
    np.testing.assert_allclose(edges, np.quantile(x, np.linspace(0, 1, 8)))
    new = np.linspace(-5, 5, 30)[:, None]
    total = edges[0] + encoder.transform(new) @ np.diff(edges)
    np.testing.assert_allclose(total, np.clip(new.ravel(), edges[0], edges[-1]))


def test_smooth_scaling_is_robust_scaling_bent():
    X = np.column_stack([RNG.normal(size=99), np.arange(99) == 3])
    z = RobustScaler(unit_variance=True).fit_transform(X)[:, 0]
    found = SmoothRobustScaler().fit_transform(X)
    np.testing.assert_allclose(found[:, 0], z / np.sqrt(1 + (z / 3) ** 2), rtol=1e-3)
    assert np.ptp(found[:, 1]) > 2  # equal quartiles: by its standard deviation


@pytest.mark.parametrize(
    "estimator",
    [
        TableEncoder(),
        PiecewiseLinearEncoder(),
        TabularClassifier(1, cv=2, random_state=0),
        TabularRegressor(1, cv=2, random_state=0),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_checks_of_scikit_learn(estimator, monkeypatch):
    short = {"max_iter": 3, "n_iter_no_change": 2}
    monkeypatch.setattr(_tabular.base, "training", lambda n: training(n) | short)
    results = check_estimator(estimator, on_fail=None, on_skip=None)
    failed = {one["check_name"] for one in results if one["status"] == "failed"}
    # quantiles and batches of repeated rows are others than of weighted ones
    of_weights = {
        "check_sample_weight_equivalence_on_dense_data",
        "check_sample_weight_equivalence_on_sparse_data",
    }
    assert failed == (of_weights if hasattr(estimator, "predict") else set())


@pytest.fixture(scope="module")
def fitted():
    return TabularClassifier(3, cv=2, random_state=0).fit(FRAME, Y)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_it_is_the_ensemble_of_its_pipelines(fitted):
    network = MLPClassifier(**training(N))
    pipeline = Pipeline([("encoder", TableEncoder()), ("network", network)])
    n_numbers = TableEncoder().fit(FRAME, Y).n_numbers_
    ensemble = EnsembleClassifier(
        pipeline,
        space(N, n_numbers),
        n_candidates=3,
        cv=2,
        preprocess_once=True,
        random_state=0,
    ).fit(FRAME, Y)
    expected = ensemble.predict_proba(FRAME)
    np.testing.assert_array_equal(fitted.predict_proba(FRAME), expected)
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.predict(FRAME), fitted.predict(FRAME))
    assert fitted.feature_names_in_.tolist() == FRAME.columns.tolist()


def test_importance_is_that_of_the_held_out_rows(fitted):
    found = fitted.permutation_importance(FRAME, Y, random_state=0)
    ensemble, expected = fitted.ensemble_, 0.0
    for fold, places in enumerate(ensemble.held_out_):
        part = clone(ensemble)
        vars(part).update(vars(ensemble))
        part.members_ = [m for i, m in enumerate(ensemble.members_) if i % 2 == fold]
        part.weights_ = ensemble.weights_[fold::2] * 2
        part._made = {}
        of_fold = permutation_importance(
            part, FRAME.iloc[places], Y[places], random_state=0
        )
        expected += of_fold.importances_mean * len(places) / N
    np.testing.assert_allclose(found.importances_mean, expected)
    assert found.importances.shape == (8, 5)
    assert found.importances_mean[FRAME.columns == "constant"] == 0


def test_regression_in_the_unit_of_the_targets():
    X = RNG.normal(size=(80, 2))
    y = 1e4 + 2e3 * X[:, 0]
    model = TabularRegressor(4, random_state=0).fit(X[:60], y[:60])
    assert model.score(X[60:], y[60:]) > 0.9
    mean, std = model.predict(X[60:], return_std=True)
    low, high = model.predict_quantiles(X[60:], (0.0, 1.0)).T
    assert np.all(low <= mean) and np.all(mean <= high) and std.max() < 2e3


def test_groups_weights_and_budget():
    X, y = load_iris(return_X_y=True)
    groups = np.arange(150) % 5
    model = TabularClassifier(2, cv=GroupKFold(3), time_budget=1e-3, random_state=0)
    model.fit(X, y, sample_weight=np.where(y == 1, 0, 1), groups=groups)
    assert model.ensemble_.n_candidates_ == 1
    held_out = [set(groups[places]) for places in model.ensemble_.held_out_]
    assert sum(map(len, held_out)) == len(set.union(*held_out)) == 5
    assert model.predict_proba(X)[:, 1].max() < 0.5


def test_settings_follow_the_number_of_rows():
    assert folds(1000) == {"cv": 4} and "validation_fraction" in folds(50_000)
    assert training(100)["batch_size"] < training(50_000)["batch_size"]
    assert list(table_columns(FRAME)) == FRAME.columns.tolist()
