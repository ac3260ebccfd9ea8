"""How all neural estimators fit: validate, make a fit job, train, keep the network."""

import warnings
from abc import abstractmethod
from functools import cache
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import ArrayLike, DTypeLike
from sklearn.base import BaseEstimator
from sklearn.utils import (
    Tags,
    check_array,
    check_consistent_length,
    check_random_state,
)

from .. import parallel
from .._choices import SuggestsChoices
from .._compat import CallbackSupportMixin, check_sample_weight
from .._devices import resolve_device, widest_float
from .._engine import FitJob, Progress
from .._engine.callbacks import NestedCallbacks
from .._engine.job import Settings, Split, copied
from .._engine.lbfgs import warn_if_not_converged
from .._engine.net import make_net
from .._engine.observer import NetObserver
from .._engine.ops.build import build_module
from .._engine.ops.initialisers import initial_parameters
from .._engine.ops.parameters import ParameterLayout, parameter_layout
from .._engine.optimizers import OptimizerState, is_full_batch
from .._engine.rows import check_range, is_large_float64
from .._engine.threads import one_thread
from .._number_range import check_number_range
from ..layers import Layer
from ..parallel.convergence import warn_of_convergence
from ..parallel.task import current_task
from .inputs import Rows
from .monitoring import FitTask
from .onnx_conversion import OnnxNetwork
from .parameter_types import Array, TrainingParameters
from .parameters import CONSTRAINTS, check_together, training_settings
from .splitting import as_split, for_full_batch, split_validation
from .target_scale import advice_on_scale
from .targets import Targets
from .validation_data import warn_if_scaled_otherwise

Validation = tuple[Any, Any]  # X_val, y_val


class NeuralEstimator(
    SuggestsChoices,
    TrainingParameters,
    OnnxNetwork,
    NestedCallbacks,
    CallbackSupportMixin,
    BaseEstimator,
):
    """Base of the neural estimators: a subclass gives what is abstract here.

    Attributes
    ----------
    _y_numeric : bool
        Whether y holds numbers.
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = CONSTRAINTS
    _y_numeric: ClassVar[bool]

    @abstractmethod
    def _layers(
        self, input_shape: tuple[int, ...], n_outputs: int
    ) -> tuple[Layer, ...]:
        """The layers of a network for rows of that shape."""

    @abstractmethod
    def _choose_targets(
        self, y: Array, incremental: bool, classes: ArrayLike | None
    ) -> Targets:
        """The form of validated targets; sets and compares the classes."""

    def _row_weights(self, y: Array, incremental: bool) -> Array | None:
        """Weights of the rows by their classes, or None."""
        return None

    def _standardised(
        self,
        targets: Targets,
        encoded: Array,
        sample_weight: Array | None,
        first: bool,
    ) -> Array:
        """Encoded targets as the network learns them; the first fit sets how."""
        return encoded

    @classmethod
    @cache
    def _get_param_names(cls) -> list[str]:
        return super()._get_param_names()  # reads a long signature, for each clone

    def _assign(self, parameters: dict[str, Any]) -> None:
        """Set the constructor's parameters, given its ``locals()``."""
        for name, value in parameters.items():
            if name not in ("self", "__class__"):
                setattr(self, name, value)

    @one_thread(asked_for=False)
    def _fit(
        self,
        X: Any,
        y: Any,
        sample_weight: ArrayLike | None = None,
        incremental: bool = False,
        validation: Validation | None = None,
        classes: ArrayLike | None = None,
    ) -> Self:
        """Train a network; only `_become`, the last to fail, changes the estimator."""
        fitted = object.__new__(type(self))
        fitted.__dict__.update(vars(self))
        job = fitted._make_job(X, y, sample_weight, incremental, validation, classes)
        task = None
        if getattr(self, "_skl_callbacks", None) and not incremental:
            task = job.task = FitTask(self, fitted, X, y, sample_weight)
        parallel.train_job(job)
        if job.error is not None:
            raise job.error
        fitted._keep(job)
        self._become(fitted)
        _warn_of_the_end(job, advice_on_scale(job, self))
        if task is not None:
            task.ends()
        return self

    def _become(self, fitted: Self) -> None:
        """Take over what a copy of this estimator has learned."""
        for name in set(vars(self)) - set(vars(fitted)):
            if name.endswith("_"):  # no more names of features, for example
                delattr(self, name)
        self.__dict__.update(vars(fitted))

    def _make_job(
        self,
        X: Any,
        y: Any,
        sample_weight: ArrayLike | None,
        incremental: bool,
        validation: Validation | None,
        classes: ArrayLike | None,
    ) -> FitJob:
        """Validate everything and put it into a `FitJob`."""
        first = not hasattr(self, "_structure") or not (self.warm_start or incremental)
        check_together(self)
        X, y = self._inputs.check_to_fit(self, X, y, first)
        dtype = self._parameter_dtype(X)
        if X.dtype != dtype:
            check_range(X, dtype)
        check_number_range(self, dtype)
        targets = self._choose_targets(y, incremental, classes)
        encoded = targets.encode(y)
        sample_weight = self._weights(X, y, sample_weight, incremental, dtype)
        self.n_outputs_ = targets.n_outputs
        X = self._inputs.for_network(self, X)
        rng = check_random_state(self.random_state)
        layers = self._layers(X.shape[1:], targets.n_outputs)
        layout = parameter_layout(layers, X.shape[1:])
        parameters = (
            self._start(layout, dtype, rng) if first else self._current(layout, dtype)
        )
        encoded = self._standardised(targets, encoded, sample_weight, first)
        split = as_split(X, encoded, sample_weight, dtype)
        parts = self._split(split, validation, targets, rng)
        settings = training_settings(self, targets, parts[0])
        if self._optimizer is None or not incremental:
            optimizer = OptimizerState.of_settings(settings)
        else:
            optimizer = copied(vars(self._optimizer), OptimizerState)
            moments = optimizer.moments.items()
            optimizer.moments = {name: torch.from_numpy(one) for name, one in moments}
        settings = optimizer.keep_rule(settings)
        job = self._job(layout, parameters, settings, targets, optimizer, *parts, rng)
        job.single_epoch = incremental
        return job

    def _training_dtype(self) -> DTypeLike | tuple[DTypeLike, ...]:
        """What `validate_data` converts X to; lbfgs needs the precision."""
        if is_full_batch(self.solver):
            return np.float64
        if self.dtype is None:
            return np.float64, np.float32
        return np.float32 if self.dtype == "bfloat16" else np.dtype(self.dtype)

    def _rows_dtype(self, X: Any) -> DTypeLike | tuple[DTypeLike, ...]:
        """What `validate_data` converts the rows of a fit to.

        Large ones keep float64 and are converted as they are gathered; those that
        wait for other fits, or that callbacks see, are converted at once.
        """
        dtype = self._training_dtype()
        at_once = self.callbacks or current_task() is not None
        if dtype == np.float32 and not at_once and is_large_float64(X):
            return np.float64
        return dtype

    def _parameter_dtype(self, X: Rows) -> np.dtype:
        """The training dtype, for checked rows."""
        dtype = self._training_dtype()
        return X.dtype if isinstance(dtype, tuple) else np.dtype(dtype)

    def _weights(
        self,
        X: Rows,
        y: Array,
        sample_weight: ArrayLike | None,
        incremental: bool,
        dtype: np.dtype,
    ) -> Array | None:
        """Weights of the rows, those of their classes included."""
        weights = None
        if sample_weight is not None:
            weights = check_sample_weight(sample_weight, X, dtype=dtype)
            if not np.isfinite(weights).all():  # what was given is one number
                raise ValueError(
                    f"sample_weight={weights[0]} for all rows: give finite numbers."
                )
        of_classes = self._row_weights(y, incremental)
        if of_classes is None:
            return weights
        of_classes = of_classes.astype(dtype)
        return of_classes if weights is None else of_classes * weights

    def _start(
        self, layout: ParameterLayout, dtype: np.dtype, rng: np.random.RandomState
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Draw the initial parameters and forget what earlier fits recorded."""
        drawn = initial_parameters(
            layout, self.weight_init, self.bias_init, self.activation, rng
        )
        flat = torch.from_numpy(drawn.astype(dtype, copy=False))
        self._progress = vars(Progress())
        self._optimizer = self._best = None
        return flat, layout.initial_buffers(flat.dtype)

    def _current(
        self, layout: ParameterLayout, dtype: np.dtype
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Copies of the fitted parameters and buffers, to go on from."""
        if layout.parameters != self._layout.parameters:
            raise ValueError(
                "warm_start and partial_fit go on with the same sizes of layers: "
                f"it was {self._layout.layers}, now {layout.layers}."
            )
        arrays = [np.ravel(array).astype(dtype) for array in self._arrays()]
        flat = torch.from_numpy(np.concatenate(arrays))
        return flat[: layout.n_parameters], flat[layout.n_parameters :]

    def _split(
        self,
        split: Split,
        given: Validation | None,
        targets: Targets,
        rng: np.random.RandomState,
    ) -> tuple[Split, Split | None]:
        """Training rows and, given or set aside by early stopping, validation rows."""
        if given is not None:
            X_val, y_val = given
            validation = self._given_validation(X_val, y_val, targets, split.y.dtype)
            warn_if_scaled_otherwise(split.X, validation.X)
            return split, validation
        if not self.early_stopping or is_full_batch(self.solver):
            return split, None
        parts = split_validation(
            split, float(self.validation_fraction), rng, targets.stratifies
        )
        for part in parts:
            if part.sample_weight is not None and not part.sample_weight.any():
                raise ValueError(
                    "sample_weight must contain at least one non-zero number among the "
                    "rows to train on, and among those that early_stopping sets aside."
                )
        return parts

    def _given_validation(
        self, X_val: Any, y_val: Any, targets: Targets, dtype: np.dtype
    ) -> Split:
        """Validation rows that the caller of ``fit`` gave."""
        for name, value, other in (
            ("X_val", X_val, "y_val"),
            ("y_val", y_val, "X_val"),
        ):
            if value is None:
                raise ValueError(f"{name}=None, but {other} is given: pass both.")
        if is_full_batch(self.solver):
            raise ValueError(
                "X_val is evaluated after each epoch, but "
                f"solver={self.solver!r} has none: use another solver, or score "
                "the fitted network."
            )
        X_val = self._inputs.check(self, X_val, dtype)
        y_val = check_array(
            y_val, ensure_2d=False, dtype=None, input_name="y_val", estimator=self
        )
        check_consistent_length(X_val, y_val)
        rows = self._inputs.for_network(self, X_val)
        return as_split(rows, targets.encode_validation(y_val))

    def _job(
        self,
        layout: ParameterLayout,
        parameters: tuple[torch.Tensor, torch.Tensor],
        settings: Settings,
        targets: Targets,
        optimizer: OptimizerState,
        train_split: Split,
        validation: Split | None,
        rng: np.random.RandomState,
    ) -> FitJob:
        device = resolve_device(self.device)
        if train_split.y.itemsize > widest_float(device).itemsize:
            raise ValueError(
                f"device={self.device!r} has no float64, which solver={self.solver!r} "
                f"with dtype={self.dtype!r} computes in: use device='cpu', or "
                "dtype='float32' and a stochastic solver."
            )
        if not is_full_batch(self.solver):
            train_split = for_full_batch(train_split, settings.batch_size)
        augment = self._inputs.augmentation(self)
        uses_random_numbers = any(layout.noise_levels) or augment is not None
        observer = None
        if self.callbacks:
            module = build_module(layout, *parameters).to(device)
            callbacks = list(self.callbacks)
            net = make_net(module, settings, device, targets.n_classes, callbacks)
            observer = NetObserver(net)
        return FitJob(
            layout=layout,
            settings=settings,
            train=train_split,
            validation=validation,
            parameters=parameters[0],
            buffers=parameters[1],
            best=parameters
            if self._best is None
            else tuple(map(torch.from_numpy, self._best)),
            rng=rng,
            seed=int(rng.randint(2**31)) if uses_random_numbers else 0,
            device=device,
            progress=copied(self._progress, Progress),
            optimizer=optimizer,
            observer=observer,
            augment=augment,
        )

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = self._inputs.takes_sparse
        return tags


def _warn_of_the_end(job: FitJob, advice: str) -> None:
    """Warn of a training that did not converge, as scikit-learn does, or is vain."""
    if job.interrupted:
        warnings.warn("Training interrupted by user.", stacklevel=3)
        return
    if job.optimize_result is not None:
        warn_if_not_converged(job)
    elif job.progress.n_iter == job.settings.max_iter and not (
        job.converged or job.single_epoch
    ):
        warn_of_convergence(
            "iterations, advice" if advice else "iterations",
            f"Stochastic Optimizer: Maximum iterations ({job.settings.max_iter}) "
            f"reached and the optimization hasn't converged yet. {advice}".strip(),
            "Raise max_iter, or let them stop: early_stopping=True, a larger tol.",
        )
        return
    if advice:
        warn_of_convergence("advice", advice)
