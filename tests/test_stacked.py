"""A network trained in a stack is the one that is trained alone.

`together` has the jobs of several estimators trained by one call of `train`. What
each estimator is then, is compared with what its own `fit` makes of a copy.
"""

import copy
from collections import namedtuple

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.preprocessing import MaxAbsScaler, RobustScaler, StandardScaler

from sknn_course.base import NeuralEstimator
from sknn_course.cnn import CNNClassifier, CNNRegressor
from sknn_course.mlp import MLPClassifier, MLPRegressor
from sknn_course.training import train, trainer
from sknn_course.training.stack import Stack

# Fits are short on purpose.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

EPOCHS = 30
ROWS = np.random.RandomState(0).normal(size=(48, 6))
IMAGES = np.random.RandomState(1).normal(size=(48, 2, 6, 6))
SIGNAL = ROWS @ np.array([1.0, -2.0, 0.5, 0.0, 0.0, 0.3]) + np.sin(3 * ROWS[:, 3])
IMAGES[:, 0] += SIGNAL[:, None, None] / 2
TARGETS = {
    "regression": SIGNAL,
    "two numbers": np.column_stack([SIGNAL, ROWS[:, 0] ** 2]),
    "poisson": np.random.RandomState(2).poisson(np.exp(SIGNAL / 3)).astype(float),
    "binary": np.where(SIGNAL > 0, "yes", "no"),
    "multiclass": np.digitize(SIGNAL, [-1.5, 1.0]),
    "multilabel": (ROWS[:, :3] + ROWS[:, 3:] > 0).astype(int),
}
REGRESSION = ("regression", "two numbers", "poisson")

STRUCTURES = {
    "no hidden layer": dict(hidden_layer_sizes=()),
    "one layer": dict(hidden_layer_sizes=(8,)),
    "three layers": dict(hidden_layer_sizes=(7, 5, 4), activation="tanh"),
    "cnn": dict(filters=((3, 2), (4,)), dense_layer_sizes=(5,)),
    "cnn of rows": dict(
        filters=((3,),),
        dense_layer_sizes=(),
        input_shape=(1, 1, 72),
        padding="valid",
        global_pool=True,
        activation="silu",
    ),
}
SOLVERS = {
    "sgd": dict(learning_rate_init=0.05),
    "adam": dict(learning_rate_init=0.01),
    "nadam": dict(learning_rate_init=0.01),
    "rmsprop": dict(learning_rate_init=0.005),
    "adagrad": dict(learning_rate_init=0.02),
    "adadelta": dict(learning_rate_init=1.0, epsilon=1e-6),
}
SMALL_RATE = dict(learning_rate_init=0.01)


def rows(structure):
    return IMAGES if structure.startswith("cnn") else ROWS


def estimator(structure, solver, task="multiclass", **options):
    """An estimator that ends after 30 epochs, in double precision."""
    regression = task in REGRESSION
    if structure.startswith("cnn"):
        kind = CNNRegressor if regression else CNNClassifier
    else:
        kind = MLPRegressor if regression else MLPClassifier
    defaults = dict(
        solver=solver,
        batch_size=16,
        max_iter=EPOCHS,
        n_iter_no_change=np.inf,
        random_state=0,
        dtype="float64",
    )
    if task == "poisson":
        defaults["loss"] = "poisson"
    return kind(**defaults | STRUCTURES[structure] | SOLVERS[solver] | options)


# --- fits, alone and together ---

Fit = namedtuple("Fit", ["estimator", "X", "y", "sample_weight"], defaults=[None])


def fits_of(structure, solver, differing, task="multiclass", **common):
    """A fit for each of the dicts `differing`, on rows of its own.

    In batches of 16, the last ones have 16, 9 and 11 rows and one row.
    """
    X, y = rows(structure), TARGETS[task]
    parts = [slice(0, 48), slice(3, 44), slice(21, 48), slice(5, 38)]
    fits = []
    for seed, (part, options) in enumerate(zip(parts, differing, strict=False)):
        options = dict(random_state=seed) | common | options
        own = estimator(structure, solver, task, **options)
        fits.append(Fit(own, X[part], y[part]))
    return fits


def copies(fits):
    return [fit._replace(estimator=copy.deepcopy(fit.estimator)) for fit in fits]


def fit_alone(fits, method="fit"):
    """Fit the estimators one by one."""
    for own, X, y, weight in fits:
        getattr(own, method)(X, y, weight)


class _Job(Exception):
    """Carries a job out of a fit."""


@pytest.fixture
def together(monkeypatch):
    """Function that fits estimators, their jobs trained by one call of `train`."""
    make = NeuralEstimator._job

    def hand_over(self, *arguments):
        raise _Job(make(self, *arguments))

    def job_of(fit, method):
        with monkeypatch.context() as patch, pytest.raises(_Job) as handed_over:
            patch.setattr(NeuralEstimator, "_job", hand_over)
            fit_alone([fit], method)
        job = handed_over.value.args[0]
        job.single_epoch = method == "partial_fit"
        return job

    def fit_together(fits, method="fit"):
        jobs = [job_of(fit, method) for fit in fits]
        train(jobs)
        errors = []
        for fit, job in zip(fits, jobs, strict=True):
            try:
                fit.estimator._keep(job)
            except ValueError as error:
                errors.append(error)
        for error in errors:
            raise error

    return fit_together


@pytest.fixture
def stacks(monkeypatch):
    """Numbers of networks of the stacks that are trained."""
    sizes, train_stack = [], trainer.train_stack

    def spy(jobs):
        sizes.append(len(jobs))
        train_stack(jobs)

    monkeypatch.setattr(trainer, "train_stack", spy)
    return sizes


def outputs(fitted, X):
    """Probabilities, or numbers."""
    return getattr(fitted, "predict_proba", fitted.predict)(X)


def assert_same_fit(stacked, alone, X):
    """Equal to rounding, which grows with the epochs."""
    double = alone.dtype == "float64"
    first, last = (1e-9, 1e-6) if double else (1e-4, 1e-4)
    assert stacked.n_iter_ == alone.n_iter_
    for name in ("loss_curve_", "validation_loss_curve_"):
        one, other = getattr(stacked, name), getattr(alone, name)
        if other is not None:
            assert_allclose(one[:3], other[:3], rtol=first)
            assert_allclose(one, other, rtol=last)
    if alone.early_stopping:
        for name in ("validation_scores_", "training_score_curve_"):
            one, other = getattr(stacked, name), getattr(alone, name)
            assert_allclose(one, other, rtol=last, atol=last)
    one, other = outputs(stacked, X), outputs(alone, X)
    if double:
        assert_allclose(one, other, rtol=last, atol=1e-7)
    elif hasattr(alone, "predict_proba"):
        assert np.mean(stacked.predict(X) == alone.predict(X)) >= 0.995
    else:
        assert_allclose(one, other, rtol=1e-3, atol=1e-3)


@pytest.fixture
def check(together, stacks):
    """Function: fits give in one stack what each gives alone, and all differ."""

    def check(fits):
        alone = copies(fits)
        fit_alone(alone)
        assert set(stacks) == {1}
        stacks.clear()
        together(fits)
        assert stacks == [len(fits)]
        for one, other in zip(fits, alone, strict=True):
            assert_same_fit(one.estimator, other.estimator, other.X)
        assert len({fit.estimator.loss_curve_[-1] for fit in alone}) == len(fits)

    return check


# --- structures, solvers, options ---

DIFFERING = [
    dict(alpha=0.01, dropout=0.2, momentum=0.8, rho=0.85, noise=0.1),
    dict(alpha=1.0, l1=1e-3, input_dropout=0.1, learning_rate="cosine", beta_1=0.8),
    dict(l2=0.01, dropout=0.4, learning_rate="one_cycle", beta_2=0.99, max_iter=12),
    dict(weight_decay=0.1, learning_rate="step", decay_epochs=4, shuffle=False),
]


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("structure", STRUCTURES)
def test_structures_and_solvers(structure, solver, check):
    check(fits_of(structure, solver, DIFFERING))


def each(name, *values, **common):
    """Options that differ within the stack, and options of all."""
    return [{name: value} for value in values], common


OF_SGD = {
    "momentum": each("momentum", 0.0, 0.5, 0.9, 0.95),
    "momentum, no nesterov": each(
        "momentum", 0.0, 0.5, 0.9, 0.95, nesterovs_momentum=False
    ),
    "learning_rate of scikit-learn": (
        [
            dict(learning_rate="invscaling", power_t=0.2),
            dict(learning_rate="invscaling"),
            dict(learning_rate="adaptive", tol=10, n_iter_no_change=2),
            dict(learning_rate="constant"),
        ],
        {},
    ),
}
OF_ADAM = {
    "beta_1": each("beta_1", 0.0, 0.5, 0.9, 0.95),
    "beta_2": each("beta_2", 0.9, 0.99, 0.999, 0.5),
    "epsilon": each("epsilon", 1e-8, 1e-6, 1e-4, 1e-3),
    "learning_rate_init": each("learning_rate_init", 0.01, 0.003, 0.02, 0.001),
    "learning_rate": each(
        "learning_rate", "constant", "exponential", "inverse_time", "cosine"
    ),
    "learning_rate per step": each("max_iter", 30, 20, 9, learning_rate="one_cycle"),
    "decay_rate": each(
        "decay_rate", 0.5, 0.8, 0.9, None, learning_rate="step", decay_epochs=3
    ),
    "alpha": each("alpha", 0.0, 1e-4, 1.0, 10.0),
    "l1": each("l1", 0.0, 1e-4, 1e-3, 1e-2),
    "l2": each("l2", 0.0, 1e-4, 1e-2, 1e-1),
    "l1 and l2 of biases": (
        [dict(l1=0.01), dict(l2=0.1), dict(l1=1e-3, l2=0.01), dict(alpha=1.0)],
        dict(penalize_bias=True),
    ),
    "weight_decay": each("weight_decay", 0.0, 0.01, 0.1, 1.0),
    "shuffle": each("shuffle", True, False),
    "weight_init": each("weight_init", "glorot", "he_normal", "normal(0.3)"),
    "tol": each("tol", 1e-4, 0.02, 0.04, 10, n_iter_no_change=3),
}
OF_ALL = {
    "random_state": each("random_state", 0, 7, 3, 2**32 - 1),
    "dropout": each("dropout", 0.0, 0.1, 0.3, 0.6),
    "equal dropout": each("random_state", 1, 2, 3, 4, dropout=0.3, input_dropout=0.1),
    "input_dropout": each("input_dropout", 0.0, 0.05, 0.1, 0.2),
    "noise": each("noise", 0.0, 0.01, 0.1, 0.3),
    "equal noise": each("random_state", 1, 2, 3, 4, noise=0.1),
    # with small rates: at 0.05, a change of the data by 1e-15 changes losses by 5e-5
    "batch_norm": each("alpha", 0.0, 0.1, 1.0, 2.0, batch_norm=True, **SMALL_RATE),
    "batch_norm_momentum": each(
        "dropout",
        *(0.0, 0.1, 0.2, 0.3),
        batch_norm=True,
        batch_norm_momentum=0.02,
        batch_norm_epsilon=0.01,
        **SMALL_RATE,
    ),
    "batch_norm before": each(
        "dropout", 0.0, 0.1, 0.2, 0.3, batch_norm="before", **SMALL_RATE
    ),
    "batch_norm after": each(
        "noise", 0.0, 0.1, 0.2, 0.3, batch_norm="after", **SMALL_RATE
    ),
    "max_iter": each("max_iter", 30, 1, 12, 2),
    "early_stopping": (
        [
            dict(validation_fraction=0.1, n_iter_no_change=2),
            dict(validation_fraction=0.3, tol=0.01, n_iter_no_change=3),
            dict(validation_fraction=0.2),
            dict(validation_fraction=0.4, n_iter_no_change=1),
        ],
        dict(early_stopping=True, batch_size=8),
    ),
    "early_stopping, batch_norm": each(
        "dropout",
        *(0.0, 0.1, 0.2, 0.3),
        early_stopping=True,
        validation_fraction=0.25,
        batch_norm=True,
        n_iter_no_change=5,
        batch_size=8,
        **SMALL_RATE,
    ),
    "class_weight": each(
        "class_weight", "balanced", {0: 3.0}, {1: 0.5, 2: 2.0}, {0: 0.1}
    ),
}


@pytest.mark.parametrize("name", [*OF_SGD, *OF_ADAM, *OF_ALL])
def test_options(name, check):
    """Nothing else differs: each option has an effect."""
    differing, common = (OF_SGD | OF_ADAM | OF_ALL)[name]
    solver = "sgd" if name in OF_SGD else "adam"
    check(
        [
            Fit(
                estimator("three layers", solver, **common | options),
                ROWS,
                TARGETS["multiclass"],
            )
            for options in differing
        ]
    )


@pytest.mark.parametrize("name", OF_ALL)
def test_options_of_convolutions(name, check):
    differing, common = OF_ALL[name]
    check(fits_of("cnn", "sgd", differing, **common))


@pytest.mark.parametrize(
    ("structure", "batch_norm"), [("one layer", True), ("cnn", False)]
)
@pytest.mark.parametrize("task", TARGETS)
def test_tasks(task, structure, batch_norm, check):
    differing, _ = each("alpha", 0.0, 0.01, 0.1, 1.0)
    common = dict(batch_norm=batch_norm, learning_rate_init=0.005)
    check(fits_of(structure, "adam", differing, task, **common))


# --- data ---


@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize("task", ["multiclass", "regression"])
@pytest.mark.parametrize("n_rows", [(48, 45, 34, 33), (48, 32, 16), (32, 32, 17)])
def test_unequal_folds(n_rows, task, batch_norm, check):
    """Batches that are full or not, and different numbers of them."""
    options = dict(batch_norm=batch_norm, noise=0.05, **SMALL_RATE)
    fits = [
        Fit(
            estimator("one layer", "adam", task, random_state=seed, **options),
            ROWS[-n:] + seed,
            TARGETS[task][-n:],
        )
        for seed, n in enumerate(n_rows)
    ]
    check(fits)


@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize("structure", ["three layers", "cnn"])
def test_sample_weights(structure, batch_norm, check):
    rng = np.random.RandomState(0)
    options = dict(batch_norm=batch_norm, **SMALL_RATE)
    fits = fits_of(structure, "sgd", [{}, {}, {}], **options)
    fits = [
        fit._replace(sample_weight=rng.choice([0.0, 0.5, 1.0, 4.0], len(fit.X)))
        for fit in fits
    ]
    check(fits)


def test_sample_weights_with_early_stopping(check):
    weight = np.random.RandomState(0).uniform(0.2, 3.0, 48)
    options = dict(early_stopping=True, batch_size=8)
    fits = [
        Fit(
            estimator("one layer", "adam", validation_fraction=fraction, **options),
            ROWS,
            TARGETS["multiclass"],
            np.roll(weight, place),
        )
        for place, fraction in enumerate([0.2, 0.3, 0.5])
    ]
    check(fits)


@pytest.mark.parametrize("batch_norm", [False, True])
def test_scalers(batch_norm, check):
    fits = [
        Fit(
            estimator("three layers", "sgd", batch_norm=batch_norm, **SMALL_RATE),
            ROWS if scaler is None else scaler.fit_transform(ROWS),
            TARGETS["multiclass"],
        )
        for scaler in (None, StandardScaler(), MaxAbsScaler(), RobustScaler())
    ]
    check(fits)


def test_augmentation(check):
    differing = [
        dict(augmentation="horizontal_flip"),
        dict(augmentation=["shift(1)", "noise(0.2)"], dropout=0.2),
        dict(augmentation="rotation(30)"),
        dict(augmentation="rotation(30)", random_state=2),
    ]
    check(fits_of("cnn", "adam", differing, **SMALL_RATE))


@pytest.mark.parametrize("task", ["multiclass", "binary", "regression"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("batch_norm", [False, True])
def test_mixing_of_rows(batch_norm, weighted, task, check):
    differing = [
        dict(augmentation="mixup"),
        dict(augmentation=["cutmix", "noise(0.1)"], dropout=0.2),
        dict(augmentation=["shift(1)", "mixup(0.3)"], max_iter=7),
        dict(augmentation="horizontal_flip"),
    ]
    # few epochs, as batch normalisation makes rounding grow faster
    common = dict(batch_norm=batch_norm, max_iter=12, **SMALL_RATE)
    fits = fits_of("cnn", "adam", differing, task, **common)
    if weighted:
        rng = np.random.RandomState(0)
        fits = [
            fit._replace(sample_weight=rng.choice([0.0, 0.5, 1.0, 4.0], len(fit.X)))
            for fit in fits
        ]
    check(fits)


@pytest.mark.parametrize("container", [sparse.csr_array, sparse.csr_matrix])
def test_sparse_rows(container, check):
    fits = fits_of("one layer", "adam", [dict(dropout=0.2), dict(noise=0.1), {}, {}])
    fits = [fit._replace(X=container(np.where(fit.X > 0, fit.X, 0))) for fit in fits]
    check(fits)


@pytest.mark.parametrize("options", [{}, dict(batch_norm=True, dropout=0.1)], ids=str)
def test_full_batches_of_merged_rows(options, check):
    """Equal rows are one row of more weight."""
    fits = [
        Fit(
            estimator("one layer", "adam", batch_size="auto", **options),
            np.repeat(ROWS[start:40], 2, 0)[:60],
            np.repeat(TARGETS["multiclass"][start:40], 2, 0)[:60],
        )
        for start in (0, 3, 9)
    ]
    check(fits)


def test_full_batches_of_different_sizes(together):
    fits = [
        Fit(
            estimator("one layer", "adam", batch_size="auto", batch_norm=True),
            ROWS[:n],
            TARGETS["multiclass"][:n],
        )
        for n in (48, 40, 41)
    ]
    alone = copies(fits)
    fit_alone(alone)
    together(fits)
    for one, other in zip(fits, alone, strict=True):
        assert_same_fit(one.estimator, other.estimator, one.X)


# what fits may go on with
GOING_ON = {
    "sgd": {},
    "adam": {},
    "nadam": {},
    "one cycle": dict(solver="sgd", learning_rate="one_cycle"),
    "inverse time": dict(solver="sgd", learning_rate="inverse_time", decay_rate=0.1),
    "cosine": dict(solver="sgd", learning_rate="cosine"),
    "noise": dict(solver="sgd", noise=0.1),
    "batch norm": dict(solver="sgd", batch_norm=True),
}


# --- hidden layers of different sizes, padded to the largest ---

SIZES = {
    "three layers": [
        dict(hidden_layer_sizes=sizes)
        for sizes in ((7, 5, 4), (3, 9, 2), (10, 4, 6), (7, 5, 4))
    ],
    "cnn": [dict(dense_layer_sizes=size) for size in (5, 9, 3, 5)],
}


def of_sizes(structure, differing):
    return [
        own | sizes for own, sizes in zip(differing, SIZES[structure], strict=False)
    ]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("structure", SIZES)
def test_unequal_hidden_sizes(structure, solver, dtype, check):
    options = dict(dtype=dtype, activation="tanh")
    check(fits_of(structure, solver, of_sizes(structure, DIFFERING), **options))


@pytest.mark.parametrize("batch_norm", [False, "before", "after"])
@pytest.mark.parametrize("activation", ["logistic", "softplus", "elu"])
def test_unequal_hidden_sizes_by_activation(activation, batch_norm, check):
    """Some are not zero where their input is."""
    options = dict(activation=activation, batch_norm=batch_norm, **SMALL_RATE)
    differing = of_sizes("three layers", [{}, {}, {}, {}])
    check(fits_of("three layers", "adam", differing, **options))


@pytest.mark.parametrize("name", [*OF_ALL, "l1 and l2 of biases", "weight_decay"])
def test_unequal_hidden_sizes_by_option(name, check):
    differing, common = (OF_ADAM | OF_ALL)[name]
    differing = of_sizes("three layers", differing)
    check(fits_of("three layers", "adam", differing, **common))


@pytest.mark.parametrize("name", ["sgd", "nadam", "one cycle", "noise", "batch norm"])
def test_unequal_hidden_sizes_go_on(name, together, stacks):
    options = dict(solver=name) | GOING_ON[name] | SMALL_RATE
    differing = of_sizes("three layers", each("max_iter", 8, 3, 9, 7)[0])
    fits = fits_of("three layers", options.pop("solver"), differing, **options)
    alone = copies(fits)
    for method in ("fit", "partial_fit", "partial_fit"):
        fit_alone(alone, method)
        stacks.clear()
        together(fits, method)
        assert stacks == [4]
        for one, other in zip(fits, alone, strict=True):
            assert_same_fit(one.estimator, other.estimator, one.X)


# --- single precision ---


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("structure", ["three layers", "cnn"])
def test_single_precision(structure, solver, check):
    # not relu: near zero, rounding switches a unit on or off, and with it a gradient
    options = dict(dtype="float32", activation="tanh")
    check(fits_of(structure, solver, DIFFERING, **options))


@pytest.mark.parametrize("solver", ["sgd", "adam", "rmsprop"])
@pytest.mark.parametrize("batch_norm", ["before", "after"])
def test_batch_norm_in_single_precision(batch_norm, solver, check):
    differing, _ = each("dropout", 0.0, 0.1, 0.3, 0.0)
    options = dict(batch_norm=batch_norm, dtype="float32")
    check(fits_of("three layers", solver, differing, **options))


@pytest.mark.parametrize("name", ["learning_rate_init", "beta_2", "dropout"])
def test_options_in_single_precision(name, check):
    differing, common = (OF_ADAM | OF_ALL)[name]
    check(fits_of("one layer", "adam", differing, dtype="float32", **common))


# --- the stack as its jobs end ---


@pytest.fixture
def selections(monkeypatch):
    """Numbers of networks of the stacks that are cut out of other stacks."""
    sizes, select = [], Stack.select

    def spy(stack, keep):
        sizes.append(len(keep))
        return select(stack, keep)

    monkeypatch.setattr(Stack, "select", spy)
    return sizes


@pytest.mark.parametrize("solver", ["sgd", "adam", "nadam"])
@pytest.mark.parametrize("structure", ["one layer", "cnn"])
def test_stack_shrinks_as_jobs_end(structure, solver, check, selections):
    options = dict(noise=0.1, batch_norm=True, learning_rate="cosine", **SMALL_RATE)
    fits = [
        Fit(
            estimator(structure, solver, max_iter=epochs, random_state=seed, **options),
            rows(structure),
            TARGETS["multiclass"],
        )
        for seed, epochs in enumerate([2, 30, 3, 20, 3, 11, 1, 1])
    ]
    check(fits)
    assert selections == [3, 1]  # as soon as half of the stack or less goes on


@pytest.mark.parametrize("structure", ["one layer", "cnn"])
def test_stack_shrinks_with_early_stopping(structure, check, selections):
    options = dict(early_stopping=True, validation_fraction=0.25, batch_size=12)
    fits = [
        Fit(
            estimator(
                structure, "adam", n_iter_no_change=patience, batch_norm=True, **options
            ),
            rows(structure),
            TARGETS["multiclass"],
        )
        for patience in (1, 2, 4, 30)
    ]
    check(fits)
    assert len({fit.estimator.n_iter_ for fit in fits}) == 4
    assert selections == [2, 1]


@pytest.mark.parametrize("order", [[2, 0, 3, 1], [3, 2, 1, 0]])
def test_order_of_the_jobs_does_not_matter(order, together):
    fits = fits_of("one layer", "sgd", DIFFERING)
    others = copies(fits)
    together(fits)
    together([others[k] for k in order])
    for one, other in zip(fits, others, strict=True):
        assert_same_fit(one.estimator, other.estimator, one.X)


def test_a_stack_of_one_is_the_ordinary_fit(together):
    [fit, *_] = fits_of("three layers", "adam", DIFFERING)
    [other] = copies([fit])
    fit_alone([fit])
    together([other])
    assert fit.estimator.loss_curve_ == other.estimator.loss_curve_
    assert_array_equal(outputs(*fit[:2]), outputs(*other[:2]))


# --- training that goes on ---


@pytest.mark.parametrize("name", GOING_ON)
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_fits_go_on_after_a_stack(method, name, together):
    """One job ends long before the others; then each goes on, alone and together."""
    options = dict(solver=name, warm_start=True) | GOING_ON[name] | SMALL_RATE
    differing, _ = each("max_iter", 8, 3, 9, 7)
    fits = fits_of("one layer", options.pop("solver"), differing, **options)
    alone = copies(fits)
    for how in ("fit", method):
        fit_alone(alone, how)
    together(fits)
    one_by_one = copies(fits)
    fit_alone(one_by_one, method)
    together(fits, method)
    for one, other, expected in zip(fits, one_by_one, alone, strict=True):
        assert_same_fit(other.estimator, expected.estimator, one.X)
        assert_same_fit(one.estimator, expected.estimator, one.X)


def test_partial_fit_together(together):
    options = [{**differing, "max_iter": 5} for differing in DIFFERING]
    fits = fits_of("cnn", "adam", options)
    fit_alone(fits)
    alone = copies(fits)
    for _ in range(3):
        together(fits, "partial_fit")
        fit_alone(alone, "partial_fit")
    for one, other in zip(fits, alone, strict=True):
        assert len(one.estimator.loss_curve_) == 8
        assert_same_fit(one.estimator, other.estimator, one.X)


# --- jobs that fail or differ ---


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("structure", ["one layer", "cnn"])
def test_a_diverging_job_fails_alone(structure, dtype, together, stacks):
    differing, _ = each("learning_rate_init", 0.001, 1e30, 0.002, 0.005)
    options = dict(activation="identity", dtype=dtype)
    fits = fits_of(structure, "sgd", differing, "regression", **options)
    good, bad = [fits[0], fits[2], fits[3]], fits[1]
    alone, bad_alone = copies(good), copies([bad])
    fit_alone(alone)
    message = "Solver produced non-finite parameter weights"
    with pytest.raises(ValueError, match=message):
        fit_alone(bad_alone)
    stacks.clear()
    with pytest.raises(ValueError, match=message):
        together(fits)
    assert stacks == [4]
    assert bad.estimator.n_iter_ == bad_alone[0].estimator.n_iter_ < EPOCHS
    for fit, other in zip(good, alone, strict=True):
        assert_same_fit(fit.estimator, other.estimator, fit.X)


def test_different_structures_in_one_call(together, stacks):
    fits = [
        fit
        for k in range(3)
        for structure in ("one layer", "three layers", "cnn")
        for solver in ("sgd", "adam")
        for fit in fits_of(structure, solver, DIFFERING[k : k + 1], random_state=k)
    ]
    alone = copies(fits)
    fit_alone(alone)
    stacks.clear()
    together(fits)
    assert stacks == [3] * 6
    for one, other in zip(fits, alone, strict=True):
        assert_same_fit(one.estimator, other.estimator, one.X)
