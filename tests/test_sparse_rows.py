"""Sparse rows: multiplied as they are, with the results of dense ones."""

from functools import partialmethod

import joblib
import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn import neural_network
from skorch.callbacks import Callback

from sknn_course import MLPClassifier, MLPRegressor
from sknn_course._engine import Split
from sknn_course._engine import rows as training_rows
from sknn_course._engine.cost_model import CostModel
from sknn_course._engine.ops import sparse_rows
from sknn_course._engine.ops.counter_random import row_keys
from sknn_course._engine.ops.sparse_rows import SparseRows, keys_of_sparse, pays
from sknn_course._engine.rows import StackedRows
from sknn_course.parallel import last_report

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning", "ignore:lbfgs failed"
)
CPU = torch.device("cpu")
X = sparse.random_array((60, 40), density=0.04, format="csr", rng=0)
X.data[X.indices == 7] = 0
X.eliminate_zeros()
Y = np.arange(60) % 3


def with_duplicates():
    """A matrix with values stored twice, out of order, and zeros of both signs."""
    return sparse.csr_array(
        ([1.0, 2.0, -0.0, 0.0, 0.5, 4.0], [3, 3, 1, 0, 2, 0], [0, 2, 4, 4, 6]),
        shape=(4, 5),
    )


@pytest.fixture
def stay_sparse(monkeypatch):
    """An error where rows with all of their columns become dense."""

    def dense(self, *args, toarray, **kwargs):
        assert self.shape[1] < X.shape[1], f"{self.shape} became dense"
        return toarray(self, *args, **kwargs)

    for kind in (sparse.csr_array, sparse.csr_matrix):
        forbidden = partialmethod(dense, toarray=kind.toarray)
        monkeypatch.setattr(kind, "toarray", forbidden)
    # it looks at a small sample of rows, made dense
    monkeypatch.setattr(
        "sknn_course._estimator.base.warn_if_scaled_otherwise", lambda *rows: None
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("shape", [None, (7,), (3, 4)], ids=str)
@pytest.mark.parametrize("matrix", [X, with_duplicates()], ids=["plain", "doubled"])
def test_products(matrix, shape, dtype):
    generator = torch.Generator().manual_seed(0)
    index, dense = None, torch.from_numpy(matrix.toarray()).to(dtype)
    if shape is not None:
        index = torch.randint(matrix.shape[0], shape, generator=generator)
        dense = dense[index]
    rows = SparseRows(matrix, dtype, index)
    weight = torch.randn(*shape[:-1] if shape else (), matrix.shape[1], 2).to(dtype)
    grad = torch.randn(*dense.shape[:-1], 2).to(dtype)
    assert rows.shape == dense.shape
    assert_array_equal(rows.to_dense(), dense)
    assert (rows @ weight).dtype == dtype
    tolerance = dict(rtol=1e-5, atol=1e-6)
    assert_allclose(rows @ weight, dense @ weight, **tolerance)
    assert_allclose(rows.transposed_times(grad), dense.mT @ grad, **tolerance)
    if index is not None:
        for one, other in zip(rows.split(3, -1), dense.split(3, -2), strict=True):
            assert_array_equal(one.to_dense(), other)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("at_once", [1, 7, 1 << 20])
@pytest.mark.parametrize("matrix", [X, with_duplicates()], ids=["plain", "doubled"])
def test_keys_are_those_of_dense_rows(matrix, at_once, dtype, monkeypatch):
    monkeypatch.setattr(sparse_rows, "COSTS", CostModel(sparse_keys=at_once))
    dense = torch.from_numpy(matrix.toarray().astype(dtype))
    assert_array_equal(keys_of_sparse(matrix, dtype), row_keys(dense))


def test_rule():
    """Few values, few units or many rows: sparse; full rows: dense."""

    def of(density, n_features=1000):
        n_values = int(100 * n_features * density)
        rows = sparse.csr_array((100, n_features))
        rows.data, rows.indices = np.ones(n_values), np.arange(n_values) % n_features
        rows.indptr = np.linspace(0, n_values, 101).astype(int)
        return rows

    assert pays(of(0.01), 200, 1000, 4)
    assert pays(of(0.1), 200, 10, 4) and not pays(of(0.1), 200, 100, 4)
    assert pays(of(0.4), 10**6, 1000, 4)
    assert not pays(of(0.9), 10**6, 100, 4)


@pytest.mark.parametrize(
    "options",
    [
        dict(solver="adam", early_stopping=True),
        dict(solver="sgd", nesterovs_momentum=True, batch_size=7),
        dict(solver="lbfgs"),
    ],
    ids=lambda options: options["solver"],
)
@pytest.mark.parametrize("name", ["MLPClassifier", "MLPRegressor"])
def test_as_scikit_learn(name, options, stay_sparse):
    options = dict(hidden_layer_sizes=(6,), max_iter=15, random_state=0) | options
    reference = getattr(neural_network, name)(**options).fit(X, Y)
    ours = {"MLPClassifier": MLPClassifier, "MLPRegressor": MLPRegressor}[name]
    mlp = ours(dtype="float64", **options).fit(X, Y)
    for one, other in zip(mlp.coefs_, reference.coefs_, strict=True):
        assert_allclose(one, other, rtol=1e-6, atol=1e-9)
    assert_allclose(mlp.score(X, Y), reference.score(X, Y), rtol=1e-6)


@pytest.mark.parametrize(
    "options",
    [
        dict(input_dropout=0.3, dropout=0.2),
        dict(solver="lbfgs", input_dropout=0.3),
        dict(dtype="bfloat16", input_dropout=0.3),
        dict(batch_norm="before", noise=0.1, early_stopping=True),
    ],
    ids=str,
)
def test_as_dense_rows(options, request):
    """The same random numbers, for the stored values alone."""
    options = dict(dtype="float64", max_iter=8, random_state=0) | options
    dense = MLPClassifier((6,), **options).fit(X.toarray(), Y)
    request.getfixturevalue("stay_sparse")
    mlp = MLPClassifier((6,), **options).fit(X, Y)
    tolerance = 1e-2 if options["dtype"] == "bfloat16" else 1e-9
    for one, other in zip(mlp.coefs_, dense.coefs_, strict=True):
        assert_allclose(one, other, rtol=tolerance, atol=tolerance)


def test_stacked(stay_sparse):
    """Networks with rows, sizes, dropout and validation rows of their own."""

    def fit(n, size, rate, seed):
        mlp = MLPClassifier(
            (size,),
            input_dropout=rate,
            dtype="float64",
            batch_size=10,
            max_iter=6,
            random_state=seed,
        )
        return mlp.fit(X[:n], Y[:n], X_val=X[n:], y_val=Y[n:])

    cases = [(40, 6, 0.0, 0), (40, 5, 0.2, 1), (33, 6, 0.4, 2), (29, 6, 0.4, 3)]
    with joblib.parallel_config("stacked"):
        together = joblib.Parallel()(joblib.delayed(fit)(*case) for case in cases)
    assert max(stack.n_models for stack in last_report().stacks) > 1
    for case, stacked in zip(cases, together, strict=True):
        alone = fit(*case)
        assert_allclose(stacked.loss_curve_, alone.loss_curve_, rtol=1e-9)
        assert_allclose(stacked.validation_scores_, alone.validation_scores_)
        assert_allclose(stacked.coefs_[0], alone.coefs_[0], rtol=1e-7, atol=1e-10)


def test_predictions_are_the_same_alone_and_among_others():
    rows = sparse.random_array((50, 30), density=0.5, format="csr", rng=1)
    mlp = MLPClassifier((8,), input_dropout=0.2, max_iter=3, random_state=0)
    predicted = mlp.fit(rows, Y[:50]).predict_proba(rows)
    for place in (0, 15, 16, 49):
        alone = mlp.predict_proba(rows[[place]])
        assert_array_equal(alone, predicted[[place]])
    assert_allclose(predicted, mlp.predict_proba(rows.toarray()), rtol=1e-5)


def test_callbacks_see_dense_batches():
    class Batches(Callback):
        seen = 0

        def on_batch_end(self, net, batch, training, **kwargs):
            assert batch[0].shape[1:] == (40,)
            self.seen += float(batch[0].sum()) * training

    watch = Batches()
    MLPClassifier((3,), max_iter=2, callbacks=[watch]).fit(X, Y, X_val=X, y_val=Y)
    assert_allclose(watch.seen, 2 * X.sum(), rtol=1e-5)


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
def test_rows_of_a_wider_type_are_converted_as_they_are_taken(form):
    wide = form(X.toarray())
    narrow = wide.astype(np.float32)
    y = np.zeros((60, 1), np.float32)
    held, known = (StackedRows([Split(x, y)], CPU, True) for x in (wide, narrow))
    assert np.shares_memory(
        getattr(held.X, "data", held.X), getattr(wide, "data", wide)
    )
    index = held.index([np.array([4, 2, 2])])
    for one, other in zip(held.take(index), known.take(index), strict=True):
        assert other is None or one.dtype == other.dtype
        assert_array_equal(one, other)
    assert_array_equal(held.common(1, 5, None)[0], known.common(1, 5, None)[0])


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize(
    "options", [{}, dict(early_stopping=True), dict(input_dropout=0.2)], ids=str
)
def test_large_float64_rows_train_as_float32(form, options, monkeypatch):
    options = dict(max_iter=5, random_state=0, class_weight="balanced") | options
    wide, weight = form(X.toarray()), np.linspace(1, 2, 60)
    expected = MLPClassifier((4,), **options).fit(wide, Y, weight)
    monkeypatch.setattr(training_rows, "COSTS", CostModel(uncopied_bytes=0))
    mlp = MLPClassifier((4,), **options).fit(wide, Y, weight)
    assert mlp.loss_curve_ == expected.loss_curve_
    for one, other in zip(mlp.coefs_, expected.coefs_, strict=True):
        assert one.dtype == np.float32
        assert_array_equal(one, other)


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("value", [1e300, -1e39])
def test_values_beyond_float32(form, value, monkeypatch):
    monkeypatch.setattr(training_rows, "COSTS", CostModel(uncopied_bytes=0))
    wide = X.toarray()
    wide[3, 2] = value
    with pytest.raises(ValueError, match=r"X contains .* too large for .*float32"):
        MLPClassifier((4,), max_iter=2).fit(form(wide), Y)
