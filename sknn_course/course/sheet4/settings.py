"""What the experiments of the practical have in common."""

from ...mlp import MLPClassifier
from ..training import run_settings

GROUP_MLP = "MLP from scratch on circles and MNIST"
GROUP_SVM = "SVM on circles"
GROUP_ARITHMETIC = "Convolution arithmetic"
GROUP_CNN = "CIFAR-10 CNN"

N_HIDDEN = 20  # not given


def rate_of_mean(learning_rate, batch_size):
    """The practical's learning rate in the estimator's terms.

    The practical sums gradients over the batch, the estimator takes their mean.

    Parameters
    ----------
    learning_rate : float
    batch_size : int

    Returns
    -------
    float

    Examples
    --------
    >>> from sknn_course.course.sheet4.settings import rate_of_mean
    >>> rate_of_mean(0.03, 10)
    0.3
    """
    return batch_size * learning_rate


CIRCLES_NETWORK = {
    "hidden_layer_sizes": (N_HIDDEN,),
    "activation": "tanh",
    "solver": "sgd",
    "momentum": 0.0,
    "nesterovs_momentum": False,
    "learning_rate_init": rate_of_mean(0.03, 10),
    "batch_size": 10,
    "max_iter": 150,
    "weight_init": "normal(0.3)",
    "bias_init": "zeros",
}


def circles_network(
    context, *, n_hidden=N_HIDDEN, learning_rate=0.03, batch_size=10, n_epochs=150
):
    """The network of the circles, in the practical's learning rate.

    Parameters
    ----------
    context : Context
    n_hidden : int, default=20
    learning_rate : float, default=0.03
        On gradients that are summed over the batch.
    batch_size : int, default=10
    n_epochs : int, default=150

    Returns
    -------
    MLPClassifier
    """
    return MLPClassifier(
        **{
            **CIRCLES_NETWORK,
            **run_settings(context),
            "hidden_layer_sizes": (n_hidden,),
            "learning_rate_init": rate_of_mean(learning_rate, batch_size),
            "batch_size": batch_size,
            "max_iter": n_epochs,
        }
    )
