"""A small data set of each task, and the training loop of a torch user.

`torch_loop` trains what an MLP describes with torch.nn, autograd, torch.optim and
its lr_scheduler: the independent answer for all that is exact.
"""

from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import torch
from numpy.testing import assert_allclose
from sklearn import metrics
from sklearn.model_selection import train_test_split
from sklearn.utils import shuffle
from torch import nn, optim
from torch.nn import functional as F

from sknn_course.mlp import MLPClassifier, MLPRegressor

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


# --- the training loop ---

TINY = 1e-40  # an epsilon so small that its place does not matter
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


def tensors(task):
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


def network(sizes, hidden, rng):
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
    inputs, y = tensors(task)
    sizes = [
        5,
        *mlp.hidden_layer_sizes,
        3 if task in ("multiclass", "multilabel") else 1,
    ]
    rng = np.random.RandomState(mlp.random_state)
    module = network(sizes, hidden, rng)
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
