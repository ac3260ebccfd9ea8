"""Every entry of every registry: documented, checked, trained alone = stacked = torch.

The registries themselves are walked, so that a new row is tested as it is written.
"""

import re
from dataclasses import MISSING, fields, replace

import numpy as np
import pytest
import torch
from network_passes import Case, assert_close, assert_passes_equal, batch_of, run
from numpy.testing import assert_allclose
from sklearn.base import clone
from sklearn.utils._param_validation import InvalidParameterError
from skorch.callbacks import EpochTimer
from stacked_fits import Fit, assert_same_fit, copies, fit_alone
from training_jobs import SETTINGS

from sknn_course import CNNClassifier, CNNRegressor, MLPClassifier, MLPRegressor
from sknn_course._engine import Settings
from sknn_course._engine.expand import ExpandPerParameter
from sknn_course._engine.losses import LOSSES, NUMBER_LOSSES, activate_rows, loss_of
from sknn_course._engine.ops.activations import ACTIVATIONS
from sknn_course._engine.ops.parameters import ParameterLayout
from sknn_course._engine.ops.stacked import LAYERS
from sknn_course._engine.optimizers import SOLVERS
from sknn_course._engine.penalties import PENALTIES, STRENGTHS, Penalties
from sknn_course._engine.schedules import SCHEDULES
from sknn_course.augmentation import AUGMENTATIONS, augmentation_pipeline
from sknn_course.layers import Activation, Conv2d, Dense, Flatten, ShapeError

# Fits are short on purpose.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RNG = np.random.RandomState(0)
X = RNG.normal(size=(40, 5))
IMAGES = RNG.normal(size=(40, 2, 6, 5))
SIGNAL = X @ [1.0, -2.0, 0.5, 0.0, 0.3]
CLASSES = np.digitize(SIGNAL, [-1.0, 1.0])
NUMBERS = RNG.poisson(np.exp(SIGNAL / 3)) + 1.0
SHORT = dict(
    batch_size=16,  # 16 + 16 + 8 rows
    max_iter=3,
    learning_rate_init=0.02,
    n_iter_no_change=np.inf,
    alpha=0.0,
    shuffle=False,
    random_state=0,
    dtype="float64",
)
TINY = 1e-300  # a rate that changes no weight


def mlp(kind=MLPClassifier, **options):
    sizes = dict(hidden_layer_sizes=(5, 4), activation="tanh")
    return kind(**sizes | SHORT | options)


def seeded(estimator, rows=X, y=CLASSES):
    """Fits that differ in the random state, of 40, 38 and 35 rows."""
    return [
        Fit(clone(estimator).set_params(random_state=k), rows[n:], y[n:])
        for k, n in enumerate([0, 2, 5])
    ]


def assert_trained_as_torch(estimator, rows=X, y=CLASSES, rate=1.0, rates=None):
    """Its `net_`, from the same start and trained by skorch, ends where it ends.

    ``rate`` is a factor of the learning rate, ``rates`` those of the epochs' steps.
    """
    ended = clone(estimator).fit(rows, y)
    start = clone(estimator).set_params(learning_rate_init=TINY, max_iter=1)
    start.fit(rows, y)
    net, settings = start.net_, Settings(**ended._settings)
    first = [array.copy() for array in start._arrays()]
    [group] = net.optimizer_.param_groups
    group.update(SOLVERS[settings.solver].torch_group(settings))
    targets = y if LOSSES[settings.loss].targets == "classes" else y.astype(float)
    if isinstance(estimator, MLPRegressor):
        targets = targets.reshape(len(y), -1)
    for part in net.module_.train():
        if hasattr(part, "reset_running_stats"):  # the start's rows moved them
            part.reset_running_stats()
    for part in np.split(np.arange(len(y)), range(16, len(y), 16)) * ended.max_iter:
        group["lr"] = rate * (next(rates) if rates else ended.learning_rate_init)
        net.train_step((torch.tensor(rows[part]), torch.tensor(targets[part])))
    moved = max(map(_distance, ended._arrays(), first))
    assert moved > 1e-5
    for own, torchs in zip(ended._arrays(), start._arrays(), strict=True):
        assert_allclose(own, torchs, rtol=0, atol=1e-6 * moved + 1e-14)


def _distance(one, other):
    return np.abs(one - other).max(initial=0)


# --- what is derived ---

PARAMETERS = {
    "activation": (ACTIVATIONS, [MLPClassifier, MLPRegressor, CNNClassifier]),
    "solver": (SOLVERS, [MLPClassifier, CNNClassifier, CNNRegressor]),
    "learning_rate": (SCHEDULES, [MLPClassifier, CNNClassifier, CNNRegressor]),
    "loss": (NUMBER_LOSSES, [MLPRegressor, CNNRegressor]),
}


@pytest.mark.parametrize("parameter", PARAMETERS)
def test_choices_are_documented_and_checked(parameter):
    registry, kinds = PARAMETERS[parameter]
    for kind in kinds:
        [listed] = re.findall(rf"^    {parameter} : {{(.*)}}", kind.__doc__, re.M)
        assert listed == ", ".join(map(repr, registry))
        for name in registry:
            with pytest.raises(InvalidParameterError) as error:
                kind(**{parameter: name.upper()})._validate_params()
            assert str(error.value).startswith(
                f"The {parameter!r} parameter of {kind.__name__} must be a str among "
                f"{{{', '.join(map(repr, sorted(registry)))}}}. Got {name.upper()!r} "
            )
            assert str(error.value).endswith(f"Did you mean {name!r}?")
            kind(**{parameter: name})._validate_params()


def test_what_is_far_from_all_choices_meets_no_suggestion():
    with pytest.raises(InvalidParameterError, match=r"Got 'cube' instead\.$"):
        MLPClassifier(activation="cube")._validate_params()
    with pytest.raises(InvalidParameterError, match=r"Got 3 instead\.$"):
        MLPClassifier(solver=3)._validate_params()


# --- activations ---


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation(name, check):
    row = ACTIVATIONS[name]
    z = torch.linspace(-30, 30, 241, dtype=torch.float64, requires_grad=True)
    expected = row.module()(z)
    grad = torch.linspace(1, 2, 241, dtype=torch.float64)
    [slope] = torch.autograd.grad(expected, z, grad)
    own = z.detach().clone()
    a = row.forward(own)
    kept = a if row.keeps == "a" else z.detach()
    assert_close(a, expected)
    assert_close(row.backward(grad.clone(), kept), slope)
    assert not row.is_rising or (a.diff() >= -1e-12).all()
    estimator = mlp(activation=name)
    check(seeded(estimator))
    assert_trained_as_torch(estimator.set_params(solver="sgd"))


# --- solvers ---


@pytest.mark.parametrize("name", SOLVERS)
def test_solver(name, check):
    # that of adam has scikit-learn's place: it is so small that this does not matter
    estimator = mlp(solver=name, epsilon=1e-30 if name == "adam" else 1e-6)
    if SOLVERS[name].is_full_batch:
        estimator.set_params(max_iter=500, alpha=1.0, tol=1e-8).fit(X, CLASSES)
        net = estimator.net_
        loss = net.get_loss(net.module_(torch.tensor(X)), torch.tensor(CLASSES))
        squares = sum(p.square().sum() for p in net.module_.parameters() if p.dim() > 1)
        (loss + squares / 2 / len(X)).backward()
        assert all(p.grad.abs().max() < 2e-4 for p in net.module_.parameters())
        return
    for options in (
        {},
        dict(beta_1=0.7, beta_2=0.9, rho=0.6, momentum=0.5, nesterovs_momentum=False),
    ):
        estimator.set_params(**options)
        check(seeded(estimator))
        assert_trained_as_torch(estimator)
    fits = seeded(estimator)
    for k, fit in enumerate(fits):  # coefficients and rates differ within the stack
        fit.estimator.set_params(beta_1=0.1 * k, beta_2=0.9 + k / 30, rho=0.3 * k)
        fit.estimator.set_params(momentum=0.4 * k, learning_rate_init=0.01 * (k + 1))
    check(fits)


@pytest.mark.parametrize("name", SOLVERS)
def test_torch_goes_on_with_the_moments_of_a_solver(name):
    if SOLVERS[name].is_full_batch:
        return
    estimator = mlp(solver=name, epsilon=1e-30 if name == "adam" else 1e-6)
    whole = clone(estimator).fit(X, CLASSES)
    begun = estimator.set_params(max_iter=2, callbacks=[EpochTimer()]).fit(X, CLASSES)
    assert begun.loss_curve_ == pytest.approx(whole.loss_curve_[:2], rel=1e-12)
    begun.net_.set_params(callbacks=[]).partial_fit(X, CLASSES, epochs=1)
    for own, torchs in zip(whole._arrays(), begun._arrays(), strict=True):
        assert_allclose(own, torchs, rtol=0, atol=1e-12)


# --- schedules ---


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedule(name, check):
    row = SCHEDULES[name]
    estimator = mlp(
        solver="sgd", momentum=0.0, learning_rate=name, decay_epochs=2, max_iter=5
    )
    check(seeded(estimator))
    settings = Settings(**clone(estimator).fit(X, CLASSES)._settings)

    def rates():
        rate = settings.learning_rate_init
        for step in range(5 * 3):
            if row.per_step:
                rate = row.per_step(settings, step, 5 * 3)
            elif row.per_epoch and step and step % 3 == 0:
                rate = row.per_epoch(settings, step // 3, step // 3 * len(X))
            yield rate

    assert_trained_as_torch(estimator, rates=rates())
    if row.decay_rate:
        default = clone(estimator).fit(X, CLASSES).loss_curve_
        given = estimator.set_params(decay_rate=row.decay_rate).fit(X, CLASSES)
        assert given.loss_curve_ == default
    for solver in SOLVERS.values():
        assert set(solver.ignores) <= set(SCHEDULES)


def test_a_stalled_schedule_goes_on():
    for name, row in SCHEDULES.items():
        stalled = mlp(solver="sgd", learning_rate=name, tol=10.0, max_iter=20)
        stalled.set_params(n_iter_no_change=2).fit(X, CLASSES)
        assert (stalled.n_iter_ > 4) == (row.stall_divisor is not None)


# --- losses ---


def _targets(row, n_outputs):
    if row.targets == "classes":
        return torch.eye(n_outputs, dtype=torch.float64)[CLASSES % n_outputs]
    if row.targets == "labels":
        return torch.tensor(X[:, :n_outputs] > 0, dtype=torch.float64)
    return torch.tensor(np.column_stack([NUMBERS, NUMBERS[::-1], SIGNAL**2]))[
        :, :n_outputs
    ].clamp_min(0.5)


OWN = [dict(quantile=0.3, label_smoothing=0.2), dict(quantile=0.9, label_smoothing=0.5)]


@pytest.mark.parametrize("own", [{}, OWN[0]], ids=["default", "own"])
@pytest.mark.parametrize("n_outputs", [1, 3])
@pytest.mark.parametrize("name", LOSSES)
def test_loss(name, n_outputs, own):
    """Its gradient is that of autograd, and in proportion that of the criterion."""
    settings = replace(SETTINGS, loss=name, **own)
    row = loss_of(settings)
    if row.targets == "classes" and n_outputs == 1:
        return
    y = _targets(row, n_outputs)
    z = torch.tensor(RNG.normal(size=y.shape), requires_grad=True)
    prediction = row.activation(z)
    assert_close(prediction, activate_rows(name, z))
    [expected] = torch.autograd.grad(row.per_row(y, prediction).sum(), z)
    own = row.gradient(y, prediction.detach())
    if name == "squared_error":  # scikit-learn's: the mean over outputs is its loss
        expected = expected * n_outputs
    assert_close(own, expected)
    assert_close(_slope_of_criterion(settings, z, y), _factor(settings, z, y) * own)


def _slope_of_criterion(settings, z, y):
    row = LOSSES[settings.loss]
    criterion = row.criterion(**row.values(settings))
    y = y.argmax(1) if row.targets == "classes" else y
    return torch.autograd.grad(criterion(z, y), z)[0]


def _factor(settings, z, y):
    """Of the criterion's gradient, that of the sum over rows being 1."""
    torchs, row = _slope_of_criterion(settings, z, y), loss_of(settings)
    own = row.gradient(y, row.activation(z.detach()))
    place = own.abs().argmax()
    return (torchs.flatten()[place] / own.flatten()[place]).item()


@pytest.mark.parametrize("name", LOSSES)
def test_training_with_a_loss(name, check):
    row = LOSSES[name]
    options = dict(solver="sgd", momentum=0.0)
    if row.targets == "numbers":
        estimator, y = mlp(MLPRegressor, loss=name, **options), NUMBERS
    else:
        estimator = mlp(**options)
        y = CLASSES if row.targets == "classes" else (SIGNAL > 0).astype(int)
    fits = seeded(estimator, y=y)
    for values, fit in zip(({}, *OWN), fits, strict=True):  # that of the row differ
        fit.estimator.set_params(
            **{own: values.get(own, 0.4) for own in row.parameters}
        )
    check(fits)
    estimator = fits[1].estimator
    fitted = clone(estimator).fit(X, y)
    assert fitted._settings["loss"] == name and fitted.out_activation_ == row.output
    z = torch.randn(len(y), fitted.n_outputs_, dtype=torch.float64, requires_grad=True)
    factor = _factor(Settings(**fitted._settings), z, _targets(row, z.shape[1]))
    assert_trained_as_torch(estimator, y=y, rate=1 / len(y) / factor)


def test_large_errors_count_less_with_huber_and_absolute_error():
    y = NUMBERS.copy()
    y[::10] += 1000
    predictions = {
        loss: mlp(MLPRegressor, loss=loss, max_iter=200).fit(X, y).predict(X).mean()
        for loss in ("squared_error", "huber", "absolute_error")
    }
    assert predictions["squared_error"] > 2 * predictions["huber"]
    assert predictions["squared_error"] > 2 * predictions["absolute_error"]


# --- penalties ---


@pytest.mark.parametrize("penalize_bias", [False, True])
@pytest.mark.parametrize("name", STRENGTHS)
def test_training_with_a_penalty(name, penalize_bias, check):
    fits = seeded(mlp(penalize_bias=penalize_bias))
    for k, fit in enumerate(fits):
        fit.estimator.set_params(**{name: 0.1 * k})
    check(fits)
    without = clone(fits[2].estimator).set_params(**{name: 0.0}).fit(X, CLASSES)
    assert clone(fits[2].estimator).fit(X, CLASSES).loss_curve_ != without.loss_curve_


@pytest.mark.parametrize("penalize_bias", [False, True])
@pytest.mark.parametrize("name", PENALTIES)
def test_gradient_of_a_penalty_follows_finite_differences(name, penalize_bias):
    layout = ParameterLayout((Dense(4), Activation("tanh"), Dense(2)), (5,))
    for K, strength in ((None, 0.3), (3, torch.tensor([0.1, 0.2, 0.3]))):
        flat = torch.tensor(RNG.normal(size=layout.n_parameters * (K or 1)))
        grad = torch.zeros_like(flat)
        strengths = dict.fromkeys(STRENGTHS, 0.0) | {name: strength}
        expand = ExpandPerParameter(layout, K, flat)
        penalties = Penalties(layout, flat, grad, K, expand, strengths, penalize_bias)
        penalties.add_gradient(1 / 7)
        direction, around = torch.randn_like(flat), []
        for change in (1e-6, -2e-6):
            flat.add_(direction, alpha=change)
            total = penalties.total([penalties.norms()], [1.0], [1 / 7])
            around.append(total.sum().item())
        slope = (around[0] - around[1]) / 2e-6
        assert slope and abs(grad @ direction - slope) < 1e-6 * abs(slope)


# --- layers ---

FILL = {int: 3, float: 0.3, str: "tanh"}  # fields without a default


def _instance(kind):
    given = {f.name: FILL[f.type] for f in fields(kind) if f.default is MISSING}
    if kind.strength_field:
        given[kind.strength_field] = 0.3
    return kind(**given)


def networks_with(kind):
    """Networks of rows and of images with the layer, where it takes them."""
    layer = _instance(kind)
    for layers, shape in (
        ((Dense(4), layer, Dense(2)), (5,)),
        ((Conv2d(4), layer, Flatten(), Dense(2)), (2, 6, 5)),
    ):
        try:
            Case(layers, shape, None)
        except ShapeError:
            continue
        yield layers, shape


@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize("n_models", [None, 3])
def test_passes_of_a_layer(kind, n_models):
    n_networks = 0
    for layers, shape in networks_with(kind):
        n_networks += 1
        case = Case(layers, shape, n_models)
        network = case.network()
        is_random = kind.strength_field is not None
        keys = torch.arange(case.K * 6, dtype=torch.int32).reshape(case.K, 6)
        batch = batch_of(case.inputs(), None, keys if n_models else keys[0])
        outputs = run(case, network, batch)
        gradient = case.grad.clone()
        modules = case.modules()
        if is_random:
            quiet = network.forward(case.inputs())
            expected = [m.eval()(x) for m, x in zip(modules, case.x, strict=True)]
            assert_close(quiet if n_models else quiet[None], torch.stack(expected))
            assert not torch.allclose(quiet, outputs if n_models else outputs[0])
        else:
            expected = [m(x) for m, x in zip(modules, case.x, strict=True)]
            assert_passes_equal(case, outputs, modules, expected)
        direction, around = torch.randn_like(case.flat), []
        for change in (1e-6, -2e-6):
            case.flat.add_(direction, alpha=change)
            around.append(network.forward(case.inputs(), batch).sin().sum())
        slope = (around[0] - around[1]) / 2e-6
        assert_allclose(gradient @ direction, slope, rtol=1e-5, atol=1e-6)
    assert n_networks


@pytest.mark.parametrize("kind", LAYERS)
def test_training_a_layer(kind, check):
    layer = _instance(kind)
    for layers, _ in networks_with(kind):
        if not isinstance(layers[0], Conv2d):
            layers = (Flatten(), *layers)
        estimator = CNNClassifier(architecture=layers, solver="sgd", **SHORT)
        check(seeded(estimator, IMAGES))
        if layer.strength is None:
            assert_trained_as_torch(estimator, IMAGES)
        fitted = estimator.fit(IMAGES, CLASSES)
        assert len(fitted.net_.module_) == len(layers)


@pytest.mark.parametrize("kind", LAYERS)
def test_a_layer_among_units_of_other_numbers(kind, together):
    layer = _instance(kind)
    if all(isinstance(layers[0], Conv2d) for layers, _ in networks_with(kind)):
        return
    fits = [
        Fit(
            CNNClassifier(
                architecture=(Flatten(), Dense(units), layer, Dense(1)), **SHORT
            ),
            IMAGES,
            CLASSES,
        )
        for units in (4, 3)
    ]
    alone = copies(fits)
    fit_alone(alone)
    together(fits)
    for one, other in zip(fits, alone, strict=True):
        assert_same_fit(one.estimator, other.estimator, other.X)


# --- augmentations ---


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_augmentation(name, check):
    estimator = CNNClassifier(((3,),), (), augmentation=name, **SHORT)
    check(seeded(estimator, IMAGES))
    augmented = clone(estimator).fit(IMAGES, CLASSES)
    plain = clone(estimator).set_params(augmentation=None).fit(IMAGES, CLASSES)
    assert augmented.loss_curve_ != plain.loss_curve_
    assert f"``{name}``" in augmentation_pipeline.__doc__
    wrong = f"{name.upper()}(0.5)"
    with pytest.raises(ValueError, match=f"Did you mean '{name}'"):
        augmentation_pipeline(wrong)
