"""Parameters and connections of LeNet-5, AlexNet, ZFNet and an MLP."""

from ...architectures import multilayer_perceptron
from ...inspection import fully_connected_counts, layer_table
from ...layers import Conv2d
from ..experiment import Check, Experiment, Findings
from .layer_rows import FORMULAS, layer_rows

GROUP = "Counting parameters and connections"

LENET5_NAMES = ("C1", "S2", "C3", "S4", "C5", "F6", "Output")
# parameters, connections without and with bias; C3 of the sparse network
LENET5 = {
    "C1": (156, 117_600, 122_304),
    "S2": (0, 4704, 5880),
    "C3": (2416, 240_000, 241_600),
    "S4": (0, 1600, 2000),
    "C5": (48_120, 48_000, 48_120),
    "F6": (10_164, 10_080, 10_164),
    "Output": (850, 840, 850),
}
SPARSE_C3 = (1516, 150_000, 151_600)


def _lenet5(sparse=False):
    name = "lenet5_sparse" if sparse else "lenet5"
    return layer_table(name, names=LENET5_NAMES).connected


def small_mlp(context):
    """784-100-100-10."""
    table = layer_table(multilayer_perceptron([100, 100], 10), (784,))
    counts = [row.parameters for row in table if row.parameters]
    return Findings(
        checks=[
            Check("parameters by layer", counts, (78_500, 10_100, 1010)),
            Check("total", table.n_parameters, 89_610),
        ],
        tables={"784-100-100-10": layer_rows(table, FORMULAS)},
    )


def lenet5_parameters(context):
    """LeNet-5 with all maps linked."""
    table = _lenet5()
    return Findings(
        checks=[
            *(
                Check(f"parameters of {name}", table[name].parameters, figures[0])
                for name, figures in LENET5.items()
            ),
            Check("sum", table.n_parameters, 61_706),
        ],
        tables={"LeNet-5": layer_rows(table, FORMULAS)},
    )


def lenet5_sparse(context):
    """LeNet-5 with the table of 1998 for C3."""
    table = _lenet5(sparse=True)
    c3 = table["C3"]
    # two trained values for each pooling map, a fixed output
    original = table.n_parameters + 12 + 32 - table["Output"].parameters
    connections = table.n_connections - LENET5["Output"][2] + LENET5["Output"][1]
    return Findings(
        checks=[
            Check("parameters of C3", c3.parameters, SPARSE_C3[0]),
            Check("6·76 + 9·101 + 151", 6 * 76 + 9 * 101 + 151, right=c3.parameters),
            Check(
                "connections of C3 without bias",
                c3.connections_without_bias,
                SPARSE_C3[1],
            ),
            Check("connections of C3 with bias", c3.connections, SPARSE_C3[2]),
            Check("sum of parameters", table.n_parameters, 60_806),
            Check("trained values of the net of 1998", original, 60_806, right=60_000),
            Check(
                "connections of the net of 1998", connections, 340_918, right=340_908
            ),
        ],
        tables={"LeNet-5, sparse C3": layer_rows(table, FORMULAS)},
        notes=[
            "C3 is a convolution of which unlinked weights are and stay zero: 6 maps "
            "see 3 of S2's, 9 see 4, one sees 6."
        ],
    )


def _connections(column, place, sums):
    name = ("connections_without_bias", "connections")[place - 1]
    dense, sparse = _lenet5(), _lenet5(sparse=True)
    checks = [
        Check(f"connections of {layer}", getattr(dense[layer], name), figures[place])
        for layer, figures in LENET5.items()
    ]
    checks += [
        Check("of C3, sparse", getattr(sparse["C3"], name), SPARSE_C3[place]),
        Check("sum", getattr(dense, f"n_{name}"), sums[0]),
        Check("sum, sparse", getattr(sparse, f"n_{name}"), sums[1]),
    ]
    return Findings(
        checks=checks,
        tables={
            "LeNet-5": layer_rows(dense, ("name", "settings", "output_shape", column))
        },
    )


def connections_without_bias(context):
    """Connections of LeNet-5 from all inputs to all outputs."""
    return _connections("connections_without_bias", 1, (422_824, 332_824))


def connections_with_bias(context):
    """The same with one more for each output."""
    return _connections("connections", 2, (430_918, 340_918))


def fully_connected_c1(context):
    """C1 as a dense layer from all pixels to all its values."""
    counts = fully_connected_counts(Conv2d(6, 5, "valid"), (1, 32, 32))
    c1 = _lenet5()["C1"]
    return Findings(
        checks=[
            Check("28·28·6·1,024", counts.connections_without_bias, 4_816_896),
            Check("with bias", counts.connections, 4_821_600),
            Check(
                "times as many weights as C1 has",
                counts.trainable / c1.parameters,
                right=4_821_600 / 156,
            ),
        ]
    )


def lenet5_fields(context):
    """Receptive fields of LeNet-5 on the layer before."""
    table = _lenet5()
    published = {"C1": (5, 5), "S2": (2, 2), "C3": (5, 5), "S4": (2, 2), "C5": (5, 5)}
    checks = [
        Check(f"{name} sees of the layer before", field.previous, published[name])
        for name, field in ((row.name, row.receptive_field) for row in table)
        if name in published
    ]
    checks += [
        Check(
            f"{name} sees all of it", table[name].receptive_field.previous is None, True
        )
        for name in ("F6", "Output")
    ]
    columns = ("name", "settings", "field_previous", "field_input")
    return Findings(checks=checks, tables={"LeNet-5": layer_rows(table, columns)[:-1]})


# convolutions and dense layers of the published tables
ALEXNET = (
    *(34_944, 614_656, 885_120, 1_327_488, 884_992),
    *(37_752_832, 16_781_312, 4_097_000),
)
ZFNET = (14_208, 614_656, 1_180_160, 1_327_488, 4_719_616)
ZFNET_RIGHT = (14_208, 614_656, 1_180_160, 4_719_616, 4_719_104)
ZFNET_DENSE = (354_422_784, 16_781_312, 4_097_000)
ZFNET_SHARES = (0.003, 0.16, 0.31, 0.35, 1.23, 92.50, 4.38, 1.07)
ZFNET_SHARES_RIGHT = (
    *(0.0037, 0.1590, 0.3053, 1.2210, 1.2208),
    *(91.6890, 4.3413, 1.0599),
)


def _sides(table):
    return [row.output_shape[1] for row in table.connected if len(row.output_shape) > 1]


def _large(name):
    """Table, its rows with parameters, and the share of the dense layers in %."""
    table = layer_table(name)
    counted = [row for row in table if row.parameters]
    return table, counted, sum(row.percent for row in counted if row.type == "Dense")


def alexnet(context):
    """AlexNet in one path."""
    table, counted, dense = _large("alexnet")
    return Findings(
        checks=[
            Check(
                "sides of the maps",
                _sides(table),
                (55, 27, 27, 13, 13, 13, 13, 6),
            ),
            *(
                Check(f"parameters of {row.name}", row.parameters, figure)
                for row, figure in zip(counted, ALEXNET, strict=True)
            ),
            Check("total", table.n_parameters, 62_378_344),
            Check("share of the dense layers in %", dense, 94, tolerance=0.5),
        ],
        tables={"AlexNet": layer_rows(table, FORMULAS)},
    )


def zfnet(context):
    """ZFNet as the sheet tabulates it, with the right sums."""
    table, counted, dense = _large("zfnet")
    published = (*ZFNET, *ZFNET_DENSE)
    right = (*ZFNET_RIGHT, *ZFNET_DENSE)
    return Findings(
        checks=[
            Check(
                "sides of the maps",
                _sides(table),
                (111, 55, 55, 27, 27, 27, 27, 13),
            ),
            *(
                Check(f"parameters of {row.name}", row.parameters, printed, count)
                for row, printed, count in zip(counted, published, right, strict=True)
            ),
            Check("total", table.n_parameters, 383_157_224, right=386_548_840),
            Check(
                "share of the dense layers in %", dense, 98, right=97.09, tolerance=5e-3
            ),
            *(
                Check(f"share of {row.name} in %", row.percent, printed, share, 5e-5)
                for row, printed, share in zip(
                    counted, ZFNET_SHARES, ZFNET_SHARES_RIGHT, strict=True
                )
            ),
            Check("published parts add up to its total", sum(published), 383_157_224),
        ],
        tables={"ZFNet": layer_rows(table, FORMULAS)},
    )


EXPERIMENTS = (
    Experiment(
        "S1.22",
        "Parameters of 784-100-100-10",
        GROUP,
        "78,500 + 10,100 + 1,010 = 89,610.",
        small_mlp,
    ),
    Experiment(
        "S1.23",
        "Parameters of LeNet-5",
        GROUP,
        "Images of 32 x 32, C3 linked to all maps of S2: 61,706.",
        lenet5_parameters,
    ),
    Experiment(
        "S1.24",
        "LeNet-5 with the sparse C3",
        GROUP,
        "Maps 0 to 5 of C3 see 3 maps of S2, 6 to 14 see 4, 15 sees 6: 60 links, "
        "1,516 parameters, 60,806 in all.",
        lenet5_sparse,
        errata=(
            "60,806 parameters and 340,918 connections are given for the 'original "
            "LeNet-5': true of pooling without parameters and a trained output. The "
            "net of 1998 has two trained values for each map of S2 and S4 and a "
            "fixed output: 60,000 and 340,908.",
        ),
    ),
    Experiment(
        "S1.25",
        "Connections of LeNet-5 without bias",
        GROUP,
        "422,824 in all, 332,824 with the sparse C3.",
        connections_without_bias,
        errata=(
            "The text on S4 counts 2·2+1 inputs without bias: 2·2, as the figure "
            "1,600 has it.",
        ),
    ),
    Experiment(
        "S1.26",
        "Connections of LeNet-5 with bias",
        GROUP,
        "430,918 in all, 340,918 with the sparse C3.",
        connections_with_bias,
        errata=(
            "The text on C5 counts 5·5+1 inputs: 5·5·16+1 = 401, as the figure "
            "48,120 has it.",
        ),
    ),
    Experiment(
        "S1.27",
        "C1 if it were fully connected",
        GROUP,
        "28·28·6·1,024 connections, and 4,704 more with bias.",
        fully_connected_c1,
    ),
    Experiment(
        "S1.28",
        "Receptive fields of LeNet-5",
        GROUP,
        "On the layer before: 5 x 5, 2 x 2, 5 x 5, 2 x 2, 5 x 5, all, all.",
        lenet5_fields,
    ),
    Experiment(
        "S1.29",
        "AlexNet in one path",
        GROUP,
        "Images of 227 x 227: sizes, 62,378,344 parameters, 94 % of them in the dense "
        "layers.",
        alexnet,
    ),
    Experiment(
        "S1.30",
        "ZFNet as tabulated",
        GROUP,
        "Images of 227 x 227, the second convolution with stride 1: sizes and "
        "parameters.",
        zfnet,
        errata=(
            "CONV4 (512 to 1024 maps) is given 1,327,488 parameters, AlexNet's "
            "figure: 3·3·512·1024+1024 = 4,719,616.",
            "CONV5 (1024 to 512 maps) is given the formula 3·3·384·256+256 with the "
            "figure 4,719,616: 3·3·1024·512+512 = 4,719,104.",
            "The total is 386,548,840, not 383,157,224, and the dense layers have "
            "97.09 % of it, not 98 %. The published sum adds up from its own parts; "
            "the share of CONV1 was cut, not rounded.",
        ),
    ),
)
