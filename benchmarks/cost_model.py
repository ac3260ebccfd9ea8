"""What a training step costs on this machine: constants of the engine's cost model.

    python benchmarks/cost_model.py [--quick] [--repeats N] [--output FILE]

Prints the constants of `sknn_course._engine.cost_model.MeasuredCosts`, measured and
in use, and writes both to a JSON file. Those in use change only by hand: run this on a
machine that does nothing else.
"""

import argparse
import json
from dataclasses import fields
from pathlib import Path

from cost_measurements import MEASUREMENTS
from machine import describe_machine
from stack_sizes import constants, measure_stacks

from sknn_course._engine.cost_model import COSTS, MeasuredCosts

OUTPUT = Path(__file__).parent / "results" / "cost_model.json"


def main(arguments=None):
    """Measure, print and write the constants."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--output", type=Path, default=OUTPUT)
    options = parser.parse_args(arguments)
    measured = constants(measure_stacks(options.quick, options.repeats))
    for measure in MEASUREMENTS:
        measured |= measure(options.quick, options.repeats)
    in_use = {field.name: getattr(COSTS, field.name) for field in fields(MeasuredCosts)}
    for name, value in in_use.items():
        found = "outside of what was measured"
        if measured[name] is not None:
            found = f"{measured[name]:.3g}, {measured[name] / value:.2g} times as much"
        print(f"{name}: in use {value:.3g}, measured {found}")
    report = {
        "command": f"benchmarks/cost_model.py{' --quick' * options.quick}",
        "machine": describe_machine(),
        "measured": measured,
        "in_use": in_use,
    }
    options.output.parent.mkdir(exist_ok=True)
    options.output.write_text(json.dumps(report, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
