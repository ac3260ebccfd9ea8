"""Calculators: output sizes, parameters, receptive fields."""

import numpy as np
import torch

from ..._engine.ops.build import build_module
from ..._engine.ops.parameters import parameter_layout
from ...inspection import (
    layer_counts,
    layer_table,
    output_size,
    receptive_fields,
)
from ...layers import Conv2d, Pool2d, ShapeError
from ..experiment import Check, Experiment, Findings
from ..networks import NETWORKS
from .building_blocks import GROUP
from .layer_rows import layer_rows

# side, window, padding, stride, size: from the networks of both sheets
SIZES = (
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
)


def calculators(context):
    """Output sizes, parameters and shares."""
    checks = [
        Check(
            f"({n} - {f} + 2*{p}) / {s} + 1",
            output_size(n, f, p, s),
            right=size,
        )
        for n, f, p, s, size in SIZES
    ]
    message = ""
    try:
        output_size(7, 2, stride=2)
    except ShapeError as error:
        message = str(error)
    convolution = layer_counts(Conv2d(32, 3), (32, 28, 28)).parameters
    table = layer_table(NETWORKS["mnist_cnn_1"])
    checks += [
        Check("7 pixels, window 2, step 2 is refused", "3.5" in message, right=True),
        Check("its floor", output_size(7, 2, stride=2, floor=True), right=3),
        Check("F F D K + K: 3*3*32*32 + 32", convolution, right=9248),
        Check(
            "shares of configuration 1, in %, sum to 100",
            sum(row.percent for row in table),
            right=100.0,
            tolerance=1e-9,
        ),
    ]
    return Findings(
        checks=checks,
        tables={"Configuration 1": layer_rows(table, ("name", "formula", "percent"))},
        notes=[f"Refused: {message}"],
    )


# fields on the input, in pixels, calculated: the sheet asks for them
INPUT_FIELDS = {
    "lenet5": {
        "conv1": 5,
        "pool1": 6,
        "conv2": 14,
        "pool2": 16,
        "conv3": 32,
    },
    "alexnet": {
        "conv1": 11,
        "pool1": 19,
        "conv2": 51,
        "pool2": 67,
        "conv3": 99,
        "conv4": 131,
        "conv5": 163,
        "pool3": 195,
    },
}


def fields(context):
    """Receptive fields on the layer before and on the input."""
    checks, tables = [], {}
    for network, known in INPUT_FIELDS.items():
        table = layer_table(network)
        checks += [
            Check(
                f"{network}, {name}: field on the input",
                table[name].receptive_field.input,
                right=(side, side),
            )
            for name, side in known.items()
        ]
        tables[network] = layer_rows(
            table.connected, ("name", "settings", "field_previous", "field_input")
        )[:-1]
    # which pixels a value of C3 depends on, by its gradient
    layers = [Conv2d(2, 5, "valid"), Pool2d(kind="average"), Conv2d(1, 5, "valid")]
    layout = parameter_layout(tuple(layers), (1, 20, 20))
    flat = torch.ones(layout.n_parameters, dtype=torch.float64)
    image = torch.zeros(1, 1, 20, 20, dtype=torch.float64, requires_grad=True)
    module = build_module(layout, flat, layout.initial_buffers(torch.float64))
    module(image)[0, 0, 1, 1].backward()
    rows = np.flatnonzero(image.grad[0, 0].numpy().any(axis=1))
    checks.append(
        Check(
            "conv 5, pool 2, conv 5: height of the pixels with a gradient",
            int(np.ptp(rows)) + 1,
            right=receptive_fields(layers)[-1].input[0],
        )
    )
    return Findings(checks=checks, tables=tables)


EXPERIMENTS = (
    Experiment(
        "S1.07",
        "Calculators of sizes and parameters",
        GROUP,
        "Output size (N - F + 2 P) / S + 1, refused where it is no integer; "
        "parameters F F D K + K; shares of the total.",
        calculators,
    ),
    Experiment(
        "S1.08",
        "Receptive fields",
        GROUP,
        "Direct (on the layer before) and indirect (on the input), for LeNet-5 and "
        "AlexNet; the fields on the input are calculated, not published.",
        fields,
    ),
)
