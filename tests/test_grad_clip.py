"""The gradient's norm is limited as torch and skorch limit it, for each network."""

import numpy as np
import pytest
import skorch
import torch
from numpy.testing import assert_allclose
from sklearn.base import clone
from skorch.callbacks import EpochTimer, Freezer, GradientNormClipping
from stacked_fits import Fit
from torch import nn, optim
from torch_loop import TARGETS, TINY, X, estimator, network

from sknn_course import CNNClassifier

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

Y = TARGETS["multiclass"]
SOLVERS = {
    "sgd": (dict(momentum=0.0), {}),
    "adam": (dict(epsilon=TINY), dict(optimizer=optim.Adam, optimizer__eps=TINY)),
}
LIMIT = 0.2


def mlp(solver="sgd", **options):
    rates = dict(learning_rate_init=0.05, shuffle=False, max_iter=5)
    return estimator(solver=solver, **SOLVERS[solver][0] | rates | options)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("callbacks", [[], [EpochTimer()], [Freezer("0.*")]], ids=str)
def test_it_is_skorchs_clipping(callbacks, solver):
    net = skorch.NeuralNetClassifier(
        network([5, 7, 4, 3], lambda units: [nn.ReLU()], np.random.RandomState(0)),
        criterion=nn.CrossEntropyLoss,
        lr=0.05,
        batch_size=25,
        max_epochs=5,
        train_split=None,
        callbacks=[*callbacks, GradientNormClipping(LIMIT)],
        verbose=0,
        **SOLVERS[solver][1],
    ).fit(X, Y)
    own = mlp(solver, grad_clip=LIMIT, callbacks=list(map(clone, callbacks)) or None)
    own.fit(X, Y)
    for one, other in zip(
        own.net_.module_.parameters(), net.module_.parameters(), strict=True
    ):
        assert_allclose(one.detach(), other.detach(), atol=1e-12)
    plain = clone(own).set_params(grad_clip=None).fit(X, Y)
    assert abs(plain.coefs_[1] - own.coefs_[1]).max() > 1e-3


@pytest.mark.parametrize("penalty", [{}, dict(l2=0.5, alpha=3.0), dict(l1=0.1)])
def test_a_step_is_of_the_limits_length_and_in_the_same_direction(penalty):
    start, long, short, other = (
        mlp(learning_rate_init=rate, grad_clip=limit, max_iter=1, batch_size=60)
        .set_params(**penalty)
        .fit(X, Y)
        for rate, limit in ((1e-300, None), (1.0, None), (1.0, 0.01), (1.0, 1e6))
    )
    begin, *ends = (
        torch.cat([p.detach().flatten() for p in one.net_.module_.parameters()])
        for one in (start, long, short, other)
    )
    long, short, unchanged = (end - begin for end in ends)
    assert long.norm() > 0.1
    assert_allclose(short, long * (0.01 / (long.norm() + 1e-6)), atol=1e-14)
    assert_allclose(unchanged, long, rtol=0, atol=0)


@pytest.mark.parametrize("solver", SOLVERS)
def test_limits_differ_in_a_stack(solver, check):
    fits = [
        Fit(mlp(solver, grad_clip=limit, l2=0.1, **own), X[k:], Y[k:])
        for k, (limit, own) in enumerate(
            [
                (0.1, {}),
                (None, dict(random_state=1)),
                (0.3, dict(hidden_layer_sizes=(5, 4))),
            ]
        )
    ]
    check(fits)


def test_limits_differ_in_a_stack_of_cnns(check):
    images = X[:, :4].reshape(60, 1, 2, 2)
    options = dict(filters=((3,),), max_iter=4, batch_size=25, dtype="float64")
    check(
        [
            Fit(CNNClassifier(**options, grad_clip=limit, random_state=0), images, Y)
            for limit in (0.05, 0.2, None)
        ]
    )


@pytest.mark.parametrize(
    "options, message",
    [
        (dict(grad_clip=0.0), "The 'grad_clip' parameter of MLPClassifier"),
        (dict(grad_clip=1.0, solver="lbfgs"), "grad_clip=1.0 needs a stochastic"),
    ],
)
def test_what_cannot_be_clipped(options, message):
    with pytest.raises(ValueError, match=message):
        estimator(**options).fit(X, Y)
