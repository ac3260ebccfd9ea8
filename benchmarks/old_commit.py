"""Fits and stacked searches of this tree beside those of an older commit.

    python benchmarks/old_commit.py COMMIT [--repeats N] [--output FILE]

The commit is checked out in a temporary folder; each side is a process of its own, a
new one in each repeat, since processes differ by some percent. They fit in turn: once
to assert that both come to the same losses and scores, then three times, the fastest
of which counts. A ratio is the median of the repeats.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import warnings
from contextlib import ExitStack
from pathlib import Path
from time import perf_counter

HERE = Path(__file__).resolve()
OUTPUT = HERE.parent / "results" / "old_commit.json"
RTOL = 1e-5  # of losses
N_ROUNDS = 3


def cases():
    """By name, what is fitted: a function that returns numbers to compare."""
    import joblib
    from searches import get_search
    from sklearn.datasets import load_digits, make_circles
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler

    from sknn_course import CNNClassifier, MLPClassifier

    circles = make_circles(200, noise=0.1, factor=0.5, random_state=0)
    digits = load_digits(return_X_y=True)

    def fit(estimator, X, y):
        return lambda: estimator.fit(X, y).loss_curve_

    def search(name):
        one = get_search(name, quick=False)
        network = MLPClassifier(
            one.hidden_layer_sizes or (10,),
            batch_size=one.batch_size,
            max_iter=one.n_epochs,
            n_iter_no_change=one.n_epochs,
            random_state=0,
        )
        grid = one.grid
        if one.scaled:
            network = Pipeline([("scale", StandardScaler()), ("mlp", network)])
            grid = {f"mlp__{name}": values for name, values in grid.items()}

        def run():
            found = GridSearchCV(network, grid, cv=one.n_folds, refit=False)
            with joblib.parallel_config("stacked", n_processes=1):
                found.fit(one.X, one.y)
            return list(found.cv_results_["mean_test_score"])

        return run

    options = {"n_iter_no_change": 1000, "random_state": 0}
    return {
        "fit circles 2-20-1": fit(
            MLPClassifier((20,), batch_size=10, max_iter=150, **options), *circles
        ),
        "fit digits 64-100-10": fit(
            MLPClassifier((100,), batch_size=64, max_iter=60, **options), *digits
        ),
        "fit digits, dropout and batch norm": fit(
            MLPClassifier(
                (100, 50),
                dropout=0.2,
                batch_norm=True,
                batch_size=64,
                max_iter=40,
                **options,
            ),
            *digits,
        ),
        "fit digits, convolutions": fit(
            CNNClassifier(((8,),), batch_size=64, max_iter=8, **options), *digits
        ),
        "search circles": search("circles"),
        "search digits": search("digits"),
        "search breast_cancer": search("breast_cancer"),
    }


def serve():
    """Answer each name on standard input with seconds and numbers."""
    warnings.simplefilter("ignore")
    of_name = cases()
    print(json.dumps(list(of_name)), flush=True)
    for line in sys.stdin:
        started = perf_counter()
        numbers = of_name[line.strip()]()
        seconds = perf_counter() - started
        print(json.dumps([seconds, list(map(float, numbers))]), flush=True)


class Side:
    """A process that fits with the package of a folder."""

    def __init__(self, folder):
        self.process = subprocess.Popen(
            [sys.executable, str(HERE), "--serve"],
            env={**os.environ, "PYTHONPATH": str(folder)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.names = json.loads(self.process.stdout.readline())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()

    def run(self, name):
        print(name, file=self.process.stdin, flush=True)
        return json.loads(self.process.stdout.readline())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("commit", nargs="?")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--output", type=Path, default=OUTPUT)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve()
        return
    if options.commit is None:
        parser.error("name a commit, as git does.")
    from machine import describe_machine

    root = HERE.parent.parent
    with tempfile.TemporaryDirectory() as old:
        archive = subprocess.run(
            ["git", "-C", root, "archive", options.commit, "sknn_course"],
            check=True,
            stdout=subprocess.PIPE,
        )
        subprocess.run(["tar", "-x", "-C", old], input=archive.stdout, check=True)
        seconds = {}
        for repeat in range(options.repeats):
            folders = {"now": root, "then": old}
            names = sorted(folders, reverse=bool(repeat % 2))
            with ExitStack() as stack:
                sides = {n: stack.enter_context(Side(folders[n])) for n in names}
                for name in sides["now"].names:
                    kept = seconds.setdefault(name, {"now": [], "then": []})
                    for which, best in measure(sides, name).items():
                        kept[which].append(best)
    results = {}
    for name, of_sides in seconds.items():
        pairs = zip(of_sides["now"], of_sides["then"], strict=True)
        ratios = sorted(now / then for now, then in pairs)
        results[name] = {"ratios": [round(ratio, 3) for ratio in ratios], **of_sides}
        low, middle, high = ratios[0], statistics.median(ratios), ratios[-1]
        print(f"{name:36} {middle:.3f} ({low:.3f} to {high:.3f})", flush=True)
    report = {
        "command": f"python benchmarks/old_commit.py {options.commit}",
        "machine": describe_machine(),
        "now_over_then": results,
    }
    options.output.write_text(json.dumps(report, indent=1) + "\n")


def measure(sides, name):
    """Seconds of each side, the fastest of some fits in turn, which first agree."""
    (_, now), (_, then) = (sides[which].run(name) for which in ("now", "then"))
    assert len(now) == len(then), name
    far = max(abs(a - b) / max(abs(b), 1e-9) for a, b in zip(now, then, strict=True))
    assert far <= RTOL, f"{name}: the sides differ by {far:.2g}"
    rounds = [
        {which: side.run(name)[0] for which, side in sides.items()}
        for _ in range(N_ROUNDS)
    ]
    return {which: round(min(one[which] for one in rounds), 4) for which in sides}


if __name__ == "__main__":
    main()
