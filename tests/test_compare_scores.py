"""The scores of a comparison beside scikit-learn's own."""

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine
from sklearn.linear_model import LogisticRegression, Ridge, RidgeClassifier
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

from sknn_course import compare
from sknn_course._compare.boosters import CodedClasses
from sknn_course._compare.compare import _folds
from sknn_course._compare.errors import InputError
from sknn_course._compare.models import MODELS, Model
from sknn_course._compare.scores import SCORES, choose_score
from sknn_course._compare.text import remarks

CANCER, WINE, DIABETES = (
    load(return_X_y=True) for load in (load_breast_cancer, load_wine, load_diabetes)
)
WINE = WINE[0] / WINE[0].std(axis=0), WINE[1]


@pytest.mark.parametrize(
    ("name", "scorer"),
    [
        ("acc", "accuracy"),
        ("balanced_accuracy", "balanced_accuracy"),
        ("auc", "roc_auc"),
        ("pr_auc", "average_precision"),
        ("logloss", "neg_log_loss"),
        ("F1", "f1"),
        ("precision", "precision"),
        ("recall", "recall"),
        ("mcc", "matthews_corrcoef"),
        ("neg_brier_score", "neg_brier_score"),
        ("f1-macro", "f1_macro"),
        ("r2", "r2"),
        ("rmse", "neg_root_mean_squared_error"),
        ("neg_mean_squared_error", "neg_mean_squared_error"),
        ("MAE", "neg_mean_absolute_error"),
        ("medae", "neg_median_absolute_error"),
        ("mape", "neg_mean_absolute_percentage_error"),
        ("max_error", "neg_max_error"),
        ("neg_mean_poisson_deviance", "neg_mean_poisson_deviance"),
    ],
)
def test_scores_are_those_of_scikit_learn(name, scorer):
    regress = scorer == "r2" or name in SCORES and SCORES[name].task == "regression"
    regress |= "error" in scorer or "deviance" in scorer
    X, y = DIABETES if regress else CANCER
    task = "regression" if regress else "classification"
    model = (Ridge(0.1) if regress else LogisticRegression(C=1e-9)).fit(X, y)
    expected = metrics.get_scorer(scorer)(model, X, y)
    score = choose_score(name, task, y, [])
    assert score(model, X, y) == pytest.approx(expected)
    assert score.sign * score.function(model, X, y) == pytest.approx(expected)
    assert (score.sign < 0) == scorer.startswith("neg_")


def test_more_than_two_classes_are_averaged():
    X, y = WINE
    model = LogisticRegression(C=1e-3).fit(X, y)
    expected = metrics.roc_auc_score(y, model.predict_proba(X), multi_class="ovr")
    assert SCORES["roc_auc"](model, X, y) == pytest.approx(expected)
    f1 = metrics.f1_score(y, model.predict(X), average="macro", zero_division=0)
    assert SCORES["f1"](model, X, y) == pytest.approx(f1)


def test_classes_as_text_have_the_rarer_one_to_find():
    X, y = CANCER  # 0 is the rarer
    named = np.array(["rare", "usual"])[y]
    model = RidgeClassifier(1e9).fit(X[:, :1], named)
    notes: list[str] = []
    score = choose_score("f1", "classification", named, notes)
    predicted = model.predict(X[:, :1])
    assert score(model, X[:, :1], named) == pytest.approx(
        metrics.f1_score(named, predicted, pos_label="rare")
    )
    assert notes == ["F1 is that of the class rare"]
    score = choose_score("average_precision", "classification", named, [])
    assert score(model, X[:, :1], named) == pytest.approx(
        metrics.average_precision_score(y == 0, -model.decision_function(X[:, :1]))
    )


@pytest.mark.parametrize(
    ("task", "n_rare", "expected"),
    [
        ("classification", 50, "accuracy"),
        ("classification", 20, "accuracy"),
        ("classification", 19, "roc_auc"),
        ("regression", 19, "r2"),
    ],
)
def test_the_default_minds_imbalance(task, n_rare, expected):
    y = np.repeat([0, 1], [100 - n_rare, n_rare])
    notes: list[str] = []
    assert choose_score(None, task, y, notes).name == expected
    assert len(notes) == (expected == "roc_auc")


def test_unknown_scores_meet_a_suggestion():
    with pytest.raises(InputError, match=r"'acuracy': did you mean 'accuracy'\?"):
        choose_score("acuracy", "classification", np.array([0, 1]), [])
    with pytest.raises(InputError, match="'rmse' is for regression, .* accuracy"):
        choose_score("rmse", "classification", np.array([0, 1]), [])
    with pytest.raises(InputError, match="'f1_macro' is for classification"):
        choose_score("f1_macro", "regression", np.array([0.5, 1]), [])


def test_an_error_is_shown_as_it_is_and_ranked_from_below():
    board = compare(*DIABETES, models=["ridge"], n_settings=1, scoring="rmse")
    assert [one.model for one in board.ranked] == ["ridge", "dummy"]
    table, best = board.table, board.best
    expected = cross_val_score(
        best.fitted,
        table.X_train,
        table.y_train,
        scoring="neg_root_mean_squared_error",
        cv=_folds(table, 5, 0),
    )
    np.testing.assert_allclose(best.cv_scores, -expected)
    predicted = board.winner.predict(table.X_test)
    assert best.test_scores == {
        "r2": pytest.approx(metrics.r2_score(table.y_test, predicted)),
        "mae": pytest.approx(metrics.mean_absolute_error(table.y_test, predicted)),
    }
    assert f"{best.test_score:.3f}" in str(board)


def test_without_probabilities_there_is_no_log_loss():
    models = ["logistic_regression", "linear_svm"]
    board = compare(*WINE, models=models, n_settings=1, scoring="log_loss")
    assert board.best.model == "logistic_regression"
    assert remarks(board) == [
        "left out linear_svm: no predict_proba, which log_loss needs"
    ]


def test_coded_classes_predict_like_the_estimator_on_names():
    X, y = WINE
    names = np.array(["b", "a", "c"])[y]
    coded = CodedClasses(LogisticRegression(C=1e-3)).fit(X, names)
    plain = LogisticRegression(C=1e-3).fit(X, names)
    assert coded.classes_.tolist() == plain.classes_.tolist()
    assert coded.predict(X).tolist() == plain.predict(X).tolist()
    np.testing.assert_allclose(coded.predict_proba(X), plain.predict_proba(X))


def test_models_of_the_other_task_and_absent_packages_are_refused(monkeypatch):
    with pytest.raises(InputError, match="'ridge' is for regression"):
        compare(*WINE, models=["ridge"])
    monkeypatch.setattr("sknn_course._compare.models.find_spec", lambda name: None)
    with pytest.raises(InputError, match="needs lightgbm: pip install lightgbm"):
        compare(*WINE, models=["lightgbm"])


def test_an_estimator_may_prepare_columns_itself(monkeypatch):
    X, y = load_diabetes(return_X_y=True, as_frame=True)

    def make(classify, table):
        by_name = ColumnTransformer([("bmi", "passthrough", ["bmi"])])
        return make_pipeline(by_name, Ridge()), {"ridge__alpha": [1e-3, 1.0]}, 1.0

    monkeypatch.setitem(MODELS, "ridge", Model(make, ("regression",), columns="own"))
    board = compare(X, y, models="ridge")
    correlation = np.corrcoef(X["bmi"], y)[0, 1]  # of one column, R2 is its square
    assert board.best.cv_mean == pytest.approx(correlation**2, abs=0.05)
    assert board.best.best_params == {"alpha": 1e-3}


def test_the_table_of_scores_is_a_data_frame():
    board = compare(*WINE, models=["least_squares"], n_settings=1)
    scores = board.scores
    assert isinstance(scores, pd.DataFrame)
    assert scores.index.tolist() == ["least_squares", "dummy"]
    assert scores["test accuracy"].tolist() == [
        metrics.accuracy_score(
            board.table.y_test, one.fitted.predict(board.table.X_test)
        )
        for one in board.ranked
    ]
