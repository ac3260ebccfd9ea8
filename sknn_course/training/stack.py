"""A stack: the parameters of jobs of equal structure, trained step by step."""

from types import SimpleNamespace

import torch

from ..layers import structure
from ..modules.counter_random import step_keys
from ..modules.stacked import Batch, StackedNetwork
from .losses import LOSSES
from .optimizers import SOLVERS, collapse
from .penalties import Penalties

HYPERPARAMETERS = (
    "alpha",
    "l1",
    "l2",
    "weight_decay",
    "momentum",
    "beta_1",
    "beta_2",
    "rho",
    "epsilon",
)


def structure_key(job):
    """Jobs of equal key can be trained in one stack."""
    settings = job.settings
    X = job.train.X
    return (
        structure(job.layout.layers),
        job.layout.shapes[0],
        settings.solver,
        settings.loss,
        settings.score,
        settings.batch_size,
        settings.nesterovs_momentum,
        settings.penalize_bias,
        settings.early_stopping,
        str(job.train.y.dtype),
        type(X).__name__,
        str(job.device),
        job.train.sample_weight is None,
        job.augment is None,
    )


class Stack:
    """Parameters, gradients and solver state of K networks.

    For one network the model axis is left out of all tensors.

    Parameters
    ----------
    jobs : list of FitJob
        Of equal `structure_key`.
    flat, buffers : tensor of shape (K, n_parameters), (K, n_buffers)
    moments : dict of str -> tensor of shape (K, n_parameters)
    """

    def __init__(self, jobs, flat, buffers, moments):
        self.jobs = jobs
        self.flat, self.buffers, self.moments = flat, buffers, moments
        self.grad = torch.zeros_like(flat)
        first = jobs[0]
        device = flat.device
        self.h = SimpleNamespace(
            step_count=torch.zeros((), device=device),
            nesterovs_momentum=first.settings.nesterovs_momentum,
            **{
                name: self._collapse(getattr(job.settings, name) for job in jobs)
                for name in HYPERPARAMETERS
            },
        )
        self.network = StackedNetwork(
            first.layout, flat, self.grad, buffers, self._strengths(jobs)
        )
        self.seeds = (
            jobs[0].seed
            if flat.dim() == 1
            else torch.tensor(
                [[job.seed] for job in jobs], dtype=torch.int32, device=device
            )
        )
        self.penalties = Penalties(
            first.layout, flat, self.grad, self.h, first.settings.penalize_bias
        )
        self.loss = LOSSES[first.settings.loss]
        self.solver = SOLVERS[first.settings.solver][1]
        self.observer = None  # told of each batch, if set

    @classmethod
    def of_jobs(cls, jobs):
        """Gather the jobs' parameters and solver states."""
        like = jobs[0].parameters.to(jobs[0].device)
        states = [
            job.optimizer.start(job.settings.solver, job.parameters) for job in jobs
        ]

        def gather(tensors):
            if len(tensors) == 1:
                return tensors[0].to(like.device, copy=True)
            return torch.stack([t.to(like.device) for t in tensors])

        return cls(
            jobs,
            gather([job.parameters for job in jobs]),
            gather([job.buffers for job in jobs]),
            {name: gather([s[name] for s in states]) for name in states[0]},
        )

    def select(self, keep):
        """The stack of the jobs at the places ``keep``, parameters copied."""
        rows = torch.tensor(keep, device=self.flat.device)

        def take(values):
            return values[keep[0]].clone() if len(keep) == 1 else values[rows]

        return Stack(
            [self.jobs[k] for k in keep],
            take(self.flat),
            take(self.buffers),
            {name: take(values) for name, values in self.moments.items()},
        )

    def prefix(self, n_jobs):
        """The stack of the first jobs, sharing all tensors."""
        return Stack(
            self.jobs[:n_jobs],
            self.flat[:n_jobs],
            self.buffers[:n_jobs],
            {name: values[:n_jobs] for name, values in self.moments.items()},
        )

    def _collapse(self, values):
        return collapse(list(values), self.flat.dtype, self.flat.device)

    def collapse(self, values):
        """One number, or shape (K, 1)."""
        return self._collapse(values)

    def _strengths(self, jobs):
        strengths = []
        for index, of_first in enumerate(jobs[0].strengths):
            if of_first is None:
                strengths.append(None)
                continue
            strength = self._collapse(float(job.strengths[index]) for job in jobs)
            if isinstance(strength, torch.Tensor):
                row_dims = len(jobs[0].layout.shapes[index])
                strength = strength.view(-1, *[1] * (1 + row_dims))  # (K, 1, 1, ...)
            strengths.append(strength)
        return strengths

    def step(self, x, y, scale, inverse_total, lr, t, weight=None, keys=None):
        """One optimizer step of all networks.

        Parameters
        ----------
        x : tensor of shape (K, n_rows, ...)
        y : tensor of shape (K, n_rows, n_outputs)
        scale : float or tensor of shape (K, n_rows, 1)
            Weight of each row, summing to one over the batch.
        inverse_total : float or tensor of shape (K, 1)
            1 / sum of the sample weights of the batch.
        lr : float or tensor of shape (K, 1)
        t : int or tensor of shape (K, 1)
            Number of this step, from 1.
        weight : tensor of shape (K, n_rows, 1) or None
            Row weights for batch statistics.
        keys : int32 tensor of shape (K, n_rows) or None

        Returns
        -------
        prediction : tensor of shape (K, n_rows, n_outputs)
            Before the step.
        """
        if keys is not None:
            keys = step_keys(keys, self.seeds, t if isinstance(t, int) else t.int())
            if self.jobs[0].augment is not None:
                x = self.augment(x, keys)
        if self.observer is not None:
            self.observer.batch_begins(x, y)
        outputs = self.network.forward(x, Batch(True, weight, keys))
        prediction = self.loss.activation(outputs)
        self.network.backward((prediction - y).mul_(scale))
        if self.penalties.active:
            self.penalties.add_gradient(inverse_total)
        if self.observer is not None:
            self.observer.gradient_computed()
        if self.penalties.decays:
            self.penalties.decay(lr)
        self.solver(self.flat, self.grad, self.moments, lr, self.h, t)
        if self.observer is not None:
            loss = (self.loss.per_row(y, prediction).unsqueeze(-1) * scale).sum()
            self.observer.batch_ends(outputs, loss)
        return prediction

    def augment(self, x, keys):
        """Each job's augmentation of its own rows."""
        if self.flat.dim() == 1:
            return self.jobs[0].augment(x, keys)
        return torch.stack(
            [job.augment(x[k], keys[k]) for k, job in enumerate(self.jobs)]
        )

    @torch.no_grad()
    def predict(self, x):
        """Predictions in evaluation mode, shape (K, n_rows, n_outputs)."""
        return self.loss.activation(self.network.forward(x, Batch(False)))
