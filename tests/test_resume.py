"""Fits that are kept in a folder and found there again."""

import os
import pickle
import resource
import signal
import subprocess
import sys
import threading

import joblib
import numpy as np
import pytest
from numpy.testing import assert_array_equal, assert_equal
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn_course import (
    CNNClassifier,
    EnsembleClassifier,
    LeastSquaresRegressor,
    LeastSquaresSVC,
    MLPClassifier,
    MLPRegressor,
    resumable,
    resume,
)
from sknn_course._engine import snapshot, trainer
from sknn_course._resume import files
from sknn_course.parallel import workers

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X, y = load_iris(return_X_y=True)
OPTIONS = {
    "adam": dict(),
    "early stopping": dict(early_stopping=True, n_iter_no_change=2),
    "adaptive": dict(solver="sgd", learning_rate="adaptive", tol=0.1),
    "random": dict(dropout=0.2, batch_norm=True, noise=0.1),
    "schedule of steps": dict(learning_rate="inverse_time", decay_rate=0.01),
    "schedule of the length": dict(learning_rate="cosine"),
    "lbfgs": dict(solver="lbfgs"),
    "ends early": dict(tol=0.2, n_iter_no_change=2),
}


def mlp(max_iter=6, **options):
    return MLPClassifier(
        (6,), max_iter=max_iter, batch_size=32, random_state=0, **options
    )


@pytest.fixture
def epochs(monkeypatch):
    """One entry for each epoch of each network that is trained."""
    seen, log_epoch = [], trainer.log_epoch

    def spy(job, *arguments):
        seen.append(job)
        return log_epoch(job, *arguments)

    monkeypatch.setattr(trainer, "log_epoch", spy)
    return seen


def state_of(estimator):
    state = estimator.__getstate__()
    for name in ("_progress", "_structure", "max_iter", "_settings"):
        value = state.pop(name, None)
        if name == "_progress" and value is not None:
            state["progress"] = {k: v for k, v in value.items() if k != "durations"}
    return state


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_a_fit_is_found_and_a_longer_one_goes_on(options, epochs, tmp_path):
    short, long = mlp(6, **options).fit(X, y), mlp(11, **options).fit(X, y)
    counted = len(epochs)
    with resumable(tmp_path) as kept:
        mlp(6, **options).fit(X, y)
        assert_equal(state_of(mlp(6, **options).fit(X, y)), state_of(short))
        assert (kept.n_found, kept.n_trained) == (1, 1)
        assert_equal(state_of(mlp(11, **options).fit(X, y)), state_of(long))
    whole = short.n_iter_ + long.n_iter_
    if "solver" not in options or options["solver"] != "lbfgs":
        goes_on = options.get("learning_rate") != "cosine"
        assert len(epochs) - counted == (long.n_iter_ if goes_on else whole)


def test_what_is_found_goes_on_as_after_training(tmp_path):
    runs = []
    for _ in range(2):
        rng = np.random.RandomState(3)
        with resumable(tmp_path) as kept:
            fitted = mlp(4, warm_start=True).set_params(random_state=rng).fit(X, y)
            runs.append(fitted.fit(X, y).partial_fit(X, y))
    assert kept.n_found == 2
    assert_equal(state_of(runs[0])["coefs_"], state_of(runs[1])["coefs_"])
    assert runs[0].loss_curve_ == runs[1].loss_curve_


OTHERS = {
    "alpha": dict(alpha=0.1),
    "seed": dict(random_state=1),
    "layers": dict(hidden_layer_sizes=(7,)),
    "dtype": dict(dtype="float64"),
}


@pytest.mark.parametrize("options", OTHERS.values(), ids=OTHERS)
def test_another_fit_is_not_found(options, tmp_path):
    with resumable(tmp_path) as kept:
        mlp().fit(X, y)
        mlp().set_params(**options).fit(X, y)
        mlp().fit(X + 1e-6, y)
        mlp().fit(X, y, sample_weight=np.full(len(y), 2.0))
    assert (kept.n_found, kept.n_trained) == (0, 4)


@pytest.mark.parametrize(
    "estimator",
    [
        LeastSquaresRegressor(),
        LeastSquaresSVC(),
        MLPRegressor(hidden_layer_sizes=(4,), max_iter=3, random_state=0),
        CNNClassifier(
            ((3,),),
            input_shape=(1, 2, 2),
            augmentation="horizontal_flip",
            max_iter=3,
            random_state=0,
        ),
        EnsembleClassifier(
            mlp(3), {"alpha": [0.01, 0.1]}, n_candidates=2, cv=2, random_state=0
        ),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_every_estimator_is_found(estimator, tmp_path):
    fits = []
    for _ in range(2):
        with resumable(tmp_path) as kept:
            fits.append(estimator.fit(X, y))
    assert kept.n_found and not kept.n_trained
    assert_array_equal(fits[0].predict(X), fits[1].predict(X))
    names = {name for name in vars(fits[0]) if name.endswith("_")}
    for name in names & {"coef_", "intercept_", "dual_coef_", "_kernel"}:
        one, other = vars(fits[0])[name], vars(fits[1])[name]
        assert type(one) is type(other) and np.array_equal(one, other)


SEARCH = """
import os, signal, sys, warnings
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV
from sknn_course import MLPClassifier, resumable

warnings.simplefilter("ignore")
n_scored = 0

def score(estimator, X, y):
    global n_scored
    n_scored += 1
    if n_scored == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    return estimator.score(X, y)

mlp = MLPClassifier((6,), max_iter=6, batch_size=32, random_state=0)
search = GridSearchCV(mlp, {"alpha": [0.001, 0.1, 1.0]}, cv=3, scoring=score)
with resumable(sys.argv[1]):
    search.fit(*load_iris(return_X_y=True))
"""


@pytest.mark.parametrize("backend", ["stacked", "sequential"])
def test_a_killed_search_resumed_is_one_that_was_not(backend, epochs, tmp_path):
    search = GridSearchCV(mlp(), {"alpha": [0.001, 0.1, 1.0]}, cv=3)
    expected = search.fit(X, y).cv_results_
    if backend == "stacked":
        with resumable(tmp_path):
            cross_validate(mlp(alpha=0.1), X, y, cv=3)
        n_before = 3
    else:
        command = [sys.executable, "-c", SEARCH, str(tmp_path)]
        assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
        n_before = 5
    assert sum(path.is_file() for path in tmp_path.rglob("*")) == n_before
    epochs.clear()
    with resumable(tmp_path) as kept, joblib.parallel_config(backend):
        found = search.fit(X, y).cv_results_
    assert (kept.n_found, kept.n_trained) == (n_before, 10 - n_before)
    assert len({id(job) for job in epochs}) == 10 - n_before
    for name in expected.keys() - {"params"}:
        if not name.endswith("_time"):
            assert_array_equal(found[name], expected[name], err_msg=name)


def test_a_worker_keeps_what_it_trains(monkeypatch, tmp_path):
    """In this process: what is sent to a worker, and what comes back."""
    with resumable(tmp_path):
        expected = mlp().fit(X, y)
    with resumable(tmp_path / "of a worker") as kept, monkeypatch.context() as patch:
        patch.setattr(
            "sknn_course.parallel.backend.train",
            lambda jobs: workers._train(workers._pickled([jobs])),
        )
        mlp().fit(X, y)
        patch.undo()
        assert_equal(state_of(mlp().fit(X, y)), state_of(expected))
    assert kept.n_found == 1


def test_it_takes_effect_inside_the_block_alone(tmp_path):
    with resumable(tmp_path / "outer") as outer:
        with resumable(tmp_path / "inner") as inner:
            assert resume.active is inner
        assert resume.active is outer
        assert os.environ[resume.VARIABLE] == str(tmp_path / "outer")
    assert resume.active is None and resume.VARIABLE not in os.environ
    mlp().fit(X, y)
    assert not list(tmp_path.glob("*/*"))


# --- checkpoints ---


@pytest.mark.parametrize("backend", ["sequential", "stacked"])
def test_training_goes_on_from_a_checkpoint(backend, epochs, monkeypatch, tmp_path):
    expected = cross_validate(mlp(11), X, y, return_estimator=True)["estimator"]
    monkeypatch.setattr(snapshot, "CHECKPOINT_SHARE", np.inf)
    spy = trainer.log_epoch

    def fail(job, *arguments):
        if job.progress.n_iter == 8:
            raise MemoryError
        return spy(job, *arguments)

    with resumable(tmp_path, checkpoint_every=1e-9):
        with monkeypatch.context() as patch, joblib.parallel_config(backend):
            patch.setattr(trainer, "log_epoch", fail)
            with pytest.raises(MemoryError):
                cross_validate(mlp(11), X, y, error_score="raise")
        n_left = len(list(tmp_path.rglob("*.mid")))
        epochs.clear()
        with joblib.parallel_config(backend):
            found = cross_validate(mlp(11), X, y, return_estimator=True)["estimator"]
    assert n_left and len(epochs) == 5 * 11 - n_left * 8
    assert not list(tmp_path.rglob("*.mid"))
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one.coefs_[0], other.coefs_[0], rtol=1e-5)
        assert one.n_iter_ == other.n_iter_


def test_sigterm_ends_with_the_epoch_and_a_checkpoint(epochs, monkeypatch, tmp_path):
    expected, spy = mlp(11).fit(X, y), trainer.log_epoch

    def warned(job, *arguments):
        if job.progress.n_iter == 6:
            signal.raise_signal(signal.SIGTERM)
        return spy(job, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(trainer, "log_epoch", warned)
        with pytest.raises(SystemExit) as ending, resumable(tmp_path):
            mlp(11).fit(X, y)
    assert ending.value.code == 128 + signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    epochs.clear()
    with resumable(tmp_path):
        assert_equal(state_of(mlp(11).fit(X, y)), state_of(expected))
    assert len(epochs) == 4


def test_sigterm_where_nothing_trains_ends_the_block(tmp_path):
    kept = resumable(tmp_path)
    with pytest.raises(SystemExit) as ending, kept:
        with kept:
            signal.raise_signal(signal.SIGTERM)
        assert kept.is_ending  # the outer block heard it
    assert ending.value.code == 128 + signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


# --- what may go wrong ---


def kept_file(folder):
    (path,) = [path for path in folder.rglob("*") if path.is_file()]
    return path


class Harmful:
    def __reduce__(self):
        return os.abort, ()


DAMAGES = {
    "a bit": lambda content: content[:-9] + bytes([content[-9] ^ 1]) + content[-8:],
    "the end": lambda content: content[:-1],
    "all": lambda content: b"",
    "a pickle": lambda content: pickle.dumps(Harmful()),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_file_is_told_and_its_fit_trained_again(damage, tmp_path):
    with resumable(tmp_path) as kept:
        expected = mlp().fit(X, y)
        path = kept_file(tmp_path)
        path.write_bytes(damage(path.read_bytes()))
        with pytest.warns(RuntimeWarning, match=r"damaged.*trained again"):
            assert_equal(state_of(mlp().fit(X, y)), state_of(expected))
        mlp().fit(X, y)
    assert (kept.n_found, kept.n_trained) == (1, 2)


def test_objects_are_refused(tmp_path):
    with pytest.raises(TypeError, match="no plain data"):
        files.write(tmp_path / "file", {"a": Harmful()})


def test_a_full_disk_ends_the_keeping_alone(tmp_path):
    expected = mlp().fit(X, y)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with resumable(tmp_path):
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
        try:
            with pytest.warns(RuntimeWarning, match="nothing more is kept") as told:
                fits = [mlp().fit(X, y), mlp(alpha=0.1).fit(X, y)]
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert len([one for one in told if one.category is RuntimeWarning]) == 1
    assert_equal(state_of(fits[0]), state_of(expected))
    assert not any(path.is_file() for path in tmp_path.rglob("*"))


def test_runs_share_a_folder(tmp_path):
    path, stop, read = tmp_path / "00" / "file", threading.Event(), []

    def write():
        while not stop.is_set():
            files.write(path, {"rows": np.arange(10_000)})

    writers = [threading.Thread(target=write) for _ in range(2)]
    files.write(path, {"rows": np.arange(10_000)})
    for writer in writers:
        writer.start()
    try:
        read += [files.read(path)["rows"] for _ in range(100)]
    finally:
        stop.set()
    assert all(np.array_equal(rows, np.arange(10_000)) for rows in read)


def test_the_oldest_are_removed(tmp_path):
    with resumable(tmp_path) as kept:
        mlp().fit(X, y)
    size = kept_file(tmp_path).stat().st_size
    with resumable(tmp_path, max_bytes=4 * size) as kept:
        for number in range(1, 9):
            os.utime(kept._path("00" * 20, "0").parent.parent)
            mlp(alpha=number).fit(X, y)
        n_bytes = sum(p.stat().st_size for p in tmp_path.rglob("*") if p.is_file())
        mlp(alpha=8).fit(X, y)
        assert kept.n_found == 1
        kept.clear()
        mlp(alpha=8).fit(X, y)
    assert kept.n_found == 1
    assert n_bytes <= 4 * size
    assert kept_file(tmp_path)


def test_a_fit_without_a_seed_is_told(tmp_path):
    with resumable(tmp_path) as kept:
        with pytest.warns(RuntimeWarning, match="random_state=None"):
            mlp().set_params(random_state=None).fit(X, y)
        make_pipeline(StandardScaler(), mlp()).fit(X, y)
    assert kept.n_trained == 1


@pytest.mark.parametrize(
    "name, value",
    [("max_bytes", 0), ("max_bytes", "1"), ("checkpoint_every", -1.0)],
)
def test_bad_arguments_are_named(name, value, tmp_path):
    with pytest.raises(ValueError, match=f"{name} must be a number above 0, got"):
        resumable(tmp_path, **{name: value})
