"""Training and validation rows: as train_test_split, without leaks."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse
from sklearn.model_selection import train_test_split

from sknn_course._engine.cost_model import COSTS
from sknn_course._estimator.splitting import (
    FEW_ROWS,
    as_split,
    for_full_batch,
    merge_equal_rows,
    split_validation,
)
from sknn_course.cnn import CNNClassifier
from sknn_course.mlp import MLPClassifier, MLPRegressor

# Fits are short on purpose.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def rows(n, seed=0, n_features=3):
    """Different rows with 0/1 targets, of which at least one is 0 and one 1."""
    X = np.random.RandomState(seed).normal(size=(n, n_features))
    return X, (np.arange(n) % 3 == 0).astype(float)[:, None]


def as_counts(split):
    """Total weight of each row with its target."""
    X = split.X.toarray() if sparse.issparse(split.X) else split.X
    weight = np.ones(len(split)) if split.sample_weight is None else split.sample_weight
    counts = {}
    for x, y, w in zip(X, split.y, weight, strict=True):
        key = (*x.ravel(), *y.ravel())
        counts[key] = counts.get(key, 0) + w
    return counts


# --- merging ---

SMALL = np.array([[2.0, 1.0], [1.0, 5.0], [2.0, 1.0], [1.0, 3.0], [2.0, 1.0]])
SMALL_Y = np.array([[0.0], [1.0], [0.0], [1.0], [7.0]])


def test_equal_rows_become_one_of_their_total_weight():
    merged = merge_equal_rows(as_split(SMALL, SMALL_Y))
    assert_array_equal(merged.X, [[1, 3], [1, 5], [2, 1], [2, 1]])
    assert_array_equal(merged.y, [[1], [1], [0], [7]])  # another target, another row
    assert_array_equal(merged.sample_weight, [1, 1, 2, 1])
    assert merged.n_samples == 5
    weighted = as_split(SMALL, SMALL_Y, np.array([0.5, 0, 2.0, 3, 1]))
    merged = merge_equal_rows(weighted)
    assert_array_equal(merged.X, [[1, 3], [2, 1], [2, 1]])
    assert_array_equal(merged.sample_weight, [3, 2.5, 1])
    assert merged.n_samples == 5


def test_different_rows_of_weight_one_have_no_weights():
    assert merge_equal_rows(as_split(*rows(20))).sample_weight is None
    half = as_split(np.repeat(SMALL[:2], 2, 0), np.repeat(SMALL_Y[:2], 2, 0))
    half.sample_weight = np.full(4, 0.5)
    assert merge_equal_rows(half).sample_weight is None


@pytest.mark.parametrize(
    "form",
    [lambda X: X, sparse.csr_array, lambda X: X.reshape(-1, 1, 2, 2)],
    ids=["dense", "sparse", "images"],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_merged_rows_depend_on_the_rows_as_a_set(form, dtype):
    rng = np.random.RandomState(0)
    X = rng.randint(0, 2, (60, 4)).astype(dtype)
    y = rng.randint(0, 2, (60, 2))
    weight = rng.randint(0, 4, 60).astype(dtype)
    order = rng.permutation(60)
    one = merge_equal_rows(as_split(form(X), y, weight))
    other = merge_equal_rows(as_split(form(X[order]), y[order], weight[order]))
    repeated = np.repeat(order, weight[order].astype(int))
    third = merge_equal_rows(as_split(form(X[repeated]), y[repeated]))
    for split in (one, other, third):
        assert split.X.dtype == split.y.dtype == split.sample_weight.dtype == dtype
        assert as_counts(split) == as_counts(as_split(form(X[repeated]), y[repeated]))
        assert split.X.shape[1:] == form(X).shape[1:]
        for a, b in zip(
            (split.X, split.y, split.sample_weight),
            (one.X, one.y, one.sample_weight),
            strict=True,
        ):
            difference = a != b
            assert not (
                difference.count_nonzero()
                if sparse.issparse(difference)
                else difference.any()
            )


def test_full_batches_alone_are_merged():
    X, y = np.repeat(rows(20)[0], 2, 0), np.repeat(rows(20)[1], 2, 0)
    split = as_split(X, y)
    assert len(for_full_batch(split, 40)) == 20
    assert for_full_batch(split, 39) is split
    wide = as_split(np.zeros((2, COSTS.merged_values // 2)), np.zeros((2, 1)))
    assert len(for_full_batch(wide, 2)) == 1
    wider = as_split(np.zeros((2, COSTS.merged_values // 2 + 1)), np.zeros((2, 1)))
    assert for_full_batch(wider, 2) is wider


# --- validation rows ---


@pytest.mark.parametrize("stratified", [False, True])
@pytest.mark.parametrize("fraction", [0.1, 0.25, 0.5])
@pytest.mark.parametrize("n", [FEW_ROWS + 1, 200])
@pytest.mark.parametrize("weighted", [False, True])
def test_validation_rows_are_those_of_train_test_split(
    n, fraction, stratified, weighted
):
    X, y = rows(n)
    X[1] = X[0]  # equal rows are not kept together among many
    weight = np.random.RandomState(1).uniform(size=n) if weighted else None
    rng, other = np.random.RandomState(7), np.random.RandomState(7)
    train, validation = split_validation(
        as_split(X, y, weight), fraction, rng, stratified
    )
    expected = train_test_split(
        np.arange(n),
        random_state=other,
        test_size=fraction,
        stratify=y if stratified else None,
    )
    for part, chosen in zip((train, validation), expected, strict=True):
        assert_array_equal(part.X, X[chosen])
        assert_array_equal(part.y, y[chosen])
        if weighted:
            assert_array_equal(part.sample_weight, weight[chosen])
        else:
            assert part.sample_weight is None
    assert rng.randint(2**31) == other.randint(2**31)


def test_few_different_rows_are_split_as_by_train_test_split():
    X, y = rows(30)
    train, validation = split_validation(
        as_split(X, y), 0.2, np.random.RandomState(0), True
    )
    expected = train_test_split(
        X, y, random_state=np.random.RandomState(0), test_size=0.2, stratify=y
    )
    for own, reference in zip(
        (train.X, validation.X, train.y, validation.y), expected, strict=True
    ):
        assert_array_equal(own, reference)


@pytest.mark.parametrize("stratified", [False, True])
@pytest.mark.parametrize("n", [4, 5, 9, 10, 11])
def test_small_sets_get_two_validation_rows(n, stratified):
    train, validation = split_validation(
        as_split(*rows(n)), 0.1, np.random.RandomState(0), stratified
    )
    assert len(validation) == 2
    assert len(train) == n - 2
    if stratified:
        assert sorted(validation.y.ravel()) == [0, 1]


def test_validation_needs_two_rows():
    # two rows in all: one each
    with pytest.raises(ValueError, match="The validation set is too small"):
        split_validation(as_split(*rows(2)), 0.5, np.random.RandomState(0), False)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("stratified", [False, True])
def test_equal_rows_are_not_on_both_sides_of_a_small_set(stratified, seed):
    X, y = (np.repeat(v, 4, 0) for v in rows(12, seed))
    split = as_split(X, y)
    train, validation = split_validation(
        split, 0.25, np.random.RandomState(seed), stratified
    )
    left, right = as_counts(train), as_counts(validation)
    assert not left.keys() & right.keys()
    assert {**left, **right} == as_counts(split)
    assert set(left.values()) == set(right.values()) == {4}
    assert len(right) == 3


@pytest.mark.parametrize("seed", range(5))
def test_weights_of_a_small_set_count_as_repetitions(seed):
    X, y = rows(16, seed)
    weight = np.random.RandomState(seed).randint(0, 4, 16)
    parts = [
        split_validation(split, 0.25, np.random.RandomState(seed), False)
        for split in (
            as_split(X, y, weight.astype(float)),
            as_split(np.repeat(X, weight, 0), np.repeat(y, weight, 0)),
        )
    ]
    for one, other in zip(*parts, strict=True):
        assert as_counts(one) == as_counts(other)


# --- fits ---

X = np.random.RandomState(0).normal(size=(40, 4))
Y = {
    MLPClassifier: np.digitize(X[:, 0], [-0.5, 0.5]),
    CNNClassifier: np.digitize(X[:, 0], [-0.5, 0.5]),
    MLPRegressor: X[:, 0] ** 2,
}
WEIGHT = np.random.RandomState(1).randint(0, 4, 40)


def estimator(kind, **options):
    defaults = dict(max_iter=8, random_state=0, dtype="float64")
    if kind is CNNClassifier:
        defaults |= dict(filters=((3,),), dense_layer_sizes=(4,))
    else:
        defaults |= dict(hidden_layer_sizes=(6, 5))
    return kind(**defaults | options)


def assert_same_bits(one, other):
    for name in ("coefs_", "intercepts_"):
        for a, b in zip(getattr(one, name), getattr(other, name), strict=True):
            assert_array_equal(a, b)
    assert one.loss_curve_ == other.loss_curve_


@pytest.mark.parametrize(
    "options",
    [
        {},
        dict(solver="sgd", alpha=1.0, l1=0.01, shuffle=False),
        dict(dropout=0.3, noise=0.1, input_dropout=0.1),
        dict(batch_norm=True),
        dict(dtype="float32", batch_norm="before"),
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", Y)
def test_a_repeated_row_is_the_row_of_more_weight_to_the_last_bit(kind, options):
    y = Y[kind]
    weighted = estimator(kind, **options).fit(X, y, sample_weight=WEIGHT)
    order = np.random.RandomState(2).permutation(np.repeat(np.arange(40), WEIGHT))
    repeated = estimator(kind, **options).fit(X[order], y[order])
    assert_same_bits(weighted, repeated)
    other = estimator(kind, **options).fit(X, y)
    assert other.loss_curve_ != weighted.loss_curve_


@pytest.mark.parametrize("kind", Y)
def test_the_order_of_the_rows_does_not_matter_to_full_batches(kind):
    order = np.random.RandomState(2).permutation(40)
    one = estimator(kind, dropout=0.2).fit(X, Y[kind])
    other = estimator(kind, dropout=0.2).fit(X[order], Y[kind][order])
    assert_same_bits(one, other)


def test_validation_scores_of_a_small_set_know_no_repetitions():
    """The validation rows are new to the network: they are in no training row."""
    noise = np.random.RandomState(3).randint(0, 2, 12)  # nothing to learn from
    small = np.random.RandomState(4).normal(size=(12, 8))
    mlp = estimator(
        MLPClassifier,
        hidden_layer_sizes=(100,),
        early_stopping=True,
        validation_fraction=0.34,
        max_iter=300,
        n_iter_no_change=300,
        learning_rate_init=0.01,
    )
    scores = []
    for seed in range(10):
        mlp.set_params(random_state=seed)
        mlp.fit(np.repeat(small, 4, 0), np.repeat(noise, 4))
        assert mlp.training_score_curve_[-1] == 1
        scores.append(mlp.validation_scores_[-1])
    assert np.mean(scores) < 0.8
