"""
Decision boundaries: networks and support vector machines
=========================================================

Two circles, one in the other: a linear model can only guess, a kernel or a hidden
layer bends the boundary.
"""

import matplotlib.pyplot as plt
from sklearn.inspection import DecisionBoundaryDisplay

from sknn_course import LeastSquaresSVC, MLPClassifier, linear_svm, rbf_svm
from sknn_course.datasets import make_circles_split

X_train, X_test, y_train, y_test = make_circles_split(random_state=0)
network = MLPClassifier(
    (20,), "tanh", learning_rate_init=0.03, batch_size=10, tol=1e-3, random_state=0
)
estimators = {
    "linear SVM": linear_svm(),
    "SVC with RBF kernel": rbf_svm(),
    "least-squares SVM": LeastSquaresSVC(),
    "network 2-20-1": network,
}
for name, estimator in estimators.items():
    score = estimator.fit(X_train, y_train).score(X_test, y_test)
    print(f"{name:20} {score:.3f}")

# %%
# All of them are scikit-learn estimators, so scikit-learn draws them.
figure, axes = plt.subplots(1, 4, figsize=(12, 3.4), sharey=True, layout="constrained")
for ax, (name, estimator) in zip(axes, estimators.items(), strict=True):
    DecisionBoundaryDisplay.from_estimator(
        estimator,
        X_train,
        response_method="predict",
        alpha=0.3,
        cmap="coolwarm",
        grid_resolution=200,
        eps=0.3,
        ax=ax,
    )
    ax.scatter(*X_test.T, c=y_test, cmap="coolwarm", s=8)
    ax.set(title=name, aspect="equal")

# %%
# How the boundary comes about: the same network after 1, 5, 20 and 100 epochs.
figure, axes = plt.subplots(1, 4, figsize=(12, 3.4), sharey=True, layout="constrained")
network = MLPClassifier(
    (20,), "tanh", learning_rate_init=0.003, batch_size=10, random_state=0
)
epoch = 0
for ax, last in zip(axes, (1, 5, 20, 100), strict=True):
    while epoch < last:
        network.partial_fit(X_train, y_train, classes=[0, 1])
        epoch += 1
    DecisionBoundaryDisplay.from_estimator(
        network,
        X_train,
        response_method="predict_proba",
        plot_method="contourf",
        levels=11,
        eps=0.3,
        cmap="coolwarm",
        ax=ax,
    )
    accuracy = network.score(X_test, y_test)
    ax.set(title=f"epoch {epoch}: {accuracy:.3f}", aspect="equal")
