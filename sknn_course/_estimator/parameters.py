"""Parameters of the neural estimators: what they may be, and what training takes."""

import warnings
from numbers import Integral, Real

import numpy as np
import torch

from .._choices import Choices, did_you_mean
from .._compat import Interval, Options
from .._engine import Settings
from .._engine.ops.activations import ACTIVATIONS
from .._engine.ops.initialisers import BIAS_NAMES, NAMES, is_initialiser
from .._engine.optimizers import SOLVERS, is_full_batch
from .._engine.schedules import SCHEDULES
from .._number_range import LARGEST

NON_NEGATIVE = Interval(Real, 0, None, closed="left")
POSITIVE = Interval(Real, 0, None, closed="neither")
AT_LEAST_ONE = Interval(Integral, 1, None, closed="left")
RATE = Interval(Real, 0, 1, closed="left")
CONSTRAINTS: dict = {
    "activation": [Choices(ACTIVATIONS)],
    "solver": [Choices(SOLVERS)],
    "alpha": [NON_NEGATIVE],
    "batch_size": [Choices({"auto"}), AT_LEAST_ONE],
    "learning_rate": [Choices(SCHEDULES)],
    "learning_rate_init": [POSITIVE],
    "power_t": [NON_NEGATIVE],
    "max_iter": [AT_LEAST_ONE],
    "shuffle": ["boolean"],
    "random_state": ["random_state"],
    "tol": [NON_NEGATIVE],
    "verbose": ["verbose"],
    "warm_start": ["boolean"],
    "momentum": [Interval(Real, 0, 1, closed="both")],
    "nesterovs_momentum": ["boolean"],
    "early_stopping": ["boolean"],
    "validation_fraction": [RATE],
    "beta_1": [RATE],
    "beta_2": [RATE],
    "epsilon": [POSITIVE],
    "n_iter_no_change": [AT_LEAST_ONE, Options(Real, {np.inf})],
    "max_fun": [AT_LEAST_ONE],
    "rho": [RATE],
    "initial_accumulator": [NON_NEGATIVE],
    "decay_rate": [POSITIVE, None],
    "decay_epochs": [AT_LEAST_ONE],
    "l1": [NON_NEGATIVE],
    "l2": [NON_NEGATIVE],
    "penalize_bias": ["boolean"],
    "weight_decay": [NON_NEGATIVE],
    "grad_clip": [POSITIVE, None],
    "dropout": [RATE, "array-like"],
    "input_dropout": [RATE],
    "batch_norm": ["boolean", Choices({"before", "after"})],
    "batch_norm_momentum": [Interval(Real, 0, 1, closed="right")],
    "batch_norm_epsilon": [POSITIVE],
    "noise": [NON_NEGATIVE],
    "weight_init": [str],
    "bias_init": [str],
    "device": [str, torch.device],
    "dtype": [Choices({"float32", "float64", "bfloat16"}), None],
    "callbacks": [list, tuple, None],
}


def check_together(estimator):
    """Refuse parameters that do not go together, and unknown initialisers.

    Raises
    ------
    ValueError
    """
    callbacks, weight_decay = estimator.callbacks, estimator.weight_decay
    full_batch = is_full_batch(estimator.solver)
    if full_batch and estimator.grad_clip is not None:
        raise ValueError(
            f"grad_clip={estimator.grad_clip!r} needs a stochastic solver: "
            f"solver={estimator.solver!r} searches along the gradient. Use None, or "
            "another solver."
        )
    if full_batch and (callbacks or weight_decay):
        raise ValueError(
            f"callbacks={callbacks!r} and weight_decay={weight_decay!r} need a "
            f"stochastic solver: solver={estimator.solver!r} has no epochs and no "
            "learning rate. Use None and 0, or another solver."
        )
    for name, names in (("weight_init", NAMES), ("bias_init", BIAS_NAMES)):
        given = getattr(estimator, name)
        if not is_initialiser(given, names):
            raise ValueError(
                f"{name}={given!r} is unknown: use one of {names}, "
                "'uniform(a)' or 'normal(std)' with a number above 0, at most "
                f"{LARGEST:g}.{did_you_mean(given, names)}"
            )


def training_settings(estimator, targets, split):
    """The training settings, with what depends on the data resolved.

    Parameters
    ----------
    estimator : NeuralEstimator
    targets : Targets
    split : Split
        Rows to train on.

    Returns
    -------
    Settings
    """
    n_rows, stochastic = len(split), not is_full_batch(estimator.solver)
    if estimator.batch_size == "auto":
        batch_size = min(200, n_rows)
    else:
        if estimator.batch_size > n_rows and stochastic:
            warnings.warn(
                "Got `batch_size` less than 1 or larger than "
                "sample size. It is going to be clipped",
                stacklevel=2,
            )
        batch_size = min(estimator.batch_size, n_rows)
    resolved = {
        "loss": targets.loss,
        "score": targets.score,
        "batch_size": int(batch_size),
        "decay_rate": estimator.decay_rate
        or SCHEDULES[estimator.learning_rate].decay_rate,
        "early_stopping": estimator.early_stopping and stochastic,
        "mixed_precision": estimator.dtype == "bfloat16" and stochastic,
        "dtype": str(split.y.dtype),
    }
    names = Settings.__dataclass_fields__
    own = estimator.get_params(deep=False)
    given = {name: own[name] for name in names if name in own and name not in resolved}
    return Settings(**given, **resolved)
