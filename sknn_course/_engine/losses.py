"""Losses, their output activations, and scores: a row is all that is known of one.

The losses are means over rows. Those of scikit-learn are its own: probabilities are
clipped at the machine epsilon; 'squared_error' is half of the mean over outputs, and
its gradient that of the sum. Most come with the output activation for which the
gradient with respect to the outputs before it is ``prediction - target``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any, Literal

import torch
from skorch import (
    NeuralNet,
    NeuralNetBinaryClassifier,
    NeuralNetClassifier,
    NeuralNetRegressor,
)
from torch import Tensor, nn
from torch.nn import functional as F

from .ops.criteria import PinballLoss, SmoothedBCEWithLogitsLoss
from .settings import Settings

Number = float | Tensor  # a tensor where the networks of a stack differ


@dataclass(frozen=True)
class OutputActivation:
    """What makes predictions of a network's outputs.

    Parameters
    ----------
    function : callable
    onnx : str, optional
        The operator of ONNX; None for the identity.
    of_rows : callable, optional
        In place of ``function``, to the last bit the same wherever a row stands.
    is_clipped : bool
        Whether probabilities are clipped at the machine epsilon.
    """

    function: Callable[[Tensor], Tensor]
    onnx: str | None = None
    of_rows: Callable[[Tensor], Tensor] | None = None
    is_clipped: bool = False


def _softmax(z: Tensor) -> Tensor:
    """exp(z) / sum exp(z) over the last axis."""
    if z.shape[-1] > 64:
        return torch.softmax(z, -1)
    # torch's kernel over a first axis is many times faster than over a short last one
    first = torch.softmax(z.movedim(-1, 0).contiguous(), 0)
    return first.movedim(0, -1).contiguous()


OUTPUT_ACTIVATIONS = {
    "identity": OutputActivation(lambda z: z),
    "logistic": OutputActivation(torch.sigmoid, "Sigmoid", is_clipped=True),
    "softmax": OutputActivation(_softmax, "Softmax", partial(torch.softmax, dim=-1)),
    "exp": OutputActivation(torch.exp, "Exp"),
}


def _smoothed(y: Tensor, label_smoothing: Number, n_classes: int) -> Tensor:
    """(1 - label_smoothing) y + label_smoothing / n_classes"""
    if not isinstance(label_smoothing, Tensor) and label_smoothing == 0:
        return y
    return y * (1 - label_smoothing) + label_smoothing / n_classes


def _log_loss(y: Tensor, p: Tensor, label_smoothing: Number = 0.0) -> Tensor:
    """-sum y ln p over classes, one-hot y, smoothed."""
    eps = torch.finfo(p.dtype).eps
    y = _smoothed(y, label_smoothing, y.shape[-1])
    return -(y * p.clamp(eps, 1 - eps).log_()).sum(-1)


def _binary_log_loss(y: Tensor, p: Tensor, label_smoothing: Number = 0.0) -> Tensor:
    """-sum y ln p + (1 - y) ln(1 - p) over outputs, y smoothed."""
    eps = torch.finfo(p.dtype).eps
    y = _smoothed(y, label_smoothing, 2)
    p = p.clamp(eps, 1 - eps)
    return -(y * p.log() + (1 - y) * (1 - p).log_()).sum(-1)


def _squared_error(y: Tensor, prediction: Tensor) -> Tensor:
    """(y - prediction)^2 / 2, mean over outputs."""
    return (y - prediction).square_().mean(-1).mul_(0.5)


def _poisson(y: Tensor, prediction: Tensor) -> Tensor:
    """Half the Poisson deviance, sum over outputs."""
    return (torch.xlogy(y, y / prediction) - y + prediction).sum(-1)


def _huber(y: Tensor, prediction: Tensor) -> Tensor:
    """r^2 / 2 where |r| < 1, else |r| - 1/2, mean over outputs."""
    return F.huber_loss(prediction, y, reduction="none").mean(-1)


def _absolute_error(y: Tensor, prediction: Tensor) -> Tensor:
    """|y - prediction|, mean over outputs."""
    return (y - prediction).abs_().mean(-1)


def _quantile(y: Tensor, prediction: Tensor, quantile: Number) -> Tensor:
    """q r where r = y - prediction > 0, else (q - 1) r, mean over outputs."""
    residual = y - prediction
    return (residual * quantile - residual.clamp(max=0)).mean(-1)


def _residual(y: Tensor, prediction: Tensor) -> Tensor:
    return prediction - y


def _softmax_residual(y: Tensor, p: Tensor, label_smoothing: Number = 0.0) -> Tensor:
    return p - _smoothed(y, label_smoothing, y.shape[-1])


def _logistic_residual(y: Tensor, p: Tensor, label_smoothing: Number = 0.0) -> Tensor:
    return p - _smoothed(y, label_smoothing, 2)


def _quantile_slope(y: Tensor, prediction: Tensor, quantile: Number) -> Tensor:
    sign = (prediction - y).sign_()  # 0 where the prediction is exact
    return (sign / 2 + sign.abs() * (0.5 - quantile)).div_(y.shape[-1])


@dataclass(frozen=True)
class Loss:
    """What is known of a loss.

    Parameters
    ----------
    per_row : callable
        ``per_row(y, prediction)`` of (..., n_rows, n_outputs) gives (..., n_rows).
    criterion : type of torch.nn.Module
        The same of the outputs before the activation, up to a factor.
    output : str
        Name of the output activation.
    gradient : callable
        ``gradient(y, prediction)`` gives a new tensor, the gradient of each row's
        loss with respect to the outputs before the activation.
    net : type of skorch.NeuralNet
    net_options : mapping, optional
    targets : {'classes', 'labels', 'numbers'}
        Whether y is one-hot, or 0/1 for each label, or of numbers.
    least_target : float, optional
    degree : int
        Power of the unit of the targets that the loss is in.
    parameters : tuple of str
        Parameters of the estimators that ``per_row``, ``gradient`` and
        ``criterion`` take as keywords.
    meaning : str
        For the docstrings of the regressors.
    """

    per_row: Callable[..., Tensor]
    criterion: type[nn.Module]
    output: str = "identity"
    gradient: Callable[..., Tensor] = _residual
    net: type[NeuralNet] = NeuralNetRegressor
    net_options: Mapping[str, Any] = field(default_factory=dict)
    targets: Literal["classes", "labels", "numbers"] = "numbers"
    least_target: float | None = None
    degree: int = 0
    parameters: tuple[str, ...] = ()
    meaning: str = ""

    @cached_property
    def activation(self) -> Callable[[Tensor], Tensor]:
        """The output activation."""
        return OUTPUT_ACTIVATIONS[self.output].function

    def values(self, settings: Settings) -> dict[str, Any]:
        """The loss's own parameters."""
        return {name: getattr(settings, name) for name in self.parameters}

    def filled_in(self, **values: Number) -> Loss:
        """With its own parameters: numbers, or tensors of shape (K, 1, 1)."""
        if not values:
            return self
        return replace(
            self,
            per_row=partial(self.per_row, **values),
            gradient=partial(self.gradient, **values),
        )


LossName = Literal["absolute_error", "huber", "poisson", "quantile", "squared_error"]
LOSSES = {
    "log_loss": Loss(
        _log_loss,
        nn.CrossEntropyLoss,
        "softmax",
        _softmax_residual,
        net=NeuralNetClassifier,
        targets="classes",
        parameters=("label_smoothing",),
    ),
    "binary_log_loss": Loss(
        _binary_log_loss,
        SmoothedBCEWithLogitsLoss,
        "logistic",
        _logistic_residual,
        net=NeuralNetBinaryClassifier,
        targets="labels",
        parameters=("label_smoothing",),
    ),
    "squared_error": Loss(
        _squared_error, nn.MSELoss, degree=2, meaning="half the squared error"
    ),
    "poisson": Loss(
        _poisson,
        nn.PoissonNLLLoss,
        "exp",
        net_options={"predict_nonlinearity": torch.exp},
        least_target=0.0,
        meaning="half the Poisson deviance, with an exponential output, for y >= 0",
    ),
    "huber": Loss(
        _huber,
        nn.HuberLoss,
        degree=2,
        gradient=lambda y, p: (p - y).clamp_(-1, 1).div_(y.shape[-1]),
        meaning="half the squared error up to errors of 1, then linear (delta=1)",
    ),
    "absolute_error": Loss(
        _absolute_error,
        nn.L1Loss,
        degree=1,
        gradient=lambda y, p: (p - y).sign_().div_(y.shape[-1]),
        meaning="the absolute error",
    ),
    "quantile": Loss(
        _quantile,
        PinballLoss,
        gradient=_quantile_slope,
        degree=1,
        parameters=("quantile",),
        meaning="the pinball loss, least for the quantile that `quantile` says",
    ),
}


NUMBER_LOSSES = [name for name, row in LOSSES.items() if row.targets == "numbers"]


def loss_of(settings: Settings) -> Loss:
    """The loss of some settings, with its parameters filled in."""
    loss = LOSSES[settings.loss]
    return loss.filled_in(**loss.values(settings))


def activate_rows(loss: str, z: Tensor) -> Tensor:
    """Output activation, to the last bit the same wherever a row stands.

    Parameters
    ----------
    loss : str
    z : tensor of shape (n_rows, n_outputs)

    Returns
    -------
    tensor of shape (n_rows, n_outputs)
    """
    output = OUTPUT_ACTIVATIONS[LOSSES[loss].output]
    return (output.of_rows or output.function)(z)


def _right_class(y: Tensor, p: Tensor) -> Tensor:
    if y.shape[-1] == 1:
        return ((p > 0.5) == (y > 0.5)).to(p.dtype)
    return (p.argmax(-1, keepdim=True) == y.argmax(-1, keepdim=True)).to(p.dtype)


def _only_class(y: Tensor, p: Tensor) -> Tensor:
    return torch.ones_like(p)


def _all_labels_right(y: Tensor, p: Tensor) -> Tensor:
    return ((p > 0.5) == (y > 0.5)).all(-1, keepdim=True).to(p.dtype)


def _squared_residual(y: Tensor, prediction: Tensor) -> Tensor:
    return (y - prediction).square_().where(prediction.isfinite(), torch.nan)


def _share(mean: Tensor, variance: Tensor) -> Tensor:
    return mean.squeeze(-1)


def _r2(residual: Tensor, variance: Tensor) -> Tensor:
    """1 - residual / variance; a constant output counts 1 if exact, else 0."""
    exact = (residual == 0).to(residual.dtype)
    score = torch.where(variance > 0, 1 - residual / variance, exact)
    return torch.where(residual.isnan(), torch.nan, score).mean(-1)


@dataclass(frozen=True)
class Score:
    """A score from means over rows, as in `sklearn.metrics`.

    Parameters
    ----------
    per_row : callable
        ``per_row(y, prediction)`` gives (..., n_rows, m) values.
    of_means : callable
        ``of_means(mean, variance)`` gives the score of each model from their weighted
        means (..., m) and the weighted variance of the targets (..., n_outputs).
    short : str
        Name in the history of a net.
    of_labels : bool
        Whether a row has several labels.
    """

    per_row: Callable[[Tensor, Tensor], Tensor]
    of_means: Callable[[Tensor, Tensor], Tensor]
    short: str = "acc"
    of_labels: bool = False


SCORES = {
    "accuracy": Score(_right_class, _share),
    "one_class": Score(_only_class, _share),
    "subset_accuracy": Score(_all_labels_right, _share, of_labels=True),
    "r2": Score(_squared_residual, _r2, "r2"),
}
