"""The hyperparameters of a training."""

from dataclasses import dataclass

from .._plain_values import plain


@dataclass(frozen=True)
class Settings:
    """Hyperparameters of training, named and meant as the estimators' parameters.

    ``batch_size`` is resolved to a number, ``decay_rate`` to the schedule's
    default; ``loss`` and ``score`` name rules of `sknn_course._engine.losses`;
    ``mixed_precision`` is whether products are of bfloat16 values, ``dtype`` the type
    of parameters and rows.
    """

    solver: str
    loss: str
    score: str
    alpha: float
    l1: float
    l2: float
    penalize_bias: bool
    weight_decay: float
    batch_size: int
    learning_rate: str
    learning_rate_init: float
    power_t: float
    decay_rate: float | None
    decay_epochs: int
    max_iter: int
    shuffle: bool
    tol: float
    verbose: bool | int
    momentum: float
    nesterovs_momentum: bool
    early_stopping: bool
    beta_1: float
    beta_2: float
    rho: float
    epsilon: float
    n_iter_no_change: float
    max_fun: int
    initial_accumulator: float = 0.0
    quantile: float = 0.5
    label_smoothing: float = 0.0
    grad_clip: float | None = None
    mixed_precision: bool = False
    dtype: str = "float32"

    def __post_init__(self) -> None:
        for name, value in list(vars(self).items()):
            object.__setattr__(self, name, plain(value))
