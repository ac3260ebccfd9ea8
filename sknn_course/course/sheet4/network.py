"""The CIFAR-10 network: shapes, parameters, and an SVM beside it."""

from ...inspection import (
    layer_counts,
    layer_table,
)
from ...layers import Conv2d
from ..experiment import Check, Experiment, Findings
from ..networks import NETWORKS
from .arithmetic import channels_last
from .settings import GROUP_CNN

SHAPES = {
    "conv1": (32, 32, 32),
    "pool1": (16, 16, 32),
    "conv2": (16, 16, 64),
    "pool2": (8, 8, 64),
    "conv3": (8, 8, 64),
    "pool3": (4, 4, 64),
    "dense1": (1000,),
    "output": (10,),
}
PARAMETERS = {
    # published, right
    "conv1": (32_800, 2_432),
    "conv2": (16_448, 51_264),
    "conv3": (4_160, 102_464),
    "dense1": (1_025_000, 1_025_000),
    "output": (10_010, 10_010),
}
TOTAL = 1_191_170


def network(context):
    """Shapes and parameters of the CIFAR-10 network."""
    table = layer_table(NETWORKS["rdfia_cnn"])
    checks = [
        Check(
            f"shape of {name}",
            channels_last(table[name].output_shape),
            published=shape,
        )
        for name, shape in SHAPES.items()
    ]
    checks += [
        Check(
            f"parameters of {name}",
            table[name].parameters,
            published=published,
            right=right,
        )
        for name, (published, right) in PARAMETERS.items()
    ]
    checks += [
        Check("parameters", table.n_parameters, published=1_088_418, right=TOTAL),
        Check(
            "sum of the published parts",
            sum(published for published, _ in PARAMETERS.values()),
            published=1_088_418,
        ),
        Check("share of fc4, %", table["dense1"].percent, right=86.0, tolerance=0.05),
        Check(
            "weights for each of 50,000 images",
            table.n_parameters / 50_000,
            published=22_000,
            right=23.8,
            tolerance=0.05,
        ),
    ]
    return Findings(
        checks=checks,
        tables={
            "Layers": [
                {
                    "layer": row.name,
                    "shape": "·".join(map(str, row.output_shape)),
                    "formula": row.formula,
                    "parameters": row.parameters,
                    "percent": row.percent,
                }
                for row in table
            ]
        },
    )


def bag_of_words(context):
    """Weights of a linear SVM over bags of words: classes times features."""
    return Findings(
        checks=[
            Check(
                "classes times features, 10 and 1,000",
                layer_counts(Conv2d(10, 1), (1000, 1, 1)).parameters - 10,
                right=10 * 1000,
            )
        ],
        tables={
            "Weights for 10 classes": [
                {
                    "visual words": words,
                    "SVM, weights": 10 * words,
                    "network, parameters": TOTAL,
                    "network / SVM": TOTAL / (10 * words),
                }
                for words in (100, 1000, 4000)
            ]
        },
        notes=[
            "One weight vector for each class against the rest, biases not counted. "
            "The dictionary of the words is extra: words times 128 values with SIFT. "
            "The sheet gives no size."
        ],
    )


EXPERIMENTS = (
    Experiment(
        "S4.21",
        "The CIFAR-10 network",
        GROUP_CNN,
        "32x32x3: conv 32@5x5, pool, conv 64@5x5, pool, conv 64@5x5, pool, fc 1000, "
        "fc 10, softmax. The hidden activation is not stated: ReLU.",
        network,
        errata=(
            "Weights of convolutions are printed as (kernel size + 1)·filters with the "
            "map size for the kernel: 32,800; 16,448; 4,160, in all 1,088,418. They "
            "are (5·5·c_in + 1)·c_out: 2,432; 51,264; 102,464, in all 1,191,170.",
            "'About 22,000 weights per image' is off by 1,000: 1,191,170 / 50,000 is "
            "23.8.",
        ),
    ),
    Experiment(
        "S4.22",
        "Size beside bags of words and an SVM",
        GROUP_CNN,
        "Classes times features, biases not counted.",
        bag_of_words,
    ),
)
