"""The winner to take away: a pickle, a script, and what to do next."""

import runpy
import sys
from html.parser import HTMLParser

import joblib
import numpy as np
import pandas as pd
import pytest

from sknn_course import compare
from sknn_course._cli import main
from sknn_course._compare.candidates import make_candidates
from sknn_course._compare.models import MODELS
from sknn_course._compare.script import code_of
from sknn_course._compare.tables import load_table


@pytest.fixture(scope="module")
def shop():
    """Numbers with gaps, text, dates; the target depends on all of them."""
    rng = np.random.RandomState(0)
    n = 200
    days = pd.date_range("2023-01-01", periods=n).to_series(index=range(n))
    size, kind = rng.normal(size=n), rng.choice(list("abc"), n)
    spent = 2 * size + 3 * (kind == "b") + (days.dt.day_of_week > 4)
    frame = pd.DataFrame({"size": size, "kind": kind, "day": days.dt.strftime("%F")})
    frame.loc[rng.rand(n) < 0.1, ["size", "kind"]] = np.nan
    return frame.assign(row=range(n), spent=spent.round(3))


def without_pictures(monkeypatch):
    """They take seconds, and other tests look at them."""
    monkeypatch.setattr("sknn_course._compare.figures.draw_figures", lambda board: [])


def run_script(path, capsys, monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", [str(path), *map(str, arguments)])
    runpy.run_path(str(path), run_name="__main__")
    return capsys.readouterr().out


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("model", ["mlp", "hist_gradient_boosting"])
def test_the_script_rebuilds_the_winner_of_a_file(
    model, shop, tmp_path, capsys, monkeypatch
):
    data, output = tmp_path / "shop.csv", tmp_path / "out"
    shop.to_csv(data, index=False, sep=";", decimal=",")
    options = ["--target", "spent", "--drop", "row", "--scoring", "rmse", "--cv", "2"]
    options += ["--models", model, "--settings", "2", "--random-state", "3"]
    without_pictures(monkeypatch)
    assert main(["compare", str(data), *options, "--output", str(output)]) == 0
    told = capsys.readouterr()
    assert "next: predict new rows, a data frame X_new with the same columns: " in (
        told.out
    )
    first = joblib.load(output / "winner.joblib")
    table = load_table(data, "spent", drop="row", random_state=3)
    error = np.sqrt(np.mean((first.predict(table.X_test) - table.y_test) ** 2))
    (output / "winner.joblib").unlink()
    printed = run_script(output / "winner.py", capsys, monkeypatch)
    assert printed == f"rmse on the test rows: {error:.6g}\n"
    rebuilt = joblib.load(output / "winner.joblib")
    new = shop.drop(columns="spent").head(20)  # as pandas reads them
    np.testing.assert_array_equal(first.predict(new), rebuilt.predict(new))


def test_the_script_of_a_data_frame_takes_a_file(shop, tmp_path, capsys, monkeypatch):
    frame = shop.assign(kind=shop["kind"].fillna("a"))
    board = compare(
        frame.drop(columns="kind"), frame["kind"], models=["least_squares"], drop="row"
    )
    without_pictures(monkeypatch)
    board.save(tmp_path / "new" / "out")
    frame.to_csv(tmp_path / "shop.csv", index=False)
    script = tmp_path / "new" / "out" / "winner.py"
    printed = run_script(script, capsys, monkeypatch, tmp_path / "shop.csv")
    assert printed == f"accuracy on the test rows: {board.best.test_score:.6g}\n"


@pytest.mark.parametrize("data", ["digits", "diabetes", "breast_cancer"])
def test_every_candidate_is_the_same_as_code(data):
    table = load_table(data)
    names = [
        name
        for name, model in MODELS.items()
        if model.installed and table.task in model.tasks
    ]
    if not table.image_shape:
        names.remove("cnn")
    for one in make_candidates(table, names):
        imports: set[tuple[str, str]] = set()
        code = code_of(one.estimator, imports)
        scope: dict[str, object] = {}
        exec("\n".join(f"from {m} import {n}" for m, n in imports), scope)
        built = eval(code, scope)
        assert repr(built.get_params()) == repr(one.estimator.get_params())
        private = [module for module, _ in imports if "._" in module]
        assert not [one for one in private if "sknn_course" not in one]


def test_what_cannot_be_code_is_refused():
    with pytest.raises(TypeError, match="cannot be written as code"):
        code_of({"a": [len]}, set())
    assert eval(code_of([(1,), None, {"a": np.float64(2)}, float("inf")], set())) == [
        (1,),
        None,
        {"a": 2.0},
        float("inf"),
    ]


class Closed(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.open, self.text = [], ""
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.open += [tag] * (tag != "br")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def test_a_leaderboard_shows_in_notebooks_and_as_text(shop):
    frame = shop.assign(**{"a<b": shop["row"] * 1.5})
    board = compare(frame, "spent", models=["ridge", "linear_svm"], cv=2, n_settings=1)
    page, text = Closed(board._repr_html_()).text, repr(board)
    for shown in (page, text):
        for one in board.results:
            assert one.model in shown and f"{one.test_score:z.3f}" in shown
        assert "(--drop row)" in shown and "'day' as dates" in shown
    assert "compare again without the columns that the notes point out" in page


def test_the_next_steps_follow_from_what_was_found(shop):
    noise = pd.DataFrame(
        np.random.RandomState(0).normal(size=(60, 3)), columns=[*"xyz"]
    )
    board = compare(noise, "z", models=["ridge"], n_settings=1, max_rows=50, cv=2)
    assert board.best.model == "dummy"
    first, *others = board.next_steps
    assert first.startswith("nothing beat the dummy")
    assert others == ["learn from more rows: a larger --max-rows"]
