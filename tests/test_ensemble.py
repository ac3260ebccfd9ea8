"""Ensembles: members are what they would be alone, the mean is the members' mean."""

import pickle
from functools import partial

import joblib
import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_iris, make_multilabel_classification, make_regression
from sklearn.ensemble import RandomForestClassifier, StackingClassifier
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.metrics import log_loss, mean_squared_error, roc_auc_score
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    ShuffleSplit,
    StratifiedKFold,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from sknn_course import (
    CNNClassifier,
    DivergedError,
    EnsembleClassifier,
    EnsembleRegressor,
    MLPClassifier,
    MLPRegressor,
)
from sknn_course.layers import PeriodicEmbedding
from sknn_course.parallel import last_report

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
QUICK = {
    "hidden_layer_sizes": (8,),
    "learning_rate_init": 0.02,
    "max_iter": 10,
    "dtype": "float64",
}
X, Y = load_iris(return_X_y=True)
ORDER = np.random.RandomState(0).permutation(len(X))
X, Y = X[ORDER], Y[ORDER]
X2, Y2 = make_regression(90, 4, n_informative=4, noise=5.0, random_state=0)
Y2 = Y2 / Y2.std()
mlp = MLPClassifier(**QUICK)
stopping = MLPClassifier(**{**QUICK, "max_iter": 30}, early_stopping=True)
pipeline = make_pipeline(StandardScaler(), stopping)
SPACE = {
    "mlpclassifier__dropout": [0.0, 0.2],
    "mlpclassifier__activation": ["relu", "tanh"],
    "mlpclassifier__hidden_layer_sizes": [(8,), (8, 4)],
}
small = partial(EnsembleClassifier, n_candidates=3, cv=3, random_state=0)


def arrays(member):
    network = member[-1] if hasattr(member, "steps") else member
    return [*network.coefs_, *network.intercepts_, *network._other_arrays]


def assert_equal_members(one, other):
    """Equal to rounding, of products that are computed in another order."""
    for a, b in zip(arrays(one), arrays(other), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-9)


@parametrize_with_checks(
    [
        EnsembleClassifier(
            MLPClassifier((16,), max_iter=40, learning_rate_init=0.02),
            n_candidates=2,
            cv=2,
        ),
        EnsembleRegressor(
            MLPRegressor(
                hidden_layer_sizes=(16,), max_iter=40, learning_rate_init=0.02
            ),
            n_candidates=2,
            cv=2,
        ),
    ]
)
def test_estimator_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("estimator", [pipeline, stopping, mlp], ids=repr)
def test_members_are_those_fitted_alone(estimator):
    space = SPACE if estimator is pipeline else None
    folds = list(StratifiedKFold(3).split(X, Y))
    ensemble = small(estimator, space, cv=folds).fit(X, Y)
    assert sum(stack.n_models for stack in last_report().stacks) == 9
    assert len(ensemble.members_) == 3 * np.count_nonzero(
        ensemble.cv_results_["weight"]
    )
    for k, member in enumerate(ensemble.members_):
        train, test = folds[k % 3]
        rows, held_out = X[train], X[test]
        given = {}
        network = member
        if estimator is pipeline:
            scaler, network = member
            alone = StandardScaler().fit(rows)
            np.testing.assert_array_equal(scaler.mean_, alone.mean_)
            rows, held_out = alone.transform(rows), alone.transform(held_out)
        if estimator is not mlp:
            given = {"X_val": held_out, "y_val": Y[test]}
        assert_equal_members(network, clone(network).fit(rows, Y[train], **given))


def test_networks_may_judge_by_rows_of_their_own():
    folds = list(StratifiedKFold(3).split(X, Y))
    ensemble = small(stopping, cv=folds, early_stopping_on_fold=False).fit(X, Y)
    train, _ = folds[0]
    alone = clone(ensemble.members_[0]).fit(X[train], Y[train])
    assert_equal_members(ensemble.members_[0], alone)


@pytest.mark.parametrize("backend", ["stacked", "threading"])
def test_callers_backend_gives_the_same(backend):
    ensemble = small(pipeline, SPACE).fit(X, Y)
    with joblib.parallel_config(backend, n_jobs=1):
        other = small(pipeline, SPACE, n_jobs=1).fit(X, Y)
    np.testing.assert_array_equal(ensemble.weights_, other.weights_)
    for one, same in zip(ensemble.members_, other.members_, strict=True):
        assert_equal_members(one, same)


@pytest.mark.parametrize(
    "network",
    [
        MLPClassifier((8,), batch_norm=True, dropout=0.2, max_iter=3),
        MLPClassifier((8,), batch_norm="before", activation="gelu", max_iter=3),
        MLPClassifier((8,), dtype="float64", activation="leaky_relu", max_iter=3),
        MLPClassifier((8,), numeric_embedding=PeriodicEmbedding(5, 3), max_iter=3),
        MLPClassifier(
            (8,),
            numeric_embedding=PeriodicEmbedding(5, 3, variant="pbld", n_columns=2),
            max_iter=3,
        ),
        CNNClassifier(((2,),), dense_layer_sizes=(3,), input_shape=(2, 2), max_iter=2),
        LogisticRegression(),
    ],
    ids=["batch norm", "before", "float64", "plr", "pbld", "cnn", "sklearn"],
)
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.filterwarnings("ignore::UserWarning")  # pools wider than images
def test_mean_is_that_of_the_members(network, n_classes):
    rows, y = X[Y < n_classes], Y[Y < n_classes]
    estimator = make_pipeline(StandardScaler(), network)
    ensemble = small(estimator, n_candidates=2).fit(rows, y)
    for n_rows in (1, 50):
        mean = sum(
            w * m.predict_proba(rows[:n_rows])
            for w, m in zip(ensemble.weights_, ensemble.members_, strict=True)
        )
        found = ensemble.predict_proba(rows[:n_rows])
        np.testing.assert_allclose(found, mean, atol=1e-6)
        np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_array_equal(ensemble.predict(rows[:n_rows]), mean.argmax(1))


@pytest.mark.parametrize("n_outputs", [1, 2])
def test_spread_is_that_of_the_members(n_outputs):
    y = Y2 if n_outputs == 1 else np.column_stack([Y2, -Y2])
    network = make_pipeline(StandardScaler(), MLPRegressor(**QUICK, random_state=1))
    ensemble = EnsembleRegressor(network, n_candidates=5, cv=3, random_state=0)
    ensemble.fit(X2, y)
    each = np.stack([member.predict(X2) for member in ensemble.members_])
    mean = np.average(each, axis=0, weights=ensemble.weights_)
    variance = np.average((each - mean) ** 2, axis=0, weights=ensemble.weights_)
    found, std = ensemble.predict(X2, return_std=True)
    np.testing.assert_allclose(found, mean, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(std, np.sqrt(variance), rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(ensemble.predict(X2), mean, rtol=1e-4, atol=1e-5)
    levels = [0.0, 0.31, 0.77, 1.0]
    quantiles = ensemble.predict_quantiles(X2, levels)
    assert quantiles.shape == (*y.shape, 4)
    for q, level in enumerate(levels):
        share_at_most = np.tensordot(
            ensemble.weights_, each <= quantiles[..., q] + 1e-5, 1
        )
        share_below = np.tensordot(
            ensemble.weights_, each < quantiles[..., q] - 1e-5, 1
        )
        assert (share_at_most >= level - 1e-9).all()
        assert (share_below <= level + 1e-9).all()
    with pytest.raises(ValueError, match=r"quantiles=\[1.5\]"):
        ensemble.predict_quantiles(X2, [1.5])


def test_members_of_a_fold_share_its_transformers():
    CALLS.clear()
    ensemble = small(
        make_pipeline(FunctionTransformer(counted), mlp), n_candidates=5
    ).fit(X, Y)
    assert CALLS == [100, 50] * 3  # rows to train on, rows held out
    assert len(ensemble.members_) > 3
    for one in (ensemble, pickle.loads(pickle.dumps(ensemble))):
        CALLS.clear()
        one.predict(X)
        assert CALLS == [150] * 3


def test_steps_may_be_fitted_once_to_all_rows():
    def scaled(network):
        return make_pipeline(FunctionTransformer(counted), StandardScaler(), network)

    CALLS.clear()
    folds = list(StratifiedKFold(3).split(X, Y))
    ensemble = small(scaled(mlp), n_candidates=2, cv=folds, preprocess_once=True)
    ensemble.fit(X, Y)
    assert CALLS == [150]
    rows = StandardScaler().fit_transform(X)
    for k, (*_, network) in enumerate(ensemble.members_):
        train, test = folds[k % 3]
        alone = clone(network).fit(
            rows[train], Y[train], X_val=rows[test], y_val=Y[test]
        )
        assert_equal_members(network, alone)


CALLS = []


def counted(rows):
    CALLS.append(len(rows))
    return rows


def test_replaced_weights_count():
    ensemble = small(mlp).fit(X, Y)
    before = ensemble.predict_proba(X)
    network = ensemble.members_[0]
    network.coefs_[0] = -network.coefs_[0]
    mean = sum(
        w * m.predict_proba(X)
        for w, m in zip(ensemble.weights_, ensemble.members_, strict=True)
    )
    assert abs(mean - before).max() > 1e-3
    np.testing.assert_allclose(ensemble.predict_proba(X), mean, atol=1e-6)


def test_scores_are_those_of_scikit_learn():
    folds = list(StratifiedKFold(3).split(X, Y))
    ensemble = small(mlp, {"alpha": [0.0, 1.0, 10.0]}, cv=folds).fit(X, Y)
    results, best = ensemble.cv_results_, ensemble.best_index_
    assert ensemble.oof_score_ == pytest.approx(
        -log_loss(Y, ensemble.oof_predictions_), rel=1e-9
    )
    one = small(mlp, {"alpha": [10.0]}, n_candidates=1, cv=folds).fit(X, Y)
    for fold, (_, test) in enumerate(folds):
        alone = one.members_[fold].predict_proba(X[test])
        np.testing.assert_allclose(one.oof_predictions_[test], alone)
        assert one.cv_results_[f"split{fold}_test_score"] == pytest.approx(
            -log_loss(Y[test], alone), rel=1e-6
        )
    assert (
        ensemble.best_score_ == results["oof_score"][best] == max(results["oof_score"])
    )
    assert ensemble.best_params_ == results["params"][best]
    assert ensemble.oof_score_ >= ensemble.best_score_
    assert sorted(results["rank_test_score"]) == [1, 2, 3]
    assert {p["alpha"] for p in results["params"]} == {0.0, 1.0, 10.0}
    assert results["weight"].sum() == pytest.approx(1)
    assert (results["mean_fit_time"] > 0).all()


@pytest.mark.parametrize("scoring", ["roc_auc_ovr", "accuracy"])
def test_any_scorer_selects(scoring):
    ensemble = small(
        mlp, {"alpha": [0.0, 5.0]}, n_candidates=4, max_members=8, scoring=scoring
    )
    ensemble.fit(X, Y)
    oof = ensemble.oof_predictions_
    expected = {
        "roc_auc_ovr": lambda: roc_auc_score(Y, oof, multi_class="ovr"),
        "accuracy": lambda: np.mean(oof.argmax(1) == Y),
    }[scoring]()
    assert ensemble.oof_score_ == pytest.approx(expected)
    assert ensemble.oof_score_ >= ensemble.best_score_


def test_hold_out_and_rows_in_several_folds():
    held = small(mlp, cv=None, validation_fraction=0.2).fit(X, Y)
    rows = np.isfinite(held.oof_predictions_).all(axis=1)
    assert rows.sum() == 30
    assert np.isnan(held.oof_predictions_[~rows]).all()
    assert len(held.members_) == np.count_nonzero(held.cv_results_["weight"])
    splits = list(ShuffleSplit(4, test_size=0.4, random_state=0).split(X))
    shuffled = small(mlp, n_candidates=1, cv=splits).fit(X, Y)
    total, times = np.zeros((150, 3)), np.zeros((150, 1))
    for member, (_, test) in zip(shuffled.members_, splits, strict=True):
        total[test] += member.predict_proba(X[test])
        times[test] += 1
    with np.errstate(invalid="ignore"):
        np.testing.assert_allclose(shuffled.oof_predictions_, total / times)


def test_groups_and_weights_reach_folds_members_and_scores():
    groups = np.arange(150) // 10
    folds = list(GroupKFold(3).split(X, Y, groups))
    weight = np.random.RandomState(0).randint(0, 3, 150)
    one = small(mlp, cv=GroupKFold(3)).fit(X, Y, sample_weight=weight, groups=groups)
    other = small(mlp, cv=folds).fit(X, Y, sample_weight=weight)
    np.testing.assert_array_equal(one.oof_predictions_, other.oof_predictions_)
    train, _ = folds[0]
    alone = clone(one.members_[0]).fit(X[train], Y[train], sample_weight=weight[train])
    assert_equal_members(one.members_[0], alone)
    expected = -log_loss(Y, one.oof_predictions_, sample_weight=weight)
    assert one.oof_score_ == pytest.approx(expected)
    by_number = small(mlp).fit(X, Y, groups=np.arange(150) % 3)
    assert len(by_number.members_) % 3 == 0
    with pytest.raises(ValueError, match="takes none in fit"):
        EnsembleClassifier(make_pipeline(StandardScaler(), NoWeights())).fit(
            X, Y, sample_weight=weight
        )


class NoWeights(LogisticRegression):
    def fit(self, X, y):
        return super().fit(X, y)


def test_multilabel():
    rows, labels = make_multilabel_classification(
        80, 5, n_classes=3, allow_unlabeled=True, random_state=0
    )
    for network in (MLPClassifier(**QUICK), RandomForestClassifier(5)):
        ensemble = small(network).fit(rows, labels)
        oof = ensemble.oof_predictions_
        expected = sum(log_loss(y, p) for y, p in zip(labels.T, oof.T, strict=True))
        assert ensemble.oof_score_ == pytest.approx(-expected)
        np.testing.assert_array_equal(
            ensemble.predict(rows), ensemble.predict_proba(rows) > 0.5
        )


def test_classes_that_a_fold_has_not():
    y = np.array(["b", "a", "c"])[Y]
    folds = [(np.flatnonzero(Y != k), np.flatnonzero(Y == k)) for k in range(3)]
    folds.append((np.arange(0, 150, 2), np.arange(1, 150, 2)))
    ensemble = small(stopping, cv=folds).fit(X, y)
    assert list(ensemble.classes_) == ["a", "b", "c"]
    mean = np.zeros((150, 3))
    for w, member in zip(ensemble.weights_, ensemble.members_, strict=True):
        columns = np.searchsorted(ensemble.classes_, member.classes_)
        mean[:, columns] += w * member.predict_proba(X)
    np.testing.assert_allclose(ensemble.predict_proba(X), mean, atol=1e-6)


def test_folds_of_one_class():
    y = (Y > 0).astype(int)
    zeros, ones = np.flatnonzero(y == 0), np.flatnonzero(y == 1)
    folds = [(zeros, ones), (np.arange(0, 150, 2), np.arange(1, 150, 2))]
    ensemble = small(mlp, n_candidates=1, cv=folds).fit(X, y)
    mean = (np.eye(2)[0] + ensemble.members_[1].predict_proba(X)) / 2
    np.testing.assert_allclose(ensemble.predict_proba(X), mean, atol=1e-6)


def test_tables_with_categories_and_sparse_rows():
    table = pd.DataFrame(X, columns=list("abcd")).assign(
        kind=np.where(X[:, 0] > 5.5, "x", "y")
    )
    preparation = ColumnTransformer(
        [
            ("numbers", StandardScaler(), list("abcd")),
            ("kind", OneHotEncoder(), ["kind"]),
        ]
    )
    ensemble = small(make_pipeline(preparation, stopping)).fit(table, Y)
    assert ensemble.score(table, Y) > 0.6
    assert list(ensemble.feature_names_in_) == ["a", "b", "c", "d", "kind"]
    dense, thin = small(stopping).fit(X, Y), small(stopping).fit(sparse.csr_array(X), Y)
    np.testing.assert_allclose(
        dense.predict_proba(X), thin.predict_proba(sparse.coo_array(X)), atol=1e-5
    )


def test_failed_candidates_are_left_out():
    space = {"learning_rate_init": [0.02, 1e30], "solver": ["sgd"]}
    ensemble = small(mlp, space, n_candidates=2)
    with pytest.warns(FitFailedWarning, match="1 of 2 candidates") as caught:
        ensemble.fit(X, Y)
    (warning,) = (w for w in caught if w.category is FitFailedWarning)
    assert "DivergedError" in str(warning.message)
    failed = [p["learning_rate_init"] == 1e30 for p in ensemble.cv_results_["params"]]
    assert list(np.isnan(ensemble.cv_results_["mean_test_score"])) == failed
    assert list(ensemble.cv_results_["weight"]) == [0.0 if f else 1.0 for f in failed]
    ensemble.set_params(param_distributions={**space, "learning_rate_init": [1e30]})
    with pytest.raises(DivergedError):
        ensemble.fit(X, Y)
    assert ensemble.score(X, Y) > 0.3  # as the last fit that succeeded left it


def test_failing_transformers_and_values_that_are_not_finite():
    estimator = make_pipeline(StandardScaler(), mlp)
    with pytest.raises(ValueError, match="with_mean"):
        small(estimator, {"standardscaler__with_mean": ["yes"]}).fit(X, Y)
    with pytest.raises(ValueError, match="NaN"):
        small(mlp).fit(np.where(X > 7, np.nan, X), Y)


def test_one_candidate_is_trained_within_any_budget():
    ensemble = small(mlp, n_candidates=50, time_budget=1e-9).fit(X, Y)
    assert ensemble.n_candidates_ == 1
    assert len(ensemble.cv_results_["params"]) == 1
    whole = small(mlp, n_candidates=6, time_budget=100).fit(X, Y)
    unlimited = small(mlp, n_candidates=6).fit(X, Y)
    np.testing.assert_allclose(whole.oof_predictions_, unlimited.oof_predictions_)


def test_deep_ensemble_differs_by_seed_alone():
    ensemble = small(MLPClassifier(**QUICK, random_state=0), n_candidates=4).fit(X, Y)
    seeds = {p["random_state"] for p in ensemble.cv_results_["params"]}
    assert len(seeds) == 4
    again = small(MLPClassifier(**QUICK), n_candidates=4).fit(X, Y)
    np.testing.assert_array_equal(again.predict_proba(X), ensemble.predict_proba(X))


def test_votes_of_what_has_no_probabilities():
    ensemble = small(RidgeClassifier(), {"alpha": [1.0, 10.0]}).fit(X, Y)
    votes = sum(
        w * (m.predict(X)[:, None] == [0, 1, 2])
        for w, m in zip(ensemble.weights_, ensemble.members_, strict=True)
    )
    np.testing.assert_allclose(ensemble.predict_proba(X), votes)


def test_nests_in_searches_stackings_and_calibration():
    tiny = small(mlp, n_candidates=2, cv=2)
    search = GridSearchCV(tiny, {"n_candidates": [1, 2]}, cv=2, n_jobs=1).fit(X, Y)
    with joblib.parallel_config("stacked"):
        stacked = GridSearchCV(tiny, {"n_candidates": [1, 2]}, cv=2).fit(X, Y)
    np.testing.assert_array_equal(
        search.cv_results_["mean_test_score"], stacked.cv_results_["mean_test_score"]
    )
    StackingClassifier([("e", tiny)], LogisticRegression(), cv=2).fit(X, Y)
    calibrated = CalibratedClassifierCV(tiny, cv=2).fit(X, Y)
    assert calibrated.predict_proba(X).shape == (150, 3)


def test_regressors_of_other_packages():
    ensemble = EnsembleRegressor(LinearRegression(), n_candidates=1, cv=KFold(3))
    ensemble.fit(X2, Y2)
    assert ensemble.oof_predictions_.shape == Y2.shape
    assert ensemble.oof_score_ == pytest.approx(
        -mean_squared_error(Y2, ensemble.oof_predictions_)
    )


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"validation_fraction": 0.2}, "validation_fraction=0.2 and cv=3"),
        ({"n_candidates": 0}, "n_candidates"),
        ({"max_members": 1.5}, "max_members"),
        ({"time_budget": -1.0}, "time_budget"),
        ({"scoring": "acuracy"}, "scoring"),
        ({"scoring": "roc_auc"}, "scoring='roc_auc'"),
        ({"scoring": lambda estimator, X, y: np.nan}, "finite for no candidate"),
        ({"cv": []}, "cv="),
        ({"n_jobs": 0}, "n_jobs"),
        ({"estimator": 3}, "estimator"),
        ({"estimator": MLPRegressor()}, "MLPRegressor"),
        ({"param_distributions": []}, r"param_distributions=\[\] is empty"),
        ({"param_distributions": {"alfa": [1]}}, "alfa"),
        ({"param_distributions": {"alpha": 1}}, "alpha"),
    ],
    ids=str,
)
def test_bad_parameters_are_named(parameters, message):
    with pytest.raises((ValueError, TypeError), match=message):
        small(**{"estimator": mlp, **parameters}).fit(X, Y)
