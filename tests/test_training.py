"""The trainer: jobs that it trains together, and how their training ends."""

import copy
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from training_jobs import CNN, assert_same_job, job, rows

from sknn_course._engine import train, trainer
from sknn_course._engine.evaluation import Validation
from sknn_course._engine.ops.build import build_module
from sknn_course._engine.plan import plan_stacks
from sknn_course._engine.stack import Stack
from sknn_course._engine.threads import no_denormals
from sknn_course.architectures import multilayer_perceptron
from sknn_course.augmentation import augmentation_pipeline
from sknn_course.layers import Activation

# --- groups of jobs ---


@pytest.fixture
def stacks(monkeypatch):
    """The jobs of each stack that is trained."""
    trained, train_stack = [], trainer.train_stack

    def spy(jobs, record=None):
        trained.append(list(map(id, jobs)))
        train_stack(jobs, record)

    monkeypatch.setattr(trainer, "train_stack", spy)
    return trained


DIFFERENT = {
    "plain": {},
    "deeper": dict(layers=multilayer_perceptron([6, 6], 3, activation="tanh")),
    "activation": dict(layers=multilayer_perceptron([6], 3, activation="relu")),
    "batch norm": dict(layers=multilayer_perceptron([6], 3, batch_norm=True)),
    "solver": dict(solver="sgd"),
    "batch size": dict(batch_size=7),
    "no nesterov": dict(solver="sgd", nesterovs_momentum=False),
    "biases penalized": dict(penalize_bias=True, l2=0.1),
    "early stopping": dict(early_stopping=True, valid=rows(11, seed=9)),
    "convolutions": dict(layers=CNN[0], input_shape=CNN[1]),
    "lbfgs": dict(solver="lbfgs"),
}


def test_jobs_of_equal_structure_are_trained_together(stacks):
    makers = [(name, k) for k in range(3) for name in DIFFERENT]

    def make():
        return {
            (name, k): job(seed=k, n=37 - 3 * k, **DIFFERENT[name])
            for name, k in makers
        }

    jobs, alone = make(), make()
    train(list(jobs.values()))
    together = sorted(map(sorted, stacks))
    names = [name for name in DIFFERENT if name != "lbfgs"]
    expected = [sorted(id(jobs[name, k]) for k in range(3)) for name in names]
    assert together == sorted(expected)
    for fit in alone.values():
        train([fit])
    for key, fit in jobs.items():
        rtol = 1e-6 if key[0] == "lbfgs" else 1e-9
        assert_same_job(fit, alone[key], rtol)
        assert fit.parameters.shape == (fit.layout.n_parameters,)
        assert not fit.parameters.equal(alone[key[0], (key[1] + 1) % 3].parameters)


def test_strengths_and_hyperparameters_do_not_part_jobs(stacks):
    one = job(multilayer_perceptron([6], 3, dropout=0.1, noise=0.1))
    other = job(
        multilayer_perceptron([6], 3, input_dropout=0.3),
        seed=3,
        n=20,
        alpha=1.0,
        l1=0.1,
        l2=0.2,
        weight_decay=0.3,
        learning_rate="cosine",
        learning_rate_init=0.5,
        max_iter=3,
        shuffle=False,
        tol=0.1,
        momentum=0.1,
        beta_1=0.1,
        beta_2=0.2,
        rho=0.1,
        epsilon=0.1,
        n_iter_no_change=3,
    )
    train([one, other])
    assert len(stacks) == 1


@pytest.mark.parametrize("units, n_jobs", [([500, 500], 1), ([100], 40)])
def test_torchs_threads_share_less_outside_of_the_main_thread(units, n_jobs):
    jobs = [job(multilayer_perceptron(units, 3), batch_size=20) for _ in range(n_jobs)]
    with ThreadPoolExecutor(1) as pool:
        plans = [plan_stacks(jobs, 2), pool.submit(plan_stacks, jobs, 2).result()]
    assert [plan.n_workers for plan in plans] == [1, 1]
    assert [plan.one_thread for plan in plans] == [False, True]


def test_no_jobs():
    train([])


# --- ends ---


@pytest.fixture
def interrupt(monkeypatch):
    """Function that interrupts training at a call of `log_epoch`."""

    def at_call(number):
        record, calls = trainer.log_epoch, []

        def spy(*arguments):
            calls.append(None)
            if len(calls) == number:
                raise KeyboardInterrupt
            return record(*arguments)

        monkeypatch.setattr(trainer, "log_epoch", spy)

    return at_call


@pytest.mark.parametrize("n_jobs", [1, 3])
def test_interrupted_jobs_keep_what_they_have(n_jobs, interrupt):
    whole = [job(seed=k, max_iter=4 if k == 0 else 3) for k in range(n_jobs)]
    interrupted = copy.deepcopy(whole)
    train([copy.deepcopy(fit) for fit in whole])
    interrupt(2 * n_jobs + 1)  # before the third epoch is recorded
    train(interrupted)
    for fit, other in zip(interrupted, whole, strict=True):
        assert fit.interrupted
        assert fit.progress.n_iter == 2
        train([other])
        assert not other.interrupted
        curve = other.progress.loss_curve[:2]
        assert_allclose(fit.progress.loss_curve, curve, rtol=1e-9)
        assert torch.isfinite(fit.parameters).all()
        assert set(fit.optimizer.moments) == {"mean", "square"}


def test_interruption_leaves_jobs_that_have_ended(interrupt):
    jobs = [job(seed=k, max_iter=n) for k, n in enumerate((1, 5, 5))]
    alone = job(seed=0, max_iter=1)
    train([alone])
    interrupt(5)  # in the second epoch, which two of the three train
    train(jobs)
    assert [fit.interrupted for fit in jobs] == [False, True, True]
    assert [fit.progress.n_iter for fit in jobs] == [1, 2, 1]
    assert_same_job(jobs[0], alone)


def test_interruption_restores_the_best_parameters(interrupt):
    options = dict(early_stopping=True, learning_rate_init=0.5, max_iter=20)
    jobs = [job(seed=k, valid=rows(30, seed=9), **options) for k in range(3)]
    interrupt(40)
    train(jobs)
    for fit in jobs:
        assert fit.interrupted
        [score], _ = Validation(Stack.of_jobs([fit])).measure(Stack.of_jobs([fit]))
        assert score == max(fit.progress.validation_scores)
        assert score == fit.progress.best_validation_score


def _broken(X):
    raise ZeroDivisionError("mine")


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_an_error_in_training_reaches_the_caller(n_jobs):
    jobs = [
        job(*CNN, seed=k, augment=augmentation_pipeline(_broken)) for k in range(n_jobs)
    ]
    with pytest.raises(ZeroDivisionError, match="mine"):
        train(jobs)


def test_training_replaces_tensors_and_fills_none():
    """What a job was before, can be kept for a second try."""
    fit = job()
    start, copied = fit.parameters, fit.parameters.clone()
    train([fit])
    assert_array_equal(start, copied)
    assert not fit.parameters.equal(start)
    moments = {name: (m, m.clone()) for name, m in fit.optimizer.moments.items()}
    train([fit])
    for moment, before in moments.values():
        assert_array_equal(moment, before)


@pytest.mark.parametrize("n_jobs", [1, 3])
def test_predictions_outlive_their_step(n_jobs):
    """Where all weights stay, the loss of an epoch is that of all rows at once."""
    layers = (*multilayer_perceptron([6], 3), Activation("relu"))
    jobs = [
        job(layers, seed=k, n=40, loss="squared_error", alpha=0.0)
        for k in range(n_jobs)
    ]
    for fit in jobs:
        fit.optimizer.learning_rate = 0.0
    train(jobs)
    for fit in jobs:
        network = build_module(fit.layout, fit.parameters, fit.buffers)
        X, y = torch.from_numpy(fit.train.X), torch.from_numpy(fit.train.y)
        loss = (network(X) - y).square().mean() / 2
        assert_allclose(fit.progress.loss_curve, loss.item())


def test_no_gradient_is_recorded():
    fit = job()
    train([fit])
    assert not fit.parameters.requires_grad
    assert fit.parameters.grad_fn is None


def test_denormal_numbers_are_zero_in_training_alone():
    half = torch.tensor([torch.finfo(torch.float32).tiny / 2])
    assert half.mul(1.0) != 0
    with no_denormals():
        assert half.mul(1.0) == 0
        with no_denormals():
            pass
        assert half.mul(1.0) == 0  # as the outer block has set it
    assert half.mul(1.0) != 0
