"""Greedy selection against a plain, slow one, and against what is best."""

import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn.metrics import log_loss, mean_squared_error

from sknn_course._ensemble.quantiles import weighted_quantiles
from sknn_course._ensemble.selection import (
    LogLoss,
    ScoreLoss,
    SquaredError,
    select_greedily,
)

rng = np.random.RandomState(0)
WEIGHT = rng.uniform(size=60)
WEIGHT /= WEIGHT.sum()
NUMBERS = rng.standard_normal((60, 2))
PREDICTIONS = (
    NUMBERS + rng.standard_normal((7, 60, 2)) * np.linspace(0.5, 2, 7)[:, None, None]
)
CODES = rng.randint(0, 3, 60)
PROBABILITIES = rng.dirichlet(np.ones(3), (7, 60)) + 2 * np.eye(3)[CODES] * rng.uniform(
    size=(7, 60, 1)
)
PROBABILITIES /= PROBABILITIES.sum(axis=-1, keepdims=True)


def squared_error(mean):
    return mean_squared_error(NUMBERS, mean, sample_weight=WEIGHT)


def log_loss_of(mean):
    return log_loss(CODES, mean, sample_weight=WEIGHT)


CASES = {
    "squared error": (
        SquaredError(PREDICTIONS, NUMBERS, WEIGHT),
        PREDICTIONS,
        squared_error,
    ),
    "log loss": (
        LogLoss(PROBABILITIES[:, np.arange(60), CODES, None], WEIGHT),
        PROBABILITIES,
        log_loss_of,
    ),
    "score": (
        ScoreLoss(lambda mean: -log_loss_of(mean), PROBABILITIES),
        PROBABILITIES,
        log_loss_of,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_selection_is_the_plain_one(case):
    loss, predictions, plain_loss = CASES[case]
    bag, losses, bags = [], [], []
    for _ in range(12):
        tried = [plain_loss(predictions[[*bag, k]].mean(axis=0)) for k in range(7)]
        np.testing.assert_allclose(
            loss.with_each(np.bincount(bag, minlength=7)), tried, rtol=1e-9
        )
        bag = [*bag, int(np.argmin(tried))]
        losses.append(min(tried))
        bags.append(bag)
    best = bags[int(np.argmin(losses))]
    np.testing.assert_allclose(
        select_greedily(loss, 12), np.bincount(best, minlength=7) / len(best)
    )


def test_many_picks_come_near_the_best_weights():
    loss, predictions, plain_loss = CASES["squared error"]
    found = select_greedily(loss, 300)

    def of_weights(w):
        return plain_loss(np.tensordot(w, predictions, 1))

    best = minimize(
        of_weights,
        np.full(7, 1 / 7),
        bounds=[(0, 1)] * 7,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1},
    )
    assert of_weights(found) <= best.fun * 1.001
    assert of_weights(found) < min(map(plain_loss, predictions))


def test_equal_losses_go_to_the_better_candidate():
    loss = ScoreLoss(lambda mean: float(mean.round().sum() > 0), np.zeros((2, 3, 1)))
    assert list(select_greedily(loss, 3)) == [1.0, 0.0]


def test_scores_that_are_not_finite_are_never_taken():
    loss = ScoreLoss(
        lambda mean: np.nan if mean[0, 0] < 1 else mean[0, 0],
        np.array([[[0.0]], [[2.0]]]),
    )
    assert list(select_greedily(loss, 1)) == [0.0, 1.0]


def test_quantiles_of_equal_weights_are_numpys():
    values = rng.standard_normal((9, 4, 2))
    levels = np.array([0.0, 0.1, 0.5, 0.8, 1.0])
    found = weighted_quantiles(values, np.full(9, 1 / 9), levels)
    expected = np.quantile(values, levels, axis=0, method="inverted_cdf")
    np.testing.assert_array_equal(found, np.moveaxis(expected, 0, -1))
