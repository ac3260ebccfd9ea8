"""Convolution arithmetic: sizes, weights, receptive fields, padding."""

import numpy as np
import torch

from ...cnn import CNNClassifier
from ...inspection import (
    fully_connected_counts,
    layer_counts,
    layer_table,
    output_size,
    receptive_fields,
    to_fully_convolutional,
)
from ...layers import Conv2d, Pool2d, layer_shapes
from ..experiment import Check, Experiment, Findings
from ..networks import NETWORKS, rdfia_cnn
from .settings import GROUP_ARITHMETIC

CIFAR = (3, 32, 32)


def sizes_and_weights(context):
    """Output size and weights of a convolution, and of a dense layer in its place."""
    conv = Conv2d(32, 5, padding=2)
    out = conv.output_shape(CIFAR)
    weights = layer_counts(conv, CIFAR).parameters
    dense = fully_connected_counts(conv, CIFAR).parameters
    x, p, k, s = 32, 2, 5, 1
    rows = [
        {
            "x": x,
            "kernel": k,
            "padding": p,
            "stride": s,
            "output": output_size(x, k, p, s, floor=True),
            "printed formula": (x + 2 * p * (k - 1) - 1) / s,
        }
        for x, k, p, s in ((32, 5, 2, 1), (32, 5, 0, 1), (32, 3, 1, 2), (28, 2, 0, 2))
    ]
    return Findings(
        checks=[
            Check(
                "side of conv1's output",
                out[1],
                published=(x + 2 * p * (k - 1) - 1) // s,
                right=32,
            ),
            Check("weights (5·5·3 + 1)·32", weights, right=2432),
            Check(
                "dense layer of equal output, (x·y·z + 1)·x·y·c_out",
                dense,
                right=100_696_064,
            ),
            Check("the dense formula", (32 * 32 * 3 + 1) * 32 * 32 * 32, right=dense),
        ],
        tables={"floor((x + 2 p - k) / s) + 1": rows},
        notes=[f"The dense layer has {dense / weights:,.0f} times the weights."],
    )


VGG16 = (
    *(Conv2d(64), Conv2d(64), Pool2d()),
    *(Conv2d(128), Conv2d(128), Pool2d()),
    *(Conv2d(256), Conv2d(256), Conv2d(256), Pool2d()),
    *(Conv2d(512), Conv2d(512), Conv2d(512), Pool2d()),
    *(Conv2d(512), Conv2d(512), Conv2d(512), Pool2d()),
    # dense layers as convolutions
    *(Conv2d(4096, 7, "valid"), Conv2d(4096, 1), Conv2d(1000, 1)),
)


def dense_as_convolution(context):
    """Dense layers as convolutions: equal on 32 x 32, a map of 2 x 2 on 40 x 40."""
    rng = np.random.RandomState(context.seed)
    X = rng.rand(20, 3072).astype(np.float32)
    (network,) = context.fit(
        [
            CNNClassifier(
                architecture=rdfia_cnn(),
                input_shape=CIFAR,
                max_iter=1,
                alpha=0.0,
                random_state=context.seed,
            )
        ],
        X,
        np.arange(20) % 10,
    )
    proba = network.predict_proba(X)
    sliding = to_fully_convolutional(network)
    with torch.no_grad():
        equal = sliding(torch.tensor(X).reshape(-1, *CIFAR)).softmax(1)
        larger = sliding(torch.zeros(1, 3, 40, 40))
    return Findings(
        checks=[
            Check(
                "probabilities on 32 x 32, largest difference",
                float(np.abs(equal[:, :, 0, 0].numpy() - proba).max()),
                right=0.0,
                tolerance=1e-5,
            ),
            Check(
                "40 x 40, rows, columns, classes",
                channels_last(larger.shape[1:]),
                right=(2, 2, 10),
            ),
            Check(
                "a network for 224 fed with 288",
                channels_last(layer_shapes(VGG16, (3, 288, 288))[-1]),
                right=(3, 3, 1000),
            ),
            Check(
                "the same fed with 224",
                channels_last(layer_shapes(VGG16, (3, 224, 224))[-1]),
                right=(1, 1, 1000),
            ),
        ],
        notes=[
            "The network for 224 is VGG-16, with its dense layers as convolutions. "
            "Convolutions and pooling take any size before the conversion too; only "
            "the dense layers do not."
        ],
    )


def channels_last(shape):
    """Channels last, as the sheets write; rows of a dense layer as they are."""
    return (*shape[1:], shape[0])


def fields(context):
    """r of a layer from that of the next: s r + (k - s)."""
    table = layer_table(NETWORKS["rdfia_cnn"])
    names = [row.name for row in table]
    found = dict(zip(names, receptive_fields(NETWORKS["rdfia_cnn"]), strict=True))
    windows = {name: (2, 2) if name[0] == "p" else (5, 1) for name in RIGHT_FIELDS}
    checks = []
    for place, (name, right) in enumerate(RIGHT_FIELDS.items()):
        r = 1  # one value of this layer, back to the input
        for k, s in reversed(list(windows.values())[: place + 1]):
            r = s * r + (k - s)
        checks.append(Check(f"{name}, recursion", r, right=right))
        checks.append(
            Check(
                f"{name}, receptive_fields",
                found[name].input[0],
                published=PUBLISHED_FIELDS.get(name),
                right=right,
            )
        )
    return Findings(
        checks=checks,
        tables={
            "Receptive fields on the input": [
                {
                    "layer": name,
                    "on the layer before": found[name].previous[0],
                    "on the input": found[name].input[0],
                    "distance of neighbours": found[name].jump[0],
                }
                for name in RIGHT_FIELDS
            ]
        },
        notes=[
            "conv2's 14 needs the pooling of 2 x 2 / 2 between: without it the field "
            "is 9, with 3 x 3 / 2 it is 15."
        ],
    )


PUBLISHED_FIELDS = {"conv1": 5, "conv2": 14}
RIGHT_FIELDS = {
    "conv1": 5, "pool1": 6, "conv2": 14, "pool2": 16, "conv3": 32, "pool3": 36,
}  # fmt: skip


def padding_rules(context):
    """Which padding keeps the size, which pooling halves it."""
    sides = (8, 16, 32, 40, 224)
    return Findings(
        checks=[
            *(
                Check(
                    f"kernel 5, stride 1, padding 2 keeps {side}",
                    output_size(side, 5, padding=2),
                    right=side,
                )
                for side in sides
            ),
            *(
                Check(
                    f"window 2, stride 2, padding 0 halves {side}",
                    output_size(side, 2, stride=2),
                    right=side // 2,
                )
                for side in sides
            ),
        ],
        tables={
            "Padding that keeps the size at stride 1": [
                {
                    "kernel": k,
                    "padding": (k - 1) // 2,
                    "32 becomes": output_size(32, k, (k - 1) // 2),
                }
                for k in (1, 3, 5, 7, 11)
            ]
        },
    )


EXPERIMENTS = (
    Experiment(
        "S4.17",
        "Output size and weights of a convolution",
        GROUP_ARITHMETIC,
        "Of an input (x, y, z) with kernel k, padding p, stride s, c_out filters: "
        "(k·k·z + 1)·c_out weights; a dense layer of equal output has "
        "(x·y·z + 1)·x_out·y_out·c_out.",
        sizes_and_weights,
        errata=(
            "The output size is printed as (x + 2 p (k - 1) - 1) / s, which gives 47 "
            "for 32, k = 5, p = 2, s = 1: it is floor((x + 2 p - k) / s) + 1 = 32. The "
            "question for the weights is not answered.",
        ),
    ),
    Experiment(
        "S4.18",
        "A dense layer as a convolution",
        GROUP_ARITHMETIC,
        "A kernel as large as the input, 1 x 1 after it, and larger images: 40 x 40 on "
        "the network of S4.21 gives 2 x 2 x 10, 288 on one for 224 gives "
        "3 x 3 x 1000.",
        dense_as_convolution,
        errata=(
            "A larger image is said to give the same output shape: it gives a map. It "
            "is said to be impossible before the conversion: convolutions and pooling "
            "take any size.",
        ),
    ),
    Experiment(
        "S4.19",
        "Receptive fields",
        GROUP_ARITHMETIC,
        "The recursion s r + (k - s) along the network of S4.21.",
        fields,
    ),
    Experiment(
        "S4.20",
        "Padding rules",
        GROUP_ARITHMETIC,
        "Same size with k = 5: stride 1, padding 2. Half the size by pooling: window "
        "2, stride 2, padding 0.",
        padding_rules,
    ),
)
