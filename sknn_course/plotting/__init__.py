"""Displays in scikit-learn's form: data in attributes, drawn by ``plot(ax=None)``.

Confusion matrices and decision boundaries are scikit-learn's own:
`sklearn.metrics.ConfusionMatrixDisplay`, `sklearn.inspection.DecisionBoundaryDisplay`.
"""

from .activation_functions import ActivationFunctionsDisplay
from .data_checks import ClassCountsDisplay, PixelHistogramDisplay
from .example_images import ExampleImagesDisplay
from .feature_maps import FeatureMapsDisplay
from .filtered_image import FilteredImageDisplay
from .gradient_flow import GradientFlowDisplay
from .learning_rate_cases import LearningRateCasesDisplay
from .loss_curve import LossCurveDisplay
from .misclassified import MisclassifiedDisplay
from .regression_fit import RegressionFitDisplay
from .sweep_results import SweepResultsDisplay
from .weight_histogram import WeightHistogramDisplay
from .weight_images import FiltersDisplay, FirstLayerWeightsDisplay

__all__ = [
    "ActivationFunctionsDisplay",
    "ClassCountsDisplay",
    "ExampleImagesDisplay",
    "FeatureMapsDisplay",
    "FilteredImageDisplay",
    "FiltersDisplay",
    "FirstLayerWeightsDisplay",
    "GradientFlowDisplay",
    "LearningRateCasesDisplay",
    "LossCurveDisplay",
    "MisclassifiedDisplay",
    "PixelHistogramDisplay",
    "RegressionFitDisplay",
    "SweepResultsDisplay",
    "WeightHistogramDisplay",
]
