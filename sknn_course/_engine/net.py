"""The skorch net of an estimator, and its history."""

from math import inf
from typing import Any

import torch
from skorch import NeuralNet
from torch import nn

from .callbacks import check_callbacks
from .job import Progress
from .losses import LOSSES, SCORES
from .optimizers import SOLVERS
from .settings import Settings


def make_net(
    module: nn.Module,
    settings: Settings,
    device: torch.device,
    n_classes: int | None = None,
    callbacks: list | None = None,
) -> NeuralNet:
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
    if callbacks is not None:
        check_callbacks(callbacks)
    loss = LOSSES[settings.loss]
    net = NeuralNet if SCORES[settings.score].of_labels else loss.net
    options = dict(loss.net_options)
    if loss.targets == "classes" and n_classes is not None:
        options["classes"] = list(range(n_classes))
    options |= {f"criterion__{k}": v for k, v in loss.values(settings).items()}
    return net(
        module,
        criterion=loss.criterion,
        optimizer=SOLVERS[settings.solver].torch,
        lr=settings.learning_rate_init,
        max_epochs=settings.max_iter,
        batch_size=settings.batch_size,
        train_split=None,
        callbacks=callbacks,
        device=str(device),
        verbose=0,
        **options,
    ).initialize()


def history_row(progress: Progress, place: int, score_name: str) -> dict[str, Any]:
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
    row: dict[str, Any] = {
        "train_loss": progress.loss_curve[place],
        "lr": progress.learning_rates[place],  # None with lbfgs
        "dur": progress.durations[place],
    }
    _mark_best(row, "train_loss", progress.loss_curve[: place + 1], 1)
    # warm starts may have added the validation split later
    at = place - len(progress.loss_curve) + len(progress.validation_scores)
    if progress.validation_scores and at >= 0:
        losses, scores = progress.validation_loss_curve, progress.validation_scores
        row["valid_loss"] = losses[at]
        row[f"valid_{score_name}"] = scores[at]
        row[f"train_{score_name}"] = progress.training_score_curve[at]
        _mark_best(row, "valid_loss", losses[: at + 1], 1)
        _mark_best(row, f"valid_{score_name}", scores[: at + 1], -1)
    return row


def _mark_best(row: dict[str, Any], name: str, values: list[float], sign: int) -> None:
    *before, last = [sign * value for value in values]  # the lower, the better
    row[f"{name}_best"] = last < inf and not any(value <= last for value in before)


def write_history(net: NeuralNet, progress: Progress, settings: Settings) -> None:
    """Fill a net's history from what training recorded."""
    for place in range(len(net.history), len(progress.loss_curve)):
        row = history_row(progress, place, SCORES[settings.score].short)
        net.history.append({"batches": [], "epoch": place + 1, **row})
