"""How long searches take stacked on a GPU, beside skorch on the same GPU.

    python benchmarks/gpu.py [--quick] [--repeats N] [--output FILE] [--device DEVICE]

The searches of sweep.py. They first show that they reach the CPU's scores on the GPU;
then the sides are timed in turn: stacked on the GPU, without and with CUDA graphs,
and on the machine's CPU, and skorch on the GPU in this process and in several. Prints
a table in Markdown. Without a CUDA GPU it ends with exit code 2; ``--device cpu``
tries it out.
"""

import argparse
import json
import statistics
import warnings
from functools import partial
from pathlib import Path

import numpy as np
import torch
from machine import describe_machine
from search_agreement import (
    check_mean_score,
    check_trajectories,
    mean_scores_by_seed,
)
from searches import SEARCHES, get_search
from side import OURS, SKORCH, fit_search, warm_up
from sklearn.exceptions import ConvergenceWarning
from timing import ratio, time_in_turn

MOST_SECONDS = 20.0  # for the repeats of a side; a longer one runs once
N_PROCESSES = 4  # of skorch, beside one
# skorch is timed on every so manieth candidate
SKORCH_EVERY = {
    "circles": 16,
    "digits": 3,
    "breast_cancer": 17,
    "breast_cancer_dropout": 17,
    "mnist_sized": 1,
}
STACKED, GRAPHS = "stacked", "stacked, CUDA graphs"
STACKED_CPU = "stacked on the CPU"
OUTPUT = Path(__file__).parent / "results" / "gpu.json"


def make_sides(name, quick, device):
    """Arguments of `fit_search` for each side, by its name.

    skorch's networks take no double precision.
    """
    every = get_search(name, quick).skorch_every if quick else SKORCH_EVERY[name]
    of_skorch = {
        f"skorch, n_jobs={n_jobs}": {
            "peer": SKORCH,
            "device": device,
            "data": "float32",
            "n_jobs": n_jobs,
            "every": every,
        }
        for n_jobs in ((1,) if quick else (1, N_PROCESSES))
    }
    return {
        STACKED: {"peer": OURS, "device": device},
        GRAPHS: {"peer": OURS, "device": device, "cuda_graphs": True},
        STACKED_CPU: {"peer": OURS, "device": "cpu"},
        **of_skorch,
    }


def measure(name, quick, repeats, device):
    """Show agreement on one search, then time its sides.

    Parameters
    ----------
    name, quick :
        As for `get_search`.
    repeats : int
    device : str

    Returns
    -------
    dict
        Ready for JSON.
    """
    search = get_search(name, quick)
    sides = make_sides(name, quick, device)
    every = max(side.get("every", 1) for side in sides.values())
    equal = {
        side: check_trajectories(
            name, quick, sides[STACKED] | {"dtype": None}, sides[side] | {"dtype": None}
        )
        for side in (GRAPHS, STACKED_CPU)
    }
    by_seed = mean_scores_by_seed(name, quick, every, device)
    runs = {side: [] for side in sides}

    def run(side):
        runs[side].append(fit_search(name, quick=quick, **sides[side]))

    for arguments in sides.values():
        keywords = {k: v for k, v in arguments.items() if k != "every"}
        warm_up(name, quick=quick, **keywords)
    memory = None
    if device != "cpu":
        torch.cuda.reset_peak_memory_stats(device)
        fit_search(name, quick=quick, **sides[STACKED])
        memory = torch.cuda.max_memory_allocated(device) / 2**20
    time_in_turn({side: partial(run, side) for side in sides}, repeats, MOST_SECONDS)

    n_fits = runs[STACKED][0]["n_fits"]
    seconds, scores, agreement = {}, {}, {}
    for side, answers in runs.items():
        scale = n_fits / answers[0]["n_fits"]
        seconds[side] = [scale * answer["seconds"] for answer in answers]
        scores[side] = answers[0]["scores"]["score"]
        part = scores[side][:: every // sides[side].get("every", 1)]
        agreement[side] = check_mean_score(statistics.mean(part), by_seed, quick)
    agreement |= equal
    del agreement[STACKED]
    difference = np.subtract(scores[STACKED], scores[STACKED_CPU])
    return {
        "search": name,
        "network": search.network,
        "n_rows": len(search.X),
        "n_candidates": len(search.candidates()),
        "n_folds": search.n_folds,
        "n_fits": n_fits,
        "batch_size": search.batch_size,
        "n_epochs": search.n_epochs,
        "agreement": agreement,
        "largest_difference_from_cpu": float(np.abs(difference).max()),
        "mean_scores": {side: statistics.mean(s) for side, s in scores.items()},
        "mean_scores_by_seed": by_seed,
        "seconds": {side: statistics.median(s) for side, s in seconds.items()},
        "seconds_of_runs": seconds,
        "n_fits_timed": {side: answers[0]["n_fits"] for side, answers in runs.items()},
        "ratios": {
            side: ratio(seconds[side], seconds[STACKED])
            for side in sides
            if side != STACKED
        },
        "peak_gpu_memory_mib": memory,
        "report": runs[STACKED][-1]["report"].splitlines(),
    }


def table_header(sides):
    """The first two lines of a table in Markdown."""
    peers = list(sides)[1:]
    header = ["search", *sides, *(f"sooner than {side}" for side in peers), "GPU MiB"]
    return f"| {' | '.join(header)} |\n|" + "---|" * len(header)


def table_row(result):
    """A line of Markdown; seconds that were scaled up are marked."""
    cells = [f"{result['search']} {result['network']}, {result['n_fits']} fits"]
    for side, seconds in result["seconds"].items():
        n_timed = result["n_fits_timed"][side]
        scaled = n_timed < result["n_fits"]
        note = f" ({n_timed} fits, scaled up)" if scaled else ""
        cells.append(f"{seconds:.2f} s{note}")
    for of in result["ratios"].values():
        cells.append(f"{of['ratio']:.1f} ({of['min']:.1f} .. {of['max']:.1f})")
    memory = result["peak_gpu_memory_mib"]
    cells.append("–" if memory is None else f"{memory:.0f}")
    return f"| {' | '.join(cells)} |"


def main(argv=None):
    """Run the benchmark, print a table and reports, write the JSON file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="tiny searches")
    parser.add_argument("--device", default="cuda", help="a CUDA device, or cpu")
    parser.add_argument("--only", choices=SEARCHES, help="one search")
    parser.add_argument("--repeats", type=int, default=3, help="times of each side")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="JSON file")
    options = parser.parse_args(argv)
    if options.repeats < 1:
        parser.error(f"--repeats must be at least 1, got {options.repeats}")
    if options.device != "cpu" and not torch.cuda.is_available():
        parser.exit(
            2, "This machine has no CUDA GPU; --device cpu tries the script out.\n"
        )
    on_gpu = options.device != "cpu"
    device = torch.cuda.get_device_name(options.device) if on_gpu else "the CPU"
    names = [options.only] if options.only else list(SEARCHES)
    report = {
        "command": "python benchmarks/gpu.py"
        + " --quick" * options.quick
        + (f" --device {options.device}" if options.device != "cuda" else "")
        + (f" --only {options.only}" if options.only else "")
        + f" --repeats {options.repeats}",
        "device": device,
        "machine": describe_machine(),
        "results": [],
    }
    options.output.parent.mkdir(parents=True, exist_ok=True)
    print(f"on {device}")
    print(table_header(make_sides(names[0], options.quick, options.device)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        for name in names:
            result = measure(name, options.quick, options.repeats, options.device)
            report["results"].append(result)
            print(table_row(result), flush=True)
            options.output.write_text(json.dumps(report, indent=2) + "\n", "utf-8")
    for result in report["results"]:
        print(f"\n{result['search']}:", *result["report"], sep="\n")


if __name__ == "__main__":
    main()
