"""Backpropagation, momentum and gradient chains against autograd and torch.optim."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from sknn_course import MLPClassifier
from sknn_course.course.theory import (
    WORKED_EXAMPLE,
    backpropagation_step,
    dense_backward,
    dense_forward,
    gradient_norms,
    gradient_norms_by_depth,
    layer_errors,
    moving_average_momentum,
    neuron_chain,
    sgd_parameters,
    softmax_loss_backward,
)

# What the sheet prints: z, a, y_hat and errors, and the table after the step.
PUBLISHED = {
    "z1": [[-1, 1, -2, 2], [-2, 3, 1, -8]],
    "a1": [[0, 1, 0, 2], [0, 3, 1, 0]],
    "y_hat": [[2], [-3]],
    "delta2": [[1], [-2]],
    "delta1": [[0, 0, 0, 2], [0, 0, 2, 0]],
}
AFTER = {
    "mean": {
        "W1": [[1, 2], [0, -1], [-2, -2.5], [-1.5, 1.5]],
        "b1": [-2, 2, -0.5, -2.5],
        "W2": [[1, 1.25, -0.5, 1.5]],
        "b2": [-1.75],
    },
    "sum": {
        "W1": [[1, 2], [0, -1], [-3, -2], [-1, 1]],
        "b1": [-2, 2, -1, -3],
        "W2": [[1, 2.5, 0, 1]],
        "b2": [-1.5],
    },
}
TORCH = {"logistic": torch.sigmoid, "tanh": torch.tanh, "relu": torch.relu}


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def with_gradients(*arrays):
    return [
        torch.tensor(array, dtype=torch.float64, requires_grad=True) for array in arrays
    ]


@pytest.mark.parametrize("name", PUBLISHED)
def test_worked_step_has_the_published_intermediates(name):
    step = backpropagation_step(**WORKED_EXAMPLE)
    np.testing.assert_array_equal(getattr(step, name), PUBLISHED[name])


@pytest.mark.parametrize(
    ("reduction", "loss_after"), [("mean", 4.78125), ("sum", 24.5)]
)
def test_worked_step_has_the_published_result(reduction, loss_after):
    step = backpropagation_step(**WORKED_EXAMPLE, reduction=reduction)
    for name, value in AFTER[reduction].items():
        np.testing.assert_array_equal(step.updated[name], value)
    assert (step.loss_before, step.loss_after) == (2.5, loss_after)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_backpropagation_equals_autograd(reduction, rng):
    sizes = {"W1": (6, 3), "b1": 6, "W2": (2, 6), "b2": 2}
    parameters = {name: rng.normal(size=size) for name, size in sizes.items()}
    X, y = rng.normal(size=(5, 3)), rng.normal(size=(5, 2))
    step = backpropagation_step(
        X, y, **parameters, learning_rate=0.1, reduction=reduction
    )
    W1, b1, W2, b2 = tensors = with_gradients(*parameters.values())
    hidden = torch.relu(F.linear(torch.tensor(X), W1, b1))
    loss = ((F.linear(hidden, W2, b2) - torch.tensor(y)) ** 2).sum() / 2
    (loss / 5 if reduction == "mean" else loss).backward()
    for name, tensor in zip(parameters, tensors, strict=True):
        np.testing.assert_allclose(step.gradients[name], tensor.grad, atol=1e-12)
        expected = parameters[name] - 0.1 * tensor.grad.numpy()
        np.testing.assert_allclose(step.updated[name], expected, atol=1e-12)
    assert step.loss_before == pytest.approx(loss.item())


def test_backpropagation_refuses_an_unknown_reduction():
    with pytest.raises(ValueError, match="reduction='median' .* 'mean' or 'sum'"):
        backpropagation_step(**WORKED_EXAMPLE, reduction="median")


def test_moving_average_without_decay_equals_torch(rng):
    # dampening = momentum is the moving average, but torch starts with m = g
    H, start = np.diag([1.0, 5.0]), rng.normal(size=2)
    path = moving_average_momentum(
        start, lambda theta: H @ theta, 20, learning_rate=0.1, momentum=0.9
    )
    theta = torch.nn.Parameter(torch.tensor(start))
    optimizer = torch.optim.SGD([theta], lr=0.1, momentum=0.9, dampening=0.9)
    theta.grad = torch.zeros_like(theta)
    optimizer.step()  # a gradient of zero makes the buffer zero: m starts at 0
    for expected in path[1:]:
        theta.grad = torch.tensor(H @ theta.detach().numpy())
        optimizer.step()
        np.testing.assert_allclose(theta.detach().numpy(), expected, atol=1e-12)


def test_without_momentum_the_decay_is_an_l2_penalty(rng):
    start = rng.normal(size=3)
    path = moving_average_momentum(
        start, np.cos, 10, learning_rate=0.2, momentum=0, weight_decay=0.5
    )
    theta = torch.nn.Parameter(torch.tensor(start))
    optimizer = torch.optim.SGD([theta], lr=0.2, weight_decay=0.5)
    for expected in path[1:]:
        theta.grad = theta.detach().cos()
        optimizer.step()
        np.testing.assert_allclose(theta.detach().numpy(), expected, atol=1e-12)


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_estimator_takes_the_steps_of_the_moving_average(rng):
    X, y = rng.normal(size=(30, 4)), rng.integers(3, size=30)

    def fitted(n_steps, **parameters):
        model = MLPClassifier(
            (),
            batch_size=30,
            max_iter=n_steps,
            tol=0.0,
            dtype="float64",
            random_state=0,
            **parameters,
        ).fit(X, y)
        return np.column_stack([model.coefs_[0].T, model.intercepts_[0]])

    def gradient(theta):
        columns = X.T  # (4, 30)
        scores = dense_forward(columns, theta[:, :4], theta[:, 4])
        dY = softmax_loss_backward(scores, y)
        _, dA, db = dense_backward(columns, theta[:, :4], dY)
        return np.column_stack([dA, db])

    start = fitted(1, solver="sgd", learning_rate_init=1e-300, momentum=0)
    step = {"learning_rate": 0.5, "momentum": 0.8, "weight_decay": 0.05}
    path = moving_average_momentum(start, gradient, 12, **step)
    for n_steps in (1, 2, 12):
        ours = fitted(n_steps, **sgd_parameters(**step))
        np.testing.assert_allclose(ours, path[n_steps], atol=1e-12)


@pytest.mark.parametrize("momentum", [-0.1, 1.0])
def test_momentum_of_one_or_more_is_refused(momentum):
    with pytest.raises(ValueError, match=f"momentum={momentum}"):
        sgd_parameters(0.1, momentum)


@pytest.mark.parametrize("activation", TORCH)
def test_neuron_chain_equals_autograd(activation, rng):
    weights, biases = rng.normal(scale=2, size=(2, 4))
    W, b = with_gradients(weights, biases)
    a = torch.tensor(0.7, dtype=torch.float64)
    for w, bias in zip(W, b, strict=True):
        a = TORCH[activation](w * a + bias)
    ((a - 0.3) ** 2 / 2).backward()
    chain = neuron_chain(0.7, weights, biases, lambda a: a - 0.3, activation)
    assert chain.a[-1] == pytest.approx(a.item())
    np.testing.assert_allclose(chain.gradients, b.grad, atol=1e-14)


def test_chain_factors_are_at_most_a_quarter_for_weights_in_the_unit_interval(rng):
    for _ in range(100):
        weights, biases = rng.uniform(size=5), rng.normal(scale=3, size=5)
        chain = neuron_chain(rng.normal(), weights, biases, lambda a: 1.0)
        assert (0 <= chain.factors).all() and (chain.factors <= 0.25).all()
    at_zero = neuron_chain(0.0, [1.0, 1.0], [0.0, 0.0], lambda a: 1.0)
    assert at_zero.factors[0] == 0.25  # the bound is reached: not strict


def test_large_weights_explode_and_a_dead_relu_stops_the_chain():
    # w = 100 with z = 0 everywhere: each factor is 25
    chain = neuron_chain(0.0, [100.0] * 4, [0.0, -50, -50, -50], lambda a: 1.0)
    np.testing.assert_allclose(chain.factors, 25)
    dead = neuron_chain(1.0, [1.0, -1.0, 1.0], [0.0] * 3, lambda a: 1.0, "relu")
    assert dead.gradients[0] == 0 and dead.gradients[2] == 0  # z_2 < 0, z_3 = 0


def test_neuron_chain_is_the_one_neuron_case_of_the_layer_errors(rng):
    weights, biases = rng.normal(size=(2, 4))
    chain = neuron_chain(0.5, weights, biases, lambda a: a, "tanh")
    errors = layer_errors(
        [np.array([[w]]) for w in weights],
        [np.array([[z]]) for z in chain.z],
        [[chain.a[-1] * (1 - chain.a[-1] ** 2)]],
        "tanh",
    )
    np.testing.assert_allclose(np.ravel(errors), chain.gradients, atol=1e-14)


@pytest.mark.parametrize("activation", TORCH)
def test_gradient_norms_equal_autograd(activation, rng):
    sizes = [4, 6, 5, 3]
    weights = [rng.normal(size=s) for s in zip(sizes[1:], sizes[:-1], strict=True)]
    biases = [rng.normal(size=n) for n in sizes[1:]]
    X, y = rng.normal(size=(7, 4)), rng.integers(3, size=7)
    tensors = with_gradients(*weights)
    a = torch.tensor(X)
    for W, b in zip(tensors[:-1], biases, strict=False):
        a = TORCH[activation](F.linear(a, W, torch.tensor(b)))
    scores = F.linear(a, tensors[-1], torch.tensor(biases[-1]))
    F.cross_entropy(scores, torch.tensor(y)).backward()
    norms = gradient_norms(weights, biases, X, np.eye(3)[y], activation)
    np.testing.assert_allclose(norms, [t.grad.norm().item() for t in tensors])


def test_gradients_vanish_in_deep_logistic_networks_and_not_with_relu(rng):
    X, Y = rng.uniform(size=(50, 30)), np.eye(10)[rng.integers(10, size=50)]
    kinds = {
        name: gradient_norms_by_depth(X, Y, name, random_state=0)
        for name in ("logistic", "relu")
    }
    assert [len(norms) for norms in kinds["relu"].values()] == [2, 3, 4, 5, 6, 7]
    assert kinds["logistic"][6][0] < 1e-3 * kinds["logistic"][6][-1]
    assert kinds["relu"][6][0] > 0.1 * kinds["relu"][6][-1]


def test_an_unknown_activation_is_refused():
    with pytest.raises(ValueError, match="activation='step' .*'relu'"):
        neuron_chain(0.0, [1.0], [0.0], lambda a: a, "step")
