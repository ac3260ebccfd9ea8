"""
A regression: NIST's Eckerle4 data
==================================

35 observations of a narrow peak. Networks with the same parameters but other initial
weights end in different places: one run says little, four say more.
"""

import warnings

import numpy as np
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import mean_squared_error
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from sknn_course import MLPRegressor
from sknn_course.datasets import load_eckerle4
from sknn_course.plotting import LossCurveDisplay, RegressionFitDisplay

warnings.simplefilter("ignore", ConvergenceWarning)  # the epochs are given
X, y = load_eckerle4(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.4, random_state=0)

# %%
# Input and target are scaled to [0, 1] by the training rows alone.


def regressor(random_state):
    network = MLPRegressor(
        hidden_layer_sizes=(128, 128, 64),
        batch_size=2,
        max_iter=256,
        tol=0,
        n_iter_no_change=np.inf,
        random_state=random_state,
    )
    return TransformedTargetRegressor(
        make_pipeline(MinMaxScaler(), network), transformer=MinMaxScaler()
    )


runs = [regressor(seed).fit(X_train, y_train) for seed in range(4)]
RegressionFitDisplay.from_estimator(
    runs,
    X_train,
    y_train,
    X_test,
    y_test,
    feature_name="wavelength in nm",
    target_name="transmittance",
)

# %%
# Mean squared errors in squared units of the scaled target, as mean and standard
# deviation of the runs.
scale = np.ptp(y_train) ** 2
for name, rows, targets in (("train", X_train, y_train), ("test", X_test, y_test)):
    errors = [mean_squared_error(targets, run.predict(rows)) / scale for run in runs]
    print(f"{name:5} {np.mean(errors):.6f} +- {np.std(errors, ddof=1):.6f}")

# %%
# Batches of two rows make the loss jump about.
LossCurveDisplay.from_estimator(runs)
