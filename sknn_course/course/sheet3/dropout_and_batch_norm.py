"""S3.05-S3.06: dropout and batch normalisation."""

from itertools import product

import numpy as np
import torch

from ..._engine.ops.batch import Batch
from ..._engine.ops.counter_random import keep_mask, keep_rule, row_keys, unit_bits
from ..._engine.ops.parameters import parameter_layout
from ..._engine.ops.stacked import StackedNetwork
from ...layers import BatchNorm
from ...mlp import MLPClassifier
from ..experiment import Check, Experiment, Findings
from ..theory import gradient_check
from .settings import TERMS_GROUP, agreement


def drop_out(context):
    """S3.05: classic and inverted scaling give the same expected input."""
    p = 0.8
    rng = np.random.RandomState(context.seed)
    x, w = rng.normal(size=4), rng.normal(size=4)
    masks = np.array(list(product([0, 1], repeat=4)))  # all 16
    chance = (p**masks * (1 - p) ** (1 - masks)).prod(1)
    in_training = masks * x @ w
    X = rng.normal(size=(2000, 50)).astype(np.float32)
    y = np.arange(2000) % 2
    kept = _kept_share(X, 0.5), _kept_share(X, 0.2)
    still = MLPClassifier((20,), dropout=0.5, max_iter=1, random_state=context.seed)
    network = context.fit([still], X, y)[0]
    return Findings(
        checks=[
            Check(
                "classic: expected input in training, p x w at test",
                float(chance @ in_training),
                right=float(p * (x @ w)),
                tolerance=1e-12,
            ),
            Check(
                "inverted: expected input in training, x w at test",
                float(chance @ (in_training / p)),
                right=float(x @ w),
                tolerance=1e-12,
            ),
            Check("kept with rate 0.5", kept[0], right=0.5, tolerance=0.01),
            Check("kept with rate 0.2", kept[1], right=0.8, tolerance=0.01),
            Check(
                "two predictions of one network are equal",
                bool((network.predict_proba(X) == network.predict_proba(X)).all()),
                right=True,
            ),
        ],
        notes=[
            "The estimators' dropout is inverted, as Keras's: dropout=0.5 for hidden "
            "layers and input_dropout=0.2 are the usual keep probabilities 0.5 and "
            "0.8. Each row of a batch has a mask of its own."
        ],
    )


def _kept_share(X, rate):
    """Share of the values that the networks' dropout keeps."""
    keys = row_keys(torch.from_numpy(X))
    mask = keep_mask(unit_bits(keys, (X.shape[1],), 0), *keep_rule(rate, torch.float32))
    return float((mask != 0).double().mean())


def normalise(context):
    """S3.06: forward pass, running statistics and gradients of batch normalisation."""
    rng = np.random.RandomState(context.seed)
    x, upstream = rng.normal(2, 3, (8, 3)), rng.normal(size=(8, 3))
    scale, shift = rng.normal(size=3), rng.normal(size=3)
    eps = 0.001
    layout = parameter_layout((BatchNorm(momentum=0.01, epsilon=eps),), (3,))

    def network(values):
        flat = torch.tensor(np.concatenate(values))
        grad, buffers = torch.zeros_like(flat), layout.initial_buffers(flat.dtype)
        return StackedNetwork(layout, flat, grad, buffers, None, [None]), grad, buffers

    layer, grad, buffers = network([scale, shift])
    start = buffers.numpy().copy()
    batch = Batch(torch.tensor(x), torch.tensor(upstream))
    out = layer.forward(batch.x, batch).numpy()
    norm = layer.layers[0]
    x_grad = norm.backward(torch.tensor(upstream), True).numpy()
    mean, variance = x.mean(0), x.var(0)
    right = scale * (x - mean) / np.sqrt(variance + eps) + shift

    def weighted_sum(x, scale, shift):
        other = network([scale, shift])[0]
        return float((other.forward(torch.tensor(x), batch).numpy() * upstream).sum())

    errors = {
        "inputs": gradient_check(lambda v: weighted_sum(v, scale, shift), x_grad, x),
        "γ": gradient_check(
            lambda v: weighted_sum(x, v, shift), grad[:3].numpy(), scale
        ),
        "β": gradient_check(
            lambda v: weighted_sum(x, scale, v), grad[3:].numpy(), shift
        ),
    }
    return Findings(
        checks=[
            Check(
                "running mean, variance at the start", start, right=[0] * 3 + [1] * 3
            ),
            agreement("γ (x - mean) / sqrt(variance + ε) + β", out, right, 1e-10),
            agreement(
                "running mean after a batch, 0.01 of it",
                buffers[:3].numpy(),
                0.01 * mean,
                1e-12,
            ),
            agreement(
                "running variance after a batch, 0.01 of it, with n - 1",
                buffers[3:].numpy(),
                0.99 + 0.01 * x.var(0, ddof=1),
                1e-12,
            ),
            *(
                Check(
                    f"gradient of {name}, relative error to central differences",
                    check.relative_error,
                    right=0.0,
                    tolerance=1e-7,
                )
                for name, check in errors.items()
            ),
        ],
        notes=[
            "The sheet (Keras) keeps 0.99 of the running statistics and has ε = 0.001: "
            "batch_norm_momentum=0.01 and batch_norm_epsilon=0.001 here, by default "
            "torch's 0.1 and 0.00001. At the start γ = 1, β = 0, mean 0, variance 1. "
            "At inference the running statistics stand in for those of the batch. The "
            "running variance divides by n - 1 here, as torch's does, that of Keras's "
            "dense layers by n: with the sheet's batches of 8 it is 8/7 of theirs."
        ],
    )


EXPERIMENTS = (
    Experiment(
        id="S3.05",
        title="Dropout, classic and inverted",
        group=TERMS_GROUP,
        about=(
            "A mask for each row in training, kept with probability p; values scaled "
            "by p at test (classic), or by 1/p in training (inverted, Keras). Usual "
            "are p = 0.5 for hidden units, 0.8 for inputs."
        ),
        procedure=drop_out,
    ),
    Experiment(
        id="S3.06",
        title="Batch normalisation",
        group=TERMS_GROUP,
        about=(
            "Mean and variance of the batch per feature, ε, learned γ and β, running "
            "statistics at inference; the backward pass."
        ),
        procedure=normalise,
    ),
)
