"""All that the MLPs offer beyond scikit-learn, each against an independent answer.

`torch_loop` is that answer for all that is exact: the training loop that a torch
user would write, with torch.nn, autograd, torch.optim and its lr_scheduler.
"""

import copy
import pickle
import re
import signal
import threading
from itertools import pairwise
from types import SimpleNamespace

import joblib
import numpy as np
import pytest
import skorch
import skorch.callbacks
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn import config_context, metrics
from sklearn.base import clone
from sklearn.exceptions import FitFailedWarning
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    cross_val_score,
    cross_validate,
    train_test_split,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import shuffle
from sklearn.utils.class_weight import compute_sample_weight
from torch import nn, optim
from torch.nn import functional as F
from torch.optim import lr_scheduler

from sknn_course.mlp import MLPClassifier, MLPRegressor

# Fits are short on purpose.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = np.random.RandomState(0).normal(size=(60, 5))
SIGNAL = X @ np.array([1.0, -2.0, 0.5, 0.0, 0.0]) + np.sin(3 * X[:, 3])
TARGETS = {
    "regression": SIGNAL,
    "poisson": np.random.RandomState(1).poisson(np.exp(SIGNAL / 3)).astype(float),
    "binary": np.where(SIGNAL > 0, "yes", "no"),
    "multiclass": np.digitize(SIGNAL, [-1.5, 1.0]),
    "multilabel": (X[:, :3] + X[:, 2:] > 0).astype(int),
}


def estimator(task="multiclass", **options):
    """An MLP that ends after `max_iter` epochs, in double precision."""
    if task == "poisson":
        options = dict(loss="poisson") | options
    kind = MLPRegressor if task in ("regression", "poisson") else MLPClassifier
    defaults = dict(
        hidden_layer_sizes=(7, 4),
        alpha=0.0,
        batch_size=25,  # 25 + 25 + 10 rows
        learning_rate_init=0.02,
        max_iter=12,
        n_iter_no_change=np.inf,
        random_state=0,
        dtype="float64",
    )
    return kind(**defaults | options)


# --- the training loop of a torch user ---

OUTPUTS = {  # what a network's last linear layer means
    "regression": lambda z: z,
    "poisson": torch.exp,
    "binary": torch.sigmoid,
    "multiclass": lambda z: torch.softmax(z, 1),
    "multilabel": torch.sigmoid,
}
LOSSES = {
    "regression": lambda z, y: F.mse_loss(z, y) / 2,
    "poisson": lambda z, y: (torch.xlogy(y, y) - y * z - y + z.exp()).mean(),
    "binary": F.binary_cross_entropy_with_logits,
    "multiclass": F.cross_entropy,
    "multilabel": lambda z, y: (
        F.binary_cross_entropy_with_logits(z, y, reduction="none").sum(1).mean()
    ),
}


def _score(task, z, y):
    """R2 or accuracy of outputs."""
    if task in ("regression", "poisson"):
        return metrics.r2_score(y, OUTPUTS[task](z))
    if task == "multiclass":
        return metrics.accuracy_score(y, z.argmax(1))
    return metrics.accuracy_score(y, z > 0)


def _tensors(task):
    """X and y as the loss takes them."""
    y = TARGETS[task]
    if task == "multiclass":
        return torch.tensor(X), torch.tensor(y)
    y = (y == "yes") if task == "binary" else y
    return torch.tensor(X), torch.tensor(y, dtype=torch.double).reshape(len(X), -1)


def initial_weights(sizes, rng):
    """Weights and biases as scikit-learn's MLP draws them."""
    weights, biases = [], []
    for fan_in, fan_out in pairwise(sizes):
        bound = np.sqrt(6 / (fan_in + fan_out))
        weights.append(torch.tensor(rng.uniform(-bound, bound, (fan_in, fan_out))))
        biases.append(torch.tensor(rng.uniform(-bound, bound, fan_out)))
    return weights, biases


def _network(sizes, hidden, rng):
    module = nn.Sequential()
    weights, biases = initial_weights(sizes, rng)
    for weight, bias in zip(weights, biases, strict=True):
        linear = nn.Linear(*weight.shape, dtype=torch.double)
        linear.weight.data, linear.bias.data = weight.T.contiguous(), bias
        module.extend([linear, *hidden(len(bias))])
    return module[: len(module) - len(hidden(1))].double()


def torch_loop(
    mlp,
    task="multiclass",
    optimizer=lambda parameters, lr: optim.SGD(parameters, lr),
    hidden=lambda units: [nn.ReLU()],
    penalty=lambda weights, biases, n_rows: 0.0,
    scheduler=None,
    per_step=False,
):
    """Train what `mlp` describes; all that was seen on the way."""
    inputs, y = _tensors(task)
    sizes = [
        5,
        *mlp.hidden_layer_sizes,
        3 if task in ("multiclass", "multilabel") else 1,
    ]
    rng = np.random.RandomState(mlp.random_state)
    module = _network(sizes, hidden, rng)
    run = SimpleNamespace(module=module, task=task, losses=[], scores=[])
    run.valid_losses, run.valid_scores = [], []
    train, valid = np.arange(len(X)), []
    if mlp.early_stopping:
        train, valid = train_test_split(
            train,
            random_state=rng,
            test_size=mlp.validation_fraction,
            stratify=y if task == "binary" else None,
        )
    linear = [layer for layer in module if isinstance(layer, nn.Linear)]
    weights, biases = [m.weight for m in linear], [m.bias for m in linear]
    solver = optimizer(module.parameters(), mlp.learning_rate_init)
    schedule = scheduler and scheduler(solver)
    order = np.arange(len(train))
    for _ in range(mlp.max_iter):
        order = shuffle(order, random_state=rng)
        batches = torch.tensor(train[order]).split(mlp.batch_size)
        total, seen = 0.0, []
        for rows in batches:
            z = module(inputs[rows])
            loss = LOSSES[task](z, y[rows]) + penalty(weights, biases, len(rows))
            solver.zero_grad()
            loss.backward()
            solver.step()
            if schedule and per_step:
                schedule.step()
            total += loss.item() * len(rows)
            seen.append(z.detach())
        if schedule and not per_step:
            schedule.step()
        run.losses.append(total / len(train))
        run.scores.append(_score(task, torch.cat(seen), y[torch.cat(batches)]))
        if mlp.early_stopping:
            with torch.no_grad():
                z = module.eval()(inputs[valid])
                run.valid_losses.append(LOSSES[task](z, y[valid]).item())
                run.valid_scores.append(_score(task, z, y[valid]))
            module.train()
    return run


def assert_equals_loop(mlp, run):
    """The fitted `mlp` has the loop's losses, parameters and predictions."""
    assert_allclose(mlp.loss_curve_, run.losses, rtol=1e-7)
    linear = [layer for layer in run.module if isinstance(layer, nn.Linear)]
    for layer, coef, intercept in zip(linear, mlp.coefs_, mlp.intercepts_, strict=True):
        assert_allclose(coef, layer.weight.detach().T, rtol=1e-7, atol=1e-8)
        assert_allclose(intercept, layer.bias.detach(), rtol=1e-7, atol=1e-8)
    with torch.no_grad():
        z = run.module.eval()(torch.tensor(X))
        expected = OUTPUTS[run.task](z)
        assert_allclose(mlp.net_.module_(torch.tensor(X)), z, rtol=1e-7, atol=1e-8)
    if hasattr(mlp, "predict_proba"):
        proba = mlp.predict_proba(X)
        proba = proba[:, 1:] if run.task == "binary" else proba
        assert_allclose(proba, expected, rtol=1e-7, atol=1e-8)
    else:
        assert_allclose(mlp.predict(X), expected.ravel(), rtol=1e-7, atol=1e-8)


# --- solvers, schedules, activations, penalties, batch normalisation ---

TINY = 1e-40  # an epsilon so small that its place does not matter
OPTIMIZERS = {
    "sgd": (
        dict(momentum=0.9, nesterovs_momentum=True),
        lambda p, lr: optim.SGD(p, lr, momentum=0.9, nesterov=True),
    ),
    "adam": (
        dict(beta_1=0.8, beta_2=0.95, epsilon=TINY),
        lambda p, lr: optim.Adam(p, lr, betas=(0.8, 0.95), eps=TINY),
    ),
    "nadam": (
        dict(beta_1=0.8, beta_2=0.95, epsilon=1e-6),
        lambda p, lr: optim.NAdam(p, lr, betas=(0.8, 0.95), eps=1e-6),
    ),
    "rmsprop": (
        dict(rho=0.8, epsilon=1e-6),
        lambda p, lr: optim.RMSprop(p, lr, alpha=0.8, eps=1e-6),
    ),
    "adagrad": (dict(epsilon=1e-6), lambda p, lr: optim.Adagrad(p, lr, eps=1e-6)),
    "adadelta": (
        dict(rho=0.8, epsilon=1e-4, learning_rate_init=1.0),
        lambda p, lr: optim.Adadelta(p, lr, rho=0.8, eps=1e-4),
    ),
}


@pytest.mark.parametrize("solver", OPTIMIZERS)
@pytest.mark.parametrize("task", TARGETS)
def test_solvers_are_those_of_torch(solver, task):
    options, optimizer = OPTIMIZERS[solver]
    mlp = estimator(task, solver=solver, **options).fit(X, TARGETS[task])
    assert_equals_loop(mlp, torch_loop(mlp, task, optimizer))


def _decayed(parameters, decay, penalize_bias):
    """Parameter groups, biases without decay unless asked for."""
    parameters = list(parameters)
    return [
        {"params": [p for p in parameters if p.dim() == 2], "weight_decay": decay},
        {
            "params": [p for p in parameters if p.dim() == 1],
            "weight_decay": decay * penalize_bias,
        },
    ]


@pytest.mark.parametrize("penalize_bias", [False, True])
@pytest.mark.parametrize(
    ("solver", "torchs"),
    [
        ("adam", lambda p, lr: optim.AdamW(p, lr, eps=TINY)),
        ("nadam", lambda p, lr: optim.NAdam(p, lr, decoupled_weight_decay=True)),
    ],
)
def test_weight_decay_is_decoupled_as_in_torch(solver, torchs, penalize_bias):
    mlp = estimator(
        solver=solver,
        weight_decay=0.3,
        penalize_bias=penalize_bias,
        epsilon=TINY if solver == "adam" else 1e-8,
    ).fit(X, TARGETS["multiclass"])
    run = torch_loop(
        mlp, optimizer=lambda p, lr: torchs(_decayed(p, 0.3, penalize_bias), lr)
    )
    assert_equals_loop(mlp, run)


@pytest.mark.parametrize("solver", ["sgd", "rmsprop", "adagrad", "adadelta"])
def test_weight_decay_shrinks_before_the_step(solver):
    options, torchs = OPTIMIZERS[solver]

    def optimizer(parameters, lr):
        parameters = list(parameters)
        solver = torchs(parameters, lr)

        @torch.no_grad()
        def decay(*_):  # p *= 1 - lr weight_decay, weights only
            for p in parameters:
                p.mul_(1 - lr * 0.1 * (p.dim() == 2))

        solver.register_step_pre_hook(decay)
        return solver

    mlp = estimator(solver=solver, weight_decay=0.1, **options)
    mlp.fit(X, TARGETS["multiclass"])
    assert_equals_loop(mlp, torch_loop(mlp, optimizer=optimizer))


def _inverse_time(rate):
    return lambda solver: lr_scheduler.LambdaLR(
        solver, lambda step: 1 / (1 + rate * step)
    )


SCHEDULES = {  # name -> parameters, torch's scheduler, whether it steps per batch
    "exponential": (
        dict(decay_rate=0.8),
        lambda solver: lr_scheduler.ExponentialLR(solver, 0.8),
        False,
    ),
    "exponential, default": (
        {},
        lambda solver: lr_scheduler.ExponentialLR(solver, 0.95),
        False,
    ),
    "step": (
        dict(decay_rate=0.5, decay_epochs=3),
        lambda solver: lr_scheduler.StepLR(solver, 3, 0.5),
        False,
    ),
    "step, default": ({}, lambda solver: lr_scheduler.StepLR(solver, 10, 0.1), False),
    "inverse_time": (dict(decay_rate=0.2), _inverse_time(0.2), True),
    "inverse_time, default": ({}, _inverse_time(1e-6), True),
    "cosine": ({}, lambda solver: lr_scheduler.CosineAnnealingLR(solver, 12), False),
    "one_cycle": (
        {},
        lambda solver: lr_scheduler.OneCycleLR(
            solver, solver.defaults["lr"], 12 * 3, cycle_momentum=False
        ),
        True,
    ),
}


@pytest.mark.parametrize("solver", ["sgd", "adam", "rmsprop"])
@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules_are_those_of_torch(name, solver):
    options, scheduler, per_step = SCHEDULES[name]
    own, optimizer = OPTIMIZERS[solver]
    if solver == "sgd":  # scikit-learn's velocity includes the rate, torch's does not
        own, optimizer = dict(momentum=0.0), optim.SGD
    mlp = estimator(
        solver=solver, learning_rate=name.split(",")[0], **own, **options
    ).fit(X, TARGETS["multiclass"])
    run = torch_loop(mlp, optimizer=optimizer, scheduler=scheduler, per_step=per_step)
    assert_equals_loop(mlp, run)


@pytest.mark.parametrize(
    ("activation", "module"),
    [
        ("elu", nn.ELU),
        ("selu", nn.SELU),
        ("gelu", nn.GELU),
        ("silu", nn.SiLU),
        ("leaky_relu", nn.LeakyReLU),
        ("softplus", nn.Softplus),
    ],
)
@pytest.mark.parametrize("task", ["regression", "multiclass"])
def test_activations_are_those_of_torch(activation, module, task):
    mlp = estimator(task, activation=activation, solver="sgd", momentum=0.0)
    mlp.set_params(learning_rate_init=0.1).fit(X, TARGETS[task])
    run = torch_loop(mlp, task, hidden=lambda units: [module()])
    assert_equals_loop(mlp, run)
    assert any(isinstance(layer, module) for layer in mlp.net_.module_)


@pytest.mark.parametrize(
    "strengths",
    [
        dict(l1=0.02),
        dict(l2=0.03),
        dict(l1=0.02, l2=0.03, penalize_bias=True),
        dict(alpha=2.0, penalize_bias=True),
        dict(alpha=2.0, l1=0.02, l2=0.03),
    ],
    ids=str,
)
@pytest.mark.parametrize("task", ["regression", "multiclass"])
def test_penalties_by_autograd(strengths, task):
    mlp = estimator(task, solver="sgd", momentum=0.0, **strengths)
    mlp.fit(X, TARGETS[task])

    def penalty(weights, biases, n_rows):
        plain = weights + biases if mlp.penalize_bias else weights
        return (
            mlp.l1 * sum(w.abs().sum() for w in plain)
            + mlp.l2 * sum(w.square().sum() for w in plain)
            + mlp.alpha / 2 / n_rows * sum(w.square().sum() for w in weights)
        )

    assert_equals_loop(mlp, torch_loop(mlp, task, penalty=penalty))


@pytest.mark.parametrize(
    ("batch_norm", "hidden"),
    [
        (True, lambda units: [nn.ReLU(), nn.BatchNorm1d(units)]),
        ("after", lambda units: [nn.ReLU(), nn.BatchNorm1d(units)]),
        ("before", lambda units: [nn.BatchNorm1d(units), nn.ReLU()]),
    ],
)
@pytest.mark.parametrize("task", TARGETS)
def test_batch_norm_is_that_of_torch(batch_norm, hidden, task):
    # not adam, which makes steps out of the rounding errors of biases before it
    options, optimizer = OPTIMIZERS["sgd"]
    mlp = estimator(task, batch_norm=batch_norm, solver="sgd", **options)
    mlp.fit(X, TARGETS[task])
    run = torch_loop(mlp, task, optimizer, hidden=hidden)
    assert_equals_loop(mlp, run)
    ours, torchs = (
        [layer for layer in module if isinstance(layer, nn.BatchNorm1d)]
        for module in (mlp.net_.module_, run.module)
    )
    for one, other in zip(ours, torchs, strict=True):
        for name in ("weight", "bias", "running_mean", "running_var"):
            mine, reference = getattr(one, name), getattr(other, name)
            assert_allclose(mine.detach(), reference.detach(), rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("task", TARGETS)
def test_lbfgs_ends_where_the_gradient_of_torch_vanishes(task):
    mlp = estimator(task, solver="lbfgs", activation="softplus", alpha=3.0, l2=0.02)
    mlp.set_params(max_iter=2000, tol=1e-7, penalize_bias=True)
    mlp.fit(X, TARGETS[task])
    inputs, y = _tensors(task)
    module = copy.deepcopy(mlp.net_.module_)
    loss = LOSSES[task](module(inputs), y)
    for p in module.parameters():
        loss = loss + p.square().sum() * (0.02 + 1.5 / len(X) * (p.dim() == 2))
    assert_allclose(mlp.loss_, loss.item(), rtol=1e-7)
    loss.backward()
    assert max(p.grad.abs().max() for p in module.parameters()) < 2e-4


@pytest.mark.parametrize("batch_norm", ["before", "after"])
def test_batch_norm_takes_a_last_batch_of_one_row(batch_norm):
    # where torch.nn.BatchNorm1d raises an error
    mlp = estimator(batch_norm=batch_norm, batch_size=59)
    mlp.fit(X, TARGETS["multiclass"])
    assert np.isfinite(mlp.loss_curve_).all()
    assert np.isfinite(mlp.predict_proba(X)).all()


@pytest.mark.parametrize("task", TARGETS)
def test_first_step_follows_finite_differences(task):
    mlp = estimator(task, solver="sgd", momentum=0.0, activation="silu", max_iter=1)
    mlp.set_params(learning_rate_init=1.0, batch_size=60, l2=0.1, penalize_bias=True)
    mlp.fit(X, TARGETS[task])
    inputs, y = _tensors(task)
    sizes = [5, 7, 4, mlp.n_outputs_]
    module = _network(sizes, lambda _: [nn.SiLU()], np.random.RandomState(0))
    learned = [v.T for v in mlp.coefs_] + mlp.intercepts_
    linear = [layer for layer in module if isinstance(layer, nn.Linear)]
    starts = [m.weight.data for m in linear] + [m.bias.data for m in linear]

    def loss():
        with torch.no_grad():
            plain = sum(p.square().sum() for p in module.parameters())
            return (LOSSES[task](module(inputs), y) + 0.1 * plain).item()

    for start, end in zip(starts, learned, strict=True):
        gradient = start.numpy() - end  # of a step of rate 1
        for place in np.ndindex(*start.shape):
            value = start[place].item()
            around = []
            for change in (1e-5, -1e-5):
                start[place] = value + change
                around.append(loss())
            start[place] = value
            slope = (around[0] - around[1]) / 2e-5
            assert_allclose(gradient[place], slope, rtol=1e-5, atol=1e-8)


# --- dropout and noise ---

WIDE = np.random.RandomState(3).normal(size=(200, 20))
SOURCES = {
    "input_dropout": dict(input_dropout=0.3),
    "first layer": dict(dropout=(0.4, 0.0)),
    "second layer": dict(dropout=[0.0, 0.25]),
    "noise": dict(noise=0.2),
}


def expected_loss(weights, biases, y, input_dropout=0.0, dropout=(0.0, 0.0), noise=0.0):
    """Mean half squared error of a linear network with random units, of each row.

    Its output is linear in the random factors m / (1 - rate) of the units, whose
    mean is 1 and whose variance is rate / (1 - rate), and in the noise.
    """
    units, layers = [], [torch.tensor(WIDE)]
    for weight, bias in zip(weights, biases, strict=True):
        layers.append(layers[-1] @ weight + bias)
    for index in range(3):  # how each unit of layers[index] acts on the output
        path = weights[index]
        for weight in weights[index + 1 :]:
            path = path @ weight
        units.append(path)
    variance = 0.0
    for rate, h, path in zip((input_dropout, *dropout), layers, units, strict=False):
        variance = variance + rate / (1 - rate) * h.square() @ path.square()
    for path in units[1:]:
        variance = variance + noise**2 * path.square().sum()
    return ((y - layers[-1]).square() + variance) / 2


@pytest.mark.parametrize("source", SOURCES)
def test_training_loss_has_the_moments_of_dropout_and_noise(source):
    options = SOURCES[source]
    weights, biases = initial_weights([20, 40, 30, 1], np.random.RandomState(0))
    clean = torch.tensor(WIDE)
    for weight, bias in zip(weights, biases, strict=True):
        clean = clean @ weight + bias
    mlp = estimator("regression", hidden_layer_sizes=(40, 30), activation="identity")
    mlp.set_params(solver="sgd", momentum=0.0, learning_rate_init=1e-200)
    mlp.set_params(batch_size=200, max_iter=300, **options)
    mlp.fit(WIDE, clean.ravel().numpy())
    loss = expected_loss(weights, biases, clean, **options).numpy()
    assert_allclose(np.mean(mlp.loss_curve_), loss.mean(), rtol=0.03)
    # rows, units and epochs are independent: with e ~ N(0, s^2), var(e^2) = 2 s^4
    spread = np.sqrt(2 * np.sum(loss**2)) / 200
    assert_allclose(np.std(mlp.loss_curve_), spread, rtol=0.3)
    # no trace of them in what is predicted
    assert_allclose(mlp.predict(WIDE), clean.ravel(), rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("source", SOURCES)
def test_training_follows_the_mean_gradient_of_dropout_and_noise(source):
    options = SOURCES[source]
    weights, biases = initial_weights([20, 40, 30, 1], np.random.RandomState(0))
    y = WIDE[:, :1] - 2 * WIDE[:, 1:2]
    mlp = estimator("regression", hidden_layer_sizes=(40, 30), activation="identity")
    mlp.set_params(solver="sgd", momentum=0.0, learning_rate_init=1e-7)
    mlp.set_params(batch_size=200, max_iter=600, **options).fit(WIDE, y.ravel())
    for parameter in weights + biases:
        parameter.requires_grad_()
    expected_loss(weights, biases, torch.tensor(y), **options).mean().backward()
    for start, end in zip(weights + biases, mlp.coefs_ + mlp.intercepts_, strict=True):
        moved = (start.detach() - torch.tensor(end)) / (1e-7 * 600)
        assert (moved - start.grad).norm() < 0.03 * start.grad.norm()


@pytest.mark.parametrize("options", [dict(dropout=0.5), dict(noise=0.3)], ids=str)
def test_masks_follow_the_seed_and_the_step(options):
    fitted = estimator(solver="sgd", learning_rate_init=1e-200, shuffle=False)
    fitted.set_params(**options).fit(X, TARGETS["multiclass"])

    def losses(seed):
        mlp = copy.deepcopy(fitted).set_params(random_state=seed)
        return [mlp.partial_fit(X, TARGETS["multiclass"]).loss_ for _ in range(4)]

    one, same, other = losses(1), losses(1), losses(2)
    assert one == same
    assert len({*one, *other}) == 8  # never the same mask again


def test_one_rate_is_that_of_every_layer():
    curves = [
        estimator(dropout=dropout, input_dropout=0.1).fit(X, SIGNAL > 0).loss_curve_
        for dropout in (0.3, (0.3, 0.3), [0.3, 0.3], np.array([0.3, 0.3]))
    ]
    assert curves[0] == curves[1] == curves[2] == curves[3]


@pytest.mark.parametrize("off", [dict(dropout=0.0), dict(dropout=[0.0, 0.0])], ids=str)
def test_rates_of_zero_change_nothing(off):
    plain = estimator().fit(X, TARGETS["multiclass"])
    mlp = estimator(input_dropout=0.0, noise=0.0, **off).fit(X, TARGETS["multiclass"])
    assert mlp.loss_curve_ == plain.loss_curve_
    assert not any(isinstance(layer, nn.Dropout) for layer in mlp.net_.module_)


@pytest.mark.parametrize(
    "options",
    [{}, dict(dropout=0.4, input_dropout=0.1, noise=0.1), dict(batch_norm=True)],
    ids=str,
)
@pytest.mark.parametrize("task", ["regression", "binary", "multiclass"])
def test_sample_weight_is_the_row_repeated(task, options):
    weight = np.random.RandomState(5).randint(0, 4, len(X))
    options = dict(alpha=1.0, l1=0.01, batch_size="auto") | options
    weighted = estimator(task, **options)
    weighted.fit(X, TARGETS[task], sample_weight=weight)
    repeated = estimator(task, **options)
    repeated.fit(np.repeat(X, weight, 0), np.repeat(TARGETS[task], weight, 0))
    for one, other in zip(weighted.coefs_, repeated.coefs_, strict=True):
        assert_allclose(one, other, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(
    "options",
    [
        dict(dropout=0.3, input_dropout=0.2, noise=0.1),
        dict(batch_norm=True, early_stopping=True),
        dict(solver="lbfgs", l1=0.01),
        dict(callbacks=[skorch.callbacks.EpochScoring("accuracy")]),
    ],
    ids=str,
)
def test_sparse_rows_are_as_dense(options):
    rows = np.where(np.abs(X) > 0.7, X, 0.0)
    dense = estimator(**options).fit(rows, TARGETS["binary"])
    for container in (sparse.csr_array, sparse.csc_matrix):
        mlp = estimator(**options).fit(container(rows), TARGETS["binary"])
        for one, other in zip(mlp.coefs_, dense.coefs_, strict=True):
            assert_allclose(one, other, rtol=1e-9, atol=1e-12)
        predicted = mlp.predict_proba(container(rows))
        assert_allclose(predicted, dense.predict_proba(rows), rtol=1e-9)


@pytest.mark.parametrize(
    "change", [dict(dropout=0.4), dict(input_dropout=0.0), dict(noise=0.3)], ids=str
)
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_rates_may_change_between_fits(change, method):
    mlp = estimator(warm_start=True, input_dropout=0.1)
    mlp.fit(X, TARGETS["multiclass"])
    getattr(mlp.set_params(**change), method)(X, TARGETS["multiclass"])
    assert len(mlp.loss_curve_) == (24 if method == "fit" else 13)


# --- initial weights, class weights ---


@pytest.mark.parametrize(
    ("weight_init", "std"),
    [
        ("glorot", lambda fan_in, fan_out: np.sqrt(2 / (fan_in + fan_out))),
        ("glorot_uniform", lambda fan_in, fan_out: np.sqrt(2 / (fan_in + fan_out))),
        ("glorot_normal", lambda fan_in, fan_out: np.sqrt(2 / (fan_in + fan_out))),
        ("he_uniform", lambda fan_in, fan_out: np.sqrt(2 / fan_in)),
        ("he_normal", lambda fan_in, fan_out: np.sqrt(2 / fan_in)),
        ("lecun_uniform", lambda fan_in, fan_out: np.sqrt(1 / fan_in)),
        ("lecun_normal", lambda fan_in, fan_out: np.sqrt(1 / fan_in)),
        ("uniform", lambda fan_in, fan_out: 0.05 / np.sqrt(3)),
        ("uniform(0.3)", lambda fan_in, fan_out: 0.3 / np.sqrt(3)),
        ("normal", lambda fan_in, fan_out: 0.05),
        ("normal(0.2)", lambda fan_in, fan_out: 0.2),
        ("zeros", lambda fan_in, fan_out: 0.0),
    ],
)
def test_initial_weights_have_the_bounds_and_spread_of_their_rule(weight_init, std):
    mlp = estimator("regression", hidden_layer_sizes=(150, 300), solver="sgd")
    mlp.set_params(weight_init=weight_init, learning_rate_init=1e-200, max_iter=1)
    mlp.fit(WIDE, WIDE[:, 0])
    for coef, intercept in zip(mlp.coefs_[:2], mlp.intercepts_[:2], strict=True):
        expected = std(*coef.shape)
        assert_allclose(coef.std(), expected, rtol=0.03, atol=1e-150)
        assert abs(coef.mean()) <= 4 * expected / np.sqrt(coef.size)
        largest = np.abs(coef).max()
        if "normal" in weight_init:
            assert largest > 3 * expected
        else:  # U(-a, a) has the standard deviation a / sqrt(3)
            assert_allclose(largest, np.sqrt(3) * expected, rtol=0.01, atol=1e-150)
        if weight_init == "glorot":  # scikit-learn's, biases too
            assert_allclose(np.abs(intercept).max(), largest, rtol=0.1)
        else:
            assert_allclose(intercept, 0.0, atol=1e-150)


@pytest.mark.parametrize(
    ("bias_init", "std"),
    [("zeros", 0.0), ("uniform(0.3)", 0.3 / np.sqrt(3)), ("normal(0.2)", 0.2)],
)
def test_initial_biases(bias_init, std):
    mlp = estimator("regression", hidden_layer_sizes=(2000,), bias_init=bias_init)
    mlp.set_params(learning_rate_init=1e-200, max_iter=1, solver="sgd")
    mlp.fit(X, SIGNAL)
    assert_allclose(mlp.intercepts_[0].std(), std, rtol=0.06, atol=1e-150)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("class_weight", ["balanced", {0: 5.0, 2: 0.5}, None], ids=str)
def test_class_weight_is_the_sample_weight_of_the_class(class_weight, solver):
    y = TARGETS["multiclass"]
    by_class = estimator(class_weight=class_weight, solver=solver)
    by_row = estimator(solver=solver)
    own = np.random.RandomState(6).uniform(0.5, 2.0, len(y))
    of_class = compute_sample_weight(class_weight, y)
    for weight in (np.ones(len(y)), own):
        by_class.fit(X, y, sample_weight=weight)
        by_row.fit(X, y, sample_weight=weight * of_class)
        for one, other in zip(by_class.coefs_, by_row.coefs_, strict=True):
            assert_allclose(one, other, rtol=1e-7, atol=1e-9)
    by_class.fit(X, y)
    by_row.fit(X, y, sample_weight=of_class)
    assert_allclose(by_class.predict_proba(X), by_row.predict_proba(X), rtol=1e-7)


@pytest.mark.parametrize("options", [{}, dict(batch_norm=True), dict(dropout=0.2)])
def test_class_weight_in_single_precision(options):
    y = TARGETS["multiclass"]
    mlp = estimator(class_weight="balanced", dtype="float32", **options).fit(X, y)
    double = estimator(class_weight="balanced", **options).fit(X, y)
    assert_allclose(mlp.predict_proba(X), double.predict_proba(X), atol=1e-4)


def test_balanced_class_weight_needs_all_rows():
    with pytest.raises(ValueError, match="class_weight='balanced' .* partial_fit"):
        estimator(class_weight="balanced").partial_fit(X, SIGNAL > 0, classes=[0, 1])


def test_class_weight_by_name():
    y = TARGETS["binary"]
    by_class = estimator("binary", class_weight={"yes": 4.0, "no": 1.0}).fit(X, y)
    by_row = estimator("binary").fit(X, y, sample_weight=np.where(y == "yes", 4.0, 1))
    assert_allclose(by_class.loss_curve_, by_row.loss_curve_, rtol=1e-7)


# --- validation ---


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


# --- the net and its callbacks ---


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


def test_what_a_callback_raises_reaches_the_user():
    class Broken(skorch.callbacks.Callback):
        def on_epoch_end(self, net, **kwargs):
            raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        estimator(callbacks=[Broken()]).fit(X, TARGETS["multiclass"])


# --- interruption and divergence ---


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


# --- devices, random generators, persistence, parameters ---


def test_devices():
    fits = [
        estimator(device=device).fit(X, TARGETS["binary"])
        for device in ("cpu", torch.device("cpu"), "auto")
    ]
    for mlp in fits:
        assert_allclose(mlp.loss_curve_, fits[0].loss_curve_, rtol=1e-6)
    assert {p.device.type for p in fits[0].net_.module_.parameters()} == {"cpu"}


@pytest.mark.parametrize("device", ["gpu", "cuda:99", "cpu:x"])
def test_unknown_device(device):
    with pytest.raises(ValueError, match=f"device='{device}' .* use 'auto' or one of"):
        estimator(device=device).fit(X, SIGNAL > 0)


@pytest.mark.parametrize(
    "options",
    [{}, dict(dropout=0.3, noise=0.1), dict(early_stopping=True), dict(solver="lbfgs")],
    ids=str,
)
def test_global_random_generators_are_left_alone(options):
    numpy_before, torch_before = np.random.get_state(), torch.get_rng_state()
    mlp = estimator(**options).fit(X, TARGETS["multiclass"])
    mlp.predict(X)
    copy.deepcopy(mlp)
    assert_array_equal(np.random.get_state()[1], numpy_before[1])
    assert np.random.get_state()[2:] == numpy_before[2:]
    assert torch.equal(torch.get_rng_state(), torch_before)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_dtype(dtype, solver):
    for given in (np.float32, np.float64, int):
        mlp = estimator("regression", dtype=dtype, solver=solver)
        mlp.fit((10 * X).astype(given), SIGNAL)
        computed = "float64" if solver == "lbfgs" else dtype
        assert {str(v.dtype) for v in mlp.coefs_ + mlp.intercepts_} == {computed}
        assert str(mlp.predict((10 * X).astype(given)).dtype) == computed


def _through_joblib(mlp, path):
    joblib.dump(mlp, path / "mlp.joblib")
    return joblib.load(path / "mlp.joblib")


@pytest.mark.parametrize(
    "copied",
    [
        lambda mlp, path: pickle.loads(pickle.dumps(mlp)),
        _through_joblib,
        lambda mlp, path: copy.deepcopy(mlp),
    ],
    ids=["pickle", "joblib", "deepcopy"],
)
@pytest.mark.parametrize(
    "options",
    [
        dict(solver="adam", dropout=0.2),
        dict(solver="sgd", batch_norm=True, learning_rate="one_cycle", max_iter=4),
        dict(solver="nadam", learning_rate="exponential"),
    ],
    ids=str,
)
def test_copies_predict_and_go_on_alike(options, copied, tmp_path):
    X32 = X.astype(np.float32)
    mlp = estimator(dtype="float32", **options).fit(X32, TARGETS["multiclass"])
    other = copied(mlp, tmp_path)
    assert_array_equal(other.predict_proba(X32), mlp.predict_proba(X32))
    assert other.net_.history == mlp.net_.history
    for _ in range(3):
        mlp.partial_fit(X32, TARGETS["multiclass"])
    assert len(other.loss_curve_) == len(mlp.loss_curve_) - 3  # nothing is shared
    for _ in range(3):
        other.partial_fit(X32, TARGETS["multiclass"])
    assert other.loss_curve_ == mlp.loss_curve_
    assert_array_equal(other.predict_proba(X32), mlp.predict_proba(X32))


def test_pickle_holds_no_training_data():
    rows = np.random.RandomState(0).normal(size=(5000, 20))
    recorder = skorch.callbacks.EpochScoring("accuracy", name="mine")
    mlp = estimator(early_stopping=True, max_iter=2, callbacks=[recorder])
    mlp.fit(rows, rows[:, 0] > 0)
    assert len(pickle.dumps(mlp)) < 100_000 < rows.nbytes


def test_clone_search_and_pipeline():
    pipeline = make_pipeline(
        StandardScaler(),
        estimator(callbacks=[("mine", Recorder())], class_weight={0: 2}),
    )
    grid = {
        "mlpclassifier__dropout": [0.0, [0.1, 0.2]],
        "mlpclassifier__hidden_layer_sizes": [(7, 4)],
        "mlpclassifier__batch_norm": [False, "before"],
    }
    search = GridSearchCV(pipeline, grid, cv=3).fit(X, TARGETS["multiclass"])
    best = clone(pipeline).set_params(**search.best_params_)
    scores = cross_val_score(best, X, TARGETS["multiclass"], cv=3)
    assert_allclose(scores.mean(), search.best_score_)
    assert not hasattr(best, "classes_")


def test_metadata_routing():
    weight = np.random.RandomState(2).uniform(0.1, 3.0, 60)
    with config_context(enable_metadata_routing=True):
        mlp = estimator().set_fit_request(sample_weight=True)
        mlp.set_score_request(sample_weight=True)
        scaler = StandardScaler().set_fit_request(sample_weight=False)
        result = cross_validate(
            make_pipeline(scaler, mlp),
            X,
            TARGETS["multiclass"],
            cv=KFold(2),
            params={"sample_weight": weight},
            return_estimator=True,
        )
    rows = np.arange(30, 60)
    alone = make_pipeline(StandardScaler(), estimator())
    alone.fit(
        X[rows], TARGETS["multiclass"][rows], mlpclassifier__sample_weight=weight[rows]
    )
    routed = result["estimator"][0]
    assert_allclose(routed.predict_proba(X), alone.predict_proba(X), rtol=1e-9)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("activation", "swish"),
        ("solver", "lion"),
        ("learning_rate", "warm"),
        ("decay_rate", -0.5),
        ("decay_epochs", 0),
        ("rho", 1.5),
        ("l1", -1.0),
        ("l2", "much"),
        ("penalize_bias", "yes"),
        ("weight_decay", -0.1),
        ("dropout", 1.0),
        ("dropout", -0.1),
        ("dropout", (0.1, 0.2, 0.3)),
        ("dropout", (0.1, 1.5)),
        ("input_dropout", 1.0),
        ("batch_norm", "middle"),
        ("noise", -1.0),
        ("weight_init", "xavier"),
        ("weight_init", "uniform(-1)"),
        ("weight_init", "normal(x)"),
        ("bias_init", "he_normal"),
        ("class_weight", "equal"),
        ("dtype", "int8"),
        ("callbacks", "all"),
    ],
)
def test_wrong_parameters_are_named_with_their_value(name, value):
    message = f"{name}.*{re.escape(str(value))}"
    with pytest.raises(ValueError, match=message):
        estimator(**{name: value}).fit(X, TARGETS["multiclass"])


def test_text_as_target_of_a_regressor():
    with pytest.raises(ValueError, match="a regressor needs numbers"):
        estimator("regression").fit(X, TARGETS["binary"])


@pytest.mark.parametrize("way", ["warm_start", "partial_fit"])
def test_another_structure_cannot_go_on(way):
    mlp = estimator(warm_start=True).fit(X, TARGETS["multiclass"])
    mlp.set_params(hidden_layer_sizes=(7, 5))
    with pytest.raises(ValueError, match="(?s)same .*layers"):
        getattr(mlp, "fit" if way == "warm_start" else way)(X, TARGETS["multiclass"])
