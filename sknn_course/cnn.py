"""Convolutional networks for images and for rows of numbers."""

from collections.abc import Sequence
from typing import Any, Literal

from ._estimator.classifier import NeuralClassifier
from ._estimator.convolutional import CONSTRAINTS, ConvolutionalEstimator
from ._estimator.documentation import documented
from ._estimator.parameter_types import (
    ActivationName,
    Architecture,
    Augmentation,
    BatchNormPlace,
    ClassWeight,
    Device,
    Dtype,
    LossName,
    RandomState,
    Rates,
    ScheduleName,
    Sizes,
    SolverName,
)
from ._estimator.regressor import NeuralRegressor


@documented
class CNNClassifier(ConvolutionalEstimator, NeuralClassifier):
    """Convolutional network classifier.

    Blocks of convolutions that end in pooling, then dense layers; trained as
    `MLPClassifier`.

    Parameters
    ----------
    %(convolutions)s

    %(training)s

    %(regularization)s

    batch_norm : bool or {'before', 'after'}, default=False
        Batch normalisation of the convolutions before (True) or after the
        activation; of the dense layers as in `MLPClassifier`.

    %(batch_norm)s

    noise : float, default=0.0
        Standard deviation of normal noise after each pooling, in training.

    %(initialisation)s

    %(class_weight)s

    %(label_smoothing)s

    %(computing)s

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The classes.

    input_shape_ : tuple of int
        (channels, height, width) of the images.

    %(attributes)s

    See Also
    --------
    CNNRegressor : For numbers.
    sknn_course.MLPClassifier : Without convolutions.

    References
    ----------
    .. [1] Y. LeCun et al., "Gradient-based learning applied to document
       recognition", Proc. IEEE 86, 1998.
    .. [2] K. Simonyan, A. Zisserman, "Very deep convolutional networks for
       large-scale image recognition", ICLR 2015.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sknn_course import CNNClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> cnn = CNNClassifier(filters=((16, 16),), early_stopping=True, random_state=0)
    >>> cnn.fit(X[:1000], y[:1000]).score(X[1000:], y[1000:]) > 0.9
    True
    """

    _parameter_constraints = {
        **NeuralClassifier._parameter_constraints,
        **CONSTRAINTS,
    }

    def __init__(
        self,
        filters: Sequence[int | Sequence[int]] = ((32, 32),),
        dense_layer_sizes: Sizes = (64,),
        activation: ActivationName = "relu",
        *,
        architecture: Architecture = None,
        kernel_size: int = 3,
        pool_size: int = 2,
        padding: Literal["same", "valid"] | int = "same",
        conv_dropout: Rates = 0.0,
        global_pool: bool = False,
        input_shape: Sequence[int] | None = None,
        augmentation: Augmentation = None,
        solver: SolverName = "adam",
        alpha: float = 0.0001,
        batch_size: int | Literal["auto"] = "auto",
        learning_rate: ScheduleName = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: RandomState = None,
        tol: float = 1e-4,
        verbose: bool | int = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        rho: float = 0.9,
        initial_accumulator: float = 0.0,
        decay_rate: float | None = None,
        decay_epochs: int = 10,
        l1: float = 0.0,
        l2: float = 0.0,
        penalize_bias: bool = False,
        weight_decay: float = 0.0,
        grad_clip: float | None = None,
        dropout: Rates = 0.0,
        input_dropout: float = 0.0,
        batch_norm: BatchNormPlace = False,
        batch_norm_momentum: float = 0.1,
        batch_norm_epsilon: float = 1e-5,
        noise: float = 0.0,
        weight_init: str = "glorot",
        bias_init: str = "auto",
        class_weight: ClassWeight = None,
        label_smoothing: float = 0.0,
        device: Device = "auto",
        dtype: Dtype = "float32",
        callbacks: Sequence[Any] | None = None,
    ) -> None:
        self._assign(locals())


@documented
class CNNRegressor(ConvolutionalEstimator, NeuralRegressor):
    """Convolutional network regressor.

    Blocks of convolutions that end in pooling, then dense layers; trained as
    `MLPRegressor`.

    Parameters
    ----------
    %(loss)s

    %(convolutions)s

    %(training)s

    %(regularization)s

    batch_norm : bool or {'before', 'after'}, default=False
        Batch normalisation of the convolutions before (True) or after the
        activation; of the dense layers as in `MLPClassifier`.

    %(batch_norm)s

    noise : float, default=0.0
        Standard deviation of normal noise after each pooling, in training.

    %(initialisation)s

    %(quantile)s

    %(normalize_y)s

    %(computing)s

    Attributes
    ----------
    input_shape_ : tuple of int
        (channels, height, width) of the images.

    %(attributes)s

    See Also
    --------
    CNNClassifier : For classes.
    sknn_course.MLPRegressor : Without convolutions.

    References
    ----------
    .. [1] Y. LeCun et al., "Gradient-based learning applied to document
       recognition", Proc. IEEE 86, 1998.
    .. [2] K. Simonyan, A. Zisserman, "Very deep convolutional networks for
       large-scale image recognition", ICLR 2015.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sknn_course import CNNRegressor
    >>> X, y = load_digits(return_X_y=True)
    >>> y = X.reshape(-1, 8, 8)[:, :, :4].mean(axis=(1, 2))
    >>> cnn = CNNRegressor(filters=((16,),), early_stopping=True, random_state=0)
    >>> cnn.fit(X[:1000], y[:1000]).score(X[1000:], y[1000:]) > 0.9
    True
    """

    _parameter_constraints = {
        **NeuralRegressor._parameter_constraints,
        **CONSTRAINTS,
    }

    def __init__(
        self,
        loss: LossName = "squared_error",
        filters: Sequence[int | Sequence[int]] = ((32, 32),),
        dense_layer_sizes: Sizes = (64,),
        activation: ActivationName = "relu",
        *,
        architecture: Architecture = None,
        kernel_size: int = 3,
        pool_size: int = 2,
        padding: Literal["same", "valid"] | int = "same",
        conv_dropout: Rates = 0.0,
        global_pool: bool = False,
        input_shape: Sequence[int] | None = None,
        augmentation: Augmentation = None,
        solver: SolverName = "adam",
        alpha: float = 0.0001,
        batch_size: int | Literal["auto"] = "auto",
        learning_rate: ScheduleName = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: RandomState = None,
        tol: float = 1e-4,
        verbose: bool | int = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        rho: float = 0.9,
        initial_accumulator: float = 0.0,
        decay_rate: float | None = None,
        decay_epochs: int = 10,
        l1: float = 0.0,
        l2: float = 0.0,
        penalize_bias: bool = False,
        weight_decay: float = 0.0,
        grad_clip: float | None = None,
        dropout: Rates = 0.0,
        input_dropout: float = 0.0,
        batch_norm: BatchNormPlace = False,
        batch_norm_momentum: float = 0.1,
        batch_norm_epsilon: float = 1e-5,
        noise: float = 0.0,
        weight_init: str = "glorot",
        bias_init: str = "auto",
        quantile: float = 0.5,
        normalize_y: bool = False,
        device: Device = "auto",
        dtype: Dtype = "float32",
        callbacks: Sequence[Any] | None = None,
    ) -> None:
        self._assign(locals())
