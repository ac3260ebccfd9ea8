"""The skorch net of an estimator, and skorch callbacks during training."""

import torch
from scipy import sparse
from skorch import (
    NeuralNet,
    NeuralNetBinaryClassifier,
    NeuralNetClassifier,
    NeuralNetRegressor,
)
from skorch.callbacks import Callback, EarlyStopping
from skorch.dataset import Dataset

from ..modules.build import bind_module
from .losses import LOSSES

OPTIMIZERS = {
    "sgd": torch.optim.SGD,
    "adam": torch.optim.Adam,
    "nadam": torch.optim.NAdam,
    "rmsprop": torch.optim.RMSprop,
    "adagrad": torch.optim.Adagrad,
    "adadelta": torch.optim.Adadelta,
    "lbfgs": torch.optim.LBFGS,
}
# by (loss, whether there are several labels per row)
NETS = {
    ("log_loss", False): NeuralNetClassifier,
    ("binary_log_loss", False): NeuralNetBinaryClassifier,
    ("binary_log_loss", True): NeuralNet,
    ("squared_error", False): NeuralNetRegressor,
    ("poisson", False): NeuralNetRegressor,
}
SCORE_NAMES = {
    "accuracy": "acc",
    "one_class": "acc",
    "subset_accuracy": "acc",
    "r2": "r2",
}
BATCH_HOOKS = ("on_batch_begin", "on_batch_end", "on_grad_computed")


def make_net(module, settings, device, n_classes=None, callbacks=None):
    """A skorch net around a module.

    Parameters
    ----------
    module : torch.nn.Sequential
        Gives the outputs before the output activation.
    settings : Settings
    device : torch.device
    n_classes : int or None
        For classifiers of one label.
    callbacks : list of skorch callbacks, or None

    Returns
    -------
    skorch.NeuralNet
        Initialised, with an empty history, ready for predictions and for more
        training by skorch.
    """
    net_class = NETS[settings.loss, settings.score == "subset_accuracy"]
    options = {}
    if net_class is NeuralNetClassifier:
        options["classes"] = list(range(n_classes))
    if settings.loss == "poisson":
        options["predict_nonlinearity"] = torch.exp
    return net_class(
        module,
        criterion=LOSSES[settings.loss].criterion,
        optimizer=OPTIMIZERS[settings.solver],
        lr=settings.learning_rate_init,
        max_epochs=settings.max_iter,
        batch_size=settings.batch_size,
        train_split=None,
        callbacks=callbacks,
        device=str(device),
        verbose=0,
        **options,
    ).initialize()


def history_row(progress, place, score_name):
    """One epoch of a net's history, with skorch's names.

    Parameters
    ----------
    progress : Progress
    place : int
        Place of the epoch in the loss curve.
    score_name : str

    Returns
    -------
    dict
    """
    row = {
        "train_loss": progress.loss_curve[place],
        "lr": progress.learning_rates[place],  # None with lbfgs
        "dur": progress.durations[place],
    }
    _mark_best(row, "train_loss", progress.loss_curve[: place + 1], min)
    # warm starts may have added the validation split later
    at = place - len(progress.loss_curve) + len(progress.validation_scores)
    if progress.validation_scores and at >= 0:
        losses, scores = progress.validation_loss_curve, progress.validation_scores
        row["valid_loss"] = losses[at]
        row[f"valid_{score_name}"] = scores[at]
        row[f"train_{score_name}"] = progress.training_score_curve[at]
        _mark_best(row, "valid_loss", losses[: at + 1], min)
        _mark_best(row, f"valid_{score_name}", scores[: at + 1], max)
    return row


def _mark_best(row, name, values, best):
    row[f"{name}_best"] = values.index(best(values)) == len(values) - 1


def write_history(net, progress, settings):
    """Fill a net's history from what training recorded."""
    for place in range(len(net.history), len(progress.loss_curve)):
        row = history_row(progress, place, SCORE_NAMES[settings.score])
        net.history.append({"batches": [], "epoch": place + 1, **row})


class NetObserver:
    """Calls a user's skorch callbacks while a job is trained.

    The module of the net shares the memory of the parameters and gradients in
    training, so that callbacks see them and may change them.

    Parameters
    ----------
    net : skorch.NeuralNet
    """

    def __init__(self, net):
        self.net = net
        defaults = {name for name, _ in net.get_default_callbacks()}
        self.callbacks = [c for name, c in net.callbacks_ if name not in defaults]
        self.wants_batches = any(
            getattr(type(callback), hook, None) is not getattr(Callback, hook)
            for callback in self.callbacks
            for hook in BATCH_HOOKS
        )

    def _notify(self, hook, **arguments):
        for callback in self.callbacks:
            getattr(callback, hook)(self.net, **arguments)

    def training_begins(self, stack, job):
        """Bind the module to the parameters of a job, alone in its stack."""
        self.job, self.stack = job, stack
        bind_module(self.net.module_, job.layout, stack.flat, stack.buffers, stack.grad)
        self.known_rate = self._rate()
        train = self._dataset(job.train)
        valid = None if job.validation is None else self._dataset(job.validation)
        self.datasets = {"dataset_train": train, "dataset_valid": valid}
        if self.wants_batches:
            stack.observer = self
        self._notify("on_train_begin", X=train.X, y=train.y)

    def epoch_begins(self):
        """Open a row of the history."""
        self.net.history.new_epoch()
        self.net.history.record("epoch", len(self.net.history))
        self._notify("on_epoch_begin", **self.datasets)

    def batch_begins(self, x, y):
        """Before the forward pass of a batch."""
        # x is overwritten, see `take`
        self.batch = (x.to_dense().clone(), self._targets(y))
        self.net.history.new_batch()
        self._notify("on_batch_begin", batch=self.batch, training=True)

    def gradient_computed(self):
        """Between the backward pass and the solver's step."""
        self._notify(
            "on_grad_computed",
            named_parameters=list(self.net.module_.named_parameters()),
            batch=self.batch,
            training=True,
        )

    def batch_ends(self, outputs, loss):
        """After the solver's step."""
        self._end_batch(outputs, loss, "train")

    def _end_batch(self, outputs, loss, part):
        self.net.history.record_batch(f"{part}_loss", float(loss))
        self.net.history.record_batch(f"{part}_batch_size", len(outputs))
        self._notify(
            "on_batch_end",
            batch=self.batch,
            training=part == "train",
            loss=loss,
            y_pred=outputs,
        )

    def epoch_ends(self):
        """Record the epoch; returns whether a callback ends the training."""
        job, history = self.job, self.net.history
        score_name = SCORE_NAMES[job.settings.score]
        for name, value in history_row(
            job.progress, len(job.progress.loss_curve) - 1, score_name
        ).items():
            history.record(name, value)
        if self.wants_batches and job.validation is not None:
            self._validation_batch()
        self.net.optimizer_._opt_called = True  # the trainer has made the steps
        try:
            self._notify("on_epoch_end", **self.datasets)
        except KeyboardInterrupt:
            if not any(map(_has_stopped, self.callbacks)):
                raise
            return True
        if self._rate() != self.known_rate:
            self.known_rate = job.optimizer.learning_rate = self._rate()
        return False

    def _validation_batch(self):
        valid = self.datasets["dataset_valid"]
        X = valid.X.toarray() if sparse.issparse(valid.X) else valid.X
        x = torch.as_tensor(X, device=self.stack.flat.device)
        self.batch = (x, torch.as_tensor(valid.y))
        self._notify("on_batch_begin", batch=self.batch, training=False)
        loss = self.job.progress.validation_loss_curve[-1]
        outputs = self.net.module_.eval()(x)
        self._end_batch(outputs, torch.tensor(loss), "valid")

    def training_ends(self):
        """Callbacks may now load the parameters that they judge best."""
        train = self.datasets["dataset_train"]
        self._notify("on_train_end", X=train.X, y=train.y)

    def _rate(self):
        return self.net.optimizer_.param_groups[0]["lr"]

    def _dataset(self, split):
        # of skorch's data sets, rows become dense one by one, those of a csr_array fail
        X = sparse.csr_matrix(split.X) if sparse.issparse(split.X) else split.X
        return Dataset(X, self._targets(torch.from_numpy(split.y)).numpy())

    def _targets(self, y):
        """Targets as skorch's nets take them: numbers of classes, or values."""
        if self.job.settings.loss == "log_loss":
            return y.argmax(-1)
        several_labels = self.job.settings.score == "subset_accuracy"
        return y if several_labels or y.shape[-1] > 1 else y.squeeze(-1)


def _has_stopped(callback):
    return isinstance(callback, EarlyStopping) and (
        callback.misses_ == callback.patience
    )
