"""The joblib backend "stacked": what scikit-learn gives without it, stacked.

The independent answer is an ordinary run of the same scikit-learn call.
"""

import copy

import joblib
import numpy as np
import pandas as pd
import pytest
from parallel_iris import (
    OPTIONS,
    X,
    largest_stack,
    mlp,
    no_hang,  # noqa: F401  acts on every test here
    y,
)
from scipy.stats import loguniform
from sklearn import config_context
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_diabetes
from sklearn.ensemble import (
    BaggingClassifier,
    BaggingRegressor,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.feature_selection import RFECV, SelectKBest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, make_scorer
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    RandomizedSearchCV,
    cross_val_predict,
    cross_val_score,
    cross_validate,
    learning_curve,
    permutation_test_score,
    validation_curve,
)
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier, MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from sknn_course.mlp import MLPRegressor
from sknn_course.parallel import last_report

X_numbers, y_numbers = load_diabetes(return_X_y=True)
X_numbers, y_numbers = X_numbers[:120], y_numbers[:120] / 100
frame = pd.DataFrame(X, columns=list("abcd")).assign(
    e=np.where(X[:, 1] > 5.5, "u", "v")
)
macro_f1 = make_scorer(f1_score, average="macro")
weight = np.random.default_rng(0).uniform(0.5, 1.5, len(y))
regressor = MLPRegressor(hidden_layer_sizes=(6,), **OPTIONS)


def search_results(search):
    """What a fitted search has found, without durations."""
    results = {
        name: values
        for name, values in search.cv_results_.items()
        if "_time" not in name and not name.startswith("param_")
    }
    results["params"] = list(map(str, results["params"]))
    found = {"cv_results": results, "best": str(search.best_params_)}
    if search.refit:
        found["predictions"] = search.predict_proba(X)
    return found


def scores(results):
    """Those of `cross_validate`."""
    return {name: v for name, v in results.items() if not name.endswith("_time")}


def grid_search(scoring):
    pipeline = make_pipeline(StandardScaler(), SelectKBest(k=3), mlp)
    grid = {"mlpclassifier__alpha": [0.01, 1], "mlpclassifier__momentum": [0.5, 0.9]}
    refit = "f1" if isinstance(scoring, dict) else True
    search = GridSearchCV(
        pipeline, grid, scoring=scoring, refit=refit, return_train_score=True
    )
    return search_results(search.fit(X, y))


def column_search(memory=None):
    columns = ColumnTransformer(
        [("n", StandardScaler(), list("abcd")), ("c", OneHotEncoder(), ["e"])]
    )
    pipeline = make_pipeline(columns, mlp, memory=memory)
    search = RandomizedSearchCV(
        pipeline,
        {"mlpclassifier__learning_rate_init": loguniform(1e-3, 1e-1)},
        n_iter=4,
        random_state=0,
        refit=False,
        scoring="neg_log_loss",
    )
    return search_results(search.fit(frame, y))


def halving_search():
    search = HalvingGridSearchCV(
        mlp, {"alpha": [0.01, 1, 3], "dropout": [0.0, 0.2]}, cv=3, random_state=0
    )
    return search_results(search.fit(X, y))


def mixture_search():
    grid = [
        {"fit": [mlp], "fit__alpha": [0.01, 1]},
        {"fit": [LogisticRegression()], "fit__C": [0.1, 1]},
        {"fit": [mlp], "fit__solver": ["lbfgs"]},
    ]
    pipeline = make_pipeline(StandardScaler(), mlp)
    pipeline.steps[-1] = ("fit", mlp)
    return search_results(GridSearchCV(pipeline, grid).fit(X, y))


def routed_weights():
    with config_context(enable_metadata_routing=True):
        scorer = copy.copy(macro_f1).set_score_request(sample_weight=True)
        weighted = clone(mlp).set_fit_request(sample_weight=True)
        return scores(
            cross_validate(
                weighted, X, y, params={"sample_weight": weight}, scoring=scorer
            )
        )


def first_layer(estimator):
    return np.abs(estimator.coefs_[0]).sum(1)


def recursive_elimination():
    selector = RFECV(mlp, importance_getter=first_layer, cv=3).fit(X, y)
    return {**selector.cv_results_, "support": selector.support_}


def curve(function, *arguments, **options):
    """A tuple of arrays by place."""
    return dict(enumerate(function(mlp, X, y, *arguments, **options)))


def fitted(estimator, method="predict_proba", X=X, y=y, **options):
    return {method: getattr(estimator.fit(X, y, **options), method)(X)}


several_scorers = {"f1": macro_f1, "loss": "neg_log_loss"}
two_classes = np.column_stack([X[:, 0] > 4, X[:, 1] > 5.5])
two_numbers = np.column_stack([y_numbers, X_numbers[:, 2]])
others = [
    ("a", mlp),
    ("b", clone(mlp).set_params(alpha=1)),
    ("other", LogisticRegression(max_iter=1000)),
]

# what to run, and how many networks should meet in one stack
CASES = {
    "grid": (lambda: grid_search(macro_f1), 20),
    "several metrics": (lambda: grid_search(several_scorers), 20),
    "randomized, columns": (column_search, 20),
    "halving": (halving_search, 18),
    "mixture": (mixture_search, 10),
    "routed weights": (routed_weights, 5),
    "cross_validate": (
        lambda: scores(cross_validate(mlp, X, y, scoring=several_scorers)), 5
    ),
    "cross_val_predict": (
        lambda: {"p": cross_val_predict(mlp, X, y, method="predict_proba")}, 5
    ),
    "learning_curve": (
        lambda: curve(learning_curve, cv=3, shuffle=True, random_state=0), 15
    ),
    "validation_curve": (
        lambda: curve(validation_curve, param_name="dropout", param_range=[0, 0.3]), 10
    ),
    "permutation_test_score": (
        lambda: curve(permutation_test_score, n_permutations=9, random_state=0), 9
    ),
    "RFECV": (recursive_elimination, 3),
    "bagging": (
        lambda: fitted(
            BaggingClassifier(mlp, 8, max_features=0.5, random_state=0),
            sample_weight=weight,
        ),
        8,
    ),
    "bagging regressors": (
        lambda: fitted(
            BaggingRegressor(regressor, 8, random_state=0),
            "predict", X_numbers, y_numbers,
        ),
        8,
    ),
    "one vs rest": (lambda: fitted(OneVsRestClassifier(mlp)), 3),
    "one vs one": (lambda: fitted(OneVsOneClassifier(mlp), "decision_function"), 3),
    "several labels": (
        lambda: fitted(MultiOutputClassifier(mlp), "predict", y=two_classes), 2
    ),
    "several numbers": (
        lambda: fitted(
            MultiOutputRegressor(regressor), "predict", X_numbers, two_numbers
        ),
        2,
    ),
    "voting": (lambda: fitted(VotingClassifier(others, voting="soft")), 2),
    "stacking": (lambda: fitted(StackingClassifier(others)), 10),
    "calibrated": (lambda: fitted(CalibratedClassifierCV(mlp)), 5),
}  # fmt: skip


def assert_same(stacked, alone, rtol=1e-6):
    assert stacked.keys() == alone.keys()
    for name, expected in alone.items():
        if isinstance(expected, dict):
            assert_same(stacked[name], expected, rtol)
        elif np.asarray(expected).dtype.kind == "f":
            np.testing.assert_allclose(
                stacked[name], expected, rtol, 1e-9, err_msg=name
            )
        else:
            np.testing.assert_array_equal(stacked[name], expected, err_msg=name)


@pytest.mark.parametrize("name", CASES)
def test_results_are_those_of_an_ordinary_run(name):
    run, n_models = CASES[name]
    alone = run()
    with joblib.parallel_config("stacked"):
        stacked = run()
    assert_same(stacked, alone)
    assert largest_stack() >= n_models, str(last_report())
    assert not any(stack.failed for stack in last_report().stacks)


@pytest.mark.parametrize("n_jobs", [None, 1, 2, -1])
def test_n_jobs_does_not_bound_the_stack(n_jobs):
    alone = cross_val_score(mlp, X, y, cv=8)
    with joblib.parallel_config("stacked"):
        np.testing.assert_allclose(
            cross_val_score(mlp, X, y, cv=8, n_jobs=n_jobs), alone
        )
    assert last_report().waves == [8]
    with joblib.parallel_config("stacked", n_jobs=n_jobs):
        np.testing.assert_allclose(cross_val_score(mlp, X, y, cv=8), alone)
    assert last_report().waves == [8]


def test_single_precision():
    options = {"n_iter_no_change": 9, "dropout": 0.1, "dtype": "float32"}
    search = GridSearchCV(
        clone(mlp).set_params(**options), {"alpha": [0, 1]}, scoring="neg_log_loss"
    )
    alone = search_results(search.fit(X, y))
    with joblib.parallel_config("stacked"):
        assert_same(search_results(search.fit(X, y)), alone, rtol=1e-4)


def test_jobs_of_different_length():
    stopping = clone(mlp).set_params(early_stopping=True, tol=1e-3)
    rates = {"learning_rate_init": [1e-4, 1e-2, 1e-1], "random_state": [0, 1]}
    fits = GridSearchCV(stopping, rates, scoring=lambda e, X, y: e.n_iter_, cv=3)
    alone = search_results(fits.fit(X, y))
    assert len(set(alone["cv_results"]["split0_test_score"])) > 2
    with joblib.parallel_config("stacked"):
        assert_same(search_results(fits.fit(X, y)), alone)
    assert last_report().waves == [18]


def test_pipelines_that_cache(tmp_path):
    alone = column_search()
    for run in range(2):
        with joblib.parallel_config("stacked", n_jobs=run + 1):
            assert_same(column_search(str(tmp_path)), alone)
        assert largest_stack() == 20


def test_random_state_instance_is_copied_by_the_search():
    def run():
        state = np.random.RandomState(3)
        drawing = clone(mlp).set_params(random_state=state)
        return cross_val_score(drawing, X, y, scoring="neg_log_loss"), state.randint(99)

    alone = run()
    with joblib.parallel_config("stacked", n_jobs=2):
        stacked = run()
    np.testing.assert_allclose(stacked[0], alone[0])
    assert stacked[1] == alone[1]
