"""The judge of bad inputs sees each fault; what it sees in the estimators is right."""

import importlib
import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sknn_course import LeastSquaresRegressor

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
sys.path.append(str(BENCHMARKS))
bad_inputs = importlib.import_module("bad_inputs")
outcomes = importlib.import_module("hostile.outcomes")
cases = importlib.import_module("hostile.cases")
Case, Step = cases.Case, cases.Step
GOOD = (("X", "rows()"), ("y", "numbers()"))


class Unrelated(LeastSquaresRegressor):
    def fit(self, X, y):
        return [][1]


class Nameless(LeastSquaresRegressor):
    def fit(self, X, y):
        raise ValueError("no")


class NonFinite(LeastSquaresRegressor):
    def predict(self, X):
        return super().predict(X) * np.nan


class Careless(LeastSquaresRegressor):
    def fit(self, X, y):
        return super().fit(np.nan_to_num(X), y)


class Wrong(LeastSquaresRegressor):
    def predict(self, X):
        return super().predict(X) + 1


class Forgetful(LeastSquaresRegressor):
    def fit(self, X, y):
        self.coef_ = None
        return super().fit(X, y)


class Meddling(LeastSquaresRegressor):
    def fit(self, X, y):
        X *= 2
        return super().fit(X, y)


def judged(estimator, *steps, monkeypatch):
    """Outcome of the steps, for an estimator in the place of the least squares one."""
    subject = replace(outcomes.SUBJECTS["LeastSquaresRegressor"], make=estimator)
    monkeypatch.setitem(outcomes.SUBJECTS, "LeastSquaresRegressor", subject)
    return outcomes.judge(Case("LeastSquaresRegressor", (), steps)).outcome


@pytest.mark.parametrize(
    "estimator, X, outcome",
    [
        (LeastSquaresRegressor, "rows()", outcomes.HANDLED),
        (LeastSquaresRegressor, "put(rows(), nan)", outcomes.REFUSED),
        (Unrelated, "rows()", outcomes.TRACEBACK),
        (Nameless, "rows()", outcomes.TRACEBACK),
        (NonFinite, "rows()", outcomes.NON_FINITE),
        (Careless, "put(rows(), nan)", outcomes.NONSENSE),
        (Wrong, "rows()", outcomes.DIFFERENT),
        (Meddling, "rows()", outcomes.CHANGED),
    ],
)
def test_judge_tells_faults_apart(estimator, X, outcome, monkeypatch):
    steps = (Step("fit", (("X", X), GOOD[1])), Step("predict", GOOD[:1]))
    assert judged(estimator, *steps, monkeypatch=monkeypatch) == outcome


def test_judge_sees_what_a_failed_fit_leaves(monkeypatch):
    steps = (Step("fit", GOOD), Step("fit", (GOOD[0], ("y", "numbers()[:-1]"))))
    found = judged(Forgetful, *steps, monkeypatch=monkeypatch)
    assert found == outcomes.CHANGED


def test_faults_are_cut_down_to_a_smallest_case(monkeypatch):
    subject = replace(outcomes.SUBJECTS["LeastSquaresRegressor"], make=NonFinite)
    monkeypatch.setitem(outcomes.SUBJECTS, "LeastSquaresRegressor", subject)
    fit = Step("fit", (*GOOD, ("sample_weight", "np.ones(12)")))
    predict = Step("predict", GOOD[:1])
    steps = (fit, Step("clone"), fit, predict, Step("score", GOOD))
    case = Case("LeastSquaresRegressor", (("alpha", "1"),), steps)
    least = bad_inputs.smallest(case, outcomes.judge)
    assert least == Case("LeastSquaresRegressor", (), (Step("fit", GOOD), predict))


def test_same_seed_gives_the_same_cases():
    first, second, other = [], [], []
    for seed, found in ((0, first), (0, second), (1, other)):
        bad_inputs.each_case(20, seed, found.append)
    assert first == second != other


def test_bad_inputs_are_handled_or_refused_clearly():
    counts, faults = bad_inputs.examine(150, 2, outcomes.judge)
    assert counts.total() == 150
    assert not faults, json.dumps(bad_inputs.summary(counts, faults), indent=2)
