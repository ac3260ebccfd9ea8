"""The trainer and its parts: chunks, rows, orders, losses, scores, groups, ends."""

import copy
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn import metrics
from sklearn.neural_network import _base as sklearns
from sklearn.utils import check_random_state, shuffle
from torch.optim.lr_scheduler import OneCycleLR

from sknn_course.architectures import convolutional_network, multilayer_perceptron
from sknn_course.modules.augmentation import augmentation_pipeline
from sknn_course.modules.counter_random import row_keys
from sknn_course.modules.initialisers import initial_parameters
from sknn_course.modules.parameters import ParameterLayout
from sknn_course.training import (
    FitJob,
    Progress,
    Settings,
    Split,
    train,
    trainer,
)
from sknn_course.training.evaluation import ScoreSum, Validation
from sknn_course.training.losses import LOSSES, SCORES
from sknn_course.training.optimizers import OptimizerState
from sknn_course.training.orders import RowOrders
from sknn_course.training.rows import (
    CHUNK_BYTES,
    StackedRows,
    plan_chunks,
    presence,
    to_tensor,
)
from sknn_course.training.schedules import of_settings, one_cycle
from sknn_course.training.stack import Stack
from sknn_course.training.threads import no_denormals

CPU = torch.device("cpu")
SETTINGS = Settings(
    solver="adam",
    loss="log_loss",
    score="accuracy",
    alpha=0.01,
    l1=0.0,
    l2=0.0,
    penalize_bias=False,
    weight_decay=0.0,
    batch_size=10,
    learning_rate="constant",
    learning_rate_init=0.01,
    power_t=0.5,
    decay_rate=None,
    decay_epochs=10,
    max_iter=6,
    shuffle=True,
    tol=0.0,
    verbose=False,
    momentum=0.9,
    nesterovs_momentum=True,
    early_stopping=False,
    beta_1=0.9,
    beta_2=0.999,
    rho=0.9,
    epsilon=1e-8,
    n_iter_no_change=100,
    max_fun=100,
)
MLP = multilayer_perceptron([6], 3, activation="tanh"), (4,)
CNN = (
    convolutional_network([[3]], [], 3, input_shape=(1, 4, 4), activation="tanh"),
    (1, 4, 4),
)


def rows(n, input_shape=(4,), seed=0, weighted=False):
    rng = np.random.RandomState(seed)
    X = rng.normal(size=(n, *input_shape))
    classes = np.digitize(X.reshape(n, -1)[:, 0], [-0.5, 0.5])
    weight = rng.uniform(0.5, 2.0, n) if weighted else None
    return Split(X, np.eye(3)[classes], weight)


def job(layers=MLP[0], input_shape=MLP[1], *, n=37, seed=0, valid=None, **options):
    """A job to train a network of its own on rows of its own."""
    extra = {name: options.pop(name) for name in ("augment",) if name in options}
    rng = np.random.RandomState(seed)
    settings = Settings(**vars(SETTINGS) | options)
    layout = ParameterLayout(layers, input_shape)
    flat = initial_parameters(layout, "glorot", "auto", "tanh", rng)
    flat, buffers = torch.from_numpy(flat), layout.initial_buffers(torch.float64)
    return FitJob(
        layout=layout,
        settings=settings,
        strengths=tuple(
            getattr(layer, "rate", getattr(layer, "std", None)) for layer in layers
        ),
        train=rows(n, input_shape, seed),
        validation=valid,
        parameters=flat,
        buffers=buffers,
        best=(flat, buffers),
        rng=rng,
        seed=seed,
        device=CPU,
        progress=Progress(),
        optimizer=OptimizerState(settings),
        **extra,
    )


def assert_same_job(one, other, rtol=1e-9):
    assert one.progress.n_iter == other.progress.n_iter
    assert one.optimizer.n_steps == other.optimizer.n_steps
    assert_allclose(one.progress.loss_curve, other.progress.loss_curve, rtol=rtol)
    assert_allclose(one.parameters, other.parameters, rtol=rtol, atol=1e-9)
    assert one.rng.randint(2**31) == other.rng.randint(2**31)


# --- chunks and rows ---


@pytest.mark.parametrize("row_bytes", [1, 1000, CHUNK_BYTES // 40, 10 * CHUNK_BYTES])
@pytest.mark.parametrize("batch_size", [1, 7, 10, 64])
@pytest.mark.parametrize(
    "n_rows", [(40,), (40, 40), (40, 33, 33, 20), (64, 7, 1), (30, 29, 28, 10, 10)]
)
def test_chunks_cover_the_batches_of_each_job(n_rows, batch_size, row_bytes):
    chunks = plan_chunks(n_rows, batch_size, row_bytes)
    assert chunks[0].start == 0
    assert chunks[-1].stop == n_rows[0]
    assert all(one.stop == other.start for one, other in pairwise(chunks))
    for chunk in chunks:
        assert chunk.start % batch_size == 0
        for start in range(chunk.start, chunk.stop, batch_size):
            in_batch = [min(max(n - start, 0), batch_size) for n in n_rows]
            present = [n for n in in_batch if n]
            assert len(present) == chunk.n_jobs
            assert (len(set(present)) > 1) == chunk.ragged
        n_batches = -(-(chunk.stop - chunk.start) // batch_size)
        gathered = n_batches * batch_size * len(n_rows) * row_bytes
        assert n_batches == 1 or gathered <= CHUNK_BYTES
    if row_bytes == 1:  # no more chunks than there have to be
        kinds = [(chunk.n_jobs, chunk.ragged) for chunk in chunks]
        assert all(one != other or one[1] for one, other in pairwise(kinds))


def test_presence_marks_the_rows_that_a_job_has():
    like = torch.zeros(1, dtype=torch.float32)
    marks = presence([5, 3, 1], 2, 5, like)
    assert_array_equal(marks, [[1, 1, 1], [1, 0, 0], [0, 0, 0]])
    assert marks.dtype == torch.float32


def test_tensors_share_memory_where_they_may():
    array = np.arange(6.0).reshape(2, 3)
    to_tensor(array, CPU)[0, 0] = 7
    assert array[0, 0] == 7
    array.flags.writeable = False
    to_tensor(array, CPU)[0, 0] = 8
    assert array[0, 0] == 7
    assert to_tensor(array.T, CPU).is_contiguous()


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("with_keys", [False, True])
def test_rows_of_several_jobs(form, with_keys):
    one, other = rows(5, seed=1), rows(4, seed=2, weighted=True)
    dense = [one.X, other.X, one.X]
    one, other = (Split(form(s.X), s.y, s.sample_weight) for s in (one, other))
    held = StackedRows([one, other, one], CPU, with_keys)
    assert held.X.shape[0] == 9  # the same object is held once
    orders = [np.array([3, 0, 1]), np.array([2, 3]), np.array([1, 4, 0])]
    X, y, weight, keys = held.take(held.index(orders))
    for k, (split, order) in enumerate(zip((one, other, one), orders, strict=True)):
        n = len(order)
        assert_array_equal(X[k, :n], dense[k][order])
        assert_array_equal(y[k, :n], split.y[order])
        expected = 1 if split.sample_weight is None else split.sample_weight[order]
        assert_array_equal(weight[k, :n], np.broadcast_to(expected, n))
        if with_keys:
            assert_array_equal(keys[k, :n], row_keys(torch.from_numpy(dense[k]))[order])
    assert (keys is not None) == with_keys
    assert X.shape == (3, 3, 4)  # shorter orders are filled up with rows of the job
    assert_array_equal(X[1, 2], dense[1][0])
    assert held.take(held.index(orders), inputs=False)[0] is None


def test_rows_of_one_job_have_no_model_axis():
    split = rows(5)
    held = StackedRows([split], CPU, True)
    X, y, weight, keys = held.take(held.index([np.array([4, 2])]))
    assert_array_equal(X, split.X[[4, 2]])
    assert_array_equal(y, split.y[[4, 2]])
    assert weight is None
    assert keys.shape == (2,)


def test_keys_of_many_sparse_rows():
    X = np.random.RandomState(0).binomial(1, 0.3, (3000, 6)) * 1.5
    split = Split(sparse.csr_array(X), np.zeros((3000, 1)))
    held = StackedRows([split], CPU, True)
    assert_array_equal(held.keys, row_keys(torch.from_numpy(X)))


# --- orders ---


@pytest.mark.parametrize("shuffled", [True, False])
def test_orders_are_those_of_scikit_learns_shuffle(shuffled):
    fit = job(n=20, shuffle=shuffled)
    fit.rng, rng = np.random.RandomState(5), np.random.RandomState(5)
    orders, expected = RowOrders([fit]), np.arange(20)
    for _ in range(3):
        (order,) = orders.next([0])
        if shuffled:
            expected = shuffle(expected, random_state=rng)
        assert_array_equal(order, expected)


def seeded(seed, n=20, **settings):
    fit = job(n=n, **settings)
    fit.rng = check_random_state(seed)
    return fit


def test_jobs_share_the_orders_that_each_would_draw():
    def make():
        pcg = (np.random.RandomState(np.random.PCG64(3)) for _ in range(2))
        last = seeded(5), seeded(5, shuffle=False), *map(seeded, pcg)
        return [seeded(5), seeded(6), seeded(5), seeded(5, n=12), seeded(6), *last]

    jobs, alone = make(), make()
    together, each = RowOrders(jobs), [RowOrders([one]) for one in alone]
    running = list(range(len(jobs)))
    for ended in (0, 4, 2, None, None):  # in their epochs
        orders = together.next(running)
        for k in running:
            (expected,) = each[k].next([0])
            assert_array_equal(orders[k], expected)
        if ended is not None:
            together.end(ended, jobs[ended])
            running.remove(ended)
    assert orders[7] is orders[8] is not orders[5]
    together.select(running)
    for place, k in enumerate(running):
        together.end(place, jobs[k])
    for one, other in zip(jobs, alone, strict=True):
        assert one.rng.randint(2**31) == other.rng.randint(2**31)


def test_jobs_of_one_generator_have_different_orders():
    rng = np.random.RandomState(5)
    one, other = RowOrders([seeded(rng), seeded(rng)]).next([0, 1])
    expected = np.random.RandomState(5)
    assert_array_equal(one, shuffle(np.arange(20), random_state=expected))
    assert_array_equal(other, shuffle(np.arange(20), random_state=expected))


def test_merged_rows_draw_as_many_numbers_as_all_rows():
    one, other = job(n=20), job(n=20)
    other.train.X, other.train.y = other.train.X[:9], other.train.y[:9]
    assert_array_equal(RowOrders([other]).next([0])[0], np.arange(9))
    RowOrders([one]).next([0])
    assert one.rng.randint(2**31) == other.rng.randint(2**31)


# --- losses and scores ---

PROBABILITIES = np.random.RandomState(0).dirichlet(np.ones(3), 40)
CLASSES = np.eye(3)[np.random.RandomState(1).randint(0, 3, 40)]
COUNTS = np.random.RandomState(2).poisson(2.0, (40, 1)).astype(float)
NUMBERS = np.random.RandomState(3).normal(size=(2, 40, 2))


@pytest.mark.parametrize(
    ("name", "y", "prediction", "sklearns_loss"),
    [
        ("log_loss", CLASSES, PROBABILITIES, sklearns.log_loss),
        ("log_loss", CLASSES, 1 - CLASSES, sklearns.log_loss),  # clipped
        (
            "binary_log_loss",
            CLASSES[:, :1],
            PROBABILITIES[:, :1],
            sklearns.binary_log_loss,
        ),
        (
            "binary_log_loss",
            (NUMBERS[0] > 0) * 1.0,
            PROBABILITIES[:, :2],
            sklearns.binary_log_loss,
        ),
        ("squared_error", NUMBERS[0], NUMBERS[1], sklearns.squared_loss),
        ("poisson", COUNTS, np.exp(NUMBERS[1, :, :1]), sklearns.poisson_loss),
    ],
)
def test_losses_are_scikit_learns(name, y, prediction, sklearns_loss):
    y, prediction = y.copy(), prediction.copy()
    per_row = LOSSES[name].per_row(torch.from_numpy(y), torch.from_numpy(prediction))
    assert_allclose(per_row.mean(), sklearns_loss(y, prediction))
    weight = np.random.RandomState(4).uniform(size=40)
    weighted = np.average(per_row, weights=weight)
    assert_allclose(weighted, sklearns_loss(y, prediction, weight))


@pytest.mark.parametrize("name", LOSSES)
def test_the_gradient_is_prediction_minus_target(name):
    """With respect to the outputs before the output activation, for each row."""
    loss = LOSSES[name]
    outputs = torch.randn(20, 3, dtype=torch.float64, requires_grad=True)
    if name == "log_loss":
        y = torch.from_numpy(CLASSES[:20])
    else:
        y = torch.randint(1 if name == "poisson" else 0, 2, (20, 3)).double()
    prediction = loss.activation(outputs)
    loss.per_row(y, prediction).sum().backward()
    expected = prediction - y
    if name == "squared_error":  # scikit-learn's: its loss is a mean over outputs
        expected = expected / 3
    assert_allclose(outputs.grad, expected.detach(), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    ("loss", "score", "y"),
    [
        ("log_loss", "accuracy", CLASSES),
        ("binary_log_loss", "accuracy", CLASSES[:, :1]),
        ("binary_log_loss", "subset_accuracy", (NUMBERS[0] > -0.5) * 1.0),
        ("squared_error", "r2", NUMBERS[0, :, :1]),
        ("squared_error", "r2", NUMBERS[0]),
        ("poisson", "r2", COUNTS),
    ],
)
@pytest.mark.parametrize("n_rows", [(40,), (40, 40, 40), (40, 31, 8)])
@pytest.mark.parametrize("rows_at_once", [None, 7])
def test_validation_scores_are_those_of_metrics(
    loss, score, y, weighted, n_rows, rows_at_once
):
    weight = np.random.RandomState(4).uniform(size=40) if weighted else None
    X = np.random.RandomState(5).normal(size=(40, 4))
    layers = multilayer_perceptron([5], y.shape[1], activation="tanh")
    splits = [Split(X[:n], y[:n], weight[:n] if weighted else None) for n in n_rows]
    jobs = [
        job(layers, seed=k, loss=loss, score=score, valid=split)
        for k, split in enumerate(splits)
    ]
    stack = Stack.of_jobs(jobs)
    validation = Validation(stack)
    if rows_at_once:
        validation.rows_at_once = rows_at_once
    for _ in range(2):  # the second time as the first
        scores, losses = validation.measure(stack)
    assert len(scores) == len(losses) == len(jobs)
    for k, split in enumerate(splits):
        own = Stack.of_jobs([jobs[k]]).predict(torch.from_numpy(split.X)).numpy()
        options = {"sample_weight": split.sample_weight}
        if score == "r2":
            expected = metrics.r2_score(split.y, own, **options)
        elif y.shape[1] == 3:
            expected = metrics.accuracy_score(
                split.y.argmax(1), own.argmax(1), **options
            )
        else:
            expected = metrics.accuracy_score(split.y, own > 0.5, **options)
        assert_allclose(scores[k], expected)
        per_row = LOSSES[loss].per_row(torch.from_numpy(split.y), torch.from_numpy(own))
        assert_allclose(losses[k], np.average(per_row, weights=split.sample_weight))


def test_r2_of_constant_targets():
    """1 where all is right, else 0, as in scikit-learn."""
    y, right = torch.ones(5, 2, dtype=torch.float64), torch.ones(5, 2)
    wrong = torch.tensor([[1.0, 1.5]]).expand(5, 2)
    for prediction in (right, wrong):
        residual = SCORES["r2"].per_row(y, prediction.double()).mean(0)
        own = SCORES["r2"].of_means(residual, torch.zeros(2, dtype=torch.float64))
        assert_allclose(own, metrics.r2_score(y, prediction))


def test_scores_of_training_leave_out_jobs_without_rows():
    """The last batches belong to the first jobs alone."""
    lengths = [9, 7, 4]
    jobs = [job(n=n, seed=n, batch_size=4, early_stopping=True) for n in lengths]
    for fit in jobs:
        fit.validation = fit.train
    stack = Stack.of_jobs(jobs)
    held = StackedRows([fit.train for fit in jobs], CPU, False)
    sums = ScoreSum(stack, held, lengths)
    index = held.index([np.arange(n) for n in lengths])
    for start, n_jobs in ((0, 3), (4, 2), (8, 1)):
        stop = min(start + 4, 9)
        own = stack if n_jobs == 3 else stack.select(list(range(n_jobs)))
        places = index[:n_jobs, start:stop]
        X, y, _, _ = held.take(places if n_jobs > 1 else places[0])
        here = presence(lengths[:n_jobs], start, stop, y)
        sums.add(own.predict(X), y, here if n_jobs > 1 else here[0])
    scores, losses = sums.result()
    scores_at_once, losses_at_once = Validation(stack).measure(stack)
    assert_allclose(scores, scores_at_once)
    assert_allclose(losses, losses_at_once)


# --- schedules ---


@pytest.mark.parametrize("n_steps", [2, 3, 4, 5, 7, 10, 11, 100])
def test_one_cycle_is_torchs_for_any_number_of_steps(n_steps):
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr=0.1)
    schedule = OneCycleLR(optimizer, 0.1, total_steps=n_steps)
    settings = SimpleNamespace(learning_rate_init=0.1)
    for step in range(n_steps):
        own = one_cycle(settings, step, n_steps)
        assert_allclose(own, schedule.get_last_lr()[0], rtol=1e-9)
        optimizer.step()
        if step < n_steps - 1:
            schedule.step()
    # where training goes on, the rate stays
    assert one_cycle(settings, n_steps, n_steps) == own
    assert one_cycle(settings, 10 * n_steps, n_steps) == own


@pytest.mark.parametrize("solver", ["sgd", "adam", "rmsprop"])
@pytest.mark.parametrize("name", ["constant", "invscaling", "adaptive", "cosine"])
def test_adam_does_without_scikit_learns_schedules(solver, name):
    settings = SimpleNamespace(solver=solver, learning_rate=name)
    ignored = solver == "adam" and name in ("invscaling", "adaptive")
    assert of_settings(settings) == ("constant" if ignored else name)


# --- groups of jobs ---


@pytest.fixture
def stacks(monkeypatch):
    """The jobs of each stack that is trained."""
    trained, train_stack = [], trainer.train_stack

    def spy(jobs):
        trained.append(list(map(id, jobs)))
        train_stack(jobs)

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


def test_no_jobs():
    train([])


# --- ends ---


@pytest.fixture
def interrupt(monkeypatch):
    """Function that interrupts training at a call of `record_epoch`."""

    def at_call(number):
        record, calls = trainer.record_epoch, []

        def spy(*arguments):
            calls.append(None)
            if len(calls) == number:
                raise KeyboardInterrupt
            return record(*arguments)

        monkeypatch.setattr(trainer, "record_epoch", spy)

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
