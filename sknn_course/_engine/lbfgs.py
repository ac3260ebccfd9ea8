"""Full-batch training by L-BFGS-B, scipy's as in scikit-learn's MLP."""

from time import perf_counter

import numpy as np
import torch
from scipy.optimize import minimize

from .._compat import check_optimize_result
from .ops.counter_random import step_keys
from .ops.stacked import Batch
from .rows import StackedRows
from .stack import Stack


def train_lbfgs(job):
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

    def record(intermediate_result):
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
        result = minimize(
            objective,
            packed,
            method="L-BFGS-B",
            jac=True,
            options={
                "maxfun": settings.max_fun,
                "maxiter": settings.max_iter,
                "gtol": settings.tol,
            },
            callback=record,
        )
    except KeyboardInterrupt:
        job.interrupted = True
    else:
        objective.load(result.x)
        job.optimize_result = result
        progress.loss = float(result.fun)
        progress.n_iter = min(result.nit, settings.max_iter)
    job.parameters, job.buffers = stack.flat, stack.buffers


def warn_if_not_converged(job):
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

    def __init__(self, stack, job):
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
        self.X, self.y, weight, keys = rows.take(index)
        if rows.stays_sparse:  # not copied
            self.X = rows.common(0, n_rows, None)[0]
        self.keys = None if keys is None else step_keys(keys, job.seed, 1)
        self.weight = None if weight is None else weight.unsqueeze(-1)
        self.total = n_rows if weight is None else float(weight.sum())

    def load(self, packed):
        """Set the network's parameters."""
        self.stack.flat.copy_(torch.from_numpy(np.asarray(packed)))

    def __call__(self, packed):
        """Loss and gradient at the packed parameters (weights, then biases).

        Parameters
        ----------
        packed : ndarray of shape (n_parameters,)

        Returns
        -------
        loss : float
        gradient : ndarray of shape (n_parameters,)
        """
        stack = self.stack
        self.load(packed)
        scale = 1 / self.total if self.weight is None else self.weight / self.total
        outputs = stack.network.forward(self.X, Batch(True, self.weight, self.keys))
        prediction = stack.loss.activation(outputs)
        losses = stack.loss.per_row(self.y, prediction)
        if self.weight is not None:
            losses = losses * self.weight.squeeze(-1)
        loss = losses.sum() / self.total
        stack.network.backward((prediction - self.y).mul_(scale))
        penalties = stack.penalties
        if penalties.active:
            loss = loss + penalties.total([penalties.norms()], [1.0], [1 / self.total])
            penalties.add_gradient(1 / self.total)
        return float(loss), stack.grad.cpu().numpy().copy()
