"""The same random_state gives scikit-learn's own fit: curves, weights, words.

Every test does the same to scikit-learn's MLP and to ours, with ``dtype=None``,
and compares all that a user can see.
"""

import inspect
import warnings
from functools import partial
from itertools import product

import numpy as np
import pytest
import sklearn.neural_network as theirs
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn import datasets
from sklearn.preprocessing import scale

from sknn_course import mlp as ours

RTOL = {np.float64: 1e-7, np.float32: 1e-3}


def _scaled(bunch, n_samples):
    rows = np.random.RandomState(0).permutation(len(bunch.data))[:n_samples]
    return scale(bunch.data[rows]), bunch.target[rows]


def _made(X, y):
    return scale(X), y if y.dtype.kind == "i" else scale(y)


DATA = {
    "digits": _scaled(datasets.load_digits(), 150),
    "iris": _scaled(datasets.load_iris(), 150),
    "breast_cancer": _scaled(datasets.load_breast_cancer(), 150),
    "multilabel": _made(
        *datasets.make_multilabel_classification(120, 8, random_state=0)
    ),
    "diabetes": (
        scale(datasets.load_diabetes().data[:150]),
        scale(datasets.load_diabetes().target[:150]),
    ),
    "multioutput": _made(
        *datasets.make_regression(120, 8, n_targets=3, random_state=0)
    ),
}
REGRESSION = {"diabetes", "multioutput"}
COUNTS = np.random.RandomState(1).poisson(np.exp(DATA["diabetes"][1]))

SOLVERS = {
    "sgd": dict(solver="sgd", momentum=0.0, learning_rate_init=0.05),
    "momentum": dict(
        solver="sgd", momentum=0.8, nesterovs_momentum=False, learning_rate_init=0.02
    ),
    "nesterov": dict(solver="sgd", learning_rate_init=0.02),
    "adaptive": dict(
        solver="sgd",
        learning_rate="adaptive",
        learning_rate_init=0.1,
        tol=5e-3,
        n_iter_no_change=2,
    ),
    "invscaling": dict(
        solver="sgd", learning_rate="invscaling", power_t=0.3, learning_rate_init=0.3
    ),
    "adam": dict(learning_rate_init=0.01),
    "adam_betas": dict(beta_1=0.5, beta_2=0.9, epsilon=1e-3, learning_rate_init=0.02),
    "lbfgs": dict(solver="lbfgs", alpha=1.0),
}


def fit(estimator, X, y, weight):
    estimator.fit(X, y)


def fit_early_stopping(estimator, X, y, weight):
    estimator.set_params(early_stopping=True).fit(X, y)
    estimator.set_params(early_stopping=False)


def fit_weighted(estimator, X, y, weight):
    estimator.fit(X, y, sample_weight=weight)


def fit_twice(estimator, X, y, weight):
    estimator.set_params(warm_start=True, max_iter=25)
    estimator.fit(X, y).fit(X[10:], y[10:])


def refit(estimator, X, y, weight):
    # nothing of the first fit may be left: other features, other rows
    estimator.fit(X[:50, :3], y[:50]).fit(X, y)


def partial_fits(estimator, X, y, weight):
    labels = np.arange(y.shape[1]) if y.ndim == 2 else np.unique(y)
    first = {"classes": labels} if hasattr(estimator, "predict_proba") else {}
    for start in range(0, 60, 5):
        part = slice(start, start + 50)
        estimator.partial_fit(X[part], y[part], **first)
        first = {}
        estimator.partial_fit(X[part], y[part], sample_weight=weight[part])


def fit_then_partial_fits(estimator, X, y, weight):
    estimator.fit(X, y)
    for _ in range(5):
        estimator.partial_fit(X[:70], y[:70])


WAYS = {
    "fit": (fit, {}),
    "weighted": (fit_weighted, {}),
    "early_stopping": (fit, dict(early_stopping=True, n_iter_no_change=5)),
    "early_stopping_weighted": (
        fit_weighted,
        dict(early_stopping=True, validation_fraction=0.3, tol=1e-3),
    ),
    "refit": (refit, {}),
    "warm_start": (fit_twice, {}),
    "partial_fit": (partial_fits, {}),
    "fit_then_partial_fit": (fit_then_partial_fits, dict(max_iter=10)),
    "in_order": (fit, dict(shuffle=False)),
}

FITTED = [
    "loss_curve_",
    "validation_scores_",
    "n_iter_",
    "loss_",
    "best_loss_",
    "best_validation_score_",
    "t_",
    "coefs_",
    "intercepts_",
    "classes_",
    "n_features_in_",
    "n_layers_",
    "n_outputs_",
    "out_activation_",
]
METHODS = ["predict", "predict_proba"]


def pair(task, **params):
    """scikit-learn's estimator and ours, with the same parameters."""
    name = "MLPRegressor" if task in REGRESSION else "MLPClassifier"
    params = dict(hidden_layer_sizes=(12,), batch_size=40, random_state=3) | params
    return getattr(theirs, name)(**params), getattr(ours, name)(**params, dtype=None)


def said(action, *args):
    """The warnings for the user that an action gives, in order."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        action(*args)
    return [(w.category, str(w.message)) for w in caught if _is_for_user(w)]


def _is_for_user(warning):
    return issubclass(warning.category, UserWarning)


def assert_same(mine, reference, rtol):
    """Equality of anything that an estimator learns or predicts."""
    if isinstance(reference, list):
        assert isinstance(mine, list) and len(mine) == len(reference)
        for one, other in zip(mine, reference, strict=True):
            assert_same(one, other, rtol)
    elif reference is None or isinstance(reference, str):
        assert mine == reference
    elif np.asarray(reference).dtype.kind == "f":
        atol = rtol * np.abs(reference).max(initial=0.0)  # of a sum's small parts
        assert_allclose(mine, reference, rtol=rtol, atol=atol)
    else:
        assert_array_equal(mine, reference, strict=isinstance(mine, np.ndarray))


def assert_twins(reference, mine, X, rtol=1e-7, fitted=FITTED):
    for name in fitted:
        if hasattr(reference, name):
            assert_same(getattr(mine, name), getattr(reference, name), rtol)
    for name in METHODS:
        if hasattr(reference, name):
            assert_same(
                getattr(mine, name)(X[:50]), getattr(reference, name)(X[:50]), rtol
            )


def compare(task, way=fit, dtype=np.float64, X=None, y=None, **params):
    """Do the same to both and compare all they learned and said."""
    X = DATA[task][0].astype(dtype) if X is None else X
    y = DATA[task][1] if y is None else y
    weight = np.random.RandomState(2).uniform(0.5, 2.0, len(y))
    reference, mine = pair(task, **params)
    assert said(way, mine, X, y, weight) == said(way, reference, X, y, weight)
    assert_twins(reference, mine, X, RTOL[dtype])
    return reference, mine


@pytest.mark.parametrize(
    ("task", "solver", "way"),
    [
        case
        for case in product(DATA, SOLVERS, WAYS)
        if case[1] != "lbfgs" or "partial_fit" not in case[2]
    ],
)
def test_trajectory(task, solver, way):
    how, options = WAYS[way]
    compare(task, how, **{"max_iter": 50, **SOLVERS[solver], **options})


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("task", DATA)
def test_trajectory_float32(task, solver):
    # 1e-7 at the start becomes more than 1e-3 in 50 iterations of lbfgs
    max_iter = 15 if solver == "lbfgs" else 50
    compare(task, dtype=np.float32, max_iter=max_iter, **SOLVERS[solver])


@pytest.mark.parametrize("solver", ["nesterov", "adam", "lbfgs"])
@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
@pytest.mark.parametrize("task", ["digits", "breast_cancer", "diabetes"])
def test_activations(task, activation, solver):
    options = SOLVERS[solver] | dict(activation=activation, max_iter=50)
    compare(task, hidden_layer_sizes=(10, 6), **options)


@pytest.mark.parametrize("batch_size", ["auto", 1, 7, 149, 150, 151])
@pytest.mark.parametrize("shuffle", [True, False])
def test_batch_sizes(batch_size, shuffle):
    # 150 rows: 7 and 149 leave a smaller last batch, 151 is clipped with a warning
    compare("digits", batch_size=batch_size, shuffle=shuffle, max_iter=5)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("way", ["fit", "weighted", "early_stopping", "partial_fit"])
def test_poisson_loss(solver, way):
    if (solver, way) == ("lbfgs", "partial_fit"):
        solver = "sgd"
    how, options = WAYS[way]
    options = {**SOLVERS[solver], "max_iter": 50, **options}
    options["learning_rate_init"] = 0.01
    compare("diabetes", how, y=COUNTS, loss="poisson", **options)


@pytest.mark.parametrize("task", DATA)
def test_warm_start_after_early_stopping(task):
    # scikit-learn goes on in the array in which it keeps the best weights, and so
    # loses them: only what happened while training can be compared.
    reference, mine = pair(task, early_stopping=True, max_iter=15, warm_start=True)
    X, y = DATA[task]
    assert said(fit_twice, mine, X, y, None) == said(fit_twice, reference, X, y, None)
    curves = ["loss_curve_", "validation_scores_", "best_validation_score_", "t_"]
    for name in curves + ["n_iter_"]:
        assert_same(getattr(mine, name), getattr(reference, name), rtol=1e-7)


@pytest.mark.parametrize("sizes", [7, [7], (), (6, 5, 4), np.array([6, 2])], ids=str)
@pytest.mark.parametrize("solver", ["nesterov", "adam", "lbfgs"])
def test_hidden_layer_sizes(sizes, solver):
    compare("iris", hidden_layer_sizes=sizes, max_iter=20, **SOLVERS[solver])


@pytest.mark.parametrize(
    "options",
    [
        dict(solver="lbfgs", max_iter=5),
        dict(solver="lbfgs", max_fun=5),
        dict(max_iter=1),
        dict(alpha=0.0, tol=0.0, max_iter=20),
        dict(alpha=10.0, n_iter_no_change=np.inf, max_iter=20),
        dict(tol=0.05, n_iter_no_change=1, learning_rate_init=0.01),
        dict(early_stopping=True, validation_fraction=0.5, tol=0.1),
    ],
    ids=str,
)
@pytest.mark.parametrize("task", ["digits", "diabetes"])
def test_stopping(task, options):
    compare(task, **options)


@pytest.mark.parametrize("container", [sparse.csr_array, sparse.csc_matrix])
@pytest.mark.parametrize("way", ["weighted", "early_stopping", "partial_fit"])
def test_sparse(container, way):
    how, options = WAYS[way]
    X = container(datasets.load_digits().data[:150] / 16)
    options = dict(max_iter=20) | options
    reference, mine = pair("digits", **options)
    case = X.tocsr(), DATA["digits"][1], np.ones(150)
    assert said(how, mine, *case) == said(how, reference, *case)
    assert_twins(reference, mine, X.tocsr())
    assert_same(mine.predict_proba(X), reference.predict_proba(X), rtol=1e-7)


@pytest.mark.parametrize(
    "labels",
    [
        np.array(["setosa", "versicolor", "virginica"]),
        np.array(["b", "a", "c"], dtype=object),
        np.array([-1, 7, 3]),
        np.array([0.0, 1.0, 2.0]),
        np.array([True, False, False]),
        np.array([5, 5, 5]),
        np.array([[0], [1], [2]]),
    ],
    ids=["str", "object", "int", "float", "bool", "one_class", "column"],
)
@pytest.mark.parametrize("early_stopping", [False, True])
def test_labels(labels, early_stopping):
    y = labels[DATA["iris"][1]]
    compare("iris", y=y, max_iter=10, early_stopping=early_stopping)


def test_column_target():
    y = DATA["diabetes"][1].reshape(-1, 1)
    compare("diabetes", y=y, max_iter=10, early_stopping=True)


@pytest.mark.parametrize("frame", ["pandas", "polars"])
@pytest.mark.parametrize("task", ["iris", "diabetes"])
def test_frames(task, frame):
    library = pytest.importorskip(frame)
    X, y = DATA[task]
    X = library.DataFrame({f"x{i}": column for i, column in enumerate(X.T)})
    y = library.Series(y)
    reference, mine = compare(task, X=X, y=y, max_iter=10, early_stopping=True)
    assert_array_equal(mine.feature_names_in_, reference.feature_names_in_)
    assert said(mine.predict, X.to_numpy()) == said(reference.predict, X.to_numpy())


def test_integers_and_lists():
    X = datasets.load_digits().data[:150].astype(int)
    compare("digits", X=X, max_iter=10)
    compare("digits", X=X.tolist(), y=DATA["digits"][1].tolist(), max_iter=10)


@pytest.mark.parametrize("task", DATA)
def test_default_dtype_is_scikit_learns_fit_in_float32(task):
    X, y = DATA[task]
    reference, mine = pair(task, max_iter=50)
    mine = type(mine)(**mine.get_params() | dict(dtype="float32"))
    X32 = X.astype(np.float32)
    assert said(fit, mine, X, y, None) == said(fit, reference, X32, y, None)
    assert_twins(reference, mine, X32, rtol=1e-3)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("task", ["iris", "multilabel"])
def test_log_proba(task, solver):
    reference, mine = compare(task, solver=solver, alpha=1.0, max_iter=10)
    X, _ = DATA[task]
    log_proba = reference.predict_log_proba(X)
    assert_same(mine.predict_log_proba(X), log_proba, rtol=1e-7)


@pytest.mark.parametrize("task", ["iris", "diabetes"])
def test_random_state_instance_is_consumed_alike(task):
    X, y = DATA[task]
    states = np.random.RandomState(5), np.random.RandomState(5)
    reference, mine = pair(task, max_iter=5)
    reference.set_params(random_state=states[0])
    mine.set_params(random_state=states[1])
    weight = np.ones(len(y))
    for way in (fit_early_stopping, fit, partial_fits, fit_twice):
        assert said(way, mine, X, y, weight) == said(way, reference, X, y, weight)
        assert_twins(reference, mine, X)
        theirs_state, our_state = (state.get_state() for state in states)
        assert_array_equal(our_state[1], theirs_state[1])
        assert our_state[2:] == theirs_state[2:]


def test_no_random_state_takes_the_global_generator():
    reference, mine = pair("iris", max_iter=5, random_state=None)
    for estimator in (reference, mine):
        np.random.seed(11)
        said(fit, estimator, *DATA["iris"], None)
    assert_twins(reference, mine, DATA["iris"][0])


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@pytest.mark.parametrize(
    "changed",
    [
        dict(alpha=2.0, batch_size=30, shuffle=False),
        dict(activation="tanh"),
        dict(learning_rate_init=0.2),
        dict(learning_rate="invscaling"),
        dict(momentum=0.1, nesterovs_momentum=False),
        dict(beta_1=0.2, beta_2=0.5, epsilon=0.1),
        dict(solver="adam"),
        dict(solver="sgd"),
    ],
    ids=str,
)
@pytest.mark.parametrize("solver", ["nesterov", "adam"])
@pytest.mark.parametrize("task", ["iris", "diabetes"])
def test_parameters_changed_between_fits(task, solver, changed, method):
    # partial_fit goes on with the solver, and its parameters, that it has
    def way(estimator, X, y, weight):
        estimator.set_params(warm_start=True, max_iter=5).fit(X, y)
        estimator.set_params(**changed)
        getattr(estimator, method)(X, y)
        getattr(estimator, method)(X, y)

    compare(task, way, **SOLVERS[solver])


@pytest.mark.parametrize("method", ["partial_fit", "fit"])
@pytest.mark.parametrize("dtypes", [("f8", "f4"), ("f4", "f8")], ids=str)
@pytest.mark.parametrize("task", ["iris", "diabetes"])
def test_dtype_changed_between_fits(task, dtypes, method):
    X, y = DATA[task]

    def way(estimator, *_):
        estimator.set_params(warm_start=True, max_iter=10)
        estimator.fit(X.astype(dtypes[0]), y)
        getattr(estimator, method)(X.astype(dtypes[1]), y)

    reference, mine = pair(task)
    assert said(way, mine) == said(way, reference)
    assert_twins(reference, mine, X, rtol=1e-3)


@pytest.mark.parametrize("solver", [name for name in SOLVERS if name != "lbfgs"])
@pytest.mark.parametrize("way", ["fit", "early_stopping", "partial_fit"])
def test_verbose_text(solver, way, capsys):
    how, options = WAYS[way]
    options = dict(tol=0.01, n_iter_no_change=3) | SOLVERS[solver] | options
    printed = []
    for estimator in pair("iris", verbose=True, max_iter=60, **options):
        said(how, estimator, *DATA["iris"], np.ones(150))
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1]
    assert "Iteration 1, loss = " in printed[0]


X, Y = DATA["iris"]
WRONG = {
    "non-finite weights": lambda classifier, regressor: regressor().fit(
        np.finfo(float).max * np.random.RandomState(0).uniform(size=(10, 2)),
        np.arange(10.0),
    ),
    "diverges": lambda classifier, regressor: regressor(
        solver="sgd", learning_rate_init=1e9
    ).fit(*DATA["diabetes"]),
    "validation set too small": lambda classifier, regressor: regressor(
        early_stopping=True
    ).fit([[0.0], [1.0]], [0.0, 1.0]),
    "class too small to split": lambda classifier, regressor: classifier(
        early_stopping=True
    ).fit(X, np.where(np.arange(150) == 7, "a", "b")),
    "hidden_layer_sizes": lambda classifier, regressor: classifier(
        hidden_layer_sizes=(5, 0)
    ).fit(X, Y),
    "partial_fit with early_stopping": lambda classifier, regressor: classifier(
        early_stopping=True
    ).partial_fit(X, Y, classes=[0, 1, 2]),
    "partial_fit without classes": lambda classifier, regressor: (
        classifier().partial_fit(X, Y)
    ),
    "partial_fit with unseen classes": lambda classifier, regressor: (
        classifier().partial_fit(X, Y, classes=[0, 1])
    ),
    "partial_fit with other classes": lambda classifier, regressor: (
        classifier()
        .partial_fit(X, Y, classes=[0, 1, 2])
        .partial_fit(X, Y, classes=[0, 1])
    ),
    "partial_fit with lbfgs": lambda classifier, regressor: classifier(
        solver="lbfgs"
    ).partial_fit(X, Y, classes=[0, 1, 2]),
    "partial_fit with other features": lambda classifier, regressor: (
        regressor().partial_fit(X, Y).partial_fit(X[:, :2], Y)
    ),
    "warm_start with other classes": lambda classifier, regressor: (
        classifier(warm_start=True, max_iter=2).fit(X, Y).fit(X, np.minimum(Y, 1))
    ),
    "warm_start with other features": lambda classifier, regressor: (
        regressor(warm_start=True, max_iter=2).fit(X, Y).fit(X[:, :2], Y)
    ),
    "not fitted": lambda classifier, regressor: classifier().predict_proba(X),
    "other features": lambda classifier, regressor: (
        regressor(max_iter=1).fit(X, Y).predict(X[:, :2])
    ),
    "continuous labels": lambda classifier, regressor: classifier().fit(X, X[:, 0]),
    "several labels per row": lambda classifier, regressor: classifier().fit(
        X, np.column_stack([Y, Y])
    ),
    "NaN in X": lambda classifier, regressor: regressor().fit(X * np.nan, Y),
    "NaN in y": lambda classifier, regressor: regressor().fit(X, Y * np.nan),
    "text in X": lambda classifier, regressor: classifier().fit([["a"], ["b"]], [0, 1]),
    "one row short": lambda classifier, regressor: classifier().fit(X[1:], Y),
    "one weight short": lambda classifier, regressor: classifier().fit(
        X, Y, sample_weight=np.ones(149)
    ),
    "one dimension": lambda classifier, regressor: classifier().fit(X[:, 0], Y),
} | {
    f"{name}={value!r}": lambda classifier, regressor, name=name, value=value: (
        regressor(**{name: value}).fit(X, Y)
    )
    for name, value in {
        "hidden_layer_sizes": "many",
        "alpha": -1.0,
        "batch_size": 0,
        "learning_rate_init": 0,
        "power_t": -1,
        "max_iter": 0,
        "shuffle": "yes",
        "random_state": "seven",
        "tol": -1e-3,
        "verbose": "loud",
        "warm_start": "no",
        "momentum": 1.5,
        "nesterovs_momentum": None,
        "early_stopping": "maybe",
        "validation_fraction": 1.0,
        "beta_1": 1.0,
        "beta_2": -0.1,
        "epsilon": 0.0,
        "n_iter_no_change": 2.5,
        "max_fun": 0,
    }.items()
}


@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("case", WRONG)
def test_errors(case):
    errors = []
    for estimators in [
        (theirs.MLPClassifier, theirs.MLPRegressor),
        (
            partial(ours.MLPClassifier, dtype=None),
            partial(ours.MLPRegressor, dtype=None),
        ),
    ]:
        with pytest.raises(Exception) as caught:
            WRONG[case](*estimators)
        errors.append(caught)
    reference, mine = errors
    assert issubclass(mine.type, reference.type)
    assert str(mine.value) == str(reference.value)


@pytest.mark.parametrize("name", ["MLPClassifier", "MLPRegressor"])
def test_parameters_and_defaults(name):
    reference, mine = (
        inspect.signature(getattr(module, name)).parameters for module in (theirs, ours)
    )
    assert {key: mine[key].default for key in reference} == {
        key: value.default for key, value in reference.items()
    }
    positional = [
        [key for key, value in each.items() if value.kind != value.KEYWORD_ONLY]
        for each in (reference, mine)
    ]
    assert positional[0] == positional[1]
    assert mine["dtype"].default == "float32"


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("task", ["iris", "diabetes"])
def test_fitted_attributes_and_methods(task, solver):
    reference, mine = compare(task, solver=solver, max_iter=3)
    offered = {name for name in vars(reference) if name.endswith("_")}
    offered |= {
        name
        for name in dir(reference)
        if not name.startswith("_") and callable(getattr(reference, name))
    }
    if solver == "lbfgs":  # the regressor's, which does not check its solver
        offered -= {"partial_fit"}
    assert not {name for name in offered if not hasattr(mine, name)}
