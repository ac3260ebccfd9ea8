"""The convolutional networks of the course's sheets.

The last layer of each is a dense layer whose outputs are the logits, since
classifiers have the softmax. Where a sheet contradicts itself, the layers are
those that its parameter counts belong to.

`NETWORKS` has them by name, beside the classics of `sknn_course.architectures`.

Examples
--------
>>> from sknn_course import CNNClassifier
>>> from sknn_course.course.networks import NETWORKS
>>> from sknn_course.inspection import layer_table
>>> layer_table(NETWORKS["mnist_cnn_1"]).n_parameters
411690
>>> cnn = CNNClassifier(architecture=NETWORKS["mnist_cnn_1"].layers)
"""

from ...architectures import ARCHITECTURES, Architecture
from .kiel_2018 import kiel_2018_cnn, kiel_2018_grid_winner, kiel_2018_variation
from .kiel_2020 import cifar_cnn, mlp_output_dropout, mnist_cnn
from .parts import CIFAR, MNIST
from .starters import fman45_cifar_cnn, fman45_mnist_cnn, rdfia_cnn

__all__ = [
    "NETWORKS",
    "cifar_cnn",
    "fman45_cifar_cnn",
    "fman45_mnist_cnn",
    "kiel_2018_cnn",
    "kiel_2018_grid_winner",
    "kiel_2018_variation",
    "mlp_output_dropout",
    "mnist_cnn",
    "rdfia_cnn",
]

NETWORKS = {
    **ARCHITECTURES,
    **{f"mnist_cnn_{n}": Architecture(mnist_cnn(n), MNIST) for n in (1, 2, 3, 4)},
    "mnist_cnn_4_without_batch_norm": Architecture(mnist_cnn(4, False), MNIST),
    "kiel_2018_cnn": Architecture(kiel_2018_cnn(), MNIST),
    **{
        f"kiel_2018_variation_{n}": Architecture(kiel_2018_variation(n), MNIST)
        for n in (1, 2, 3)
    },
    "kiel_2018_grid_winner": Architecture(kiel_2018_grid_winner(), MNIST),
    "cifar_cnn": Architecture(cifar_cnn(), CIFAR),
    "cifar_cnn_conv_batch_norm": Architecture(cifar_cnn(dense_batch_norm=False), CIFAR),
    "cifar_cnn_without_batch_norm": Architecture(
        cifar_cnn(batch_norm=None, dense_batch_norm=False), CIFAR
    ),
    "cifar_cnn_without_hidden": Architecture(cifar_cnn(hidden_units=None), CIFAR),
    "rdfia_cnn": Architecture(rdfia_cnn(), CIFAR),
    "fman45_mnist_cnn": Architecture(fman45_mnist_cnn(), MNIST),
    "fman45_cifar_cnn": Architecture(fman45_cifar_cnn(), CIFAR),
}
