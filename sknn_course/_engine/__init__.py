"""One trainer for one network and for many."""

from .job import FitJob, Progress, Settings, Split
from .stopping import DivergedError
from .trainer import train, train_group

__all__ = [
    "DivergedError",
    "FitJob",
    "Progress",
    "Settings",
    "Split",
    "train",
    "train_group",
]
