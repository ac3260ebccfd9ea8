"""The benchmarks run, assert that the sides agree, and write what they measured."""

import contextlib
import importlib
import io
import json
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
SCRIPTS = sorted(
    path.stem
    for path in BENCHMARKS.glob("*.py")
    if "\ndef main(" in path.read_text("utf-8")
)


@pytest.fixture(autouse=True)
def import_path(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)


@cache
def run(script):
    """What a script's quick mode writes and prints."""
    printed = io.StringIO()
    with TemporaryDirectory() as folder, contextlib.redirect_stdout(printed):
        output = Path(folder) / "results" / f"{script}.json"
        importlib.import_module(script).main(
            ["--quick", "--repeats", "2", "--output", str(output)]
        )
        return json.loads(output.read_text("utf-8")), printed.getvalue().splitlines()


@pytest.mark.parametrize("script", SCRIPTS)
def test_quick_mode_asserts_agreement_and_writes_ratios(script):
    report, printed = run(script)
    assert f"benchmarks/{script}.py --quick" in report["command"]
    assert report["machine"]["torch_threads"] >= 1
    assert report["results"]
    for result in report["results"]:
        assert set(result["ratios"]) <= set(result["agreement"])
        for checked in result["agreement"].values():
            assert 0 <= checked["difference"] <= checked["rtol"]
        for ratio in result["ratios"].values():
            assert 0 < ratio["min"] <= ratio["max"]
            assert 0 < ratio["ratio"] < np.inf
    n_ratios = sum(len(result["ratios"]) for result in report["results"])
    assert len(printed) == 1 + n_ratios


def test_single_fit_meets_each_peer_on_each_problem():
    results = run("single_fit")[0]["results"]
    met = {
        (result["network"], result["solver"], result["dtype"], peer.split(",")[0])
        for result in results
        for peer in result["ratios"]
    }
    perceptrons = {
        (network, solver, dtype, peer)
        for network in ("2-20-1", "64-100-10", "784-200-10")
        for solver in ("adam", "sgd")
        for dtype, peer in [
            ("float64", "scikit-learn"),
            ("float32", "scikit-learn"),
            ("float32", "skorch"),
            ("float32", "plain"),
        ]
    }
    convolutional = {
        ("C32-C32-P-64-10", "adam", "float32", peer) for peer in ("skorch", "plain")
    }
    assert met == perceptrons | convolutional


def test_sides_that_disagree_are_not_timed():
    timing = importlib.import_module("timing")
    assert timing.check_agreement([1.0, 2.0], [1.0, 2.001], 1e-3) == pytest.approx(
        5e-4, rel=1e-2
    )
    with pytest.raises(AssertionError):
        timing.check_agreement([1.0, 2.0], [1.0, 2.1], 1e-3)


def test_ratios_come_from_medians_and_pairs():
    timing = importlib.import_module("timing")
    ratio = timing.ratio([1.0, 2.0, 9.0], [4.0, 2.0, 3.0])
    assert ratio == {"ratio": 2 / 3, "min": 0.25, "max": 3.0}


def test_sides_take_turns():
    timing = importlib.import_module("timing")
    called = []
    sides = {name: lambda name=name: called.append(name) for name in "ab"}
    seconds = timing.time_in_turn(sides, 2)
    assert called == ["a", "b", "b", "a"]
    assert [len(seconds[name]) for name in "ab"] == [2, 2]
