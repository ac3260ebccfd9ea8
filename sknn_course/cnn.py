"""Convolutional networks for images and for rows of numbers."""

from math import isqrt, prod
from numbers import Integral

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import validate_data

from .architectures import convolutional_network, sizes_of
from .base import AT_LEAST_ONE, RATE
from .modules.augmentation import augmentation_pipeline
from .tasks import NeuralClassifier, NeuralRegressor

_CONSTRAINTS = {
    "filters": ["array-like"],
    "kernel_size": [AT_LEAST_ONE],
    "pool_size": [AT_LEAST_ONE],
    "padding": [
        StrOptions({"same", "valid"}),
        Interval(Integral, 0, None, closed="left"),
    ],
    "dense_layer_sizes": ["array-like", AT_LEAST_ONE],
    "conv_dropout": [RATE, "array-like"],
    "global_pool": ["boolean"],
    "input_shape": [tuple, list, None],
    "augmentation": [str, list, tuple, callable, None],
}


class _ConvolutionalNetwork:
    """What the classifier and the regressor share: images, convolution blocks."""

    def _check_X_y(self, X, y, first_pass):
        X = self._flat(X, first_pass)
        X, y = validate_data(
            self,
            X,
            y,
            multi_output=True,
            y_numeric=self._y_numeric,
            dtype=self._training_dtype(),
            reset=first_pass,
        )
        if first_pass:
            self._find_input_shape()
        return X, y

    def _check_X(self, X):
        return validate_data(
            self, self._flat(X, False), dtype=self._training_dtype(), reset=False
        )

    def _flat(self, X, first_pass):
        """Images as flat rows, so that the number of features is checked."""
        shape = getattr(X, "shape", None)
        if shape is None and isinstance(X, list):
            X = np.asarray(X)
            shape = X.shape
        is_image = shape is not None and len(shape) in (3, 4)
        if first_pass:
            self._image_shape = None
            if is_image:
                self._image_shape = (
                    tuple(shape[1:]) if len(shape) == 4 else (1, *shape[1:])
                )
        return np.asarray(X).reshape(shape[0], -1) if is_image else X

    def _find_input_shape(self):
        n_features = self.n_features_in_
        if self.input_shape is not None:
            shape = tuple(int(side) for side in self.input_shape)
            shape = (1, *shape) if len(shape) == 2 else shape
            if len(shape) != 3 or prod(shape) != n_features:
                raise ValueError(
                    f"input_shape={self.input_shape!r} does not fit rows of "
                    f"{n_features} values: give (channels, height, width) or "
                    "(height, width) whose product is that number."
                )
        elif self._image_shape is not None:
            shape = self._image_shape
        else:
            side = isqrt(n_features)
            shape = (1, side, side) if side**2 == n_features else (1, 1, n_features)
        self.input_shape_ = shape

    def _rows(self, X):
        return np.ascontiguousarray(X).reshape(len(X), *self.input_shape_)

    def _layers(self, input_shape, n_outputs):
        return convolutional_network(
            self.filters,
            sizes_of(self.dense_layer_sizes, "dense_layer_sizes"),
            n_outputs,
            input_shape=input_shape,
            kernel_size=self.kernel_size,
            pool_size=self.pool_size,
            padding=self.padding,
            activation=self.activation,
            conv_dropout=self.conv_dropout,
            dropout=self.dropout,
            input_dropout=self.input_dropout,
            batch_norm=self.batch_norm,
            noise=self.noise,
            global_pool=self.global_pool,
        )

    def _augmentation(self):
        return augmentation_pipeline(self.augmentation)


class CNNClassifier(_ConvolutionalNetwork, NeuralClassifier):
    """Convolutional network classifier."""

    _parameter_constraints: dict = {
        **NeuralClassifier._parameter_constraints,
        **_CONSTRAINTS,
    }
    _y_numeric = False

    def __init__(
        self,
        filters=((32, 32),),
        dense_layer_sizes=(64,),
        activation="relu",
        *,
        kernel_size=3,
        pool_size=2,
        padding="same",
        conv_dropout=0.0,
        global_pool=False,
        input_shape=None,
        augmentation=None,
        solver="adam",
        alpha=0.0001,
        batch_size="auto",
        learning_rate="constant",
        learning_rate_init=0.001,
        power_t=0.5,
        max_iter=50,
        shuffle=True,
        random_state=None,
        tol=1e-4,
        verbose=False,
        warm_start=False,
        momentum=0.9,
        nesterovs_momentum=True,
        early_stopping=False,
        validation_fraction=0.1,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-8,
        n_iter_no_change=10,
        max_fun=15000,
        rho=0.9,
        decay_rate=None,
        decay_epochs=10,
        l1=0.0,
        l2=0.0,
        penalize_bias=False,
        weight_decay=0.0,
        dropout=0.0,
        input_dropout=0.0,
        batch_norm=False,
        noise=0.0,
        weight_init="glorot",
        bias_init="auto",
        class_weight=None,
        device="auto",
        dtype="float32",
        callbacks=None,
    ):
        self._assign(locals())


class CNNRegressor(_ConvolutionalNetwork, NeuralRegressor):
    """Convolutional network regressor."""

    _parameter_constraints: dict = {
        **NeuralRegressor._parameter_constraints,
        **_CONSTRAINTS,
    }
    _y_numeric = True

    def __init__(
        self,
        loss="squared_error",
        filters=((32, 32),),
        dense_layer_sizes=(64,),
        activation="relu",
        *,
        kernel_size=3,
        pool_size=2,
        padding="same",
        conv_dropout=0.0,
        global_pool=False,
        input_shape=None,
        augmentation=None,
        solver="adam",
        alpha=0.0001,
        batch_size="auto",
        learning_rate="constant",
        learning_rate_init=0.001,
        power_t=0.5,
        max_iter=50,
        shuffle=True,
        random_state=None,
        tol=1e-4,
        verbose=False,
        warm_start=False,
        momentum=0.9,
        nesterovs_momentum=True,
        early_stopping=False,
        validation_fraction=0.1,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-8,
        n_iter_no_change=10,
        max_fun=15000,
        rho=0.9,
        decay_rate=None,
        decay_epochs=10,
        l1=0.0,
        l2=0.0,
        penalize_bias=False,
        weight_decay=0.0,
        dropout=0.0,
        input_dropout=0.0,
        batch_norm=False,
        noise=0.0,
        weight_init="glorot",
        bias_init="auto",
        device="auto",
        dtype="float32",
        callbacks=None,
    ):
        self._assign(locals())
