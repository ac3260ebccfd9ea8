"""A fit job: everything that training one network needs, and what comes out."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from .ops.parameters import ParameterLayout
from .optimizers import OptimizerState
from .settings import Settings


@dataclass(eq=False)
class Split:
    """Rows to train on or to validate with; equal to itself alone.

    Attributes
    ----------
    X : ndarray or csr_array of shape (n_rows, ...), of the training dtype or wider
    y : ndarray of shape (n_rows, n_outputs), of the training dtype
        One-hot or 0/1 indicators of classes, or numbers.
    sample_weight : ndarray of shape (n_rows,) or None
    n_samples : int
        Number of rows before equal ones were merged.
    """

    X: Any
    y: np.ndarray
    sample_weight: np.ndarray | None = None
    n_samples: int = 0

    def __post_init__(self) -> None:
        self.n_samples = self.n_samples or len(self)

    def __len__(self) -> int:
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
    loss: float = np.nan


def copied(record, cls):
    """A record made from a dict of its fields, its lists and dicts copied."""
    copies = {
        name: value.copy() if isinstance(value, list | dict) else value
        for name, value in record.items()
    }
    return cls(**copies)


@dataclass(eq=False)
class FitJob:
    """One network to train; equal to itself alone.

    Attributes
    ----------
    layout : ParameterLayout
        Structure of the network and place of its parameters.
    settings : Settings
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
    start : Snapshot or None
        From which training goes on, where not from its beginning.
    keeper : Keeper or None
        Keeps snapshots of it.
    converged, interrupted : bool
        How training ended.
    optimize_result : scipy.optimize.OptimizeResult or None
        How L-BFGS ended.
    error : BaseException or None
        What training this job raised.
    """

    layout: ParameterLayout
    settings: Settings
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
    observer: Any = None
    task: Any = None
    cancelled: bool = False
    augment: Any = None
    start: Any = None
    keeper: Any = None
    converged: bool = False
    interrupted: bool = False
    optimize_result: object = None
    error: BaseException | None = None
