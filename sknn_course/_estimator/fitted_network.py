"""What a fitted neural estimator keeps: plain arrays, and the networks made of them."""

from copy import copy
from dataclasses import replace

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted
from skorch.history import History

from .._devices import prediction_device
from .._engine import Progress, Settings
from .._engine.losses import LOSSES, OUTPUT_ACTIVATIONS
from .._engine.net import make_net, write_history
from .._engine.ops.build import module_around
from .._engine.ops.parameters import parameter_layout
from .._engine.optimizers import OptimizerState
from .._engine.threads import one_thread
from ..layers import Conv2d, Dense
from .onnx_conversion import OnnxNetwork
from .prediction import Predictor

KEPT_IN = {"weight": "coefs_", "bias": "intercepts_"}  # the others: "_norms"


class FittedNetwork(OnnxNetwork):
    """Mixin of `NeuralEstimator`: its fitted state, and what is made of it.

    The state is plain data. Modules and nets are made on demand, are not pickled, and
    share the memory of the arrays where they compute on the CPU, so that the arrays
    alone say what the network is.

    Attributes
    ----------
    coefs_, intercepts_ : list of ndarray
        Weights and biases, as scikit-learn's MLP has them.
    _norms : list of ndarray
        Scales and shifts, then running means and variances, of batch normalisation.
    _structure : tuple of (tuple of Layer, tuple of int)
        The layers and the shape of a row.
    _settings, _progress : dict
        Of `Settings` and `Progress`.
    _optimizer : OptimizerState or None
        Its moments are arrays; pickled as a dict.
    _best : tuple of ndarray, or None
        Flat parameters and buffers of the best validation score so far.
    _history : list of dict, or None
        Rows of the history of a net that callbacks saw.
    _made : dict
        What was made on demand, with the arrays that it was made of; not pickled.
    """

    def _keep_network(self, job, flat, buffers):
        """Set the network of a job from its parameters, which may go on changing."""
        layout = job.layout
        self._structure = layout.layers, layout.shapes[0]
        self._settings, self._progress = vars(job.settings), vars(job.progress)
        self._history, self._made = None, {}
        self.coefs_, self.intercepts_, self._norms = [], [], []
        for (_, role), view in layout.views(flat.cpu(), buffers.cpu()).items():
            if role == "weight" and view.dim() == 2:  # torch.nn.Linear holds W^T
                array = view.t().clone(memory_format=torch.contiguous_format).t()
            else:
                array = view.clone()
            getattr(self, KEPT_IN.get(role, "_norms")).append(array.numpy())

    def _arrays(self):
        """All parameters and buffers, in the order of ``_layout.places``."""
        return [*self.coefs_, *self.intercepts_, *self._norms]

    @property
    def _layout(self):
        """Places of the parameters, with the sizes that the arrays have now."""
        layout = parameter_layout(*self._structure)
        shapes = [np.shape(array) for array in self._arrays()]
        if shapes == [place.shape for place in layout.places]:
            return layout
        layers, input_shape = self._structure
        trained = [i for i, v in enumerate(layers) if isinstance(v, Dense | Conv2d)]
        units = {
            i: np.shape(coef)[-1]
            for i, coef in zip(trained[:-1], self.coefs_, strict=False)
            if isinstance(layers[i], Dense) and np.ndim(coef) == 2
        }
        layers = tuple(
            replace(layer, units=units[i]) if i in units else layer
            for i, layer in enumerate(layers)
        )
        layout = parameter_layout(layers, input_shape)
        wanted = [place.shape for place in layout.places]
        if shapes != wanted:
            raise ValueError(
                f"coefs_ and intercepts_ are of shapes {shapes}, but layers {layers} "
                f"for rows of shape {input_shape} need {wanted}."
            )
        return layout

    def _tensors(self, device):
        """The arrays as tensors of the training type, by (layer index, role)."""
        dtype = np.dtype(self._settings["dtype"])
        return {
            (place.layer, place.role): _tensor(array, dtype).to(device)
            for place, array in zip(self._layout.places, self._arrays(), strict=True)
        }

    @property
    def _predictor(self):
        """The network as it predicts, on its device."""
        device = prediction_device(self.device)
        arrays = self._arrays()
        made = self._made.get("predictor")
        if made is not None and made[1] == device and _are_same(made[0], arrays):
            return made[2]
        layout, tensors = self._layout, self._tensors(device)
        module = module_around(layout, tensors).requires_grad_(False)
        predictor = Predictor(module, layout, self._settings["loss"])
        if _share_memory(tensors.values(), arrays):
            self._made["predictor"] = arrays, device, predictor
        return predictor

    @property
    def _module(self):
        """The network as a torch module in evaluation mode."""
        return self._predictor.module

    @property
    def net_(self):
        """The network as a skorch net, its history filled by epoch."""
        if "_structure" not in vars(self):
            raise AttributeError(
                f"This {type(self).__name__} has no network before it is fitted."
            )
        arrays = self._arrays()
        made = self._made.get("net")
        if made is None or not _are_same(made[0], arrays):
            device = prediction_device(self.device)
            settings = Settings(**self._settings)
            module = module_around(self._layout, self._tensors(device))
            net = make_net(module, settings, device, self._n_classes())
            if self._history is not None:
                net.history_ = History(self._history)
            write_history(net, Progress(**self._progress), settings)
            self._made["net"] = made = arrays, net
        return made[1]

    @property
    def _output_activation(self):
        """What makes predictions of the outputs."""
        return OUTPUT_ACTIVATIONS[LOSSES[self._settings["loss"]].output]

    @one_thread(asked_for=False)
    def _predict_outputs(self, X):
        """Predictions after the output activation, of the floating type of X."""
        if "coefs_" not in vars(self):
            check_is_fitted(self)
        return self._predictor.predict(self._rows(self._check_X(X)))

    def __getstate__(self):
        state = copy(super().__getstate__())
        state.pop("_made", None)
        if state.get("_optimizer") is not None:
            state["_optimizer"] = vars(state["_optimizer"])
        return state

    def __setstate__(self, state):
        super().__setstate__(state)
        if "_structure" in state:
            self._made = {}
            if self._optimizer is not None:
                self._optimizer = OptimizerState(**self._optimizer)


def _are_same(arrays, others):
    return len(arrays) == len(others) and all(map(lambda a, b: a is b, arrays, others))


def _tensor(array, dtype):
    """A tensor that shares the array's memory where torch can write to it."""
    array = np.require(array, dtype, "W")
    if any(stride < 0 for stride in array.strides):
        array = array.copy()
    return torch.from_numpy(array)


def _share_memory(tensors, arrays):
    """Whether no array can change without its tensor."""
    return all(
        isinstance(array, np.ndarray)
        and (tensor.data_ptr() == array.ctypes.data or not array.flags.writeable)
        for tensor, array in zip(tensors, arrays, strict=True)
    )
