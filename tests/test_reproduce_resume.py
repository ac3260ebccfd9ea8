"""The command reproduce, interrupted and taken up again."""

import json
import os
import pickle
import signal
import subprocess
import sys
import time
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from small_experiments import (
    EXPERIMENTS,
    known,
    outcomes_in,
    reproduce,
    small_catalogue,  # noqa: F401  acts on every test here
)

from sknn_course.cnn import CNNClassifier
from sknn_course.course import catalogue
from sknn_course.course.data import load
from sknn_course.course.experiment import Experiment, Findings, Training
from sknn_course.course.kept_networks import from_arrays, to_arrays
from sknn_course.course.runner import Runner
from sknn_course.course.store import Store
from sknn_course.course.training import train_all


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
    assert (tmp_path / "fitted" / "S4.06_quick.npz").exists()
    assert reproduce("S4.09", "--output", tmp_path, "--resume") == 0
    assert "running S4.06" not in capsys.readouterr().err.split("written")[1]
    (tmp_path / "fitted" / "S4.06_quick.npz").unlink()  # trained again
    (tmp_path / "outcomes" / "S4.09_quick.json").unlink()
    assert reproduce("S4.09", "--output", tmp_path, "--resume") == 0
    assert outcomes_in(tmp_path)["S4.09"]["notes"] == ["2 networks"]


def test_a_row_of_another_definition_runs_again_and_other_figures_are_judged_anew(
    tmp_path, monkeypatch, capsys
):
    def resume(**changes):
        one = EXPERIMENTS["S4.06"]
        changed = replace(one, title="New", procedure=replace(one.procedure, **changes))
        monkeypatch.setattr(
            catalogue, "experiments", lambda: {**EXPERIMENTS, "S4.06": changed}
        )
        arguments = ("S4.06", "S4.09", "--resume", "--output", tmp_path)
        assert reproduce(*arguments, "--scale", "full") == 0
        return capsys.readouterr().err, outcomes_in(tmp_path)

    err, first = resume()
    assert "running S4.06" in err and "running S4.09" in err
    accuracy = first["S4.06"]["comparisons"][0]["values"]
    err, found = resume(published={"test_accuracy": 0.99}, remark="Few epochs")
    assert "running" not in err and found["S4.06"]["status"] == "outside"
    assert found["S4.06"]["title"] == "New" and "Few epochs" in found["S4.06"]["reason"]
    assert found["S4.06"]["comparisons"][0]["values"] == accuracy
    err, found = resume(seed_offset=1)
    assert "running S4.06" in err and "running S4.09" in err
    assert found["S4.06"]["comparisons"][0]["values"] != accuracy


def test_a_full_outcome_serves_for_quick(tmp_path, capsys):
    assert reproduce("S4.08", "--scale", "full", "--output", tmp_path) == 0
    assert reproduce("S4", "--resume", "--output", tmp_path) == 0
    outcomes = outcomes_in(tmp_path)
    assert (outcomes["S4.08"]["scale"], outcomes["S4.06"]["scale"]) == ("full", "quick")
    assert outcomes["S4.08"]["n_epochs"] == 6 and outcomes["S4.06"]["n_epochs"] == 3


class RunsCode:
    def __reduce__(self):
        return os.mkdir, (os.environ["HOSTILE"],)


def pickled(path):
    path.write_bytes(pickle.dumps([RunsCode()]))


def pickled_array(path):
    with path.open("wb") as file:
        np.savez(file, header=np.array([RunsCode()], dtype=object))


def cut(path):
    path.write_bytes(path.read_bytes()[:-100])


def empty(path):
    path.write_bytes(b"")


def bomb(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr("header.npy", bytes(50 * 2**20))


def rewrite(path, **changes):
    arrays = dict(np.load(path))
    arrays |= {key: change(arrays[key]) for key, change in changes.items()}
    with path.open("wb") as file:
        np.savez(file, **arrays)


def other_network(path):
    rewrite(path, **{"0/coefs_/0": lambda weight: weight[:-1]})


def not_finite(path):
    rewrite(path, **{"1/intercepts_/0": lambda bias: bias * np.nan})


def other_header(path):
    rewrite(path, header=lambda header: np.array('{"format": 1, "networks": 3}'))


def folder(path):
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    "damage",
    [
        pickled,
        pickled_array,
        cut,
        empty,
        bomb,
        other_network,
        not_finite,
        other_header,
        folder,
    ],
)
def test_networks_that_are_damaged_or_foreign_are_trained_again(
    damage, tmp_path, monkeypatch
):
    told = []
    store = Store(tmp_path, told.append)
    runner = Runner(EXPERIMENTS, store, resume=True, device="cpu")
    trained = runner.fitted("S4.06")
    store.write_fitted("S4.06", "quick", to_arrays(trained, seed=0))
    monkeypatch.setenv("HOSTILE", str(tmp_path / "code ran"))
    damage(store.fitted_path("S4.06", "quick"))
    pickled(tmp_path / "fitted" / "S4.06_quick.joblib")  # as earlier versions kept
    runner = Runner(EXPERIMENTS, store, resume=True, device="cpu")
    for one, again in zip(trained, runner.fitted("S4.06"), strict=True):
        assert_array_equal(one.coefs_[0], again.coefs_[0])
    assert len(told) == 1 and "\n" not in told[0]
    assert told[0].startswith("fitted/S4.06_quick.npz cannot be used: ")
    assert not (tmp_path / "code ran").exists()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"metrics": []}, "its 'metrics' is not"),
        ({"metrics": {"test_accuracy": ["high"]}}, "its 'metrics' is not"),
        ({"curves": {"train_loss": [0.5]}}, "its 'curves' is not"),
        ({"status": "splendid"}, "its 'status' is not"),
        ({"status": ["passed"]}, "its 'status' is not"),
        ({"id": "S4.15"}, "it is of S4.15"),
        ({"id": None}, "its 'id' is not"),
        ({"seconds": 1e999}, "its 'seconds' is not"),
        ({"comparisons": [{"metric": "test_accuracy"}]}, "its 'comparisons' is not"),
        ({"checks": [3]}, "its 'checks' is not"),
        ({"tables": {"Layers": [{"units": {"a": 1}}]}}, "its 'tables' is not"),
        ({"pictures": [{"name": "a", "file": "../a.png"}]}, "its 'pictures' is not"),
        ({"notes": ["\x1b[2J"]}, "its 'notes' is not"),
        ({"n_rows": 1.5}, "its 'n_rows' is not"),
        (None, "Expecting value"),
        ([3], "it holds no names"),
        ("nested", "nested too deeply"),
    ],
)
def test_outcomes_made_by_hand_are_told_and_run_again(
    change, reason, tmp_path, monkeypatch, capsys
):
    study = Experiment("S1.01", "Study", "", "", lambda context: Findings())
    monkeypatch.setattr(catalogue, "experiments", lambda: known(study))
    assert reproduce("S1.01", "--output", tmp_path) == 0
    path = tmp_path / "outcomes" / "S1.01_quick.json"
    content = json.loads(path.read_text("utf-8"))
    text = json.dumps(content | change if isinstance(change, dict) else change)
    text = {"null": "", '"nested"': "[" * 10**5}.get(text, text)
    path.write_text(text, "utf-8")
    (tmp_path / "results.json").write_text('{"commands": [3, "a", []]}', "utf-8")
    capsys.readouterr()
    assert reproduce("S1.01", "--output", tmp_path, "--resume") == 0
    printed = capsys.readouterr()
    assert printed.err.count("outcomes/S1.01_quick.json cannot be used") == 1
    assert reason in printed.err and "running S1.01" in printed.err
    assert outcomes_in(tmp_path)["S1.01"]["status"] == "shown"
    assert "Traceback" not in printed.err + printed.out


def test_kept_networks_are_the_same_to_the_last_bit():
    cnn = {
        "filters": ((4,),),
        "input_shape": (1, 1, 2),
        "kernel_size": 1,
        "pool_size": 1,
        "batch_norm": True,
        "conv_dropout": 0.1,
        "solver": "rmsprop",
        "max_iter": 3,
        "batch_size": 20,
    }
    for one_hot in (False, True):
        training = Training(CNNClassifier, cnn, "circles", one_hot=one_hot)
        (trained,) = train_all(
            [training], load, scale="full", repeats=[2], seed=5, device="cpu"
        )
        arrays = to_arrays([*trained.estimators, None], seed=5)
        assert all(array.dtype.kind in "fiU" for array in arrays.values())
        *again, nothing = from_arrays(arrays, training, load("circles"), "full", "cpu")
        assert nothing is None
        X = trained.data.test[0]
        for kept, one in zip(again, trained.estimators, strict=True):
            assert_array_equal(kept.predict_proba(X), one.predict_proba(X))
            assert_array_equal(kept.classes_, one.classes_)
            assert (kept.n_iter_, kept.loss_curve_) == (one.n_iter_, one.loss_curve_)
            assert kept.get_params() == one.get_params()


def test_files_are_whole_or_absent(tmp_path, monkeypatch):
    store = Store(tmp_path)
    store.write_fitted("S1.01", "quick", {"header": np.zeros(3)})
    path = store.fitted_path("S1.01", "quick")
    before = path.read_bytes()

    def full_disk(file, **arrays):
        file.write(b"PK")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full_disk)
    with pytest.raises(OSError, match="No space"):
        store.write_fitted("S1.01", "quick", {"header": np.ones(3)})
    assert path.read_bytes() == before
    assert [one.name for one in path.parent.iterdir()] == [path.name]


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
from sknn_course._cli import main
from sknn_course.course import catalogue
from sknn_course.course.experiment import Experiment, Training

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
