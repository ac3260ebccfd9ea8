"""A stack of jobs whose rows, weights or augmentations differ."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.preprocessing import MaxAbsScaler, RobustScaler, StandardScaler
from stacked_fits import (
    ROWS,
    SMALL_RATE,
    TARGETS,
    Fit,
    assert_same_fit,
    copies,
    estimator,
    fit_alone,
    fits_of,
)

# Fits are short on purpose.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


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
