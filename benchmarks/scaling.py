"""Where stacking pays: seconds against candidates, width and rows.

    python benchmarks/scaling.py [--quick] [--repeats N] [--output FILE]

Fits of this package's MLPClassifier, stacked and one by one, after a check that both
have the same losses. Measures what share of the machine's matrix-product rate the
training steps reach, and the constants of a step in `sknn_course._engine.cost_model`.
Writes a JSON file and a picture beside it.
"""

import argparse
import json
import statistics
import warnings
from dataclasses import dataclass
from math import ceil
from pathlib import Path

import joblib
import torch
from machine import describe_machine
from scaling_plot import draw
from searches import operations_per_row
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from stack_sizes import (
    constants,
    crossing,
    make_networks,
    make_rows,
    matrix_product_rate,
    measure_stacks,
)
from timing import check_agreement, ratio, time_in_turn

from sknn_course._engine.cost_model import COSTS
from sknn_course.parallel import last_report

STACKED, ALONE = "stacked", "one by one"
RTOL = 1e-3  # of the losses of each epoch, in single precision
MOST_ALONE = 10  # fits one by one; more are scaled up
OUTPUT = Path(__file__).parent / "results" / "scaling.json"


@dataclass
class Point:
    """Networks to fit, and what is varied in the curve that they belong to."""

    varied: str
    value: int
    n_models: int
    sizes: tuple
    batch_size: int
    n_rows: int
    n_epochs: int

    @property
    def operations(self):
        """Of all matrix products."""
        return operations_per_row(self.sizes) * self.n_rows * self.n_epochs


def make_points(quick):
    """The points of the curves.

    Parameters
    ----------
    quick : bool

    Returns
    -------
    list of Point
    """
    if quick:
        return [
            Point("candidates", 4, 4, (2, 20, 1), 10, 40, 2),
            Point("width", 8, 3, (64, 8, 10), 64, 64, 2),
            Point("rows", 64, 3, (64, 20, 10), 64, 64, 2),
        ]
    counts = (1, 3, 10, 30, 100, 300, 1000)
    return [
        *(Point("candidates", k, k, (2, 20, 1), 10, 180, 10) for k in counts),
        *(Point("candidates", k, k, (64, 100, 10), 64, 1600, 2) for k in counts),
        *(Point("candidates", k, k, (784, 100, 10), 128, 1280, 1) for k in counts[:-1]),
        *(Point("width", 2**n, 32, (64, 2**n, 10), 64, 640, 2) for n in range(3, 12)),
        *(
            Point("rows", n, 32, (64, 100, 10), 64, n, 1)
            for n in (100, 300, 1000, 3000, 10_000, 30_000)
        ),
    ]


def measure(point, rates, repeats):
    """Show that both ways have the same losses, then time them.

    Parameters
    ----------
    point : Point
    rates : dict of str -> float
        Matrix-product rate on one core and on all.
    repeats : int

    Returns
    -------
    dict
        Ready for JSON.
    """
    X, y = make_rows(point.n_rows, point.sizes[0], max(2, point.sizes[-1]))
    networks = make_networks(
        point.n_models, point.sizes, point.batch_size, point.n_epochs
    )
    alone = networks[:: ceil(len(networks) / MOST_ALONE)]
    training = []

    def fit_stacked():
        with joblib.parallel_config("stacked"):
            fitted = joblib.Parallel()(
                joblib.delayed(clone(network).fit)(X, y) for network in networks
            )
        training.append(last_report().seconds_training)
        return fitted

    def fit_alone():
        return [clone(network).fit(X, y) for network in alone]

    def losses(fitted):
        return [loss for network in fitted for loss in network.loss_curve_]

    difference = check_agreement(
        losses(fit_stacked()[:: ceil(len(networks) / MOST_ALONE)]),
        losses(fit_alone()),
        RTOL,
    )
    training.clear()
    runs = time_in_turn({STACKED: fit_stacked, ALONE: fit_alone}, repeats)
    runs[ALONE] = [s * len(networks) / len(alone) for s in runs[ALONE]]
    seconds = {side: statistics.median(values) for side, values in runs.items()}
    operations = point.n_models * point.operations
    return {
        "varied": point.varied,
        "value": point.value,
        "n_models": point.n_models,
        "network": "-".join(map(str, point.sizes)),
        "batch_size": point.batch_size,
        "n_rows": point.n_rows,
        "n_epochs": point.n_epochs,
        "agreement": {ALONE: {"difference": difference, "rtol": RTOL}},
        "seconds": seconds,
        "seconds_training": statistics.median(training),
        "n_fits_timed": {STACKED: len(networks), ALONE: len(alone)},
        "ratios": {ALONE: ratio(runs[ALONE], runs[STACKED])},
        "share_of_matrix_product_rate": {
            STACKED: operations / statistics.median(training) / rates["all cores"],
            ALONE: operations / seconds[ALONE] / rates["all cores"],
        },
    }


def crossovers(results, stacks, step_operations):
    """Where the two ways take equally long, by what is varied and by network.

    Of the widths also where one stack on one core does, without the rule that then
    trains the networks one by one, a core for each.

    Returns
    -------
    dict of str -> dict of str -> float or None
        None where one way is ahead at all points.
    """
    found = {"candidates": {}, "width": {}, "rows": {}}
    for varied, of_network in found.items():
        points = [r for r in results if r["varied"] == varied]
        for network in dict.fromkeys(
            "all" if varied == "width" else r["network"] for r in points
        ):
            curve = [r for r in points if network in ("all", r["network"])]
            gains = [r["ratios"][ALONE]["ratio"] for r in curve]
            # the more candidates the better; the wider and the more rows the worse
            if varied == "candidates":
                gains = [1 / gain for gain in gains]
            value = crossing([r["value"] for r in curve], gains)
            of_network[network] = None if value == curve[0]["value"] else value
    if step_operations is not None:
        widest = stacks[-1]
        per_unit = widest["operations"] / int(widest["network"].split("-")[1])
        found["width"]["one stack on one core"] = step_operations / per_unit
    return found


ROW = "{:10}  {:>6}  {:>8}  {:12}  {:>5}  {:>9}  {:>9}  {:>6}  {:14}  {:>7}  {:>7}"
HEADER = ROW.format(
    "varied",
    "value",
    "networks",
    "network",
    "batch",
    "stacked/s",
    "alone/s",
    "sooner",
    "range",
    "share",
    "alone",
)


def table_line(result):
    """Seconds of both ways, times sooner, and shares of the matrix-product rate."""
    of = result["ratios"][ALONE]
    shares = result["share_of_matrix_product_rate"]
    return ROW.format(
        result["varied"],
        result["value"],
        result["n_models"],
        result["network"],
        result["batch_size"],
        f"{result['seconds'][STACKED]:.3f}",
        f"{result['seconds'][ALONE]:.3f}",
        f"{of['ratio']:.2f}",
        f"{of['min']:.2f} .. {of['max']:.2f}",
        f"{shares[STACKED]:.1%}",
        f"{shares[ALONE]:.1%}",
    )


def stack_lines(report):
    """The measured stacks, and the constants that follow beside those in use."""
    for stack in report["stacks"]:
        times = stack["seconds_in_stack"]
        best = min(times, key=times.get)
        near = [n for n in times if times[n] <= 1.1 * times[best]]
        yield (
            f"{stack['network']}, batch {stack['batch_size']}: "
            f"{stack['operations']:.2g} operations, {stack['bytes']:,} bytes; alone "
            f"{stack['seconds_alone_one_core'] * 1e6:.1f} us on one core, "
            f"{stack['seconds_alone_all_cores'] * 1e6:.1f} us on all; best in stacks "
            f"of {best} ({best * stack['bytes'] / 2**20:.2f} MiB): "
            f"{times[best] * 1e6:.2f} us, within 10% from {min(near)} to {max(near)} "
            f"({min(near) * stack['bytes'] / 2**20:.2f} to "
            f"{max(near) * stack['bytes'] / 2**20:.2f} MiB)"
        )
    for name, value in report["constants"].items():
        measured = "outside of what was measured" if value is None else f"{value:.3g}"
        in_use = report["constants_in_use"].get(name)
        yield f"{name}: measured {measured}, in use {in_use}"


def main(argv=None):
    """Run the benchmark, print curves and constants, write JSON and picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="only a few points")
    parser.add_argument("--repeats", type=int, default=3, help="times of each side")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="JSON file")
    options = parser.parse_args(argv)
    if options.repeats < 1:
        parser.error(f"--repeats must be at least 1, got {options.repeats}")
    n_cores = torch.get_num_threads()
    size = 128 if options.quick else 1024
    rates = {
        "one core": matrix_product_rate(1, size),
        "all cores": matrix_product_rate(n_cores, size),
    }
    results = []
    print(HEADER)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        for point in make_points(options.quick):
            results.append(measure(point, rates, options.repeats))
            print(table_line(results[-1]), flush=True)
        stacks = measure_stacks(options.quick, options.repeats)
    measured = constants(stacks)
    report = {
        "command": "python benchmarks/scaling.py"
        + " --quick" * options.quick
        + f" --repeats {options.repeats}",
        "machine": describe_machine(),
        "matrix_product_rate": rates,
        "results": results,
        "crossovers": crossovers(results, stacks, measured["core_operations"]),
        "stacks": stacks,
        "constants": measured,
        "constants_in_use": {name: getattr(COSTS, name) for name in measured},
    }
    print(f"matrix products per second: {rates}", f"crossovers: {report['crossovers']}")
    print(*stack_lines(report), sep="\n")
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(report, indent=2) + "\n", "utf-8")
    draw(report, options.output.with_suffix(".png"))


if __name__ == "__main__":
    main()
