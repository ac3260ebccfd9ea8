import functools
import gzip
import hashlib
import http.server
import io
import os
import pickle
import struct
import tarfile
import threading
import tracemalloc

import numpy as np
import pytest
from scipy.optimize import curve_fit
from sklearn.datasets import make_circles
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC

from sknn_course.datasets import (
    _cifar10,
    _download,
    _mnist,
    clear_data_home,
    fetch_cifar10,
    fetch_mnist,
    get_data_home,
    load_eckerle4,
    make_circles_split,
)

# the files written here are shorter than the official ones, on purpose
pytestmark = pytest.mark.filterwarnings("ignore:.*the official file:UserWarning")

RNG = np.random.RandomState(0)
MNIST = {
    "train-images-idx3-ubyte": RNG.randint(256, size=(7, 28, 28), dtype=np.uint8),
    "train-labels-idx1-ubyte": np.array([5, 0, 4, 1, 9, 2, 1], dtype=np.uint8),
    "t10k-images-idx3-ubyte": RNG.randint(256, size=(3, 28, 28), dtype=np.uint8),
    "t10k-labels-idx1-ubyte": np.array([7, 2, 1], dtype=np.uint8),
}
CIFAR10 = {
    name: (labels, RNG.randint(256, size=(len(labels), 3, 32, 32), dtype=np.uint8))
    for name, labels in {
        "data_batch_1.bin": [6, 9, 9, 4],
        "data_batch_2.bin": [1, 6, 6],
        "data_batch_3.bin": [8, 0],
        "data_batch_4.bin": [0],
        "data_batch_5.bin": [2, 1],
        "test_batch.bin": [3, 8, 8],
    }.items()
}


def idx_bytes(array):
    shape = struct.pack(f">{array.ndim}I", *array.shape)
    return bytes([0, 0, 8, array.ndim]) + shape + array.tobytes()


def batch_bytes(labels, images):
    return b"".join(
        bytes([label]) + image.tobytes()
        for label, image in zip(labels, images, strict=True)
    )


def write_mnist(folder, pack=False):
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in MNIST.items():
        if pack:
            (folder / f"{name}.gz").write_bytes(gzip.compress(idx_bytes(array)))
        else:
            (folder / name).write_bytes(idx_bytes(array))


def write_cifar10(folder, names=tuple(CIFAR10)):
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(batch_bytes(*CIFAR10[name]))


def cifar10_archive():
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        for name, batch in CIFAR10.items():
            content = batch_bytes(*batch)
            member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return stream.getvalue()


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        self.server.requested.append(self.path)


@pytest.fixture
def server(tmp_path, monkeypatch):
    """Serve ``server.folder`` at ``server.url``; ``server.requested`` is the log."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    folder = tmp_path / "served"
    folder.mkdir()
    handler = functools.partial(QuietHandler, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.folder, server.requested = folder, []
        server.url = f"http://127.0.0.1:{server.server_port}/"
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def mnist_server(server, monkeypatch):
    write_mnist(server.folder, pack=True)
    monkeypatch.setattr(_mnist, "MIRRORS", (server.url,))
    sums = {n: hashlib.md5(idx_bytes(a)).hexdigest() for n, a in MNIST.items()}
    monkeypatch.setattr(_mnist, "MD5_SUMS", sums)
    return server


@pytest.fixture
def cifar10_server(server, monkeypatch):
    archive = cifar10_archive()
    (server.folder / "cifar-10-binary.tar.gz").write_bytes(archive)
    monkeypatch.setattr(_cifar10, "URL", server.url + "cifar-10-binary.tar.gz")
    monkeypatch.setattr(_cifar10, "MD5_SUM", hashlib.md5(archive).hexdigest())
    return server


# ---------------------------------------------------------------------- Eckerle4


def eckerle4_model(x, b1, b2, b3):
    return b1 / b2 * np.exp(-(((x - b3) / b2) ** 2) / 2)


def test_eckerle4_has_the_residuals_that_nist_certifies():
    X, y = load_eckerle4(return_X_y=True)
    assert X.shape == (35, 1)
    certified = 1.5543827178, 4.0888321754, 451.54121844
    residuals = y - eckerle4_model(X[:, 0], *certified)
    assert np.sum(residuals**2) == pytest.approx(1.4635887487e-03, rel=1e-10)
    fit, _ = curve_fit(eckerle4_model, X[:, 0], y, p0=(1.5, 5, 450))  # NIST's start 2
    np.testing.assert_allclose(fit, certified, rtol=1e-6)


def test_eckerle4_as_bunch_and_frame():
    bunch = load_eckerle4()
    assert bunch.feature_names == ["wavelength"]
    assert bunch.target_names == ["transmittance"]
    assert bunch.frame is None
    assert "NIST" in bunch.DESCR
    framed = load_eckerle4(as_frame=True)
    assert list(framed.frame.columns) == ["wavelength", "transmittance"]
    np.testing.assert_array_equal(framed.frame.to_numpy()[:, :1], bunch.data)
    X, y = load_eckerle4(return_X_y=True, as_frame=True)
    assert X.shape == (35, 1)
    np.testing.assert_array_equal(y.to_numpy(), bunch.target)


# ----------------------------------------------------------------------- circles


def test_circles_defeat_a_linear_model_and_not_an_rbf_svc():
    linear, rbf = [], []
    for seed in range(20):
        X_train, X_test, y_train, y_test = make_circles_split(random_state=seed)
        linear.append(LogisticRegression().fit(X_train, y_train).score(X_test, y_test))
        rbf.append(SVC().fit(X_train, y_train).score(X_test, y_test))
    assert min(linear) > 0.4
    assert max(linear) < 0.6
    assert min(rbf) > 0.9


def test_circles_are_a_stratified_split_of_scikit_learns():
    parts = make_circles_split(60, 40, noise=0.1, factor=0.3, random_state=3)
    X_train, X_test, y_train, y_test = parts
    assert np.bincount(y_train).tolist() == [30, 30]
    assert np.bincount(y_test).tolist() == [20, 20]
    rng = np.random.RandomState(3)
    X, y = make_circles(100, noise=0.1, factor=0.3, random_state=rng)
    ours = np.c_[np.r_[X_train, X_test], np.r_[y_train, y_test]]
    theirs = np.c_[X, y]
    np.testing.assert_array_equal(
        ours[np.argsort(ours[:, 0])], theirs[np.argsort(theirs[:, 0])]
    )
    again = make_circles_split(60, 40, noise=0.1, factor=0.3, random_state=3)
    for first, second in zip(parts, again, strict=True):
        np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize(
    ("name", "value"), [("n_train", 1), ("n_test", 0), ("noise", -1), ("factor", 1.0)]
)
def test_circles_name_a_bad_parameter(name, value):
    with pytest.raises(ValueError, match=f"{name}.*Got {value}"):
        make_circles_split(**{name: value})


# --------------------------------------------------------------------- data home


def test_data_home_is_argument_then_environment_then_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.delenv("SKNN_COURSE_DATA", raising=False)
    assert get_data_home() == str(tmp_path / "sknn_course_data")
    monkeypatch.setenv("SKNN_COURSE_DATA", str(tmp_path / "environment" / "data"))
    assert get_data_home() == str(tmp_path / "environment" / "data")
    assert get_data_home("~/argument") == str(tmp_path / "argument")
    assert (tmp_path / "environment" / "data").is_dir()
    write_mnist(tmp_path / "environment" / "data")
    assert fetch_mnist(subset="test").target.tolist() == [7, 2, 1]


def test_clear_data_home_deletes_only_what_is_fetched(tmp_path):
    write_mnist(tmp_path / "mnist", pack=True)
    write_mnist(tmp_path / "MNIST" / "raw")
    write_cifar10(tmp_path / "cifar-10-batches-bin")
    own = {"mnist/notes.txt", "cifar-10-batches-bin/notes.txt", "notes.txt"}
    for name in own:
        (tmp_path / name).write_text("mine")
    clear_data_home(tmp_path)
    left = {
        p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file()
    }
    torchvision = {f"MNIST/raw/{name}" for name in MNIST}
    assert left == torchvision | own
    for name in own:
        (tmp_path / name).unlink()
    clear_data_home(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["MNIST"]


# ------------------------------------------------------------------------- MNIST


@pytest.mark.parametrize("pack", [False, True])
@pytest.mark.parametrize("layout", ["", "mnist", "MNIST/raw"])
def test_mnist_is_read_from_each_layout(tmp_path, layout, pack):
    write_mnist(tmp_path / layout, pack)
    bunch = fetch_mnist(data_home=tmp_path, scale=False, download_if_missing=False)
    images = MNIST["train-images-idx3-ubyte"]
    np.testing.assert_array_equal(bunch.images, images)
    np.testing.assert_array_equal(bunch.data, images.reshape(7, 784))
    assert bunch.data.dtype == np.uint8
    assert bunch.target.tolist() == [5, 0, 4, 1, 9, 2, 1]
    assert bunch.target.dtype == np.int64
    bunch.data[0, 0] = 1  # writable


def test_mnist_subsets_follow_the_files_order(tmp_path):
    write_mnist(tmp_path)
    fetch = functools.partial(fetch_mnist, data_home=tmp_path, return_X_y=True)
    train = MNIST["train-images-idx3-ubyte"].reshape(7, 784) / np.float64(255)
    test = MNIST["t10k-images-idx3-ubyte"].reshape(3, 784) / np.float64(255)
    for options, expected, target in [
        ({"subset": "train"}, train, [5, 0, 4, 1, 9, 2, 1]),
        ({"subset": "train", "validation_size": 2}, train[:5], [5, 0, 4, 1, 9]),
        ({"subset": "validation", "validation_size": 2}, train[5:], [2, 1]),
        ({"subset": "test", "validation_size": 2}, test, [7, 2, 1]),
        ({"subset": "all"}, np.r_[train, test], [5, 0, 4, 1, 9, 2, 1, 7, 2, 1]),
    ]:
        X, y = fetch(**options)
        assert X.dtype == np.float32
        np.testing.assert_allclose(X, expected, rtol=1e-6)
        assert y.tolist() == target


def test_mnist_as_frame(tmp_path):
    write_mnist(tmp_path)
    bunch = fetch_mnist(data_home=tmp_path, subset="test", scale=False, as_frame=True)
    assert bunch.frame.shape == (3, 785)
    assert bunch.frame.columns[-1] == "target"
    images = MNIST["t10k-images-idx3-ubyte"]
    assert bunch.data.loc[2, "pixel_13_4"] == images[2, 13, 4]
    assert bunch.target.tolist() == [7, 2, 1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"subset": "valid"}, "'subset' parameter.*'validation'.*Got 'valid'"),
        ({"subset": "validation"}, "validation_size=0"),
        ({"validation_size": 7}, "validation_size=7 leaves nothing of the 7"),
        ({"validation_size": 0.1}, "'validation_size' parameter.*Got 0.1"),
    ],
)
def test_mnist_names_a_bad_parameter(tmp_path, options, message):
    write_mnist(tmp_path)
    with pytest.raises(ValueError, match=message):
        fetch_mnist(data_home=tmp_path, **options)


@pytest.mark.parametrize(
    ("name", "damage", "message"),
    [
        ("images-idx3", lambda b: b[:-1], "truncated or damaged: it has"),
        ("images-idx3", lambda b: b + b"\0", "truncated or damaged: it has"),
        ("images-idx3", lambda b: b[:10], "truncated: its header"),
        ("images-idx3", lambda b: b"<html>", "begins with the bytes '3c 68 74 6d'"),
        ("images-idx3", lambda b: b"", "not the expected IDX file"),
        ("images-idx3", lambda b: gzip.compress(b)[:-9], "truncated or damaged"),
        ("images-idx3", lambda b: b"\x1f\x8b" + b, "truncated or damaged"),
        (
            "images-idx3",
            lambda b: idx_bytes(np.zeros((7, 9, 9), np.uint8)),
            r"\(9, 9\)",
        ),
        (
            "labels-idx1",
            lambda b: idx_bytes(np.zeros(6, np.uint8)),
            "holds 6 labels",
        ),
        ("labels-idx1", lambda b: idx_bytes(np.full(7, 10, np.uint8)), "the label 10"),
        ("labels-idx1", lambda b: idx_bytes(np.zeros((7, 1), np.uint8)), "00 00 08 01"),
    ],
)
def test_damaged_mnist_is_named(tmp_path, name, damage, message):
    write_mnist(tmp_path)
    path = tmp_path / f"train-{name}-ubyte"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match=f"{path.name}.*{message}"):
        fetch_mnist(data_home=tmp_path)


def test_no_more_is_unpacked_than_the_header_promises(tmp_path):
    write_mnist(tmp_path)
    path = tmp_path / "train-images-idx3-ubyte"
    stream = io.BytesIO()
    with gzip.GzipFile(fileobj=stream, mode="wb", compresslevel=1) as file:
        file.write(path.read_bytes())
        for _ in range(64):
            file.write(bytes(2**20))
    path.write_bytes(stream.getvalue())
    tracemalloc.start()
    with pytest.raises(ValueError, match="it has more bytes instead of 5504 for the 7"):
        fetch_mnist(data_home=tmp_path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**22
    header = struct.pack(">4B3I", 0, 0, 8, 3, 2**32 - 1, 28, 28)
    path.write_bytes(gzip.compress(header + bytes(1000)))
    with pytest.raises(ValueError, match="promises 4294967295 records.*are not read"):
        fetch_mnist(data_home=tmp_path)


def test_a_download_without_end_is_ended(tmp_path, mnist_server, monkeypatch):
    monkeypatch.setattr(_download, "MOST_BYTES", 2**10)
    monkeypatch.setattr(_download, "CHUNK", 2**8)
    (mnist_server.folder / "train-images-idx3-ubyte.gz").write_bytes(
        gzip.compress(bytes(2**16))  # short as it is packed
    )
    with pytest.raises(FileNotFoundError, match="more than 1024 bytes"):
        fetch_mnist(data_home=tmp_path / "home")
    (mnist_server.folder / "train-images-idx3-ubyte.gz").write_bytes(bytes(2**11))
    with pytest.raises(FileNotFoundError, match="more than 1024 bytes"):
        fetch_mnist(data_home=tmp_path / "home")
    assert list((tmp_path / "home" / "mnist").iterdir()) == []


def test_empty_mnist_is_an_error_and_a_short_one_a_warning(tmp_path):
    write_mnist(tmp_path)
    with pytest.warns(UserWarning, match="holds 7 records, the official file 60000"):
        fetch_mnist(data_home=tmp_path)
    images, labels = np.zeros((0, 28, 28), np.uint8), np.zeros(0, np.uint8)
    (tmp_path / "train-images-idx3-ubyte").write_bytes(idx_bytes(images))
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(idx_bytes(labels))
    with pytest.raises(ValueError, match="holds no records"):
        fetch_mnist(data_home=tmp_path)


def test_missing_mnist_says_what_and_where(tmp_path):
    write_mnist(tmp_path)
    (tmp_path / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(FileNotFoundError) as raised:
        fetch_mnist(data_home=tmp_path, subset="test", download_if_missing=False)
    message = str(raised.value)
    for part in ("t10k-labels-idx1-ubyte", str(tmp_path / "MNIST" / "raw"), "https://"):
        assert part in message
    assert "t10k-images" not in message
    fetch_mnist(data_home=tmp_path, subset="train", download_if_missing=False)


def test_mnist_is_downloaded_once(tmp_path, mnist_server):
    home = tmp_path / "home"
    for _ in range(2):
        bunch = fetch_mnist(data_home=home, subset="test", scale=False)
        np.testing.assert_array_equal(bunch.images, MNIST["t10k-images-idx3-ubyte"])
    kept = sorted(path.name for path in (home / "mnist").iterdir())
    assert kept == ["t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"]
    assert len(mnist_server.requested) == 2


def test_mnist_turns_to_the_second_mirror(tmp_path, mnist_server, monkeypatch):
    mirrors = (mnist_server.url + "absent/", mnist_server.url)
    monkeypatch.setattr(_mnist, "MIRRORS", mirrors)
    assert fetch_mnist(data_home=tmp_path / "home").target.tolist()[:2] == [5, 0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            gzip.compress(b"other", mtime=0),
            f"MD5 sum {hashlib.md5(b'other').hexdigest()}",
        ),
        (b"<html>log in</html>", "Not a gzipped file"),
    ],
)
def test_wrong_download_is_not_kept(tmp_path, mnist_server, content, message):
    (mnist_server.folder / "train-labels-idx1-ubyte.gz").write_bytes(content)
    with pytest.raises(FileNotFoundError, match=f"download failed .*{message}"):
        fetch_mnist(data_home=tmp_path / "home")
    kept = [path.name for path in (tmp_path / "home" / "mnist").iterdir()]
    assert kept == ["train-images-idx3-ubyte.gz"]


def test_no_network_says_how_to_do_without(tmp_path, mnist_server):
    mnist_server.shutdown()
    mnist_server.server_close()
    with pytest.raises(FileNotFoundError) as raised:
        fetch_mnist(data_home=tmp_path / "home")
    message = str(raised.value)
    for part in (
        "train-images-idx3-ubyte",
        "train-labels-idx1-ubyte",
        "refused",
        "other means",
        "SKNN_COURSE_DATA",
    ):
        assert part in message


# ---------------------------------------------------------------------- CIFAR-10


@pytest.mark.parametrize("layout", ["", "cifar-10-batches-bin"])
def test_cifar10_is_read_in_order(tmp_path, layout):
    write_cifar10(tmp_path / layout)
    fetch = functools.partial(
        fetch_cifar10, data_home=tmp_path, download_if_missing=False, scale=False
    )
    train = [f"data_batch_{number}.bin" for number in range(1, 6)]
    for options, names in [
        ({}, train),
        ({"subset": "test"}, ["test_batch.bin"]),
        ({"subset": "all"}, [*train, "test_batch.bin"]),
        ({"batches": (3, 1)}, ["data_batch_3.bin", "data_batch_1.bin"]),
    ]:
        bunch = fetch(**options)
        images = np.concatenate([CIFAR10[name][1] for name in names])
        np.testing.assert_array_equal(bunch.images, images)
        np.testing.assert_array_equal(bunch.data, images.reshape(-1, 3072))
        assert bunch.target.tolist() == [
            label for name in names for label in CIFAR10[name][0]
        ]
    X, y = fetch_cifar10(data_home=tmp_path, batches=[4], return_X_y=True)
    assert X.dtype == np.float32
    expected = CIFAR10["data_batch_4.bin"][1].reshape(1, 3072) / np.float64(255)
    np.testing.assert_allclose(X, expected, rtol=1e-6)
    assert bunch.target_names[y] == ["airplane"]


def test_cifar10_as_frame(tmp_path):
    write_cifar10(tmp_path)
    X, y = fetch_cifar10(
        data_home=tmp_path, subset="test", scale=False, as_frame=True, return_X_y=True
    )
    images = CIFAR10["test_batch.bin"][1]
    assert X.shape == (3, 3072)
    assert X.loc[1, "red_0_31"] == images[1, 0, 0, 31]
    assert X.loc[2, "blue_30_7"] == images[2, 2, 30, 7]
    assert y.tolist() == [3, 8, 8]


def test_cifar10_in_part_is_never_taken_for_the_whole(tmp_path):
    write_cifar10(tmp_path, ["data_batch_1.bin", "test_batch.bin"])
    fetch = functools.partial(
        fetch_cifar10, data_home=tmp_path, download_if_missing=False
    )
    assert fetch(batches=(1,), subset="all").target.tolist() == [6, 9, 9, 4, 3, 8, 8]
    with pytest.raises(FileNotFoundError) as raised:
        fetch()
    message = str(raised.value)
    assert "data_batch_2.bin, data_batch_3.bin, data_batch_4.bin" in message
    assert "data_batch_1.bin was found" in message
    assert "cifar-10-binary.tar.gz" in message
    with pytest.warns(UserWarning, match="test_batch.bin holds 3 records.* 10000"):
        fetch(subset="test")


class MakesFolder:
    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


def test_no_pickle_is_loaded(tmp_path):
    (tmp_path / "cifar-10-batches-py").mkdir()
    content = pickle.dumps(MakesFolder(tmp_path / "executed"))
    for name in ("cifar-10-batches-py/data_batch_1", "data_batch_1"):
        (tmp_path / name).write_bytes(content)
    with pytest.raises(FileNotFoundError, match=r"data_batch_1\.bin not found"):
        fetch_cifar10(data_home=tmp_path, batches=(1,), download_if_missing=False)
    (tmp_path / "data_batch_1.bin").write_bytes(content)
    with pytest.raises(ValueError, match="truncated or damaged"):
        fetch_cifar10(data_home=tmp_path, batches=(1,), download_if_missing=False)
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize("batches", [(), (0,), (1, 1), (6,), ("1",), (1.0,)])
def test_cifar10_names_bad_batches(tmp_path, batches):
    with pytest.raises(ValueError, match=r"batches=\[.*numbers from 1 to 5"):
        fetch_cifar10(data_home=tmp_path, batches=batches)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\1" * 3072, "3072 bytes, which is no multiple of the 3073"),
        (b"\1" * (2 * 3073 - 1), "truncated or damaged"),
        (b"", "holds no records"),
        (b"\x0b" * 3073, "the label 11"),
    ],
)
def test_damaged_cifar10_is_named(tmp_path, content, message):
    (tmp_path / "test_batch.bin").write_bytes(content)
    with pytest.raises(ValueError, match=rf"test_batch\.bin.*{message}"):
        fetch_cifar10(data_home=tmp_path, subset="test")


def test_cifar10_is_downloaded_once_and_overwrites_nothing(tmp_path, cifar10_server):
    home = tmp_path / "home"
    own = batch_bytes([5], CIFAR10["data_batch_4.bin"][1])
    (home / "cifar-10-batches-bin").mkdir(parents=True)
    (home / "cifar-10-batches-bin" / "data_batch_4.bin").write_bytes(own)
    for _ in range(2):
        target = fetch_cifar10(data_home=home).target.tolist()
        assert target == [6, 9, 9, 4, 1, 6, 6, 8, 0, 5, 2, 1]
    assert cifar10_server.requested == ["/cifar-10-binary.tar.gz"]
    assert [path.name for path in home.iterdir()] == ["cifar-10-batches-bin"]


def test_cifar10_is_unpacked_from_an_archive_in_the_data_home(tmp_path, cifar10_server):
    home = tmp_path / "home"
    home.mkdir()
    archive = home / "cifar-10-binary.tar.gz"
    archive.write_bytes(cifar10_archive()[:-1])
    with pytest.raises(ValueError, match=f"{archive.name} is damaged: its MD5 sum"):
        fetch_cifar10(data_home=home, download_if_missing=False)
    archive.write_bytes((cifar10_server.folder / archive.name).read_bytes())
    bunch = fetch_cifar10(data_home=home, subset="test", download_if_missing=False)
    assert bunch.target.tolist() == [3, 8, 8]
    assert archive.exists()
    assert not cifar10_server.requested


def test_wrong_cifar10_download_is_not_kept(tmp_path, cifar10_server, monkeypatch):
    monkeypatch.setattr(_cifar10, "MD5_SUM", "0" * 32)
    with pytest.raises(FileNotFoundError, match=f"MD5 sum .* instead of {'0' * 32}"):
        fetch_cifar10(data_home=tmp_path / "home")
    assert list((tmp_path / "home").iterdir()) == []
