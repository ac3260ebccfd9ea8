"""Digits, a network fitted to them, and an end to the figures of a test."""

import matplotlib
import matplotlib.pyplot as plt
import pytest
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning

from sknn_course import MLPClassifier

matplotlib.use("Agg")

X, y = load_digits(return_X_y=True)
X, y = (X / 16)[:300], y[:300]


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def fitted_mlp():
    mlp = MLPClassifier((20, 12), max_iter=8, dtype="float64", random_state=3)
    with pytest.warns(ConvergenceWarning):
        return mlp.fit(X[:200], y[:200], X_val=X[200:], y_val=y[200:])
