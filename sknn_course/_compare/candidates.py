"""The estimators of a comparison with the settings to search, as data."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import loguniform
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVR, LinearSVR

from sknn_course._compare.errors import unknown
from sknn_course.cnn import CNNClassifier, CNNRegressor
from sknn_course.least_squares import LeastSquaresClassifier, LeastSquaresRegressor
from sknn_course.ls_svm import LeastSquaresSVC, LeastSquaresSVR
from sknn_course.mlp import MLPClassifier, MLPRegressor
from sknn_course.svm import linear_svm, rbf_svm

NEURAL = ("mlp", "cnn")
FEW_ROWS = 1000
MANY_FEATURES = 500
CURVE_ROWS = 100


@dataclass(frozen=True)
class Candidate:
    """One estimator of a comparison.

    Parameters
    ----------
    model : str
        Its name for the user, from ``MODELS``.
    estimator : Pipeline
        Preparation of the columns and the estimator, to be cloned.
    space : dict or list of dict
        Settings to search, named as parameters of ``estimator``.
    share : float
        Part of the usual number of settings to try, less for slow estimators.
    """

    model: str
    estimator: Pipeline
    space: Any
    share: float = 1.0

    @property
    def kind(self):
        """str : class name of the estimator itself."""
        return type(bare(self.estimator)).__name__


def bare(pipeline):
    """Return the estimator at the end of a candidate's pipeline.

    Parameters
    ----------
    pipeline : Pipeline

    Returns
    -------
    estimator
        The fitted one where the pipeline is fitted.
    """
    last = pipeline[-1]
    if isinstance(last, TransformedTargetRegressor):
        return getattr(last, "regressor_", last.regressor)
    return last


def bare_name(parameter):
    """Return a parameter's name without the pipeline's prefixes.

    Examples
    --------
    >>> from sknn_course._compare.candidates import bare_name
    >>> bare_name("model__regressor__C")
    'C'
    """
    return parameter.rpartition("__")[2]


def make_candidates(table, models=None, *, device="auto", random_state=0):
    """Return the estimators to compare on a table.

    Parameters
    ----------
    table : Table
    models : sequence of str, default=None
        Names from ``MODELS``; None for all, the CNN only where rows are images.
        The dummy is always among them, as the score to beat.
    device : str, default='auto'
        Where estimators of this package compute.
    random_state : int, default=0

    Returns
    -------
    list of Candidate
        In the order of ``MODELS``, those first that cope best with many rows.

    Raises
    ------
    InputError
        If a model is unknown.

    Examples
    --------
    >>> from sknn_course._compare.candidates import make_candidates
    >>> from sknn_course._compare.tables import load_table
    >>> [one.model for one in make_candidates(load_table("iris"))]
    ['dummy', 'least_squares', 'linear_svm', 'mlp', 'rbf_svm', 'ls_svm']
    """
    for name in models or ():
        if name not in MODELS:
            raise unknown("model", name, MODELS)
    if models is None:
        models = [name for name in MODELS if name != "cnn" or table.image_shape]
    names = [name for name in MODELS if name in models or name == "dummy"]
    return [_make(name, table, device, random_state) for name in names]


def _make(name, table, device, random_state):
    classify = table.task == "classification"
    estimator, space, share = MODELS[name](classify, table)
    own = estimator.get_params()
    given = {"device": device, "random_state": random_state}
    estimator.set_params(**{key: given[key] for key in given if key in own})
    prefix = "model__"
    if not classify:
        # a standardised target makes C, epsilon, alpha and learning rates
        # mean the same on every data set
        estimator = TransformedTargetRegressor(estimator, transformer=StandardScaler())
        prefix = "model__regressor__"
    pipeline = Pipeline([("prepare", _prepare(table)), ("model", estimator)])
    spaces = [
        {prefix + key: values for key, values in one.items()}
        for one in (space if isinstance(space, list) else [space])
    ]
    return Candidate(name, pipeline, spaces, share)


def _prepare(table):
    if table.image_shape:
        return StandardScaler(with_std=False)  # pixels share one scale
    if isinstance(table.X_train, np.ndarray):
        return StandardScaler()
    kinds = table.X_train.dtypes
    numbers = [name for name in kinds.index if kinds[name].kind == "f"]
    categories = [name for name in kinds.index if kinds[name].kind != "f"]
    fill = SimpleImputer(
        strategy="median", add_indicator=True, keep_empty_features=True
    )
    encode = OneHotEncoder(
        handle_unknown="infrequent_if_exist", max_categories=30, sparse_output=False
    )  # a missing category is a category of its own
    return ColumnTransformer(
        [
            ("numbers", make_pipeline(fill, StandardScaler()), numbers),
            ("categories", encode, categories),
        ],
        verbose_feature_names_out=False,
    )


def _kernel_search(table):
    """Widths around scikit-learn's 'scale', 1 / (n_features * variance)."""
    variance = float(np.var(table.X_train)) if table.image_shape else 1.0
    scale = 1.0 / (table.n_features * variance)
    space = {"C": loguniform(0.1, 1000), "gamma": loguniform(scale / 30, scale * 30)}
    # two parameters need a closer search, where that is cheap
    return space, 2.0 if len(table.y_train) < FEW_ROWS else 1.0


def _dummy(classify, table):
    return DummyClassifier() if classify else DummyRegressor(), {}, 1.0


# Lists go from likely values outwards: a budget may end a search early.


def _least_squares(classify, table):
    estimator = LeastSquaresClassifier() if classify else LeastSquaresRegressor()
    return estimator, {"alpha": [1.0, 10.0, 0.1, 100.0, 0.01, 1e3, 1e4, 0.0]}, 1.0


def _linear_svm(classify, table):
    estimator = linear_svm()[-1] if classify else LinearSVR(max_iter=10_000)
    if table.n_features > MANY_FEATURES:  # a large C takes long there, and overfits
        return estimator.set_params(max_iter=1000), {"C": [0.01, 0.001, 0.1]}, 1.0
    return estimator, {"C": [0.1, 1.0, 0.01, 10.0, 0.001, 100.0]}, 1.0


def _rbf_svm(classify, table):
    estimator = rbf_svm()[-1] if classify else SVR()
    return estimator, *_kernel_search(table)


def _ls_svm(classify, table):
    estimator = LeastSquaresSVC() if classify else LeastSquaresSVR()
    return estimator, *_kernel_search(table)


def _mlp(classify, table):
    few = len(table.y_train) < FEW_ROWS
    make = MLPClassifier if classify else MLPRegressor
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


def _cnn(classify, table):
    make = CNNClassifier if classify else CNNRegressor
    estimator = make(input_shape=table.image_shape, batch_size=64, max_iter=15)
    space = {
        "filters": [((32, 32),), ((16,), (32,))],
        "learning_rate_init": loguniform(1e-3, 5e-3),
        "dropout": [0.0, 0.3],
        "alpha": _ALPHAS,
    }
    return estimator, space, 0.3


_ALPHAS = loguniform(1e-6, 1e-1)

MODELS = {
    "dummy": _dummy,
    "least_squares": _least_squares,
    "linear_svm": _linear_svm,
    "mlp": _mlp,
    "cnn": _cnn,
    "rbf_svm": _rbf_svm,
    "ls_svm": _ls_svm,
}
