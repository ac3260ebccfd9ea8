"""What the networks of Kiel NNDL 2020 sheet 4 have in common.

The sheet's networks were trained with Keras. Where its meaning of a setting differs
from ours, the parameters here say the same in ours:

- Keras starts from Glorot-uniform weights and zero biases;
- its ``epsilon`` is 1e-7, its AdaDelta has rho 0.95;
- its mean squared error has no 1/2, so that its gradient is twice ours: plain
  gradient descent takes the same steps with twice the learning rate.

Two of ours have other defaults, and the values of Keras in ``rows.toml``: AdaGrad's
sums of squares start from 0.1 (``keras_adagrad``), and the running statistics of batch
normalisation keep 0.99 of the old value, with 0.001 added to the variance
(``keras_batch_norm``).
"""

import numpy as np

from ...architectures import multilayer_perceptron
from ...inspection import layer_table
from ...mlp import MLPClassifier
from ..experiment import Check, Experiment
from ..training import run_settings
from .trainings import ROWS

TERMS_GROUP = "Data and training terms"
LOSSES_GROUP = "Output activations and losses"
BACKPROPAGATION_GROUP = "Hand-worked backpropagation"
ECKERLE4_GROUP = "Eckerle4 regression"
MNIST_GROUP = "MLP on MNIST: learning rate, size, optimizer"
VANISHING_GROUP = "Vanishing gradient"

PLAIN_SGD = ROWS.params["plain_sgd"]
KERAS_BATCH_NORM = ROWS.params["keras_batch_norm"]
#: The sheet's set-up of its MNIST networks, unless a row says otherwise.
MNIST_NETWORK = ROWS.params["mnist"]
#: What studies train at the quick scale.
QUICK = {"rows": 4000, "epochs": 3}


def mnist_network(context, params, repetition=0, estimator=MLPClassifier):
    """A network of the sheet's set-up for a study, as a training has it.

    Parameters
    ----------
    context : Context
    params : dict
        What differs from `MNIST_NETWORK`.
    repetition : int, default=0
    estimator : type, default=MLPClassifier

    Returns
    -------
    MLPClassifier
        Not fitted; with fewer epochs at the quick scale.
    """
    epochs = {"max_iter": context.choose(QUICK["epochs"], MNIST_NETWORK["max_iter"])}
    run = run_settings(context, repetition)
    return estimator(**{**MNIST_NETWORK, **epochs, **run, **params})


def mnist_experiment(row, title, about, procedure, **fields):
    """An experiment among the sheet's MNIST networks.

    Parameters
    ----------
    row : int
        Such as 70 for S3.70.
    title, about : str
    procedure : callable
    **fields : dict
        Of `Experiment`.

    Returns
    -------
    Experiment
    """
    return Experiment(
        id=f"S3.{row}",
        title=title,
        group=MNIST_GROUP,
        about=about,
        procedure=procedure,
        **fields,
    )


def mnist(context):
    """MNIST for a study: fewer rows at the quick scale.

    Returns
    -------
    train, validation, test : pairs (X, y)
    """
    rows = context.choose(QUICK["rows"], None)
    data = context.data("mnist", rows=rows)
    return data.train, *[
        tuple(one[:rows] for one in part) for part in (data.validation, data.test)
    ]


def agreement(name, ours, right, tolerance):
    """A check of arrays by their largest difference.

    Examples
    --------
    >>> from sknn_course.course.sheet3.settings import agreement
    >>> agreement("thirds", [0.3333, 0.6667], [1 / 3, 2 / 3], 1e-4).passed
    True
    """
    difference = float(np.max(np.abs(np.subtract(ours, right))))
    return Check(
        f"{name}: largest difference", difference, right=0.0, tolerance=tolerance
    )


def summary(params, n_features, n_outputs):
    """Layers and parameters of a multi-layer perceptron with these parameters.

    Parameters
    ----------
    params : mapping
        Of `MLPClassifier` or `MLPRegressor`.
    n_features, n_outputs : int

    Returns
    -------
    LayerTable

    Examples
    --------
    >>> from sknn_course.course.sheet3.settings import summary
    >>> summary({"hidden_layer_sizes": (100,)}, 784, 10).n_parameters
    79510
    """
    names = ("activation", "dropout", "input_dropout", "batch_norm", "noise")
    layers = multilayer_perceptron(
        params["hidden_layer_sizes"],
        n_outputs,
        **{name: params[name] for name in names if name in params},
    )
    return layer_table(layers, (n_features,))
