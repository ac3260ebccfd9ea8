"""The state of a job after an epoch: a result, and what a longer training goes on from.

It is plain: numbers, texts, lists, dicts and numpy arrays.
"""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic
from typing import Any

import numpy as np
import torch
from scipy.optimize import OptimizeResult
from torch import Tensor

from .job import FitJob
from .optimizers import Moments, is_full_batch
from .stopping import check_best

CHECKPOINT_SHARE = 0.03  # of the time that checkpoints may take


@dataclass
class Snapshot:
    """What training has made of a job.

    Attributes
    ----------
    parameters, buffers : ndarray
        After the last epoch, also where early stopping keeps those of another.
    best : list of ndarray
    moments : dict of str -> ndarray, or None
        Of the solver.
    optimizer, progress : dict
        Fields of `OptimizerState` and `Progress`.
    rng : dict
        State of the job's generator.
    row_order : ndarray or None
        The permutation of the rows, which the next epoch permutes again.
    converged : bool
    optimize_result : dict or None
        How L-BFGS ended.
    """

    parameters: np.ndarray
    buffers: np.ndarray
    best: list[np.ndarray]
    moments: dict[str, np.ndarray] | None
    optimizer: dict[str, Any]
    progress: dict[str, Any]
    rng: dict[str, Any]
    row_order: np.ndarray | None = None
    converged: bool = False
    optimize_result: dict[str, Any] | None = None

    @classmethod
    def of_job(
        cls,
        job: FitJob,
        state: tuple[Tensor, Tensor],
        moments: Moments | None,
        rng: dict[str, Any] | None = None,
        row_order: np.ndarray | None = None,
    ) -> Snapshot:
        """Of a job in training, whose arrays and generator the trainer has."""
        result: Any = job.optimize_result
        if result is not None:
            names = ("status", "message", "success", "fun", "nit", "nfev")
            result = {name: result[name] for name in names if name in result}
        optimizer = {k: v for k, v in vars(job.optimizer).items() if k != "moments"}
        return cls(
            _array(state[0]),
            _array(state[1]),
            [_array(tensor) for tensor in job.best],
            None if moments is None else {k: _array(v) for k, v in moments.items()},
            _copied(optimizer),
            _copied(vars(job.progress)),
            job.rng.get_state(legacy=False) if rng is None else rng,
            None if row_order is None else row_order.copy(),
            job.converged,
            result,
        )

    @property
    def n_iter(self) -> int:
        """Epochs, or iterations of L-BFGS."""
        return self.progress["n_iter"]

    @property
    def n_bytes(self) -> int:
        """Of its arrays."""
        moments = (self.moments or {}).values()
        return sum(a.nbytes for a in (self.parameters, *self.best, *moments))

    def restore(self, job: FitJob) -> None:
        """Put the job where it was when this was taken, to train on."""
        job.parameters, job.buffers = map(_tensor, (self.parameters, self.buffers))
        job.best = tuple(map(_tensor, self.best))
        vars(job.progress).update(_copied(self.progress))
        moments = None
        if self.moments is not None:
            moments = {name: _tensor(values) for name, values in self.moments.items()}
        vars(job.optimizer).update(_copied(self.optimizer), moments=moments)
        job.rng.set_state(self.rng)
        job.start = self

    def finish(self, job: FitJob) -> None:
        """Give the job what its training would have given it, had it ended here."""
        self.restore(job)
        job.converged = self.converged
        if self.optimize_result is not None:
            job.optimize_result = OptimizeResult(self.optimize_result)
        if job.settings.early_stopping and not is_full_batch(job.settings.solver):
            try:
                check_best(job)
            except ValueError as error:
                job.error = error
            job.parameters, job.buffers = job.best


class Keeper:
    """Keeps snapshots of a job while it is trained.

    Parameters
    ----------
    key : str
        Equal for jobs that differ in ``max_iter`` alone.

    Attributes
    ----------
    at : set of int
        Epochs after which a snapshot is to be taken, beside the last.
    taken : dict of int -> Snapshot
        By epoch; the last one, where ``keeps_last``.
    store : object or None
        Is told of each: ``put(key, snapshot, kind)``, kind ``"end"`` where training
        would go no further, ``"fit"`` where it reached ``max_iter``, and ``"mid"``.
    """

    def __init__(self, key: str, store: Any = None, keeps_last: bool = False) -> None:
        self.key, self.store, self.keeps_last = key, store, keeps_last
        self.at: set[int] = set()
        self.taken: dict[int, Snapshot] = {}
        self.ended = False
        self._due = monotonic() + self._pause

    @property
    def _pause(self) -> float:
        seconds = None if self.store is None else self.store.checkpoint_every
        return float("inf") if seconds is None else seconds

    def wants(self, n_iter: int, stops: bool) -> bool:
        """Whether to take a snapshot after an epoch."""
        return stops or n_iter in self.at or self.is_ending or monotonic() > self._due

    @property
    def is_ending(self) -> bool:
        """Whether the process is to end, once the snapshot is kept."""
        return self.store is not None and self.store.is_ending

    def keep(self, job: FitJob, snapshot: Snapshot, stops: bool) -> None:
        """Keep a snapshot of a job."""
        if job.cancelled or job.interrupted:
            return
        n_iter, length = snapshot.n_iter, job.settings.max_iter
        if n_iter in self.at or (stops and self.keeps_last):
            self.taken[n_iter] = snapshot
        self.ended = stops and (snapshot.converged or n_iter < length)
        if self.store is None:
            return
        kind = "mid"
        if stops or n_iter in self.at:
            kind = "end" if self.ended else "fit"
        started = monotonic()
        self.store.put(self.key, snapshot, kind)
        now = monotonic()
        self._due = now + max(self._pause, (now - started) / CHECKPOINT_SHARE)


def _copied(fields: dict[str, Any]) -> dict[str, Any]:
    """With copies of the lists and dicts in it."""
    return {k: v.copy() if isinstance(v, list | dict) else v for k, v in fields.items()}


def _array(tensor: Tensor) -> np.ndarray:
    return tensor.detach().cpu().numpy().copy()


def _tensor(array: np.ndarray) -> Tensor:
    return torch.from_numpy(array.copy())
