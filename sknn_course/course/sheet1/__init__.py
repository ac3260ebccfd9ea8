"""Kiel NNDL 2020 sheet 5: losses, convolutional networks, counting, overfitting."""

from . import (
    building_blocks,
    calculators,
    cifar10_data,
    cifar10_network,
    counting,
    loss_theory,
    mnist_cnn,
    mnist_cnn_tables,
    overfitting,
    single_losses,
)

EXPERIMENTS = tuple(
    sorted(
        (
            *loss_theory.EXPERIMENTS,
            *building_blocks.EXPERIMENTS,
            *calculators.EXPERIMENTS,
            *mnist_cnn.EXPERIMENTS,
            *mnist_cnn_tables.EXPERIMENTS,
            *counting.EXPERIMENTS,
            *cifar10_data.EXPERIMENTS,
            *cifar10_network.EXPERIMENTS,
            *overfitting.EXPERIMENTS,
            *single_losses.EXPERIMENTS,
        ),
        key=lambda experiment: experiment.id,
    )
)
