"""
A grid search, one by one and stacked
=====================================

``joblib.parallel_config("stacked")`` trains the candidates and folds of a search
together, as stacked matrices of one network, and finds the same scores.
"""

import time
import warnings

import joblib
import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV

from sknn_course import MLPClassifier
from sknn_course.datasets import make_circles_split
from sknn_course.parallel import last_report
from sknn_course.plotting import SweepResultsDisplay

warnings.simplefilter("ignore", ConvergenceWarning)  # the epochs are given
X_train, X_test, y_train, y_test = make_circles_split(random_state=0)

# %%
# A stock search: 36 candidates on 5 folds are 180 fits.
network = MLPClassifier(batch_size=10, max_iter=40, dtype="float64", random_state=0)
grid = {
    "learning_rate_init": [0.001, 0.003, 0.01, 0.03, 0.1, 0.3],
    "hidden_layer_sizes": [(5,), (10,), (20,)],
    "dropout": [0.0, 0.2],
}
search = GridSearchCV(network, grid, cv=5)

start = time.perf_counter()
search.fit(X_train, y_train)
print(f"one by one {time.perf_counter() - start:5.1f} s")
scores = search.cv_results_["mean_test_score"]

start = time.perf_counter()
with joblib.parallel_config("stacked"):
    search.fit(X_train, y_train)
print(f"stacked    {time.perf_counter() - start:5.1f} s")
print(
    f"largest difference {np.abs(search.cv_results_['mean_test_score'] - scores).max()}"
)

# %%
# What was trained together:
print(last_report())

# %%
# The scores of the search, the better of the two dropout rates in each cell.
SweepResultsDisplay.from_estimator(
    search, x="learning_rate_init", y="hidden_layer_sizes"
)
print(search.best_params_)
print(f"test accuracy {search.score(X_test, y_test):.3f}")

# %%
# The same scores as lines, with their spread over the folds.
SweepResultsDisplay.from_estimator(
    search, x="learning_rate_init", y="dropout", kind="lines"
)
