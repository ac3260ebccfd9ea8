"""
Learning rates: too low, good, too high
=======================================

One network, one data set, five learning rates. A rate that is too low wastes epochs,
one that is too high jumps about or leaves the valley for good.
"""

import warnings

import numpy as np
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split

from sknn_course import MLPClassifier
from sknn_course.plotting import LearningRateCasesDisplay

warnings.simplefilter("ignore", ConvergenceWarning)  # the epochs are given
X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    X / 16, y, test_size=0.3, stratify=y, random_state=0
)

# %%
# The display fits one clone for each rate and keeps their loss curves. It calls a
# rate good where its final loss is near the lowest of all.
network = MLPClassifier(
    (30,),
    solver="sgd",
    momentum=0,
    batch_size=32,
    max_iter=50,
    tol=0,
    n_iter_no_change=np.inf,
    random_state=0,
)
display = LearningRateCasesDisplay.from_estimator(
    network, X_train, y_train, learning_rates=[0.001, 0.01, 0.1, 0.5, 5]
)

# %%
# The rules that follow: a loss that grows or stays where it began asks for a lower
# rate, one that creeps asks for a higher one. Accuracy on rows not seen in training:
for rate, case in display.cases_.items():
    network.set_params(learning_rate_init=rate).fit(X_train, y_train)
    print(f"{rate:5}  {case:8}  {network.score(X_test, y_test):.3f}")
