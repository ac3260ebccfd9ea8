"""The network that a neural estimator keeps: attributes, pickling, prediction."""

import copy
from itertools import pairwise
from math import prod

import numpy as np
import torch
from scipy import sparse
from sklearn.utils.validation import check_is_fitted

from .parallel.task import current_task
from .training.losses import activate_rows
from .training.net import make_net, write_history
from .training.rows import to_tensor
from .training.threads import one_thread

FEW_PRODUCTS = 1e8  # in a prediction that threads would not speed up
PREDICTION_BYTES = 1 << 26  # of the widest layer in one pass
BLOCK = 16  # rows: products of fewer differ in the last bit with a row's place


class FittedNetwork:
    """Mixin of `NeuralEstimator`: what it does once it is fitted.

    ``fit`` sets ``_module``, its ``_layout``, ``_trained_with``, ``_progress`` and
    ``_net``, the skorch net or None where it is made on demand.
    """

    @property
    def net_(self):
        """The network as a skorch net, its history filled by epoch."""
        self._check_has_network()
        if self._net is None:
            device = next(self._module.parameters()).device
            settings = self._trained_with
            self._net = make_net(self._module, settings, device, self._n_classes())
            write_history(self._net, self._progress, settings)
        return self._net

    def __getstate__(self):
        """The network moves to the CPU: a machine without a GPU can load it."""
        state = super().__getstate__()
        if "_module" in state:
            device = next(self._module.parameters()).device
            state["_net"] = self._net if self._progress.observed else None
            state["_module"] = copy.deepcopy(self._module).cpu()
            state["_trained_on"] = str(device)
        return state

    def __setstate__(self, state):
        trained_on = state.pop("_trained_on", "cpu")
        super().__setstate__(state)
        if "_module" in state:
            if state["_net"] is not None:
                self._module = state["_net"].module_
            elif trained_on.startswith("cuda") and torch.cuda.is_available():
                self._module.to(trained_on)

    def _check_has_network(self):
        if "_module" not in vars(self):
            raise AttributeError(
                f"This {type(self).__name__} has no network before it is fitted."
            )

    @property
    def coefs_(self):
        """Weights of each layer; dense ones are of shape (fan_in, fan_out)."""
        return [
            weight.T if weight.ndim == 2 else weight
            for weight in self._fitted_arrays("weight")
        ]

    @coefs_.setter
    def coefs_(self, values):
        self._set_fitted("weight", [v.T if v.ndim == 2 else v for v in values])

    @property
    def intercepts_(self):
        """Biases of each layer, of shape (fan_out,)."""
        return self._fitted_arrays("bias")

    @intercepts_.setter
    def intercepts_(self, values):
        self._set_fitted("bias", values)

    def _fitted_tensors(self, name):
        self._check_has_network()
        return [
            getattr(part, name)
            for part in self._module
            if isinstance(part, torch.nn.Linear | torch.nn.Conv2d)
        ]

    def _fitted_arrays(self, name):
        return [t.detach().cpu().numpy() for t in self._fitted_tensors(name)]

    def _set_fitted(self, name, values):
        with torch.no_grad():
            for tensor, value in zip(self._fitted_tensors(name), values, strict=True):
                tensor.copy_(torch.as_tensor(np.asarray(value)))

    @one_thread(asked_for=False)
    def _predict_outputs(self, X):
        """Predictions after the output activation.

        Rows pass in multiples of BLOCK, the last ones with zeros behind them: by
        that, a row's prediction is the same to the last bit alone and among others,
        unless threads share a large product.

        Returns
        -------
        ndarray of shape (n_samples, n_outputs), of the training dtype
        """
        check_is_fitted(self)
        X = self._rows(self._check_X(X))
        module = self._module
        like = next(module.parameters())
        loss = self._loss_and_score()[0]
        widest = max(prod(shape) for shape in self._layout.shapes)
        n_at_once = BLOCK * max(
            1, PREDICTION_BYTES // (BLOCK * widest * like.element_size())
        )
        n_rows = X.shape[0]
        few = n_rows * self._layout.n_parameters < FEW_PRODUCTS
        in_task = current_task() is not None  # OpenMP is slow in a second thread
        whole = n_rows - n_rows % BLOCK
        edges = [*range(0, whole, n_at_once), whole, n_rows]
        parts = []
        with torch.inference_mode(), one_thread(few or in_task):
            for start, stop in pairwise(sorted(set(edges))):
                rows = X[start:stop]
                if sparse.issparse(rows):
                    rows = rows.toarray()
                rows = to_tensor(rows, like.device).to(like.dtype)
                if len(rows) % BLOCK:
                    nothing = rows.new_zeros(BLOCK - len(rows), *rows.shape[1:])
                    rows = torch.cat([rows, nothing])
                outputs = module(rows)[: stop - start]
                parts.append(activate_rows(loss, outputs).cpu())
        return torch.cat(parts).numpy()
