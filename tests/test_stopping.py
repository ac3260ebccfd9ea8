"""What ends training: validation, interruption, divergence."""

import signal
import threading

import numpy as np
import pytest
import skorch
import skorch.callbacks
from joblib import parallel_config
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import neural_network
from sklearn.base import clone
from sklearn.exceptions import FitFailedWarning
from sklearn.model_selection import GridSearchCV, train_test_split
from torch import optim
from torch_loop import SIGNAL, TARGETS, TINY, X, estimator, initial_weights, torch_loop
from training_jobs import job

from sknn_course._engine import train
from sknn_course.mlp import MLPClassifier, MLPRegressor

# Fits are short on purpose.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.mark.parametrize("task", TARGETS)
def test_curves_of_training_and_validation(task):
    mlp = estimator(task, early_stopping=True, validation_fraction=0.3, epsilon=TINY)
    mlp.set_params(learning_rate_init=0.1).fit(X, TARGETS[task])
    run = torch_loop(mlp, task, lambda p, lr: optim.Adam(p, lr, eps=TINY))
    assert_allclose(mlp.loss_curve_, run.losses, rtol=1e-6)
    assert_allclose(mlp.training_score_curve_, run.scores, rtol=1e-6)
    assert_allclose(mlp.validation_scores_, run.valid_scores, rtol=1e-6)
    assert_allclose(mlp.validation_loss_curve_, run.valid_losses, rtol=1e-6)
    history = mlp.net_.history
    for name, curve in [
        ("train_loss", mlp.loss_curve_),
        ("valid_loss", mlp.validation_loss_curve_),
    ]:
        assert_array_equal(history[:, name], curve)


def test_no_curves_without_a_validation_split():
    mlp = estimator().fit(X, TARGETS["multiclass"])
    assert mlp.validation_loss_curve_ is None
    assert mlp.training_score_curve_ is None


def _validation_rows(mlp, n_outputs):
    """The rows that `mlp` held out, after the draws of its initial weights."""
    rng = np.random.RandomState(mlp.random_state)
    initial_weights([5, *mlp.hidden_layer_sizes, n_outputs], rng)
    rows = np.arange(len(X))
    return train_test_split(rows, random_state=rng, test_size=mlp.validation_fraction)[
        1
    ]


@pytest.mark.parametrize("options", [{}, dict(batch_norm=True, dropout=0.2)], ids=str)
@pytest.mark.parametrize("task", ["regression", "multiclass"])
def test_best_weights_are_restored(task, options):
    mlp = estimator(task, early_stopping=True, validation_fraction=0.4, **options)
    mlp.set_params(learning_rate_init=0.1, max_iter=30).fit(X, TARGETS[task])
    best = max(mlp.validation_scores_)
    assert mlp.validation_scores_[-1] < best == mlp.best_validation_score_
    rows = _validation_rows(mlp, mlp.n_outputs_)
    assert_allclose(mlp.score(X[rows], TARGETS[task][rows]), best, rtol=1e-7)


def test_best_weights_outlive_a_worse_warm_start():
    mlp = estimator("regression", early_stopping=True, warm_start=True, max_iter=40)
    mlp.fit(X, SIGNAL)
    best = [coef.copy() for coef in mlp.coefs_]
    score = mlp.best_validation_score_
    mlp.set_params(solver="sgd", learning_rate_init=0.5, max_iter=5).fit(X, SIGNAL)
    assert len(mlp.validation_scores_) == 45
    assert max(mlp.validation_scores_[40:]) < score == mlp.best_validation_score_
    for coef, expected in zip(mlp.coefs_, best, strict=True):
        assert_array_equal(coef, expected)


class Interrupt(skorch.callbacks.Callback):
    """Ctrl-C in the third epoch."""

    def on_epoch_end(self, net, **kwargs):
        if len(net.history) == 3:
            signal.raise_signal(signal.SIGINT)


def _interrupted(mlp):
    with pytest.warns(UserWarning, match=r"^Training interrupted by user\.$"):
        try:
            return mlp.fit(X, TARGETS["multiclass"])
        except KeyboardInterrupt:  # which would end the test run
            pytest.fail("fit did not handle the interruption")


def test_interrupted_fit_leaves_a_usable_model():
    mlp = _interrupted(estimator(callbacks=[Interrupt()]))
    plain = estimator(max_iter=3).fit(X, TARGETS["multiclass"])
    assert mlp.n_iter_ == len(mlp.net_.history) == 3
    assert_allclose(mlp.loss_curve_, plain.loss_curve_, rtol=1e-12)
    assert_allclose(mlp.predict_proba(X), plain.predict_proba(X), rtol=1e-9)
    mlp.partial_fit(X, TARGETS["multiclass"])
    assert len(mlp.loss_curve_) == 4


def test_interrupted_fit_restores_the_best_weights():
    options = dict(early_stopping=True, validation_fraction=0.4, learning_rate_init=0.5)
    mlp = _interrupted(estimator(callbacks=[Interrupt()], **options))
    rows = _validation_rows(mlp, 3)
    score = mlp.score(X[rows], TARGETS["multiclass"][rows])
    assert_allclose(score, max(mlp.validation_scores_))


def test_interruption_at_any_moment():
    mlp = estimator(max_iter=10**7, tol=0.0)
    timer = threading.Timer(0.3, signal.raise_signal, [signal.SIGINT])
    timer.start()
    _interrupted(mlp)
    timer.join()
    assert len(mlp.loss_curve_) == mlp.n_iter_ < 10**7
    assert mlp.predict(X).shape == (60,)


def test_diverging_candidate_harms_no_other_in_a_search():
    def search(rates):
        return GridSearchCV(mlp, {"learning_rate_init": rates}, cv=3).fit(X, SIGNAL)

    mlp = estimator("regression", solver="sgd", activation="identity")
    with pytest.raises(ValueError, match="Solver produced non-finite parameter weigh"):
        clone(mlp).set_params(learning_rate_init=1e9).fit(X, SIGNAL)
    with (
        pytest.warns(FitFailedWarning, match="3 fits failed out of a total of 9"),
        pytest.warns(UserWarning, match="test scores are non-finite"),
    ):
        with_bad = search([0.01, 1e9, 0.05]).cv_results_["mean_test_score"]
    without = search([0.01, 0.05]).cv_results_["mean_test_score"]
    assert np.isnan(with_bad[1])
    assert_allclose(with_bad[[0, 2]], without, rtol=1e-9)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_cancelled_training_ends_with_the_epoch_or_iteration(solver):
    to_the_end, cancelled = job(solver=solver), job(solver=solver)
    cancelled.cancelled = True
    train([to_the_end])
    train([cancelled])
    assert cancelled.progress.n_iter == 1 < to_the_end.progress.n_iter
    assert cancelled.progress.loss_curve == to_the_end.progress.loss_curve[:1]


DIVERGING = dict(
    hidden_layer_sizes=(7,),
    solver="sgd",
    early_stopping=True,
    max_iter=60,
    n_iter_no_change=5,
    random_state=0,
)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_diverging_ends_as_nothing_improves(dtype):
    # scikit-learn keeps the same weights, after all epochs
    rows = (1e3 * X).astype(dtype)
    mlp = MLPRegressor(dtype=None, **DIVERGING).fit(rows, SIGNAL.astype(dtype))
    with np.errstate(all="ignore"):
        theirs = neural_network.MLPRegressor(**DIVERGING)
        theirs.fit(rows, SIGNAL.astype(dtype))
    assert theirs.n_iter_ == 60
    best = int(np.nanargmax(mlp.validation_scores_))
    assert mlp.n_iter_ == best + 1 + 6
    assert not np.isfinite(mlp.validation_scores_[-1])
    for own, expected in zip(mlp.coefs_, theirs.coefs_, strict=True):
        assert_allclose(own, expected, rtol=1e-4)


@pytest.mark.parametrize("scale", [1e6, 1e10])
def test_probabilities_that_are_no_numbers_are_not_the_best(scale):
    rows, y = (scale * X).astype(np.float32), TARGETS["multiclass"]
    mlp = MLPClassifier(**DIVERGING).fit(rows, y)
    assert np.isnan(mlp.validation_scores_[-1])
    assert np.isfinite(mlp.predict_proba(rows)).all()


def test_only_start_weights_are_an_error_of_the_job_alone():
    def search(rates):
        return GridSearchCV(mlp, {"learning_rate_init": rates}, cv=3, refit=False).fit(
            X, SIGNAL
        )

    mlp = estimator("regression", solver="sgd", activation="identity")
    mlp.set_params(early_stopping=True, validation_fraction=0.2, dtype="float32")
    with pytest.raises(ValueError, match="validation score in no epoch.*float32"):
        clone(mlp).set_params(learning_rate_init=1e9).fit(X, SIGNAL)
    with (
        parallel_config("stacked"),
        pytest.warns(FitFailedWarning, match="3 fits failed out of a total of 9"),
        pytest.warns(UserWarning, match="test scores are non-finite"),
    ):
        with_bad = search([0.01, 1e9, 0.05]).cv_results_["mean_test_score"]
    without = search([0.01, 0.05]).cv_results_["mean_test_score"]
    assert np.isnan(with_bad[1])
    assert_allclose(with_bad[[0, 2]], without, rtol=1e-5)
