"""skorch callbacks during training."""

import torch
from scipy import sparse
from skorch.callbacks import Callback, EarlyStopping
from skorch.dataset import Dataset

from .bound_net import BoundNet
from .losses import LOSSES, SCORES
from .net import history_row

BATCH_HOOKS = ("on_batch_begin", "on_batch_end", "on_grad_computed")
HOOKS = (
    "on_train_begin",
    "on_epoch_begin",
    *BATCH_HOOKS,
    "on_epoch_end",
    "on_train_end",
)


class NetObserver:
    """Calls a user's skorch callbacks while a job is trained, and makes its steps.

    The module and the optimizer of the net share the memory of the parameters,
    gradients and moments in training (`BoundNet`), so that callbacks see them, and
    what they change counts from the next step on.

    Parameters
    ----------
    net : skorch.NeuralNet
    """

    def __init__(self, net):
        self.net = net
        defaults = {name for name, _ in net.get_default_callbacks()}
        self.callbacks = [c for name, c in net.callbacks_ if name not in defaults]
        self.hearers = {
            hook: [c for c in self.callbacks if _hears(c, hook)] for hook in HOOKS
        }
        self.tells_batches = any(self.hearers[hook] for hook in BATCH_HOOKS)

    def _notify(self, hook, **arguments):
        if not self.hearers[hook]:
            return
        for callback in self.hearers[hook]:
            try:
                getattr(callback, hook)(self.net, **arguments)
            except Exception as error:
                self._explain_monitor(callback, hook, error)
                raise
        self.bound.take()

    def _explain_monitor(self, callback, hook, error):
        """Say so where a callback failed as it monitors what is not recorded."""
        monitor = getattr(callback, "monitor", None)
        if hook != "on_epoch_end" or not isinstance(monitor, str):
            return
        row = self.net.history[-1]
        if monitor in row:
            return
        advice = ""
        if self.datasets["dataset_valid"] is None:
            advice = (
                " There are no validation rows: pass X_val and y_val to fit, set "
                f"early_stopping=True, or monitor {_of_training(monitor)!r}."
            )
        raise ValueError(
            f"callbacks: {type(callback).__name__} has monitor={monitor!r}, but the "
            f"history has {sorted(set(row) - {'batches'})}.{advice}"
        ) from error

    def training_begins(self, stack, job):
        """Bind the net to a job, alone in its stack."""
        self.job, self.stack = job, stack
        self.bound = BoundNet(self.net, stack, job)
        self.net.verbose = 1  # callbacks that print do so
        train = self._dataset(job.train)
        valid = None if job.validation is None else self._dataset(job.validation)
        self.datasets = {"dataset_train": train, "dataset_valid": valid}
        stack.observer = self
        self._notify("on_train_begin", X=train.X, y=train.y)
        self.bound.check_same()

    def epoch_begins(self):
        """Open a row of the history."""
        self.n_batches = 0
        self.net.history.new_epoch()
        self.net.history.record("epoch", len(self.net.history))
        self._notify("on_epoch_begin", **self.datasets)
        self.bound.show_gradients()

    def batch_begins(self, x, y):
        """Before the forward pass of a batch."""
        self.bound.sync_rate()
        if self.tells_batches:
            x = x.to_dense().clone()  # as it is overwritten
            self._begin_batch(x, self._targets(y), True)

    def _begin_batch(self, x, targets, training):
        self.batch = (x, targets)
        self.net.history.new_batch()
        self._notify("on_batch_begin", batch=self.batch, training=training)

    def step(self, outputs, loss, t):
        """After the backward pass of a batch, the solver's step.

        Parameters
        ----------
        outputs : tensor of shape (n_rows, n_outputs)
        loss : callable
            Gives the loss of the batch.
        t : int
            Number of this step, from 1.
        """
        if self.tells_batches:
            loss = loss()
            self.bound.show_gradients()
            self._notify(
                "on_grad_computed",
                named_parameters=list(self.net.module_.named_parameters()),
                batch=self.batch,
                training=True,
            )
            self.bound.sync_rate()
        self.bound.step(t)
        self.n_batches += 1
        self.net.optimizer_._opt_called = True  # schedulers ask for it
        if self.tells_batches:
            self._end_batch(outputs, loss, "train")

    def _end_batch(self, outputs, loss, part):
        self._record_batch(part, float(loss), len(outputs))
        self._notify(
            "on_batch_end",
            batch=self.batch,
            training=part == "train",
            loss=loss,
            y_pred=outputs,
        )

    def batches_end(self, totals, sizes):
        """Record a row of batches at once, where nobody was told of each.

        Parameters
        ----------
        totals : list of float
            Loss of each batch, times its rows.
        sizes : list of int
            Rows of each batch.
        """
        if not self.tells_batches:
            for total, size in zip(totals, sizes, strict=True):
                self.net.history.new_batch()
                self._record_batch("train", total / size, size)

    def _record_batch(self, part, loss, size):
        self.net.history.record_batch(f"{part}_loss", loss)
        self.net.history.record_batch(f"{part}_batch_size", size)

    def epoch_ends(self):
        """Record the epoch; returns whether a callback ends the training."""
        job, history = self.job, self.net.history
        history.record("train_batch_count", self.n_batches)
        if job.validation is not None:
            self._validate_in_batches()
        score_name = SCORES[job.settings.score].short
        for name, value in history_row(
            job.progress, len(job.progress.loss_curve) - 1, score_name
        ).items():
            history.record(name, value)
        self.bound.sync_rate()
        self.bound.show_steps()
        try:
            self._notify("on_epoch_end", **self.datasets)
        except KeyboardInterrupt:
            if not any(map(_has_stopped, self.callbacks)):
                raise
            return True
        self.bound.check_same()
        self.bound.sync_rate()
        return False

    def _validate_in_batches(self):
        valid, split = self.datasets["dataset_valid"], self.job.validation
        size, device = self.job.settings.batch_size, self.stack.flat.device
        starts = range(0, len(valid), size)
        for start in starts:
            rows = slice(start, start + size)
            x = valid.X[rows]
            x = x.toarray() if sparse.issparse(x) else x
            x = torch.as_tensor(x, device=device)
            self._begin_batch(x, torch.as_tensor(valid.y[rows]), False)
            outputs = self.net.module_.eval()(x)
            y = torch.as_tensor(split.y[rows], device=device)
            losses = self.stack.loss.per_row(y, self.stack.loss.activation(outputs))
            if split.sample_weight is not None:
                w = torch.as_tensor(split.sample_weight[rows], device=device)
                losses = losses * (w / w.mean())
            self._end_batch(outputs, losses.mean(), "valid")
        self.net.history.record("valid_batch_count", len(starts))

    def training_ends(self):
        """Callbacks may now load the parameters that they judge best."""
        train = self.datasets["dataset_train"]
        self.bound.show_steps()
        self._notify("on_train_end", X=train.X, y=train.y)
        self.bound.release()
        self.net.verbose = 0

    def _dataset(self, split):
        # of skorch's data sets, rows become dense one by one, those of a csr_array fail
        X = sparse.csr_matrix(split.X) if sparse.issparse(split.X) else split.X
        return Dataset(X, self._targets(torch.from_numpy(split.y)).numpy())

    def _targets(self, y):
        """Targets as skorch's nets take them: numbers of classes, or values."""
        settings = self.job.settings
        if LOSSES[settings.loss].targets == "classes":
            return y.argmax(-1)
        return (
            y if SCORES[settings.score].of_labels or y.shape[-1] > 1 else y.squeeze(-1)
        )


def _of_training(monitor):
    return f"train_loss{'_best' * monitor.endswith('_best')}"


def _hears(callback, hook):
    inherited = getattr(type(callback), hook) is getattr(Callback, hook)
    return hook in vars(callback) or not inherited


def _has_stopped(callback):
    return isinstance(callback, EarlyStopping) and (
        callback.misses_ == callback.patience
    )
