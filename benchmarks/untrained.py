"""A classifier that is not trained: searching with it takes what a search takes."""

import numpy as np
from sklearn import neural_network


class MLPClassifier(neural_network.MLPClassifier):
    """scikit-learn's parameters, and one class for all rows."""

    def fit(self, X, y):
        """Learn the names of the classes."""
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        """The first class."""
        return np.full(len(X), self.classes_[0])
