"""Estimators as parts: rows, devices, generators, copies, searches, parameters."""

import copy
import pickle
import re

import joblib
import numpy as np
import pytest
import skorch
import skorch.callbacks
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn import config_context
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch_loop import SIGNAL, TARGETS, X, estimator

from sknn_course._devices import resolve_device

# Fits are short on purpose.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.mark.parametrize(
    "options",
    [
        dict(dropout=0.3, input_dropout=0.2, noise=0.1),
        dict(batch_norm=True, early_stopping=True),
        dict(solver="lbfgs", l1=0.01),
        dict(callbacks=[skorch.callbacks.EpochScoring("accuracy")]),
    ],
    ids=str,
)
def test_sparse_rows_are_as_dense(options):
    rows = np.where(np.abs(X) > 0.7, X, 0.0)
    dense = estimator(**options).fit(rows, TARGETS["binary"])
    for container in (sparse.csr_array, sparse.csc_matrix):
        mlp = estimator(**options).fit(container(rows), TARGETS["binary"])
        for one, other in zip(mlp.coefs_, dense.coefs_, strict=True):
            assert_allclose(one, other, rtol=1e-9, atol=1e-12)
        predicted = mlp.predict_proba(container(rows))
        assert_allclose(predicted, dense.predict_proba(rows), rtol=1e-9)


def test_devices():
    fits = [
        estimator(device=device).fit(X, TARGETS["binary"])
        for device in ("cpu", torch.device("cpu"), "auto")
    ]
    for mlp in fits:
        assert_allclose(mlp.loss_curve_, fits[0].loss_curve_, rtol=1e-6)
    assert {p.device.type for p in fits[0].net_.module_.parameters()} == {"cpu"}


@pytest.mark.parametrize("has_cuda, taken", [(False, "cpu"), (True, "cuda")])
def test_auto_device_leaves_out_mps(monkeypatch, has_cuda, taken):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: has_cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert resolve_device("auto").type == taken
    assert resolve_device("mps").type == "mps"


@pytest.mark.parametrize(
    "options", [dict(dtype="float64"), dict(dtype=None), dict(solver="lbfgs")], ids=str
)
def test_double_precision_on_mps(monkeypatch, options):
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    with pytest.raises(ValueError, match="device='mps' has no float64.*device='cpu'"):
        estimator(device="mps", **options).fit(X, SIGNAL > 0)


@pytest.mark.parametrize("device", ["gpu", "cuda:99", "cpu:x"])
def test_unknown_device(device):
    with pytest.raises(ValueError, match=f"device='{device}' .* use 'auto' or one of"):
        estimator(device=device).fit(X, SIGNAL > 0)


@pytest.mark.parametrize(
    "options",
    [{}, dict(dropout=0.3, noise=0.1), dict(early_stopping=True), dict(solver="lbfgs")],
    ids=str,
)
def test_global_random_generators_are_left_alone(options):
    numpy_before, torch_before = np.random.get_state(), torch.get_rng_state()
    mlp = estimator(**options).fit(X, TARGETS["multiclass"])
    mlp.predict(X)
    copy.deepcopy(mlp)
    assert_array_equal(np.random.get_state()[1], numpy_before[1])
    assert np.random.get_state()[2:] == numpy_before[2:]
    assert torch.equal(torch.get_rng_state(), torch_before)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_dtype(dtype, solver):
    for given in (np.float32, np.float64, int):
        mlp = estimator("regression", dtype=dtype, solver=solver)
        mlp.fit((10 * X).astype(given), SIGNAL)
        computed = "float64" if solver == "lbfgs" else dtype
        assert {str(v.dtype) for v in mlp.coefs_ + mlp.intercepts_} == {computed}
        predicted = "float32" if given is np.float32 else "float64"
        assert str(mlp.predict((10 * X).astype(given)).dtype) == predicted


def _through_joblib(mlp, path):
    joblib.dump(mlp, path / "mlp.joblib")
    return joblib.load(path / "mlp.joblib")


@pytest.mark.parametrize(
    "copied",
    [
        lambda mlp, path: pickle.loads(pickle.dumps(mlp)),
        _through_joblib,
        lambda mlp, path: copy.deepcopy(mlp),
    ],
    ids=["pickle", "joblib", "deepcopy"],
)
@pytest.mark.parametrize(
    "options",
    [
        dict(solver="adam", dropout=0.2),
        dict(solver="sgd", batch_norm=True, learning_rate="one_cycle", max_iter=4),
        dict(solver="nadam", learning_rate="exponential"),
    ],
    ids=str,
)
def test_copies_predict_and_go_on_alike(options, copied, tmp_path):
    X32 = X.astype(np.float32)
    mlp = estimator(dtype="float32", **options).fit(X32, TARGETS["multiclass"])
    other = copied(mlp, tmp_path)
    assert_array_equal(other.predict_proba(X32), mlp.predict_proba(X32))
    assert other.net_.history == mlp.net_.history
    for _ in range(3):
        mlp.partial_fit(X32, TARGETS["multiclass"])
    assert len(other.loss_curve_) == len(mlp.loss_curve_) - 3  # nothing is shared
    for _ in range(3):
        other.partial_fit(X32, TARGETS["multiclass"])
    assert other.loss_curve_ == mlp.loss_curve_
    assert_array_equal(other.predict_proba(X32), mlp.predict_proba(X32))


def test_pickle_holds_no_training_data():
    rows = np.random.RandomState(0).normal(size=(5000, 20))
    recorder = skorch.callbacks.EpochScoring("accuracy", name="mine")
    mlp = estimator(early_stopping=True, max_iter=2, callbacks=[recorder])
    mlp.fit(rows, rows[:, 0] > 0)
    assert len(pickle.dumps(mlp)) < 100_000 < rows.nbytes


def test_clone_search_and_pipeline():
    pipeline = make_pipeline(
        StandardScaler(),
        estimator(
            callbacks=[("mine", skorch.callbacks.Callback())], class_weight={0: 2}
        ),
    )
    grid = {
        "mlpclassifier__dropout": [0.0, [0.1, 0.2]],
        "mlpclassifier__hidden_layer_sizes": [(7, 4)],
        "mlpclassifier__batch_norm": [False, "before"],
    }
    search = GridSearchCV(pipeline, grid, cv=3).fit(X, TARGETS["multiclass"])
    best = clone(pipeline).set_params(**search.best_params_)
    scores = cross_val_score(best, X, TARGETS["multiclass"], cv=3)
    assert_allclose(scores.mean(), search.best_score_)
    assert not hasattr(best, "classes_")


def test_metadata_routing():
    weight = np.random.RandomState(2).uniform(0.1, 3.0, 60)
    with config_context(enable_metadata_routing=True):
        mlp = estimator().set_fit_request(sample_weight=True)
        mlp.set_score_request(sample_weight=True)
        scaler = StandardScaler().set_fit_request(sample_weight=False)
        result = cross_validate(
            make_pipeline(scaler, mlp),
            X,
            TARGETS["multiclass"],
            cv=KFold(2),
            params={"sample_weight": weight},
            return_estimator=True,
        )
    rows = np.arange(30, 60)
    alone = make_pipeline(StandardScaler(), estimator())
    alone.fit(
        X[rows], TARGETS["multiclass"][rows], mlpclassifier__sample_weight=weight[rows]
    )
    routed = result["estimator"][0]
    assert_allclose(routed.predict_proba(X), alone.predict_proba(X), rtol=1e-9)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("activation", "swish"),
        ("solver", "lion"),
        ("learning_rate", "warm"),
        ("decay_rate", -0.5),
        ("decay_epochs", 0),
        ("rho", 1.5),
        ("initial_accumulator", -0.1),
        ("l1", -1.0),
        ("l2", "much"),
        ("penalize_bias", "yes"),
        ("weight_decay", -0.1),
        ("dropout", 1.0),
        ("dropout", -0.1),
        ("dropout", (0.1, 0.2, 0.3)),
        ("dropout", (0.1, 1.5)),
        ("input_dropout", 1.0),
        ("batch_norm", "middle"),
        ("noise", -1.0),
        ("weight_init", "xavier"),
        ("weight_init", "uniform(-1)"),
        ("weight_init", "normal(x)"),
        ("bias_init", "he_normal"),
        ("class_weight", "equal"),
        ("dtype", "int8"),
        ("callbacks", "all"),
    ],
)
def test_wrong_parameters_are_named_with_their_value(name, value):
    message = f"{name}.*{re.escape(str(value))}"
    with pytest.raises(ValueError, match=message):
        estimator(**{name: value}).fit(X, TARGETS["multiclass"])


def test_text_as_target_of_a_regressor():
    with pytest.raises(ValueError, match="a regressor needs numbers"):
        estimator("regression").fit(X, TARGETS["binary"])


@pytest.mark.parametrize("way", ["warm_start", "partial_fit"])
def test_another_structure_cannot_go_on(way):
    mlp = estimator(warm_start=True).fit(X, TARGETS["multiclass"])
    mlp.set_params(hidden_layer_sizes=(7, 5))
    with pytest.raises(ValueError, match="(?s)same .*layers"):
        getattr(mlp, "fit" if way == "warm_start" else way)(X, TARGETS["multiclass"])


@pytest.mark.parametrize(
    "value, message",
    [
        (None, "y contains None or NaN"),
        (np.nan, "contains NaN"),
        (1e39, "y holds values up to 1e+39, too large for float32"),
    ],
)
@pytest.mark.parametrize("early_stopping", [False, True])
def test_targets_that_are_no_numbers(value, message, early_stopping):
    y = np.array([value, *SIGNAL[1:]], object)
    mlp = estimator("regression", dtype="float32", early_stopping=early_stopping)
    with pytest.raises(ValueError, match=re.escape(message)):
        mlp.fit(X, y)
