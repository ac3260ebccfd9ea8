"""What convolutional estimators share: their parameters, and the layers they make."""

from collections.abc import Sequence
from numbers import Integral
from typing import Any, Literal

from .._choices import Choices, did_you_mean
from .._compat import Interval
from .._engine.ops.activations import ACTIVATIONS
from ..architectures import (
    ARCHITECTURES,
    convolutional_network,
    sizes_of,
    with_outputs,
)
from ..layers import Activation, BatchNorm, Layer, ShapeError, Softmax, layer_shapes
from .base import NeuralEstimator
from .inputs import ImageInputs
from .parameter_types import Architecture, Augmentation, Rates, Sizes
from .parameters import AT_LEAST_ONE, RATE

CONSTRAINTS: dict[str, list[Any]] = {
    "filters": ["array-like"],
    "architecture": [Choices(ARCHITECTURES), tuple, list, None],
    "kernel_size": [AT_LEAST_ONE],
    "pool_size": [AT_LEAST_ONE],
    "padding": [
        Choices({"same", "valid"}),
        Interval(Integral, 0, None, closed="left"),
    ],
    "dense_layer_sizes": ["array-like", AT_LEAST_ONE],
    "conv_dropout": [RATE, "array-like"],
    "global_pool": ["boolean"],
    "input_shape": [tuple, list, None],
    "augmentation": [str, list, tuple, callable, None],
}


class ConvolutionalEstimator(NeuralEstimator):
    """What the classifier and the regressor share: images, convolution blocks."""

    _inputs = ImageInputs()
    filters: Sequence[int | Sequence[int]]
    dense_layer_sizes: Sizes
    architecture: Architecture
    kernel_size: int
    pool_size: int
    padding: Literal["same", "valid"] | int
    conv_dropout: Rates
    global_pool: bool
    input_shape: Sequence[int] | None
    augmentation: Augmentation
    input_shape_: tuple[int, ...]

    def _layers(
        self, input_shape: tuple[int, ...], n_outputs: int
    ) -> tuple[Layer, ...]:
        if self.architecture is None:
            return self._blocks(input_shape, n_outputs)
        return self._given_layers(input_shape, n_outputs)

    def _given_layers(
        self, input_shape: tuple[int, ...], n_outputs: int
    ) -> tuple[Layer, ...]:
        name, given = "The architecture", self.architecture
        if isinstance(given, str):
            name, given = f"architecture={given!r}", ARCHITECTURES[given].layers
        for layer in given or ():
            if not isinstance(layer, Layer) or (
                isinstance(layer, Activation) and layer.function not in ACTIVATIONS
            ):
                meant = did_you_mean(getattr(layer, "function", None), ACTIVATIONS)
                raise ValueError(
                    f"architecture contains {layer!r}: give layers of "
                    "sknn_course.layers, with activation functions among "
                    f"{sorted(ACTIVATIONS)}.{meant}"
                )
        layers = with_outputs(given, n_outputs)
        try:
            shape = layer_shapes(layers, input_shape)[-1]
        except ShapeError as error:
            size = " x ".join(map(str, input_shape))
            raise ShapeError(
                f"{name} does not suit images of {size}. {error}"
            ) from None
        if shape != (n_outputs,):
            raise ShapeError(
                f"{name} ends in outputs of shape {shape}, but y needs ({n_outputs},): "
                "end it with Flatten() or GlobalAveragePool() and a Dense layer."
            )
        if n_outputs == 1 and isinstance(layers[-1], Softmax):
            raise ValueError(
                f"{name} ends in Softmax(), which is always 1 over the single output "
                "that y needs: leave it out."
            )
        return layers

    def _blocks(
        self, input_shape: tuple[int, ...], n_outputs: int
    ) -> tuple[Layer, ...]:
        layers = convolutional_network(
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
            norm=BatchNorm(self.batch_norm_momentum, self.batch_norm_epsilon),
            noise=self.noise,
            global_pool=self.global_pool,
        )
        try:
            layer_shapes(layers, input_shape)
        except ShapeError as error:
            raise ShapeError(
                f"filters={self.filters!r} does not suit rows of "
                f"n_features={self.n_features_in_}. {error}"
            ) from None
        return layers
