"""What the course's sheets derive by hand, as small functions of arrays.

Losses and least squares, layers forward and backward, a worked step of
backpropagation, the chain of gradients, momentum, convolution, significance. What the
estimators do themselves (optimizers, dropout, batch normalisation, schedules) is not
here a second time.
"""

from .backpropagation import (
    WORKED_EXAMPLE,
    BackpropagationStep,
    backpropagation_step,
)
from .confusion import ConfusionFigures, confusion_figures, predictions_of
from .constant_prediction import predicts_one_value, stability
from .convolution import convolve, cross_correlate
from .gradient_chain import (
    ACTIVATIONS,
    NeuronChain,
    gradient_norms,
    gradient_norms_by_depth,
    layer_errors,
    neuron_chain,
)
from .gradient_check import GradientCheck, gradient_check, numerical_gradient
from .layers import (
    dense_backward,
    dense_forward,
    relu_backward,
    relu_forward,
    softmax_loss_backward,
    softmax_loss_forward,
    softplus_backward,
    softplus_forward,
)
from .least_squares import (
    augmented,
    linear_loss,
    linear_loss_gradient,
    normal_equations,
)
from .losses import (
    binary_cross_entropy,
    binary_cross_entropy_derivative,
    binary_cross_entropy_second_derivative,
    binary_entropy,
    double_softmax_floor,
    double_softmax_loss,
    log_likelihood_loss,
    loss_per_sample,
    mean_squared_error,
    weight_decay_loss,
)
from .momentum import moving_average_momentum, sgd_parameters
from .significance import (
    Significance,
    accuracy_standard_error,
    two_proportion_z_test,
    welch_t_test,
)
from .tanh_network import (
    TanhNetwork,
    cross_entropy,
    gradient_descent_step,
    tanh_network_forward,
    tanh_network_gradients,
)

__all__ = [
    "ACTIVATIONS",
    "BackpropagationStep",
    "ConfusionFigures",
    "GradientCheck",
    "NeuronChain",
    "Significance",
    "TanhNetwork",
    "WORKED_EXAMPLE",
    "accuracy_standard_error",
    "augmented",
    "backpropagation_step",
    "binary_cross_entropy",
    "binary_cross_entropy_derivative",
    "binary_cross_entropy_second_derivative",
    "binary_entropy",
    "confusion_figures",
    "convolve",
    "cross_correlate",
    "cross_entropy",
    "dense_backward",
    "dense_forward",
    "double_softmax_floor",
    "double_softmax_loss",
    "gradient_check",
    "gradient_descent_step",
    "gradient_norms",
    "gradient_norms_by_depth",
    "layer_errors",
    "linear_loss",
    "linear_loss_gradient",
    "log_likelihood_loss",
    "loss_per_sample",
    "mean_squared_error",
    "moving_average_momentum",
    "neuron_chain",
    "normal_equations",
    "numerical_gradient",
    "predictions_of",
    "predicts_one_value",
    "relu_backward",
    "relu_forward",
    "sgd_parameters",
    "softmax_loss_backward",
    "softmax_loss_forward",
    "softplus_backward",
    "softplus_forward",
    "stability",
    "tanh_network_forward",
    "tanh_network_gradients",
    "two_proportion_z_test",
    "weight_decay_loss",
    "welch_t_test",
]
