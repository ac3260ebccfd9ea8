"""What type checkers see of the public classes; mypy reads this module strictly."""

import inspect
from typing import Any, assert_type, get_args, get_type_hints

import numpy as np
import pytest
from numpy.typing import NDArray

import sknn_course
from sknn_course import CNNRegressor, MLPClassifier
from sknn_course._engine.losses import LOSSES
from sknn_course._engine.ops.activations import ACTIVATIONS
from sknn_course._engine.optimizers import SOLVERS
from sknn_course._engine.schedules import SCHEDULES
from sknn_course._estimator.parameter_types import (
    ActivationName,
    LossName,
    ScheduleName,
    SolverName,
    TrainingParameters,
)
from sknn_course.least_squares import LeastSquaresClassifier
from sknn_course.ls_svm import KERNELS, KernelName

X: NDArray[np.float64] = np.random.default_rng(0).random((20, 16))
y: NDArray[np.intp] = np.arange(20) % 2


def test_a_fit_is_of_its_own_class_and_predicts_arrays() -> None:
    mlp = MLPClassifier(dropout=0.1, solver="lbfgs").fit(X, y)
    assert_type(mlp, MLPClassifier)
    predictions = mlp.predict(X)
    assert_type(predictions, NDArray[Any])
    assert predictions.shape == (20,)
    assert_type(mlp.coefs_, list[NDArray[Any]])
    cnn = CNNRegressor(filters=(2,), tol=9.0).fit(X, X[:, 0])
    assert_type(cnn, CNNRegressor)
    assert_type(LeastSquaresClassifier().fit(X, y), LeastSquaresClassifier)


def test_a_misspelt_choice_is_reported_before_it_runs() -> None:
    mlp = MLPClassifier(activation="ReLU")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="activation"):
        mlp.fit(X, y)


@pytest.mark.parametrize(
    ("literal", "registry"),
    [
        (ActivationName, ACTIVATIONS),
        (SolverName, SOLVERS),
        (ScheduleName, SCHEDULES),
        (KernelName, KERNELS),
    ],
)
def test_literals_list_the_choices(literal: Any, registry: Any) -> None:
    assert get_args(literal) == tuple(sorted(set(registry)))


def test_literal_of_the_losses_lists_those_of_numbers() -> None:
    of_numbers = {name for name, loss in LOSSES.items() if loss.targets == "numbers"}
    assert set(get_args(LossName)) == of_numbers


@pytest.mark.parametrize("name", ["MLPClassifier", "MLPRegressor", "CNNClassifier"])
def test_parameters_have_one_type(name: str) -> None:
    signature = get_type_hints(getattr(sknn_course, name).__init__)
    for parameter, hint in get_type_hints(TrainingParameters).items():
        assert signature[parameter] == hint, parameter
    assert set(inspect.signature(getattr(sknn_course, name)).parameters) < set(
        signature
    )
