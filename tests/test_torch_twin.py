"""Solvers, schedules, activations, penalties and batch normalisation of torch."""

import copy
from functools import partial

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from torch import nn, optim
from torch.optim import lr_scheduler
from torch_loop import (
    LOSSES,
    TARGETS,
    TINY,
    X,
    assert_equals_loop,
    estimator,
    network,
    tensors,
    torch_loop,
)

# Fits are short on purpose.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

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
    "adagrad": (
        dict(epsilon=1e-6, initial_accumulator=0.1),
        lambda p, lr: optim.Adagrad(p, lr, initial_accumulator_value=0.1, eps=1e-6),
    ),
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
        (True, lambda units, norm: [nn.ReLU(), norm(units)]),
        ("after", lambda units, norm: [nn.ReLU(), norm(units)]),
        ("before", lambda units, norm: [norm(units), nn.ReLU()]),
    ],
)
@pytest.mark.parametrize(("momentum", "eps"), [(0.1, 1e-5), (0.01, 1e-3)])
@pytest.mark.parametrize("task", TARGETS)
def test_batch_norm_is_that_of_torch(batch_norm, hidden, momentum, eps, task):
    # not adam, which makes steps out of the rounding errors of biases before it
    options, optimizer = OPTIMIZERS["sgd"]
    mlp = estimator(task, batch_norm=batch_norm, solver="sgd", **options)
    mlp.set_params(batch_norm_momentum=momentum, batch_norm_epsilon=eps)
    mlp.fit(X, TARGETS[task])
    norm = partial(nn.BatchNorm1d, momentum=momentum, eps=eps)
    run = torch_loop(mlp, task, optimizer, hidden=lambda units: hidden(units, norm))
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
    inputs, y = tensors(task)
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
    inputs, y = tensors(task)
    sizes = [5, 7, 4, mlp.n_outputs_]
    module = network(sizes, lambda _: [nn.SiLU()], np.random.RandomState(0))
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
