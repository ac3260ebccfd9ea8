"""RDFIA practical 2: an MLP from scratch, SVMs, and a CNN on CIFAR-10."""

from . import (
    arithmetic,
    by_hand,
    cifar,
    cifar_images,
    cifar_studies,
    circle_sweeps,
    circles,
    images,
    network,
    svm,
)

EXPERIMENTS = tuple(
    sorted(
        (
            experiment
            for module in (
                by_hand,
                circles,
                circle_sweeps,
                images,
                svm,
                arithmetic,
                network,
                cifar,
                cifar_studies,
                cifar_images,
            )
            for experiment in module.EXPERIMENTS
        ),
        key=lambda experiment: experiment.id,
    )
)
