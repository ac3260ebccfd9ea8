"""
Dropout and batch normalisation
===============================

Two layers that act differently in training and in use: what each does to the curves
of training and validation.
"""

import warnings

import joblib
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import StratifiedKFold, cross_val_score, train_test_split

from sknn_course import MLPClassifier
from sknn_course.inspection import layer_table
from sknn_course.plotting import LossCurveDisplay

warnings.simplefilter("ignore", ConvergenceWarning)  # the epochs are given
X, y = load_digits(return_X_y=True)
X_train, X_val, y_train, y_val = train_test_split(
    X / 16, y, test_size=0.5, stratify=y, random_state=0
)
network = MLPClassifier(
    (100,),
    solver="sgd",
    learning_rate_init=0.02,
    batch_size=16,
    max_iter=40,
    tol=0,
    n_iter_no_change=np.inf,
    random_state=0,
)
variants = {
    "neither": {},
    "dropout 0.5": {"dropout": 0.5},
    "batch normalisation": {"batch_norm": "before"},
    "both": {"dropout": 0.5, "batch_norm": "before"},
}

# %%
# Dropout keeps the training loss up: it is measured with half of the units missing.
# Batch normalisation, here before the activation, brings it down in fewer epochs.
figure, axes = plt.subplots(2, 2, figsize=(10, 6.4), layout="constrained")
for ax, (name, params) in zip(axes.flat, variants.items(), strict=True):
    one = MLPClassifier(**{**network.get_params(), **params})
    one.fit(X_train, y_train, X_val=X_val, y_val=y_val)
    LossCurveDisplay.from_estimator(one, ax=ax, loss_scale="log", title=name)

# %%
# Batch normalisation has four values per unit: two are trained, two are running
# statistics.
print(layer_table(one))

# %%
# One split says little; five folds, trained together. Normalisation behind dropout
# measures variances that are not those without dropout, and does worse.
variants["both, dropout first"] = {"dropout": 0.5, "batch_norm": "after"}
folds = StratifiedKFold(5, shuffle=True, random_state=0)
for name, params in variants.items():
    one = MLPClassifier(**{**network.get_params(), **params})
    with joblib.parallel_config("stacked"):
        scores = cross_val_score(one, X / 16, y, cv=folds)
    print(f"{name:20} {scores.mean():.3f} +- {scores.std(ddof=1):.3f}")
