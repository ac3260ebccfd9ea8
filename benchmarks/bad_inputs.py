"""Call every estimator wrongly, thousands of times, and count what comes of it."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy and torch are loaded

import argparse
import json
import time
from collections import Counter
from pathlib import Path

import hypothesis
from hostile.drawing import each_case
from hostile.outcomes import CRASH, HANG, OUTCOMES, RIGHT
from hostile.supervised import Supervised
from machine import describe_machine

OUTPUT = Path(__file__).parent / "results" / "bad_inputs.json"


def smallest(case, judge):
    """A part of a case with the same fault, from which nothing can be left out."""
    wanted = judge(case).signature
    for shorter in case.shorter():
        if judge(shorter).signature == wanted:
            return smallest(shorter, judge)
    return case


def examine(n_cases, number, judge, report=None):
    """Count the outcomes, and collect a smallest case of each fault.

    Returns
    -------
    counts : Counter
        By (estimator, outcome).
    faults : dict
        By signature: the verdict, how many cases, and the smallest case.
    """
    counts, faults = Counter(), {}

    def one(case):
        verdict = judge(case)
        counts[case.subject, verdict.outcome] += 1
        if verdict.outcome not in RIGHT:
            if verdict.signature not in faults:
                slow = verdict.outcome in (HANG, CRASH)
                least = case if slow else smallest(case, judge)
                faults[verdict.signature] = [verdict, 0, least]
            faults[verdict.signature][1] += 1
        if report is not None:
            report(counts, faults)

    each_case(n_cases, number, one)
    return counts, faults


def summary(counts, faults):
    """Counts and faults, ready for JSON."""
    names = sorted({name for name, _ in counts})
    return {
        "cases": counts.total(),
        "outcomes": {
            outcome: sum(counts[name, outcome] for name in names)
            for outcome in OUTCOMES
        },
        "by_estimator": {
            name: {o: counts[name, o] for o in OUTCOMES if counts[name, o]}
            for name in names
        },
        "faults": [
            {
                "outcome": verdict.outcome,
                "cases": n,
                "error": verdict.error,
                "place": verdict.place,
                "message": verdict.message[:300],
                "example": str(case),
            }
            for verdict, n, case in sorted(faults.values(), key=lambda fault: -fault[1])
        ],
    }


def main(argv=None):
    """Run the cases, print the counts, write the JSON file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, default=OUTPUT, help="JSON file")
    options = parser.parse_args(argv)
    start = time.perf_counter()

    def progress(counts, faults):
        if counts.total() % 500 == 0:
            seconds = time.perf_counter() - start
            print(f"{counts.total()} cases, {len(faults)} faults, {seconds:.0f} s")

    judge = Supervised()
    try:
        result = summary(*examine(options.cases, options.seed, judge, progress))
    finally:
        judge.close()
    report = {
        "command": "python benchmarks/bad_inputs.py"
        f" --cases {options.cases} --seed {options.seed}",
        "machine": {**describe_machine(), "hypothesis": hypothesis.__version__},
        **result,
    }
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(report, indent=2) + "\n", "utf-8")
    for outcome, n in result["outcomes"].items():
        print(f"{n:6d} {outcome}")
    return int(bool(result["faults"]))


if __name__ == "__main__":
    raise SystemExit(main())
