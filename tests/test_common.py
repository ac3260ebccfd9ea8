"""Every estimator passes all of scikit-learn's estimator checks."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from sknn_course.cnn import CNNClassifier, CNNRegressor
from sknn_course.least_squares import LeastSquaresClassifier, LeastSquaresRegressor
from sknn_course.ls_svm import LeastSquaresSVC, LeastSquaresSVR
from sknn_course.mlp import MLPClassifier, MLPRegressor

BASELINES = [
    LeastSquaresClassifier,
    LeastSquaresRegressor,
    LeastSquaresSVC,
    LeastSquaresSVR,
]
QUICK = {"max_iter": 40, "learning_rate_init": 0.01}  # enough to learn what is asked
MLP_SETTINGS = [
    {},
    {"early_stopping": True, **QUICK},
    {"dropout": 0.2, "batch_norm": True, **QUICK},
    {"solver": "lbfgs"},
    {"dtype": None, **QUICK},
]
CNN_SETTINGS = [{}, {"conv_dropout": 0.2, "batch_norm": True, **QUICK}]


@parametrize_with_checks(
    [estimator() for estimator in BASELINES]
    + [mlp(**s) for mlp in (MLPClassifier, MLPRegressor) for s in MLP_SETTINGS]
    + [cnn(**s) for cnn in (CNNClassifier, CNNRegressor) for s in CNN_SETTINGS]
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_estimator_checks(estimator, check):
    check(estimator)
