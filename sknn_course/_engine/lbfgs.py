"""Full-batch training by L-BFGS-B, scipy's as in scikit-learn's MLP."""

from time import perf_counter
from typing import Any

import numpy as np
import torch

from .._compat import check_optimize_result
from .job import FitJob
from .ops.batch import Batch
from .ops.counter_random import step_keys
from .optimizers import SOLVERS
from .rows import StackedRows
from .snapshot import Snapshot
from .stack import Stack


def train_lbfgs(job: FitJob) -> None:
    """Minimise the loss of all rows together.

    Dropout and noise keep the random numbers of one step throughout: new ones at
    each evaluation would move the minimum under the line search.

    Parameters
    ----------
    job : FitJob
    """
    settings = job.settings
    stack = Stack.of_jobs([job])
    objective = Objective(stack, job)
    packed = stack.flat.cpu().numpy()

    progress = job.progress
    progress.n_iter = 0
    ended = [perf_counter()]

    def log(intermediate_result: Any) -> None:
        ended.append(perf_counter())
        progress.n_iter += 1
        progress.loss_curve.append(float(intermediate_result.fun))
        progress.durations.append(ended[-1] - ended[-2])
        progress.learning_rates.append(None)
        if settings.verbose:
            print(f"Iteration {progress.n_iter}, loss = {progress.loss_curve[-1]:.8f}")
        if job.cancelled:
            raise StopIteration

    try:
        minimize: Any = SOLVERS[settings.solver].minimize
        result = minimize(objective, packed, settings, log)
    except KeyboardInterrupt:
        job.interrupted = True
    else:
        objective.load(result.x)
        job.optimize_result = result
        progress.loss = float(result.fun)
        progress.n_iter = min(result.nit, settings.max_iter)
    job.parameters, job.buffers = stack.flat, stack.buffers
    if job.keeper is not None:
        state = job.parameters, job.buffers
        job.keeper.keep(job, Snapshot.of_job(job, state, None), True)


def warn_if_not_converged(job: FitJob) -> None:
    """Issue scikit-learn's warning about the solver's end."""
    check_optimize_result("lbfgs", job.optimize_result, job.settings.max_iter)


class Objective:
    """Loss and gradient of one network over all of its rows.

    Parameters
    ----------
    stack : Stack
        Of one job.
    job : FitJob
    """

    def __init__(self, stack: Stack, job: FitJob) -> None:
        self.stack = stack
        n_rows = len(job.train)
        rows = StackedRows(
            [job.train],
            job.device,
            stack.network.needs_keys,
            stack.network,
            n_rows,
        )
        index = torch.arange(n_rows, device=job.device)
        X, y, weight, keys = rows.take(index)
        if rows.stays_sparse:  # not copied
            X = rows.common(0, n_rows, None).X
        keys = None if keys is None else step_keys(keys, job.seed, 1)
        self.batch = Batch(X, y, weight, keys)
        self.total = n_rows if weight is None else float(weight.sum())

    def load(self, packed: np.ndarray) -> None:
        """Set the network's parameters."""
        self.stack.flat.copy_(torch.from_numpy(np.asarray(packed)))

    def __call__(self, packed: np.ndarray) -> tuple[float, np.ndarray]:
        """Loss and gradient at the packed parameters (weights, then biases).

        Parameters
        ----------
        packed : ndarray of shape (n_parameters,)

        Returns
        -------
        loss : float
        gradient : ndarray of shape (n_parameters,)
        """
        stack, y, weight = self.stack, self.batch.y, self.batch.weight
        self.load(packed)
        scale = 1 / self.total if weight is None else weight / self.total
        outputs = stack.network.forward(self.batch.x, self.batch)
        prediction = stack.loss.activation(outputs)
        losses = stack.loss.per_row(y, prediction)
        if weight is not None:
            losses = losses * weight.squeeze(-1)
        loss = losses.sum() / self.total
        stack.network.backward(stack.loss.gradient(y, prediction).mul_(scale))
        penalties = stack.penalties
        if penalties.active:
            loss = loss + penalties.total([penalties.norms()], [1.0], [1 / self.total])
            penalties.add_gradient(1 / self.total)
        return float(loss), stack.grad.cpu().numpy().copy()
