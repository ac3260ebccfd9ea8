"""Searches that are killed and resumed, and what keeping their fits costs.

    python benchmarks/resuming.py [--kills N] [--repeats N] [--only PART] [--output F]

A search is killed (SIGKILL) at random moments, then run again with the same folder:
its scores are those of a search that was never interrupted, to the bit, and no file of
a finished fit is written twice. Then searches are timed with and without a folder, and
a halving search over max_iter beside scikit-learn's.
"""

import argparse
import json
import multiprocessing
import os
import random
import signal
import statistics
import tempfile
import time
import warnings
from pathlib import Path

import joblib
import numpy as np
from machine import describe_machine
from sklearn.datasets import load_digits, make_circles
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV
from sklearn.neural_network import MLPClassifier as TheirClassifier
from timing import ratio, time_in_turn

from sknn_course import MLPClassifier, resumable
from sknn_course.parallel import last_report

OUTPUT = Path(__file__).parent / "results" / "resuming.json"
BACKENDS = {
    "sequential": {},
    "stacked": {},
    "stacked, n_processes=2": {"n_processes": 2},
    "loky, n_jobs=2": {"n_jobs": 2},
}
FORK = multiprocessing.get_context("fork")


def digits():
    """Rows in [0, 1] and labels."""
    X, y = load_digits(return_X_y=True)
    return X / 16, y


def small_search():
    """37 fits."""
    mlp = MLPClassifier((30,), max_iter=8, random_state=0)
    grid = {"alpha": [1e-4, 1e-2, 1.0], "max_iter": [4, 8], "dropout": [0.0, 0.2]}
    return GridSearchCV(mlp, grid, cv=3)


def scores_of(search):
    """All scores, as text to the bit."""
    return [
        values.tobytes().hex()
        for name, values in sorted(search.cv_results_.items())
        if "score" in name and not name.endswith("_time")
    ]


def fit_search(folder, name, connection):
    """In a process of its own: search, and send what came of it."""
    warnings.simplefilter("ignore")
    backend, _, _ = name.partition(",")
    with (
        resumable(folder, checkpoint_every=0.1) as kept,
        joblib.parallel_config(backend, **BACKENDS[name]),
    ):
        connection.send("begins")
        search = small_search().fit(*digits())
    connection.send((scores_of(search), kept.n_found, kept.n_trained))


def run_search(folder, name, seconds=None):
    """What `fit_search` sends; None where it was killed after some seconds."""
    ours, theirs = FORK.Pipe()
    process = FORK.Process(target=fit_search, args=(folder, name, theirs))
    process.start()
    theirs.close()
    assert ours.recv() == "begins"
    killed = seconds is not None and not ours.poll(seconds)
    if killed:
        os.kill(process.pid, signal.SIGKILL)
    outcome = None if killed else ours.recv()
    process.join()
    return outcome


def finished(folder):
    """Files of finished fits, which another writing would give another inode."""
    paths = [p for end in ("fit", "end") for p in Path(folder).rglob(f"*.{end}")]
    return {path.name: path.stat().st_ino for path in paths}


def kill_searches(name, n_kills, generator):
    """Kill a search at random moments, each time until it ends; see the module."""
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        expected, _, n_fits = run_search(folder, name)
        whole = time.perf_counter() - started
    n_left, n_done = n_kills, []
    while n_left:
        with tempfile.TemporaryDirectory() as folder:
            if run_search(folder, name, generator.uniform(0, whole)) is not None:
                continue  # it had ended
            time.sleep(0.0 if name in ("sequential", "stacked") else 1.0)
            before = finished(folder)
            scores, n_found, n_trained = run_search(folder, name)
            after = finished(folder)
        assert scores == expected, "other scores than without the interrupt"
        again = [file for file in before if after[file] != before[file]]
        assert not again, f"trained twice: {again}"
        if name == "sequential":
            assert n_found >= len(before) and n_found + n_trained == n_fits
        n_left -= 1
        n_done.append(len(before))
    return {
        "backend": name,
        "kills": n_kills,
        "fits": 37,
        "finished_when_killed": n_done,
        "scores": "equal to the bit",
        "trained_twice": 0,
    }


def cost_of(name, search, X, y, backend, repeats):
    """Seconds of a search, of one that keeps its fits, and of one that finds them."""

    def plain():
        with joblib.parallel_config(backend):
            search.fit(X, y)

    def kept(folder=None):
        with tempfile.TemporaryDirectory() as new, resumable(folder or new):
            plain()

    with tempfile.TemporaryDirectory() as folder:
        kept(folder)
        sides = {"plain": plain, "kept": kept, "found": lambda: kept(folder)}
        seconds = time_in_turn(sides, repeats)
    return {
        "search": name,
        "backend": backend,
        "seconds": {side: statistics.median(v) for side, v in seconds.items()},
        "kept_over_plain": ratio(seconds["kept"], seconds["plain"]),
    }


def measure_costs(repeats):
    """`cost_of` for small networks, whose files weigh most, and for usual ones."""
    results = []
    circles = make_circles(200, noise=0.14, factor=0.5, random_state=0)
    options = dict(tol=0.0, n_iter_no_change=100, random_state=0)
    small = MLPClassifier((20,), batch_size=10, max_iter=30, **options)
    usual = MLPClassifier((100,), max_iter=30, **options)
    for backend in ("sequential", "stacked"):
        search = GridSearchCV(small, {"alpha": np.logspace(-5, 0, 6)}, refit=False)
        name = "circles, 200 rows, 2-20-1, 30 epochs, 30 fits"
        results.append(cost_of(name, search, *circles, backend, repeats))
        search = GridSearchCV(usual, {"alpha": [1e-4, 1e-2]}, refit=False)
        name = "digits, 1797 rows, 64-100-10, 30 epochs, 10 fits"
        results.append(cost_of(name, search, *digits(), backend, repeats))
    return results


def halve(repeats):
    """A halving search over max_iter: scikit-learn's way, and stacked."""
    X, y = digits()
    options = dict(early_stopping=False, tol=0.0, random_state=0, n_iter_no_change=1000)
    grid = {"alpha": np.logspace(-5, 0, 9), "learning_rate_init": [0.001, 0.003, 0.01]}

    def search(mlp, **given):
        halving = HalvingGridSearchCV(
            mlp, grid, resource="max_iter", min_resources=3, max_resources=81, cv=3,
            random_state=0, refit=False, **given
        )  # fmt: skip
        return halving.fit(X, y)

    def stacked():
        with joblib.parallel_config("stacked"):
            return search(MLPClassifier((50,), **options))

    def alone():
        return search(MLPClassifier((50,), **options))

    def theirs():
        return search(TheirClassifier((50,), **options), n_jobs=2)

    assert scores_of(stacked()) == scores_of(alone())
    n_continued = last_report().n_continued
    seconds = time_in_turn(
        {"stacked": stacked, "alone": alone, "scikit-learn, n_jobs=2": theirs}, repeats
    )
    whole = 3 * (27 * 3 + 9 * 9 + 3 * 27 + 1 * 81)
    once = 3 * (27 * 3 + 9 * 6 + 3 * 18 + 1 * 54)
    return {
        "search": "HalvingGridSearchCV(resource='max_iter'), 27 candidates, 3 folds",
        "epochs": {"scikit-learn": whole, "stacked": once},
        "networks_that_went_on": n_continued,
        "scores": "equal to the bit to those of an ordinary run of ours",
        "seconds": {side: statistics.median(v) for side, v in seconds.items()},
    }


def main(argv=None):
    """Run all, print what came of it, write the JSON file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=50, help="random moments")
    parser.add_argument("--repeats", type=int, default=5, help="times of each side")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", help="a part of the results, beside what is there")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="JSON file")
    options = parser.parse_args(argv)
    warnings.simplefilter("ignore")
    report = {"command": "python benchmarks/resuming.py", "results": {}}
    if options.only and options.output.exists():
        report = json.loads(options.output.read_text("utf-8"))
    report["machine"] = describe_machine()
    n_workers = 4  # whose processes take seconds to start
    n_kills = max(1, (options.kills - n_workers) // 2)
    generator = random.Random(options.seed)
    parts = {
        "killed": lambda: [
            kill_searches(name, n_kills, generator) for name in list(BACKENDS)[:2]
        ],
        "killed with workers": lambda: [
            kill_searches(name, n_workers // 2, generator)
            for name in list(BACKENDS)[2:]
        ],
        "cost": lambda: measure_costs(options.repeats),
        "halving": lambda: [halve(options.repeats)],
    }
    for part in [options.only] if options.only else parts:
        report["results"][part] = parts[part]()
        for result in report["results"][part]:
            print(json.dumps(result), flush=True)
        options.output.write_text(json.dumps(report, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
