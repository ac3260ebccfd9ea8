"""The data sets that come with a comparison, by name."""

import warnings
from collections.abc import Callable
from typing import Any

from sklearn import datasets as sklearn_datasets

from sknn_course._compare.errors import InputError
from sknn_course.datasets import (
    fetch_cifar10,
    fetch_mnist,
    load_eckerle4,
    make_circles_split,
)

MAX_MNIST, MAX_CIFAR10 = 2000, 1000


def _circles(*, random_state: int, **_: Any) -> dict[str, Any]:
    X, X_test, y, y_test = make_circles_split(random_state=random_state)
    names = ["x1", "x2"]
    return dict(X=X, y=y, X_test=X_test, y_test=y_test, feature_names=names)


def _moons(*, random_state: int, **_: Any) -> dict[str, Any]:
    X, y = sklearn_datasets.make_moons(400, noise=0.2, random_state=random_state)
    return dict(X=X, y=y, feature_names=["x1", "x2"])


def _from_scikit_learn(load: Callable[[], Any]) -> Callable[..., dict[str, Any]]:
    def loaded(**_: Any) -> dict[str, Any]:
        bunch = load()
        return dict(X=bunch.data, y=bunch.target, feature_names=bunch.feature_names)

    return loaded


def _digits(**_: Any) -> dict[str, Any]:
    bunch = sklearn_datasets.load_digits()
    return dict(
        X=bunch.data / 16.0,
        y=bunch.target,
        feature_names=bunch.feature_names,
        image_shape=(1, 8, 8),
        notes=["pixels divided by 16, their largest value"],
    )


def _eckerle4(**_: Any) -> dict[str, Any]:
    bunch = load_eckerle4()
    return dict(
        X=bunch.data,
        y=bunch.target,
        feature_names=["wavelength"],
        target_name="transmittance",
    )


def _mnist(*, data_home: Any, **_: Any) -> dict[str, Any]:
    return _fetched(fetch_mnist, (1, 28, 28), MAX_MNIST, data_home)


def _cifar10(*, data_home: Any, max_rows: int | None, **_: Any) -> dict[str, Any]:
    n_batches = min(5, -(-(max_rows or MAX_CIFAR10) // 10_000))  # 10,000 images each
    batches = {"batches": range(1, n_batches + 1)}
    return _fetched(fetch_cifar10, (3, 32, 32), MAX_CIFAR10, data_home, **batches)


def _fetched(
    fetch: Callable[..., Any],
    image_shape: Any,
    default_max_rows: int,
    data_home: Any,
    **train: Any,
) -> dict[str, Any]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            images = fetch(data_home=data_home, **train)
            test = fetch(data_home=data_home, subset="test")
        except (OSError, ValueError) as error:  # absent or damaged files
            raise InputError(" ".join(str(error).split())) from error
    return dict(
        X=images.data,
        y=images.target,
        X_test=test.data,
        y_test=test.target,
        feature_names=images.feature_names,
        image_shape=image_shape,
        default_max_rows=default_max_rows,
        notes=[str(one.message) for one in caught],
    )


BUILTIN: dict[str, Callable[..., dict[str, Any]]] = {
    "circles": _circles,
    "moons": _moons,
    "digits": _digits,
    "iris": _from_scikit_learn(sklearn_datasets.load_iris),
    "wine": _from_scikit_learn(sklearn_datasets.load_wine),
    "breast_cancer": _from_scikit_learn(sklearn_datasets.load_breast_cancer),
    "diabetes": _from_scikit_learn(sklearn_datasets.load_diabetes),
    "eckerle4": _eckerle4,
    "mnist": _mnist,
    "cifar10": _cifar10,
}
