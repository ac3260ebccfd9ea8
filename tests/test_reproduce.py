"""The command reproduce, from arguments to files, on small experiments."""

import base64
import json
import os
import re
import signal
import subprocess
import sys
import time
from html.parser import HTMLParser

import numpy as np
import pytest
from sklearn.svm import SVC

from sknn_course import MLPClassifier, MLPRegressor
from sknn_course.cli import main
from sknn_course.experiments import catalogue
from sknn_course.experiments.data import LOADERS, NEEDS, DataNotFound, load
from sknn_course.experiments.pictures import PICTURES
from sknn_course.experiments.record import Check, Experiment, Findings, Training
from sknn_course.experiments.runner import Runner
from sknn_course.experiments.store import Store

SMALL = {
    "hidden_layer_sizes": (8,),
    "solver": "sgd",
    "learning_rate_init": 0.3,
    "batch_size": 20,
    "max_iter": 6,
}


def picture():
    from matplotlib.figure import Figure

    figure = Figure(figsize=(2, 1))
    figure.subplots().plot([0, 1], [1, 0])
    return figure


def count(context):
    # 784-100-100-10: what S1.22 counts by hand
    ours = 784 * 100 + 100 + 100 * 100 + 100 + 100 * 10 + 10
    return Findings(
        checks=[Check("parameters", ours, published=89_610)],
        tables={"Layers": [{"layer": "first", "parameters": 78_500}]},
        pictures={"straight_line": picture},
        notes=["Biases are counted."],
    )


def dependent(context):
    accuracy = context.result("S4.06").metrics["test_accuracy"]
    networks = context.fitted("S4.06")
    X, y = context.data("circles").test
    again = [(one.predict(X) == y).mean() for one in networks]
    checks = [Check("accuracies", again, right=accuracy, tolerance=1e-12)]
    return Findings(checks, notes=[f"{len(networks)} networks"])


def broken(context):
    raise ArithmeticError("no such number")


def circles(**params):
    return Training(
        MLPClassifier,
        {**SMALL, **params},
        "circles",
        published={"test_accuracy": 0.5},
        quick={"epochs": 3},
        together="circles",
    )


def known(*experiments):
    return {one.id: one for one in experiments}


EXPERIMENTS = known(
    Experiment("S1.22", "MLP parameters", "Counting", "784-100-100-10", count),
    Experiment("S3.02", "Broken", "Data", "fails", broken),
    Experiment(
        "S3.19",
        "Adam",
        "Eckerle4",
        "regression with dropout",
        Training(
            MLPRegressor,
            {**SMALL, "batch_size": 3, "dropout": 0.1},
            "eckerle4",
            published={"test_mse": 1e-9},
            judged=("test_mse",),
            pictures=("regression_fit",),
        ),
    ),
    Experiment("S4.06", "Circles", "Circles", "tanh network", circles()),
    Experiment("S4.08", "Rates", "Circles", "rate", circles(learning_rate_init=0.1)),
    Experiment("S4.09", "Reads", "Circles", "of S4.06", dependent, depends=("S4.06",)),
    Experiment(
        "S4.15",
        "SVC",
        "SVM",
        "RBF kernel",
        Training(SVC, {}, "circles", published={"test_accuracy": 0.94}),
    ),
    Experiment(
        "S5.18",
        "Starter CNN",
        "MNIST",
        "needs data",
        Training(MLPClassifier, SMALL, "mnist_58000", published={"test_accuracy": 0.9}),
    ),
    Experiment("S5.19", "Filters", "MNIST", "", dependent, depends=("S5.18",)),
    Experiment("S5.29", "Needs", "CIFAR", "", count, needs=("cifar10",)),
)


@pytest.fixture(autouse=True)
def small_catalogue(monkeypatch, tmp_path):
    monkeypatch.setattr(catalogue, "experiments", lambda: EXPERIMENTS)
    monkeypatch.setenv("SKNN_COURSE_DATA", str(tmp_path / "no data"))


def reproduce(*arguments):
    return main(["reproduce", *map(str, arguments)])


def outcomes_in(folder):
    document = json.loads((folder / "results.json").read_text("utf-8"))
    return {one["id"]: one for one in document["outcomes"]}


def test_the_course_has_256_rows_in_order(monkeypatch):
    monkeypatch.undo()
    expected = [
        f"S{sheet}.{row:02d}"
        for sheet, n_rows in enumerate((60, 33, 96, 35, 32), start=1)
        for row in range(1, n_rows + 1)
    ]
    found = catalogue.experiments()
    assert list(found) == expected and len(expected) == 256
    for id, experiment in found.items():
        assert experiment.id == id and experiment.title and experiment.group
        assert set(experiment.depends) <= set(expected)
        assert set(experiment.needs) <= set(NEEDS)
        if isinstance(experiment.task, Training):
            assert experiment.task.data in LOADERS
            assert set(experiment.task.pictures) <= {"learning_curves", *PICTURES}


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
    assert "8 rows: 5 passed, 3 not run" in printed
    outcomes = outcomes_in(tmp_path)
    assert outcomes["S1.22"]["status"] == outcomes["S4.09"]["status"] == "passed"
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
    from sknn_course.experiments import runner

    calls = []

    def train_all(trainings, *arguments, **options):
        calls.append(len(trainings))
        return original(trainings, *arguments, **options)

    original = runner.train_all
    monkeypatch.setattr(runner, "train_all", train_all)
    assert reproduce("S4.06-S4.15") == 0
    assert calls == [2, 1]  # both of 'circles', the SVC


# Taking up again


def test_resume_leaves_out_what_is_done(tmp_path, monkeypatch, capsys):
    ran = []
    study = Experiment(
        "S1.01", "Study", "", "", lambda context: ran.append(1) or Findings()
    )
    experiments = known(study, EXPERIMENTS["S3.02"], EXPERIMENTS["S4.06"])
    monkeypatch.setattr(catalogue, "experiments", lambda: experiments)
    assert reproduce("all", "--output", tmp_path) == 1
    before = (tmp_path / "outcomes" / "S4.06_quick.json").read_bytes()
    capsys.readouterr()
    assert reproduce("all", "--output", tmp_path, "--resume") == 1
    printed = capsys.readouterr()
    assert ran == [1]
    assert (tmp_path / "outcomes" / "S4.06_quick.json").read_bytes() == before
    assert "running S3.02" in printed.err  # what failed is tried again
    assert "running S1.01" not in printed.err and "running S4.06" not in printed.err
    assert "3 rows" in printed.out
    assert reproduce("S1.01", "--output", tmp_path) == 0  # not resumed: run anew
    assert ran == [1, 1]


def test_resume_gives_studies_the_fitted_networks_that_were_kept(tmp_path, capsys):
    assert reproduce("S4.06", "--output", tmp_path) == 0
    assert (tmp_path / "fitted" / "S4.06_quick.joblib").exists()
    assert reproduce("S4.09", "--output", tmp_path, "--resume") == 0
    assert "running S4.06" not in capsys.readouterr().err.split("written")[1]
    (tmp_path / "fitted" / "S4.06_quick.joblib").unlink()  # trained again
    (tmp_path / "outcomes" / "S4.09_quick.json").unlink()
    assert reproduce("S4.09", "--output", tmp_path, "--resume") == 0
    assert outcomes_in(tmp_path)["S4.09"]["status"] == "passed"


@pytest.mark.parametrize("scale", ["quick", "full"])
@pytest.mark.parametrize(("asked", "epochs"), [(2, 2), (4, 4), (50, 6)])
def test_epochs_may_be_chosen_up_to_those_of_the_sheet(asked, epochs, scale, tmp_path):
    options = ("--scale", scale, "--output", tmp_path)
    assert reproduce("S4.06", "S4.15", "S1.22", "--epochs", asked, *options) == 0
    outcome = Store(tmp_path).read("S4.06", scale)
    assert outcome.n_epochs == epochs == len(outcome.curves["train_loss"][0])
    assert outcome.smaller == (epochs < 6)
    assert ("2 of 6 epochs" in outcome.size) == (epochs == 2)


def test_a_full_outcome_serves_for_quick(tmp_path, capsys):
    assert reproduce("S4.08", "--scale", "full", "--output", tmp_path) == 0
    assert reproduce("S4", "--resume", "--output", tmp_path) == 0
    outcomes = outcomes_in(tmp_path)
    assert (outcomes["S4.08"]["scale"], outcomes["S4.06"]["scale"]) == ("full", "quick")
    assert outcomes["S4.08"]["n_epochs"] == 6 and outcomes["S4.06"]["n_epochs"] == 3


def press_ctrl_c(context):
    # what a network's fit does to a KeyboardInterrupt must not swallow it
    try:
        os.kill(os.getpid(), signal.SIGINT)
    except KeyboardInterrupt:
        pass
    return Findings()


def test_ctrl_c_keeps_what_is_done(tmp_path, monkeypatch, capsys):
    presses = Experiment("S4.07", "Interrupted", "", "", press_ctrl_c)
    experiments = known(EXPERIMENTS["S1.22"], presses, EXPERIMENTS["S4.15"])
    monkeypatch.setattr(catalogue, "experiments", lambda: experiments)
    handler = signal.getsignal(signal.SIGINT)
    assert reproduce("all", "--output", tmp_path) == 130
    assert signal.getsignal(signal.SIGINT) is handler
    printed = capsys.readouterr()
    assert "1 row: 1 passed" in printed.out and "--resume" in printed.err
    assert list(outcomes_in(tmp_path)) == ["S1.22"]
    calm = Experiment("S4.07", "Not interrupted", "", "", lambda c: Findings())
    experiments["S4.07"] = calm
    assert reproduce("all", "--output", tmp_path, "--resume") == 0
    assert list(outcomes_in(tmp_path)) == ["S1.22", "S4.07", "S4.15"]


LONG_EPOCHS = """
import sys
from sknn_course import MLPClassifier
from sknn_course.cli import main
from sknn_course.experiments import catalogue
from sknn_course.experiments.record import Experiment, Training

params = {"hidden_layer_sizes": (1500, 1500), "batch_size": 1, "max_iter": 1000}
one = Experiment("S3.63", "Slow", "", "", Training(MLPClassifier, params, "digits"))
catalogue.experiments = lambda: {one.id: one}
sys.argv = ["sknn_course", "reproduce", "S3.63"]
sys.exit(main())
"""


def test_ctrl_c_in_an_epoch_ends_the_process(tmp_path):
    command = [sys.executable, "-c", LONG_EPOCHS]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr.readline().startswith("running S3.63")
        time.sleep(1)  # into the epoch, which lasts many seconds
        process.send_signal(signal.SIGINT)
        printed = process.communicate(timeout=30)[1]
    assert process.returncode == 130
    assert "interrupted" in printed and "Traceback" not in printed


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
    assert outcomes_in(tmp_path)["S4.06"]["status"] == "passed"


# What studies may ask


def study_of(function, **options):
    one = Experiment("S1.01", "", "", "", function)
    runner = Runner(known(one), Store(None), **options)
    (outcome, _), *_ = runner.run([one])
    return outcome


def test_the_context(capsys):
    def study(context):
        assert context.scale == "full" and context.choose(1, 2) == 2
        assert (context.repeats, context.seed, context.device) == (3, 7, "cpu")
        data = context.data("circles", rows=50)
        svc = SVC()
        fitted = context.fit([svc, SVC(C=5.0)], *data.train)
        assert not hasattr(svc, "classes_")  # a clone was fitted
        alone = SVC(C=5.0).fit(*data.train)
        same = np.array_equal(
            alone.decision_function(data.test[0]),
            fitted[1].decision_function(data.test[0]),
        )
        return Findings([Check("same", same, right=True)])

    outcome = study_of(study, scale="full", repeats=3, seed=7, device="cpu")
    assert (outcome.status, outcome.reason) == ("passed", "")


def test_the_context_raises_what_a_fit_raises():
    def study(context):
        context.fit([SVC(C=-1.0)], *context.data("circles").train)

    outcome = study_of(study)
    assert outcome.status == "failed" and "'C' parameter of SVC" in outcome.reason


def test_data_that_a_study_does_not_find_is_missing():
    outcome = study_of(lambda context: context.data("cifar10_50000"))
    assert outcome.status == "not run" and "data_batch_5.bin" in outcome.reason


# Data


@pytest.mark.parametrize("name", ["circles", "eckerle4", "eckerle4_clean", "digits"])
def test_data_without_files(name):
    data = load(name)
    for part, size in zip(("train", "validation", "test"), data.sizes, strict=True):
        if size is None:
            assert data[part] is None
            continue
        X, y = data[part]
        assert X.dtype == np.float32 and X.flags.c_contiguous
        assert len(X) == len(y) == size
    assert len(load(name, rows=5).train[0]) == 5


def test_eckerle4_leaks_in_one_form_and_not_in_the_other():
    leaking, clean = load("eckerle4"), load("eckerle4_clean")

    def extremes(*pairs):
        X = np.concatenate([X for X, _ in pairs])
        y = np.concatenate([y for _, y in pairs])
        return [X.min(), X.max(), y.min(), y.max()]

    assert extremes(leaking.train, leaking.test) == [0, 1, 0, 1]
    assert extremes(clean.train) == [0, 1, 0, 1]
    assert extremes(leaking.train) != [0, 1, 0, 1]
    # the same rows, differently scaled
    for part in ("train", "test"):
        order = np.argsort(leaking[part][0][:, 0])
        assert np.array_equal(order, np.argsort(clean[part][0][:, 0]))


def test_unusable_names_and_rows():
    with pytest.raises(ValueError, match="name='mnits' is no data set"):
        load("mnits")
    with pytest.raises(ValueError, match="rows=0 must be"):
        load("circles", rows=0)
    with pytest.raises(DataNotFound) as error:
        load("mnist_first_1000", data_home="nowhere")
    assert error.value.missing.startswith("MNIST: train-images-idx3-ubyte[.gz], ")


def write_cifar10(folder, n_test):
    """The first batch and a part of the test images, in the official layout."""
    rng = np.random.default_rng(0)
    for name, n in (("data_batch_1.bin", 10_000), ("test_batch.bin", n_test)):
        records = rng.integers(0, 10, (n, 3073), dtype=np.uint8)
        records.tofile(folder / name)
        if name == "test_batch.bin":
            return records


def test_a_part_of_the_test_images_is_used_and_noted(tmp_path):
    records = write_cifar10(tmp_path, n_test=20)
    data = load("cifar10_10000", data_home=tmp_path)
    assert data.train[0].shape == (10_000, 3072) and data.sizes[2] == 10_000
    assert data.validation is data.test
    np.testing.assert_array_equal(data.test[1], records[:, 0])
    np.testing.assert_allclose(data.test[0], records[:, 1:] / 255, rtol=1e-6)
    assert data.notes == [
        "test_batch.bin holds 20 records, the official file 10000; the 20 are used."
    ]
    with pytest.raises(DataNotFound, match="data_batch_2.bin"):
        load("cifar10_50000", data_home=tmp_path)
