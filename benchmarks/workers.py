"""From which length of training worker processes shorten a stacked search.

    python benchmarks/workers.py [--quick] [--repeats N] [--output FILE]

Searches of sweep.py, trained for more and more epochs: with n_processes=1; with
n_processes="auto", whose rule decides whether workers have to be started; and again,
with the workers that are there. Each repeat is a process of its own, on two cores.
The sides reach the same scores. Prints a table in Markdown.
"""

import argparse
import json
import statistics
from pathlib import Path

import numpy as np
from machine import describe_machine
from search_agreement import QUICK_ATOL, SMALLEST_ATOL
from searches import get_search
from side import OURS, SideProcess
from timing import ratio

N_CORES = 2
LONGER = (1, 4, 16)  # times the epochs of sweep.py
SEARCHES = ("circles", "breast_cancer")
ALONE, STARTED, THERE = "n_processes=1", "auto, first search", "auto, second search"
OUTPUT = Path(__file__).parent / "results" / "workers.json"


def run_in_turn(name, quick, n_epochs):
    """What `fit_search` gives for each side, in a process of their own."""
    keywords = {"name": name, "peer": OURS, "quick": quick}
    sides = {ALONE: 1, STARTED: "auto", THERE: "auto"}
    with SideProcess(N_CORES) as process:
        process.call("warm_up", **keywords)
        return {
            side: process.call("fit_search", n_jobs=n, n_epochs=n_epochs, **keywords)
            for side, n in sides.items()
        }


def measure(name, quick, longer, repeats):
    """Time a search of so many times more epochs, scores compared.

    Returns
    -------
    dict
        Ready for JSON.

    Raises
    ------
    AssertionError
        If a candidate's mean score differs between the sides.
    """
    search = get_search(name, quick)
    n_epochs = longer * search.n_epochs
    runs = [run_in_turn(name, quick, n_epochs) for _ in range(repeats)]
    seconds = {side: [run[side]["seconds"] for run in runs] for side in runs[0]}
    atol, agreement = QUICK_ATOL if quick else SMALLEST_ATOL, {}
    expected = np.array(runs[0][ALONE]["scores"]["score"])
    for side in (STARTED, THERE):
        scores = [run[side]["scores"]["score"] for run in runs]
        difference = float(np.abs(scores - expected).max())
        assert difference <= atol, f"{side}: scores differ by {difference}"
        agreement[side] = {
            "of": "mean accuracy of each candidate",
            "difference": difference,
            "atol": atol,
        }
    return {
        "search": name,
        "network": search.network,
        "n_fits": runs[0][ALONE]["n_fits"],
        "n_epochs": n_epochs,
        "agreement": agreement,
        "in_workers": {
            side: "in a worker process" in runs[-1][side]["report"] for side in seconds
        },
        "seconds": {side: statistics.median(s) for side, s in seconds.items()},
        "seconds_of_runs": seconds,
        "ratios": {side: ratio(seconds[ALONE], seconds[side]) for side in agreement},
        "report": runs[-1][THERE]["report"].splitlines(),
    }


def table_row(result):
    """A line of Markdown; seconds where workers trained are marked."""
    cells = [f"{result['search']}, {result['n_fits']} fits", str(result["n_epochs"])]
    for side, seconds in result["seconds"].items():
        mark = " (workers)" if result["in_workers"][side] else ""
        cells.append(f"{seconds:.2f} s{mark}")
    return f"| {' | '.join(cells)} |"


def main(argv=None):
    """Run the benchmark, print a table, write the JSON file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="tiny searches")
    parser.add_argument("--repeats", type=int, default=3, help="times of each side")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="JSON file")
    options = parser.parse_args(argv)
    if options.repeats < 1:
        parser.error(f"--repeats must be at least 1, got {options.repeats}")
    report = {
        "command": "python benchmarks/workers.py"
        + " --quick" * options.quick
        + f" --repeats {options.repeats}",
        "machine": describe_machine(),
        "results": [],
    }
    options.output.parent.mkdir(parents=True, exist_ok=True)
    print(f"| search | epochs | {ALONE} | {STARTED} | {THERE} |\n|---|---|---|---|---|")
    for name in SEARCHES[: 1 if options.quick else None]:
        for longer in LONGER[: 1 if options.quick else None]:
            result = measure(name, options.quick, longer, options.repeats)
            report["results"].append(result)
            print(table_row(result), flush=True)
            options.output.write_text(json.dumps(report, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
