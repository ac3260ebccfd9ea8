"""Kiel NNDL 2020 sheet 4: training terms, Eckerle4, MLPs on MNIST, vanishing gradients.

``EXPERIMENTS`` holds its 96 rows in order.
"""

from . import (
    augmentation_and_pretraining,
    backpropagation,
    data_and_terms,
    dropout_and_batch_norm,
    eckerle4,
    eckerle4_runs,
    eckerle4_studies,
    gradient_chain,
    initialisers,
    losses,
    mnist_learning_rates,
    mnist_networks,
    mnist_studies,
    mnist_summaries,
    vanishing_gradient,
    vanishing_gradient_studies,
)

_PARTS = (
    data_and_terms,
    dropout_and_batch_norm,
    augmentation_and_pretraining,
    losses,
    backpropagation,
    eckerle4_runs,
    eckerle4_studies,
    eckerle4,
    mnist_learning_rates,
    mnist_networks,
    mnist_studies,
    mnist_summaries,
    vanishing_gradient,
    vanishing_gradient_studies,
    initialisers,
    gradient_chain,
)
EXPERIMENTS = tuple(
    sorted((one for part in _PARTS for one in part.EXPERIMENTS), key=lambda one: one.id)
)
