"""A stack of networks with hidden layers of different sizes, padded to the largest."""

import pytest
from stacked_fits import (
    SMALL_RATE,
    SOLVERS,
    assert_same_fit,
    copies,
    fit_alone,
    fits_of,
)
from stacked_options import DIFFERING, GOING_ON, OF_ADAM, OF_ALL, each

# Fits are short on purpose.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


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
