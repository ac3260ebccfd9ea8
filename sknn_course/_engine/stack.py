"""A stack: the parameters of jobs of equal structure, trained step by step."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import Tensor

from .._devices import widest_float
from .clipping import Clipping
from .expand import ExpandPerParameter
from .groups import widest_layout
from .job import FitJob
from .losses import LOSSES
from .ops.batch import Batch
from .ops.parameters import Parameter, ParameterLayout, resize
from .ops.sparse_rows import SparseRows
from .ops.stacked import StackedNetwork
from .optimizers import SOLVERS, Coefficients, Moments, Number
from .penalties import STRENGTHS, Penalties


class Stack:
    """Parameters, gradients and solver state of K networks of one structure.

    All of them are flat, parameter after parameter (`ParameterLayout.stack`), so that
    one call updates all networks.

    One network has no model axis anywhere: with one of length 1, fits took 21 % longer
    (2-20-1, batches of 10), 7 % (64-100-10) or 30 % (small convolutions), for products
    and convolutions of a stack are other kernels.

    Networks with fewer units than others are padded with units whose weights are
    zero and stay zero, so that they add nothing to any sum.

    Parameters
    ----------
    jobs : list of FitJob
        Of one group of `group_by_structure`.
    layout : ParameterLayout
        Of the widest network.
    flat, buffers : tensor of shape (K n_parameters,), (K n_buffers,)
    moments : dict of str -> tensor of shape (K n_parameters,)
    """

    def __init__(
        self,
        jobs: list[FitJob],
        layout: ParameterLayout,
        flat: Tensor,
        buffers: Tensor,
        moments: Moments,
    ) -> None:
        first = jobs[0]
        self.jobs, self.layout = jobs, layout
        self.n_models = len(jobs) if len(jobs) > 1 else None
        self.flat, self.buffers, self.moments = flat, buffers, moments
        self.grad = torch.zeros_like(flat)
        self.expand_per_parameter = ExpandPerParameter(layout, self.n_models, flat)
        self._known: dict[str, tuple[list[float], Number]] = {}
        solver = SOLVERS[first.settings.solver]
        self.update: Any = solver.update
        self.coefficients = Coefficients.of_settings(
            solver,
            [job.settings for job in jobs],
            self.per_model,
            self.expand_per_parameter,
        )
        self.network = StackedNetwork(
            self.layout,
            flat,
            self.grad,
            buffers,
            self.n_models,
            self._noise_levels(),
            first.settings.mixed_precision,
        )
        self.seeds: int | Tensor = first.seed
        if self.n_models:
            self.seeds = torch.tensor(
                [[job.seed] for job in jobs], dtype=torch.int32, device=flat.device
            )
        self.mixes = any(job.augment is not None and job.augment.mixes for job in jobs)
        self.mask = self._mask()
        self.penalties = Penalties(
            layout,
            flat,
            self.grad,
            self.n_models,
            self.expand_per_parameter,
            {
                name: self.per_model([getattr(job.settings, name) for job in jobs])
                for name in STRENGTHS
            },
            first.settings.penalize_bias,
        )
        self.clipping = Clipping(
            layout, self.grad, self.n_models, [job.settings.grad_clip for job in jobs]
        )
        self.loss = LOSSES[first.settings.loss].filled_in(**self._loss_values())
        self.observer: Any = None  # told of each batch and makes the step, if set

    @classmethod
    def of_jobs(cls, jobs: list[FitJob]) -> Stack:
        """Gather the jobs' parameters and solver states."""
        device = jobs[0].device
        states = [
            job.optimizer.start(job.settings.solver, job.parameters) for job in jobs
        ]
        layout = widest_layout(jobs)

        def gather(tensors: list[Tensor], part: str) -> Tensor:
            places = getattr(layout, part)
            tensors = [
                resize(tensor.to(device), getattr(job.layout, part), places)
                for tensor, job in zip(tensors, jobs, strict=True)
            ]
            one = len(tensors) == 1
            return tensors[0].clone() if one else layout.stack(tensors, places)

        return cls(
            jobs,
            layout,
            gather([job.parameters for job in jobs], "parameters"),
            gather([job.buffers for job in jobs], "buffers"),
            {
                name: gather([s[name] for s in states], "parameters")
                for name in states[0]
            },
        )

    def _mask(self) -> Tensor | None:
        """1 for the networks' own parameters, 0 for padding; None without padding."""
        layout = self.layout
        if all(job.layout.parameters == layout.parameters for job in self.jobs):
            return None
        own = [
            resize(
                self.flat.new_ones(job.layout.n_parameters),
                job.layout.parameters,
                layout.parameters,
            )
            for job in self.jobs
        ]
        return layout.stack(own, layout.parameters) if len(own) > 1 else own[0]

    def select(self, keep: list[int]) -> Stack:
        """The stack of the jobs at the places ``keep``, tensors copied."""

        def take(flat: Tensor, places: tuple[Parameter, ...]) -> Tensor:
            rows = self.layout.unstack(flat, places, self.n_models or 1)[keep]
            return (
                rows[0] if len(keep) == 1 else self.layout.stack(rows.unbind(), places)
            )

        return Stack(
            [self.jobs[k] for k in keep],
            self.layout,
            take(self.flat, self.layout.parameters),
            take(self.buffers, self.layout.buffers),
            {
                name: take(values, self.layout.parameters)
                for name, values in self.moments.items()
            },
        )

    def copy_first(self, other: Stack, back: bool = False) -> None:
        """Copy all tensors of the first jobs into their own stack, or back."""
        pairs = [(self.flat, other.flat, self.layout.parameters)]
        pairs += [(self.buffers, other.buffers, self.layout.buffers)]
        pairs += [
            (values, other.moments[name], self.layout.parameters)
            for name, values in self.moments.items()
        ]
        k, n = self.n_models or 1, other.n_models or 1
        for values, others, places in pairs:
            for p in places:
                own = values[k * p.start : k * p.stop].view(k, -1)[:n].flatten()
                theirs = others[n * p.start : n * p.stop]
                (own if back else theirs).copy_(theirs if back else own)

    def parameters_of(self, k: int) -> tuple[Tensor, Tensor]:
        """Copies of the parameters and buffers of the job at place ``k``."""
        return (
            self._of_model(self.flat, "parameters", k),
            self._of_model(self.buffers, "buffers", k),
        )

    def moments_of(self, k: int) -> Moments:
        """Copies of the solver's state of the job at place ``k``."""
        return {
            name: self._of_model(values, "parameters", k)
            for name, values in self.moments.items()
        }

    def hand_over(self, k: int) -> tuple[tuple[Tensor, Tensor], Moments]:
        """What a job that has ended keeps: copies, but where it was alone."""
        if self.n_models is None and self.mask is None:
            return (self.flat, self.buffers), self.moments
        return self.parameters_of(k), self.moments_of(k)

    def _of_model(self, flat: Tensor, part: str, k: int) -> Tensor:
        places, K = getattr(self.layout, part), self.n_models or 1
        parts = [flat[K * p.start : K * p.stop].view(K, -1)[k] for p in places]
        own = torch.cat(parts) if parts else flat.clone()
        return resize(own, places, getattr(self.jobs[k].layout, part))

    def set_parameters(self, k: int, parameters: Tensor, buffers: Tensor) -> None:
        """Overwrite the parameters and buffers of the job at place ``k``."""
        given, K = self.jobs[k].layout, self.n_models or 1
        for flat, part, values in (
            (self.flat, "parameters", parameters),
            (self.buffers, "buffers", buffers),
        ):
            places = getattr(self.layout, part)
            values = resize(values, getattr(given, part), places)
            for p in places:
                own = flat[K * p.start : K * p.stop].view(K, -1)[k]
                own.copy_(values[p.start : p.stop])

    def per_model(self, values: list) -> Any:
        """One number if all values agree, else a tensor of shape (K,)."""
        first = values[0]
        if all(value == first for value in values):
            return first
        return torch.tensor(values, dtype=self.flat.dtype, device=self.flat.device)

    def per_parameter(self, name: str, values: list[float]) -> Number:
        """One number if all values agree, else a tensor of shape (K n_parameters,)."""
        known = self._known.get(name)
        if known is None or known[0] != values:
            value = self.expand_per_parameter(self.per_model(values))
            known = self._known[name] = (values, value)
        return known[1]

    def _loss_values(self) -> dict[str, Number]:
        """The loss's own parameters: numbers, or tensors of shape (K, 1, 1)."""
        values = {
            name: self.per_model([getattr(job.settings, name) for job in self.jobs])
            for name in LOSSES[self.jobs[0].settings.loss].parameters
        }
        return {
            name: value[:, None, None] if isinstance(value, Tensor) else value
            for name, value in values.items()
        }

    def _noise_levels(self) -> list:
        """Per layer a number, or a list of K numbers where they differ, or None."""
        levels = []
        for of_jobs in zip(
            *(job.layout.noise_levels for job in self.jobs), strict=True
        ):
            values = [None if value is None else float(value) for value in of_jobs]
            levels.append(values[0] if len(set(values)) == 1 else values)
        return levels

    def step(self, batch: Batch, rate: Number, number: int | Tensor) -> Tensor:
        """One optimizer step of all networks.

        Parameters
        ----------
        batch : Batch
            Its targets become mixed where augmentation mixes rows.
        rate : float or tensor of shape (K n_parameters,)
        number : int or int32 tensor of shape (K, 1), of shape (1,) for one network
            Of this step, from 1.

        Returns
        -------
        tensor of shape (K, n_rows, n_outputs)
            Predictions before the step.
        """
        x = batch.x
        if self.jobs[0].augment is not None:
            x, batch.y = self.augment(batch)
        if self.observer is not None:
            self.observer.batch_begins(x, batch.y)
        outputs = self.network.forward(x, batch)
        prediction = self.loss.activation(outputs)
        self.network.backward(self.loss.gradient(batch.y, prediction).mul_(batch.scale))
        if self.mask is not None:
            self.grad.mul_(self.mask)
        if self.penalties.active:
            self.penalties.add_gradient(batch.inverse_total)
        if self.observer is not None:
            loss = partial(self._batch_loss, batch, prediction)
            self.observer.step(outputs, loss, number)
            return prediction
        if self.clipping.acts:
            self.clipping.clip()
        if self.penalties.decays:
            self.penalties.decay(rate)
        t: Number = number
        if isinstance(number, Tensor):
            t = number.squeeze(-1).to(widest_float(number.device))
        self.update(self.flat, self.grad, self.moments, rate, self.coefficients, t)
        return prediction

    def _batch_loss(self, batch: Batch, prediction: Tensor) -> Number:
        """Mean loss of a batch of one network, penalties included."""
        loss = self.loss.per_row(batch.y, prediction).unsqueeze(-1) * batch.scale
        total: Number = loss.sum()
        if self.penalties.active:
            norms = [self.penalties.norms()]
            total = total + self.penalties.total(norms, [1.0], [batch.inverse_total])
        return total

    def step_part(
        self, part: slice, grad: Tensor, lr: float, coefficients: Coefficients, t: int
    ) -> None:
        """One optimizer step of a part of the parameters of one network.

        Parameters
        ----------
        part : slice
            Of the flat parameters.
        grad : tensor of shape (n_parameters,)
            The solver may overwrite it.
        lr : float
        coefficients : Coefficients
            In place of the stack's own.
        t : int
        """
        if self.penalties.decays:
            self.penalties.decay(lr, part)
        moments = {name: values[part] for name, values in self.moments.items()}
        self.update(self.flat[part], grad[part], moments, lr, coefficients, t)

    def augment(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Each job's augmentation of its own rows and their targets."""
        weight = None if batch.weight is None else batch.weight.squeeze(-1)
        x: Any = batch.x  # rows of images are dense, and have keys
        y, keys = batch.y, batch.keys
        if self.n_models is None:
            return self.jobs[0].augment.change_batch(x, y, keys, weight)
        changed = [
            job.augment.change_batch(
                x[k], y[k], keys[k], None if weight is None else weight[k]
            )
            for k, job in enumerate(self.jobs)
        ]
        images, targets = zip(*changed, strict=True)
        return torch.stack(images), torch.stack(targets) if self.mixes else y

    @torch.no_grad()
    def predict(self, x: Tensor | SparseRows) -> Tensor:
        """Predictions in evaluation mode, shape (K, n_rows, n_outputs)."""
        return self.loss.activation(self.network.forward(x))
