"""
A classifier slides over a larger image
=======================================

Dense layers rewritten as convolutions take images of any size: trained on single
digits, the network gives a map of classes for a row of them.
"""

import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from sknn_course import CNNClassifier
from sknn_course.inspection import to_fully_convolutional

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    X / 16, y, test_size=0.3, stratify=y, random_state=0
)
cnn = CNNClassifier(
    ((16, 32),),
    padding="valid",
    learning_rate_init=0.003,
    early_stopping=True,
    random_state=0,
)
cnn.fit(X_train, y_train)
print(f"test accuracy on single digits {cnn.score(X_test, y_test):.3f}")

# %%
# On images of 8 x 8 pixels the outputs are the same.
sliding = to_fully_convolutional(cnn)
images = torch.tensor(X_test.reshape(-1, 1, 8, 8), dtype=torch.float32)
with torch.no_grad():
    single = sliding(images).flatten(1).softmax(1).numpy()
print(f"largest difference {np.abs(single - cnn.predict_proba(X_test)).max():.1e}")

# %%
# Eight digits in a row: 8 x 64 pixels, windows every second pixel.
chosen = np.random.RandomState(0).choice(len(X_test), 8)
row = np.hstack(X_test[chosen].reshape(-1, 8, 8))  # (8, 64)
with torch.no_grad():
    maps = sliding(torch.tensor(row, dtype=torch.float32)[None, None])
probabilities = maps.softmax(1)[0, :, 0].numpy()  # (10, 29)

figure, axes = plt.subplots(
    2, 1, figsize=(9, 4), sharex=True, layout="constrained", height_ratios=[1, 1.6]
)
axes[0].imshow(row, cmap="gray", aspect="auto", extent=(0, 64, 8, 0))
axes[0].set(yticks=[], title="image")
centres = 2 * np.arange(probabilities.shape[1]) + 4
axes[1].pcolormesh(centres, range(10), probabilities, cmap="Blues", vmin=0, vmax=1)
axes[1].plot(
    8 * np.arange(8) + 4,
    y_test[chosen],
    "s",
    markersize=13,
    markerfacecolor="none",
    markeredgecolor="#c55a11",
    markeredgewidth=2,
)
axes[1].set(yticks=range(10), ylabel="class", xlabel="middle of the window, in pixels")
axes[1].set_title("probability in each window; true digits in orange")

# %%
# The windows that hold one digit, every fourth:
print("found", probabilities.argmax(0)[::4])
print("true ", y_test[chosen])
