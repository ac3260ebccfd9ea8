"""Fitted networks in other libraries: scikit-learn's MLP, torch.export, skops."""

import pickle
import subprocess
import sys

import numpy as np
import pytest
import skops.io
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import sknn_course.layers
import sknn_course.tabular
from sknn_course import (
    CNNClassifier,
    EnsembleClassifier,
    MLPClassifier,
    MLPRegressor,
    TabularRegressor,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X, y = load_iris(return_X_y=True)
FEW = dict(max_iter=4, random_state=0)
TARGETS = {
    "binary": np.array(["no", "yes"])[(y > 0).astype(int)],
    "classes": np.array(["a", "b", "c"])[y],
    "one class": np.full(len(y), 7),
    "labels": np.stack([y > 0, y < 2, X[:, 0] > 6], axis=1).astype(int),
}
OPTIONS = {
    "defaults": dict(),
    "no hidden layer": dict(hidden_layer_sizes=()),
    "dropout, noise": dict(hidden_layer_sizes=(7, 5), dropout=0.2, noise=0.1),
    "tanh, lbfgs": dict(activation="tanh", solver="lbfgs"),
    "nadam, cosine": dict(solver="nadam", learning_rate="cosine"),
}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("labels", TARGETS.values(), ids=TARGETS)
def test_scikit_learns_classifier_predicts_the_same(labels, options):
    mlp = MLPClassifier(**FEW | options).fit(X, labels)
    theirs = mlp.to_sklearn()
    assert type(theirs).__module__.startswith("sklearn.")
    assert_array_equal(theirs.predict(X), mlp.predict(X))
    assert_allclose(theirs.predict_proba(X), mlp.predict_proba(X), atol=1e-6)
    assert theirs.score(X, labels) == mlp.score(X, labels)
    assert theirs.n_iter_ == mlp.n_iter_ and theirs.loss_ == mlp.loss_


@pytest.mark.parametrize("normalize_y", [False, True])
@pytest.mark.parametrize(
    "target, loss",
    [
        (X[:, 2], "squared_error"),
        (1e3 * X[:, 1:] + 50, "squared_error"),
        (X[:, 0], "huber"),
        (X[:, 0], "poisson"),
    ],
    ids=["one", "three", "huber", "poisson"],
)
def test_scikit_learns_regressor_predicts_the_same(target, loss, normalize_y):
    if loss == "poisson":
        normalize_y = False  # its targets are not below zero
    mlp = MLPRegressor(loss, normalize_y=normalize_y, **FEW).fit(X, target)
    theirs = mlp.to_sklearn()
    expected = mlp.predict(X)
    assert_allclose(theirs.predict(X), expected, atol=1e-6 * np.abs(expected).max())
    assert theirs.loss == ("squared_error" if loss == "huber" else loss)


def test_scikit_learns_own_needs_nothing_of_this_package():
    theirs = MLPClassifier(**FEW).fit(X, y).to_sklearn()
    code = """
import pickle, sys
sys.modules["sknn_course"] = None
print(*pickle.loads(sys.stdin.buffer.read()).predict([[5, 3, 1, 0.2]]))"""
    given, command = pickle.dumps(theirs), [sys.executable, "-c", code]
    found = subprocess.run(command, input=given, capture_output=True, check=True)
    assert int(found.stdout) == theirs.predict([[5, 3, 1, 0.2]])[0]


def test_the_export_goes_on_alone():
    mlp = MLPClassifier(warm_start=True, **FEW).fit(X, y)
    theirs, before = mlp.to_sklearn(), mlp.predict_proba(X)
    theirs.fit(X, y).partial_fit(X, y)
    assert_array_equal(mlp.predict_proba(X), before)


@pytest.mark.parametrize(
    "options, part",
    [
        (dict(batch_norm=True), "BatchNorm"),
        (dict(numeric_embedding="periodic"), "PeriodicEmbedding"),
        (dict(activation="gelu"), "activation='gelu'"),
    ],
    ids=str,
)
def test_what_scikit_learn_lacks_is_named(options, part):
    mlp = MLPClassifier(**FEW | options).fit(X, y)
    with pytest.raises(ValueError, match=f"scikit-learn's MLPs have no {part}"):
        mlp.to_sklearn()


def test_no_network_is_told():
    with pytest.raises(NotFittedError):
        MLPClassifier().to_sklearn()


@pytest.mark.parametrize(
    "estimator",
    [
        MLPClassifier(batch_norm=True, dropout=0.1, **FEW),
        CNNClassifier(((3,),), input_shape=(1, 2, 2), **FEW),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_torch_exports_the_module(estimator):
    module = estimator.fit(X, y).net_.module_
    assert type(module) is torch.nn.Sequential
    rows = torch.from_numpy(X.astype(np.float32))
    rows = rows.reshape(-1, *getattr(estimator, "input_shape_", (4,)))
    exported = torch.export.export(module.eval(), (rows,)).module()
    assert_array_equal(exported(rows).detach(), module(rows).detach())
    expected = estimator.predict_proba(rows.numpy())
    assert_allclose(exported(rows).softmax(1).detach(), expected, rtol=1e-4)


@pytest.mark.parametrize(
    "estimator",
    [
        EnsembleClassifier(
            make_pipeline(StandardScaler(), MLPClassifier(**FEW)),
            {"mlpclassifier__alpha": [0.1, 1.0]},
            n_candidates=2,
            cv=2,
            random_state=0,
        ),
        TabularRegressor(2, cv=2, random_state=0),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_skops_asks_for_public_classes_alone(estimator):
    estimator.fit(X, y)
    dumped = skops.io.dumps(estimator)
    untrusted = skops.io.get_untrusted_types(data=dumped)
    public = [sknn_course, sknn_course.layers, sknn_course.tabular]
    known = {getattr(module, name) for module in public for name in module.__all__}
    known = {f"{one.__module__}.{one.__name__}" for one in known}
    # the last is in scikit-learn's SimpleImputer
    assert set(untrusted) <= known | {"numpy.dtype"}
    loaded = skops.io.loads(dumped, trusted=untrusted)
    assert_array_equal(loaded.predict(X), estimator.predict(X))
