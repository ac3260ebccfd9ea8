"""Embeddings of columns: the papers' formulas, alone = stacked, the parameter."""

import pickle
from dataclasses import replace
from math import pi

import numpy as np
import pytest
import skops.io
import torch
from network_passes import Case, assert_close, assert_passes_equal, batch_of, run
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.utils._param_validation import InvalidParameterError
from skorch.callbacks import EpochTimer
from stacked_fits import Fit, assert_same_fit, copies, fit_alone

from sknn_course import MLPClassifier, MLPRegressor
from sknn_course._engine.cost_model import COSTS
from sknn_course.layers import Dense, Dropout, PeriodicEmbedding
from sknn_course.layers.embeddings import EMBEDDINGS, VARIANTS

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
rng = np.random.RandomState(0)
X = rng.normal(size=(60, 5))
SIGNAL = np.sin(4 * X[:, 0]) + X[:, 1]
Y = (SIGNAL > 0).astype(int)
SHORT = dict(max_iter=3, random_state=0, batch_size=25)
LAYERS = [
    PeriodicEmbedding(3, 4, 0.5, variant, n) for variant in VARIANTS for n in (None, 2)
]


def by_formula(layer, module, x):
    """Column by column, as the papers write it, by the parameters of a module."""
    n = layer.n_columns or x.shape[1]
    embedded = []
    for j in range(n):
        shared = layer.variant == "plr_lite"
        V = module.weight if shared else module.weight[j]
        v = module.bias if shared else module.bias[j]
        t = 2 * pi * x[:, [j]] * module.frequency[j]
        if layer.variant == "pbld":
            z = torch.cos(t + module.phase[j]) @ V + v
            embedded += [x[:, [j]], z]
        else:
            waves = torch.cat([torch.cos(t), torch.sin(t)], 1)
            embedded.append(torch.relu(waves @ V + v))
    return torch.cat([*embedded, x[:, n:]], 1)


@pytest.mark.parametrize("n_models", [None, 3])
@pytest.mark.parametrize("layer", LAYERS, ids=str)
def test_outputs_and_gradients_are_the_papers(layer, n_models):
    for layers in ((Dense(4), layer, Dense(2)), (layer, Dense(2))):
        case = Case(layers, (5,), n_models)
        outputs = run(case, case.network(), batch_of(case.inputs()))
        modules, expected = case.modules(), []
        for (*before, own, after), x in zip(modules, case.x, strict=True):
            x = before[0](x) if before else x
            embedded = by_formula(layer, own, x)
            assert_close(own(x), embedded)
            assert embedded.shape[1:] == layer.output_shape((x.shape[1],))
            expected.append(after(embedded))
        assert_passes_equal(case, outputs, modules, expected)


@pytest.mark.parametrize("layer", LAYERS, ids=str)
def test_evaluation_in_blocks_of_rows(layer, monkeypatch):
    case = Case((layer, Dense(2)), (5,), 3)
    whole = case.network().forward(case.inputs())
    few = replace(COSTS, chunk_bytes=2 * 3 * 5 * 6 * 8)  # two rows of 2 x 3 waves
    monkeypatch.setattr("sknn_course._engine.ops.stacked_embeddings.COSTS", few)
    assert_close(case.network().forward(case.inputs()), whole)


@pytest.mark.parametrize("layer", LAYERS, ids=str)
def test_initial_values(layer):
    layer = replace(layer, n_frequencies=2000, n_columns=None)
    mlp = MLPClassifier((3,), numeric_embedding=layer, max_iter=1, random_state=0)
    mlp.set_params(learning_rate_init=1e-30, dtype="float64").fit(X, Y)
    frequency, *phase, weight, bias = mlp._other_arrays
    assert_allclose([frequency.mean(), frequency.std()], [0, 0.5], atol=0.02)
    assert [one.shape for one in phase] == [(5, 2000)] * (layer.variant == "pbld")
    for one in phase:
        assert_allclose([one.min(), one.max(), one.mean()], [-pi, pi, 0], atol=0.1)
    bound = weight.shape[-2] ** -0.5
    assert_allclose([weight.min(), weight.max()], [-bound, bound], rtol=0.01)
    assert np.abs(bias).max() <= bound and bias.std() > 0
    assert [coef.shape for coef in mlp.coefs_] == [(20, 3), (3, 1)]
    assert [b.shape for b in mlp.intercepts_] == [(3,), (1,)]
    assert mlp.n_layers_ == 3


@pytest.mark.parametrize("layer", LAYERS, ids=str)
def test_training_alone_is_training_in_a_stack(layer, check):
    check(
        [
            Fit(
                MLPRegressor(
                    hidden_layer_sizes=(6,),
                    numeric_embedding=replace(layer, scale=scale),
                    **SHORT | dict(random_state=seed, dtype="float64", dropout=0.1),
                ),
                X[seed:],
                SIGNAL[seed:],
            )
            for seed, scale in enumerate([0.1, 0.5, 2.0])
        ]
    )


@pytest.mark.parametrize("name", EMBEDDINGS)
def test_hidden_layers_of_other_sizes_share_a_stack(name, check):
    options = SHORT | dict(numeric_embedding=name, dtype="float64", max_iter=2)
    sizes = [(8, 3), (6, 5), (7, 4)]
    check([Fit(MLPClassifier(size, **options), X, Y) for size in sizes])


def test_embeddings_of_other_sizes_do_not(together, stacks):
    layers = [PeriodicEmbedding(3, 4), PeriodicEmbedding(3, 5), PeriodicEmbedding(2, 4)]
    options = SHORT | dict(dtype="float64")
    fits = [
        Fit(MLPClassifier((4,), numeric_embedding=layer, **options), X, Y)
        for layer in layers
    ]
    alone = copies(fits)
    fit_alone(alone)
    stacks.clear()
    together(fits)
    assert stacks == [1, 1, 1]
    for one, other in zip(fits, alone, strict=True):
        assert_same_fit(one.estimator, other.estimator, X)


@pytest.mark.parametrize("name", EMBEDDINGS)
def test_a_fitted_network_is_kept_and_trained_on(name):
    mlp = MLPClassifier((4,), numeric_embedding=name, **SHORT).fit(X, Y)
    proba = mlp.predict_proba(X)
    dumped = skops.io.dumps(mlp)
    trusted = skops.io.get_untrusted_types(data=dumped)
    for copy in (pickle.loads(pickle.dumps(mlp)), skops.io.loads(dumped, trusted)):
        assert_array_equal(copy.predict_proba(X), proba)
        assert_array_equal(copy.predict_proba(X[7:8]), proba[7:8])
        logit = copy.net_.module_(torch.tensor(X, dtype=torch.float32))
        assert_allclose(logit.sigmoid().detach()[:, 0], proba[:, 1], rtol=1e-4)
    whole = clone(mlp).set_params(max_iter=6, shuffle=False).fit(X, Y)
    half = clone(mlp).set_params(shuffle=False).fit(X, Y)
    for _ in range(3):
        half.partial_fit(X, Y)
    assert half.loss_curve_ == whole.loss_curve_
    again = clone(mlp).set_params(warm_start=True).fit(X, Y)
    first, curve = again._other_arrays[0].copy(), again.loss_curve_[:]
    again.fit(X, Y)
    assert again.loss_curve_[:3] == curve and len(again.loss_curve_) == 6
    assert np.abs(again._other_arrays[0] - first).max() > 0
    with pytest.raises(ValueError, match="same sizes of layers"):
        again.set_params(numeric_embedding=PeriodicEmbedding(2, 3)).fit(X, Y)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_sparse_rows_become_dense(solver):
    rows = X * (X > 0.5)
    mlp = MLPClassifier((4,), solver=solver, numeric_embedding="pbld", **SHORT)
    dense = clone(mlp).fit(rows, Y)
    mlp.fit(csr_array(rows), Y)
    assert_allclose(mlp.loss_, dense.loss_, rtol=1e-6)
    assert_allclose(mlp.predict_proba(csr_array(rows)), mlp.predict_proba(rows))


@pytest.mark.parametrize("name", EMBEDDINGS)
def test_it_fits_what_changes_quickly_along_a_column(name):
    x = np.linspace(-2, 2, 400)[:, None]
    y = np.sin(12 * x[:, 0])
    options = dict(hidden_layer_sizes=(16,), random_state=0, learning_rate_init=0.01)
    plain = MLPRegressor(**options).fit(x, y).score(x, y)
    layer = replace(EMBEDDINGS[name], scale=1.0)
    embedded = MLPRegressor(numeric_embedding=layer, **options).fit(x, y).score(x, y)
    assert plain < 0.5 and embedded > 0.95


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("Periodic", "'pbld', 'periodic'.*Got 'Periodic' instead.*mean 'periodic'"),
        (Dropout(0.1), "an instance of 'sknn_course.layers.embeddings"),
        (PeriodicEmbedding(n_columns=6), "needs 6 columns, got 5"),
    ],
)
def test_what_does_not_fit_is_refused(given, message):
    with pytest.raises((InvalidParameterError, ValueError), match=message):
        MLPClassifier(numeric_embedding=given).fit(X, Y)


@pytest.mark.parametrize(
    "wrong",
    [
        dict(n_frequencies=0),
        dict(size=2.5),
        dict(size=1, variant="pbld"),
        dict(scale=0),
        dict(scale=np.nan),
        dict(scale=1e31),
        dict(variant="ple"),
        dict(n_columns=0),
    ],
    ids=str,
)
def test_fields_are_checked(wrong):
    with pytest.raises(ValueError, match=f"{next(iter(wrong))}=.* does not fit"):
        PeriodicEmbedding(**wrong)
    with pytest.raises(ValueError, match="needs rows of numbers"):
        PeriodicEmbedding().output_shape((3, 8, 8))


@pytest.mark.parametrize("name", EMBEDDINGS)
def test_a_net_that_callbacks_see_is_trained_alike(name):
    mlp = MLPClassifier((4,), numeric_embedding=name, batch_norm="before", **SHORT)
    seen = clone(mlp).set_params(callbacks=[EpochTimer()]).fit(X, Y)
    assert_allclose(seen.loss_curve_, mlp.fit(X, Y).loss_curve_, rtol=1e-6)
