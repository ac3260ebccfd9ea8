"""Sizes, parameters and connections as five course sheets print them.

Where a sheet is wrong, `PRINTED` has its figure and the tables the right one.
Shapes are (channels, height, width) here, the sheets write the channels last.
"""

from typing import NamedTuple

from sknn_course.architectures import Architecture, multilayer_perceptron
from sknn_course.course.networks import NETWORKS as COURSE


class Published(NamedTuple):
    """Parameters of the layers that have some, and their shares in percent, as
    numbers with spaces between; the sum, and how many of it are trainable."""

    where: str
    network: Architecture
    parameters: str
    total: int
    trainable: int | None = None  # None: all
    percent: str = ""


def mlp(*sizes, n_inputs=784, n_outputs=10, batch_norm=False):
    layers = multilayer_perceptron(sizes, n_outputs, batch_norm=batch_norm)
    return Architecture(layers, (n_inputs,))


NETWORKS = [
    Published(
        "S1.10, S1.17",
        COURSE["mnist_cnn_1"],
        "320 9,248 401,472 650",
        411_690,
        percent="0.0777 2.2464 97.5180 0.1579",
    ),
    Published(
        "S1.11, S1.17",
        COURSE["mnist_cnn_2"],
        "320 9,248 18,496 36,928 401,536 1,290",
        467_818,
        percent="0.0684 1.9768 3.9537 7.8937 85.8317 0.2758",
    ),
    Published(
        "S1.12", COURSE["mnist_cnn_3"], "320 9,248 18,496 36,928 200,768 650", 266_410
    ),
    Published(
        "S1.13",
        COURSE["mnist_cnn_4"],
        "320 128 9,248 128 18,496 256 36,928 256 73,856 512 147,584 512 73,792 256 650",
        362_922,
        trainable=361_898,
    ),
    Published("S1.21", mlp(1000), "785,000 10,010", 795_010, percent="98.7409 1.2591"),
    Published("S1.22, S2.30", mlp(100, 100), "78,500 10,100 1,010", 89_610),
    Published("S1.23, S2.31", COURSE["lenet5"], "156 2,416 48,120 10,164 850", 61_706),
    Published(
        "S1.24, S2.31", COURSE["lenet5_sparse"], "156 1,516 48,120 10,164 850", 60_806
    ),
    Published(
        "S1.29, S2.32",
        COURSE["alexnet"],
        "34,944 614,656 885,120 1,327,488 884,992 37,752,832 16,781,312 4,097,000",
        62_378_344,
    ),
    Published(
        "S1.30, S2.33",
        COURSE["zfnet"],
        "14,208 614,656 1,180,160 4,719,616 4,719,104 354,422,784 16,781,312 4,097,000",
        386_548_840,
        percent="0.0037 0.1590 0.3053 1.2210 1.2208 91.6890 4.3413 1.0599",
    ),
    Published(
        "S1.37",
        COURSE["cifar_cnn"],
        "896 128 9,248 128 18,496 256 36,928 256 73,856 512 147,584 512 "
        "4,196,352 8,192 20,490",
        4_513_834,
        trainable=4_508_842,
    ),
    Published(
        "S1.37",
        COURSE["cifar_cnn_conv_batch_norm"],
        "896 128 9,248 128 18,496 256 36,928 256 73,856 512 147,584 512 "
        "4,196,352 20,490",
        4_505_642,
        trainable=4_504_746,
    ),
    Published(
        "S1.37",
        COURSE["cifar_cnn_without_hidden"],
        "896 128 9,248 128 18,496 256 36,928 256 73,856 512 147,584 512 20,490",
        309_290,
        trainable=308_394,
    ),
    Published(
        "S1.39",
        COURSE["cifar_cnn_without_batch_norm"],
        "896 9,248 18,496 36,928 73,856 147,584 4,196,352 20,490",
        4_503_850,
    ),
    Published("S2.01", mlp(30), "23,550 310", 23_860),
    Published("S2.15", mlp(), "7,850", 7_850),
    Published(
        "S2.20",
        COURSE["kiel_2018_cnn"],
        "320 18,496 1,179,776 1,290",
        1_199_882,
        percent="0.027 1.54 98.32 0.11",
    ),
    Published(
        "S2.21",
        COURSE["kiel_2018_variation_1"],
        "320 18,496 36,928 36,928 4,160 650",
        97_482,
    ),
    Published(
        "S2.22",
        COURSE["kiel_2018_variation_2"],
        "320 18,496 36,928 5,770 1,610",
        63_124,
    ),
    Published(
        "S2.23",
        COURSE["kiel_2018_variation_3"],
        "320 18,496 36,928 36,928 73,856 1,290",
        167_818,
    ),
    Published(
        "S2.26",
        COURSE["kiel_2018_grid_winner"],
        "320 18,496 73,856 295,168 262,208 650",
        650_698,
    ),
    Published("S2.27", mlp(400), "314,000 4,010", 318_010, percent="98.7390 1.2610"),
    Published(
        "S3.19-S3.28",
        mlp(128, 64, 64, n_inputs=1, n_outputs=1),
        "256 8,256 4,160 65",
        12_737,
    ),
    Published(
        "S3.29",
        mlp(128, 64, 64, 64, n_inputs=1, n_outputs=1),
        "256 8,256 4,160 4,160 65",
        16_897,
    ),
    Published("S3.30", mlp(128, 64, n_inputs=1, n_outputs=1), "256 8,256 65", 8_577),
    Published(
        "S3.31, S3.32, S3.34",
        mlp(128, 128, 64, n_inputs=1, n_outputs=1),
        "256 16,512 8,256 65",
        25_089,
    ),
    Published(
        "S3.33",
        mlp(128, 128, 128, n_inputs=1, n_outputs=1),
        "256 16,512 16,512 129",
        33_409,
    ),
    Published("S3.49", mlp(50), "39,250 510", 39_760),
    Published("S3.50, S3.55-S3.58, S3.78", mlp(100), "78,500 1,010", 79_510),
    Published("S1.20, S3.51", mlp(200), "157,000 2,010", 159_010),
    Published("S3.52", mlp(100, 100), "78,500 10,100 1,010", 89_610),
    Published("S3.53", mlp(*3 * [100]), "78,500 10,100 10,100 1,010", 99_710),
    Published("S3.54", mlp(*4 * [100]), "78,500 10,100 10,100 10,100 1,010", 109_810),
    Published("S3.59", mlp(300), "235,500 3,010", 238_510),
    Published("S3.60", mlp(500), "392,500 5,010", 397_510),
    Published("S3.61", mlp(750), "588,750 7,510", 596_260),
    Published("S3.62, S3.64-S3.68", mlp(1000), "785,000 10,010", 795_010),
    Published("S3.63", mlp(1500), "1,177,500 15,010", 1_192_510),
    Published(
        "S3.69",
        mlp(1000, batch_norm=True),
        "785,000 4,000 10,010",
        799_010,
        trainable=797_010,
    ),
    Published(
        "S3.75",
        mlp(100, 100, batch_norm=True),
        "78,500 400 10,100 400 1,010",
        90_410,
        trainable=90_010,
    ),
    Published(
        "S3.79", mlp(*5 * [100]), "78,500 10,100 10,100 10,100 10,100 1,010", 119_910
    ),
    Published(
        "S3.80, S3.81, S3.83-S3.85",
        mlp(*6 * [100]),
        "78,500 10,100 10,100 10,100 10,100 10,100 1,010",
        130_010,
    ),
    Published(
        "S3.82, S3.86, S3.87",
        mlp(*6 * [100], batch_norm=True),
        "78,500 400 10,100 400 10,100 400 10,100 400 10,100 400 10,100 400 1,010",
        132_410,
        trainable=131_210,
    ),
    Published(
        "S4.21", COURSE["rdfia_cnn"], "2,432 51,264 102,464 1,025,000 10,010", 1_191_170
    ),
    Published("S5.18", COURSE["fman45_mnist_cnn"], "416 6,416 7,850", 14_682),
    Published("S5.25", COURSE["fman45_cifar_cnn"], "1,216 6,416 40,970", 48_602),
]

# by network: numbers that sheets print beside the right ones above
PRINTED = {
    "zfnet": {"total": 383_157_224, "conv4": 1_327_488, "conv5": 4_719_616},
    "rdfia_cnn": {"total": 1_088_418, "conv1": 32_800, "conv2": 16_448, "conv3": 4_160},
}

# height and width behind each convolution and pooling
SIDES = {
    "mnist_cnn_1": (28, 28, 14),
    "mnist_cnn_2": (28, 28, 14, 14, 14, 7),
    "mnist_cnn_4": (28, 28, 14, 14, 14, 7, 7, 7, 3),
    "kiel_2018_cnn": (26, 24, 12),
    "kiel_2018_variation_1": (26, 24, 12, 10, 5, 3, 1),
    "kiel_2018_variation_2": (26, 24, 12, 10, 8, 4),
    "kiel_2018_variation_3": (26, 24, 12, 10, 8, 4, 2),
    "kiel_2018_grid_winner": (26, 24, 12, 10, 8, 4),
    "lenet5": (28, 14, 10, 5, 1),
    "alexnet": (55, 27, 27, 13, 13, 13, 13, 6),
    "zfnet": (111, 55, 55, 27, 27, 27, 27, 13),
    "rdfia_cnn": (32, 16, 16, 8, 8, 4),
    "fman45_mnist_cnn": (28, 14, 14, 7),
}

# S1.23-S1.28: shape, field on the layer before, parameters, connections with bias
# and without; of C3 also in the table of links of 1998
LENET5 = {
    "C1": ((6, 28, 28), (5, 5), 156, 122_304, 117_600),
    "S2": ((6, 14, 14), (2, 2), 0, 5_880, 4_704),
    "C3": ((16, 10, 10), (5, 5), 2_416, 241_600, 240_000),
    "S4": ((16, 5, 5), (2, 2), 0, 2_000, 1_600),
    "C5": ((120, 1, 1), (5, 5), 48_120, 48_120, 48_000),
    "F6": ((84,), None, 10_164, 10_164, 10_080),
    "output": ((10,), None, 850, 850, 840),
}
LENET5_TOTALS = (61_706, 430_918, 422_824)
SPARSE_C3 = ((16, 10, 10), (5, 5), 1_516, 151_600, 150_000)
LENET5_SPARSE_TOTALS = (60_806, 340_918, 332_824)

# S1.08, S4.19: field on the input and jump of convolutions and poolings
FIELDS = {
    "rdfia_cnn": ((5, 1), (6, 2), (14, 2), (16, 4), (32, 4), (36, 8)),
    "lenet5": ((5, 1), (6, 2), (14, 2), (16, 4), (32, 4)),
    "alexnet": (
        *((11, 4), (19, 8), (51, 8), (67, 16)),
        *((99, 16), (131, 16), (163, 16), (195, 32)),
    ),
    "zfnet": (
        *((7, 2), (11, 4), (27, 4), (35, 8)),
        *((51, 8), (67, 8), (83, 8), (99, 16)),
    ),
}

# size, window, padding, stride -> size
OUTPUT_SIZES = [
    (28, 3, 1, 1, 28),
    (28, 2, 0, 2, 14),
    (14, 3, 1, 1, 14),
    (14, 2, 0, 2, 7),
    (28, 3, 0, 1, 26),
    (26, 3, 0, 1, 24),
    (24, 2, 0, 2, 12),
    (227, 11, 0, 4, 55),
    (55, 3, 0, 2, 27),
    (27, 5, 2, 1, 27),
    (27, 3, 0, 2, 13),
    (13, 3, 1, 1, 13),
    (13, 3, 0, 2, 6),
    (227, 7, 0, 2, 111),
    (111, 3, 0, 2, 55),
    (55, 5, 2, 1, 55),
    (27, 3, 1, 1, 27),
    (32, 5, 2, 1, 32),
    (28, 5, 2, 1, 28),
    (32, 5, 0, 1, 28),
]
