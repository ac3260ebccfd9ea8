"""Lund FMAN45, assignment 3, 2019: layers by hand, and two starter networks."""

from . import background, cifar, layers, mnist, training

EXPERIMENTS = (
    *background.EXPERIMENTS,
    *layers.EXPERIMENTS,
    *training.EXPERIMENTS,
    *mnist.EXPERIMENTS,
    *cifar.EXPERIMENTS,
)
