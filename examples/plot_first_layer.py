"""
What the first layer looks for
==============================

Each neuron of the first layer has one weight for each pixel: an image. Training makes
templates out of noise, and moves the histogram of the weights.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits

from sknn_course import MLPClassifier
from sknn_course.plotting import (
    ExampleImagesDisplay,
    FirstLayerWeightsDisplay,
    WeightHistogramDisplay,
)

X, y = load_digits(return_X_y=True)
X = X / 16
ExampleImagesDisplay.from_images(X, y, n_images=10, per_class=True)

# %%
# A penalty keeps weights of pixels that say nothing near zero.
network = MLPClassifier((16,), l2=0.002, early_stopping=True, random_state=0)
network.fit(X, y)
print(f"best validation accuracy {network.best_validation_score_:.3f}")

# %%
# Before training (left) and after it. The initial weights are drawn again from the
# network's ``random_state``.
figure, axes = plt.subplots(1, 2, figsize=(10, 4.4), layout="constrained")
for ax, weights in zip(axes, ("initial", "fitted"), strict=True):
    ax.set_title(weights)
    FirstLayerWeightsDisplay.from_estimator(network, weights=weights, ax=ax)

# %%
# Many weights shrink to nothing, others grow far beyond their initial range.
WeightHistogramDisplay.from_estimator(network)
