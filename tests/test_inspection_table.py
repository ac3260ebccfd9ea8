"""The layer table: its rows, its forms, and what it can be made of."""

import re
from xml.etree import ElementTree

import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from sknn_course import CNNClassifier, MLPClassifier
from sknn_course.architectures import ARCHITECTURES
from sknn_course.course.networks import NETWORKS as COURSE
from sknn_course.course.networks import mnist_cnn
from sknn_course.inspection import layer_table, receptive_fields
from sknn_course.layers import (
    Activation,
    Conv2d,
    Dense,
    Dropout,
    Flatten,
    GaussianNoise,
    GlobalAveragePool,
    Pool2d,
    ShapeError,
    Softmax,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = load_digits(return_X_y=True)
X, Y = X[:200], Y[:200]
ALL_COLUMNS = (
    *("name", "type", "settings", "output_shape", "formula", "parameters"),
    *("trainable", "non_trainable", "percent", "connections"),
    *("connections_without_bias", "field_previous", "field_input"),
)


@pytest.fixture(scope="module")
def cnn():
    filters = ((4, 4), (6,))
    return CNNClassifier(filters, (9,), batch_norm=True, dropout=0.3, max_iter=1).fit(
        X, Y
    )


# --- rows ---


def test_summary_of_configuration_1_has_the_published_rows():
    table = layer_table(COURSE["mnist_cnn_1"], channels_last=True)
    rows = [line.split("  ") for line in str(table).splitlines()[2:-3]]
    rows = [[cell.strip() for cell in row if cell.strip()] for row in rows]
    assert [(row[1], row[2], row[-2]) for row in rows] == [
        ("Conv2d", "(?, 28, 28, 32)", "320"),
        ("Activation", "(?, 28, 28, 32)", "0"),
        ("Conv2d", "(?, 28, 28, 32)", "9,248"),
        ("Activation", "(?, 28, 28, 32)", "0"),
        ("MaxPool2d", "(?, 14, 14, 32)", "0"),
        ("Flatten", "(?, 6272)", "0"),
        ("Dense", "(?, 64)", "401,472"),
        ("Activation", "(?, 64)", "0"),
        ("Dropout", "(?, 64)", "0"),
        ("Dense", "(?, 10)", "650"),
    ]


def test_formulas_are_the_sheets():
    formulas = [
        row.formula for row in layer_table(COURSE["mnist_cnn_1"]) if row.formula
    ]
    assert formulas == ["3·3·1·32+32", "3·3·32·32+32", "14·14·32·64+64", "64·10+10"]
    c3 = layer_table("lenet5_sparse")["conv2"]
    assert c3.formula == "6·(5·5·3+1)+9·(5·5·4+1)+1·(5·5·6+1)"
    assert layer_table("lenet5")["dense1"].formula == "120·84+84"


def test_inactive_layers_have_no_row():
    layers = (Dropout(0.0), Dense(3), GaussianNoise(0.0), Dropout(0.1))
    assert [row.type for row in layer_table(layers, (2,))] == ["Dense", "Dropout"]


def test_layers_are_numbered_by_kind():
    block = (Conv2d(2, 3), Activation("relu"), Pool2d())
    layers = (*block, *block, Flatten(), Dense(3), Activation("tanh"), Dense(2))
    names = [row.name for row in layer_table((*layers, Softmax()), (1, 8, 8))]
    assert names == [
        *("conv1", "relu1", "pool1", "conv2", "relu2", "pool2"),
        *("flatten", "dense1", "tanh1", "output", "softmax"),
    ]


def test_names_are_for_all_rows_or_for_those_with_connections():
    layers = (Conv2d(2, 3), Activation("relu"), GlobalAveragePool(), Dense(2))
    table = layer_table(layers, (1, 8, 8), names=["a", "b", "c", "d"])
    assert [row.name for row in table] == ["a", "b", "c", "d"]
    table = layer_table(layers, (1, 8, 8), names=["a", "c", "d"])
    assert [row.name for row in table] == ["a", "relu1", "c", "d"]
    assert [row.name for row in table.connected] == ["a", "c", "d"]
    with pytest.raises(ValueError, match="names has 2 of them: give 4, .* or 3"):
        layer_table(layers, (1, 8, 8), names=["a", "b"])


def test_rows_are_found_by_name_and_number():
    table = layer_table(COURSE["mnist_cnn_1"])
    assert len(table) == 10
    assert table["conv2"] == table[2]
    with pytest.raises(KeyError, match="conv9"):
        table["conv9"]


def test_valid_padding_refuses_configuration_4():
    with pytest.raises(ShapeError) as refused:
        layer_table(mnist_cnn(4, padding="valid"), (1, 28, 28))
    sides = [int(n) for n in re.findall(r"(\d+) x \d+(?= ->|\.$)", str(refused.value))]
    assert list(dict.fromkeys(sides)) == [28, 26, 24, 12, 10, 8, 4, 2]


# --- forms ---


def test_columns_of_text_are_flush():
    header, rule, *rows, last_rule, total, trainable = str(
        layer_table(COURSE["mnist_cnn_4"])
    ).splitlines()
    assert rule == last_rule == "-" * len(header)
    assert all(len(row) == len(header) for row in rows)
    assert total.split() == ["total", "362,922"]
    assert trainable == "Trainable: 361,898, not trainable: 1,024"


def test_markdown_is_one_table():
    lines = layer_table("alexnet").to_markdown(ALL_COLUMNS).splitlines()
    table = lines[: lines.index("")]
    assert {line.count("|") for line in table} == {len(ALL_COLUMNS) + 1}
    assert "**62,378,344**" in table[-1]


def test_html_is_well_formed_and_right_aligned():
    table = layer_table(COURSE["mnist_cnn_1"], names=["<&>", *"bcdefghij"])
    root = ElementTree.fromstring(table._repr_html_())
    rows = [[cell.text for cell in row] for row in root.iter("tr")]
    assert len(rows) == 1 + len(table) + 1
    assert rows[1] == [
        "<&>",
        "Conv2d",
        "(?, 32, 28, 28)",
        "3·3·1·32+32",
        "320",
        "0.0777",
    ]
    styles = [cell.get("style") for cell in next(root.iter("tr"))]
    assert styles[-2:] == ["text-align:right"] * 2


def test_frame_holds_numbers():
    table = layer_table(COURSE["mnist_cnn_4"])
    frame = table.to_frame()
    assert tuple(frame.columns) == ALL_COLUMNS
    assert frame.parameters.sum() == 362_922
    assert frame.set_index("name").loc["conv3", "output_shape"] == (64, 14, 14)
    assert frame.percent.sum() == pytest.approx(100)


def test_unknown_columns_are_named():
    with pytest.raises(ValueError, match=r"columns=\['colour'\] are unknown"):
        layer_table("lenet5").to_string(["name", "colour"])


def test_network_without_parameters_has_no_shares():
    table = layer_table([Pool2d(), Flatten()], (1, 4, 4))
    assert (table.n_parameters, table[0].percent, table.n_connections) == (0, 0, 20)


# --- what a table is made of ---


@pytest.mark.parametrize("name", ["lenet5", "lenet5_sparse"])
def test_names_architectures_and_layers_give_one_table(name):
    architecture = ARCHITECTURES[name]
    table = layer_table(name)
    assert layer_table(architecture) == table
    assert layer_table(list(architecture.layers), architecture.input_shape) == table


def test_input_shape_replaces_the_architectures_own():
    table = layer_table(COURSE["kiel_2018_variation_3"], (3, 40, 40))
    assert table["conv1"].output_shape == (32, 38, 38)


def test_fitted_network_is_counted_as_torch_counts(cnn):
    table = layer_table(cnn)
    module = cnn.net_.module_
    assert table.n_trainable == sum(p.numel() for p in module.parameters())
    running = [b for name, b in module.named_buffers() if "running" in name]
    assert table.n_non_trainable == sum(map(torch.numel, running))
    assert len(table) == len(module)
    assert table[-1].output_shape == (10,)
    assert receptive_fields(cnn)[0].input == (3, 3)


def test_pipelines_and_searches_are_looked_into(cnn):
    mlp = MLPClassifier((5,), max_iter=1)
    pipeline = make_pipeline(MinMaxScaler(), mlp).fit(X, Y)
    grid = {"mlpclassifier__hidden_layer_sizes": [(7,)]}
    search = GridSearchCV(pipeline, grid, cv=2).fit(X, Y)
    assert layer_table(pipeline).n_parameters == 65 * 5 + 6 * 10
    assert layer_table(search).n_parameters == 65 * 7 + 8 * 10


@pytest.mark.parametrize(
    "network, error, message",
    [
        ("lenet", ValueError, "network='lenet' is no name of ARCHITECTURES"),
        ([Dense(3)], ValueError, "input_shape=None is not enough"),
        ([Dense(3), 5], TypeError, "network holds 5, which is no layer"),
        (torch.nn.Linear(2, 2), TypeError, "has no layers: give a list"),
        (MLPClassifier(), NotFittedError, "not fitted yet"),
        (LogisticRegression().fit(X, Y), TypeError, r"network=LogisticRegression\(\)"),
    ],
    ids=str,
)
def test_wrong_networks_are_named(network, error, message):
    with pytest.raises(error, match=message):
        layer_table(network)
