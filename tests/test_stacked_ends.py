"""A stack as its jobs end, go on, fail or differ."""

import pytest
from numpy.testing import assert_array_equal
from stacked_fits import (
    EPOCHS,
    SMALL_RATE,
    TARGETS,
    Fit,
    assert_same_fit,
    copies,
    estimator,
    fit_alone,
    fits_of,
    outputs,
    rows,
)
from stacked_options import DIFFERING, GOING_ON, each

from sknn_course._engine.stack import Stack

# Fits are short on purpose.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


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
    with pytest.raises(ValueError, match=message) as of_alone:
        fit_alone(bad_alone)
    stacks.clear()
    with pytest.raises(ValueError, match=message) as of_stacked:
        together(fits)
    assert stacks == [4]
    lengths = {len(one.value.loss_curve) for one in (of_alone, of_stacked)}
    assert len(lengths) == 1 and lengths < {*range(1, EPOCHS)}
    assert not hasattr(bad.estimator, "coefs_")
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
