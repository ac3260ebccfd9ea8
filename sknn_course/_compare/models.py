"""The estimators that can be compared, one row each.

To add one: write what makes it and the settings to search, and give it a row in
``MODELS``. Nothing else knows it by name.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
from scipy.stats import loguniform, randint
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegression, Ridge, RidgeClassifier
from sklearn.svm import SVR, LinearSVR

from sknn_course._compare.boosters import catboost, lightgbm, xgboost
from sknn_course.cnn import CNNClassifier, CNNRegressor
from sknn_course.least_squares import LeastSquaresClassifier, LeastSquaresRegressor
from sknn_course.ls_svm import LeastSquaresSVC, LeastSquaresSVR
from sknn_course.mlp import MLPClassifier, MLPRegressor
from sknn_course.svm import linear_svm, rbf_svm

FEW_ROWS = 1000
MANY_FEATURES = 500
CURVE_ROWS = 100
BOTH = ("classification", "regression")

# The estimator, the settings to search, and the part of the usual number of settings
# to try: less for slow estimators.
Made = tuple[Any, Any, float]


@dataclass(frozen=True)
class Model:
    """One estimator that can be compared.

    Parameters
    ----------
    make : callable(classify, table) -> (estimator, space, share)
        ``space`` has lists or distributions by parameter name, or is a list of
        such. Lists go from likely values outwards: a budget may end a search early.
        Of distributions, the estimator's own values are tried first.
    tasks : tuple of str
    columns : {'scaled', 'whole', 'own'}
        How columns are prepared: numbers filled up and standardised; numbers as they
        are, with gaps; or by the estimator itself, which takes the data frame.
        Where the first two see categories, they are one-hot encoded.
    images : {'too', 'not', 'only'}
        Whether it is compared where rows are images, unless it is asked for.
    package : str
        What has to be installed for it, beside this package's own needs.
    neural : bool
        Whether it is a network with learning curves.
    """

    make: Callable[[bool, Any], Made]
    tasks: tuple[str, ...] = BOTH
    columns: str = "scaled"
    images: str = "too"
    package: str = ""
    neural: bool = False

    @property
    def installed(self) -> bool:
        """bool : whether its package is there."""
        return not self.package or find_spec(self.package) is not None

    def suits(self, table: Any) -> bool:
        """Whether it is compared on a table unless it is asked for."""
        where = {"too": True, "not": not table.image_shape, "only": table.image_shape}
        return self.installed and table.task in self.tasks and bool(where[self.images])


def _kernel_search(table: Any) -> tuple[dict[str, Any], float]:
    """Widths around scikit-learn's 'scale', 1 / (n_features * variance)."""
    variance = float(np.var(table.X_train)) if table.image_shape else 1.0
    scale = 1.0 / (table.n_features * variance)
    space = {"C": loguniform(0.1, 1000), "gamma": loguniform(scale / 30, scale * 30)}
    # two parameters need a closer search, where that is cheap
    return space, 2.0 if len(table.y_train) < FEW_ROWS else 1.0


def _dummy(classify: bool, table: Any) -> Made:
    return DummyClassifier() if classify else DummyRegressor(), {}, 1.0


def _least_squares(classify: bool, table: Any) -> Made:
    estimator = LeastSquaresClassifier() if classify else LeastSquaresRegressor()
    return estimator, {"alpha": [1.0, 10.0, 0.1, 100.0, 0.01, 1e3, 1e4, 0.0]}, 1.0


def _logistic_regression(classify: bool, table: Any) -> Made:
    estimator = LogisticRegression(max_iter=300)
    return estimator, {"C": [1.0, 0.1, 10.0, 0.01, 100.0, 0.001]}, 1.0


def _ridge(classify: bool, table: Any) -> Made:
    estimator = RidgeClassifier() if classify else Ridge()
    return estimator, {"alpha": [1.0, 10.0, 0.1, 100.0, 0.01, 1e3]}, 1.0


def _linear_svm(classify: bool, table: Any) -> Made:
    estimator = linear_svm()[-1] if classify else LinearSVR(max_iter=10_000)
    if table.n_features > MANY_FEATURES:  # a large C takes long there, and overfits
        return estimator.set_params(max_iter=1000), {"C": [0.01, 0.001, 0.1]}, 1.0
    return estimator, {"C": [0.1, 1.0, 0.01, 0.001, 10.0, 100.0]}, 1.0


def _hist_gradient_boosting(classify: bool, table: Any) -> Made:
    make: Any = HistGradientBoostingRegressor
    if classify:
        make = HistGradientBoostingClassifier
    space = {
        "learning_rate": loguniform(0.03, 0.3),
        "max_iter": [100, 200],
        "max_leaf_nodes": [31, 15, 7],
        "min_samples_leaf": [20, 10, 40],
        "l2_regularization": [0.0, 1.0],
    }
    return make(early_stopping=False), space, 1.0


def _random_forest(classify: bool, table: Any) -> Made:
    make: Any = RandomForestClassifier if classify else RandomForestRegressor
    usual = "sqrt" if classify else 1.0
    space = {
        "max_features": [usual, 0.5, 0.3, "sqrt"],
        "min_samples_leaf": randint(1, 8),
    }
    return make(), space, 0.5


def _rbf_svm(classify: bool, table: Any) -> Made:
    estimator = rbf_svm()[-1] if classify else SVR()
    return estimator, *_kernel_search(table)


def _ls_svm(classify: bool, table: Any) -> Made:
    estimator = LeastSquaresSVC() if classify else LeastSquaresSVR()
    return estimator, *_kernel_search(table)


def _mlp(classify: bool, table: Any) -> Made:
    few = len(table.y_train) < FEW_ROWS
    make: Any = MLPClassifier if classify else MLPRegressor
    estimator = make(
        batch_size=min(32, len(table.y_train) // 2) if few else 64,
        max_iter=100,
        early_stopping=not few,
    )
    sizes = {"hidden_layer_sizes": [(20,), (100,), (50, 50)], "alpha": _ALPHAS}
    steps = {
        "learning_rate_init": loguniform(1e-3, 3e-2),
        "dropout": [0.0, 0.1, 0.3],
    }
    if few:  # too few for a validation set that tells when to stop
        steps["max_iter"] = [50, 200]
    if classify or len(table.y_train) > CURVE_ROWS:
        return estimator, {**sizes, **steps}, 1.0
    # few quantities are a curve to fit: there second-order steps go further
    curve = {"solver": ["lbfgs"], "activation": ["tanh"], "max_iter": [500]}
    return estimator, [{**sizes, **steps}, {**sizes, **curve}], 2.0


def _cnn(classify: bool, table: Any) -> Made:
    make: Any = CNNClassifier if classify else CNNRegressor
    estimator = make(input_shape=table.image_shape, batch_size=64, max_iter=15)
    space = {
        "filters": [((32, 32),), ((16,), (32,))],
        "learning_rate_init": loguniform(1e-3, 5e-3),
        "dropout": [0.0, 0.3],
        "alpha": _ALPHAS,
    }
    return estimator, space, 0.3


_ALPHAS = loguniform(1e-6, 1e-1)


def _boosting(make: Callable[[bool, Any], Made], package: str = "") -> Model:
    return Model(make, columns="whole", images="not", package=package)


MODELS = {
    "dummy": Model(_dummy),
    "least_squares": Model(_least_squares),
    "logistic_regression": Model(_logistic_regression, ("classification",)),
    "ridge": Model(_ridge, ("regression",)),
    "linear_svm": Model(_linear_svm),
    "hist_gradient_boosting": _boosting(_hist_gradient_boosting),
    "random_forest": Model(_random_forest, columns="whole"),
    "mlp": Model(_mlp, neural=True),
    "cnn": Model(_cnn, images="only", neural=True),
    "rbf_svm": Model(_rbf_svm),
    "ls_svm": Model(_ls_svm),
    "lightgbm": _boosting(lightgbm, "lightgbm"),
    "xgboost": _boosting(xgboost, "xgboost"),
    "catboost": _boosting(catboost, "catboost"),
}
