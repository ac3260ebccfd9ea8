"""The command reproduce, from arguments to files, on small experiments."""

import base64
import re
import sys
from html.parser import HTMLParser

import numpy as np
import pytest
from small_experiments import (
    EXPERIMENTS,
    broken,
    dependent,
    known,
    outcomes_in,
    picture,
    reproduce,
    small_catalogue,  # noqa: F401  acts on every test here
)

from sknn_course.course import catalogue
from sknn_course.course.data import LOADERS, NEEDS
from sknn_course.course.experiment import Check, Experiment, Findings, Training
from sknn_course.course.pictures import PICTURES
from sknn_course.course.store import Store


def test_the_course_has_267_rows_in_order(monkeypatch):
    monkeypatch.undo()
    expected = [
        f"S{sheet}.{row:02d}"
        for sheet, n_rows in enumerate((70, 33, 96, 36, 32), start=1)
        for row in range(1, n_rows + 1)
    ]
    found = catalogue.experiments()
    assert list(found) == expected and len(expected) == 267
    for id, experiment in found.items():
        assert experiment.id == id and experiment.title and experiment.group
        assert set(experiment.depends) <= set(expected)
        assert set(experiment.needs) <= set(NEEDS)
        if isinstance(experiment.procedure, Training):
            assert experiment.procedure.data in LOADERS
            assert set(experiment.procedure.pictures) <= {"learning_curves", *PICTURES}


# Selection


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["S4.08"], ["S4.08"]),
        (["s4.8"], ["S4.08"]),
        (["S4.08", "S1"], ["S1.22", "S4.08"]),
        (["S4.06-S4.09"], ["S4.06", "S4.08", "S4.09"]),
        (["S4.06-08"], ["S4.06", "S4.08"]),
        (["S3.19-S4.06,S1.22"], ["S1.22", "S3.19", "S4.06"]),
        (["all"], list(EXPERIMENTS)),
        ([], []),
    ],
)
def test_names_ranges_and_sheets_select(names, expected):
    assert [one.id for one in catalogue.select(names, EXPERIMENTS)] == expected


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["S4.7"], "'S4.7' is no experiment (did you mean S4.0"),
        (["S9"], "'S9' is no sheet: use one of S1, S3, S4, S5"),
        (["S4.09-S4.06"], "empty range"),
        (["dropout"], "is no experiment"),
        (["all", "--sheet", "S7"], "--sheet 'S7' is none of S1, S2"),
        (["all", "--text", "elephant"], "no row is left"),
        ([], "name the ROWS"),
        (["S1.22", "--resume"], "--resume needs the --output"),
        (["S1.22", "--device", "abacus"], "device='abacus'"),
        (["S1.22", "--output", __file__], "--output"),
    ],
)
def test_unusable_input_is_one_sentence_and_status_2(arguments, message, capsys):
    assert reproduce(*arguments) == 2
    printed = capsys.readouterr()
    assert not printed.out
    assert message in printed.err and printed.err.count("\n") == 1


def test_list_shows_all_and_runs_nothing(capsys):
    assert reproduce("--list") == 0
    printed = capsys.readouterr().out
    assert re.findall(r"S\d\.\d\d", printed) == list(EXPERIMENTS)
    assert printed.rstrip().endswith(f"{len(EXPERIMENTS)} rows")
    assert "S5.18  Starter CNN  (trains, mnist_58000)" in printed
    assert "S5.29  Needs  (calculates, cifar10)" in printed


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--sheet", "S4"], ["S4.06", "S4.08", "S4.09", "S4.15"]),
        (["--text", "dropout"], ["S3.19"]),
        (["--text", "CIRCLES rate"], ["S4.08"]),
        (["--sheet", "s5", "--text", "filters"], ["S5.19"]),
        (["S4.06-S5.18", "--sheet", "S5"], ["S5.18"]),
    ],
)
def test_filters(arguments, expected, capsys):
    assert reproduce(*arguments, "--list") == 0
    assert re.findall(r"S\d\.\d\d", capsys.readouterr().out) == expected


# Running


def test_a_run_prints_and_writes_everything(tmp_path, capsys):
    assert reproduce("S1", "S4", "S5", "--output", tmp_path) == 0
    printed = capsys.readouterr().out
    assert "89,610" in printed and "Biases are counted." in printed
    assert "8 rows: 2 passed, 3 smaller run, 3 not run" in printed
    outcomes = outcomes_in(tmp_path)
    assert outcomes["S1.22"]["status"] == "passed"
    assert outcomes["S4.09"]["status"] == "smaller run"  # as the row that it reads
    assert outcomes["S4.09"]["notes"] == ["2 networks"]
    assert outcomes["S4.06"]["size"] == "200 rows, 3 of 6 epochs, 2 repetitions"
    # pictures: in the folder, in the page, and nothing else is
    pages = "".join(
        (tmp_path / f"sheet{number}.html").read_text("utf-8") for number in (1, 4)
    )
    inline = re.findall(r'src="data:image/png;base64,([^"]+)"', pages)
    files = {path.read_bytes() for path in (tmp_path / "pictures").glob("*.png")}
    assert len(files) == 3 and {base64.b64decode(one) for one in inline} == files
    markdown = (tmp_path / "results.md").read_text("utf-8")
    for outcome in outcomes.values():
        for one in outcome["comparisons"]:
            mean = f"{np.mean(one['values']):.4f}"
            assert mean in markdown and mean in pages and mean in printed
    assert str(tmp_path) not in markdown + pages


class Tags(HTMLParser):
    """Counts opened and closed tags."""

    def __init__(self):
        super().__init__()
        self.open, self.links, self.ids = [], set(), set()

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.ids.add(attributes.get("id"))
        self.links.add(attributes.get("href", ""))
        if tag not in ("meta", "img", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_pages_are_sound_html_without_outside_references(tmp_path):
    assert reproduce("S4.06", "S1.22", "S5.29", "--output", tmp_path) == 0
    for number in (1, 4, 5):
        page = (tmp_path / f"sheet{number}.html").read_text("utf-8")
        tags = Tags()
        tags.feed(page)
        assert not tags.open
        assert {one[1:] for one in tags.links if one} <= tags.ids
        assert not re.search(r"(src|href)=\"(?!data:|#)", page)


def test_missing_data_is_named_and_not_counted_as_passed(capsys):
    assert reproduce("S5") == 0
    printed = capsys.readouterr().out
    assert "S5.18 not run: MNIST: train-images-idx3-ubyte[.gz]" in printed
    assert "data_batch_1.bin" in printed and "--download" in printed
    assert "S5.19 not run: needs S5.18, which was not run" in printed
    assert "3 rows: 3 not run" in printed


def test_a_failing_row_harms_no_other(capsys):
    assert reproduce("S3.02", "S4.15") == 1
    printed = capsys.readouterr().out
    assert "S3.02 failed: ArithmeticError: no such number" in printed
    assert "S4.15 SVC: passed" in printed


def test_a_training_that_is_not_as_good_is_no_error(capsys):
    assert reproduce("S3.19", "--scale", "full") == 0
    assert "test MSE" in (printed := capsys.readouterr().out) and "outside" in printed


def test_a_wrong_calculation_is_status_1(monkeypatch, capsys):
    def wrong(context):
        checks = [Check("sum", 2 + 2, published=5), Check("product", 4, right=4)]
        return Findings(checks)

    one = Experiment("S1.30", "ZF net", "Counting", "", wrong)
    monkeypatch.setattr(catalogue, "experiments", lambda: known(one))
    assert reproduce("all") == 1
    assert "1 of 2 checks are not met: sum" in capsys.readouterr().out


def test_a_picture_that_cannot_be_drawn_is_a_failure(monkeypatch, tmp_path):
    study = Experiment(
        "S1.18",
        "Graph",
        "",
        "",
        lambda context: Findings(pictures={"good": picture, "bad": lambda: 1 / 0}),
    )
    monkeypatch.setattr(catalogue, "experiments", lambda: known(study))
    assert reproduce("all", "--output", tmp_path) == 1
    outcome = outcomes_in(tmp_path)["S1.18"]
    assert outcome["status"] == "failed" and "'bad'" in outcome["reason"]
    assert [one["name"] for one in outcome["pictures"]] == ["good"]


def test_dependencies_are_run_first_and_told_of(capsys):
    assert reproduce("S4.09", "--repeats", "3") == 0
    printed = capsys.readouterr().out
    assert printed.index("S4.06 Circles") < printed.index("S4.09 Reads")
    assert "3 networks" in printed


def test_a_dependency_that_failed_is_named(monkeypatch, capsys):
    bad = Experiment("S4.01", "Bad", "", "", broken)
    reader = Experiment("S4.02", "Reader", "", "", dependent, depends=("S4.01",))
    monkeypatch.setattr(catalogue, "experiments", lambda: known(bad, reader))
    assert reproduce("S4.02") == 1
    assert "S4.02 not run: needs S4.01, which failed" in capsys.readouterr().out


def test_rows_of_one_name_train_in_one_call(monkeypatch):
    from sknn_course.course import runner

    calls = []

    def train_all(trainings, *arguments, **options):
        calls.append(len(trainings))
        return original(trainings, *arguments, **options)

    original = runner.train_all
    monkeypatch.setattr(runner, "train_all", train_all)
    assert reproduce("S4.06-S4.15") == 0
    assert calls == [2, 1]  # both of 'circles', the SVC


@pytest.mark.parametrize("scale", ["quick", "full"])
@pytest.mark.parametrize(("asked", "epochs"), [(2, 2), (4, 4), (50, 6)])
def test_epochs_may_be_chosen_up_to_those_of_the_sheet(asked, epochs, scale, tmp_path):
    options = ("--scale", scale, "--output", tmp_path)
    assert reproduce("S4.06", "S4.15", "S1.22", "--epochs", asked, *options) == 0
    outcome = Store(tmp_path).read("S4.06", scale)
    assert outcome.n_epochs == epochs == len(outcome.curves["train_loss"][0])
    assert outcome.smaller == (epochs < 6)
    assert ("2 of 6 epochs" in outcome.size) == (epochs == 2)


def test_the_seed_decides(tmp_path):
    def values(seed):
        folder = tmp_path / seed
        assert reproduce("S4.06", "--seed", seed, "--output", folder) == 0
        return outcomes_in(folder)["S4.06"]["metrics"]["test_loss"]

    first = values("0")
    assert len(set(first)) == 2 and values("1")[0] == pytest.approx(first[1])


def test_without_matplotlib_there_are_no_pictures(tmp_path, monkeypatch, capsys):
    for name in [name for name in sys.modules if name.startswith("matplotlib")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert reproduce("S1.22", "S4.06", "--output", tmp_path) == 0
    assert "matplotlib is not installed" in capsys.readouterr().err
    assert not list((tmp_path / "pictures").iterdir())
    assert outcomes_in(tmp_path)["S4.06"]["status"] == "smaller run"
