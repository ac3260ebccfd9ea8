"""The scale of a regressor's targets: standardised, or far from that of a network."""

import numpy as np
import torch
from sklearn.preprocessing import StandardScaler

from .._engine import FitJob
from .._engine.losses import LOSSES, loss_of
from .fitted_network import FittedNetwork
from .parameter_types import Array

LARGE, NARROW = 10.0, 0.1  # outputs start around 0, about 1 apart
LITTLE = 0.1  # of what can be explained
FEWEST_EPOCHS = 10  # in which something could be learned
MOST_ROWS = 500  # that are looked at


def mean_and_scale(y: Array, sample_weight: Array | None) -> tuple[Array, Array]:
    """Mean and standard deviation of each output, 1 for a constant one.

    Parameters
    ----------
    y : ndarray of shape (n_samples, n_outputs)
    sample_weight : ndarray of shape (n_samples,) or None

    Returns
    -------
    tuple of two ndarray of shape (n_outputs,)

    Raises
    ------
    ValueError
        If they are not finite.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        scaler = StandardScaler().fit(y.astype(np.float64), None, sample_weight)
    if not np.isfinite([scaler.mean_, scaler.scale_]).all():
        raise ValueError(
            f"normalize_y=True needs finite numbers: y has the mean {scaler.mean_} and "
            f"the standard deviation {scaler.scale_}."
        )
    return scaler.mean_, scaler.scale_


def advice_on_scale(job: FitJob, fitted: FittedNetwork) -> str:
    """Advice where targets are of another scale and nothing was learned of them.

    That is, where they are large, or hardly differ, and the loss of the predictions
    for training rows is not a tenth below that of the best constant.

    Parameters
    ----------
    job : FitJob
        Trained.
    fitted : FittedNetwork
        With the job's network.

    Returns
    -------
    str
        Empty where there is nothing to advise.
    """
    if job.progress.n_iter < FEWEST_EPOCHS or not LOSSES[job.settings.loss].degree:
        return ""
    rows = np.linspace(0, len(job.train) - 1, min(len(job.train), MOST_ROWS))
    places = rows.astype(int)
    y = job.train.y[places].astype(np.float64)
    size, spread = np.sqrt(np.mean(y**2, axis=0)).max(), y.std(axis=0).max()
    if not (size > LARGE or 0 < spread < NARROW):
        return ""
    X = job.train.X[places].astype(np.float64)
    constants = np.vstack([y.mean(axis=0), np.quantile(y, np.linspace(0, 1, 41), 0)])
    row_loss = loss_of(job.settings).per_row
    targets = torch.from_numpy(y)

    def loss(predictions: Array) -> float:
        return float(row_loss(targets, torch.from_numpy(predictions)).mean())

    best = min(loss(np.broadcast_to(one, y.shape).copy()) for one in constants)
    if not best or loss(fitted._predictor.predict(X)) < (1 - LITTLE) * best:
        return ""
    return (
        f"The network has learned little of y, whose size is {size:.3g} and whose "
        f"standard deviation is {spread:.3g}, while outputs start around 0, about 1 "
        "apart: normalize_y=True standardises y."
    )
