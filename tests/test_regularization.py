"""Dropout and noise: their moments, mean gradients, seeds and rates."""

import copy

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from torch import nn
from torch_loop import SIGNAL, TARGETS, X, estimator, initial_weights

# Fits are short on purpose.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

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
    "change", [dict(dropout=0.4), dict(input_dropout=0.0), dict(noise=0.3)], ids=str
)
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_rates_may_change_between_fits(change, method):
    mlp = estimator(warm_start=True, input_dropout=0.1)
    mlp.fit(X, TARGETS["multiclass"])
    getattr(mlp.set_params(**change), method)(X, TARGETS["multiclass"])
    assert len(mlp.loss_curve_) == (24 if method == "fit" else 13)
