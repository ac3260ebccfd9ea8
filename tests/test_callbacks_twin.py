"""skorch's callbacks beside skorch itself: the same network, trained step by step."""

from functools import partial

import numpy as np
import pytest
import skorch
import torch
from numpy.testing import assert_allclose
from sklearn.neural_network._stochastic_optimizers import SGDOptimizer
from skorch import callbacks as sc
from skorch.dataset import Dataset
from skorch.helper import predefined_split
from torch import nn, optim
from torch.optim import lr_scheduler
from torch_loop import TARGETS, TINY, X, estimator, network

# Fits are short on purpose.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

Y = TARGETS["multiclass"]
SOLVERS = {
    "sgd": (dict(momentum=0.0), {}),
    "adam": (
        dict(epsilon=TINY),
        dict(optimizer=optim.Adam, optimizer__eps=TINY),
    ),
}


class Recorder(sc.Callback):
    """Keeps the parameters after each step."""

    def initialize(self):
        self.steps = []
        return self

    def on_batch_end(self, net, training=None, **kwargs):
        if training:
            self.steps.append(flat(net))


def flat(net):
    return torch.cat([p.detach().flatten() for p in net.module_.parameters()]).clone()


def skorch_net(callbacks, solver="sgd", validated=False, max_epochs=5):
    """skorch's net with the start weights of `estimator()`."""
    split = predefined_split(Dataset(X[40:], Y[40:])) if validated else None
    return skorch.NeuralNetClassifier(
        network([5, 7, 4, 3], lambda units: [nn.ReLU()], np.random.RandomState(0)),
        criterion=nn.CrossEntropyLoss,
        lr=0.05,
        batch_size=25,
        max_epochs=max_epochs,
        train_split=split,
        callbacks=callbacks,
        verbose=0,
        **SOLVERS[solver][1],
    )


def train(callbacks, solver="sgd", validated=False, max_iter=5):
    """Our estimator, fitted with the callbacks."""
    mlp = estimator(
        solver=solver,
        shuffle=False,
        learning_rate_init=0.05,
        max_iter=max_iter,
        callbacks=callbacks,
        **SOLVERS[solver][0],
    )
    if validated:
        return mlp.fit(X[:40], Y[:40], X_val=X[40:], y_val=Y[40:])
    return mlp.fit(X, Y)


def assert_equal_training(make, solver, validated=False):
    """Callbacks that `make` gives have the same effect in both."""
    ours, theirs = Recorder(), Recorder()
    mlp = train([*make(), ours], solver, validated)
    net = skorch_net([*make(), theirs], solver, validated)
    n_rows = 40 if validated else 60
    net.fit(X[:n_rows], Y[:n_rows])
    assert_allclose(torch.stack(ours.steps), torch.stack(theirs.steps), atol=1e-12)
    assert_allclose(flat(mlp.net_), flat(net), atol=1e-12)
    assert_allclose(mlp.coefs_[0].T.ravel(), flat(net)[:35], atol=1e-12)
    assert len(mlp.net_.history) == len(net.history)
    for own, expected in zip(mlp.net_.history, net.history, strict=True):
        assert set(expected) <= set(own)
        for name in set(expected) - {"batches", "dur"}:
            assert own[name] == pytest.approx(expected[name])
        assert [set(b) for b in own["batches"]] == [set(b) for b in expected["batches"]]
        for b, c in zip(own["batches"], expected["batches"], strict=True):
            assert b == pytest.approx(c)


# --- learning rates ---

POLICIES = {
    "StepLR": dict(step_size=2, gamma=0.0),
    "MultiStepLR": dict(milestones=[2, 4]),
    "ExponentialLR": dict(gamma=0.8),
    "LambdaLR": dict(lr_lambda=lambda n: n / 5),  # a warm-up from 0
    "CosineAnnealingLR": dict(T_max=5),
    "CyclicLR": dict(base_lr=0.01, max_lr=0.1, step_size_up=2, cycle_momentum=False),
    "ReduceLROnPlateau": dict(patience=0, threshold=0.1),
    "WarmRestartLR": dict(base_period=3),
    lr_scheduler.OneCycleLR: dict(max_lr=0.1, total_steps=30, cycle_momentum=False),
    lr_scheduler.LinearLR: {},
}


@pytest.mark.parametrize("step_every", ["epoch", "batch"])
@pytest.mark.parametrize("policy", POLICIES, ids=str)
def test_rates_count_from_the_next_step(policy, step_every):
    options = POLICIES[policy]
    assert_equal_training(
        lambda: [sc.LRScheduler(policy, step_every=step_every, **options)], "sgd"
    )


def test_cycled_betas_of_adam():
    one_cycle = dict(max_lr=0.1, total_steps=30, step_every="batch")
    assert_equal_training(
        lambda: [sc.LRScheduler(lr_scheduler.OneCycleLR, **one_cycle)], "adam"
    )


@pytest.mark.parametrize("nesterov", [False, True])
def test_cycled_momentum_is_that_of_scikit_learn(nesterov):
    class Changing(Recorder):
        gradients, values = (), ()

        def on_grad_computed(self, net, named_parameters, **kwargs):
            n = len(self.steps)
            net.optimizer_.param_groups[0].update(
                lr=0.1 / (n + 1), momentum=0.1 * (n + 1)
            )
            if not n:
                self.start = flat(net)
            gradient = torch.cat([p.grad.flatten() for _, p in named_parameters])
            self.gradients += (gradient.numpy().copy(),)

        def on_batch_end(self, net, **kwargs):
            super().on_batch_end(net, **kwargs)
            # what callbacks see stays the gradient after the step, too
            seen = torch.cat([p.grad.flatten() for p in net.module_.parameters()])
            assert_allclose(seen, self.gradients[-1])

    changing = Changing()
    mlp = estimator(solver="sgd", nesterovs_momentum=nesterov, max_iter=3)
    mlp.set_params(callbacks=[changing]).fit(X, Y)
    p = changing.start.numpy().copy()
    sgd = SGDOptimizer([p], momentum=0.0, nesterov=nesterov)
    for n, gradient in enumerate(changing.gradients, 1):
        sgd.learning_rate, sgd.momentum = 0.1 / n, 0.1 * n
        sgd.update_params([p], [gradient])
        assert_allclose(changing.steps[n - 1], p, atol=1e-12)


@pytest.mark.parametrize("schedule", ["cosine", "inverse_time"])
def test_two_that_set_the_rate_are_refused(schedule):
    mlp = estimator(solver="sgd", learning_rate=schedule, decay_rate=0.1)
    mlp.set_params(callbacks=[sc.LRScheduler("StepLR", step_size=1)])
    with pytest.raises(ValueError, match=f"learning_rate='{schedule}' and a callback"):
        mlp.fit(X, Y)


# --- parameters, gradients, the optimizer ---


class Grads(sc.Callback):
    """Replaces gradients."""

    def on_grad_computed(self, net, named_parameters, **kwargs):
        for name, p in named_parameters:
            p.grad = None if "bias" in name and len(net.history) % 2 else p.grad.sign()


class Shrink(sc.Callback):
    """Replaces parameter data."""

    def on_batch_begin(self, net, training=None, **kwargs):
        if training:
            for p in net.module_.parameters():
                p.data = p.data * 0.9


class Groups(sc.Callback):
    """A rate of its own for some parameters, none for another."""

    def on_train_begin(self, net, **kwargs):
        optimizer = net.optimizer_
        parameters = optimizer.param_groups[0]["params"]
        optimizer.param_groups[0]["params"] = parameters[1:3]
        optimizer.add_param_group({"params": parameters[3:], "lr": 0.01})


class Reset(sc.Callback):
    """Forgets the moments."""

    def on_epoch_begin(self, net, **kwargs):
        if len(net.history) == 3:
            net.optimizer_.state.clear()


def _alternate(net):
    odd = len(net.history) % 2
    return skorch.utils.freeze_parameter if odd else skorch.utils.unfreeze_parameter


CHANGES = {
    "Freezer": lambda: [sc.Freezer("0.*")],
    "Freezer at": lambda: [sc.Freezer(["0.weight", "*bias"], at=3)],
    "Unfreezer": lambda: [sc.Freezer("0.*"), sc.Unfreezer("0.*", at=3)],
    "ParamMapper": lambda: [sc.ParamMapper("2.*", schedule=_alternate)],
    "Initializer": lambda: [
        sc.Initializer("*weight", fn=partial(nn.init.constant_, val=0.1)),
        sc.Initializer("4.*", fn=partial(nn.init.constant_, val=0.1), at=3),
    ],
    "clipping": lambda: [sc.Freezer("0.*"), sc.GradientNormClipping(0.05)],
    "gradients": lambda: [Grads()],
    "data": lambda: [Shrink()],
    "groups": lambda: [Groups()],
    "moments": lambda: [Reset()],
}


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("changes", CHANGES.values(), ids=CHANGES)
def test_what_a_callback_changes_counts(changes, solver):
    assert_equal_training(changes, solver)


@pytest.mark.parametrize("penalty", [dict(alpha=1.0), dict(l1=0.1), dict(l2=0.1)])
@pytest.mark.parametrize("weight_decay", [0.0, 0.5])
def test_no_penalty_or_decay_moves_what_is_frozen(penalty, weight_decay):
    recorder = Recorder()
    mlp = estimator(activation="tanh", weight_decay=weight_decay, **penalty)
    freezer = sc.Freezer(["0.*", "2.weight"], at=2)
    mlp.set_params(callbacks=[freezer, recorder]).fit(X, Y)
    first = recorder.steps[2]  # after the first epoch
    frozen = slice(0, 7 * 5 + 7 + 7 * 4)
    assert torch.equal(recorder.steps[-1][frozen], first[frozen])
    assert not torch.isclose(recorder.steps[-1], first)[frozen.stop :].any()


def test_batches_of_the_history_make_up_the_loss():
    options = dict(alpha=1.0, l1=0.1, l2=0.1, solver="sgd")
    weight = np.linspace(0.5, 1.5, 60)
    for callback in (Recorder(), sc.EpochTimer()):  # told of each batch, and not
        mlp = estimator(callbacks=[callback], **options).fit(X, Y, sample_weight=weight)
        for row, loss in zip(mlp.net_.history, mlp.loss_curve_, strict=True):
            losses = [batch["train_loss"] for batch in row["batches"]]
            assert np.average(losses, weights=[25, 25, 10]) == pytest.approx(loss)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda net: net.optimizer_.param_groups[0].update(weight_decay=1), "'weight_"),
        (lambda net: net.initialize_optimizer(), "replaced net.optimizer_"),
        (
            lambda net: net.set_params(module=nn.Linear(5, 3)).initialize(),
            "net.module_",
        ),
        (
            lambda net: setattr(net.module_[0], "bias", nn.Parameter(torch.zeros(7))),
            "replaced parameters of net.module_",
        ),
        (
            lambda net: setattr(net.module_[0].bias, "data", torch.zeros(3)),
            r"the shape \(3,\): it must stay \(7,\)",
        ),
    ],
    ids=["group", "optimizer", "module", "parameter", "shape"],
)
def test_what_cannot_be_changed_is_refused(change, match):
    callback = sc.Callback()
    callback.on_train_begin = lambda net, **kwargs: change(net)
    with pytest.raises(ValueError, match=match):
        estimator(callbacks=[callback]).fit(X, Y)


# --- all that skorch ships ---


def shipped(folder):
    """Name -> callbacks, as they come."""
    score = partial(sc.EpochScoring, lower_is_better=False)
    best = "train_loss_best"
    return {
        "BatchScoring": lambda: [
            sc.BatchScoring("accuracy", lower_is_better=False),
            sc.BatchScoring("f1_macro", name="f1", on_train=True),
        ],
        "Checkpoint": lambda: [sc.Checkpoint(dirname=folder(), f_pickle="net.pkl")],
        "Checkpoint, load_best": lambda: [
            sc.LRScheduler("LambdaLR", lr_lambda=lambda n: 100.0**n),
            sc.Checkpoint(
                best, "{last_epoch[epoch]}.pt", dirname=folder(), load_best=True
            ),
        ],
        "EarlyStopping": lambda: [
            sc.EarlyStopping(patience=2, threshold=0.05, load_best=True, sink=str)
        ],
        "EpochScoring": lambda: [
            score("accuracy"),
            score("f1_macro", on_train=True),
            score("neg_log_loss", use_caching=False),
        ],
        "LoadInitState": lambda: [sc.LoadInitState(sc.Checkpoint(dirname=folder()))],
        "LRScheduler": lambda: [
            sc.LRScheduler("ReduceLROnPlateau", "valid_loss", patience=0, threshold=0.2)
        ],
        "PassthroughScoring": lambda: [sc.PassthroughScoring("valid_loss")],
        "logging": lambda: [
            sc.EpochTimer,
            sc.PrintLog(sink=str),
            ("bar", sc.ProgressBar),
        ],
        "TrainEndCheckpoint": lambda: [sc.TrainEndCheckpoint(dirname=folder())],
    }


NAMES = list(shipped(None))


@pytest.fixture
def folder(tmp_path_factory):
    return lambda: str(tmp_path_factory.mktemp("checkpoint"))


@pytest.mark.parametrize("name", NAMES)
def test_shipped_callback(name, folder):
    assert_equal_training(shipped(folder)[name], "adam", validated=True)


def test_shipped_callbacks_together(folder):
    makers = shipped(folder)
    del makers["Checkpoint, load_best"]
    together = lambda: [c for make in makers.values() for c in make()]  # noqa: E731
    assert_equal_training(together, "adam", validated=True)


@pytest.mark.parametrize("solver", SOLVERS)
def test_training_goes_on_from_the_checkpoint_of_skorch(solver, folder):
    saved = sc.TrainEndCheckpoint(dirname=folder())
    skorch_net([saved], solver).fit(X, Y)
    assert_equal_training(lambda: [sc.LoadInitState(saved)], solver)


def test_skorch_goes_on_with_the_moments():
    going_on = train([sc.EpochTimer()], "adam", max_iter=2).net_
    going_on.set_params(callbacks=[]).partial_fit(X, Y, epochs=3)
    assert_allclose(flat(going_on), flat(train([sc.EpochTimer()], "adam").net_))


def test_print_log_prints_a_table(capsys):
    mlp = train([sc.PrintLog()], max_iter=3)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["epoch", "lr", "train_loss", "dur"]
    assert [line.split()[0] for line in lines[2:]] == ["1", "2", "3"]
    assert f"{mlp.loss_:.4f}" in lines[-1]


@pytest.mark.parametrize(
    ("callback", "monitor", "advice"),
    [
        (sc.EarlyStopping(), "valid_loss", "monitor 'train_loss'"),
        (sc.Checkpoint(), "valid_loss_best", "monitor 'train_loss_best'"),
        (sc.LRScheduler("ReduceLROnPlateau", "valid_acc"), "valid_acc", "X_val"),
    ],
)
def test_nothing_to_monitor_without_validation_rows(callback, monitor, advice):
    match = f"monitor='{monitor}', but the history has .*no validation rows: .*{advice}"
    with pytest.raises(ValueError, match=match):
        train([callback])
