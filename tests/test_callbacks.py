"""The skorch net of a fitted estimator, and skorch callbacks in training."""

import copy

import numpy as np
import pytest
import skorch
import skorch.callbacks
import torch
from joblib import parallel_config
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import FitFailedWarning
from sklearn.model_selection import GridSearchCV, cross_val_score
from torch import nn, optim
from torch.optim import lr_scheduler
from torch_loop import (
    OUTPUTS,
    SIGNAL,
    TARGETS,
    TINY,
    X,
    assert_equals_loop,
    estimator,
    torch_loop,
)

from sknn_course.mlp import MLPClassifier

# Fits are short on purpose.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.mark.parametrize("task", TARGETS)
def test_net_is_a_skorch_net_around_plain_torch(task):
    mlp = estimator(task, dropout=0.1, batch_norm="before").fit(X, TARGETS[task])
    assert isinstance(mlp.net_, skorch.NeuralNet)
    module = mlp.net_.module_
    assert type(module) is nn.Sequential and not module.training
    assert all(type(layer).__module__.startswith("torch.nn.") for layer in module)
    with torch.no_grad():
        outputs = OUTPUTS[task](module(torch.tensor(X))).numpy()
    if task in ("regression", "poisson"):
        assert_allclose(outputs.ravel(), mlp.predict(X))
        assert_allclose(mlp.net_.predict(X).ravel(), mlp.predict(X))
        return
    proba = mlp.predict_proba(X)
    assert_allclose(outputs, proba[:, 1:] if task == "binary" else proba)
    if task != "multilabel":
        assert_allclose(mlp.net_.predict_proba(X), proba)
        assert_array_equal(
            mlp.classes_[mlp.net_.predict(X).astype(int)], mlp.predict(X)
        )


def test_weights_go_into_a_torch_users_own_network():
    mlp = estimator("regression", activation="tanh").fit(X, SIGNAL)
    own = nn.Sequential(
        nn.Linear(5, 7), nn.Tanh(), nn.Linear(7, 4), nn.Tanh(), nn.Linear(4, 1)
    ).double()
    own.load_state_dict(mlp.net_.module_.state_dict())
    assert_allclose(own(torch.tensor(X)).detach().ravel(), mlp.predict(X))


def test_skorch_can_go_on_training_the_net():
    mlp = estimator(early_stopping=True).fit(X, TARGETS["multiclass"])
    before = mlp.loss_curve_[-1]
    mlp.net_.partial_fit(X, TARGETS["multiclass"], epochs=30)
    assert len(mlp.net_.history) == 42
    assert mlp.net_.history[-1, "train_loss"] < before


@pytest.mark.parametrize(
    ("task", "score"), [("binary", "acc"), ("multilabel", "acc"), ("poisson", "r2")]
)
def test_history_has_a_row_per_epoch(task, score):
    mlp = estimator(task, early_stopping=True, warm_start=True)
    mlp.fit(X, TARGETS[task]).fit(X, TARGETS[task])
    history = mlp.net_.history
    assert_array_equal(history[:, "epoch"], np.arange(1, 25))
    assert_array_equal(history[:, "train_loss"], mlp.loss_curve_)
    assert_array_equal(history[:, "valid_loss"], mlp.validation_loss_curve_)
    assert_array_equal(history[:, f"valid_{score}"], mlp.validation_scores_)
    assert_array_equal(history[:, f"train_{score}"], mlp.training_score_curve_)
    assert min(history[:, "dur"]) > 0


class Recorder(skorch.callbacks.Callback):
    """Writes down what it is told, and the parameters after each epoch."""

    def initialize(self):
        self.calls_, self.states_ = [], []
        return self

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        self.calls_.append(("train begins", len(X)))

    def on_epoch_begin(self, net, dataset_train=None, dataset_valid=None, **kwargs):
        n_valid = 0 if dataset_valid is None else len(dataset_valid)
        self.calls_.append(("epoch begins", len(dataset_train), n_valid))

    def on_batch_end(self, net, batch=None, training=None, **kwargs):
        if training:
            self.calls_.append(("batch", len(batch[0])))

    def on_epoch_end(self, net, **kwargs):
        self.calls_.append(("epoch ends", net.history[-1, "epoch"]))
        self.states_.append(copy.deepcopy(net.module_.state_dict()))

    def on_train_end(self, net, **kwargs):
        self.calls_.append(("train ends",))


def test_own_callback_is_told_of_all():
    recorder = Recorder()
    estimator(max_iter=2, callbacks=[recorder]).fit(X, TARGETS["multiclass"])
    batches = [("batch", 25), ("batch", 25), ("batch", 10)]
    assert recorder.calls_ == [
        ("train begins", 60),
        ("epoch begins", 60, 0),
        *batches,
        ("epoch ends", 1),
        ("epoch begins", 60, 0),
        *batches,
        ("epoch ends", 2),
        ("train ends",),
    ]
    recorder = Recorder()
    mlp = estimator(max_iter=1, early_stopping=True, callbacks=[("mine", recorder)])
    mlp.fit(X, TARGETS["multiclass"])
    assert ("epoch begins", 54, 6) in recorder.calls_


class Collector(skorch.callbacks.Callback):
    """Keeps the batches of an epoch."""

    def on_epoch_begin(self, net, **kwargs):
        self.batches_ = []

    def on_batch_begin(self, net, batch=None, training=None, **kwargs):
        self.batches_.append(batch)


def test_batches_stay_as_they_were_told():
    X, y = np.random.default_rng(0).normal(size=(3000, 1000)), np.arange(3000) % 2
    collector = Collector()
    mlp = MLPClassifier((2,), batch_size=500, max_iter=1, callbacks=[collector])
    mlp.fit(X.astype(np.float32), y)
    told = torch.cat([X for X, _ in collector.batches_])
    assert_allclose(np.sort(told[:, 0]), np.sort(X[:, 0]), rtol=1e-6)


@pytest.mark.parametrize(
    "options",
    [
        {},
        dict(early_stopping=True, batch_norm=True),
        dict(dropout=0.3, noise=0.1, shuffle=False),
        dict(solver="sgd", learning_rate="one_cycle"),
        dict(solver="sgd", learning_rate="adaptive", tol=0.1, n_iter_no_change=1),
    ],
    ids=str,
)
@pytest.mark.parametrize("task", TARGETS)
def test_onlooking_callbacks_change_nothing(task, options):
    plain = estimator(task, **options).fit(X, TARGETS[task])
    recorder = Recorder()
    seen = estimator(task, callbacks=[recorder], **options).fit(X, TARGETS[task])
    assert_allclose(seen.loss_curve_, plain.loss_curve_, rtol=1e-12)
    for one, other in zip(seen.coefs_, plain.coefs_, strict=True):
        assert_allclose(one, other, rtol=1e-12, atol=1e-12)
    if not plain.early_stopping:  # which restores weights of an earlier epoch
        own = [v for k, v in recorder.states_[-1].items() if k.endswith("0.weight")]
        assert_array_equal(own[0].T, seen.coefs_[0])


def test_callback_lr_scheduler():
    callback = skorch.callbacks.LRScheduler(lr_scheduler.ExponentialLR, gamma=0.8)
    mlp = estimator(solver="sgd", momentum=0.0, callbacks=[callback])
    mlp.fit(X, TARGETS["multiclass"])
    run = torch_loop(mlp, scheduler=lambda s: lr_scheduler.ExponentialLR(s, 0.8))
    assert_equals_loop(mlp, run)
    assert_allclose(mlp.net_.history[:, "event_lr"], 0.02 * 0.8 ** np.arange(12))


def test_callback_lr_scheduler_on_plateau():
    callback = skorch.callbacks.LRScheduler(
        "ReduceLROnPlateau", patience=0, factor=0.5, threshold=0
    )
    mlp = estimator(solver="sgd", learning_rate_init=3.0, max_iter=20)
    mlp.set_params(callbacks=[callback]).fit(X, TARGETS["multiclass"])
    rates = [3.0]  # halved after each epoch that was no better than the best
    for epoch in range(1, 20):
        better = min(mlp.loss_curve_[:epoch]) == mlp.loss_curve_[epoch - 1]
        rates.append(rates[-1] * (1.0 if better else 0.5))
    assert_allclose(mlp.net_.history[:, "event_lr"], rates)
    assert_allclose(mlp.net_.history[:, "lr"], rates)
    assert len(set(rates)) > 2


def test_callback_early_stopping():
    # after the first epoch nothing counts as an improvement
    callback = skorch.callbacks.EarlyStopping(
        "train_loss", patience=2, threshold=100, threshold_mode="abs", sink=str
    )
    mlp = estimator(callbacks=[callback]).fit(X, TARGETS["multiclass"])
    plain = estimator(max_iter=3).fit(X, TARGETS["multiclass"])
    assert mlp.n_iter_ == len(mlp.loss_curve_) == len(mlp.net_.history) == 3
    for one, other in zip(mlp.coefs_, plain.coefs_, strict=True):
        assert_allclose(one, other, rtol=1e-12)


@pytest.mark.parametrize("callback", ["Checkpoint", "EarlyStopping"])
def test_callbacks_load_the_best_weights(callback, tmp_path):
    recorder = Recorder()
    loader = {
        "Checkpoint": skorch.callbacks.Checkpoint(
            monitor="train_loss_best", dirname=tmp_path, load_best=True
        ),
        "EarlyStopping": skorch.callbacks.EarlyStopping(
            "train_loss", patience=100, threshold=0, load_best=True, sink=str
        ),
    }[callback]
    mlp = estimator(solver="sgd", learning_rate_init=3.0, max_iter=30)
    mlp.set_params(callbacks=[recorder, loader]).fit(X, TARGETS["multiclass"])
    best = int(np.argmin(mlp.loss_curve_))
    assert best < 29
    for name, value in recorder.states_[best].items():
        assert_array_equal(mlp.net_.module_.state_dict()[name], value)
    assert_array_equal(recorder.states_[best]["0.weight"].T, mlp.coefs_[0])


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_callback_epoch_scoring(task):
    EpochScoring = skorch.callbacks.EpochScoring
    mlp = estimator(task, early_stopping=True, validation_fraction=0.3, dropout=0.2)
    mlp.set_params(
        callbacks=[
            EpochScoring("accuracy", lower_is_better=False, name="mine"),
            EpochScoring("neg_log_loss", lower_is_better=False, use_caching=False),
            ("net", EpochScoring(lambda net, X, y: len(net.history), name="length")),
        ]
    ).fit(X, TARGETS[task])
    history = mlp.net_.history
    assert_allclose(history[:, "mine"], mlp.validation_scores_)
    assert_allclose(history[:, "neg_log_loss"], -np.array(mlp.validation_loss_curve_))
    assert_array_equal(history[:, "length"], np.arange(1, 13))


@pytest.mark.parametrize("use_caching", [False, True])
def test_callback_epoch_scoring_on_the_training_rows(use_caching):
    callback = skorch.callbacks.EpochScoring(
        "accuracy", name="mine", on_train=True, use_caching=use_caching
    )
    mlp = estimator(callbacks=[callback]).fit(X, TARGETS["multiclass"])
    run = torch_loop(
        mlp.set_params(epsilon=TINY).fit(X, TARGETS["multiclass"]),
        optimizer=lambda p, lr: optim.Adam(p, lr, eps=TINY),
    )
    if use_caching:  # of the predictions made while training
        assert_allclose(mlp.net_.history[:, "mine"], run.scores)
    else:
        score = mlp.score(X, TARGETS["multiclass"])
        assert_allclose(mlp.net_.history[-1, "mine"], score)


def test_callback_gradient_clipping():
    def optimizer(parameters, lr):
        parameters = list(parameters)
        solver = optim.SGD(parameters, lr)
        solver.register_step_pre_hook(
            lambda *_: nn.utils.clip_grad_norm_(parameters, 0.05) and None
        )
        return solver

    callback = skorch.callbacks.GradientNormClipping(0.05)
    mlp = estimator(solver="sgd", momentum=0.0, callbacks=[callback])
    mlp.set_params(learning_rate_init=0.5).fit(X, TARGETS["multiclass"])
    assert_equals_loop(mlp, torch_loop(mlp, optimizer=optimizer))


HOOKS = [
    "on_train_begin",
    "on_epoch_begin",
    "on_batch_begin",
    "on_grad_computed",
    "on_batch_end",
    "on_epoch_end",
    "on_train_end",
]


@pytest.mark.parametrize("hook", HOOKS)
def test_an_error_in_a_hook_stays_with_its_fit(hook):
    class Broken(skorch.callbacks.Callback):
        def fail(self, net, **kwargs):
            if hook.startswith("on_train") or len(net.history) == 2:
                raise ZeroDivisionError(hook)

    def search():
        return GridSearchCV(
            estimator(max_iter=3), {"callbacks": [None, [Broken()]]}, cv=2, refit=False
        ).fit(X, TARGETS["multiclass"])

    setattr(Broken, hook, Broken.fail)
    mlp = estimator(max_iter=3, callbacks=[Broken()])
    with pytest.raises(ZeroDivisionError, match=hook):
        mlp.fit(X, TARGETS["multiclass"])
    mlp.set_params(callbacks=None).fit(X, TARGETS["multiclass"])
    fresh = estimator(max_iter=3).fit(X, TARGETS["multiclass"])
    assert mlp.loss_curve_ == fresh.loss_curve_
    with (
        parallel_config("stacked"),
        pytest.warns(FitFailedWarning, match="2 fits failed"),
        pytest.warns(UserWarning, match="non-finite"),
    ):
        scores = search().cv_results_["mean_test_score"]
    alone = cross_val_score(estimator(max_iter=3), X, TARGETS["multiclass"], cv=2)
    assert_array_equal(scores, [alone.mean(), np.nan])


@pytest.mark.parametrize(
    "callback",
    [
        print,
        None,
        3,
        "PrintLog",
        ("name", 3),
        skorch.callbacks.WarmRestartLR,
        skorch.callbacks.Freezer,  # a class that needs arguments
        skorch.callbacks.InputShapeSetter(),
    ],
    ids=str,
)
def test_what_is_no_callback_is_refused_by_name(callback):
    known = skorch.callbacks.EpochTimer()
    with pytest.raises(ValueError, match=r"callbacks\[1\]="):
        estimator(callbacks=[known, callback]).fit(X, TARGETS["multiclass"])


@pytest.mark.parametrize("backend", ["loky", "stacked"])
def test_search_over_parameters_of_callbacks(backend):
    scheduler = skorch.callbacks.LRScheduler("StepLR", step_size=1, gamma=0.5)
    clipping = skorch.callbacks.GradientNormClipping()
    mlp = estimator("regression", callbacks=[("rate", scheduler), clipping, Recorder])
    grid = {
        "callbacks__rate__gamma": [0.1, 1.0],
        "callbacks__GradientNormClipping": [None, clipping],
    }
    with parallel_config(backend, n_jobs=1):
        search = GridSearchCV(mlp, grid, cv=2, refit=False).fit(X, SIGNAL)
    expected = [
        cross_val_score(
            estimator("regression", callbacks=callbacks), X, SIGNAL, cv=2
        ).mean()
        for callbacks in (
            [skorch.callbacks.LRScheduler("StepLR", step_size=1, gamma=0.1)],
            [],
        )
    ]
    assert_allclose(search.cv_results_["mean_test_score"], expected * 2)
    assert scheduler.gamma == 0.5


def test_parameters_of_callbacks():
    names = [skorch.callbacks.EpochTimer(), skorch.callbacks.EpochTimer, Recorder()]
    mlp = estimator(callbacks=names)
    assert {"EpochTimer_1", "EpochTimer_2", "Recorder"} == {
        key.split("__")[1] for key in mlp.get_params() if key.startswith("callbacks__")
    }
    mlp.set_params(callbacks__Recorder=None)
    assert mlp.callbacks[2] == ("Recorder", None) and len(names) == 3
    assert names[2] is not None
    for key in ("callbacks__Timer__x", "callbacks__EpochTimer_1__x"):
        with pytest.raises(ValueError, match="Invalid parameter"):
            mlp.set_params(**{key: 1})
    with pytest.raises(ValueError, match="without parameters to set"):
        mlp.set_params(callbacks__EpochTimer_2__x=1)
