"""What training logs for TensorBoard, read back by TensorBoard's own reader."""

import pickle
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import skorch.callbacks
from joblib import parallel_config
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch.utils.tensorboard import SummaryWriter

from sknn_course.cnn import CNNClassifier
from sknn_course.mlp import MLPClassifier, MLPRegressor
from sknn_course.tensorboard import TensorBoardLogging, zip_logs

# Fits are short on purpose.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = np.random.RandomState(0).normal(size=(60, 9))
Y = X[:, 0] > X[:, 1]


def scalars(folder):
    """Tag -> steps and values in a folder of event files."""
    reader = EventAccumulator(str(folder)).Reload()
    return {
        tag: np.array([(e.step, e.value) for e in reader.Scalars(tag)]).T
        for tag in reader.Tags()["scalars"]
    }


def assert_logged(logged, tag, values):
    steps, found = logged[tag]
    assert_array_equal(steps, np.arange(1, len(values) + 1))
    assert_allclose(found, values, rtol=1e-6)


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor, CNNClassifier])
def test_all_curves_are_in_the_event_files(kind, tmp_path):
    log = TensorBoardLogging(tmp_path)
    options = dict(early_stopping=True, max_iter=6, random_state=0, batch_size=20)
    own = kind(callbacks=[log], learning_rate="cosine", **options).fit(X, Y)
    logged = scalars(log.run_dir_)
    score = "r2" if kind is MLPRegressor else "acc"
    for tag, curve in [
        ("loss/train", own.loss_curve_),
        ("loss/valid", own.validation_loss_curve_),
        (f"{score}/train", own.training_score_curve_),
        (f"{score}/valid", own.validation_scores_),
        ("lr", 0.001 * (1 + np.cos(np.pi * np.arange(6) / 6)) / 2),
        ("dur", own.net_.history[:, "dur"]),
    ]:
        assert_logged(logged, tag, curve)
    assert len(logged) == 6
    plain = kind(learning_rate="cosine", **options).fit(X, Y)
    assert_allclose(own.loss_curve_, plain.loss_curve_, rtol=1e-6)


def test_each_fit_is_a_run(tmp_path):
    mlp = MLPClassifier(
        max_iter=3, callbacks=[TensorBoardLogging(tmp_path / "a" / "b")]
    )
    curves = [mlp.fit(X, Y).loss_curve_ for _ in range(3)]
    assert sorted(p.name for p in (tmp_path / "a" / "b").iterdir()) == ["1", "2", "3"]
    for number, curve in enumerate(curves, 1):
        assert_logged(scalars(tmp_path / "a" / "b" / str(number)), "loss/train", curve)


@pytest.mark.parametrize("backend", ["sequential", "threading", "stacked"])
def test_a_search_logs_every_fit(backend, tmp_path):
    mlp = MLPClassifier(max_iter=2, callbacks=[TensorBoardLogging(str(tmp_path))])
    grid = {"alpha": [0.1, 1.0], "learning_rate_init": [0.01]}
    with parallel_config(backend, n_jobs=2):
        search = GridSearchCV(mlp, grid, cv=2).fit(X, Y)
    folders = list(tmp_path.iterdir())
    assert len(folders) == 5  # with the refit
    losses = [scalars(folder)["loss/train"][1][-1] for folder in folders]
    assert len(set(losses)) == 5
    assert np.isclose(losses, search.best_estimator_.loss_curve_[-1]).any()


def test_values_may_be_left_out_and_renamed(tmp_path):
    log = TensorBoardLogging(tmp_path, keys_ignored=["dur", "lr"], key_mapper=str.upper)
    clone(MLPClassifier(max_iter=2, callbacks=[log])).fit(X, Y)
    assert set(scalars(tmp_path / "1")) == {"TRAIN_LOSS"}


def test_a_fitted_estimator_is_pickled_with_its_callback(tmp_path):
    mlp = MLPClassifier(max_iter=2, callbacks=[TensorBoardLogging(tmp_path)]).fit(X, Y)
    other = pickle.loads(pickle.dumps(mlp))
    assert_array_equal(other.predict(X), mlp.predict(X))
    assert_logged(scalars(other.fit(X, Y).callbacks[0].run_dir_), "lr", [0.001] * 2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1", "2"]


def test_skorchs_own_callback_works_with_a_writer(tmp_path):
    writer = SummaryWriter(tmp_path)
    callback = skorch.callbacks.TensorBoard(writer, close_after_train=False)
    mlp = MLPClassifier(max_iter=4, callbacks=[callback]).fit(X, Y)
    writer.close()
    assert_logged(scalars(tmp_path), "Loss/train_loss", mlp.loss_curve_)


def test_zip_holds_the_runs(tmp_path):
    mlp = MLPClassifier(max_iter=2, callbacks=[TensorBoardLogging(tmp_path / "logs")])
    curves = [mlp.fit(X, Y).loss_curve_ for _ in range(2)]
    path = zip_logs(tmp_path / "logs", tmp_path / "runs.v1.zip")
    assert path == Path(tmp_path / "runs.v1.zip")
    zipfile.ZipFile(path).extractall(tmp_path / "unpacked")
    for run, curve in zip(("1", "2"), curves, strict=True):
        assert_logged(scalars(tmp_path / "unpacked" / run), "loss/train", curve)


def test_wrong_paths_are_named(tmp_path):
    with pytest.raises(ValueError, match="log_dir='.*absent' is no folder"):
        zip_logs(tmp_path / "absent", tmp_path / "a.zip")
    with pytest.raises(ValueError, match=r"path='.*a.tar' must end in '.zip'"):
        zip_logs(tmp_path, tmp_path / "a.tar")


def test_a_missing_package_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    mlp = MLPClassifier(callbacks=[TensorBoardLogging(tmp_path / "logs")])
    with pytest.raises(ImportError, match="pip install tensorboard"):
        mlp.fit(X, Y)
    assert not (tmp_path / "logs").exists()
