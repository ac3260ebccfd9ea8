"""How long a search takes stacked, beside scikit-learn and skorch on two cores.

    python benchmarks/sweep.py [--quick] [--only NAME] [--repeats N] [--output FILE]

The same stock GridSearchCV over this package's MLPClassifier with joblib's backend
"stacked" in one process and in two, over scikit-learn's with n_jobs=2, and over
skorch's NeuralNetClassifier with n_jobs=2. The sides first show that they reach the
same scores; then they are timed in turn, each in a process of its own, and with them
the search over a classifier that is not trained. Beside them stands what the matrix
products would take at the rate of a large one. Prints a table in Markdown.
"""

import argparse
import json
import statistics
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from machine import describe_machine
from search_agreement import (
    check_mean_score,
    check_trajectories,
    mean_scores_by_seed,
)
from searches import SEARCHES, get_search
from side import OURS, SCIKIT_LEARN, SKORCH, UNTRAINED, SideProcess
from sklearn.exceptions import ConvergenceWarning
from stack_sizes import matrix_product_rate
from timing import ratio, time_in_turn

N_JOBS = 2
MOST_SECONDS = 60.0  # for the repeats of a side; a longer one runs once
OUTPUT = Path(__file__).parent / "results" / "sweep.json"
# peer, data, processes; skorch's networks take no double precision: one side for
# both kinds of data
SIDES = [
    (OURS, "float64", 1),
    (OURS, "float32", 1),
    (OURS, "float64", N_JOBS),
    (OURS, "float32", N_JOBS),
    (SCIKIT_LEARN, "float64", N_JOBS),
    (SCIKIT_LEARN, "float32", N_JOBS),
    (SKORCH, "float32", N_JOBS),
    (UNTRAINED, "float64", N_JOBS),
    (UNTRAINED, "float32", N_JOBS),
]


def sides_of(search, quick):
    """The sides that can run a search; in quick mode, all in their own process."""
    sides = {(peer, data, 1 if quick else n): None for peer, data, n in SIDES}
    without_dropout = (SCIKIT_LEARN, UNTRAINED)
    return [s for s in sides if not (search.has_dropout and s[0] in without_dropout)]


def measure(name, quick, repeats, processes, rate):
    """Show agreement on one search, then time its sides.

    Parameters
    ----------
    name, quick :
        As for `get_search`.
    repeats : int
    processes : dict of tuple -> SideProcess
        By side.
    rate : float
        Operations per second of a large matrix product on all cores.

    Yields
    ------
    dict
        For data in double and in single precision and ours in one process and in
        several, ready for JSON.
    """
    search = get_search(name, quick)
    n_jobs = 1 if quick else N_JOBS
    sides = sides_of(search, quick)
    every = {peer: 1 for peer, *_ in sides} | {SKORCH: search.skorch_every}
    agreement = {n: {} for peer, _, n in sides if peer == OURS}
    if not search.has_dropout:
        for n, checked in agreement.items():
            checked[SCIKIT_LEARN] = check_trajectories(
                name,
                quick,
                {"peer": OURS, "dtype": None, "n_jobs": n},
                {"peer": SCIKIT_LEARN, "n_jobs": n_jobs},
            )
    by_seed = mean_scores_by_seed(name, quick, search.skorch_every)

    keywords = {
        (peer, data, n): {
            "name": name,
            "peer": peer,
            "quick": quick,
            "data": data,
            "n_jobs": n,
        }
        for peer, data, n in sides
    }
    runs = {side: [] for side in sides}

    def warm_up(side):
        processes[side].call("warm_up", **keywords[side])

    def run(side):
        answer = processes[side].call(
            "fit_search", every=every[side[0]], **keywords[side]
        )
        runs[side].append(answer)

    with ThreadPoolExecutor() as pool:
        list(pool.map(warm_up, {processes[side]: side for side in sides}.values()))
    time_in_turn({side: partial(run, side) for side in sides}, repeats, MOST_SECONDS)
    peaks = {
        side: processes[side].call("peak_memory", n_jobs=keywords[side]["n_jobs"])
        for side in sides
    }
    n_fits = runs[sides[0]][0]["n_fits"]
    for ours in (side for side in sides if side[0] == OURS):
        data = ours[1]
        timed = [s for s in sides if s[0] != OURS and (data == s[1] or s[0] == SKORCH)]
        peers = [side for side in timed if side[0] != UNTRAINED]
        seconds, means = {}, {}
        for side in (ours, *timed):
            scale = n_fits / runs[side][0]["n_fits"]
            seconds[side[0]] = [scale * answer["seconds"] for answer in runs[side]]
        for side in (ours, *peers):
            scores = runs[side][0]["scores"]["score"]
            step = search.skorch_every // every[side[0]]
            means[side[0]] = statistics.mean(scores[::step])
        checks = {
            peer: check_mean_score(mean, by_seed, quick) for peer, mean in means.items()
        }
        yield {
            "search": name,
            "network": search.network,
            "n_rows": len(search.X),
            "n_candidates": len(search.candidates()),
            "n_folds": search.n_folds,
            "n_fits": n_fits,
            "batch_size": search.batch_size,
            "n_epochs": search.n_epochs,
            "n_processes": ours[2],
            "n_jobs": n_jobs,
            "data": data,
            "agreement": {SKORCH: checks[SKORCH]} | agreement[ours[2]],
            "mean_scores": means,
            "mean_scores_by_seed": by_seed,
            "seconds": {peer: statistics.median(s) for peer, s in seconds.items()},
            "seconds_of_runs": seconds,
            "seconds_of_products": search.operations / rate,
            "n_fits_timed": {s[0]: runs[s][0]["n_fits"] for s in (ours, *timed)},
            "ratios": {s[0]: ratio(seconds[s[0]], seconds[OURS]) for s in peers},
            "peak_memory_mib": {s[0]: round(peaks[s]) for s in (ours, *peers)},
            "report": runs[ours][-1]["report"].splitlines(),
        }


HEADER = (
    "| search | data | processes "
    "| stacked | scikit-learn, n_jobs={n} | skorch, n_jobs={n} "
    "| nothing trained, n_jobs={n} | products alone "
    "| sooner than scikit-learn | sooner than skorch "
    "| peak MiB: stacked / scikit-learn / skorch |\n"
    "|---|---|---|---|---|---|---|---|---|---|---|"
)


def table_row(result):
    """A line of Markdown; seconds that were scaled up are marked."""
    cells = [
        f"{result['search']} {result['network']}, {result['n_fits']} fits",
        result["data"],
        str(result["n_processes"]),
    ]
    for peer in (OURS, SCIKIT_LEARN, SKORCH, UNTRAINED):
        if peer not in result["seconds"]:
            cells.append("–")
            continue
        scaled = result["n_fits_timed"][peer] < result["n_fits"]
        note = f" ({result['n_fits_timed'][peer]} fits, scaled up)" if scaled else ""
        cells.append(f"{result['seconds'][peer]:.2f} s{note}")
    cells.append(f"{result['seconds_of_products']:.2f} s")
    for peer in (SCIKIT_LEARN, SKORCH):
        of = result["ratios"].get(peer)
        cells.append(
            f"{of['ratio']:.1f} ({of['min']:.1f} .. {of['max']:.1f})" if of else "–"
        )
    peaks = result["peak_memory_mib"]
    cells.append(
        " / ".join(str(peaks.get(peer, "–")) for peer in (OURS, SCIKIT_LEARN, SKORCH))
    )
    return f"| {' | '.join(cells)} |"


def run_all(names, quick, repeats, rate):
    """Yield the results of all searches.

    In quick mode the sides of a peer share a process, through all searches.
    """
    with ExitStack() as open_to_the_end:
        shared = {}
        if quick:
            shared = {
                peer: open_to_the_end.enter_context(SideProcess(n_cores=1))
                for peer in {side[0] for side in SIDES}
            }
        for name in names:
            with ExitStack() as open_for_search:
                processes = {
                    side: shared[side[0]]
                    if quick
                    else open_for_search.enter_context(SideProcess(N_JOBS))
                    for side in sides_of(get_search(name, quick), quick)
                }
                yield from measure(name, quick, repeats, processes, rate)


def main(argv=None):
    """Run the benchmark, print a table and reports, write the JSON file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="tiny searches")
    parser.add_argument("--only", choices=SEARCHES, help="one search")
    parser.add_argument("--repeats", type=int, default=3, help="times of each side")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="JSON file")
    options = parser.parse_args(argv)
    if options.repeats < 1:
        parser.error(f"--repeats must be at least 1, got {options.repeats}")
    names = [options.only] if options.only else list(SEARCHES)
    rate = matrix_product_rate(N_JOBS)
    report = {
        "command": "python benchmarks/sweep.py"
        + " --quick" * options.quick
        + (f" --only {options.only}" if options.only else "")
        + f" --repeats {options.repeats}",
        "machine": describe_machine(),
        "matrix_product_rate": rate,
        "results": [],
    }
    options.output.parent.mkdir(parents=True, exist_ok=True)
    print(HEADER.format(n=1 if options.quick else N_JOBS))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        for result in run_all(names, options.quick, options.repeats, rate):
            report["results"].append(result)
            print(table_row(result), flush=True)
            options.output.write_text(json.dumps(report, indent=2) + "\n", "utf-8")
    for result in report["results"]:
        side = f"{result['search']}, {result['data']}, n_processes="
        print(f"\n{side}{result['n_processes']}:", *result["report"], sep="\n")


if __name__ == "__main__":
    main()
