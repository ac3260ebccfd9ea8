"""Lund FMAN45, assignment 3, 2019: layers by hand, and two starter networks."""

from . import background, choices, cifar, layers, mnist, softmax, training

EXPERIMENTS = (
    *background.EXPERIMENTS,
    *layers.EXPERIMENTS,
    *softmax.EXPERIMENTS,
    *training.EXPERIMENTS,
    *choices.EXPERIMENTS,
    *mnist.EXPERIMENTS,
    *cifar.EXPERIMENTS,
)
