"""The benchmarks run, assert that the sides agree, and write what they measured."""

import contextlib
import importlib
import io
import json
from dataclasses import fields
from functools import cache
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import torch
from matplotlib.image import imread
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from sknn_course._engine.cost_model import CostModel

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
SCRIPTS = sorted(
    path.stem
    for path in BENCHMARKS.glob("*.py")
    if "\ndef main(" in path.read_text("utf-8")
    # the first times nothing, test_bad_inputs.py tries it; the second has no peer; the
    # third takes a folder of tables, the fourth an older commit; the others kill and
    # forge for minutes
    and path.stem
    not in (
        "bad_inputs",
        "cost_model",
        "tables",
        "old_commit",
        "resuming",
        "mutated_files",
    )
)
OPTIONS = {"gpu": ["--device", "cpu", "--only", "digits"]}
SEARCHES = {
    "circles",
    "digits",
    "breast_cancer",
    "breast_cancer_dropout",
    "mnist_sized",
}


@pytest.fixture(autouse=True)
def import_path(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)


@cache
def run(script):
    """What a script's quick mode writes, prints and draws."""
    printed, pictures = io.StringIO(), {}
    with TemporaryDirectory() as folder, contextlib.redirect_stdout(printed):
        output = Path(folder) / "results" / f"{script}.json"
        importlib.import_module(script).main(
            ["--quick", "--repeats", "1", "--output", str(output)]
            + OPTIONS.get(script, [])
        )
        for picture in output.parent.glob("*.png"):
            pictures[picture.name] = imread(picture)
        report = json.loads(output.read_text("utf-8"))
    return report, printed.getvalue().splitlines(), pictures


@pytest.mark.parametrize("script", SCRIPTS)
def test_quick_mode_asserts_agreement_and_writes_ratios(script):
    report = run(script)[0]
    assert f"benchmarks/{script}.py --quick" in report["command"]
    assert report["machine"]["torch_threads"] >= 1
    assert report["results"]
    for result in report["results"]:
        assert result["ratios"]
        assert set(result["ratios"]) <= set(result["agreement"])
        for checked in result["agreement"].values():
            (tolerance,) = {"rtol", "atol"} & set(checked)
            assert 0 <= checked["difference"] <= checked[tolerance]
        for ratio in result["ratios"].values():
            assert 0 < ratio["min"] <= ratio["max"]
            assert 0 < ratio["ratio"] < np.inf


def test_single_fit_meets_each_peer_on_each_problem():
    report, printed, _ = run("single_fit")
    met = {
        (result["network"], result["solver"], result["dtype"], peer.split(",")[0])
        for result in report["results"]
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
    n_ratios = sum(len(result["ratios"]) for result in report["results"])
    assert len(printed) == 1 + n_ratios


def test_sweep_meets_each_peer_that_can_run_the_grid():
    report, printed, _ = run("sweep")
    met = {
        (r["search"], r["data"], peer)
        for r in report["results"]
        for peer in r["ratios"]
    }
    assert met == {
        (search, data, peer)
        for search in SEARCHES
        for data in ("float64", "float32")
        for peer in ("scikit-learn", "skorch")
        if (search, peer) != ("breast_cancer_dropout", "scikit-learn")
    }
    rows = [line for line in printed if line.startswith("|")]
    assert len(rows) == 2 + len(report["results"])
    assert len({row.count("|") for row in rows}) == 1


def test_sweep_tells_what_a_search_itself_takes():
    for result in run("sweep")[0]["results"]:
        has_dropout = result["search"] == "breast_cancer_dropout"
        assert has_dropout != (result["seconds"].get("nothing trained", 0) > 0)
        assert "nothing trained" not in result["ratios"]


def test_sweep_scales_up_a_part_of_the_fits():
    for result in run("sweep")[0]["results"]:
        n_fits, timed = result["n_fits"], result["n_fits_timed"]
        assert n_fits == result["n_candidates"] * result["n_folds"]
        assert timed["sknn_course"] == timed.get("scikit-learn", n_fits) == n_fits
        assert timed["skorch"] < n_fits
        ratio = result["ratios"]["skorch"]["ratio"]
        assert ratio == pytest.approx(
            result["seconds"]["skorch"] / result["seconds"]["sknn_course"]
        )


def test_sweep_stacks_all_of_its_own_fits():
    for result in run("sweep")[0]["results"]:
        n_fits = result["n_fits"]
        assert result["report"][0].startswith(f"{n_fits} tasks, {n_fits} networks in")
        assert min(result["peak_memory_mib"].values()) > 50


def test_scikit_learn_side_does_not_pay_for_torch():
    for result in run("sweep")[0]["results"]:
        memory = result["peak_memory_mib"]
        if "scikit-learn" in memory:
            assert memory["scikit-learn"] < 0.8 * memory["skorch"]


def test_memory_of_workers_is_counted():
    side = importlib.import_module("side")
    peaks = side._ask_workers(side._own_peak, n_jobs=2)
    assert len(peaks) == 2
    assert side.peak_memory(n_jobs=2) > side.peak_memory() + 0.9 * min(peaks.values())


def test_scores_beyond_what_a_seed_makes_of_them_are_refused():
    check = importlib.import_module("search_agreement").check_mean_score
    by_seed = [0.89, 0.90, 0.91]
    assert check(0.93, by_seed)["atol"] == pytest.approx(0.04)
    with pytest.raises(AssertionError, match="not within"):
        check(0.95, by_seed)
    with pytest.raises(AssertionError, match="not within"):
        check(0.91, [0.9, 0.9])


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_searches_from_other_seeds_are_refused():
    check = importlib.import_module("search_agreement").check_trajectories
    side = {"peer": "scikit-learn"}
    assert check("digits", True, side, side)["difference"] == 0
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        check("digits", True, side, side | {"random_state": 1})


def test_searches_have_the_stated_numbers_of_fits():
    get_search = importlib.import_module("searches").get_search
    n_fits = {
        name: len(search.candidates()) * search.n_folds
        for name in SEARCHES
        for search in [get_search(name)]
    }
    assert n_fits == {
        "circles": 300,
        "digits": 100,
        "breast_cancer": 400,
        "breast_cancer_dropout": 400,
        "mnist_sized": 24,
    }


def test_scaling_writes_curves_constants_and_a_picture():
    report, printed, pictures = run("scaling")
    assert {result["varied"] for result in report["results"]} == {
        "candidates",
        "width",
        "rows",
    }
    for name in report["constants"]:
        assert name in report["constants_in_use"]
        assert any(line.startswith(f"{name}: measured") for line in printed)
    picture = pictures["scaling.png"]
    assert picture.shape[0] > 400 and picture.std() > 0.02
    for stack in report["stacks"]:
        assert min(stack["seconds_in_stack"].values()) > 0


def test_constants_are_found_again():
    """From times made by the rule that they stand for."""
    stack_sizes = importlib.import_module("stack_sizes")
    overhead, rate, byte_rate, cache_bytes = 5e-5, 2e10, 5e9, 2**23

    def made(n_operations, n_bytes):
        per_model = 1e-6 + max(n_operations / rate, n_bytes / byte_rate)
        times = {}
        for n_models in (2**n for n in range(1, 10)):
            beyond_cache = 1 + (n_models * n_bytes > cache_bytes)
            times[n_models] = per_model * beyond_cache + overhead / n_models
        return {
            "operations": n_operations,
            "bytes": n_bytes,
            # above 1e7 operations the product alone is as fast
            "seconds_alone_one_core": max(5e-4, per_model),
            "seconds_alone_all_cores": min(1.0, (1e8 / n_operations) ** 0.5)
            * max(5e-4, per_model),
            "seconds_in_stack": times,
        }

    found = stack_sizes.constants(
        [made(3e3, 1e3), made(2e5, 2**17), made(8e6, 2**17), made(1e9, 2**18)]
    )
    assert found.keys() <= {field.name for field in fields(CostModel)}
    assert found["step_seconds"] == pytest.approx(overhead)
    assert found["model_seconds"] == pytest.approx(1e-6, rel=0.1)
    assert found["bytes_per_second"] == pytest.approx(byte_rate, rel=0.1)
    assert found["operations_per_second"] == pytest.approx(rate, rel=0.1)
    assert found["stack_bytes"] == cache_bytes
    assert 8e6 < found["core_operations"] < 1e9
    assert 8e6 < found["threads_operations"] < 1e9


@pytest.mark.parametrize(
    "ratios, expected",
    [
        ([4, 2, 0.5], 10**1.5),
        ([0.5, 2, 0.5], 10**1.5),
        ([2, 1, 1], None),
        ([0.5] * 3, 1),
    ],
)
def test_crossing_is_where_the_ratio_stays_below_one(ratios, expected):
    crossing = importlib.import_module("stack_sizes").crossing
    assert crossing([1, 10, 100], ratios) == pytest.approx(expected)


def test_gpu_times_stacks_and_skorch():
    report, printed, _ = run("gpu")
    assert report["device"] == "the CPU"
    (result,) = report["results"]
    assert result["search"] == "digits"
    assert set(result["ratios"]) == {
        "stacked, CUDA graphs",
        "stacked on the CPU",
        "skorch, n_jobs=1",
    }
    assert result["largest_difference_from_cpu"] == 0
    rows = [line for line in printed if line.startswith("|")]
    assert len(rows) == 3 and len({row.count("|") for row in rows}) == 1


def test_gpu_without_a_gpu_ends_with_a_sentence(monkeypatch, tmp_path, capsys):
    gpu = importlib.import_module("gpu")
    monkeypatch.setattr(gpu.torch.cuda, "is_available", lambda: False)
    with pytest.raises(SystemExit) as ended:
        gpu.main(["--output", str(tmp_path / "gpu.json")])
    assert ended.value.code == 2
    assert "no CUDA GPU" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


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
    assert timing.ratio([1.0, 2.0, 9.0], [4.0]) == {
        "ratio": 0.5,
        "min": 0.25,
        "max": 0.25,
    }


def test_sides_take_turns():
    timing = importlib.import_module("timing")
    called = []
    sides = {name: lambda name=name: called.append(name) for name in "ab"}
    seconds = timing.time_in_turn(sides, 2)
    assert called == ["a", "b", "b", "a"]
    assert [len(seconds[name]) for name in "ab"] == [2, 2]


def test_long_sides_run_once(monkeypatch):
    timing = importlib.import_module("timing")
    clock = [0.0]
    monkeypatch.setattr(timing, "perf_counter", lambda: clock[0])

    def side(seconds):
        clock[0] += seconds

    sides = {"long": lambda: side(11.0), "short": lambda: side(6.0)}
    assert timing.time_in_turn(sides, 3, 20.0) == {"long": [11.0], "short": [6.0] * 3}


def test_operations_are_those_that_torch_counts():
    sizes, n_rows = (30, 16, 8, 2), 5
    layers = [nn.Linear(*pair) for pair in pairwise(sizes)]
    with FlopCounterMode(display=False) as counter:
        nn.Sequential(*layers)(torch.rand(n_rows, sizes[0])).sum().backward()
    of_row = importlib.import_module("searches").operations_per_row(sizes)
    assert n_rows * of_row == counter.get_total_flops()


def test_constants_in_use_are_printed_beside_those_measured(tmp_path, capsys):
    output = tmp_path / "cost_model.json"
    importlib.import_module("cost_model").main(
        ["--quick", "--repeats", "1", "--output", str(output)]
    )
    report = json.loads(output.read_text("utf-8"))
    assert report["in_use"]["stack_bytes"] == CostModel().stack_bytes
    assert report["measured"]["step_seconds"] > 0
    assert len(capsys.readouterr().out.splitlines()) == len(report["measured"])


def test_tables_are_those_of_a_folder(tmp_path):
    bunch = load_iris(as_frame=True)
    bunch.frame.to_csv(tmp_path / "iris.csv", index=False)
    entry = {"name": "iris", "file": "iris.csv", "target": "target"}
    manifest = [entry | {"task": "classification"}]
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    tables = importlib.import_module("tables")
    output = tmp_path / "tables.json"
    with contextlib.redirect_stdout(io.StringIO()):
        tables.main(
            ["--tables", str(tmp_path), "--models", "linear", "hist_gradient_boosting"]
            + ["--seeds", "0", "--output", str(output)]
        )
    report = json.loads(output.read_text())
    X, y = bunch.data.to_numpy(), bunch.target.to_numpy()
    folds = StratifiedKFold(3, shuffle=True, random_state=0)
    pipeline = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    expected = 1 - cross_val_score(pipeline, X, y, cv=folds).mean()
    assert report["errors"]["iris"]["linear"] == pytest.approx(expected, abs=1e-4)
    assert sum(report["mean_rank"].values()) == 3 and report["n_tables"] == 1
