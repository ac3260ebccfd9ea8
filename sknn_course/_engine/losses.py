"""Losses with their output activations, name -> rule.

Each loss comes with its canonical output activation, so that the gradient with
respect to the outputs before the activation is ``prediction - target``. The
losses are scikit-learn's: means over rows; probabilities are clipped at the
machine epsilon; 'squared_error' is half of the mean over outputs.
"""

from collections import namedtuple

import torch
from torch import nn

Loss = namedtuple("Loss", ["activation", "per_row", "criterion"])


def _log_loss(y, p):
    """-sum y ln p over classes, one-hot y."""
    eps = torch.finfo(p.dtype).eps
    return -(y * p.clamp(eps, 1 - eps).log_()).sum(-1)


def _binary_log_loss(y, p):
    """-sum y ln p + (1 - y) ln(1 - p) over outputs."""
    eps = torch.finfo(p.dtype).eps
    p = p.clamp(eps, 1 - eps)
    return -(y * p.log() + (1 - y) * (1 - p).log_()).sum(-1)


def _squared_error(y, prediction):
    """(y - prediction)^2 / 2, mean over outputs."""
    return (y - prediction).square_().mean(-1).mul_(0.5)


def _poisson(y, prediction):
    """Half the Poisson deviance, sum over outputs."""
    return (torch.xlogy(y, y / prediction) - y + prediction).sum(-1)


def _softmax(z):
    """exp(z) / sum exp(z) over the last axis."""
    if z.shape[-1] > 64:
        return torch.softmax(z, -1)
    # torch's kernel over a first axis is many times faster than over a short last one
    first = torch.softmax(z.movedim(-1, 0).contiguous(), 0)
    return first.movedim(0, -1).contiguous()


LOSSES = {
    "log_loss": Loss(_softmax, _log_loss, nn.CrossEntropyLoss),
    "binary_log_loss": Loss(torch.sigmoid, _binary_log_loss, nn.BCEWithLogitsLoss),
    "squared_error": Loss(lambda z: z, _squared_error, nn.MSELoss),
    "poisson": Loss(torch.exp, _poisson, nn.PoissonNLLLoss),
}


def activate_rows(loss, z):
    """Output activation, to the last bit the same wherever a row stands.

    Parameters
    ----------
    loss : str
    z : tensor of shape (n_rows, n_outputs)

    Returns
    -------
    tensor of shape (n_rows, n_outputs)
    """
    return torch.softmax(z, -1) if loss == "log_loss" else LOSSES[loss].activation(z)


def _right_class(y, p):
    if y.shape[-1] == 1:
        return ((p > 0.5) == (y > 0.5)).to(p.dtype)
    return (p.argmax(-1, keepdim=True) == y.argmax(-1, keepdim=True)).to(p.dtype)


def _only_class(y, p):
    return torch.ones_like(p)


def _all_labels_right(y, p):
    return ((p > 0.5) == (y > 0.5)).all(-1, keepdim=True).to(p.dtype)


def _squared_residual(y, prediction):
    return (y - prediction).square_().where(prediction.isfinite(), torch.nan)


def _share(mean, variance):
    return mean.squeeze(-1)


def _r2(residual, variance):
    """1 - residual / variance; a constant output counts 1 if exact, else 0."""
    exact = (residual == 0).to(residual.dtype)
    score = torch.where(variance > 0, 1 - residual / variance, exact)
    return torch.where(residual.isnan(), torch.nan, score).mean(-1)


Score = namedtuple("Score", ["per_row", "of_means"])
Score.__doc__ = """A score from means over rows, as in `sklearn.metrics`.

``per_row(y, prediction)`` gives (..., n_rows, m) values, ``of_means(mean, variance)``
the score of each model from their weighted means (..., m) and the weighted variance
of the targets (..., n_outputs).
"""

SCORES = {
    "accuracy": Score(_right_class, _share),
    "one_class": Score(_only_class, _share),
    "subset_accuracy": Score(_all_labels_right, _share),
    "r2": Score(_squared_residual, _r2),
}
