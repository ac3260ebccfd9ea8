"""What a fitted neural estimator keeps: plain arrays, and the networks made of them."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from copy import copy
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import torch
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted
from skorch import NeuralNet
from skorch.history import History

from .._devices import prediction_device
from .._engine import FitJob, Progress, Settings
from .._engine.losses import LOSSES, OUTPUT_ACTIVATIONS
from .._engine.net import make_net, write_history
from .._engine.ops.build import module_around, share_memory
from .._engine.ops.parameters import ParameterLayout, parameter_layout
from .._engine.optimizers import OptimizerState, is_full_batch
from .._engine.stopping import check_finite
from .._engine.threads import one_thread
from ..layers import Conv2d, Dense, Layer
from .inputs import Inputs, Rows
from .parameter_types import Array
from .prediction import Predictor
from .targets import Targets

TRAINED = (Dense, Conv2d)
KEPT_IN = {"weight": "coefs_", "bias": "intercepts_"}  # the others: "_other_arrays"


class FittedNetwork(BaseEstimator, ABC):
    """The fitted state of a neural estimator, and what is made of it.

    The state is plain data. Modules and nets are made on demand, are not pickled, and
    share the memory of the arrays where they compute on the CPU, so that the arrays
    alone say what the network is.

    Attributes
    ----------
    coefs_, intercepts_ : list of ndarray
        Weights and biases, as scikit-learn's MLP has them.
    _other_arrays : list of ndarray
        What else is trained, such as the scales and shifts of batch normalisation, then
        its running means and variances.
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

    _inputs: ClassVar[Inputs]
    device: str | torch.device
    coefs_: list[Array]
    intercepts_: list[Array]
    n_iter_: int
    t_: int
    n_layers_: int
    n_outputs_: int
    n_features_in_: int
    out_activation_: str
    loss_: float
    loss_curve_: list[float]
    best_loss_: float | None
    best_validation_score_: float | None
    validation_scores_: list[float] | None
    validation_loss_curve_: list[float] | None
    training_score_curve_: list[float] | None
    _other_arrays: list[Array]
    _structure: tuple[tuple[Layer, ...], tuple[int, ...]]
    _settings: dict[str, Any]
    _progress: dict[str, Any]
    _optimizer: OptimizerState | None
    _best: tuple[Array, Array] | None
    _history: list[dict[str, Any]] | None
    _made: dict[str, Any]

    @property
    @abstractmethod
    def _targets(self) -> Targets:
        """The form of the targets that were fitted."""

    def _keep(self, job: FitJob) -> None:
        """Set the fitted attributes from a trained job."""
        progress, settings = job.progress, job.settings
        check_finite(job)
        self._keep_network(job, job.parameters, job.buffers)
        if job.observer is not None:
            net = job.observer.net
            self._history = list(net.history)
            self._made["net"] = self._arrays(), net
            share_memory(net.module_.eval(), job.layout, self._tensors(job.device))
        self._optimizer = None
        if not is_full_batch(settings.solver):
            moments = job.optimizer.moments or {}
            arrays = {name: _array(moment) for name, moment in moments.items()}
            self._optimizer = replace(job.optimizer, moments=arrays)
        self._best = None
        if settings.early_stopping:
            parameters, buffers = job.best
            self._best = _array(parameters), _array(buffers)
        self._keep_progress(progress, settings, job.validation is not None)

    def _keep_progress(
        self, progress: Progress, settings: Settings, validated: bool
    ) -> None:
        """Set scikit-learn's fitted attributes."""
        unit = self._targets.loss_unit
        self.n_iter_, self.t_ = progress.n_iter, progress.t
        self.loss_ = progress.loss * unit
        layers, _ = self._structure
        self.n_layers_ = len([v for v in layers if isinstance(v, TRAINED)]) + 1
        self.out_activation_ = LOSSES[settings.loss].output
        if is_full_batch(settings.solver):
            return
        self._no_improvement_count = progress.no_improvement_count
        self.loss_curve_ = _times(progress.loss_curve, unit)
        self.best_loss_ = None if settings.early_stopping else progress.best_loss * unit
        self.best_validation_score_ = (
            progress.best_validation_score if validated else None
        )
        self.validation_scores_ = progress.validation_scores if validated else None
        self.validation_loss_curve_ = (
            _times(progress.validation_loss_curve, unit) if validated else None
        )
        self.training_score_curve_ = (
            progress.training_score_curve if validated else None
        )

    def _keep_network(
        self, job: FitJob, flat: torch.Tensor, buffers: torch.Tensor
    ) -> None:
        """Set the network of a job from its parameters, which may go on changing."""
        layout = job.layout
        self._structure = layout.layers, layout.shapes[0]
        self._settings, self._progress = vars(job.settings), vars(job.progress)
        self._history, self._made = None, {}
        self.coefs_, self.intercepts_, self._other_arrays = [], [], []
        for (_, role), view in layout.views(flat.cpu(), buffers.cpu()).items():
            if role == "weight" and view.dim() == 2:  # torch.nn.Linear holds W^T
                array = view.t().clone(memory_format=torch.contiguous_format).t()
            else:
                array = view.clone()
            getattr(self, KEPT_IN.get(role, "_other_arrays")).append(array.numpy())

    def _arrays(self) -> list[Array]:
        """All parameters and buffers, in the order of ``_layout.places``."""
        return [*self.coefs_, *self.intercepts_, *self._other_arrays]

    @property
    def _layout(self) -> ParameterLayout:
        """Places of the parameters, with the sizes that the arrays have now."""
        layout = parameter_layout(*self._structure)
        shapes = [np.shape(array) for array in self._arrays()]
        if shapes == [place.shape for place in layout.places]:
            return layout
        layers, input_shape = self._structure
        trained = [i for i, v in enumerate(layers) if isinstance(v, TRAINED)]
        units = {
            i: np.shape(coef)[-1]
            for i, coef in zip(trained[:-1], self.coefs_, strict=False)
            if isinstance(layers[i], Dense) and np.ndim(coef) == 2
        }
        layers = tuple(
            Dense(units=units[i]) if i in units else layer
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

    def _tensors(self, device: torch.device) -> dict[tuple[int, str], torch.Tensor]:
        """The arrays as tensors of the training type, by (layer index, role)."""
        dtype = np.dtype(self._settings["dtype"])
        return {
            (place.layer, place.role): _tensor(array, dtype).to(device)
            for place, array in zip(self._layout.places, self._arrays(), strict=True)
        }

    @property
    def _predictor(self) -> Predictor:
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
    def _module(self) -> torch.nn.Sequential:
        """The network as a torch module in evaluation mode."""
        return self._predictor.module

    @property
    def net_(self) -> NeuralNet:
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
            net = make_net(module, settings, device, self._targets.n_classes)
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
    def _predict_outputs(self, X: Any) -> Array:
        """Predictions after the output activation, of the floating type of X."""
        if "coefs_" not in vars(self):
            check_is_fitted(self)
        return self._predictor.predict(self._network_rows(X))

    def _network_rows(self, X: Any) -> Rows:
        """Validated rows in the shape that the network takes."""
        return self._inputs.for_network(self, self._inputs.check(self, X))

    def __getstate__(self) -> dict[str, Any]:
        state = copy(super().__getstate__())
        state.pop("_made", None)
        if state.get("_optimizer") is not None:
            state["_optimizer"] = vars(state["_optimizer"])
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        if state.get("_optimizer") is not None:
            state = state | {"_optimizer": OptimizerState(**state["_optimizer"])}
        if "_structure" in state:
            state = state | {"_made": {}}
        super().__setstate__(state)


def _times(values: list[float], factor: float) -> list[float]:
    return values if factor == 1 else [value * factor for value in values]


def _array(tensor: torch.Tensor) -> Array:
    return tensor.cpu().numpy()


def _are_same(arrays: list[Array], others: list[Array]) -> bool:
    return len(arrays) == len(others) and all(map(lambda a, b: a is b, arrays, others))


def _tensor(array: Array, dtype: np.dtype) -> torch.Tensor:
    """A tensor that shares the array's memory where torch can write to it."""
    array = np.require(array, dtype, "W")
    if any(stride < 0 for stride in array.strides):
        array = array.copy()
    return torch.from_numpy(array)


def _share_memory(tensors: Iterable[torch.Tensor], arrays: list[Array]) -> bool:
    """Whether no array can change without its tensor."""
    return all(
        isinstance(array, np.ndarray)
        and (tensor.data_ptr() == array.ctypes.data or not array.flags.writeable)
        for tensor, array in zip(tensors, arrays, strict=True)
    )
