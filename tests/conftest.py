"""Ctrl-C for all tests; for test_stacked*.py, fits trained by one call of `train`."""

import signal

import pytest
from stacked_fits import assert_same_fit, copies, fit_alone

from sknn_course._engine import train, trainer
from sknn_course._estimator.base import NeuralEstimator


@pytest.fixture(autouse=True, scope="session")
def hear_interrupts():
    """Jobs that a shell runs in the background ignore SIGINT, and pass that on."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


class _Job(Exception):
    """Carries a job out of a fit."""


@pytest.fixture
def together(monkeypatch):
    """Function that fits estimators, their jobs trained by one call of `train`."""
    make = NeuralEstimator._make_job

    def hand_over(self, *arguments):
        raise _Job(self, make(self, *arguments))

    def job_of(fit, method):
        with monkeypatch.context() as patch, pytest.raises(_Job) as handed_over:
            patch.setattr(NeuralEstimator, "_make_job", hand_over)
            fit_alone([fit], method)
        return handed_over.value.args

    def fit_together(fits, method="fit"):
        fitted, jobs = zip(*[job_of(fit, method) for fit in fits], strict=True)
        train(jobs)
        errors = []
        for fit, own, job in zip(fits, fitted, jobs, strict=True):
            try:
                own._keep(job)
                fit.estimator._become(own)
            except ValueError as error:
                errors.append(error)
        for error in errors:
            raise error

    return fit_together


@pytest.fixture
def stacks(monkeypatch):
    """Numbers of networks of the stacks that are trained."""
    sizes, train_stack = [], trainer.train_stack

    def spy(jobs, record=None):
        sizes.append(len(jobs))
        train_stack(jobs, record)

    monkeypatch.setattr(trainer, "train_stack", spy)
    return sizes


@pytest.fixture
def check(together, stacks):
    """Function: fits give in one stack what each gives alone, and all differ."""

    def check(fits):
        stacks.clear()
        alone = copies(fits)
        fit_alone(alone)
        assert set(stacks) == {1}
        stacks.clear()
        together(fits)
        assert stacks == [len(fits)]
        for one, other in zip(fits, alone, strict=True):
            assert_same_fit(one.estimator, other.estimator, other.X)
        assert len({fit.estimator.loss_curve_[-1] for fit in alone}) == len(fits)

    return check
