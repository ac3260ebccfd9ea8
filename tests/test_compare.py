"""The comparison: data, search, leaderboard, pictures and report."""

import csv
import json
import sys
from datetime import date
from decimal import Decimal
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.datasets import load_iris
from sklearn.linear_model import RidgeClassifier
from sklearn.metrics import confusion_matrix
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score
from sklearn.svm import SVC

from sknn_course import CNNClassifier, LeastSquaresSVC, MLPClassifier
from sknn_course._compare import candidates as candidates_module
from sknn_course._compare.candidates import make_candidates
from sknn_course._compare.compare import Interrupted, compare
from sknn_course._compare.errors import InputError
from sknn_course._compare.figures import draw_figures
from sknn_course._compare.files import read_file
from sknn_course._compare.html import render_html
from sknn_course._compare.models import Model
from sknn_course._compare.search import SearchWithinBudget, draw_settings
from sknn_course._compare.tables import BUILTIN, Table, load_table
from sknn_course._compare.targets import check_target, guess_task, strata
from sknn_course._compare.text import format_leaderboard, remarks
from sknn_course._compare.trial import count_parameters

OFFLINE = sorted(set(BUILTIN) - {"mnist", "cifar10"})
LATER = sys.float_info.max


@pytest.fixture
def write(tmp_path):
    def write(text, name="data.csv"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


@pytest.fixture(scope="module")
def mixed():
    """Numbers, categories, booleans, gaps; the target depends on all of them."""
    rng = np.random.RandomState(0)
    n = 160
    size, kind, member = rng.normal(size=n), rng.choice(list("abc"), n), rng.rand(n)
    y = 2 * size + 3 * (kind == "b") - 2 * (member < 0.5) + rng.normal(0, 0.1, n)
    frame = pd.DataFrame({"size": size, "kind": kind, "member": member < 0.5})
    frame.loc[rng.rand(n) < 0.1, "size"] = np.nan
    frame.loc[rng.rand(n) < 0.1, "kind"] = np.nan
    return frame.assign(spent=y, bought=np.where(y > 0, "yes", "no"))


@pytest.fixture(scope="module")
def iris_board():
    table = load_table("iris")
    return compare(table, ["least_squares", "rbf_svm", "mlp"], cv=3, n_settings=2)


# targets


@pytest.mark.parametrize(
    ("y", "task"),
    [
        (["a", "b"], "classification"),
        ([True, False], "classification"),
        ([0, 1] * 5, "classification"),
        ([0.0, 1.0] * 5, "classification"),
        ([1, 2, 3, 4], "regression"),  # a value per row
        (list(range(21)) * 5, "regression"),
        (list(range(20)) * 5, "classification"),
        ([0.5, 1.0] * 50, "regression"),
    ],
)
def test_task_is_told_from_the_target(y, task):
    assert guess_task(np.array(y)) == task


@pytest.mark.parametrize(
    ("y", "task", "message"),
    [
        ([], None, "'spent' is empty"),
        (["a", "a"], None, "one class only (a)"),
        ([2.5, 2.5], None, "one value only (2.5)"),
        (["1", "n/a"], "regression", "holds text ('n/a')"),
        ([*map(str, range(30)), "k.A."], None, "holds text ('k.A.')"),
        ([1.0, np.inf], "regression", "infinite"),
    ],
)
def test_unusable_targets_are_refused(y, task, message):
    with pytest.raises(InputError, match="target") as caught:
        check_target(np.array(y), task, "spent")
    assert message in str(caught.value)


def test_strata_of_quantities_are_quantile_bins():
    y = np.random.RandomState(0).permutation(100).astype(float)
    expected = pd.qcut(y, 10, labels=False)
    assert strata(y, "regression", size=5).tolist() == expected.tolist()


# files


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiter_and_types_of_a_text_file(write, delimiter):
    text = "size,kind,y\n1.5,a,1\n,b,2\n2,?,3\n".replace(",", delimiter)
    X, y, notes = read_file(write(text), "y")
    assert X["size"].tolist()[::2] == [1.5, 2.0] and np.isnan(X["size"][1])
    assert X["kind"].tolist()[:2] == ["a", "b"] and np.isnan(X["kind"][2])
    assert y.tolist() == [1, 2, 3] and len(notes) == (delimiter != ",")


@pytest.mark.parametrize(
    ("text", "values", "told"),
    [
        ("x;y\n8,44;26\n-,5;12\n", [8.44, -0.5], "'8,44' is 8.44"),
        ('x,y\n"8,44",26\n9,12\n', [8.44, 9], "decimal commas in 'x'"),
        ('x,y\n"1,234",26\n"987",12\n', [1234, 987], "'1,234' is 1234"),
        ('x,y\n"1,234.5",26\n1e3,12\n', [1234.5, 1000], "of thousands in 'x'"),
        ("x;y\n1.234,5;2\n7;1\n", [1234.5, 7], "commas and separators of thousands"),
        ("x;y\n1.234;2,5\n999;1\n", [1234, 999], "'1.234' is 1234"),
        ("x;y\n1.234;2,5\n0.25;1\n", [1.234, 0.25], "decimal commas in 'y'"),
        ("x;y\n1,234;2\n9,876;1\n", [1.234, 9.876], "'1,234' is 1.234"),
        ("x;y\n1.234;2\n9.876;1\n", [1.234, 9.876], "semicolons"),
        ("x\ty\n1 234,5\t2\n1'000\t1\n", [1234.5, 1000], "'1 234,5' is 1234.5"),
        ("x;y\n1,5;2\n;3\nNA;4\n", [1.5, np.nan, np.nan], "decimal commas"),
        ("sep=|\nx|y\n8,44|2\n1|1\n", [8.44, 1], "bars"),
        ("x, in $;y, in $\n8,44;2,1\n1;1\n", [8.44, 1], "semicolons"),
        ('"a;b;c",y\n8.44,2\n1,1\n', [8.44, 1], ""),
    ],
)
def test_numbers_of_other_countries(write, text, values, told):
    name = [name for name in ("y, in $", "y") if name in text][0]
    X, _, notes = read_file(write(text), name)
    (column,) = X.columns
    np.testing.assert_array_equal(X[column], values)
    assert told in "; ".join(notes)


def test_text_with_commas_stays_text(write):
    codes = ["A,5", "1,2,3", "0,12,5", "1,23.4", "-", "12,3456.7", "2,5 %"]
    rows = "".join(f"{code};{code};{i}\n" for i, code in enumerate(2 * codes))
    X, y, notes = read_file(write(f"kind;y;x\n{rows}"), "y")
    assert X["kind"].tolist() == y.tolist() == 2 * codes and len(notes) == 1


def test_text_among_decimal_commas_is_named(write):
    rows = "".join(f"{i},5;{i}\n" for i in range(30))
    with pytest.raises(InputError, match=r"'x' holds text \('k.A.', data row 31\)"):
        read_file(write(f"x;y\n{rows}k.A.;1\n"), "y")


@pytest.mark.parametrize(
    ("encoding", "told"),
    [("utf-8", 0), ("utf-8-sig", 0), ("utf-16", 0), ("cp1252", 1)],
)
def test_encodings_of_a_text_file(tmp_path, encoding, told):
    path = tmp_path / "data.csv"
    path.write_bytes("größe,straße\r\n1,ä\r\n2,ö\r\n".encode(encoding))
    X, y, notes = read_file(path, "straße")
    assert X["größe"].tolist() == [1, 2] and y.tolist() == ["ä", "ö"]
    assert len(notes) == told


@pytest.mark.parametrize(
    ("header", "target", "names", "told"),
    [
        ("a,a,t", "t", ["a", "a.1"], "there are 2 columns 'a'"),
        ("a,a.1,a,t", "t", ["a", "a.1", "a.2"], "read as 'a', 'a.2'"),
        ("a, a ,t", "t", ["a", "a.1"], "there are 2 columns 'a'"),
        ("a,t,t.1,t.2,t.4", "t", ["a", "t.4"], "left out the column 't.2'"),
        ("a,t.1,t,t.2", "t.1", ["a"], "left out the column 't'"),
        ("a,a.1, t", "t", ["a", "a.1"], ""),
    ],
)
def test_columns_of_one_name(write, header, target, names, told):
    row = ",".join("12345"[: header.count(",") + 1])
    X, y, notes = read_file(write(f"{header}\n{row}\n{row}\n"), target)
    assert list(X.columns) == names and told in "; ".join(notes)
    position = [name.strip() for name in header.split(",")].index(target)
    assert y.tolist() == [position + 1] * 2


def test_columns_of_parquet_that_are_no_plain_numbers_or_text(tmp_path):
    path = tmp_path / "data.parquet"
    frame = pd.DataFrame(
        {
            "price": [Decimal("1.5"), None, Decimal("3.25")],
            "raw": [b"\x00\xff", b"", None],
            "list": [[1, 2], [], None],
            "record": [{"a": 1}] * 3,
            "day": [date(2024, 1, 1)] * 3,
            "flag": [True, None, False],
            "y": [Decimal("1.5"), Decimal("2.5"), Decimal("9")],
        },
        index=list("abc"),
    )
    frame.to_parquet(path)
    X, y, notes = read_file(path, "y")
    np.testing.assert_array_equal(X["price"], [1.5, np.nan, 3.25])
    assert list(X.columns) == ["price", "flag"] and y.tolist() == [1.5, 2.5, 9.0]
    assert [note.partition(": it holds ")[2] for note in notes] == [
        "bytes",
        "lists",
        "records",
        "one date only",
    ]
    with pytest.raises(InputError, match="'list' holds lists where"):
        read_file(path, "list")


@pytest.mark.parametrize("suffix", ["csv", "csv.gz", "parquet"])
def test_file_formats_give_the_same(mixed, tmp_path, suffix):
    path = tmp_path / f"data.{suffix}"
    if suffix == "parquet":
        mixed.to_parquet(path)
    else:
        mixed.to_csv(path, index=False)
    X, y, _ = read_file(path, "bought")
    assert y.tolist() == mixed["bought"].tolist()
    np.testing.assert_allclose(X["size"], mixed["size"])
    assert X["kind"].isna().tolist() == mixed["kind"].isna().tolist()
    assert X["member"].tolist() == mixed["member"].tolist()


def test_what_cannot_be_a_feature_is_left_out_and_noted(tmp_path):
    frame = pd.DataFrame(
        {
            "id": [f"row {i}" for i in range(24)],
            "none": [np.nan] * 24,
            "when": pd.Timestamp("2020-01-01"),
            "x": range(24),
            "y": [1.5, np.nan] * 12,
        }
    )
    frame.to_parquet(tmp_path / "data.parquet")
    X, y, notes = read_file(tmp_path / "data.parquet", "y")
    assert list(X.columns) == ["x"]
    assert X["x"].tolist() == list(range(0, 24, 2)) and len(y) == 12
    assert [note.split(":")[0] for note in notes] == [
        "left out 12 rows without a value of 'y'",
        "left out the column 'id'",
        "left out the column 'none'",
        "left out the column 'when'",
    ]


NUMBERS = "".join(f"{i}.5,{i}\n" for i in range(30))


@pytest.mark.parametrize(
    ("text", "target", "message"),
    [
        ("x,y\n1,2\n", None, "Name it with --target: x, y."),
        ("x,price\n1,2\n", "prise", "did you mean 'price'?"),
        ("x,y\n", "y", "has no rows"),
        ("", "y", "cannot be read"),
        ("x,y\n1,2\n1,2,3\n", "y", "cannot be read"),
        ("x,y\n1,2,3\n1,2,3\n", "y", "cannot be read"),
        ("y\n1\n2\n", "y", "no column is left"),
        ("x,y\ninf,1\n2,2\n", "y", "'x' holds infinite values"),
        (f"x,y\n{NUMBERS}forty,1\n", "y", "'x' holds text ('forty', data row 31)"),
        ("t,x,t\n1,2,3\n", "t", "there are 2 columns 't'"),
        ("t,x, t \n1,2,3\n", "t", "there are 2 columns 't'"),
        ("x,y\n1,\0\n", "y", "NUL"),
    ],
)
def test_unusable_files_are_refused(write, text, target, message):
    with pytest.raises(InputError) as caught:
        read_file(write(text), target)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def other(data):
    return bytes(range(256))


def cut(data):
    return data[: data.rfind("ä".encode()) + 1 or len(data) // 2]


def changed(data):
    return data[:200] + b"\xff\xfe\xfd" * 20 + data[260:]


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        *[("data.csv", damage) for damage in (other, cut, changed)],
        *[("data.csv.gz", damage) for damage in (other, cut, changed)],
        *[("data.parquet", damage) for damage in (other, cut)],
    ],
)
def test_damaged_files_are_refused(mixed, tmp_path, name, damage):
    path = tmp_path / name
    frame = mixed.assign(kind="ä")
    if name == "data.parquet":
        frame.to_parquet(path)
    else:
        frame.to_csv(path)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(InputError, match=name):
        read_file(path, "y")


@pytest.mark.parametrize(
    ("module", "name"), [("pandas", "data.csv"), ("pyarrow", "data.parquet")]
)
def test_absent_packages_are_named(write, monkeypatch, module, name):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(InputError, match=f"{module}: pip install"):
        read_file(write("x,y\n1,2\n", name), "y")


# tables


@pytest.mark.parametrize("name", OFFLINE)
def test_built_in_tables_are_split_without_overlap(name):
    table = load_table(name, random_state=1)
    again = load_table(name, random_state=1)
    np.testing.assert_array_equal(table.X_train, again.X_train)
    assert len(table.feature_names) == table.X_train.shape[1]
    rows = {row.tobytes() for row in np.unique(table.X_train, axis=0)}
    shared = [row for row in np.unique(table.X_test, axis=0) if row.tobytes() in rows]
    assert len(shared) <= 1  # iris holds a row twice
    if table.task == "classification":
        assert set(table.y_train) == set(table.y_test)


def test_rare_classes_and_too_many_classes(write):
    table = load_table(
        write("x,y\n" + "1,a\n2,b\n" * 20 + "3,c\n"), target="y", task=None
    )
    assert "left out classes of one row each: c" in table.notes
    lines = "".join(f"{i},name {i}\n" for i in range(30))
    with pytest.raises(InputError, match="30 of the 30 classes have one row only"):
        load_table(write("x,y\n" + lines), target="y")


def test_unknown_data_gets_a_suggestion():
    with pytest.raises(InputError, match="did you mean 'circles'"):
        load_table("circle")


# search


def test_search_without_deadline_is_grid_search():
    X, y = load_iris(return_X_y=True)
    grid = {"C": [0.1, 1, 10], "gamma": [0.1, 1]}
    ours = SearchWithinBudget(SVC(), draw_settings(grid, 6, 0), cv=3).fit(X, y)
    theirs = GridSearchCV(SVC(), grid, cv=3).fit(X, y)
    assert ours.best_params_ == theirs.best_params_
    for key in ("mean_test_score", "std_test_score", "rank_test_score"):
        np.testing.assert_array_equal(ours.cv_results_[key], theirs.cv_results_[key])


@pytest.mark.parametrize(("deadline", "n_tried"), [(0.0, 2), (LATER, 5)])
def test_search_stops_after_its_deadline(deadline, n_tried):
    X, y = load_iris(return_X_y=True)
    settings = [{"alpha": alpha} for alpha in (1, 2, 3, 4, 5)]
    search = SearchWithinBudget(
        RidgeClassifier(), settings, deadline=deadline, chunk=2
    ).fit(X, y)
    assert search.n_tried_ == len(search.cv_results_["params"]) == n_tried


@pytest.mark.parametrize("deadline", [LATER, float("inf")])
def test_settings_that_fail_do_not_end_a_search(deadline):
    X, y = load_iris(return_X_y=True)
    settings = [{"alpha": -1}, {"alpha": 1.0}]
    search = SearchWithinBudget(RidgeClassifier(), settings, deadline=deadline)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("warnings.warn", lambda *args, **kwargs: None)
        search.fit(X, y)
    assert search.best_params_ == {"alpha": 1.0}
    with pytest.raises(ValueError, match="alpha"):
        clone(search).set_params(settings=settings[:1]).fit(X, y)


# leaderboard


def test_scores_are_those_of_scikit_learn(iris_board):
    table = iris_board.table
    folds = StratifiedKFold(3, shuffle=True, random_state=0)
    assert len(iris_board.results) == 4  # the dummy is always there
    for one in iris_board.ranked:
        fresh = clone(one.fitted)
        scores = cross_val_score(fresh, table.X_train, table.y_train, cv=folds)
        np.testing.assert_allclose(one.cv_scores, scores)
        assert one.cv_mean == pytest.approx(scores.mean())
        fresh.fit(table.X_train, table.y_train)
        assert one.test_score == fresh.score(table.X_test, table.y_test)
    means = [one.cv_mean for one in iris_board.ranked]
    assert means == sorted(means, reverse=True)


def test_the_network_is_standardised_inside_the_pipeline(iris_board):
    (mlp,) = [one for one in iris_board.results if one.model == "mlp"]
    scaler = mlp.fitted[0]
    np.testing.assert_allclose(scaler.mean_, iris_board.table.X_train.mean(axis=0))
    assert set(mlp.best_params) >= {"dropout", "hidden_layer_sizes"}


def test_a_regression_target_is_standardised_and_back():
    board = compare(load_table("diabetes"), ["least_squares", "mlp"], n_settings=1)
    for one in board.results:
        fitted = one.fitted[-1]
        assert fitted.transformer_.scale_[0] == pytest.approx(board.table.y_train.std())
        assert 50 < one.fitted.predict(board.table.X_test).mean() < 250


def test_mixed_columns_with_gaps_beat_the_dummy(mixed, tmp_path):
    mixed.drop(columns="spent").to_csv(tmp_path / "c.csv", index=False)
    mixed.drop(columns="bought").to_csv(tmp_path / "r.csv", index=False)
    for name, target, task in [
        ("c.csv", "bought", "classification"),
        ("r.csv", "spent", "regression"),
    ]:
        table = load_table(str(tmp_path / name), target=target)
        assert table.task == task
        board = compare(table, ["least_squares", "mlp"], cv=3, n_settings=3)
        scores = {one.model: one.test_score for one in board.results}
        assert min(scores["mlp"], scores["least_squares"]) > scores["dummy"] + 0.2


def test_cnn_is_compared_on_images_only():
    for name, expected in [("digits", True), ("iris", False)]:
        models = [one.model for one in make_candidates(load_table(name))]
        assert ("cnn" in models) is expected
    (_, cnn) = make_candidates(load_table("digits"), ["cnn"])
    assert cnn.estimator[-1].input_shape == (1, 8, 8)


class Broken(ClassifierMixin, BaseEstimator):
    """Fails where a value exceeds its limit."""

    def __init__(self, limit=0.0):
        self.limit = limit

    def fit(self, X, y):
        if X[0, 0] >= self.limit:
            raise RuntimeError("cannot <fit>\nfor a reason")
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])


@pytest.fixture
def broken(monkeypatch):
    """Put `Broken` in the place of the linear SVM."""

    def replace(*limits):
        made = (Broken(), {"limit": list(limits)}, 1.0)
        models = candidates_module.MODELS
        model = Model(lambda classify, table: made)
        monkeypatch.setitem(models, "linear_svm", model)

    return replace


def test_a_failing_estimator_harms_no_other(broken, iris_board):
    broken(-np.inf)
    models = ["least_squares", "linear_svm", "rbf_svm"]
    board = compare(iris_board.table, models, cv=3, n_settings=2)
    failed = board.ranked[-1]
    assert failed.model == "linear_svm" and not failed.ok
    assert failed.failure == "RuntimeError: cannot <fit>"
    assert failed.failure in format_leaderboard(board).splitlines()[-1]
    alone = {one.model: one.cv_scores for one in iris_board.results}
    for one in board.ranked[:-1]:
        assert one.cv_scores == alone[one.model]


@pytest.mark.parametrize("budget", [None, 1000])
def test_partly_failed_fits_are_told(broken, iris_board, budget):
    broken(-np.inf, np.inf)
    board = compare(iris_board.table, ["linear_svm"], cv=3, budget=budget)
    (one,) = [one for one in board.results if one.model == "linear_svm"]
    assert one.ok and one.best_params == {"limit": np.inf}
    assert remarks(board) == [
        "linear_svm: 3 of 6 fits failed (RuntimeError: cannot <fit>)"
    ]


def test_an_interrupt_keeps_what_is_done(iris_board):
    def progress(text, end="\n"):
        if "rbf_svm" in text:
            raise Interrupted

    board = compare(
        iris_board.table, ["least_squares", "rbf_svm"], n_settings=1, progress=progress
    )
    assert [one.model for one in board.results] == ["dummy", "least_squares"]
    assert board.left_out == ["rbf_svm: interrupted"]


def test_a_spent_budget_leaves_out_and_says_so():
    board = compare(load_table("iris"), ["mlp", "rbf_svm"], budget=1e-9)
    assert "the budget was spent" in remarks(board)[-1]
    assert len(board.results) < 3


def test_each_estimator_gets_its_part_of_the_budget():
    models = ["rbf_svm", "ls_svm"]  # quick: the first setting is tried in any case
    board = compare(load_table("iris"), models, budget=1.0, n_settings=500)
    tried = {one.model: one.n_settings for one in board.results}
    for model in models:
        assert 1 <= tried[model] < 1000
        assert any(f"settings of {model}" in remark for remark in remarks(board))


def test_too_few_rows_for_the_folds(write):
    table = load_table(write("x,y\n1,a\n2,b\n3,a\n4,b\n"), target="y")
    with pytest.raises(InputError, match="cv=5 folds need a class with 5"):
        compare(table)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_parameters_are_counted():
    X, y = load_iris(return_X_y=True)
    mlp = MLPClassifier((7,), max_iter=1).fit(X, y)
    assert count_parameters(mlp) == (4 + 1) * 7 + (7 + 1) * 3
    svc = SVC().fit(X, y)
    n = len(svc.support_)
    assert count_parameters(svc) == 4 * n + 2 * n + 3
    ls_svm = LeastSquaresSVC().fit(X, y)
    assert count_parameters(ls_svm) == 4 * 150 + 3 * 150 + 3
    cnn = CNNClassifier(((3,),), (), max_iter=1)
    images = np.zeros((9, 4, 4), np.float32)
    sizes = (9 + 1) * 3 + (3 * 2 * 2 + 1) * 3
    assert count_parameters(cnn.fit(images, [0, 1, 2] * 3)) == sizes


def test_files_of_the_leaderboard_agree(iris_board, tmp_path):
    iris_board.write(tmp_path, {"cv": 3})
    document = json.loads((tmp_path / "leaderboard.json").read_text("utf-8"))
    with (tmp_path / "leaderboard.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for one, row, record in zip(
        iris_board.ranked, rows, document["leaderboard"], strict=True
    ):
        assert one.model == row["model"] == record["model"]
        assert one.cv_scores == json.loads(row["cv_scores"]) == record["cv_scores"]
        assert one.test_score == float(row["test_score"]) == record["test_score"]
        assert set(record["best_params"]) == set(one.best_params)


def test_printed_table_wraps_to_the_terminal(iris_board):
    wide = format_leaderboard(iris_board)
    narrow = format_leaderboard(iris_board, width=100)
    assert max(map(len, narrow.splitlines())) <= 100 < max(map(len, wide.splitlines()))
    assert narrow.split() == wide.split()


# pictures and report


def pictures_of(name, models, **options):
    board = compare(load_table(name), models, cv=3, n_settings=1, **options)
    return board, {key: figure for key, _, figure in draw_figures(board)}


def test_pictures_of_two_features_and_two_classes():
    board, figures = pictures_of("circles", ["rbf_svm", "mlp"])
    assert set(figures) == {
        "scores",
        "learning_curves",
        "confusion_matrix",
        "decision_boundaries",
    }
    drawn = [line.get_xdata().tolist() for line in figures["scores"].axes[0].lines]
    for one in board.results:
        assert one.cv_scores in drawn
    best = board.ranked[0].fitted
    expected = confusion_matrix(
        board.table.y_test, best.predict(board.table.X_test)
    ).ravel()
    texts = [text.get_text() for text in figures["confusion_matrix"].axes[0].texts]
    assert texts == [str(number) for number in expected]
    panels = figures["decision_boundaries"].axes
    assert len([ax for ax in panels if ax.collections]) == 2
    loss, score = figures["learning_curves"].axes
    assert {line.get_label() for line in loss.lines} == {
        "training rows",
        "validation rows",
    }
    assert all(len(line.get_xdata()) > 1 for line in score.lines)


def test_pictures_of_two_features_and_three_named_classes(write):
    X, y = load_iris(return_X_y=True)
    names = np.array(["the setosa", "versicolor", "virginica"])[y]
    rows = "".join(f"{a},{b},{c}\n" for a, b, c in zip(*X.T[2:], names, strict=True))
    table = load_table(write("length,width,species\n" + rows), target="species")
    board = compare(table, ["least_squares"], n_settings=1)
    figures = {name: figure for name, _, figure in draw_figures(board)}
    assert set(figures) == {"scores", "confusion_matrix", "decision_boundaries"}
    legend = figures["decision_boundaries"].legends[0]
    assert [text.get_text() for text in legend.texts] == sorted(set(names))


def test_pictures_of_a_curve():
    board, figures = pictures_of("eckerle4", ["rbf_svm"])
    assert set(figures) == {"scores", "predicted_against_true", "fitted_curves"}
    curve = figures["fitted_curves"].axes[0].lines[-1]
    x, y = curve.get_data()
    (one,) = [one for one in board.results if one.model == "rbf_svm"]
    np.testing.assert_allclose(one.fitted.predict(x[:, None]), y)


def test_pictures_show_names_to_the_letter_and_absent_classes():
    """Formulas, hidden names, very long ones; a class in one part only."""
    names = [r"$\frac{$", "$$", "_c", "long" * 99]
    rng = np.random.RandomState(0)
    X = np.concatenate([np.zeros((20, 2)), np.ones((20, 2)), np.full((9, 2), 2)])
    X += rng.uniform(-0.1, 0.1, X.shape)
    y = np.repeat(names[:3], [20, 20, 9])
    table = Table(
        name="t",
        task="classification",
        X_train=X,
        X_test=np.concatenate([X[20:40], [[1, 1]]]),
        y_train=y,
        y_test=np.array([*y[20:40], names[3]]),
        feature_names=[r"$\undefined$", "a$\n"],
    )
    board = compare(table, ["rbf_svm"], cv=3, n_settings=1)
    figures = {name: figure for name, _, figure in draw_figures(board)}
    for figure in figures.values():
        figure.canvas.draw()
    boundaries = figures["decision_boundaries"]
    shown = [text.get_text() for text in boundaries.legends[0].texts]
    escaped = [r"\$\$", r"\$\frac{\$", "_c"]
    assert shown[:3] == escaped and len(shown[3]) == 40
    assert boundaries.get_supxlabel() == r"\$\undefined\$"
    assert boundaries.get_supylabel() == r"a\$\n"
    mesh, *dots = boundaries.axes[0].collections
    for code in range(3):  # a class's region has its colour, only paler
        region, dot = mesh.to_rgba(code)[:3], dots[code].get_facecolor()[0, :3]
        np.testing.assert_allclose(region, 0.3 * dot + 0.7)
    ticks = figures["confusion_matrix"].axes[0].get_xticklabels()
    assert [text.get_text() for text in ticks] == [escaped[0], shown[3]]


class Page(HTMLParser):
    """Collects tags, addresses and text, and checks that tags are closed."""

    def __init__(self, text):
        super().__init__()
        self.open, self.addresses, self.text = [], [], ""
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.addresses += [value for key, value in attrs if key in ("src", "href")]
        if tag not in ("meta", "img", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.text += data


def test_report_is_self_contained_and_escaped(broken, write):
    broken(-np.inf)
    rows = "1,<b>yes</b>\n2,<b>yes</b>\n5,no & no\n6,no & no\n" * 10
    table = load_table(write("x,<i>y</i>\n" + rows), target="<i>y</i>")
    board = compare(table, ["rbf_svm", "linear_svm"], n_settings=1)
    text = render_html(board, [(b"\x89PNG", 10, "a < b")], "python -m x '<y>\u202e'")
    page = Page(text)
    assert all(one.startswith("data:image/png;base64,") for one in page.addresses)
    assert len(page.addresses) == 1 and "http" not in text
    assert "\u202e" not in text  # it would turn what follows
    for expected in ("<i>y</i>", "cannot <fit>", "a < b", "'<y>\\u202e'"):
        assert expected in page.text
        assert expected not in text
    for one in board.results:
        assert one.model in page.text
