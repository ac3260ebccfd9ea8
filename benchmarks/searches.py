"""The searches that are timed: data, network, grid. No torch in here, so that the
memory of scikit-learn's side is its own."""

from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from math import prod

import numpy as np
from noisy_digits import noisy_digits
from sklearn.datasets import load_breast_cancer, load_digits, make_circles
from sklearn.model_selection import ParameterGrid


def operations_per_row(sizes):
    """Multiplications and additions of a network's matrix products, forward and back.

    The first layer needs no gradient of its rows.
    """
    products = list(map(prod, pairwise(sizes)))
    return 2 * (3 * sum(products) - products[0])


@dataclass
class Search:
    """A grid search over networks of one hidden layer, trained by Adam.

    Parameters
    ----------
    name, network : str
    X : ndarray of shape (n_rows, n_features)
    y : ndarray of shape (n_rows,)
        Numbers of the classes.
    grid : dict of str -> list
        Parameters of the network, in scikit-learn's names.
    n_folds, batch_size, n_epochs : int
    hidden_layer_sizes : tuple of int
        Where the grid has none.
    scaled : bool
        Whether the rows are standardised within each fold, in a pipeline.
    skorch_every : int
        skorch is timed on every so manieth candidate.
    """

    name: str
    network: str
    X: np.ndarray
    y: np.ndarray
    grid: dict
    n_folds: int
    batch_size: int
    n_epochs: int
    hidden_layer_sizes: tuple = ()
    scaled: bool = False
    skorch_every: int = 1

    @property
    def has_dropout(self):
        """scikit-learn's MLP has none."""
        return "dropout" in self.grid

    @property
    def operations(self):
        """Of the matrix products of all fits; two classes are one output."""
        n_classes = len(np.unique(self.y))
        n_outputs = n_classes if n_classes > 2 else 1
        n_rows = len(self.X) * (self.n_folds - 1)  # trained on, of all folds
        per_row = sum(
            operations_per_row((self.X.shape[1], *hidden, n_outputs))
            for candidate in self.candidates()
            for hidden in [candidate.get("hidden_layer_sizes", self.hidden_layer_sizes)]
        )
        return per_row * n_rows * self.n_epochs

    def candidates(self, every=1):
        """Parameters of every so manieth candidate."""
        return list(ParameterGrid(self.grid))[::every]


def circles(n_rows=200):
    """30 candidates, 10 folds."""
    X, y = make_circles(n_rows, noise=0.14, factor=0.5, random_state=0)
    return Search(
        name="circles",
        network="2-20-2",
        X=X,
        y=y,
        grid={
            "alpha": [1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0],
            "learning_rate_init": [0.001, 0.003, 0.01, 0.03, 0.1],
        },
        n_folds=10,
        batch_size=10,
        n_epochs=150,
        hidden_layer_sizes=(20,),
        skorch_every=11,
    )


def digits(n_rows=None):
    """20 candidates, 5 folds."""
    X, y = load_digits(return_X_y=True)
    return Search(
        name="digits",
        network="64-100-10",
        X=X[:n_rows] / 16,
        y=y[:n_rows],
        grid={
            "alpha": [1e-5, 1e-4, 1e-3, 1e-2, 1e-1],
            "learning_rate_init": [0.0005, 0.001, 0.002, 0.005],
        },
        n_folds=5,
        batch_size=64,
        n_epochs=30,
        hidden_layer_sizes=(100,),
        skorch_every=3,
    )


def breast_cancer(n_rows=None):
    """80 candidates, 5 folds; without dropout, which scikit-learn lacks."""
    X, y = load_breast_cancer(return_X_y=True)
    return Search(
        name="breast_cancer",
        network="30-(8..64)-2",
        X=X[:n_rows],
        y=y[:n_rows],
        grid={
            "hidden_layer_sizes": [(8,), (16,), (32,), (64,)],
            "alpha": [1e-4, 1e-3, 1e-2, 1e-1],
            "learning_rate_init": [0.0005, 0.001, 0.002, 0.005, 0.01],
        },
        n_folds=5,
        batch_size=32,
        n_epochs=50,
        scaled=True,
        skorch_every=7,
    )


def breast_cancer_dropout(n_rows=None):
    """The same number of candidates, half of them with dropout."""
    search = breast_cancer(n_rows)
    search.name = "breast_cancer_dropout"
    search.grid = {"dropout": [0.0, 0.3]} | search.grid | {"alpha": [1e-4, 1e-2]}
    return search


def mnist_sized(n_rows=10_000):
    """8 candidates, 3 folds."""
    images, classes = noisy_digits(n_rows)
    return Search(
        name="mnist_sized",
        network="784-100-10",
        X=images.reshape(len(images), -1),
        y=classes,
        grid={
            "alpha": [1e-5, 1e-4, 1e-3, 1e-2],
            "learning_rate_init": [0.0005, 0.001],
        },
        n_folds=3,
        batch_size=128,
        n_epochs=5,
        hidden_layer_sizes=(100,),
    )


SEARCHES = {
    make.__name__: make
    for make in (circles, digits, breast_cancer, breast_cancer_dropout, mnist_sized)
}


@cache
def get_search(name, quick=False):
    """A search by its name.

    Parameters
    ----------
    name : str
        One of SEARCHES.
    quick : bool
        A few rows, candidates and epochs, to see that a script works.

    Returns
    -------
    Search
    """
    if not quick:
        return SEARCHES[name]()
    search = SEARCHES[name](n_rows=120)
    search.grid = {
        name: values[: 2 if place < 2 else 1]
        for place, (name, values) in enumerate(search.grid.items())
    }
    search.n_folds, search.n_epochs, search.skorch_every = 2, 2, 3
    search.batch_size = min(search.batch_size, 30)
    return search
