"""The data and networks that are timed."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from noisy_digits import noisy_digits
from sklearn.datasets import load_digits, make_circles
from torch import nn

from sknn_course.cnn import CNNClassifier
from sknn_course.mlp import MLPClassifier


@dataclass
class Problem:
    """Data, a network, and how long to train it.

    Parameters
    ----------
    name, network : str
    X : ndarray of shape (n_rows, n_features) or (n_rows, channels, height, width)
    y : ndarray of shape (n_rows,)
        Numbers of the classes; two classes have one logistic output.
    layers : callable
        Makes the network as an `nn.Sequential`.
    estimator : callable
        Makes this package's estimator of the same network, given other parameters.
    batch_size, n_epochs : int
    rates : dict of str -> float
        The solvers to try, each with its learning rate.
    """

    name: str
    network: str
    X: np.ndarray
    y: np.ndarray
    layers: Callable
    estimator: Callable
    batch_size: int
    n_epochs: int
    rates: dict

    @property
    def binary(self):
        return self.y.max() == 1

    @property
    def n_steps(self):
        return self.n_epochs * -(-len(self.X) // self.batch_size)

    def module(self, rng):
        """The network with initial weights drawn as scikit-learn draws them."""
        with torch.device("meta"):  # torch's own draws would cost time
            module = self.layers()
        module.to_empty(device="cpu")
        for layer in module:
            if isinstance(layer, nn.Linear | nn.Conv2d):
                _draw(layer, rng)
        return module


@torch.no_grad()
def _draw(layer, rng):
    """Uniform within sqrt(6 / (fan_in + fan_out)), weights before biases."""
    weight = layer.weight  # (fan_out, fan_in), or (maps, channels, height, width)
    fan_in, fan_out = weight[0].numel(), weight[:, 0].numel()
    bound = np.sqrt(6 / (fan_in + fan_out))
    if weight.dim() == 2:
        weight = weight.t()
    weight.copy_(torch.from_numpy(rng.uniform(-bound, bound, weight.shape)))
    layer.bias.copy_(torch.from_numpy(rng.uniform(-bound, bound, layer.bias.shape)))


def make_perceptrons(quick):
    """One hidden layer on circles, digits, and rows of the size of MNIST's.

    Parameters
    ----------
    quick : bool
        A few steps of each instead of some hundreds.

    Returns
    -------
    list of Problem
        With float64 rows.
    """
    circles = make_circles(200, noise=0.14, factor=0.5, random_state=0)
    digits = load_digits()
    images, classes = noisy_digits(150 if quick else 10_000)
    n_circles, n_digits = (40, 100) if quick else (200, 1797)
    return [
        _perceptron(
            "circles",
            *(values[:n_circles] for values in circles),
            sizes=(2, 20, 1),
            batch_size=10,
            n_epochs=2 if quick else 100,
            rates={"adam": 0.01, "sgd": 0.05},
        ),
        _perceptron(
            "digits",
            digits.data[:n_digits] / 16,
            digits.target[:n_digits],
            sizes=(64, 100, 10),
            batch_size=64,
            n_epochs=2 if quick else 30,
            rates={"adam": 0.001, "sgd": 0.05},
        ),
        _perceptron(
            "MNIST-sized",
            images.reshape(len(images), -1),
            classes,
            sizes=(784, 200, 10),
            batch_size=128,
            n_epochs=2 if quick else 3,
            rates={"adam": 0.001, "sgd": 0.05},
        ),
    ]


def _perceptron(name, X, y, sizes, **settings):
    n_inputs, n_hidden, n_outputs = sizes
    return Problem(
        name=name,
        network="-".join(map(str, sizes)),
        X=X,
        y=y,
        layers=lambda: nn.Sequential(
            nn.Linear(n_inputs, n_hidden), nn.ReLU(), nn.Linear(n_hidden, n_outputs)
        ),
        estimator=partial(MLPClassifier, hidden_layer_sizes=(n_hidden,)),
        **settings,
    )


def make_convolutional(quick):
    """Two convolutions of 32 maps, pooling and 64 dense units, for one epoch.

    Parameters
    ----------
    quick : bool
        A few steps instead of an epoch of 2,000 images.

    Returns
    -------
    Problem
        With float64 images.
    """
    images, classes = noisy_digits(40 if quick else 2_000)
    return Problem(
        name="MNIST-sized images",
        network="C32-C32-P-64-10",
        X=images[:, None],  # (n_rows, 1, 28, 28)
        y=classes,
        layers=lambda: nn.Sequential(
            nn.Conv2d(1, 32, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(32, 32, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(32 * 14 * 14, 64),
            nn.ReLU(),
            nn.Linear(64, 10),
        ),
        estimator=partial(
            CNNClassifier,
            filters=((32, 32),),
            kernel_size=3,
            pool_size=2,
            padding="same",
            dense_layer_sizes=(64,),
        ),
        batch_size=16 if quick else 128,
        n_epochs=1,
        rates={"adam": 0.001},
    )
