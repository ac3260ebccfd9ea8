"""Losses and scores, in training and in validation."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from sklearn import metrics
from sklearn.neural_network import _base as sklearns
from training_jobs import CPU, job

from sknn_course._engine import Split
from sknn_course._engine.evaluation import ScoreSum, Validation
from sknn_course._engine.losses import LOSSES, SCORES
from sknn_course._engine.rows import StackedRows, presence
from sknn_course._engine.stack import Stack
from sknn_course.architectures import multilayer_perceptron

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
        weight = here if n_jobs > 1 else here[0]
        sums.add(own.loss, own.predict(X), y, weight)
    scores, losses = sums.result()
    scores_at_once, losses_at_once = Validation(stack).measure(stack)
    assert_allclose(scores, scores_at_once)
    assert_allclose(losses, losses_at_once)
