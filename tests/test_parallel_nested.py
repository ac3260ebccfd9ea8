"""The joblib backend "stacked" in calls inside calls."""

import joblib
import numpy as np
import pytest
from parallel_iris import (
    X,
    largest_stack,
    mlp,
    no_hang,  # noqa: F401  acts on every test here
    y,
)
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.ensemble import BaggingClassifier, RandomForestClassifier
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline

from sknn_course.parallel import last_report


def nested(estimator, grid, cv=2):
    return GridSearchCV(estimator, grid, cv=cv)


NESTED = {
    "search in cross_validate": (nested(mlp, {"alpha": [0, 1]}), 3, 3 * 4),
    "one vs rest in a search": (
        nested(OneVsRestClassifier(mlp), {"estimator__alpha": [0, 1]}), 3, 3 * 4 * 3
    ),
    "three levels": (
        nested(BaggingClassifier(mlp, 3, random_state=0), {"n_estimators": [2, 3]}),
        2,
        2 * 2 * (2 + 3),
    ),
    "forest beside": (
        nested(
            make_pipeline(mlp),
            [
                {"mlpclassifier": [RandomForestClassifier(3, random_state=0)]},
                {"mlpclassifier": [mlp], "mlpclassifier__alpha": [0, 1]},
            ],
        ),
        3,
        3 * 4,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", NESTED)
@pytest.mark.parametrize("options", [{}, {"max_models": 3, "n_jobs": 2}])
def test_nested_calls_stack_too(name, options):
    search, cv, n_models = NESTED[name]
    alone = cross_val_score(search, X, y, cv=cv)
    with joblib.parallel_config("stacked", **options):
        np.testing.assert_allclose(cross_val_score(search, X, y, cv=cv), alone)
    if not options:
        assert largest_stack() == n_models


class NetworkFeatures(TransformerMixin, BaseEstimator):
    """A network's probabilities: a fit inside a fit."""

    def fit(self, X, y):
        self.network_ = clone(mlp).fit(X, y)
        return self

    def transform(self, X):
        return self.network_.predict_proba(X)


def test_fit_inside_a_fit():
    pipeline = make_pipeline(NetworkFeatures(), mlp)
    alone = cross_val_score(pipeline, X, y)
    with joblib.parallel_config("stacked"):
        np.testing.assert_allclose(cross_val_score(pipeline, X, y), alone)
    assert last_report().waves == [5, 5]
