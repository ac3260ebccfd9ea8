"""PyTorch networks as scikit-learn estimators.

Neural estimators that follow scikit-learn's own parameters, closed-form and SVM
baselines to compare them with, and data sets to try them on.
"""

from ._engine import DivergedError
from .cnn import CNNClassifier, CNNRegressor
from .ensemble import EnsembleClassifier, EnsembleRegressor
from .leaderboard import compare
from .least_squares import LeastSquaresClassifier, LeastSquaresRegressor
from .ls_svm import LeastSquaresSVC, LeastSquaresSVR
from .mlp import MLPClassifier, MLPRegressor
from .resume import resumable
from .svm import linear_svm, rbf_svm
from .tabular import TabularClassifier, TabularRegressor

__version__ = "0.2.0"

__all__ = [
    "CNNClassifier",
    "CNNRegressor",
    "DivergedError",
    "EnsembleClassifier",
    "EnsembleRegressor",
    "LeastSquaresClassifier",
    "LeastSquaresRegressor",
    "LeastSquaresSVC",
    "LeastSquaresSVR",
    "MLPClassifier",
    "MLPRegressor",
    "TabularClassifier",
    "TabularRegressor",
    "compare",
    "linear_svm",
    "rbf_svm",
    "resumable",
]
