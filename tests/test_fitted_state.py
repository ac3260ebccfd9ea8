"""The state of a fitted network: set at once or not at all, plain, and as written."""

import copy
import pickle

import numpy as np
import pytest
import skops.io
from numpy.testing import assert_allclose, assert_array_equal, assert_equal
from sklearn.neural_network import MLPClassifier as TheirClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch.callbacks import Callback

from sknn_course import CNNClassifier, CNNRegressor, MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
rng = np.random.RandomState(0)
X = rng.normal(size=(40, 4))
Y = (X[:, 0] > 0).astype(int)
FEW = dict(max_iter=3, random_state=0)


def network(**options):
    return MLPClassifier(**FEW | dict(hidden_layer_sizes=(5,)) | options)


# --- one commit ---


def state_of(estimator):
    state = estimator.__getstate__()
    return copy.deepcopy({name: v for name, v in state.items() if name != "callbacks"})


def fails(hook):
    """A callback that raises where one hook is called."""

    def fail(self, net, **arguments):
        raise RuntimeError("for this test")

    return type("Fails", (Callback,), {hook: fail})()


CALLBACKS = [
    dict(callbacks=[fails(hook)])
    for hook in ("on_train_begin", "on_grad_computed", "on_epoch_end", "on_train_end")
]
REFUSED = [dict(dropout=[0.1, 0.2]), dict(device="cuda:99"), *CALLBACKS]
ONLY_BY_FIT = [
    dict(alpha=-1.0),
    dict(weight_init="best"),
    dict(solver="sgd", learning_rate_init=1e200, dtype="float64"),
]


@pytest.mark.parametrize(
    "method, refused",
    [("fit", refused) for refused in REFUSED + ONLY_BY_FIT]
    + [("partial_fit", refused) for refused in REFUSED],
)
def test_a_refused_fit_leaves_no_trace(refused, method):
    mlp = network(batch_norm=True).fit(X, Y).set_params(**refused)
    state, expected = state_of(mlp), mlp.predict_proba(X)
    rows, y = (np.hstack([X, X]), Y + 10) if method == "fit" else (X, Y)
    with pytest.raises((ValueError, RuntimeError)):
        getattr(mlp, method)(rows, y)
    assert_equal(state_of(mlp), state)
    assert_array_equal(mlp.predict_proba(X), expected)


STAGES = [
    "_estimator.base.resolve_device",
    "_estimator.base.as_split",
    "_estimator.base.parameter_layout",
    "_estimator.base.split_validation",
    "_estimator.base.parallel.train_job",
    "_engine.trainer.train_stack",
    "_engine.trainer.log_epoch",
    "_engine.stack.Stack.step",
    "_engine.stack.Stack.hand_over",
    "_estimator.base.NeuralEstimator._keep",
    "_estimator.base.NeuralEstimator._keep_network",
    "_estimator.base.NeuralEstimator._keep_progress",
    "_estimator.base.NeuralEstimator._become",
]


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("method", ["fit", "warm fit", "partial_fit", "first fit"])
def test_a_fit_that_fails_anywhere_leaves_no_trace(stage, method, monkeypatch):
    early_stopping = method != "partial_fit" and not stage.endswith("hand_over")
    mlp = network(warm_start=method == "warm fit", early_stopping=early_stopping)
    if method != "first fit":
        mlp.fit(X, Y)
    state = state_of(mlp)

    def fail(*arguments, **options):
        raise MemoryError("for this test")

    if method == "partial_fit" and stage == "_estimator.base.split_validation":
        stage = "_estimator.base.initial_parameters"
        del mlp._structure, state["_structure"]  # a first call that fails
    monkeypatch.setattr(f"sknn_course.{stage}", fail)
    with pytest.raises(MemoryError):
        getattr(mlp, method.split()[-1])(X, Y)
    assert_equal(state_of(mlp), state)


# --- coefs_ and intercepts_ are the network ---


def set_items(mlp, W, b):
    for i in range(len(W)):
        mlp.coefs_[i], mlp.intercepts_[i] = W[i], b[i]


def set_slices(mlp, W, b):
    mlp.coefs_[:], mlp.intercepts_[:] = W, b


def set_lists(mlp, W, b):
    mlp.coefs_, mlp.intercepts_ = W, b


def write_in_place(mlp, W, b):
    for one, other in zip(mlp.coefs_ + mlp.intercepts_, W + b, strict=True):
        one[...] = other


@pytest.mark.parametrize("write", [set_items, set_slices, set_lists, write_in_place])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_written_weights_have_scikit_learns_effect(write, dtype):
    kwargs = dict(hidden_layer_sizes=(5,), random_state=0, max_iter=3)
    mlp = MLPClassifier(dtype=dtype, **kwargs).fit(X, Y)
    theirs = TheirClassifier(**kwargs).fit(X, Y)
    mlp.predict(X)
    W, b = (
        [rng.normal(size=v.shape) for v in vs]
        for vs in (mlp.coefs_, theirs.intercepts_)
    )
    for one in (mlp, theirs):
        write(one, copy.deepcopy(W), copy.deepcopy(b))
    rtol = 1e-9 if dtype == "float64" else 1e-4
    assert_allclose(mlp.predict_proba(X), theirs.predict_proba(X), rtol=rtol)
    assert_allclose(
        mlp.net_.predict_proba(X.astype(dtype))[:, -1:],
        mlp.predict_proba(X)[:, 1:],
        rtol=1e-4,
    )
    copied = pickle.loads(pickle.dumps(mlp))
    assert_array_equal(copied.predict_proba(X), mlp.predict_proba(X))
    for one in (mlp, theirs):  # training goes on from them
        one.set_params(warm_start=True, max_iter=1).fit(X, Y)
    if dtype == "float64":
        assert_allclose(mlp.coefs_[0], theirs.coefs_[0], rtol=1e-6)


def test_weights_of_another_size_and_type():
    mlp = network().fit(X, Y)
    mlp.coefs_ = [np.ones((4, 3), np.float16)[::-1], [[0.5]] * 3]
    mlp.intercepts_ = [np.zeros(3), np.zeros(1)]
    hidden = np.maximum(X.sum(1), 0)
    assert_allclose(mlp.predict_proba(X)[:, 1], 1 / (1 + np.exp(-1.5 * hidden)), 1e-5)
    with pytest.raises(ValueError, match="same sizes of layers"):
        mlp.partial_fit(X, Y)
    mlp.coefs_ = [0.0, 0.0]
    with pytest.raises(ValueError, match="coefs_ and intercepts_ are of shapes"):
        mlp.predict(X)


def test_a_net_trained_by_hand_is_the_network():
    mlp = network().fit(X, Y)
    before = mlp.predict_proba(X)
    mlp.net_.partial_fit(X.astype(np.float32), Y.astype(np.float32), epochs=5)
    weight = mlp.net_.module_[0].weight.detach().numpy()
    assert_array_equal(weight.T, mlp.coefs_[0])
    assert np.abs(mlp.predict_proba(X) - before).max() > 1e-3


# --- plain data ---


@pytest.mark.parametrize(
    "estimator",
    [
        network(dropout=0.3, batch_norm=True, early_stopping=True),
        network(solver="lbfgs"),
        network(solver="nadam", warm_start=True, dtype="bfloat16"),
        MLPRegressor(hidden_layer_sizes=(3, 2), **FEW),
        CNNClassifier(filters=(2,), input_shape=(2, 2), batch_norm=True, **FEW),
        CNNRegressor(filters=(2,), input_shape=(2, 2), **FEW),
    ],
    ids=str,
)
def test_skops_round_trip(estimator):
    pipeline = make_pipeline(StandardScaler(), estimator).fit(X, Y)
    dumped = skops.io.dumps(pipeline)
    untrusted = skops.io.get_untrusted_types(data=dumped)
    assert all(name.startswith("sknn_course.") for name in untrusted)
    assert not any("._" in name or ".training" in name for name in untrusted)
    loaded = skops.io.loads(dumped, trusted=untrusted)
    assert_array_equal(loaded.predict(X), pipeline.predict(X))
    for one in (loaded[-1], pipeline[-1]):
        if estimator.solver != "lbfgs" and not estimator.early_stopping:
            one.partial_fit(X, Y)
        assert len(one.net_.history) == len(one._progress["loss_curve"])
    assert_array_equal(loaded[-1].coefs_[0], pipeline[-1].coefs_[0])


# --- types of what is predicted ---


@pytest.mark.parametrize("given", [np.float64, np.float32, np.int32])
def test_predictions_are_of_the_rows_type(given):
    rows = (10 * X).astype(given)
    expected = np.float32 if given is np.float32 else np.float64
    y = np.arange(40) % 9
    for labels in (Y, y):
        proba = MLPClassifier(**FEW).fit(rows, labels).predict_proba(rows)
        assert proba.dtype == expected
        assert_allclose(proba.sum(1), 1, atol=2 * np.finfo(expected).eps)
    assert MLPRegressor(**FEW).fit(rows, X).predict(rows).dtype == expected


def test_what_overflows_in_single_precision_is_predicted_in_double():
    mlp = MLPRegressor(activation="identity", dtype="float64", **FEW).fit(X, X[:, 0])
    single = copy.deepcopy(mlp)
    single._settings["dtype"] = "float32"
    rows = 1e37 * X
    assert_allclose(single.predict(rows), mlp.predict(rows), rtol=1e-4)
    mlp.coefs_[0][...] = 9
    with pytest.raises(ValueError, match="not finite in float64"):
        mlp.predict(np.abs(X) / np.abs(X).max() * 1e308)
