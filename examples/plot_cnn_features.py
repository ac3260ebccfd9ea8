"""
Filters and feature maps of a convolutional network
===================================================

What a small convolutional network learns from digits: its filters, the maps they make
of an image, and the images that it still gets wrong.
"""

from sklearn.datasets import load_digits
from sklearn.metrics import ConfusionMatrixDisplay
from sklearn.model_selection import train_test_split

from sknn_course import CNNClassifier
from sknn_course.inspection import layer_table
from sknn_course.plotting import (
    FeatureMapsDisplay,
    FiltersDisplay,
    LossCurveDisplay,
    MisclassifiedDisplay,
)

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    X / 16, y, test_size=0.3, stratify=y, random_state=0
)

# %%
# Two blocks of one convolution and one pooling. Flat rows of 64 pixels are taken as
# images of 8 x 8.
cnn = CNNClassifier(
    ((16,), (32,)),
    dense_layer_sizes=(32,),
    dropout=0.3,
    learning_rate_init=0.003,
    batch_size=64,
    early_stopping=True,
    random_state=0,
)
cnn.fit(X_train, y_train)
print(layer_table(cnn))
print(f"test accuracy {cnn.score(X_test, y_test):.3f}")

# %%
LossCurveDisplay.from_estimator(cnn)

# %%
# The filters of the first convolution,
FiltersDisplay.from_estimator(cnn)

# %%
# and what they, and the layers behind them, make of a seven.
FeatureMapsDisplay.from_estimator(cnn, X_test[y_test == 7][0])

# %%
# Few images are left that it takes for another digit.
MisclassifiedDisplay.from_estimator(cnn, X_test, y_test, n_images=10)

# %%
# The confusion matrix is scikit-learn's own.
ConfusionMatrixDisplay.from_estimator(cnn, X_test, y_test, cmap="Blues", colorbar=False)
