"""MixUp and CutMix against their formulas, their distributions and torch's losses.

Images that show which row they are tell what was mixed with what.
"""

import copy
import pickle

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats
from torch.nn import functional as F

from sknn_course._engine.ops.counter_random import row_keys, step_keys
from sknn_course._engine.ops.mixing import beta_quantiles
from sknn_course.augmentation import AUGMENTATIONS, augmentation_pipeline
from sknn_course.cnn import CNNClassifier, CNNRegressor

# Fits are short on purpose.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

N = 800
KEYS = step_keys(torch.arange(N, dtype=torch.int32), 7, 1)  # (n,)
SIGNIFICANCE = 1e-3  # of the goodness-of-fit tests, whose draws are fixed
each_name = pytest.mark.parametrize(
    "name", [name for name, row in AUGMENTATIONS.items() if row.mixes]
)


def mixed(name, n=N, sides=(1, 1), keys=KEYS, weight=None):
    """Rows that are mixed of which: images (n, n, H, W) and targets (n, n).

    Row i is 1 in all pixels of channel i.
    """
    rows = torch.eye(n, dtype=torch.float64)
    images = rows[:, :, None, None].expand(n, n, *sides)
    return augmentation_pipeline(name).change_batch(images, rows, keys[:n], weight)


def partners(targets):
    """The other row in each mixture; the row itself where it met itself."""
    others = targets.clone().fill_diagonal_(-1.0)
    alone = targets.diagonal() == 1
    return torch.where(alone, torch.arange(len(targets)), others.argmax(1)).numpy()


# --- what is mixed ---


@pytest.mark.parametrize("alpha", [0.2, 1, 4])
def test_mixup_is_a_mean_of_two_with_a_beta_share(alpha):
    images, targets = mixed(f"mixup({alpha})")
    assert_array_equal(images[:, :, 0, 0], targets)
    assert_allclose(targets.sum(1), 1)
    assert (targets >= 0).all() and ((targets > 0).sum(1) <= 2).all()
    share = targets.diagonal()[partners(targets) != np.arange(N)]
    assert stats.kstest(share, stats.beta(alpha, alpha).cdf).pvalue > SIGNIFICANCE


def test_cutmix_puts_a_box_of_another_row_and_shares_by_area():
    height, width = sides = (7, 5)
    images, targets = mixed("cutmix", 200, sides)
    assert set(images.unique().tolist()) == {0.0, 1.0}
    assert_array_equal(images.sum(1), np.ones((200, *sides)))
    assert_allclose(images.mean((2, 3)), targets)
    for row, partner in enumerate(partners(targets)):
        box = images[row, partner].numpy() if partner != row else np.zeros(sides)
        h, w = np.ptp(np.argwhere(box), axis=0) + 1 if box.any() else (0, 0)
        assert h * w == box.sum()  # a rectangle
        inside = not (box[[0, -1]].any() or box[:, [0, -1]].any())
        if inside and box.any():  # floor(H r) x floor(W r) for some r
            assert max(h / height, w / width) < min((h + 1) / height, (w + 1) / width)


def cutmix_by_hand(rng, alpha, height, width):
    """Pixels left of the first image by the paper's draws, algorithm A1."""
    share = rng.beta(alpha, alpha)
    y, x = rng.randint(height), rng.randint(width)
    h, w = int(height * np.sqrt(1 - share)), int(width * np.sqrt(1 - share))
    pixels = np.ones((height, width))
    top, left = y - h // 2, x - w // 2
    pixels[max(top, 0) : max(top + h, 0), max(left, 0) : max(left + w, 0)] = 0
    return pixels.sum()


@pytest.mark.parametrize("alpha", [0.3, 1, 5])
def test_shares_of_cutmix_have_the_distribution_of_the_paper(alpha):
    _, targets = mixed(f"cutmix({alpha})", sides=(9, 12))
    n_pixels = (108 * targets.diagonal()[partners(targets) != np.arange(N)]).round()
    rng = np.random.RandomState(0)
    by_hand = [cutmix_by_hand(rng, alpha, 9, 12) for _ in range(20_000)]
    # rows that met themselves and boxes of no pixels look alike: leave both out
    by_hand = [value for value in by_hand if value < 108]
    assert stats.ks_2samp(n_pixels, by_hand).pvalue > SIGNIFICANCE


def test_boxes_lie_around_every_pixel_equally_often():
    height, width = sides = (5, 4)
    images, targets = mixed("cutmix(1e9)", sides=sides)  # a share of 1/2
    h, w = int(height * np.sqrt(0.5)), int(width * np.sqrt(0.5))
    boxes = {}
    for y, x in np.ndindex(sides):
        box = np.zeros(sides, bool)
        top, left = y - h // 2, x - w // 2
        box[max(top, 0) : top + h, max(left, 0) : left + w] = True
        boxes[box.tobytes()] = len(boxes)
    found = [
        boxes[(images[row, partner] == 1).numpy().tobytes()]
        for row, partner in enumerate(partners(targets))
        if partner != row
    ]
    counts = np.bincount(found, minlength=len(boxes))
    assert len(counts) == height * width
    assert stats.chisquare(counts).pvalue > SIGNIFICANCE


@pytest.mark.parametrize("alpha", [1e-3, 0.4, 1.0, 30.0, 1e12])
def test_quantiles_are_those_of_the_beta_distribution(alpha):
    values = beta_quantiles(alpha, torch.float64, torch.device("cpu")).numpy()
    assert ((values >= 0) & (values <= 1)).all()
    assert_allclose(values + values[::-1], 1, atol=1e-6)  # symmetric
    variance = 1 / (4 * (2 * alpha + 1))
    assert_allclose(values.var(), variance, rtol=0.01)


# --- with which row ---


def drawn(weight, n_draws=400, name="mixup(30)"):
    """How often each of a few rows was each row's partner, (n, n)."""
    n = len(weight)
    counts = np.zeros((n, n), int)
    for step in range(n_draws):
        keys = step_keys(torch.arange(n, dtype=torch.int32), 3, step)
        _, targets = mixed(name, n, keys=keys, weight=weight)
        counts[np.arange(n), partners(targets)] += 1
    return counts


def test_partners_are_drawn_by_weight():
    weight = torch.tensor([0.0, 2.0, 0.5, 0.0, 1.0, 0.5, 0.0], dtype=torch.float64)
    counts = drawn(weight)
    assert_array_equal(counts[:, weight == 0], 0)
    expected = 400 * weight[weight > 0] / 4
    for of_row in counts[:, weight > 0]:
        assert stats.chisquare(of_row, expected).pvalue > SIGNIFICANCE


def test_rows_without_weights_are_partners_equally_often():
    weight = torch.ones(5, dtype=torch.float64)
    for of_row in drawn(weight):
        assert stats.chisquare(of_row).pvalue > SIGNIFICANCE
    assert_array_equal(mixed("mixup", 5)[1], mixed("mixup", 5, weight=weight)[1])


def test_partners_of_different_rows_are_independent():
    _, targets = mixed("mixup")
    # in an n x n table of neighbours, sqrt(n) times a correlation is about normal
    found = partners(targets)
    assert abs(np.corrcoef(found[:-1], found[1:])[0, 1]) < 4 / np.sqrt(N)
    share = targets.diagonal().numpy()
    assert abs(np.corrcoef(found, share)[0, 1]) < 4 / np.sqrt(N)


@each_name
def test_padding_of_a_batch_changes_nothing(name):
    images, targets = mixed(name, 50, sides=(4, 4))
    weight = torch.ones(80, dtype=torch.float64)
    weight[50:] = 0
    padded, of_padded = mixed(name, 80, sides=(4, 4), weight=weight)
    assert_array_equal(padded[:50, :50], images)
    assert_array_equal(of_padded[:50, :50], targets)
    assert not padded[:50, 50:].any()


@each_name
def test_a_batch_without_weight_or_of_one_row_stays_finite(name):
    images, targets = mixed(name, 5, weight=torch.zeros(5, dtype=torch.float64))
    assert torch.isfinite(images).all() and torch.isfinite(targets).all()
    assert_allclose(mixed(name, 1)[1], [[1.0]])


# --- as augmentations ---


def images(dtype=torch.float64):
    generator = torch.Generator().manual_seed(0)
    return torch.randn((40, 2, 6, 8), generator=generator).to(dtype)


@each_name
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_forms_stay_and_the_batch_is_left_alone(name, dtype):
    x, y = images(dtype=dtype), images(dtype=dtype)[:, 0, 0, :3]
    before = x.clone(), y.clone()
    out, targets = augmentation_pipeline(name).change_batch(x, y, KEYS[:40])
    for one, was, is_now in [(x, before[0], out), (y, before[1], targets)]:
        assert_array_equal(one, was)
        assert is_now.shape == was.shape and is_now.dtype == dtype
        assert not torch.equal(is_now, was)
    double, _ = augmentation_pipeline(name).change_batch(
        images(), None, KEYS[:40], torch.ones(40, dtype=dtype)
    )
    assert_allclose(out, double, atol=1e-5)


@each_name
def test_images_alone_are_mixed_alike(name):
    augment = augmentation_pipeline([name, "noise"])
    x = images()
    expected, _ = augment.change_batch(x, x[:, :1, 0, 0], KEYS[:40])
    assert_array_equal(augment(x, KEYS[:40]), expected)
    assert_array_equal(pickle.loads(pickle.dumps(augment))(x, KEYS[:40]), expected)


@each_name
def test_names_strengths_and_order(name):
    x, keys = images(), step_keys(row_keys(images()), 3, 5)
    default = augmentation_pipeline(f"{name}({AUGMENTATIONS[name].strength})")
    assert_array_equal(augmentation_pipeline(name)(x, keys), default(x, keys))
    assert_array_equal(augmentation_pipeline(f"{name}(0)")(x, keys), x)
    assert augmentation_pipeline(["shift", name]).mixes
    assert not augmentation_pipeline(["shift", f"{name}(0)"]).mixes
    last = augmentation_pipeline([name, torch.square])(x, keys)
    assert_array_equal(last, default(x, keys).square())


@each_name
@pytest.mark.parametrize("strength", ["-1", "inf", "nan", "much"])
def test_bad_strengths_are_named(name, strength):
    message = f"the strength of '{name}' .* got '{strength}'"
    with pytest.raises(ValueError, match=message):
        augmentation_pipeline(f"{name}({strength})")


# --- in training ---

RNG = np.random.RandomState(0)
CLASSES = RNG.randint(3, size=50)
NUMBERS = RNG.normal(size=(50, 2))
TASKS = {  # targets, and the loss of each row for torch
    "multiclass": (
        np.array(["a", "b", "c"])[CLASSES],
        np.eye(3)[CLASSES],
        lambda z, y: F.cross_entropy(z, y, reduction="none"),
    ),
    "binary": (
        CLASSES > 0,
        (CLASSES > 0)[:, None],
        lambda z, y: F.binary_cross_entropy_with_logits(z, y, reduction="none").sum(1),
    ),
    "multilabel": (
        (NUMBERS > 0).astype(int),
        NUMBERS > 0,
        lambda z, y: F.binary_cross_entropy_with_logits(z, y, reduction="none").sum(1),
    ),
    "regression": (
        NUMBERS[:, 0],
        NUMBERS[:, :1],
        lambda z, y: (z - y).square().squeeze(1) / 2,
    ),
    "poisson": (
        CLASSES.astype(float),
        CLASSES[:, None],
        lambda z, y: (torch.xlogy(y, y) - y * z - y + z.exp()).sum(1),
    ),
}


def images_with_targets(task):
    """Images whose first channels hold the targets, in each pixel; then noise."""
    coded = TASKS[task][1].astype(float)
    n, n_outputs = coded.shape
    targets = np.broadcast_to(coded[:, :, None, None], (n, n_outputs, 4, 4))
    return np.concatenate([targets, RNG.normal(size=(n, 1, 4, 4))], axis=1), n_outputs


class Spy:
    """Writes down the images that are trained on."""

    def __init__(self):
        self.batches = []

    def __call__(self, x):
        self.batches.append(x.clone())
        return x

    def __deepcopy__(self, memo):
        return self


@pytest.mark.parametrize("weighted", [False, True])
@each_name
@pytest.mark.parametrize("task", TASKS)
def test_training_is_that_of_torch_on_mixed_rows(task, name, weighted):
    y, _, loss_of_rows = TASKS[task]
    X, n_outputs = images_with_targets(task)
    weight = np.random.RandomState(1).uniform(0.2, 3.0, 50) if weighted else None
    spy = Spy()
    kind = CNNRegressor if task in ("regression", "poisson") else CNNClassifier
    cnn = kind(
        filters=((4,),),
        dense_layer_sizes=(),
        activation="tanh",
        solver="sgd",
        momentum=0.0,
        learning_rate_init=1e-200,
        alpha=0.0,
        shuffle=False,
        batch_size=20,  # 20 + 20 + 10 rows
        max_iter=1,
        random_state=0,
        dtype="float64",
        augmentation=[f"{name}(0.8)", spy],
        **dict(loss="poisson") if task == "poisson" else {},
    )
    cnn.fit(X, y, sample_weight=weight)
    module = copy.deepcopy(cnn.net_.module_).train()
    spy.batches.clear()
    cnn.set_params(learning_rate_init=0.3, max_iter=4, warm_start=True)
    cnn.fit(X, y, sample_weight=weight)
    assert len(spy.batches) == 12
    optimizer = torch.optim.SGD(module.parameters(), 0.3)
    losses = []
    for number, x in enumerate(spy.batches):
        target = x[:, :n_outputs].mean((2, 3))
        rows = slice(20 * (number % 3), 20 * (number % 3) + len(x))
        w = torch.ones(len(x)) if weight is None else torch.tensor(weight[rows])
        loss = (loss_of_rows(module(x), target) * w / w.sum()).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item() * len(x) / 50)
    assert_allclose(cnn.loss_curve_[1:], np.reshape(losses, (4, 3)).sum(1), rtol=1e-9)
    ours = cnn.net_.module_.state_dict()
    for key, value in module.state_dict().items():
        assert_allclose(ours[key], value, rtol=1e-8, atol=1e-10)


@each_name
def test_validation_rows_are_not_mixed(name):
    X, _ = images_with_targets("multiclass")
    y = TASKS["multiclass"][0]
    cnn = CNNClassifier(
        filters=((4,),), augmentation=name, early_stopping=True, random_state=0
    )
    cnn.set_params(validation_fraction=0.4, max_iter=40, learning_rate_init=0.01)
    cnn.fit(X, y)
    assert max(cnn.validation_scores_) == 1.0
    # a loss of mixed rows cannot vanish, as their targets are uncertain
    assert min(cnn.validation_loss_curve_) < 0.5 * min(cnn.loss_curve_)


def test_an_unmixed_fit_is_the_same_with_a_strength_of_zero():
    X, _ = images_with_targets("multiclass")
    y = TASKS["multiclass"][0]
    options = dict(filters=((4,),), max_iter=5, random_state=0)
    plain = CNNClassifier(augmentation=["shift(1)"], **options).fit(X, y)
    zero = CNNClassifier(augmentation=["shift(1)", "mixup(0)"], **options).fit(X, y)
    assert plain.loss_curve_ == zero.loss_curve_
