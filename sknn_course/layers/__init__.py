"""Layer specifications: what a network is made of, as plain data.

A network is a tuple of layer specifications and the shape of one input row.
Shapes are written without the batch: ``(n_features,)`` for rows of numbers,
``(channels, height, width)`` for images.
"""

from .embeddings import PeriodicEmbedding
from .images import Conv2d, GlobalAveragePool, LocalResponseNorm, Pool2d
from .networks import count_parameters, is_active, layer_shapes, structure
from .rows import (
    Activation,
    BatchNorm,
    Dense,
    Dropout,
    Flatten,
    GaussianNoise,
    Softmax,
)
from .specification import Layer, ShapeError

__all__ = [
    "Activation",
    "BatchNorm",
    "Conv2d",
    "Dense",
    "Dropout",
    "Flatten",
    "GaussianNoise",
    "GlobalAveragePool",
    "Layer",
    "LocalResponseNorm",
    "PeriodicEmbedding",
    "Pool2d",
    "ShapeError",
    "Softmax",
    "count_parameters",
    "is_active",
    "layer_shapes",
    "structure",
]
