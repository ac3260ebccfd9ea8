"""One epoch of a stack: gather rows, step through batches, sum losses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import count, repeat
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from .._devices import widest_float
from .capture import Capture, Replay
from .cost_model import COSTS
from .evaluation import ScoreSum, Validation
from .ops.batch import Batch
from .ops.counter_random import step_keys
from .rows import Chunk, Rows, StackedRows, plan_chunks, presence
from .schedules import schedule_of
from .stack import Number, Stack


class Step(NamedTuple):
    """A step that was made.

    Attributes
    ----------
    batch : Batch
    prediction : tensor of shape (K, n_rows, n_outputs)
        Before the step.
    norms : list or None
        Of the penalties before the step, where any acts.
    """

    batch: Batch
    prediction: Tensor
    norms: list | None


class EpochRunner:
    """Runs epochs of a stack.

    Parameters
    ----------
    stack : Stack
    capture : callable or None
        Captures the steps through a chunk's batches to repeat them, see
        `sknn_course._engine.capture`; None takes each step anew.
    """

    def __init__(self, stack: Stack, capture: Capture | None = None) -> None:
        self.stack = stack
        self.replay = None if capture is None else Replay(capture)
        jobs = stack.jobs
        first = jobs[0]
        # the largest: that of a full batch is the number of the job's rows
        self.batch_size = max(job.settings.batch_size for job in jobs)
        self.rows = StackedRows(
            [job.train for job in jobs],
            first.device,
            stack.network.needs_keys or first.augment is not None,
            stack.network,
            self.batch_size * len(jobs),
        )
        self.lengths = [len(job.train) for job in jobs]
        on_cpu = first.device.type == "cpu"
        self.chunks = plan_chunks(
            self.lengths,
            self.batch_size,
            self.rows.row_bytes(),
            COSTS.chunk_bytes if on_cpu else COSTS.chunk_bytes_on_gpu,
            ragged_apart=capture is not None,  # since it is not captured
        )
        self.present = {
            chunk: presence(
                self.lengths[: chunk.n_jobs], chunk.start, chunk.stop, self.rows.y
            )
            for chunk in self.chunks
            if chunk.ragged
        }
        self.per_step = [schedule_of(job.settings).per_step for job in jobs]
        self.validation: Validation | None = None
        if first.validation is not None:
            self.validation = Validation(stack)
            self.seen = ScoreSum(stack, self.rows, self.lengths)
        self.n_steps = [job.optimizer.n_steps for job in jobs]
        self._parts: dict[int, Stack] = {}  # of the first jobs, by their number

    def run(
        self, permutations: list[np.ndarray], running: list[int]
    ) -> tuple[list[float], dict[str, list[float]] | None]:
        """Train one epoch.

        Parameters
        ----------
        permutations : list of ndarray of shape (n_rows_of_job,)
        running : list of int
            Places of the jobs that have not ended. The others are carried along,
            their progress is left as it is.

        Returns
        -------
        losses : list of float
            Mean training loss of each job, penalties included.
        scores : dict of str -> list of float, or None
            Validation score and loss, and training score, of each job.
        """
        index = self.rows.index(permutations)
        device = self.rows.device
        total = torch.zeros(
            len(permutations), dtype=widest_float(device), device=device
        )
        if self.validation is not None:
            self.seen.reset()
        self.running = set(running)
        first_steps = self.n_steps.copy()
        done = 0
        for chunk in self.chunks:
            loss_sum = self._run_chunk(chunk, index, first_steps, done)
            done += -(-(chunk.stop - chunk.start) // self.batch_size)
            total[: chunk.n_jobs] += loss_sum
        for k, n_rows in enumerate(self.lengths):
            self.n_steps[k] += -(-n_rows // self.batch_size)
        for k in running:
            self.stack.jobs[k].optimizer.n_steps = self.n_steps[k]
        losses = [t / n for t, n in zip(total.tolist(), self.lengths, strict=True)]
        return losses, self._scores()

    def _run_chunk(
        self, chunk: Chunk, index: Tensor, first_steps: list[int], done: int
    ) -> Tensor:
        """Steps through a chunk's batches.

        Returns
        -------
        tensor of shape (K,) or ()
            Mean loss of each batch times its rows, penalties included, summed.
        """
        K = chunk.n_jobs
        stack = self._first(K)
        places = index[..., chunk.start : chunk.stop]
        if index.dim() == 2:
            places = places[:K] if stack.n_models else places[0]
        rows = self.rows.take(places)
        present = self.present.get(chunk)
        number: int | Tensor = first_steps[0] + done
        if any(step != first_steps[0] for step in first_steps[:K]):
            number = self._column([step + done for step in first_steps[:K]])
        rates = [job.optimizer.learning_rate for job in stack.jobs]
        if self.replay is not None and present is None:
            steps = self._captured_steps(self.replay, stack, rows, number, rates)
        else:
            if any(self.per_step[:K]):
                of_steps = self._step_rates(stack, first_steps, done)
            else:
                of_steps = repeat(stack.per_parameter("learning_rate", rates))
            batches = self._batches(stack, rows, number, present)
            steps = _take_steps(stack, batches, of_steps, number)
        total = self._losses(stack, rows, present, steps)
        if stack is not self.stack:
            self.stack.copy_first(stack, back=True)
        return total

    def _batches(
        self, stack: Stack, rows: Rows, number: int | Tensor, present: Tensor | None
    ) -> Iterator[Batch]:
        """Yield the batches of a chunk's rows, after ``number`` steps."""
        size, axis = self.batch_size, 1 if stack.n_models else 0
        keys = rows.keys
        if keys is not None:
            n = keys.shape[-1]
            place = torch.arange(n, dtype=torch.int32, device=keys.device)
            keys = step_keys(keys, stack.seeds, number + place // size + 1)
        n_batches = -(-rows.y.shape[axis] // size)
        parts = [
            [None] * n_batches if v is None else v.split(size, axis)
            for v in (rows.X, rows.y, rows.weight, keys, present)
        ]
        for k, (x, y, weight, own_keys, here) in enumerate(zip(*parts, strict=True), 1):
            # padding is in the last batch alone
            yield Batch(x, y, weight, own_keys, here if k == n_batches else None)

    def _captured_steps(
        self,
        replay: Replay,
        stack: Stack,
        rows: Rows,
        number: int | Tensor,
        rates: list[float],
    ) -> list[Step]:
        """Steps that are captured; what changes between chunks comes in tensors."""

        def steps(
            X: Tensor,
            y: Tensor,
            weight: Tensor | None,
            keys: Tensor | None,
            number: Tensor,
            rates: Tensor,
        ) -> list[Step]:
            batches = self._batches(stack, Rows(X, y, weight, keys), number, None)
            return _take_steps(
                stack, batches, repeat(stack.expand_per_parameter(rates)), number
            )

        like, K = stack.flat, stack.n_models
        if isinstance(number, int):
            number = self._column([number] * (K or 1))
        number = number if K else number[0]
        tensor = torch.tensor(
            rates if K else rates[0], dtype=like.dtype, device=like.device
        )
        return replay.run(stack, steps, (*rows, number, tensor))

    def _losses(
        self, stack: Stack, rows: Rows, present: Tensor | None, steps: list[Step]
    ) -> Tensor:
        """As of `_run_chunk`; tells the scores and the observer of the steps."""
        axis = 1 if stack.n_models else 0
        predictions = torch.cat([step.prediction for step in steps], axis)
        y = rows.y
        if stack.mixes:
            y = torch.cat([step.batch.y for step in steps], axis)
        losses = stack.loss.per_row(y, predictions)
        weighted = [s.batch.factors for s in steps if s.batch.factors is not None]
        if weighted:  # all batches, or the last one
            factors = torch.cat(weighted, -1)
            losses[..., -factors.shape[-1] :] *= factors
        if self.validation is not None:
            weight = rows.weight
            if present is not None:
                weight = present if weight is None else weight * present
            self.seen.add(stack.loss, predictions, y, weight)
        total = losses.to(widest_float(losses.device)).sum(-1)
        norms = [step.norms for step in steps if step.norms is not None]
        n_rows: list[Number] = [step.batch.n_rows for step in steps]
        inverse_totals = [step.batch.inverse_total for step in steps]
        if norms:
            total += stack.penalties.total(norms, n_rows, inverse_totals)
        if stack.observer is not None:
            batches = torch.stack([b.sum() for b in losses.split(self.batch_size)])
            if norms:
                batches += stack.penalties.by_batch(norms, n_rows, inverse_totals)
            stack.observer.batches_end(batches.tolist(), n_rows)
        return total

    def _column(self, numbers: list[int]) -> Tensor:
        """(K, 1)"""
        return torch.tensor(
            numbers, dtype=torch.int32, device=self.rows.device
        ).unsqueeze(1)

    def _first(self, n_jobs: int) -> Stack:
        """The stack of the first jobs, with the parameters of now."""
        if n_jobs == len(self.lengths):
            return self.stack
        if n_jobs not in self._parts:
            self._parts[n_jobs] = self.stack.select(list(range(n_jobs)))
        self.stack.copy_first(self._parts[n_jobs])
        return self._parts[n_jobs]

    def _step_rates(
        self, stack: Stack, first_steps: list[int], done: int
    ) -> Iterator[Number]:
        """Yield the learning rates of a schedule step by step."""
        for step in count(done):
            for k, job in enumerate(stack.jobs):
                rule = self.per_step[k]
                if rule is not None and k in self.running:
                    n_batches = -(-self.lengths[k] // self.batch_size)
                    job.optimizer.learning_rate = rule(
                        job.settings,
                        first_steps[k] + step,
                        n_batches * job.settings.max_iter,
                    )
            rates = [job.optimizer.learning_rate for job in stack.jobs]
            yield stack.per_parameter("learning_rate", rates)

    def _scores(self) -> dict[str, list[float]] | None:
        """Scores of the epoch just run, or None without validation rows."""
        if self.validation is None:
            return None
        score, loss = self.validation.measure(self.stack)
        training_score, _ = self.seen.result()
        return {
            "validation_score": score,
            "validation_loss": loss,
            "training_score": training_score,
        }


def _take_steps(
    stack: Stack,
    batches: Iterable[Batch],
    rates: Iterable[Number],
    number: int | Tensor,
) -> list[Step]:
    """Step through batches, after ``number`` steps: an int, or int32 of (K, 1)."""
    steps = []
    pairs = zip(batches, rates, strict=False)
    for k, (batch, rate) in enumerate(pairs, 1):
        norms = stack.penalties.norms() if stack.penalties.active else None
        prediction = stack.step(batch, rate, number + k)
        steps.append(Step(batch, prediction, norms))
    return steps
