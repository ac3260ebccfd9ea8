"""Kiel NNDL 2020 sheet 5: losses, convolutional networks, counting, overfitting."""

from . import (
    building_blocks,
    cifar10,
    counting,
    loss_theory,
    mnist_cnn,
    mnist_cnn_tables,
    overfitting,
)

EXPERIMENTS = tuple(
    sorted(
        (
            *loss_theory.EXPERIMENTS,
            *building_blocks.EXPERIMENTS,
            *mnist_cnn.EXPERIMENTS,
            *mnist_cnn_tables.EXPERIMENTS,
            *counting.EXPERIMENTS,
            *cifar10.EXPERIMENTS,
            *overfitting.EXPERIMENTS,
        ),
        key=lambda experiment: experiment.id,
    )
)
