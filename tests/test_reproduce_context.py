"""What an experiment is given: its context and its data."""

import numpy as np
import pytest
from sklearn.svm import SVC
from small_experiments import (
    known,
    small_catalogue,  # noqa: F401  acts on every test here
)

from sknn_course.course.data import DataNotFound, load
from sknn_course.course.experiment import Check, Experiment, Findings
from sknn_course.course.runner import Runner
from sknn_course.course.store import Store

# What studies may ask


def study_of(function, **options):
    one = Experiment("S1.01", "", "", "", function)
    runner = Runner(known(one), Store(None), **options)
    (outcome, _), *_ = runner.run([one])
    return outcome


def test_the_context(capsys):
    def study(context):
        assert context.scale == "full" and context.choose(1, 2) == 2
        assert (context.repeats, context.seed, context.device) == (3, 7, "cpu")
        data = context.data("circles", rows=50)
        svc = SVC()
        fitted = context.fit([svc, SVC(C=5.0)], *data.train)
        assert not hasattr(svc, "classes_")  # a clone was fitted
        alone = SVC(C=5.0).fit(*data.train)
        same = np.array_equal(
            alone.decision_function(data.test[0]),
            fitted[1].decision_function(data.test[0]),
        )
        return Findings([Check("same", same, right=True)])

    outcome = study_of(study, scale="full", repeats=3, seed=7, device="cpu")
    assert (outcome.status, outcome.reason) == ("passed", "")


def test_the_context_raises_what_a_fit_raises():
    def study(context):
        context.fit([SVC(C=-1.0)], *context.data("circles").train)

    outcome = study_of(study)
    assert outcome.status == "failed" and "'C' parameter of SVC" in outcome.reason


def test_data_that_a_study_does_not_find_is_missing():
    outcome = study_of(lambda context: context.data("cifar10_50000"))
    assert outcome.status == "not run" and "data_batch_5.bin" in outcome.reason


# Data


@pytest.mark.parametrize("name", ["circles", "eckerle4", "eckerle4_clean", "digits"])
def test_data_without_files(name):
    data = load(name)
    for part, size in zip(("train", "validation", "test"), data.sizes, strict=True):
        if size is None:
            assert data[part] is None
            continue
        X, y = data[part]
        assert X.dtype == np.float32 and X.flags.c_contiguous
        assert len(X) == len(y) == size
    assert len(load(name, rows=5).train[0]) == 5


def test_eckerle4_leaks_in_one_form_and_not_in_the_other():
    leaking, clean = load("eckerle4"), load("eckerle4_clean")

    def extremes(*pairs):
        X = np.concatenate([X for X, _ in pairs])
        y = np.concatenate([y for _, y in pairs])
        return [X.min(), X.max(), y.min(), y.max()]

    assert extremes(leaking.train, leaking.test) == [0, 1, 0, 1]
    assert extremes(clean.train) == [0, 1, 0, 1]
    assert extremes(leaking.train) != [0, 1, 0, 1]
    # the same rows, differently scaled
    for part in ("train", "test"):
        order = np.argsort(leaking[part][0][:, 0])
        assert np.array_equal(order, np.argsort(clean[part][0][:, 0]))


def test_unusable_names_and_rows():
    with pytest.raises(ValueError, match="name='mnits' is no data set"):
        load("mnits")
    with pytest.raises(ValueError, match="rows=0 must be"):
        load("circles", rows=0)
    with pytest.raises(DataNotFound) as error:
        load("mnist_first_1000", data_home="nowhere")
    assert error.value.missing.startswith("MNIST: train-images-idx3-ubyte[.gz], ")


def write_cifar10(folder, n_test):
    """The first batch and a part of the test images, in the official layout."""
    rng = np.random.default_rng(0)
    for name, n in (("data_batch_1.bin", 10_000), ("test_batch.bin", n_test)):
        records = rng.integers(0, 10, (n, 3073), dtype=np.uint8)
        records.tofile(folder / name)
        if name == "test_batch.bin":
            return records


def test_a_part_of_the_test_images_is_used_and_noted(tmp_path):
    records = write_cifar10(tmp_path, n_test=20)
    data = load("cifar10_10000", data_home=tmp_path)
    assert data.train[0].shape == (10_000, 3072) and data.sizes[2] == 10_000
    assert data.validation is data.test
    np.testing.assert_array_equal(data.test[1], records[:, 0])
    np.testing.assert_allclose(data.test[0], records[:, 1:] / 255, rtol=1e-6)
    assert data.notes == [
        "test_batch.bin holds 20 records, the official file 10000; the 20 are used."
    ]
    with pytest.raises(DataNotFound, match="data_batch_2.bin"):
        load("cifar10_50000", data_home=tmp_path)
