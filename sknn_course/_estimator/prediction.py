"""Predictions of a network for many rows, block by block."""

import copy
from contextlib import nullcontext
from itertools import pairwise
from math import prod

import numpy as np
import torch
from scipy import sparse
from torch import nn

from .._engine.cost_model import COSTS
from .._engine.losses import activate_rows
from .._engine.ops.sparse_rows import sparse_first_layer
from .._engine.ops.torch_modules import GaussianNoise
from .._engine.rows import to_tensor
from .._engine.threads import one_thread
from ..parallel.task import current_task

BLOCK = 16  # rows: products of fewer differ in the last bit with a row's place
ONLY_IN_TRAINING = (nn.Dropout, GaussianNoise)


class Predictor:
    """Predicts with a module, which stays as it is.

    Rows pass in multiples of BLOCK, the last ones with zeros behind them: by that, a
    row's prediction is the same to the last bit alone and among others, unless
    threads share a large product. The output activation is computed in double
    precision, so that probabilities sum to one.

    Parameters
    ----------
    module : torch.nn.Sequential
        In evaluation mode, its parameters without gradients.
    layout : ParameterLayout
    loss : str
        Name of the loss, whose output activation follows.
    """

    def __init__(self, module, layout, loss):
        self.module, self.layout, self.loss = module, layout, loss
        self.like = next(module.parameters())
        self.n_at_once = self._rows_at_once(layout.shapes)
        self.layers = _forwards(module)

    def predict(self, X):
        """Predictions after the output activation.

        What overflows in the network's type is computed again in double precision.

        Parameters
        ----------
        X : ndarray or csr_array of shape (n_samples, ...)

        Returns
        -------
        ndarray of shape (n_samples, n_outputs), of the type of X

        Raises
        ------
        ValueError
            If a prediction is not finite.
        """
        predictions = self._activated(X)
        if not np.isfinite(predictions).all():
            module = copy.deepcopy(self.module).cpu().double()
            predictions = Predictor(module, self.layout, self.loss)._activated(X)
        predictions = predictions.astype(X.dtype, copy=False)
        if not np.isfinite(predictions).all():
            raise ValueError(
                f"Predictions are not finite in {X.dtype}: X holds values up to "
                f"{abs(X).max():.3g}, too far from those of the training."
            )
        return predictions

    def _rows_at_once(self, shapes):
        widest = max(prod(shape) for shape in shapes) * self.like.element_size()
        on_cpu = self.like.device.type == "cpu"
        most = COSTS.pass_bytes if on_cpu else COSTS.pass_bytes_on_gpu
        return BLOCK * max(1, most // (BLOCK * widest))

    def _activated(self, X):
        first, layers, n_at_once = _dense, self.layers, self.n_at_once
        if sparse.issparse(X):
            sparse_first, rest = sparse_first_layer(self.module)
            if sparse_first is not None:
                first, layers = sparse_first, _forwards(rest)
                # behind dropout and the first dense layer
                n_at_once = self._rows_at_once(self.layout.shapes[2:])
        n_rows = X.shape[0]
        whole = n_rows - n_rows % BLOCK
        edges = sorted({*range(0, whole, n_at_once), whole, n_rows})
        outputs = []
        with _threads(n_rows * self.layout.n_parameters):
            for start, stop in pairwise(edges):
                rows = self._whole_blocks(first(X[start:stop]))
                for forward in layers:
                    rows = forward(rows)
                outputs.append(rows[: stop - start].cpu())
        joined = outputs[0] if len(outputs) == 1 else torch.cat(outputs)
        return activate_rows(self.loss, joined.double()).numpy()

    def _whole_blocks(self, rows):
        """Rows as a tensor, with zeros up to a multiple of BLOCK."""
        n_rows, dtype, device = len(rows), self.like.dtype, self.like.device
        if n_rows % BLOCK == 0:
            return to_tensor(rows, device).to(dtype)
        blocks = torch.zeros(n_rows + -n_rows % BLOCK, *rows.shape[1:], dtype=dtype)
        blocks[:n_rows] = to_tensor(rows, "cpu")
        return blocks.to(device)


def _dense(rows):
    return rows.toarray() if sparse.issparse(rows) else rows


def _forwards(module):
    return [part.forward for part in module if not isinstance(part, ONLY_IN_TRAINING)]


def _threads(products):
    """Context in which small predictions, and those of tasks, use one thread."""
    if products < COSTS.untouched_products:  # by themselves
        return nullcontext()
    in_task = current_task() is not None  # OpenMP is slow in a second thread
    few = products < COSTS.threads_products
    return one_thread() if few or in_task else nullcontext()
