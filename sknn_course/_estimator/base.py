"""How all neural estimators fit: validate, make a fit job, train, keep the network."""

import warnings
from dataclasses import replace
from functools import cache
from types import MethodType

import numpy as np
import torch
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_array, check_consistent_length, check_random_state

from .. import parallel
from .._compat import CallbackSupportMixin, check_sample_weight
from .._devices import resolve_device, widest_float
from .._engine import FitJob, Progress
from .._engine.callbacks import NestedCallbacks
from .._engine.job import copied
from .._engine.lbfgs import warn_if_not_converged
from .._engine.net import make_net
from .._engine.observer import NetObserver
from .._engine.ops.build import build_module, share_memory
from .._engine.ops.initialisers import (
    initial_parameters,
)
from .._engine.ops.parameters import parameter_layout
from .._engine.optimizers import OptimizerState
from .._engine.rows import check_range, is_large_float64
from .._engine.stopping import check_finite
from .._engine.threads import one_thread
from .._number_range import check_number_range
from ..layers import Conv2d, Dense
from ..parallel.task import current_task
from .fitted_network import FittedNetwork
from .monitoring import FitTask
from .parameters import CONSTRAINTS, check_together, training_settings
from .splitting import as_split, for_full_batch, split_validation
from .validation_data import warn_if_scaled_otherwise

TRAINED = (Dense, Conv2d)
OUTPUT_ACTIVATIONS = {
    "log_loss": "softmax",
    "binary_log_loss": "logistic",
    "squared_error": "identity",
    "poisson": "exp",
}


class PartialFitUnavailable(AttributeError, ValueError):
    """``partial_fit`` does not exist for these parameters."""


class _OnlineMethod:
    """A method that instances have only where ``_check_partial_fit`` passes."""

    def __init__(self, method):
        self.method = method
        self.__doc__ = method.__doc__

    def __get__(self, instance, owner=None):
        if instance is None:
            return self.method
        instance._check_partial_fit()
        return MethodType(self.method, instance)


class NeuralEstimator(
    FittedNetwork, NestedCallbacks, CallbackSupportMixin, BaseEstimator
):
    """Base of the neural estimators.

    A subclass gives its layers (``_layers``), its form of the rows (``_check_X_y``,
    ``_check_X``, ``_rows``) and of the targets (``_encode``, ``_encode_validation``,
    ``_loss_and_score``, ``_stratifies``, ``_n_classes``, ``_first_classes``).
    """

    _parameter_constraints: dict = CONSTRAINTS

    @classmethod
    @cache
    def _get_param_names(cls):
        return super()._get_param_names()  # reads a long signature, for each clone

    def _assign(self, parameters):
        """Set the constructor's parameters, given its ``locals()``."""
        for name, value in parameters.items():
            if name not in ("self", "__class__"):
                setattr(self, name, value)

    @one_thread(asked_for=False)
    def _fit(
        self, X, y, sample_weight=None, incremental=False, validation=None, classes=None
    ):
        """Train a network; only `_become`, the last to fail, changes the estimator."""
        fitted = object.__new__(type(self))
        vars(fitted).update(vars(self))
        job = fitted._make_job(X, y, sample_weight, incremental, validation, classes)
        task = None
        if getattr(self, "_skl_callbacks", None) and not incremental:
            task = job.task = FitTask(self, fitted, X, y, sample_weight)
        parallel.train_job(job)
        if job.error is not None:
            raise job.error
        fitted._keep(job)
        self._become(fitted)
        _warn_of_the_end(job)
        if task is not None:
            task.ends()
        return self

    def _become(self, fitted):
        """Take over what a copy of this estimator has learned."""
        for name in set(vars(self)) - set(vars(fitted)):
            if name.endswith("_"):  # no more names of features, for example
                delattr(self, name)
        vars(self).update(vars(fitted))

    def _make_job(self, X, y, sample_weight, incremental, validation, classes):
        """Validate everything and put it into a `FitJob`."""
        first_pass = not hasattr(self, "_structure") or (
            not self.warm_start and not incremental
        )
        check_together(self)
        if incremental:
            self._first_classes(y, classes)
        X, targets, sample_weight = self._check_data(
            X, y, sample_weight, incremental, first_pass
        )
        rng = check_random_state(self.random_state)
        dtype = self._parameter_dtype(X)
        layers = self._layers(X.shape[1:], targets.shape[1])
        layout = parameter_layout(layers, X.shape[1:])
        if first_pass:
            parameters = self._start(layout, dtype, rng)
        else:
            parameters = self._current(layout, dtype)
        split = as_split(X, targets, sample_weight, dtype)
        train_split, validation = self._split(split, validation, rng)
        settings = training_settings(self, train_split)
        if self._optimizer is None or not incremental:
            optimizer = OptimizerState.of_settings(settings)
        else:
            optimizer = copied(vars(self._optimizer), OptimizerState)
            for name, moment in optimizer.moments.items():
                optimizer.moments[name] = torch.from_numpy(moment)
        settings = optimizer.keep_rule(settings)
        job = self._job(
            layout, parameters, settings, optimizer, train_split, validation, rng
        )
        job.single_epoch = incremental
        return job

    def _training_dtype(self):
        """What `validate_data` converts X to; lbfgs needs the precision."""
        if self.solver == "lbfgs":
            return np.float64
        if self.dtype is None:
            return np.float64, np.float32
        return np.float32 if self.dtype == "bfloat16" else np.dtype(self.dtype)

    def _rows_dtype(self, X):
        """What `validate_data` converts the rows of a fit to.

        Large ones keep float64 and are converted as they are gathered; those that
        wait for other fits, or that callbacks see, are converted at once.
        """
        dtype = self._training_dtype()
        at_once = self.callbacks or current_task() is not None
        if dtype == np.float32 and not at_once and is_large_float64(X):
            return np.float64
        return dtype

    def _parameter_dtype(self, X):
        """The training dtype, for checked rows."""
        dtype = self._training_dtype()
        return X.dtype if isinstance(dtype, tuple) else np.dtype(dtype)

    def _check_data(self, X, y, sample_weight, incremental, first_pass):
        """Rows, and 2-D targets and weights of the training dtype."""
        X, y = self._check_X_y(X, y, first_pass)
        dtype = self._parameter_dtype(X)
        if X.dtype != dtype:
            check_range(X, dtype)
        check_number_range(self, dtype)
        targets = self._encode(y, incremental)
        if sample_weight is not None:
            sample_weight = check_sample_weight(sample_weight, X, dtype=dtype)
            if not np.isfinite(sample_weight).all():  # what was given is one number
                raise ValueError(
                    f"sample_weight={sample_weight[0]} for all rows: give finite "
                    "numbers."
                )
        if getattr(self, "class_weight", None) is not None:
            of_class = self._class_weights(y, incremental).astype(dtype)
            weighted = sample_weight is not None
            sample_weight = of_class * sample_weight if weighted else of_class
        self.n_outputs_ = targets.shape[1]
        return self._rows(X), targets, sample_weight

    def _start(self, layout, dtype, rng):
        """Draw the initial parameters and forget what earlier fits recorded."""
        flat = initial_parameters(
            layout, self.weight_init, self.bias_init, self.activation, rng
        )
        flat = torch.from_numpy(flat.astype(dtype, copy=False))
        self._progress = vars(Progress())
        self._optimizer = self._best = None
        return flat, layout.initial_buffers(flat.dtype)

    def _current(self, layout, dtype):
        """Copies of the fitted parameters and buffers, to go on from."""
        if layout.parameters != self._layout.parameters:
            raise ValueError(
                "warm_start and partial_fit go on with the same sizes of layers: "
                f"it was {self._layout.layers}, now {layout.layers}."
            )
        arrays = [np.ravel(array).astype(dtype) for array in self._arrays()]
        flat = np.concatenate(arrays)
        return torch.from_numpy(flat).split([layout.n_parameters, layout.n_buffers])

    def _split(self, split, given, rng):
        """Training rows and, given or set aside by early stopping, validation rows."""
        if given is not None:
            X_val, y_val = given
            validation = self._given_validation(X_val, y_val, split.y.dtype)
            warn_if_scaled_otherwise(split.X, validation.X)
            return split, validation
        if not self.early_stopping or self.solver == "lbfgs":
            return split, None
        parts = split_validation(
            split, float(self.validation_fraction), rng, self._stratifies()
        )
        for part in parts:
            if part.sample_weight is not None and not part.sample_weight.any():
                raise ValueError(
                    "sample_weight must contain at least one non-zero number among the "
                    "rows to train on, and among those that early_stopping sets aside."
                )
        return parts

    def _given_validation(self, X_val, y_val, dtype):
        """Validation rows that the caller of ``fit`` gave."""
        for name, value, other in (
            ("X_val", X_val, "y_val"),
            ("y_val", y_val, "X_val"),
        ):
            if value is None:
                raise ValueError(f"{name}=None, but {other} is given: pass both.")
        if self.solver == "lbfgs":
            raise ValueError(
                "X_val is evaluated after each epoch, but solver='lbfgs' has none: "
                "use another solver, or score the fitted network."
            )
        X_val = self._check_X(X_val, dtype)
        y_val = check_array(
            y_val, ensure_2d=False, dtype=None, input_name="y_val", estimator=self
        )
        check_consistent_length(X_val, y_val)
        return as_split(self._rows(X_val), self._encode_validation(y_val))

    def _job(
        self, layout, parameters, settings, optimizer, train_split, validation, rng
    ):
        device = resolve_device(self.device)
        if train_split.y.itemsize > widest_float(device).itemsize:
            raise ValueError(
                f"device={self.device!r} has no float64, which solver={self.solver!r} "
                f"with dtype={self.dtype!r} computes in: use device='cpu', or "
                "dtype='float32' and another solver than 'lbfgs'."
            )
        if self.solver != "lbfgs":
            train_split = for_full_batch(train_split, settings.batch_size)
        strengths = tuple(
            getattr(layer, "rate", getattr(layer, "std", None))
            for layer in layout.layers
        )
        augment = self._augmentation()
        uses_random_numbers = any(strengths) or augment is not None
        observer = None
        if self.callbacks:
            module = build_module(layout, *parameters).to(device)
            observer = NetObserver(
                make_net(
                    module, settings, device, self._n_classes(), list(self.callbacks)
                )
            )
        return FitJob(
            layout=layout,
            settings=settings,
            strengths=strengths,
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

    def _augmentation(self):
        """Function of rows and keys that changes rows in training, or None."""
        return None

    def _keep(self, job):
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
        if settings.solver != "lbfgs":
            moments = {name: _array(m) for name, m in job.optimizer.moments.items()}
            self._optimizer = replace(job.optimizer, moments=moments)
        self._best = None
        if settings.early_stopping:
            self._best = tuple(map(_array, job.best))
        self._keep_progress(progress, settings, job.validation is not None)

    def _keep_progress(self, progress, settings, validated):
        """Set scikit-learn's fitted attributes."""
        self.n_iter_, self.t_, self.loss_ = progress.n_iter, progress.t, progress.loss
        layers, _ = self._structure
        self.n_layers_ = len([v for v in layers if isinstance(v, TRAINED)]) + 1
        self.out_activation_ = OUTPUT_ACTIVATIONS[settings.loss]
        if settings.solver == "lbfgs":
            return
        self._no_improvement_count = progress.no_improvement_count
        self.loss_curve_ = progress.loss_curve
        self.best_loss_ = None if settings.early_stopping else progress.best_loss
        self.best_validation_score_ = (
            progress.best_validation_score if validated else None
        )
        self.validation_scores_ = progress.validation_scores if validated else None
        self.validation_loss_curve_ = (
            progress.validation_loss_curve if validated else None
        )
        self.training_score_curve_ = (
            progress.training_score_curve if validated else None
        )

    def _check_partial_fit(self):
        if self.solver == "lbfgs":
            raise AttributeError(
                f"This {type(self).__name__!r} has no attribute 'partial_fit'"
            )
        if self.early_stopping:
            raise PartialFitUnavailable(
                "partial_fit does not support early_stopping=True"
            )


def _array(tensor):
    return tensor.cpu().numpy()


def _warn_of_the_end(job):
    """Warn of a training that did not converge, as scikit-learn does."""
    if job.interrupted:
        warnings.warn("Training interrupted by user.", stacklevel=3)
    elif job.optimize_result is not None:
        warn_if_not_converged(job)
    elif job.progress.n_iter == job.settings.max_iter and not (
        job.converged or job.single_epoch
    ):
        warnings.warn(
            f"Stochastic Optimizer: Maximum iterations ({job.settings.max_iter}) "
            "reached and the optimization hasn't converged yet.",
            ConvergenceWarning,
            stacklevel=3,
        )
