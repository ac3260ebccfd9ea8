"""One trainer for one network and for many."""

from .job import FitJob, Progress, Settings, Split
from .trainer import train

__all__ = ["FitJob", "Progress", "Settings", "Split", "train"]
