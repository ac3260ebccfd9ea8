"""
Vanishing gradients
===================

Why six layers of sigmoids learn nothing, and what helps.
"""

import warnings

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split

from sknn_course import MLPClassifier
from sknn_course.plotting import GradientFlowDisplay, LossCurveDisplay

warnings.simplefilter("ignore", ConvergenceWarning)  # the epochs are given
X, y = load_digits(return_X_y=True)
X_train, X_val, y_train, y_val = train_test_split(X / 16, y, random_state=0)

# %%
# Before training, the gradient of the loss in each layer: a sigmoid passes at most a
# quarter of it on to the layer below, so that it shrinks by a factor with each layer.
# A ReLU passes on all or nothing.
figure, axes = plt.subplots(1, 2, figsize=(9, 3.6), sharey=True, layout="constrained")
for ax, activation in zip(axes, ("logistic", "relu"), strict=True):
    for depth in range(1, 7):
        network = MLPClassifier(
            [100] * depth,
            activation,
            weight_init="glorot_uniform",
            max_iter=1,
            random_state=0,
        ).fit(X_train, y_train)
        GradientFlowDisplay.from_estimator(
            network, X_train, y_train, weights="initial", name=f"{depth} hidden", ax=ax
        )
    ax.set_title(activation)

# %%
# So deep sigmoids stay where they began: at the loss of guessing, ln 10 = 2.30. ReLUs,
# batch normalisation and larger initial weights each set them going.
remedies = {
    "sigmoids": {"activation": "logistic", "weight_init": "glorot_uniform"},
    "ReLUs": {"activation": "relu"},
    "sigmoids, batch norm": {"activation": "logistic", "batch_norm": True},
    "sigmoids, weights in [-1, 1]": {
        "activation": "logistic",
        "weight_init": "uniform(1)",
    },
}
figure, axes = plt.subplots(1, 4, figsize=(12, 3.2), sharey=True, layout="constrained")
for ax, (name, params) in zip(axes, remedies.items(), strict=True):
    network = MLPClassifier(
        [50] * 6,
        solver="sgd",
        learning_rate_init=0.1,
        momentum=0,
        batch_size=8,
        max_iter=20,
        random_state=0,
        **params,
    ).fit(X_train, y_train, X_val=X_val, y_val=y_val)
    LossCurveDisplay(
        train_loss=network.loss_curve_,
        validation_loss=network.validation_loss_curve_,
    ).plot(ax, loss_scale="linear", title=name)
    print(f"{name:28} {network.score(X_val, y_val):.3f}")
axes[0].set_ylim(0, 3.2)
