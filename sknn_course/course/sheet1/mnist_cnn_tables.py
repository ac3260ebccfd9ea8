"""Summaries, parameter tables and drawings of the MNIST networks."""

from ...architectures import multilayer_perceptron
from ...cnn import CNNClassifier
from ...inspection import draw_network, layer_table, output_size
from ...layers import ShapeError
from ..experiment import Check, Experiment, Findings
from ..networks import NETWORKS, mnist_cnn
from .layer_rows import FORMULAS, SUMMARY, layer_rows
from .mnist_cnn import GROUP

# conv, batch norm and dense parameters in the order of the published tables
PARAMETERS = {
    1: (320, 9248, 401_472, 650),
    2: (320, 9248, 18_496, 36_928, 401_536, 1290),
    3: (320, 9248, 18_496, 36_928, 200_768, 650),
    4: (
        *(320, 128, 9248, 128, 18_496, 256, 36_928, 256, 73_856, 512, 147_584, 512),
        *(73_792, 256, 650),
    ),
}
TOTALS = {1: 411_690, 2: 467_818, 3: 266_410, 4: 362_922}
PERCENT = {
    1: (0.0777, 2.2464, 97.5180, 0.1579),
    2: (0.0684, 1.9768, 3.9537, 7.8937, 85.8317, 0.2758),
}


def _summary(configuration):
    return layer_table(NETWORKS[f"mnist_cnn_{configuration}"], channels_last=True)


def feasibility(context):
    """Configuration 4 with valid padding does not fit."""
    message = ""
    try:
        layer_table(mnist_cnn(4, padding="valid"), (1, 28, 28))
    except ShapeError as error:
        message = str(error)
    sides = [28]
    for window, step in [(3, 1), (3, 1), (2, 2)] * 2:
        sides.append(output_size(sides[-1], window, stride=step))
    X, y = context.data("digits", rows=50).train
    refused = ""
    try:
        CNNClassifier(filters=((8, 8), (8, 8)), padding="valid").fit(X, y)
    except ValueError as error:
        refused = str(error)
    return Findings(
        checks=[
            Check("sides until they end", sides, right=[28, 26, 24, 12, 10, 8, 4]),
            Check("the network is refused", "does not fit" in message, right=True),
            Check(
                "the message has the sizes",
                all(f"{side} x {side}" in message for side in sides),
                right=True,
            ),
            Check(
                "an estimator refuses at fit what does not fit its images",
                "does not fit" in refused,
                right=True,
            ),
        ],
        notes=[message, f"Images of 8 x 8 pixels: {refused}"],
    )


def summaries(context):
    """Layer summaries of the four configurations."""
    checks, tables = [], {}
    for configuration, parameters in PARAMETERS.items():
        table = _summary(configuration)
        name = f"conf. {configuration}"
        checks += [
            Check(
                f"{name}: parameters by layer",
                [row.parameters for row in table if row.parameters],
                parameters,
            ),
            Check(f"{name}: total", table.n_parameters, TOTALS[configuration]),
        ]
        tables[f"Configuration {configuration}"] = layer_rows(table, SUMMARY)
    last = _summary(4)
    checks += [
        Check("conf. 4: trainable", last.n_trainable, 361_898),
        Check("conf. 4: not trainable", last.n_non_trainable, 1024),
        Check(
            "rows without parameters: activations, flatten, dropout, pooling",
            {row.parameters for row in last if row.type in WITHOUT_PARAMETERS} == {0},
            right=True,
        ),
    ]
    return Findings(
        checks=checks,
        tables=tables,
        notes=["'?' is the number of images; the softmax is part of the loss."],
    )


WITHOUT_PARAMETERS = ("Activation", "Flatten", "Dropout", "MaxPool2d")


def parameter_tables(context):
    """Hand formulas and shares of configurations 1 and 2."""
    checks, tables = [], {}
    for configuration, percent in PERCENT.items():
        table = _summary(configuration)
        ours = [row.percent for row in table if row.parameters]
        checks.append(
            Check(
                f"conf. {configuration}: shares in %", ours, percent, tolerance=1.1e-4
            )
        )
        tables[f"Configuration {configuration}"] = layer_rows(table, FORMULAS)
    one = layer_table(NETWORKS["mnist_cnn_1"])
    checks += [
        Check(
            "conf. 1: units of the first dense layer",
            one["dense1"].output_shape,
            (128,),
            right=(64,),
        ),
        Check(
            "conf. 1: formula of the first dense layer",
            one["dense1"].formula,
            right="14·14·32·64+64",
        ),
    ]
    return Findings(checks=checks, tables=tables)


def drawings(context):
    """Graphs of the four configurations, with and without shapes."""
    return Findings(
        pictures={
            f"configuration_{configuration}{suffix}": _graph_picture(
                configuration, show_shapes
            )
            for configuration in PARAMETERS
            for suffix, show_shapes in (("", False), ("_shapes", True))
        },
        notes=["The sheet shows pictures alone."],
    )


def _graph_picture(configuration, show_shapes):
    def draw():
        ax = draw_network(
            NETWORKS[f"mnist_cnn_{configuration}"], show_shapes=show_shapes
        )
        return ax.figure

    return draw


def wide_mlp(context):
    """Parameters of 784-1000-10."""
    table = layer_table(multilayer_perceptron([1000], 10), (784,))
    hidden, output = (row for row in table if row.parameters)
    return Findings(
        checks=[
            Check("first layer", hidden.parameters, 785_000),
            Check("second layer", output.parameters, 10_010),
            Check("total", table.n_parameters, 795_010),
            Check(
                "share of the first layer in %",
                hidden.percent,
                98.7421,
                right=98.7409,
                tolerance=5e-5,
            ),
            Check("formula of the second layer", output.formula, right="1000·10+10"),
        ],
        tables={"784-1000-10": layer_rows(table, FORMULAS)},
    )


EXPERIMENTS = (
    Experiment(
        "S1.15",
        "Configuration 4 with valid padding",
        GROUP,
        "Refused: 28, 26, 24, 12, 10, 8, 4 pixels, and two 3 x 3 convolutions do not "
        "fit in 4 x 4.",
        feasibility,
    ),
    Experiment(
        "S1.16",
        "Layer summaries",
        GROUP,
        "Name, type, output shape with '?' for the batch, parameters, trainable and "
        "not; activation, flatten and dropout have rows of their own.",
        summaries,
        errata=(
            "The descriptions of configurations 2 to 4 leave out the last "
            "max-pooling; the summaries have it. Without it the dense layer of "
            "configuration 2 would have 1,605,760 parameters.",
        ),
    ),
    Experiment(
        "S1.17",
        "Parameter tables",
        GROUP,
        "Hand formula and percentage of each layer, configurations 1 and 2.",
        parameter_tables,
        errata=(
            "Configuration 1's first dense layer is called one of 128 neurons: it "
            "has 64, as its 401,472 parameters show.",
        ),
    ),
    Experiment(
        "S1.18",
        "Drawings of the networks",
        GROUP,
        "The graphs of configurations 1 to 4, with and without shapes.",
        drawings,
    ),
    Experiment(
        "S1.21",
        "Parameters of 784-1000-10",
        GROUP,
        "785,000 + 10,010 = 795,010.",
        wide_mlp,
        errata=(
            "The table gives the second dense layer 400 inputs: it has 1,000. The "
            "share of the first is 98.7409 %, not 98.7421 %; the published pair "
            "sums to 100.0012 %.",
        ),
    ),
)
