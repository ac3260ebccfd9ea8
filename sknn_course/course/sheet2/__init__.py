"""Kiel NNDL 2018 sheet 5: overfitting of a small MLP, CNNs on MNIST."""

from . import (
    counting,
    grid_search,
    introspection,
    mnist_cnn,
    overfitting,
    published_logs,
    rate_and_batch,
    setup,
    theory_and_terms,
)

EXPERIMENTS = tuple(
    sorted(
        (
            *overfitting.EXPERIMENTS,
            *rate_and_batch.EXPERIMENTS,
            *theory_and_terms.EXPERIMENTS,
            *setup.EXPERIMENTS,
            *mnist_cnn.EXPERIMENTS,
            *introspection.EXPERIMENTS,
            *grid_search.EXPERIMENTS,
            *published_logs.EXPERIMENTS,
            *counting.EXPERIMENTS,
        ),
        key=lambda experiment: experiment.id,
    )
)
