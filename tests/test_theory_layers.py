"""Layers by hand against autograd, central differences and torch."""

import numpy as np
import pytest
import torch
from scipy import ndimage
from torch.nn import functional as F

from sknn_course.course.theory import (
    TanhNetwork,
    convolve,
    cross_correlate,
    cross_entropy,
    dense_backward,
    dense_forward,
    gradient_check,
    gradient_descent_step,
    numerical_gradient,
    relu_backward,
    relu_forward,
    softmax_loss_backward,
    softmax_loss_forward,
    softplus_backward,
    softplus_forward,
    tanh_network_forward,
    tanh_network_gradients,
)

BATCHES = {"one sample": (75,), "columns": (75, 4), "images": (5, 5, 3, 4)}
ELEMENTWISE = {
    "relu": (relu_forward, relu_backward, torch.relu),
    "softplus": (softplus_forward, softplus_backward, F.softplus),
}


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def autograd(function, *arrays):
    """Value of a torch function of arrays, and its gradients."""
    tensors = [torch.tensor(array, requires_grad=True) for array in arrays]
    value = function(*tensors)
    value.backward()
    return value.item(), [tensor.grad.numpy() for tensor in tensors]


@pytest.mark.parametrize("shape", BATCHES.values(), ids=BATCHES)
def test_dense_layer_equals_autograd(shape, rng):
    X, A, b = rng.normal(size=shape), rng.normal(size=(7, 75)), rng.normal(size=7)
    Y = dense_forward(X, A, b)
    assert Y.shape == (7, *shape[1:][-1:])
    dY = rng.normal(size=Y.shape)

    def torch_layer(X, A, b):
        rows = X.reshape(75, -1).T
        return (F.linear(rows, A, b).T.reshape(Y.shape) * torch.tensor(dY)).sum()

    value, gradients = autograd(torch_layer, X, A, b)
    assert (Y * dY).sum() == pytest.approx(value)
    for ours, theirs in zip(dense_backward(X, A, dY), gradients, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-12)


@pytest.mark.parametrize("place", range(3), ids=["x", "A", "b"])
@pytest.mark.parametrize("shape", BATCHES.values(), ids=BATCHES)
def test_dense_layer_passes_the_gradient_check(shape, place, rng):
    values = [rng.normal(size=shape), rng.normal(size=(2, 75)), rng.normal(size=2)]
    dY = rng.normal(size=dense_forward(*values).shape)
    gradient = dense_backward(*values[:2], dY)[place]

    def output(value):
        return np.sum(dY * dense_forward(*values[:place], value, *values[place + 1 :]))

    assert gradient_check(output, gradient, values[place]).relative_error < 1e-8


def test_a_batch_of_one_equals_the_sample(rng):
    x, A, b, dy = (rng.normal(size=s) for s in [5, (3, 5), 3, 3])
    np.testing.assert_array_equal(
        dense_forward(x[:, None], A, b)[:, 0], dense_forward(x, A, b)
    )
    for one, batch in zip(
        dense_backward(x, A, dy),
        dense_backward(x[:, None], A, dy[:, None]),
        strict=True,
    ):
        np.testing.assert_array_equal(one, batch.reshape(one.shape))


def test_dense_layer_names_the_sizes_that_differ():
    with pytest.raises(ValueError, match=r"\(3,\) has 3 values .* columns of A are 2"):
        dense_forward([1, 2, 3], [[1, 1]], [0])


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_elementwise_layer_equals_autograd(name, rng):
    forward, backward, torch_function = ELEMENTWISE[name]
    x, dy = rng.normal(scale=3, size=(2, 20, 6))
    value, (gradient,) = autograd(
        lambda x: (torch_function(x) * torch.tensor(dy)).sum(), x
    )
    assert (forward(x) * dy).sum() == pytest.approx(value)
    np.testing.assert_allclose(backward(x, dy), gradient, atol=1e-8)
    check = gradient_check(lambda x: np.sum(forward(x) * dy), backward(x, dy), x)
    assert check.relative_error < 1e-8


def test_about_half_of_symmetric_inputs_pass_the_relu(rng):
    assert np.mean(relu_forward(rng.normal(size=10_000)) == 0) == pytest.approx(
        0.5, abs=0.02
    )


@pytest.mark.parametrize("shape", [(4,), (4, 6)], ids=["one sample", "columns"])
def test_softmax_loss_equals_torch(shape, rng):
    scores = rng.normal(scale=5, size=shape)
    classes = rng.integers(4, size=shape[1:] or 1)
    target = torch.tensor(classes)
    value, (gradient,) = autograd(
        lambda s: F.cross_entropy(s.reshape(4, -1).T, target), scores
    )
    assert softmax_loss_forward(scores, classes) == pytest.approx(value)
    ours = softmax_loss_backward(scores, classes)
    np.testing.assert_allclose(ours, gradient, atol=1e-12)
    numerical = numerical_gradient(lambda s: softmax_loss_forward(s, classes), scores)
    np.testing.assert_allclose(ours, numerical, atol=1e-9)


def test_softmax_loss_does_not_overflow():
    scores = np.array([[1e4], [-1e4]])
    assert softmax_loss_forward(scores, [1]) == 2e4
    np.testing.assert_array_equal(softmax_loss_backward(scores, [1]), [[1], [-1]])


def test_gradient_check_finds_a_wrong_gradient(rng):
    x = rng.normal(size=5)
    assert gradient_check(lambda x: x @ x, 2 * x, x).relative_error < 1e-9
    assert gradient_check(lambda x: x @ x, 2.01 * x, x).relative_error > 1e-3
    assert gradient_check(lambda x: 1.0, np.zeros(5), x).relative_error == 0


def test_gradient_check_wants_equal_shapes():
    with pytest.raises(ValueError, match=r"\(2,\), x \(3,\)"):
        gradient_check(sum, np.ones(2), np.ones(3))


@pytest.fixture
def tanh_case(rng):
    shapes = [(5, 2), (5,), (3, 5), (3,)]
    network = TanhNetwork(*(rng.normal(size=shape) for shape in shapes))
    X, Y = rng.normal(size=(8, 2)), np.eye(3)[rng.integers(3, size=8)]
    return network, X, Y


def torch_loss(X, Y):
    """Loss of the tanh network as a torch function of its parameters."""
    X, target = torch.tensor(X), torch.tensor(Y.argmax(1))

    def loss(Wh, bh, Wy, by):
        return F.cross_entropy(
            F.linear(torch.tanh(F.linear(X, Wh, bh)), Wy, by), target
        )

    return loss


def test_tanh_network_equals_autograd(tanh_case):
    network, X, Y = tanh_case
    value, expected = autograd(torch_loss(X, Y), *network)
    loss, gradients = tanh_network_gradients(network, X, Y)
    assert loss == pytest.approx(value)
    for ours, theirs in zip(gradients, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-12)


def test_summed_gradients_are_those_of_single_rows_together(tanh_case):
    network, X, Y = tanh_case
    singly = [
        tanh_network_gradients(network, X[i : i + 1], Y[i : i + 1])[1] for i in range(8)
    ]
    summed = tanh_network_gradients(network, X, Y, reduction="sum")[1]
    for ours, parts in zip(summed, zip(*singly, strict=True), strict=True):
        np.testing.assert_allclose(ours, sum(parts), atol=1e-12)
    with pytest.raises(ValueError, match="reduction='none'"):
        tanh_network_gradients(network, X, Y, reduction="none")


@pytest.mark.parametrize("name", TanhNetwork._fields)
def test_tanh_network_passes_the_gradient_check(tanh_case, name):
    network, X, Y = tanh_case

    def loss(value):
        changed = network._replace(**{name: value})
        return cross_entropy(tanh_network_forward(changed, X)[1], Y)

    gradients = tanh_network_gradients(network, X, Y)[1]
    gradient, start = getattr(gradients, name), getattr(network, name)
    assert gradient_check(loss, gradient, start).relative_error < 1e-8


def test_descent_by_hand_equals_torch_sgd(tanh_case):
    network, X, Y = tanh_case
    tensors = [torch.tensor(p, requires_grad=True) for p in network]
    optimizer = torch.optim.SGD(tensors, lr=0.3)
    loss = torch_loss(X, Y)
    for _ in range(5):
        optimizer.zero_grad()
        loss(*tensors).backward()
        optimizer.step()
        gradients = tanh_network_gradients(network, X, Y)[1]
        network = gradient_descent_step(network, gradients, 0.3)
    for ours, theirs in zip(network, tensors, strict=True):
        np.testing.assert_allclose(ours, theirs.detach().numpy(), atol=1e-12)


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("padding", [0, 2])
def test_cross_correlation_equals_torch(stride, padding, rng):
    image, kernel = rng.normal(size=(9, 8)), rng.normal(size=(3, 2))
    theirs = F.conv2d(
        torch.tensor(image)[None, None],
        torch.tensor(kernel)[None, None],
        stride=stride,
        padding=padding,
    )[0, 0]
    ours = cross_correlate(image, kernel, stride=stride, padding=padding)
    np.testing.assert_allclose(ours, theirs, atol=1e-12)


def test_the_sheets_example():
    image, kernel = np.arange(1, 17).reshape(4, 4), [[-1, 1], [0, 1]]
    np.testing.assert_array_equal(
        cross_correlate(image, kernel), [[7, 8, 9], [11, 12, 13], [15, 16, 17]]
    )
    np.testing.assert_array_equal(
        convolve(image, kernel), [[0, 1, 2], [4, 5, 6], [8, 9, 10]]
    )


def test_convolution_equals_scipy_ndimage(rng):
    image, kernel = rng.normal(size=(7, 7)), rng.normal(size=(3, 3))
    theirs = ndimage.convolve(image, kernel, mode="constant")
    np.testing.assert_allclose(convolve(image, kernel, padding=1), theirs, atol=1e-12)


def test_a_kernel_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"kernel of shape \(3, 3\) .* \(2, 5\)"):
        cross_correlate(np.ones((2, 5)), np.ones((3, 3)))
