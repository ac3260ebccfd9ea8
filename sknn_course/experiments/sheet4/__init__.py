"""RDFIA practical 2: an MLP from scratch, SVMs, and a CNN on CIFAR-10."""

from . import arithmetic, by_hand, cifar, cifar_studies, circles, images, svm

EXPERIMENTS = tuple(
    sorted(
        (
            experiment
            for module in (
                by_hand,
                circles,
                images,
                svm,
                arithmetic,
                cifar,
                cifar_studies,
            )
            for experiment in module.EXPERIMENTS
        ),
        key=lambda experiment: experiment.id,
    )
)
