"""Convolution, pooling, and dense layers that slide over larger images."""

import numpy as np
import torch

from ..._engine.ops.build import build_module
from ..._engine.ops.parameters import parameter_layout
from ...cnn import CNNClassifier
from ...inspection import (
    layer_counts,
    to_fully_convolutional,
)
from ...layers import Conv2d, Pool2d
from ..experiment import Check, Experiment, Findings
from ..theory import convolve, cross_correlate
from ..training import run_settings

GROUP = "CNN building blocks"


def random_module(layer, shape):
    """A layer as a torch module with random parameters, in float64."""
    layout = parameter_layout((layer,), shape)
    flat = torch.from_numpy(np.random.RandomState(0).randn(layout.n_parameters))
    return build_module(layout, flat, layout.initial_buffers(torch.float64))


def _sizes(layer, side=28):
    return layer.output_shape((3, side, side))[1:]


def convolution(context):
    """The convolution layer against sums written out."""
    x = np.random.RandomState(1).randn(3, 7, 6)
    checks = []
    for name, slide, layer in (
        ("cross-correlation", cross_correlate, Conv2d(2, 3, "valid")),
        ("true convolution", convolve, Conv2d(2, 3, "valid", flipped=True)),
        ("stride 2", cross_correlate, Conv2d(2, 3, "valid", 2)),
        ("padding 2", cross_correlate, Conv2d(2, 3, 2)),
    ):
        module = random_module(layer, x.shape)
        images = torch.from_numpy(x)[None]
        (part,) = module
        ours = module(images)[0].detach().numpy()
        options = {"stride": layer.stride, "padding": layer.pad[0]}
        by_hand = [
            sum(
                slide(image, kernel, **options)
                for image, kernel in zip(x, kernels, strict=True)
            )
            + bias
            for kernels, bias in zip(
                part.weight.detach().numpy(), part.bias.detach().numpy(), strict=True
            )
        ]
        checks.append(
            Check(
                f"{name}: one map per filter, the sum over all input maps",
                ours,
                right=np.array(by_hand),
                tolerance=1e-9,
            )
        )
    image = torch.zeros(1, 3, 7, 7, dtype=torch.float64, requires_grad=True)
    module = random_module(Conv2d(2, 3), (3, 7, 7))
    module(image)[0, 0, 3, 3].backward()
    seen = (image.grad[0] != 0).numpy()
    shared = layer_counts(Conv2d(8, 3), (3, 28, 28)).parameters
    checks += [
        Check(
            "local receptive field: pixels that one value depends on",
            [int(seen.sum()), int(seen[:, 2:5, 2:5].sum())],
            right=[27, 27],
        ),
        Check(
            "shared weights: as many parameters on 28 x 28 as on 100 x 100 pixels",
            shared,
            right=layer_counts(Conv2d(8, 3), (3, 100, 100)).parameters,
        ),
        Check("size, same padding", _sizes(Conv2d(8, 3)), right=(28, 28)),
        Check("size, valid", _sizes(Conv2d(8, 3, "valid")), right=(26, 26)),
        Check("size, padding 2", _sizes(Conv2d(8, 3, 2)), right=(30, 30)),
        Check("size, stride 2", _sizes(Conv2d(8, 3, "valid", 2)), right=(13, 13)),
    ]
    X, _ = context.data("digits").test
    edges = [[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]]
    return Findings(
        checks=checks,
        pictures={"filtered_digit": lambda: _draw_filtered(X[0], edges)},
        notes=[
            "Layers compute the cross-correlation, as torch and Keras do; "
            "Conv2d(..., flipped=True) the true convolution, whose kernel is turned "
            "by half a turn."
        ],
    )


def _draw_filtered(row, kernel):
    from ...plotting import FilteredImageDisplay

    return FilteredImageDisplay.from_image(row.reshape(8, 8), kernel).figure_


def pooling(context):
    """Pooling layers against means and maxima of windows."""
    x = np.random.RandomState(0).randn(3, 6, 4)
    windows = x.reshape(3, 3, 2, 2, 2)  # (maps, rows, 2, columns, 2)
    checks = []
    for kind, reduce in (("max", np.max), ("average", np.mean)):
        layer = Pool2d(kind=kind)
        ours = random_module(layer, x.shape)(torch.from_numpy(x)[None])[0].numpy()
        checks += [
            Check(
                f"{kind}: of each 2 x 2 window of each map",
                ours,
                right=reduce(windows, axis=(2, 4)),
                tolerance=1e-12,
            ),
            Check(
                f"{kind}: parameters", layer_counts(layer, x.shape).parameters, right=0
            ),
        ]
    checks += [
        Check("default window", Pool2d().window, right=(2, 2)),
        Check("default step", Pool2d().step, right=(2, 2)),
        Check("6 x 4 to 3 x 2", Pool2d().output_shape((1, 6, 4)), right=(1, 3, 2)),
        Check(
            "overlapping, window 3, step 2",
            Pool2d(3, stride=2).output_shape((1, 55, 55)),
            right=(1, 27, 27),
        ),
    ]
    return Findings(checks=checks)


def fully_convolutional(context):
    """A fitted network as a convolutional one, on single digits and on a strip."""
    data = context.data("digits")
    cnn = CNNClassifier(
        filters=((16,),),
        dense_layer_sizes=(32,),
        padding="valid",
        max_iter=15,
        batch_size=32,
        learning_rate_init=0.003,
        **run_settings(context),
    )
    (cnn,) = context.fit([cnn], *data.train)
    sliding = to_fully_convolutional(cnn)
    device = next(sliding.parameters()).device
    X, y = data.test
    digits = torch.from_numpy(X[:64].reshape(-1, 1, 8, 8)).to(device)
    strip = torch.cat(list(digits[:6]), dim=2)[None]  # (1, 1, 8, 48)
    with torch.no_grad():
        single = torch.softmax(sliding(digits), 1)[:, :, 0, 0].cpu().numpy()
        maps = torch.softmax(sliding(strip), 1)[0].cpu().numpy()  # (10, 1, 21)
    windows = strip[0, 0].unfold(1, 8, 2).permute(1, 0, 2).reshape(-1, 64)
    return Findings(
        checks=[
            Check(
                "original size: the dense network's probabilities",
                single,
                right=cnn.predict_proba(X[:64]),
                tolerance=1e-5,
            ),
            Check(
                "strip of six digits, 8 x 48 pixels: size of the map",
                maps.shape,
                right=(10, 1, 21),
            ),
            Check(
                "strip: the dense network's probabilities of each window",
                maps[:, 0].T,
                right=cnn.predict_proba(windows.cpu().numpy()),
                tolerance=1e-4,
            ),
        ],
        tables={
            "Six digits in a row": [
                {
                    "digit": int(y[i]),
                    "class at its place": int(maps[:, 0, 4 * i].argmax()),
                    "probability": float(maps[:, 0, 4 * i].max()),
                }
                for i in range(6)
            ]
        },
        pictures={"strip": lambda: _draw_strip(strip[0, 0].cpu().numpy(), maps[:, 0])},
        notes=[
            "A window of 8 x 8 pixels slides in steps of 2, the product of the "
            "strides. Equal at every window since no convolution pads."
        ],
    )


def _draw_strip(strip, probabilities):
    import matplotlib.pyplot as plt

    figure, (above, below) = plt.subplots(
        2,
        1,
        figsize=(7, 4),
        layout="constrained",
        sharex=True,
        height_ratios=(1, 1.6),
    )
    above.imshow(strip, cmap="gray_r", extent=(0, 48, 8, 0), aspect="equal")
    above.set_yticks([])
    # the centre of window i is at pixel 2 i + 4
    image = below.imshow(
        probabilities, cmap="Blues", extent=(3, 45, 9.5, -0.5), aspect="auto", vmin=0
    )
    below.set(xlabel="pixel", ylabel="class", yticks=range(10), xlim=(0, 48))
    figure.colorbar(image, ax=below, label="probability")
    return figure


EXPERIMENTS = (
    Experiment(
        "S1.04",
        "Convolution layer",
        GROUP,
        "Local receptive field, shared weights, one output map per filter as the sum "
        "over all input maps; cross-correlation or true convolution; same, valid and "
        "explicit padding; stride.",
        convolution,
    ),
    Experiment(
        "S1.05",
        "Pooling layer",
        GROUP,
        "Maximum or mean of windows, 2 x 2 with step 2 unless said otherwise, of each "
        "map by itself; no parameters.",
        pooling,
    ),
    Experiment(
        "S1.06",
        "Fully convolutional networks",
        GROUP,
        "Dense layers rewritten as convolutions: a larger image gives a map of "
        "outputs, one for each position of the window; equal on the original size.",
        fully_convolutional,
    ),
)
