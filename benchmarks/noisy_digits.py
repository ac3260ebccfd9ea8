"""Images of the size of MNIST's, made without a download."""

import numpy as np
from sklearn.datasets import load_digits


def noisy_digits(n_rows):
    """scikit-learn's digits at four times their size, cut to 28 x 28, with noise.

    Parameters
    ----------
    n_rows : int

    Returns
    -------
    images : ndarray of shape (n_rows, 28, 28)
    classes : ndarray of shape (n_rows,)
    """
    rng = np.random.default_rng(0)
    digits = load_digits()
    chosen = rng.integers(len(digits.data), size=n_rows)
    images = np.kron(digits.images[chosen] / 16, np.ones((4, 4)))[:, 2:30, 2:30]
    return images + rng.normal(0, 0.3, images.shape), digits.target[chosen]
