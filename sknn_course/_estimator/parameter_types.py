"""Types of the public signatures, for editors and type checkers."""

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import sparray, spmatrix

from .._engine.losses import LossName as LossName
from .._engine.ops.activations import ActivationName as ActivationName
from .._engine.optimizers import SolverName as SolverName
from .._engine.schedules import ScheduleName as ScheduleName
from ..layers import Layer, PeriodicEmbedding
from ..layers.embeddings import EmbeddingName

Array = NDArray[Any]
MatrixLike = ArrayLike | sparray | spmatrix
BatchNormPlace = bool | Literal["before", "after"]
NumericEmbedding = EmbeddingName | PeriodicEmbedding | None
Sizes = Sequence[int] | NDArray[np.integer] | int
Rates = Sequence[float] | NDArray[np.floating] | float
ClassWeight = Literal["balanced"] | dict[Any, float] | list[Any] | None
Augmentation = str | Callable[..., Any] | Sequence[Any] | None
Architecture = str | Sequence[Layer] | None
RandomState = int | np.random.RandomState | None
Device = str | torch.device
Dtype = Literal["float32", "float64", "bfloat16"] | None


class TrainingParameters:
    """What the neural estimators share, assigned by their constructors."""

    activation: ActivationName
    solver: SolverName
    alpha: float
    batch_size: int | Literal["auto"]
    learning_rate: ScheduleName
    learning_rate_init: float
    power_t: float
    max_iter: int
    shuffle: bool
    random_state: RandomState
    tol: float
    verbose: bool | int
    warm_start: bool
    momentum: float
    nesterovs_momentum: bool
    early_stopping: bool
    validation_fraction: float
    beta_1: float
    beta_2: float
    epsilon: float
    n_iter_no_change: float
    max_fun: int
    rho: float
    initial_accumulator: float
    decay_rate: float | None
    decay_epochs: int
    l1: float
    l2: float
    penalize_bias: bool
    weight_decay: float
    grad_clip: float | None
    dropout: Rates
    input_dropout: float
    batch_norm: BatchNormPlace
    batch_norm_momentum: float
    batch_norm_epsilon: float
    noise: float
    weight_init: str
    bias_init: str
    device: Device
    dtype: Dtype
    callbacks: Sequence[Any] | None
