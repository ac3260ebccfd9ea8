"""Predictions of a network for many rows, block by block."""

import copy
from contextlib import nullcontext
from itertools import pairwise
from math import prod

import numpy as np
import torch
from scipy import sparse

from .parallel.task import current_task
from .training.losses import activate_rows
from .training.rows import to_tensor
from .training.threads import one_thread

FEW_PRODUCTS = 1e8  # in a prediction that threads would not speed up
PREDICTION_BYTES = 1 << 26  # of the widest layer in one pass
BLOCK = 16  # rows: products of fewer differ in the last bit with a row's place


def predict_rows(module, layout, loss, X):
    """Predictions after the output activation.

    Rows pass in multiples of BLOCK, the last ones with zeros behind them: by that, a
    row's prediction is the same to the last bit alone and among others, unless
    threads share a large product. What overflows in the network's type is computed
    again in double precision.

    Parameters
    ----------
    module : torch.nn.Module
        In evaluation mode.
    layout : ParameterLayout
    loss : str
        Name of the loss, whose output activation follows.
    X : ndarray or csr_array of shape (n_samples, ...)

    Returns
    -------
    ndarray of shape (n_samples, n_outputs), of the type of X

    Raises
    ------
    ValueError
        If a prediction is not finite.
    """
    outputs = _outputs(module, layout, X)
    if not outputs.isfinite().all():
        outputs = _outputs(copy.deepcopy(module).cpu().double(), layout, X)
    predictions = activate_rows(loss, outputs.double()).numpy()
    predictions = predictions.astype(X.dtype, copy=False)
    if not np.isfinite(predictions).all():
        raise ValueError(
            f"Predictions are not finite in {X.dtype}: X holds values up to "
            f"{abs(X).max():.3g}, too far from those that the network was trained on."
        )
    return predictions


def _outputs(module, layout, X):
    """What the module gives for all rows, a tensor on the CPU."""
    like = next(module.parameters())
    widest = max(prod(shape) for shape in layout.shapes)
    n_at_once = BLOCK * max(
        1, PREDICTION_BYTES // (BLOCK * widest * like.element_size())
    )
    n_rows = X.shape[0]
    few = n_rows * layout.n_parameters < FEW_PRODUCTS
    in_task = current_task() is not None  # OpenMP is slow in a second thread
    whole = n_rows - n_rows % BLOCK
    edges = [*range(0, whole, n_at_once), whole, n_rows]
    parts = []
    with torch.inference_mode(), one_thread() if few or in_task else nullcontext():
        for start, stop in pairwise(sorted(set(edges))):
            rows = X[start:stop]
            if sparse.issparse(rows):
                rows = rows.toarray()
            rows = to_tensor(rows, like.device).to(like.dtype)
            if len(rows) % BLOCK:
                nothing = rows.new_zeros(BLOCK - len(rows), *rows.shape[1:])
                rows = torch.cat([rows, nothing])
            parts.append(module(rows)[: stop - start].cpu())
    return torch.cat(parts)
