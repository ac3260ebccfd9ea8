"""Numbers of numpy act as plain ones, and what is no number is refused by name."""

import warnings

import numpy as np
import pytest
from sklearn import neural_network

import sknn_course
from sknn_course import (
    CNNClassifier,
    CNNRegressor,
    EnsembleClassifier,
    EnsembleRegressor,
    LeastSquaresClassifier,
    LeastSquaresRegressor,
    LeastSquaresSVC,
    LeastSquaresSVR,
    MLPClassifier,
    MLPRegressor,
    TabularClassifier,
    TabularRegressor,
)
from sknn_course._number_range import DIVISORS, FACTORS
from sknn_course.layers import (
    BatchNorm,
    Conv2d,
    Dense,
    Dropout,
    GaussianNoise,
    LocalResponseNorm,
    PeriodicEmbedding,
    Pool2d,
)

ESTIMATORS = (
    CNNClassifier,
    CNNRegressor,
    EnsembleClassifier,
    EnsembleRegressor,
    LeastSquaresClassifier,
    LeastSquaresRegressor,
    LeastSquaresSVC,
    LeastSquaresSVR,
    MLPClassifier,
    MLPRegressor,
    TabularClassifier,
    TabularRegressor,
)
# values that every type of number holds exactly
VALUES = {
    "C": 2.0,
    "activation": "tanh",
    "alpha": 0.5,
    "architecture": None,
    "augmentation": None,
    "batch_norm": True,
    "batch_norm_epsilon": 0.125,
    "batch_norm_momentum": 0.25,
    "batch_size": 5,
    "beta_1": 0.5,
    "beta_2": 0.75,
    "bias_init": "zeros",
    "callbacks": None,
    "class_weight": {0: 2, 1: 1},
    "coef0": 0.5,
    "conv_dropout": 0.25,
    "cv": None,
    "decay_epochs": 2,
    "decay_rate": 0.5,
    "degree": 3,
    "dense_layer_sizes": (3, 2),
    "device": "cpu",
    "dropout": (0.25, 0.5),
    "dtype": "float32",
    "early_stopping": True,
    "early_stopping_on_fold": True,
    "preprocess_once": True,
    "epsilon": 0.125,
    "estimator": None,
    "filters": ((2, 3),),
    "fit_intercept": True,
    "gamma": 0.5,
    "global_pool": True,
    "grad_clip": 0.5,
    "hidden_layer_sizes": (3, 2),
    "input_dropout": 0.25,
    "initial_accumulator": 0.5,
    "input_shape": (4, 4),
    "kernel": "poly",
    "kernel_size": 3,
    "l1": 0.125,
    "l2": 0.125,
    "label_smoothing": 0.125,
    "learning_rate": "exponential",
    "learning_rate_init": 0.125,
    "loss": "squared_error",
    "max_fun": 20,
    "max_iter": 4,
    "max_members": 3,
    "momentum": 0.5,
    "n_candidates": 2,
    "n_iter_no_change": 3,
    "n_jobs": 1,
    "nesterovs_momentum": True,
    "noise": 0.125,
    "normalize_y": False,
    "numeric_embedding": "pbld",
    "padding": 1,
    "param_distributions": None,
    "penalize_bias": True,
    "pool_size": 2,
    "power_t": 0.5,
    "quantile": 0.25,
    "random_state": 3,
    "rho": 0.5,
    "scoring": None,
    "shuffle": True,
    "solver": "adam",
    "time_budget": 64.0,
    "tol": 0.25,
    "validation_fraction": 0.25,
    "verbose": False,
    "warm_start": False,
    "weight_decay": 0.125,
    "weight_init": "normal",
}
X = np.random.default_rng(0).standard_normal((40, 16))
Y = (X[:, 0] > 0).astype(int)


def fit(estimator_class, **parameters):
    known = estimator_class().get_params()
    given = {k: v for k, v in (VALUES | parameters).items() if k in known}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return estimator_class(**given).fit(X, Y)


def as_numpy(value, kinds):
    if isinstance(value, tuple):
        return tuple(as_numpy(v, kinds) for v in value)
    if isinstance(value, dict):
        return {k: as_numpy(v, kinds) for k, v in value.items()}
    return kinds.get(type(value), lambda v: v)(value)


def outputs(estimator):
    if hasattr(estimator, "loss_curve_"):
        return [*estimator.loss_curve_, *np.ravel(estimator.coefs_[-1])]
    return [*np.ravel(estimator.predict(X))]


@pytest.mark.parametrize("estimator_class", ESTIMATORS)
def test_table_has_a_value_for_each_parameter(estimator_class):
    assert set(estimator_class().get_params()) <= set(VALUES)


def test_table_of_estimators_is_complete():
    public = vars(sknn_course).values()
    estimators = {v for v in public if isinstance(v, type) and hasattr(v, "fit")}
    assert estimators == set(ESTIMATORS)


@pytest.mark.parametrize(
    "kinds",
    [
        {int: np.uint8, float: np.float16, bool: np.bool_, str: np.str_},
        {int: np.int64, float: np.float32},
    ],
    ids=["small", "wide"],
)
@pytest.mark.parametrize("estimator_class", ESTIMATORS)
def test_numpys_numbers_act_as_plain_ones(estimator_class, kinds):
    variants = [{}]
    if "solver" in estimator_class().get_params():
        variants += [
            {"solver": "sgd", "learning_rate": "one_cycle"},
            {"solver": "adadelta", "learning_rate": "invscaling"},
            {"solver": "lbfgs", "weight_decay": 0.0, "grad_clip": None, "max_iter": 2},
        ]
    for variant in variants:
        plain = fit(estimator_class, **variant)
        numpys = as_numpy(VALUES | variant, kinds)
        numpys["random_state"] = 3
        assert outputs(fit(estimator_class, **numpys)) == outputs(plain)


@pytest.mark.parametrize(
    "parameters",
    [
        {"filters": [[np.int8(2), np.uint8(3)]], "dense_layer_sizes": np.array([3, 2])},
        {"dropout": np.array([0.25, 0.5], np.float32), "noise": np.float16(0.125)},
    ],
    ids=lambda parameters: next(iter(parameters)),
)
def test_lists_and_arrays_act_as_tuples(parameters):
    assert outputs(fit(CNNClassifier, **parameters)) == outputs(fit(CNNClassifier))


@pytest.mark.parametrize(
    ("given", "plain"),
    [
        (Dense(np.uint8(2)), Dense(2)),
        (Dropout(np.float32(0.5)), Dropout(0.5)),
        (GaussianNoise(np.int64(1)), GaussianNoise(1.0)),
        (BatchNorm(1, np.float16(0.5)), BatchNorm(1.0, 0.5)),
        (Conv2d(np.int8(2), [3, np.uint8(5)], np.str_("same")), Conv2d(2, (3, 5))),
        (Conv2d(1, links=np.array([[0, 1]])), Conv2d(1, links=((0, 1),))),
        (Conv2d(1, flipped=np.True_), Conv2d(1, flipped=True)),
        (Pool2d(np.uint8(2), stride=np.array([1, 2])), Pool2d(2, stride=(1, 2))),
        (LocalResponseNorm(np.uint8(3), np.float32(1)), LocalResponseNorm(3, 1.0)),
        (
            PeriodicEmbedding(np.int8(3), np.uint8(2), np.float16(1), np.str_("pbld")),
            PeriodicEmbedding(3, 2, 1.0, "pbld"),
        ),
    ],
    ids=repr,
)
def test_layers_hold_plain_values(given, plain):
    def types(value):
        if isinstance(value, tuple):
            return [types(v) for v in value]
        return type(value)

    assert given == plain
    for name, value in vars(given).items():
        assert types(value) == types(getattr(plain, name))


NONSENSE = [np.nan, -np.inf, "x", b"1", {}, {0.5}, [0.5], [[1]], np.ones((1, 2)), 1j]


@pytest.mark.parametrize("estimator_class", ESTIMATORS)
def test_what_is_no_number_is_refused_by_name(estimator_class):
    for name in estimator_class().get_params():
        takes_lists = name in LISTS or name == "random_state"
        if takes_lists or type(VALUES[name]) not in (int, float):
            continue
        for value in NONSENSE:
            with pytest.raises(ValueError, match=f"'{name}' parameter of|{name}="):
                fit(estimator_class, **{name: value})


SIZES = [[2.7], (2.0,), {5: 1}, {3}, True, [True], ["3"], [None], [np.nan], [[3]], [0]]
RATES = [
    ["x"],
    [np.nan, 0.1],
    [None, 0.1],
    [[0.1], [0.1]],
    [0.1] * 5,
    [1.0, 0.1],
    {0.1},
]
LISTS = {
    "hidden_layer_sizes": (MLPClassifier, SIZES),
    "dense_layer_sizes": (CNNClassifier, SIZES),
    "filters": (
        CNNClassifier,
        [[2.7], [[True]], {3}, {3: 1}, [{3}], [["3"]], [0]],
    ),
    "dropout": (MLPClassifier, RATES),
    "conv_dropout": (CNNClassifier, [*RATES, {"a": 0.1}, np.ones((1, 1)) / 2]),
    "kernel_size": (CNNClassifier, [True, 2.0, (3, 3), [3]]),
    "pool_size": (CNNClassifier, [2.0, (2, 2), np.float32(2)]),
    "padding": (CNNClassifier, [True, 1.0, -1, "full"]),
    "augmentation": (
        CNNClassifier,
        ["x", 3, [None], ["shift(nan)"], ["noise(inf)"], ["noise(1e300)"], [["shift"]]],
    ),
    "architecture": (CNNClassifier, ["x", 3, [None], [[Dense(2)]], [Dense], {}]),
    "numeric_embedding": (MLPClassifier, ["x", 3, [None], {}, Dense(2)]),
    "weight_init": (MLPClassifier, ["x", 3, "uniform(nan)", "normal(1e300)", None]),
    "bias_init": (MLPClassifier, ["x", 3, "uniform(-1)", "uniform()", None]),
    "device": (MLPClassifier, ["nonsense", "", 3, None]),
    "dtype": (MLPClassifier, ["float16", np.float32, "x", 3]),
}


@pytest.mark.parametrize(
    ("name", "value"),
    [(name, value) for name, (_, values) in LISTS.items() for value in values],
    ids=repr,
)
def test_nonsense_of_other_parameters_is_refused_by_name(name, value):
    with pytest.raises(ValueError, match=name):
        fit(LISTS[name][0], **{name: value})


@pytest.mark.parametrize("sizes", [*SIZES, (), [4], 4, (4, 2), range(1, 3), np.int8(4)])
def test_sizes_are_those_that_scikit_learn_takes(sizes):
    def shapes(estimator):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return [c.shape for c in estimator.fit(X, Y).coefs_]

    own = MLPClassifier(sizes, max_iter=1)
    try:
        expected = shapes(neural_network.MLPClassifier(sizes, max_iter=1))
    except (TypeError, ValueError, OverflowError):
        expected = None
    if expected is None or isinstance(sizes, dict | set):  # which have no order
        with pytest.raises(ValueError, match="hidden_layer_sizes"):
            shapes(own)
    else:
        assert shapes(own) == expected


@pytest.mark.parametrize("name", FACTORS + DIVISORS)
def test_numbers_beyond_the_floating_type_are_refused(name):
    for value in (1e300, 1e38, *([1e-60] if name in DIVISORS else [])):
        with pytest.raises(ValueError, match=rf"{name}=.* in float32: .*'float64'"):
            fit(MLPClassifier, **{name: value})


@pytest.mark.parametrize("solver", ["adam", "adadelta", "rmsprop", "sgd"])
@pytest.mark.parametrize("name", ["alpha", "l1", "l2", "noise", "weight_decay"])
def test_the_largest_numbers_end_as_in_scikit_learn(name, solver):
    """Without an error of torch's."""
    try:
        fitted = fit(MLPClassifier, **{name: 3e30, "solver": solver})
    except ValueError as error:
        assert str(error).startswith("Solver produced")
    else:
        assert np.isfinite(fitted.predict_proba(X)).all()


@pytest.mark.parametrize("solver", ["adam", "adadelta", "rmsprop", "sgd"])
def test_rates_that_grow_beyond_all_numbers(solver):
    with pytest.raises(ValueError, match="non-finite parameter weights"):
        fit(
            MLPClassifier, solver=solver, decay_rate=1e30, max_iter=30, tol=0.0,
            n_iter_no_change=np.inf, early_stopping=False, weight_decay=0.0,
        )  # fmt: skip
