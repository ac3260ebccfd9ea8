"""A network trained in a stack is the one that is trained alone.

`together` has the jobs of several estimators trained by one call of `train`. What
each estimator is then, is compared with what its own `fit` makes of a copy.
"""

import pytest
from stacked_fits import ROWS, SOLVERS, STRUCTURES, TARGETS, Fit, estimator, fits_of
from stacked_options import DIFFERING, OF_ADAM, OF_ALL, OF_SGD, each

# Fits are short on purpose.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


# --- structures, solvers, options ---


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("structure", STRUCTURES)
def test_structures_and_solvers(structure, solver, check):
    check(fits_of(structure, solver, DIFFERING))


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
