"""Trainings of rows: what is measured, and that company changes nothing."""

import warnings

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier as SklearnMLP
from sklearn.preprocessing import StandardScaler

from sknn_course import MLPClassifier, MLPRegressor
from sknn_course._engine import DivergedError
from sknn_course.course.data import load
from sknn_course.course.experiment import Training
from sknn_course.course.metrics import curves, measure, penalty
from sknn_course.course.training import make_estimators, prepare, train_all

PARAMS = {
    "hidden_layer_sizes": (12,),
    "solver": "sgd",
    "learning_rate_init": 0.1,
    "batch_size": 20,
    "max_iter": 4,
}


def train_one(training, scale="full", repeats=2, seed=3):
    return train_all(
        [training], load, scale=scale, repeats=[repeats], seed=seed, device="cpu"
    )[0]


def test_losses_and_accuracies_are_torchs():
    trained = train_one(Training(MLPClassifier, PARAMS, "digits"), repeats=1)
    network, data = trained.estimators[0], trained.data
    for part in ("train", "validation", "test"):
        X, y = data[part]
        with torch.no_grad():
            scores = network.net_.module_(torch.from_numpy(X))
        y = torch.from_numpy(y)
        loss = torch.nn.functional.cross_entropy(scores, y).item()
        accuracy = (scores.argmax(1) == y).double().mean().item()
        metrics = trained.result.metrics
        assert metrics[f"{part}_loss"] == [pytest.approx(loss, rel=1e-5)]
        assert metrics[f"{part}_accuracy"] == [pytest.approx(accuracy, abs=1e-12)]


def test_indicator_loss_is_the_sum_over_outputs():
    training = Training(MLPClassifier, PARAMS, "digits", one_hot=True)
    trained = train_one(training, repeats=1)
    network, (X, y) = trained.estimators[0], trained.data.test
    with torch.no_grad():
        scores = network.net_.module_(torch.from_numpy(X)).double()
    Y = torch.eye(10, dtype=torch.float64)[torch.from_numpy(y)]
    per_row = torch.nn.functional.binary_cross_entropy_with_logits(
        scores, Y, reduction="none"
    ).sum(1)
    metrics = trained.result.metrics
    assert metrics["test_loss"][0] == pytest.approx(per_row.mean().item(), rel=1e-5)
    assert metrics["test_accuracy"][0] == (scores.argmax(1).numpy() == y).mean()


def test_a_regressor_has_mean_squared_errors():
    training = Training(MLPRegressor, {**PARAMS, "batch_size": 2}, "eckerle4")
    trained = train_one(training, repeats=1)
    network = trained.estimators[0]
    for part in ("train", "test"):
        X, y = trained.data[part]
        error = np.mean((network.predict(X).astype(float) - y) ** 2)
        assert trained.result.metrics[f"{part}_mse"] == [pytest.approx(error)]
    # a curve ends where the rows are evaluated; training ones are epoch means
    assert trained.result.curves["test_mse"][0][-1] == pytest.approx(error, rel=1e-5)
    assert len(trained.result.curves["train_mse"][0]) == PARAMS["max_iter"]


def test_further_losses_are_given_classes_and_probabilities():
    def brier(y, proba):
        return np.mean((proba - np.eye(2)[y]) ** 2)

    training = Training(
        MLPClassifier, PARAMS, "circles", further_losses={"brier": brier}
    )
    trained = train_one(training, repeats=1)
    X, y = trained.data.test
    expected = np.mean((trained.estimators[0].predict_proba(X)[:, 1] - y) ** 2)
    assert trained.result.metrics["test_brier"] == [pytest.approx(expected, rel=1e-5)]


@pytest.mark.parametrize("penalize_bias", [False, True])
def test_penalty_is_what_the_loss_curve_holds(penalize_bias):
    # one step from known weights: the curve's loss is data loss + penalty
    data = load("circles")
    params = {"l1": 0.01, "l2": 0.02, "penalize_bias": penalize_bias}
    common = {"hidden_layer_sizes": (5,), "solver": "sgd", "max_iter": 1, "alpha": 0}
    common |= {"learning_rate_init": 1e-12, "batch_size": 200, "random_state": 0}
    common |= {"weight_init": "glorot", "dtype": "float64"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        plain = MLPClassifier(**common).fit(*data.train)
        penalised = MLPClassifier(**common, **params).fit(*data.train)
    assert penalty(plain) is None
    expected = penalised.loss_curve_[0] - plain.loss_curve_[0]
    assert penalty(penalised) == pytest.approx(expected, rel=1e-6)


def test_stopping_is_off_and_the_seed_alone_differs():
    training = Training(MLPClassifier, PARAMS, "circles", seed_offset=100)
    estimators = make_estimators(training, "full", 3, seed=5, device="cpu")
    assert [one.random_state for one in estimators] == [105, 106, 107]
    for one in estimators:
        assert (one.tol, one.n_iter_no_change, one.alpha) == (0, np.inf, 0)
        rest = one.get_params() | {"random_state": 105}
        assert rest == estimators[0].get_params()
    kept = Training(MLPClassifier, {**PARAMS, "alpha": 0.5, "tol": 0.25}, "circles")
    one = make_estimators(kept, "full", 1, seed=0, device="cpu")[0]
    assert (one.alpha, one.tol) == (0.5, 0.25)


def test_the_trajectory_is_scikit_learns():
    # an independent answer for stopping switched off, seeds and epochs
    trained = train_one(
        Training(MLPClassifier, {**PARAMS, "dtype": "float64"}, "digits")
    )
    for r, estimator in enumerate(trained.estimators):
        twin = SklearnMLP(
            **PARAMS, alpha=0, tol=0, n_iter_no_change=100, random_state=3 + r
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            twin.fit(trained.data.train[0].astype(float), trained.data.train[1])
        np.testing.assert_allclose(estimator.loss_curve_, twin.loss_curve_, rtol=1e-6)
        assert estimator.n_iter_ == PARAMS["max_iter"]


def test_quick_cuts_rows_epochs_and_what_is_measured():
    training = Training(
        MLPClassifier, PARAMS, "digits", quick={"rows": 60, "epochs": 2}
    )
    trained = train_one(training, scale="quick")
    full = load("digits")
    np.testing.assert_array_equal(trained.data.train[0], full.train[0][:60])
    assert (trained.result.n_rows, trained.result.n_epochs) == (60, 2)
    assert [one.n_iter_ for one in trained.estimators] == [2, 2]
    assert trained.data.sizes == (1000, 297, 500)


def test_full_may_stop_at_fewer_epochs():
    trained = train_one(Training(MLPClassifier, PARAMS, "circles", full={"epochs": 3}))
    assert trained.result.n_epochs == 3 == trained.estimators[0].n_iter_


@pytest.mark.parametrize("epochs, steps_after", [(10, 6), (5, 3), (1, 1)])
def test_the_rate_falls_as_far_into_a_shorter_training(epochs, steps_after):
    falling = {"max_iter": 10, "learning_rate": "step", "decay_epochs": 6}
    training = Training(
        MLPClassifier, {**PARAMS, **falling}, "circles", full={"epochs": epochs}
    )
    (estimator,) = make_estimators(training, "full", 1, seed=0, device="cpu")
    assert (estimator.max_iter, estimator.decay_epochs) == (epochs, steps_after)


def test_full_may_see_no_more_rows_than_the_sheets_iterations():
    training = Training(MLPClassifier, PARAMS, "digits", full={"rows": 300})
    data = prepare(training, load("digits"), "full")
    assert [len(data[part][0]) for part in ("train", "validation", "test")] == [
        300,
        297,
        500,
    ]


def test_transformers_see_training_rows_alone():
    training = Training(
        MLPClassifier, PARAMS, "digits", transform=StandardScaler(), quick={"rows": 99}
    )
    data = prepare(training, load("digits"), "quick")
    raw = load("digits")
    scaler = StandardScaler().fit(raw.train[0][:99])
    for part in ("train", "validation", "test"):
        expected = scaler.transform(raw[part][0])[: len(data[part][0])]
        np.testing.assert_allclose(data[part][0], expected, atol=1e-5)
        assert data[part][0].dtype == np.float32


def test_alone_and_together_are_equal():
    others = [
        Training(MLPClassifier, PARAMS, "digits"),
        Training(MLPClassifier, {**PARAMS, "learning_rate_init": 0.01}, "digits"),
        Training(MLPClassifier, {**PARAMS, "dropout": 0.3}, "circles"),
        Training(MLPRegressor, {**PARAMS, "solver": "adam"}, "eckerle4"),
    ]
    with warnings.catch_warnings():
        # batches larger than Eckerle4 are clipped, as scikit-learn says
        warnings.simplefilter("ignore", UserWarning)
        together = train_all(
            others, load, scale="full", repeats=[2] * 4, seed=0, device="cpu"
        )
        for training, stacked in zip(others, together, strict=True):
            alone = train_one(training, seed=0)
            assert alone.result.metrics.keys() == stacked.result.metrics.keys()
            for name, values in alone.result.metrics.items():  # in float32
                assert values == pytest.approx(stacked.result.metrics[name], rel=1e-5)
            one_by_one = [
                clone(estimator).fit(*stacked.data.train)
                for estimator in make_estimators(training, "full", 2, 0, "cpu")
            ]
            for a, b in zip(one_by_one, stacked.estimators, strict=True):
                np.testing.assert_allclose(a.loss_curve_, b.loss_curve_, rtol=1e-4)


class Broken(MLPClassifier):
    """Cannot be fitted with an even seed."""

    def fit(self, X, y, sample_weight=None, X_val=None, y_val=None):
        if self.random_state % 2 == 0:
            raise ArithmeticError("even")
        return super().fit(X, y, sample_weight, X_val, y_val)


def test_what_fails_does_so_alone():
    trainings = [
        Training(MLPClassifier, {"hidden_layer_size": (3,)}, "circles"),
        Training(MLPClassifier, PARAMS, "no data"),
        Training(Broken, PARAMS, "circles"),
        Training(MLPRegressor, {**PARAMS, "learning_rate_init": 1e30}, "eckerle4"),
        Training(MLPClassifier, PARAMS, "circles"),
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # overflow, batches that are clipped
        wrong, absent, broken, diverged, sound = train_all(
            trainings, load, scale="full", repeats=[2] * 5, seed=0, device="cpu"
        )
    assert "hidden_layer_size" in wrong.error
    assert "no data" in absent.error
    assert "ArithmeticError: even" in broken.error
    assert diverged.diverged == [0, 1] and not diverged.error
    assert not sound.error and len(sound.result.metrics["test_accuracy"]) == 2


def test_one_diverged_repetition_leaves_the_others():
    class DivergesOnce(MLPRegressor):
        def fit(self, X, y, sample_weight=None, X_val=None, y_val=None):
            if self.random_state == 1:
                raise DivergedError("Solver produced non-finite parameter weights.")
            return super().fit(X, y, sample_weight, X_val, y_val)

    params = {**PARAMS, "batch_size": 3}
    trained = train_one(Training(DivergesOnce, params, "eckerle4"), repeats=3, seed=0)
    assert trained.diverged == [1] and trained.estimators[1] is None
    values = trained.result.metrics["test_mse"]
    assert np.isfinite(values).tolist() == [True, False, True]


def test_stuck_runs_are_found():
    params = {**PARAMS, "hidden_layer_sizes": (10,) * 8, "activation": "logistic"}
    stuck = train_one(Training(MLPClassifier, params, "digits"))
    assert stuck.stuck == [True, True]
    params = {**PARAMS, "max_iter": 20}
    assert train_one(Training(MLPClassifier, params, "digits")).stuck == [False, False]


def test_curves_are_those_of_the_estimator():
    data = load("digits")
    estimator = MLPClassifier(**PARAMS, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        estimator.fit(*data.train, X_val=data.validation[0], y_val=data.validation[1])
    found = curves(estimator, has_validation=True)
    metrics, _ = measure(estimator, data)
    for name in ("validation_loss", "validation_accuracy"):
        assert found[name][-1] == pytest.approx(metrics[name], rel=1e-5)
    assert found["train_accuracy"] == estimator.training_score_curve_
