"""Jobs to train, on small data of their own."""

import numpy as np
import torch
from numpy.testing import assert_allclose

from sknn_course._engine import FitJob, Progress, Settings, Split
from sknn_course._engine.ops.initialisers import initial_parameters
from sknn_course._engine.ops.parameters import ParameterLayout
from sknn_course._engine.optimizers import OptimizerState
from sknn_course.architectures import convolutional_network, multilayer_perceptron

CPU = torch.device("cpu")
SETTINGS = Settings(
    solver="adam",
    loss="log_loss",
    score="accuracy",
    alpha=0.01,
    l1=0.0,
    l2=0.0,
    penalize_bias=False,
    weight_decay=0.0,
    batch_size=10,
    learning_rate="constant",
    learning_rate_init=0.01,
    power_t=0.5,
    decay_rate=None,
    decay_epochs=10,
    max_iter=6,
    shuffle=True,
    tol=0.0,
    verbose=False,
    momentum=0.9,
    nesterovs_momentum=True,
    early_stopping=False,
    beta_1=0.9,
    beta_2=0.999,
    rho=0.9,
    epsilon=1e-8,
    n_iter_no_change=100,
    max_fun=100,
)
MLP = multilayer_perceptron([6], 3, activation="tanh"), (4,)
CNN = (
    convolutional_network([[3]], [], 3, input_shape=(1, 4, 4), activation="tanh"),
    (1, 4, 4),
)


def rows(n, input_shape=(4,), seed=0, weighted=False):
    rng = np.random.RandomState(seed)
    X = rng.normal(size=(n, *input_shape))
    classes = np.digitize(X.reshape(n, -1)[:, 0], [-0.5, 0.5])
    weight = rng.uniform(0.5, 2.0, n) if weighted else None
    return Split(X, np.eye(3)[classes], weight)


def job(layers=MLP[0], input_shape=MLP[1], *, n=37, seed=0, valid=None, **options):
    """A job to train a network of its own on rows of its own."""
    extra = {name: options.pop(name) for name in ("augment",) if name in options}
    rng = np.random.RandomState(seed)
    settings = Settings(**vars(SETTINGS) | options)
    layout = ParameterLayout(layers, input_shape)
    flat = initial_parameters(layout, "glorot", "auto", "tanh", rng)
    flat, buffers = torch.from_numpy(flat), layout.initial_buffers(torch.float64)
    return FitJob(
        layout=layout,
        settings=settings,
        train=rows(n, input_shape, seed),
        validation=valid,
        parameters=flat,
        buffers=buffers,
        best=(flat, buffers),
        rng=rng,
        seed=seed,
        device=CPU,
        progress=Progress(),
        optimizer=OptimizerState.of_settings(settings),
        **extra,
    )


def assert_same_job(one, other, rtol=1e-9):
    assert one.progress.n_iter == other.progress.n_iter
    assert one.optimizer.n_steps == other.optimizer.n_steps
    assert_allclose(one.progress.loss_curve, other.progress.loss_curve, rtol=rtol)
    assert_allclose(one.parameters, other.parameters, rtol=rtol, atol=1e-9)
    assert one.rng.randint(2**31) == other.rng.randint(2**31)
