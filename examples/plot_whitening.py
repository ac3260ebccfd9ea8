"""
Standardisation and ZCA whitening of images
===========================================

Neighbouring pixels say almost the same. Whitening takes the common part away and
leaves edges; of all whitening transforms, ZCA changes the images least.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn_course import MLPClassifier
from sknn_course.plotting import ExampleImagesDisplay
from sknn_course.preprocessing import ZCAWhitening

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    X / 16, y, test_size=0.3, stratify=y, random_state=0
)

# %%
# Each transformer learns from the training rows alone.
transformers = {
    "as they are": None,
    "standardised": StandardScaler(),
    "ZCA whitened": ZCAWhitening(epsilon=0.01),
}
images = {
    name: X_train if one is None else one.fit(X_train).transform(X_train)
    for name, one in transformers.items()
}
figure, axes = plt.subplots(3, 1, figsize=(7, 3.2), layout="constrained")
for ax, (name, rows) in zip(axes, images.items(), strict=True):
    ax.set_title(name, fontsize=10)
    first = rows[:10].reshape(-1, 1, 8, 8)
    limits = tuple(np.quantile(first, [0.02, 0.98]))
    ExampleImagesDisplay(images=first, limits=limits, n_columns=10).plot(ax)

# %%
# The correlations of the 64 pixels with one another.
figure, axes = plt.subplots(1, 3, figsize=(9, 3.2), layout="constrained")
for ax, (name, rows) in zip(axes, images.items(), strict=True):
    varying = rows.std(axis=0) > 1e-6
    correlation = np.corrcoef(rows[:, varying].T)
    drawn = ax.imshow(correlation, cmap="RdBu_r", vmin=-1, vmax=1)
    ax.set(title=name, xticks=[], yticks=[])
    others = correlation[~np.eye(len(correlation), dtype=bool)]
    print(f"{name:13} mean absolute correlation {np.abs(others).mean():.3f}")
figure.colorbar(drawn, ax=axes, label="correlation")

# %%
# What it does for a network, in epochs and accuracy:
for name, one in transformers.items():
    network = MLPClassifier((30,), tol=1e-3, random_state=0)
    pipeline = make_pipeline(one, network).fit(X_train, y_train)
    score = pipeline.score(X_test, y_test)
    print(f"{name:13} {network.n_iter_:3} epochs, test accuracy {score:.3f}")
