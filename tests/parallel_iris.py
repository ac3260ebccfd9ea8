"""Iris, a short fit of it, what has been stacked, and an end to tests that hang."""

import faulthandler

import pytest
from sklearn.datasets import load_iris

from sknn_course.mlp import MLPClassifier
from sknn_course.parallel import last_report

SECONDS = 120  # a deadlock ends here, with the stack of every thread

X, y = load_iris(return_X_y=True)
X = X[:, [2, 0, 3, 1]]

# `tol` lets each fit end after four epochs, without a warning: filters of warnings
# belong to the interpreter, so that threads mix them up
OPTIONS = dict(
    batch_size=10, tol=100, n_iter_no_change=2, random_state=0,
    learning_rate_init=0.02, dtype="float64",
)  # fmt: skip
mlp = MLPClassifier((6,), **OPTIONS)


@pytest.fixture(autouse=True)
def no_hang():
    faulthandler.dump_traceback_later(SECONDS, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()


def largest_stack():
    return max((stack.n_models for stack in last_report().stacks), default=0)
