"""On a CUDA GPU, where there is one: the results of the CPU."""

import pickle

import joblib
import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from sklearn.datasets import load_diabetes, load_digits
from sklearn.model_selection import GridSearchCV

from sknn_course import (
    CNNClassifier,
    LeastSquaresRegressor,
    LeastSquaresSVC,
    MLPClassifier,
    MLPRegressor,
)
from sknn_course.parallel import last_report

pytestmark = [
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]
X, y = load_digits(return_X_y=True)
X, y = X[:300] / 16, y[:300]
ALL = dict(dropout=0.3, noise=0.1, batch_norm=True, l1=1e-4, early_stopping=True)
CNN = dict(filters=((4,), (6,)), input_shape=(1, 8, 8))


@pytest.mark.parametrize(
    "estimator",
    [
        MLPClassifier((20, 10)),
        MLPClassifier((20,), **ALL),
        MLPClassifier((20,), solver="sgd"),
        MLPClassifier((20,), solver="nadam", learning_rate="one_cycle"),
        MLPClassifier((20,), solver="lbfgs"),
        CNNClassifier(**CNN),
        CNNClassifier(**CNN, batch_norm=True, augmentation="shift(1)"),
        LeastSquaresSVC(),
    ],
    ids=str,
)
def test_classifiers_on_both_devices(estimator):
    if not isinstance(estimator, LeastSquaresSVC):
        estimator.set_params(max_iter=4, random_state=0, dtype=None)
    fits = [
        estimator.__class__(**estimator.get_params())
        .set_params(device=device)
        .fit(X, y)
        for device in ("cpu", "cuda")
    ]
    if hasattr(fits[0], "loss_curve_"):
        assert_allclose(fits[1].loss_curve_, fits[0].loss_curve_, rtol=1e-6)
    assert np.mean(fits[0].predict(X) == fits[1].predict(X)) >= 0.995
    loaded = pickle.loads(pickle.dumps(fits[1]))
    assert np.array_equal(loaded.predict(X), fits[1].predict(X))


@pytest.mark.parametrize(
    "estimator", [MLPRegressor(hidden_layer_sizes=(9,)), LeastSquaresRegressor()]
)
def test_regressors_on_both_devices(estimator):
    rows, target = load_diabetes(return_X_y=True)
    if isinstance(estimator, MLPRegressor):
        estimator.set_params(max_iter=5, random_state=0, dtype=None)
    predictions = [
        estimator.set_params(device=device).fit(rows, target).predict(rows)
        for device in ("cpu", "cuda")
    ]
    assert_allclose(predictions[1], predictions[0], rtol=1e-6)


@pytest.mark.parametrize("cuda_graphs", [False, True])
@pytest.mark.parametrize(
    "estimator, name, values",
    [
        (MLPClassifier((20,)), "learning_rate_init", [0.001, 0.01, 0.1]),
        (MLPClassifier((20,), **ALL), "dropout", [0.1, 0.3]),
        (MLPClassifier(solver="sgd"), "hidden_layer_sizes", [(5,), (8,)]),
        (CNNClassifier(**CNN), "alpha", [1e-4, 1e-2]),
    ],
    ids=str,
)
def test_stacked_searches(estimator, name, values, cuda_graphs):
    estimator.set_params(max_iter=6, random_state=0, dtype=None, device="cuda")
    search = GridSearchCV(
        estimator, {name: values}, scoring=["accuracy", "neg_log_loss"], refit=False
    )
    alone = search.fit(X, y).cv_results_
    with joblib.parallel_config("stacked", cuda_graphs=cuda_graphs):
        stacked = search.fit(X, y).cv_results_
    for score in ("mean_test_accuracy", "mean_test_neg_log_loss"):
        assert_allclose(stacked[score], alone[score], rtol=1e-6)
    assert ("CUDA graphs: yes" in str(last_report())) == cuda_graphs
