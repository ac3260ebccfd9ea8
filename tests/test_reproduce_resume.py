"""The command reproduce, interrupted and taken up again."""

import os
import signal
import subprocess
import sys
import time

from small_experiments import (
    EXPERIMENTS,
    known,
    outcomes_in,
    reproduce,
    small_catalogue,  # noqa: F401  acts on every test here
)

from sknn_course.experiments import catalogue
from sknn_course.experiments.record import Experiment, Findings


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
