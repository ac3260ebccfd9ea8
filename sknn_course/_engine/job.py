"""A fit job: everything that training one network needs, and what comes out."""

from dataclasses import dataclass, field

import numpy as np
import torch

from .._plain_values import plain
from .ops.parameters import ParameterLayout
from .optimizers import OptimizerState


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
    mixed_precision: bool = False
    dtype: str = "float32"

    def __post_init__(self):
        for name, value in list(vars(self).items()):
            object.__setattr__(self, name, plain(value))


@dataclass
class Split:
    """Rows to train on or to validate with.

    Attributes
    ----------
    X : ndarray or csr_array of shape (n_rows, ...), of the training dtype or wider
    y : ndarray of shape (n_rows, n_outputs), of the training dtype
        One-hot or 0/1 indicators of classes, or numbers.
    sample_weight : ndarray of shape (n_rows,) or None
    n_samples : int
        Number of rows before equal ones were merged.
    """

    X: object
    y: np.ndarray
    sample_weight: np.ndarray | None = None
    n_samples: int = 0

    def __post_init__(self):
        self.n_samples = self.n_samples or len(self)

    def __len__(self):
        return self.X.shape[0]


@dataclass
class Progress:
    """What training has recorded, over all fits of a warm-started estimator.

    The attributes are those of the estimators, without the underscore.
    ``durations`` holds the seconds of each epoch, ``learning_rates`` its rate.
    """

    loss_curve: list = field(default_factory=list)
    validation_scores: list = field(default_factory=list)
    validation_loss_curve: list = field(default_factory=list)
    training_score_curve: list = field(default_factory=list)
    durations: list = field(default_factory=list)
    learning_rates: list = field(default_factory=list)
    best_loss: float = np.inf
    best_validation_score: float = -np.inf
    no_improvement_count: int = 0
    n_iter: int = 0
    t: int = 0
    loss: float | None = None


def copied(record, cls):
    """A record made from a dict of its fields, its lists and dicts copied."""
    copies = {
        name: value.copy() if isinstance(value, list | dict) else value
        for name, value in record.items()
    }
    return cls(**copies)


@dataclass
class FitJob:
    """One network to train.

    Attributes
    ----------
    layout : ParameterLayout
        Structure of the network and place of its parameters.
    settings : Settings
    strengths : tuple
        Per layer, its dropout rate or noise's standard deviation, else None.
    train : Split
    validation : Split or None
    parameters, buffers : tensor of shape (n_parameters,), (n_buffers,)
        Replaced by the trained ones.
    best : tuple of (parameters, buffers)
        The best ones by validation score, kept over warm starts.
    rng : numpy.random.RandomState
        Source of the batch order, in scikit-learn's order of drawing.
    seed : int
        Of the counter-based random numbers (dropout, noise, augmentation).
    device : torch.device
    progress : Progress
    optimizer : OptimizerState
    single_epoch : bool
        Train for one epoch (``partial_fit``).
    observer : object or None
        Told of each epoch; see `sknn_course._engine.observer.NetObserver`.
    task : object or None
        Told of each epoch, in a stack too; see
        `FitTask` of the estimators.
    cancelled : bool
        Whether training is to end with the epoch, as nobody waits for it.
    augment : callable or None
        ``augment(X, keys)`` gives changed rows, for training only.
    converged, interrupted : bool
        How training ended.
    optimize_result : scipy.optimize.OptimizeResult or None
        How L-BFGS ended.
    error : BaseException or None
        What training this job raised.
    """

    layout: ParameterLayout
    settings: Settings
    strengths: tuple
    train: Split
    validation: Split | None
    parameters: torch.Tensor
    buffers: torch.Tensor
    best: tuple
    rng: np.random.RandomState
    seed: int
    device: torch.device
    progress: Progress
    optimizer: OptimizerState
    single_epoch: bool = False
    observer: object = None
    task: object = None
    cancelled: bool = False
    augment: object = None
    converged: bool = False
    interrupted: bool = False
    optimize_result: object = None
    error: BaseException | None = None
