"""The command line, from arguments to exit status."""

import base64
import gc
import io
import json
import os
import re
import resource
import signal
import sys
import threading

import pytest
from sklearn.dummy import DummyClassifier

from sknn_course._cli import main
from sknn_course._compare import candidates
from sknn_course._compare.models import Model
from sknn_course._compare.tables import BUILTIN
from sknn_course.parallel import last_report
from sknn_course.parallel.gc_freeze import INTERPRETERS_OWN
from sknn_course.parallel.scheduler import Scheduler

QUICK = ["--cv", "2", "--settings", "1", "--models", "least_squares"]


def test_help_names_all_data_and_models(capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["compare", "--help"])
    words = set(re.findall(r"\w+", capsys.readouterr().out))
    assert words >= set(BUILTIN) | set(candidates.MODELS)


def test_circles_show_what_is_linear_and_what_is_not(tmp_path, capsys):
    output = tmp_path / "new" / "folder"
    models = "least_squares,linear_svm,rbf_svm,ls_svm,mlp"
    options = ["--settings", "6", "--models", models, "--output", str(output)]
    assert main(["compare", *options]) == 0
    printed = capsys.readouterr()
    document = json.loads((output / "leaderboard.json").read_text("utf-8"))
    rows = {row["model"]: row for row in document["leaderboard"]}
    for model in ("dummy", "least_squares", "linear_svm"):
        assert 0.4 < rows[model]["test_score"] < 0.65
    for model in ("rbf_svm", "ls_svm", "mlp"):
        assert min(rows[model]["test_score"], rows[model]["cv_mean"]) > 0.9
        assert re.search(rf"^\[\d/6\] {model} .* s$", printed.err, re.MULTILINE)
        assert re.search(
            rf"^{model} .*{rows[model]['test_score']:.3f}", printed.out, re.M
        )
    report = (output / "report.html").read_text("utf-8")
    inline = re.findall(r'src="data:image/png;base64,([^"]+)"', report)
    pictures = {path.read_bytes() for path in output.glob("*.png")}
    assert len(pictures) == 4
    assert {base64.b64decode(one) for one in inline} == pictures


def test_the_seed_decides_the_scores(tmp_path, monkeypatch):
    monkeypatch.setattr("sknn_course._cli.compare.write_report", write_leaderboard)

    def scores(seed):
        models = ["--models", "mlp,rbf_svm", "--settings", "2", "--cv", "2"]
        output = ["--output", str(tmp_path), "--random-state", seed]
        assert main(["compare", "moons", *models, *output]) == 0
        document = json.loads((tmp_path / "leaderboard.json").read_text("utf-8"))
        return [
            (row["model"], row["cv_scores"], row["test_score"], row["best_params"])
            for row in document["leaderboard"]
        ]

    assert scores("3") == scores("3")
    assert scores("3") != scores("4")


def write_leaderboard(board, args):
    board.write(args.output, {})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["circle"], "did you mean 'circles'?"),
        (["no/such/file.csv", "--target", "y"], "does not exist"),
        (["--models", "mpl"], "did you mean 'mlp'?"),
        (["--models", "ridge"], "'ridge' is for regression"),
        (["--scoring", "acuracy"], "did you mean 'accuracy'?"),
        (["iris", "--drop", "x"], "--drop and --encoding are for files"),
        (["--device", "abacus"], "device='abacus' is not a device"),
        (["--target", "y"], "--target is for files"),
        (["iris", "--cv", "60"], "cv=60 folds need"),
        (["digits", "--output", __file__], "--output"),
        (["mnist", "--data-home", __file__], "MNIST"),
    ],
)
def test_unusable_input_is_one_sentence_and_status_2(
    arguments, message, capsys, monkeypatch
):
    monkeypatch.setattr("urllib.request.urlopen", refuse)
    assert main(["compare", *arguments]) == 2
    printed = capsys.readouterr()
    assert not printed.out
    last = printed.err.splitlines()[-1]
    assert last.startswith("sknn_course compare: ") and message in last


def refuse(*args, **kwargs):
    raise OSError("no network")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--cv", "1"],
        ["--budget", "0"],
        ["--n-jobs", "0"],
        ["--cv", "x"],
        ["--output", ""],
        ["--data-home", " "],
    ],
)
def test_unusable_options_are_status_2(arguments, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["compare", *arguments])
    assert arguments[0] in capsys.readouterr().err.splitlines()[-1]


def test_without_matplotlib_there_are_no_pictures(tmp_path, capsys, monkeypatch):
    for name in [name for name in sys.modules if name.startswith("matplotlib")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert main(["compare", "iris", *QUICK, "--output", str(tmp_path)]) == 0
    assert "matplotlib is not installed" in capsys.readouterr().err
    names = {path.name for path in tmp_path.iterdir()}
    leaderboard = {"leaderboard.csv", "leaderboard.json", "report.html"}
    assert names == leaderboard | {"winner.joblib", "winner.py"}


def test_a_full_disk_leaves_no_part_of_a_report(tmp_path, capsys):
    old = {"report.html": "the old one", "scores.png": "the old picture"}
    for name, text in old.items():
        (tmp_path / name).write_text(text)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, limits[1]))
    try:
        status = main(["compare", "iris", *QUICK, "--output", str(tmp_path)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    printed = capsys.readouterr()
    assert status == 1 and "least_squares" in printed.out
    assert printed.err.splitlines()[-1].endswith("File too large.")
    files = {path.name: path for path in tmp_path.iterdir()}
    assert set(files) == {*old, "leaderboard.csv", "leaderboard.json"}
    assert {name: files[name].read_text() for name in old} == old
    assert json.loads(files["leaderboard.json"].read_text("utf-8"))["leaderboard"]


HOSTILE = "\x1b[31m\u202e\x07"


@pytest.mark.parametrize("target", [f"y{HOSTILE}", "z"])
def test_names_command_no_terminal(tmp_path, capsys, target):
    path = tmp_path / f"{HOSTILE}\udce4.csv"
    rows = f'1,2020,a{HOSTILE}\n2,2020,"b\nnote: all is well"\n' * 10
    rows += f"1,2020,once{HOSTILE}\n"
    path.write_text(f"x,x,y{HOSTILE}\n{rows}", encoding="utf-8")
    output = ["--output", str(tmp_path / "report")]
    status = main(["compare", str(path), "--target", target, *QUICK, *output])
    printed = capsys.readouterr()
    assert status == (2 if target == "z" else 0)
    lines = (printed.out + printed.err).splitlines()
    assert all(line.isprintable() for line in lines)
    assert "note: all is well" not in lines
    assert r"\x1b[31m\u202e\x07" in printed.err


def test_letters_that_an_output_lacks_are_escaped(monkeypatch):
    output = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr("sys.stdout", output)
    assert main(["compare", "iris", *QUICK]) == 0
    assert re.search(rb"dummy +0.321 \\xb1 0.000", output.buffer.getvalue())


def press_ctrl_c():
    os.kill(os.getpid(), signal.SIGINT)


class Interrupting(DummyClassifier):
    """Its first fit is where the user presses Ctrl-C; like a network, it goes on."""

    has_pressed = False
    may_end = None  # an event: until then the fit takes its time

    def fit(self, X, y):
        if not Interrupting.has_pressed:
            Interrupting.has_pressed = True
            try:
                press_ctrl_c()
            except KeyboardInterrupt:
                pass
            Interrupting.may_end.wait(10)
        return super().fit(X, y)


def compare_interrupted(monkeypatch, twice=False):
    made = (Interrupting(), {}, 1.0)
    monkeypatch.setattr(Interrupting, "has_pressed", False)
    monkeypatch.setattr(Interrupting, "may_end", threading.Event())
    if not twice:
        Interrupting.may_end.set()
    model = Model(lambda classify, table: made)
    monkeypatch.setitem(candidates.MODELS, "mlp", model)
    handler = signal.getsignal(signal.SIGINT)
    models = ["--models", "least_squares,mlp"]
    assert main(["compare", "iris", *QUICK[:4], *models]) == 130
    assert signal.getsignal(signal.SIGINT) is handler


def test_ctrl_c_prints_what_is_done(capsys, monkeypatch):
    compare_interrupted(monkeypatch)
    printed = capsys.readouterr().out
    assert "least_squares" in printed
    assert "note: left out mlp: interrupted" in printed


@pytest.mark.parametrize("name", ["abort", "end_call", "close"])
def test_ctrl_c_once_more_ends_at_once(name, capsys, monkeypatch):
    """While a search with the backend "stacked" ends by the first."""
    method = getattr(Scheduler, name)

    def interrupted(self, *arguments):
        if Interrupting.has_pressed:
            Interrupting.may_end.set()
            press_ctrl_c()
        return method(self, *arguments)

    monkeypatch.setattr(Scheduler, name, interrupted)
    compare_interrupted(monkeypatch, twice=True)
    printed = capsys.readouterr()
    assert printed.out == "" and printed.err.endswith("interrupted\n")
    assert gc.get_freeze_count() < INTERPRETERS_OWN


def test_nothing_but_failures_is_status_1(capsys, monkeypatch):
    made = (DummyClassifier(strategy="none"), {}, 1.0)
    for name in ("dummy", "mlp"):
        model = Model(lambda classify, table: made)
        monkeypatch.setitem(candidates.MODELS, name, model)
    assert main(["compare", "iris", "--models", "mlp"]) == 1
    assert "strategy" in capsys.readouterr().out


def test_several_processes_give_the_same_scores_and_stack(capsys):
    def scores(n_jobs):
        options = ["--cv", "2", "--settings", "3", "--models", "mlp"]
        options += ["--budget", "inf"]
        assert main(["compare", "iris", *options, "--n-jobs", n_jobs]) == 0
        return re.findall(r"\d\.\d{3} ± \d\.\d{3}", capsys.readouterr().out)

    alone = scores("1")
    assert last_report().waves == [6]
    assert scores("2") == alone
    assert last_report().waves == [3, 3]
