"""Losses that torch has not, as its modules: for nets that skorch goes on with."""

from torch import Tensor, nn


class PinballLoss(nn.Module):
    """Mean of quantile r where r = target - input > 0, else of (quantile - 1) r.

    Parameters
    ----------
    quantile : float
    """

    def __init__(self, quantile: float = 0.5) -> None:
        super().__init__()
        self.quantile = quantile

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        residual = target - input
        return (self.quantile * residual - residual.clamp(max=0)).mean()

    def extra_repr(self) -> str:
        return f"quantile={self.quantile}"


class SmoothedBCEWithLogitsLoss(nn.BCEWithLogitsLoss):
    """torch's, with the smoothing of `torch.nn.CrossEntropyLoss`, of two classes.

    Parameters
    ----------
    label_smoothing : float
    """

    def __init__(self, label_smoothing: float = 0.0) -> None:
        super().__init__()
        self.label_smoothing = label_smoothing

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        smoothing = self.label_smoothing
        return super().forward(input, target * (1 - smoothing) + smoothing / 2)

    def extra_repr(self) -> str:
        return f"label_smoothing={self.label_smoothing}"
