"""Counting parameters and connections: the rows that the 2020 sheet repeats."""

from ..experiment import Experiment
from ..sheet1 import counting
from .together import together

GROUP = counting.GROUP
ERRATA = {one.id: one.errata for one in counting.EXPERIMENTS}

EXPERIMENTS = (
    Experiment(
        "S2.30",
        "Parameters of 784-100-100-10",
        GROUP,
        "89,610, as S1.22.",
        counting.small_mlp,
        same_as="S1.22",
    ),
    Experiment(
        "S2.31",
        "Parameters and connections of LeNet-5",
        GROUP,
        "With dense and sparse C3, as S1.23 to S1.28.",
        together(
            counting.lenet5_parameters,
            counting.lenet5_sparse,
            counting.connections_without_bias,
            counting.connections_with_bias,
            counting.fully_connected_c1,
            counting.lenet5_fields,
        ),
        same_as="S1.23, S1.24, S1.25, S1.26, S1.27, S1.28",
        errata=(*ERRATA["S1.24"], *ERRATA["S1.25"], *ERRATA["S1.26"]),
    ),
    Experiment(
        "S2.32",
        "AlexNet in one path",
        GROUP,
        "62,378,344 parameters, as S1.29.",
        counting.alexnet,
        same_as="S1.29",
    ),
    Experiment(
        "S2.33",
        "ZFNet as tabulated",
        GROUP,
        "As S1.30, with the same errors.",
        counting.zfnet,
        same_as="S1.30",
        errata=ERRATA["S1.30"],
    ),
)
