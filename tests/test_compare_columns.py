"""What a comparison makes of columns: dates, encodings, what to leave out."""

from datetime import date, datetime

import numpy as np
import pandas as pd
import pytest
from sklearn import datasets

from sknn_course import compare
from sknn_course._compare.dates import DateParts, read_dates
from sknn_course._compare.errors import InputError
from sknn_course._compare.files import read_file
from sknn_course._compare.pitfalls import find_pitfalls
from sknn_course._compare.tables import load_table


@pytest.mark.parametrize(
    "form",
    [
        "%Y-%m-%d",
        "%Y-%m-%d %H:%M",
        "%Y-%m-%dT%H:%M:%S",
        "%Y-%m-%dT%H:%M:%SZ",
        "%d.%m.%Y",
        "%d.%m.%Y %H:%M:%S",
        "%m/%d/%Y",
        "%d/%m/%Y",
        "%d-%m-%Y",
        "%Y/%m/%d",
    ],
)
def test_dates_are_told_from_text(form):
    times = [datetime(2024, 12, 31, 23, 59), datetime(1999, 3, 14), None]
    times[:2] = [datetime.strptime(one.strftime(form), form) for one in times[:2]]
    column = pd.Series([one and one.strftime(form) for one in times])
    frame = pd.DataFrame({"t": column})
    parts = DateParts().fit(frame)
    got = dict(
        zip(parts.get_feature_names_out(), parts.transform(frame).T, strict=True)
    )
    epoch = datetime(1970, 1, 1)
    expected = {
        "t_days": [(one - epoch).total_seconds() / 86400 for one in times[:2]],
        "t_month": [one.month for one in times[:2]],
        "t_day": [one.day for one in times[:2]],
        "t_weekday": [one.weekday() for one in times[:2]],
    }
    if "%H" in form:
        expected["t_hour"] = [one.hour for one in times[:2]]
    assert set(got) == set(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(got[name], [*values, np.median(values)])


@pytest.mark.parametrize(
    "values",
    [
        ["2024-01-01", "soon"],
        ["1-2-3", "4-5-6"],
        ["31.12.2024", "2024-12-31"],
        ["12.5", "3.25"],
        ["13/13/2024"],
        [1, 2],
        [True, False],
        ["a", "b"],
        [None, None],
    ],
)
def test_what_is_no_date_stays_what_it_is(values):
    assert read_dates(pd.Series(values)) is None


def test_of_days_and_months_the_numbers_decide():
    both = read_dates(pd.Series(["01/02/2024", "03/04/2024"]))
    assert both.tolist() == [pd.Timestamp(2024, 1, 2), pd.Timestamp(2024, 3, 4)]
    sure = read_dates(pd.Series(["01/02/2024", "13/04/2024"]))
    assert sure.tolist() == [pd.Timestamp(2024, 2, 1), pd.Timestamp(2024, 4, 13)]


def test_dates_of_a_file_are_features_and_told(tmp_path):
    days = pd.date_range("2024-01-01", periods=400)
    frame = pd.DataFrame(
        {"day": days.strftime("%d.%m.%Y"), "y": days.day_of_week * 1.5}
    )
    path = tmp_path / "sales.csv"
    frame.to_csv(path, index=False)
    models = ["hist_gradient_boosting"]
    board = compare(path, "y", task="regression", models=models, cv=2, n_settings=1)
    assert board.best.test_score > 0.9
    (note,) = [note for note in board.table.notes if "dates" in note]
    assert "'day' as dates" in note and "(01.01.2024 is 2024-01-01 00:00:00)" in note
    new = pd.DataFrame({"day": ["06.05.2024", "07.05.2024"]})  # as it is written
    monday, tuesday = board.winner.predict(new)
    assert monday < tuesday < 3


def test_columns_can_be_dropped(tmp_path):
    frame = pd.DataFrame({"a": [1, 2], "b, c": [3, 4], "y": [5, 6]})
    frame.to_csv(tmp_path / "d.csv", index=False)
    X, _, _ = read_file(tmp_path / "d.csv", "y", drop=["b, c"])
    assert list(X.columns) == ["a"]
    with pytest.raises(InputError, match=r"unknown column 'aa': did you mean 'a'\?"):
        read_file(tmp_path / "d.csv", "y", drop=["aa"])
    with pytest.raises(InputError, match="'y' is the target"):
        read_file(tmp_path / "d.csv", "y", drop=["y"])


def test_an_encoding_can_be_named(tmp_path):
    path = tmp_path / "d.csv"
    path.write_bytes("město;y\nPlzeň;1\nBrno;2\n".encode("cp1250"))
    X, _, notes = read_file(path, "y", encoding="cp1250")
    assert X["město"].tolist() == ["Plzeň", "Brno"]
    assert notes == ["read the columns as separated by semicolons"]
    with pytest.raises(InputError, match=r"'latn-1': did you mean 'latin-1'\?"):
        read_file(path, "y", encoding="latn-1")
    with pytest.raises(InputError, match="not a text file in utf-8"):
        read_file(path, "y", encoding="utf-8")


def with_pitfalls(task):
    rng = np.random.RandomState(0)
    x = rng.normal(size=(200, 2))
    y = x[:, 0] + 0.3 * rng.normal(size=200)
    frame = pd.DataFrame(x, columns=["x1", "x2"])
    frame["row"] = rng.permutation(200).astype(float)
    frame["age"] = rng.randint(20, 60, 200).astype(float)
    if task == "classification":
        y = np.where(y > 0, "yes", "no")
        frame["leak"] = np.where(y == "yes", "J", "N").astype(object)
    else:
        frame["leak"] = np.exp(y)
    return frame, y


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_ids_and_leaks_are_pointed_out(task):
    numbering, leak = find_pitfalls(*with_pitfalls(task), task)
    assert numbering.startswith("'row' may number the rows")
    assert numbering.endswith("(--drop row)")
    assert leak.startswith("'leak' alone predicts") and leak.endswith("(--drop leak)")


@pytest.mark.parametrize(
    "name", ["iris", "wine", "breast_cancer", "diabetes", "linnerud"]
)
def test_honest_columns_are_not_accused(name):
    frame = getattr(datasets, f"load_{name}")(as_frame=True).frame
    target = frame.columns[-1]
    X = frame.drop(columns=target).astype(float)
    task = "regression" if name in ("diabetes", "linnerud") else "classification"
    assert find_pitfalls(X, frame[target].to_numpy(), task) == []


def test_data_in_memory_and_in_a_file_are_one_table(tmp_path):
    import polars as pl

    frame, y = with_pitfalls("classification")
    frame = frame.assign(day=pd.date_range("2024-01-01", periods=200), bought=y)
    frame.to_parquet(tmp_path / "d.parquet")
    given = [
        (frame, "bought"),
        (frame.drop(columns="bought"), frame["bought"]),
        (frame.drop(columns="bought"), y),
        (pl.from_pandas(frame), "bought"),
        (tmp_path / "d.parquet", "bought"),
        (str(tmp_path / "d.parquet"), " bought"),
    ]
    tables = [load_table(data, target, drop="leak") for data, target in given]
    for table in tables:
        pd.testing.assert_frame_equal(table.X_train, tables[0].X_train)
        assert table.y_test.tolist() == tables[0].y_test.tolist()
        assert table.notes == tables[0].notes
    assert [table.target_name for table in tables] == [
        *["bought"] * 2,
        "target",
        *["bought"] * 3,
    ]


def test_arrays_may_have_gaps_but_no_names():
    X, y = datasets.load_wine(return_X_y=True)
    X[::7, 3] = np.nan
    models = ["least_squares", "hist_gradient_boosting"]
    board = compare(X, y, models=models, n_settings=1, cv=2)
    assert all(one.test_score > 0.9 for one in board.ranked[:2])
    missing = np.where(np.arange(178) % 50 == 0, np.nan, y)
    assert load_table(X, missing).notes == [
        "left out 4 rows without a value of 'target'"
    ]
    with pytest.raises(InputError, match="did you mean 'regression'"):
        load_table(X, y, task="regresion")
    with pytest.raises(InputError, match="time_budget=0"):
        compare(X, y, time_budget=0)
    with pytest.raises(InputError, match="have no names"):
        load_table(X, "y")
    with pytest.raises(InputError, match=r"shape \(177,\) for 178 rows"):
        load_table(X, y[1:])


def test_times_of_day_are_left_out(tmp_path):
    frame = pd.DataFrame({"x": [1.0, 2.0], "at": [datetime.min.time()] * 2})
    frame["for"] = pd.to_timedelta([60, 90], unit="s")
    frame["since"] = [date(2024, 1, 1), None]
    table = load_table(frame.assign(y=[1.5, 2.5]).loc[[0, 1] * 10], "y")
    assert list(table.X_train.columns) == ["x", "for"]
    assert set(table.X_train["for"]) == {60.0, 90.0}
    assert "left out the column 'at': it holds times" in table.notes
