"""dtype='bfloat16': products of bfloat16 values, all else float32."""

import joblib
import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from sklearn.datasets import load_digits
from torch.nn import functional as F

from sknn_course import CNNClassifier, MLPClassifier, MLPRegressor
from sknn_course.layers import Activation, Conv2d, Dense, Flatten

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = load_digits(return_X_y=True)
X, Y = X[:400] / 16, Y[:400]
NETWORKS = {
    "mlp": MLPClassifier((24, 16), batch_size=50, max_iter=3, random_state=0),
    "cnn": CNNClassifier([[4, 4]], [16], batch_size=50, max_iter=3, random_state=0),
    "true convolution": CNNClassifier(
        architecture=(
            Conv2d(4, flipped=True),
            Activation("tanh"),
            Flatten(),
            Dense(10),
        ),
        batch_size=50,
        max_iter=3,
        random_state=0,
    ),
}


def products(x, weight, bias):
    """A dense layer of bfloat16 values, sums of 32 bits between layers."""
    return (x.bfloat16() @ weight.bfloat16()).float() + bias


def torch_losses(mlp, n_epochs):
    """Losses of the same training in plain torch, full batches, by autograd."""
    rng = np.random.RandomState(0)
    parameters = []
    for fan_in, fan_out in [(64, 24), (24, 16), (16, 10)]:
        bound = np.sqrt(6 / (fan_in + fan_out))
        weight = rng.uniform(-bound, bound, (fan_in, fan_out)).astype(np.float32)
        bias = rng.uniform(-bound, bound, fan_out).astype(np.float32)
        parameters += [torch.tensor(weight), torch.tensor(bias)]
    for parameter in parameters:
        parameter.requires_grad_()
    optimizer = torch.optim.Adam(parameters, mlp.learning_rate_init)
    losses = []
    for _ in range(n_epochs):
        h = torch.tensor(X, dtype=torch.float32)
        for weight, bias in zip(parameters[:4:2], parameters[1:4:2], strict=True):
            h = F.relu(products(h, weight, bias))
        loss = F.cross_entropy(products(h, *parameters[4:]), torch.tensor(Y))
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return losses


def test_losses_are_those_of_torch_with_the_same_casts():
    mlp = MLPClassifier((24, 16), batch_size=400, max_iter=10, alpha=0, random_state=0)
    mlp.set_params(dtype="bfloat16", learning_rate_init=0.02).fit(X, Y)
    assert_allclose(mlp.loss_curve_, torch_losses(mlp, 10), rtol=1e-3)
    in_float32 = MLPClassifier(**mlp.get_params()).set_params(dtype="float32").fit(X, Y)
    difference = np.abs(np.subtract(mlp.loss_curve_, in_float32.loss_curve_))
    assert difference.max() > 2e-4  # or nothing was rounded


@pytest.mark.parametrize("name", NETWORKS)
def test_losses_stay_near_those_of_float32(name):
    network = NETWORKS[name]
    params = network.get_params()
    full = type(network)(**params).fit(X, Y)
    mixed = type(network)(**params | {"dtype": "bfloat16"}).fit(X, Y)
    assert mixed.loss_curve_ != full.loss_curve_
    assert_allclose(mixed.loss_curve_, full.loss_curve_, rtol=0.03)
    assert all(coef.dtype == np.float32 for coef in mixed.coefs_)
    assert mixed.predict_proba(X.astype(np.float32)).dtype == np.float32


@pytest.mark.parametrize("name", NETWORKS)
def test_stacked_and_alone(name):
    network = NETWORKS[name]
    networks = [
        type(network)(**network.get_params() | {"dtype": dtype, "random_state": seed})
        for dtype in ("bfloat16", "float32")
        for seed in (0, 1)
    ]
    alone = [n.fit(X, Y).loss_curve_ for n in networks]
    with joblib.parallel_config("stacked"):
        stacked = joblib.Parallel()(joblib.delayed(n.fit)(X, Y) for n in networks)
    for curve, other in zip(alone, stacked, strict=True):
        assert_allclose(other.loss_curve_, curve, rtol=0.01)


def test_lbfgs_computes_in_float64():
    options = dict(solver="lbfgs", random_state=0, max_iter=20)
    mixed = MLPRegressor(dtype="bfloat16", **options).fit(X, Y)
    assert mixed.loss_ == MLPRegressor(**options).fit(X, Y).loss_
