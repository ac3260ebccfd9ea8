"""
Overfitting, and what helps
===========================

A network with many more weights than rows learns its training rows by heart, wrong
labels and all. The rows that it has not seen show it.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split

from sknn_course import MLPClassifier
from sknn_course.plotting import LossCurveDisplay

warnings.simplefilter("ignore", ConvergenceWarning)  # the epochs are given
X, y = load_digits(return_X_y=True)
X_train, X_val, y_train, y_val = train_test_split(
    X / 16, y, test_size=500, stratify=y, random_state=0
)

# %%
# 300 images, about a fifth of them with a label drawn at random, and a network of 7,510
# parameters. The labels of the validation images are right.
rng = np.random.RandomState(0)
y_train = np.where(rng.rand(len(y_train)) < 0.2, rng.randint(10, size=1297), y_train)
few = slice(300)
network = MLPClassifier(
    (100,),
    alpha=0,
    learning_rate_init=0.003,
    batch_size=32,
    max_iter=100,
    tol=0,
    n_iter_no_change=np.inf,
    random_state=0,
)
network.fit(X_train[few], y_train[few], X_val=X_val, y_val=y_val)
LossCurveDisplay.from_estimator(network)

# %%
# Training ends with next to no loss. The validation loss turned up again long before,
# and the accuracy that was there has gone.
scores = network.validation_scores_
print(f"training   {network.training_score_curve_[-1]:.3f} in the end")
print(f"validation {scores[-1]:.3f} in the end", end=", ")
print(f"{max(scores):.3f} after {np.argmax(scores) + 1} epochs")

# %%
# Remedies: stop early, penalise large weights, drop units or add noise while training,
# and get more data.
remedies = {
    "early stopping": ({"early_stopping": True, "n_iter_no_change": 10}, few),
    "L2 penalty": ({"l2": 0.01}, few),
    "dropout": ({"dropout": 0.5, "input_dropout": 0.2}, few),
    "Gaussian noise": ({"noise": 1.0}, few),
    "1,297 images": ({"max_iter": 23}, slice(None)),  # as many steps
}
figure, axes = plt.subplots(2, 3, figsize=(11, 6), layout="constrained", sharey=True)
remedies = {"none": ({}, few), **remedies}
for ax, (name, (params, rows)) in zip(axes.flat, remedies.items(), strict=True):
    one = MLPClassifier(**{**network.get_params(), **params})
    one.fit(X_train[rows], y_train[rows], X_val=X_val, y_val=y_val)
    LossCurveDisplay(
        train_score=one.training_score_curve_, validation_score=one.validation_scores_
    ).plot(ax, title=name)
    print(f"{name:14} {one.score(X_val, y_val):.3f}")
