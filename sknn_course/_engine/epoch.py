"""One epoch of a stack: gather rows, step through batches, sum losses."""

from collections import namedtuple
from itertools import count, repeat

import torch

from .._devices import widest_float
from .cost_model import COSTS
from .evaluation import ScoreSum, Validation
from .ops.counter_random import step_keys
from .recording import Recorder
from .rows import (
    StackedRows,
    plan_chunks,
    presence,
)
from .schedules import schedule_of

Steps = namedtuple(
    "Steps",
    ["predictions", "targets", "factors", "norms", "batch_rows", "inverse_totals"],
)
Steps.__doc__ = "What the steps through batches leave, by batch."


class EpochRunner:
    """Runs epochs of a stack.

    Parameters
    ----------
    stack : Stack
    record : callable or None
        Records the steps through a chunk's batches to repeat them, see
        `sknn_course._engine.recording`; None takes each step anew.
    """

    def __init__(self, stack, record=None):
        self.stack = stack
        self.recorder = None if record is None else Recorder(record)
        jobs = stack.jobs
        first = jobs[0]
        # the largest: that of a full batch is the number of the job's rows
        self.batch_size = max(job.settings.batch_size for job in jobs)
        self.with_keys = stack.network.needs_keys or first.augment is not None
        self.rows = StackedRows(
            [job.train for job in jobs],
            first.device,
            self.with_keys,
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
            ragged_apart=record is not None,  # since it is not recorded
        )
        self.present = {
            chunk: presence(
                self.lengths[: chunk.n_jobs], chunk.start, chunk.stop, self.rows.y
            )
            for chunk in self.chunks
            if chunk.ragged
        }
        self.per_step = [schedule_of(job.settings).per_step for job in jobs]
        self.validation = None
        if first.validation is not None:
            self.validation = Validation(stack)
            self.seen = ScoreSum(stack, self.rows, self.lengths)
        self.n_steps = [job.optimizer.n_steps for job in jobs]
        self._parts = {}  # stacks of the first jobs, by their number

    def run(self, orders, running):
        """Train one epoch.

        Parameters
        ----------
        orders : list of ndarray of shape (n_rows_of_job,)
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
        index = self.rows.index(orders)
        device = self.rows.device
        total = torch.zeros(len(orders), dtype=widest_float(device), device=device)
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

    def _run_chunk(self, chunk, index, first_steps, done):
        """Steps through a chunk's batches.

        Returns
        -------
        tensor of shape (K,) or ()
            Mean loss of each batch times its rows, penalties included, summed.
        """
        K = chunk.n_jobs
        stack = self._first(K)
        places, axis = index[..., chunk.start : chunk.stop], 0
        if index.dim() == 2:
            places, axis = (places[:K], 1) if stack.n_models else (places[0], 0)
        X, y, weight, keys = self.rows.take(places)
        present = self.present.get(chunk)
        n_before = first_steps[0] + done
        if any(step != first_steps[0] for step in first_steps[:K]):
            n_before = self._column([step + done for step in first_steps[:K]])
        rates = [job.optimizer.learning_rate for job in stack.jobs]
        if self.recorder is not None and present is None:
            steps = self._recorded_steps(
                stack, axis, (X, y, weight, keys), n_before, rates
            )
        else:
            if any(self.per_step[:K]):
                lr = self._step_rates(stack, first_steps, done)
            else:
                lr = repeat(stack.per_parameter("learning_rate", rates))
            steps = self._steps(stack, axis, X, y, weight, keys, present, n_before, lr)
        predictions = torch.cat(steps.predictions, axis)
        if stack.mixes:
            y = torch.cat(steps.targets, axis)
        losses = stack.loss.per_row(y, predictions)
        if steps.factors:  # of all batches, or of the last one
            factors = torch.cat(steps.factors, -1)
            losses[..., -factors.shape[-1] :] *= factors
        if self.validation is not None:
            self.seen.add(predictions, y, _both(weight, present))
        if stack is not self.stack:
            self.stack.copy_first(stack, back=True)
        total = losses.to(widest_float(losses.device)).sum(-1)
        if steps.norms:
            norms = steps.norms, steps.batch_rows, steps.inverse_totals
            total += stack.penalties.total(*norms)
        if stack.observer is not None:
            batches = torch.stack([b.sum() for b in losses.split(self.batch_size)])
            if steps.norms:
                batches += stack.penalties.by_batch(*norms)
            stack.observer.batches_end(batches.tolist(), steps.batch_rows)
        return total

    def _steps(self, stack, axis, X, y, weight, keys, present, n_before, rates):
        """Step through batches of rows.

        Parameters
        ----------
        stack : Stack
        axis : int
            Of the rows.
        X, y, weight, keys, present : tensor or None
            Rows, and where they are no padding, which is in the last batch alone.
        n_before : int or int32 tensor of shape (K, 1)
            Steps done before.
        rates : iterable of float or tensor of shape (K n_parameters,)
            Learning rate of each step.

        Returns
        -------
        Steps
        """
        size = self.batch_size
        if keys is not None:
            n = keys.shape[-1]
            number = torch.arange(n, dtype=torch.int32, device=keys.device) // size + 1
            keys = step_keys(keys, stack.seeds, n_before + number)
        n_batches = -(-X.shape[axis] // size)
        parts = [
            [None] * n_batches if v is None else v.split(size, axis)
            for v in (X, y, weight, keys, present)
        ]
        steps = Steps(*([] for _ in Steps._fields))
        batches = zip(*parts, strict=True)
        for number, batch in enumerate(zip(batches, rates, strict=False), 1):
            (x, target, w, k, here), lr = batch
            here = here if number == n_batches else None
            w = _both(w, here)
            n_rows, row_weight = x.shape[axis], None
            if w is None:
                scale = inverse_total = 1 / n_rows
            else:
                inverse_total = _inverse(w.sum(-1, keepdim=True))  # (K, 1)
                scale = (w * inverse_total).unsqueeze(-1)  # (K, n_rows, 1)
                if here is not None:
                    n_rows = here.sum(-1)  # (K,)
                steps.factors.append(scale.squeeze(-1) * _column(n_rows))
                row_weight = w.unsqueeze(-1)
            if stack.penalties.active:
                steps.norms.append(stack.penalties.norms())
            steps.batch_rows.append(n_rows)
            steps.inverse_totals.append(inverse_total)
            prediction, target = stack.step(
                x, target, scale, inverse_total, lr, n_before + number, row_weight, k
            )
            steps.predictions.append(prediction)
            steps.targets.append(target)
        return steps

    def _recorded_steps(self, stack, axis, rows, n_before, rates):
        """As `_steps`, recorded; what changes between chunks comes in tensors."""

        def steps(X, y, weight, keys, n_before, rates):
            lr = repeat(stack.spread(rates))
            return self._steps(stack, axis, X, y, weight, keys, None, n_before, lr)

        like, K = stack.flat, stack.n_models
        if isinstance(n_before, int):
            n_before = self._column([n_before] * (K or 1))
        n_before = n_before if K else n_before[0]
        rates = torch.tensor(
            rates if K else rates[0], dtype=like.dtype, device=like.device
        )
        return self.recorder.run(stack, steps, (*rows, n_before, rates))

    def _column(self, numbers):
        """(K, 1)"""
        return torch.tensor(
            numbers, dtype=torch.int32, device=self.rows.device
        ).unsqueeze(1)

    def _first(self, n_jobs):
        """The stack of the first jobs, with the parameters of now."""
        if n_jobs == len(self.lengths):
            return self.stack
        if n_jobs not in self._parts:
            self._parts[n_jobs] = self.stack.select(list(range(n_jobs)))
        self.stack.copy_first(self._parts[n_jobs])
        return self._parts[n_jobs]

    def _step_rates(self, stack, first_steps, done):
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

    def _scores(self):
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


def _both(weight, present):
    """Weights of rows, 0 for padding; None where all count alike."""
    if weight is None or present is None:
        return present if weight is None else weight
    return weight * present


def _inverse(total):
    """1 / total, and 0 for a batch without weight."""
    return torch.where(total != 0, 1 / total, 0.0)


def _column(n_rows):
    """A number, or (K,) -> (K, 1)."""
    return n_rows.unsqueeze(-1) if isinstance(n_rows, torch.Tensor) else n_rows
