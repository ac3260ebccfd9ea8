"""
Is the difference between two networks more than chance?
========================================================

A test set of a few hundred rows and one run each say little about two similar
networks. Two errors count: that of the test set, and that of the initial weights.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from sknn_course import MLPClassifier
from sknn_course.course.theory import (
    accuracy_standard_error,
    two_proportion_z_test,
    welch_t_test,
)

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    X / 16, y, test_size=0.5, stratify=y, random_state=0
)

# %%
# Ten runs of each of three networks, with other initial weights.
networks = {
    "10 units": {"hidden_layer_sizes": (10,)},
    "40 units": {"hidden_layer_sizes": (40,)},
    "50 units": {"hidden_layer_sizes": (50,)},
}
accuracies = {}
for name, params in networks.items():
    accuracies[name] = [
        MLPClassifier(**params, learning_rate_init=0.01, tol=1e-3, random_state=seed)
        .fit(X_train, y_train)
        .score(X_test, y_test)
        for seed in range(10)
    ]
figure, ax = plt.subplots(figsize=(6, 2.6), layout="constrained")
for place, runs in enumerate(accuracies.values()):
    ax.plot(runs, np.full(10, place), "o", color="#0b5394", alpha=0.5)
    ax.plot(np.mean(runs), place, "|", color="#c55a11", markersize=22, mew=3)
ax.set_yticks(range(3), accuracies)
ax.set(xlabel="test accuracy of ten runs, and their mean", ylim=(-0.6, 2.6))
ax.spines[["top", "right"]].set_visible(False)

# %%
# The test set's own error, as the standard error of one accuracy:
error = accuracy_standard_error(np.mean(accuracies["50 units"]), len(y_test))
print(f"{len(y_test)} rows: +- {error:.4f}")

# %%
# With single runs, on the whole: the z test of two accuracies. With repeated runs:
# Welch's t test of their means.
for first, second in (("10 units", "50 units"), ("40 units", "50 units")):
    one, other = accuracies[first], accuracies[second]
    z = two_proportion_z_test(one[0], other[0], len(y_test))
    t = welch_t_test(one, other)
    print(f"{first} and {second}: first runs {one[0]:.3f} {other[0]:.3f}")
    print(f"    one run each: z = {z.statistic:5.2f}, p = {z.p_value:.3f}")
    print(f"    ten runs:     t = {t.statistic:5.2f}, p = {t.p_value:.3f}")

# %%
# The same test on published accuracies of 10,000 test images: 0.7080 without and
# 0.7377 with dropout, noise and a penalty differ beyond chance, 0.7080 and 0.7128
# do not.
for accuracy in (0.7377, 0.7128):
    z, p = two_proportion_z_test(0.7080, accuracy, 10_000)
    print(f"0.7080 and {accuracy}: z = {z:.2f}, p = {p:.2g}")
