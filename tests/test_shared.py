"""What candidates of a search share in closed form, and that results stay equal."""

import joblib
import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from sklearn.datasets import load_diabetes, load_wine
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn_course import (
    LeastSquaresClassifier,
    LeastSquaresRegressor,
    LeastSquaresSVC,
    LeastSquaresSVR,
)
from sknn_course.parallel import last_report
from sknn_course.parallel.result_cache import ResultCache

ALPHAS, COSTS, GAMMAS = [0.01, 0.1, 1.0, 10.0], [0.1, 1.0, 10.0], [0.01, 0.1]

# estimator, grid, fits of 3 folds that need a factorisation or kernel of their own
SEARCHES = [
    (LeastSquaresRegressor(), {"alpha": ALPHAS}, 3),
    (LeastSquaresClassifier(), {"alpha": ALPHAS}, 3),
    (LeastSquaresSVR(), {"C": COSTS, "gamma": GAMMAS}, 3 * len(GAMMAS)),
    (LeastSquaresSVC(kernel="linear"), {"C": COSTS}, 3),
]


@pytest.mark.parametrize(("estimator", "grid", "n_different"), SEARCHES)
def test_a_search_shares_and_scores_the_same(estimator, grid, n_different):
    load = load_diabetes if "R" in type(estimator).__name__[-9:] else load_wine
    X, y = load(return_X_y=True)
    pipeline = make_pipeline(StandardScaler(), estimator)
    step = pipeline.steps[-1][0]
    search = GridSearchCV(
        pipeline, {f"{step}__{k}": v for k, v in grid.items()}, cv=3, refit=False
    )
    alone = search.fit(X, y).cv_results_["mean_test_score"]
    with joblib.parallel_config("stacked"):
        stacked = search.fit(X, y).cv_results_["mean_test_score"]
    assert_allclose(stacked, alone, rtol=1e-12)
    n_fits = 3 * np.prod([len(values) for values in grid.values()])
    # a kernel machine shares the kernel of its predictions too
    passes = 2 if "SV" in type(estimator).__name__ else 1
    assert last_report().n_shared == passes * (n_fits - n_different)


def test_results_depend_on_content_and_the_oldest_go():
    calls = []

    def double(x, factor):
        calls.append(factor)
        return x * factor

    results = ResultCache(max_bytes=2 * 80)
    ones = torch.ones(10, dtype=torch.float64)  # 80 bytes
    first = results.get(double, (ones, 2))
    assert results.get(double, (ones.clone(), 2)) is first
    results.get(double, (ones, 3))
    results.get(double, (2 * ones, 2))  # the third: the first goes
    assert calls == [2, 3, 2]
    assert results.get(double, (ones, 2)) is not first
    assert results.n_bytes <= 160
