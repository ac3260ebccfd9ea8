"""CIFAR-10: 60,000 small colour photographs, from the official binary files."""

import os
import tarfile
import tempfile
from numbers import Integral
from pathlib import Path

import numpy as np

from sknn_course._compat import StrOptions, validate_params
from sknn_course.datasets._bunch import to_image_bunch
from sknn_course.datasets._data_home import CIFAR10_FOLDER, resolve_data_home
from sknn_course.datasets._download import download, md5_sum
from sknn_course.datasets._local_files import (
    check_n_records,
    find_file,
    missing_files_error,
)

URL = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
MD5_SUM = "c32a1d4ab5d03f1284b67883e8d87530"
N_BYTES = 1 + 3 * 32 * 32  # of a record: the label, then red, green and blue plane
N_OFFICIAL = 10_000  # records in each file
CLASS_NAMES = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)

DESCRIPTION = """\
CIFAR-10
--------

Number of images: 50,000 for training in five batches of 10,000, 10,000 for testing
Features: 32 x 32 pixels in 3 channels (red plane, green plane, blue plane, each row
    by row), 0 to 255, or scaled to [0, 1]
Target: 0 airplane, 1 automobile, 2 bird, 3 cat, 4 deer, 5 dog, 6 frog, 7 horse,
    8 ship, 9 truck

There are 6,000 images of each class, 1,000 of them for testing. A training batch may
hold more of one class than of another.

A. Krizhevsky (2009), Learning multiple layers of features from tiny images, technical
report, University of Toronto. https://www.cs.toronto.edu/~kriz/cifar.html
"""


@validate_params(
    {
        "data_home": [str, os.PathLike, None],
        "subset": [StrOptions({"train", "test", "all"})],
        "batches": ["array-like"],
        "scale": ["boolean"],
        "return_X_y": ["boolean"],
        "as_frame": ["boolean"],
        "download_if_missing": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def fetch_cifar10(
    *,
    data_home=None,
    subset="train",
    batches=(1, 2, 3, 4, 5),
    scale=True,
    return_X_y=False,
    as_frame=False,
    download_if_missing=True,
):
    """Load the CIFAR-10 data set (classification, 10 classes), fetching it if needed.

    The official binary files ``data_batch_1.bin`` to ``data_batch_5.bin`` and
    ``test_batch.bin`` are taken from the data home or from ``cifar-10-batches-bin``
    in it. What is needed and is not there is unpacked to the latter from
    ``cifar-10-binary.tar.gz``, which is taken from the data home or else downloaded
    (170 MB) and checked. Files that lie there are not overwritten. The other
    official layout, ``cifar-10-batches-py``, is not read: it holds pickles, which can
    run code.

    Parameters
    ----------
    data_home : str or path-like, default=None
        Folder of the data, see :func:`get_data_home`.
    subset : {'train', 'test', 'all'}, default='train'
        Which images to load: those of the training batches, those of the test batch,
        or both, one after the other.
    batches : sequence of int, default=(1, 2, 3, 4, 5)
        Numbers of the training batches, in the order in which they are loaded;
        ``(1,)`` gives the first 10,000 training images and needs no other training
        batch on disk. Without effect on 'test'.
    scale : bool, default=True
        Pixels as float32 in [0, 1]. If False they are uint8 from 0 to 255.
    return_X_y : bool, default=False
        Return ``(data, target)`` instead of a Bunch.
    as_frame : bool, default=False
        Return data and target as pandas DataFrame and Series.
    download_if_missing : bool, default=True
        If False, raise an error instead of downloading what is not there.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        Dictionary-like object with the entries

        data : {ndarray, DataFrame} of shape (n_samples, 3072)
            One flat image per row: red plane, green plane, blue plane.
        target : {ndarray, Series} of shape (n_samples,), dtype int64
            Index of the class in ``target_names``.
        images : ndarray of shape (n_samples, 3, 32, 32)
            The images, channel first as in torch; ``images.transpose(0, 2, 3, 1)``
            is what matplotlib draws. Shares memory with ``data`` unless
            ``as_frame=True``.
        feature_names : list of str
            'red_0_0' to 'blue_31_31': channel, row and column.
        target_names : ndarray of shape (10,), dtype str
            Names of the classes.
        frame : DataFrame of shape (n_samples, 3073)
            Only if ``as_frame=True``, else None.
        DESCR : str
            Description of the data.

    (data, target) : tuple if ``return_X_y=True``

    Raises
    ------
    FileNotFoundError
        If files are missing and cannot be downloaded (no network, wrong content at
        the source) or ``download_if_missing=False``.
    ValueError
        If a file is damaged or of other content, or ``batches`` is not a sequence of
        different numbers from 1 to 5.

    Warns
    -----
    UserWarning
        If a file of whole records has not the official 10,000 of them. All that it
        has are loaded.

    References
    ----------
    A. Krizhevsky (2009), Learning multiple layers of features from tiny images,
    technical report, University of Toronto.

    Examples
    --------
    The first 10,000 training images and the test images::

        from sknn_course.datasets import fetch_cifar10

        X_train, y_train = fetch_cifar10(batches=(1,), return_X_y=True)
        X_test, y_test = fetch_cifar10(subset="test", return_X_y=True)
    """
    names = []
    if subset != "test":
        names += [f"data_batch_{number}.bin" for number in _check_batches(batches)]
    if subset != "train":
        names.append("test_batch.bin")
    paths = _find_or_download(resolve_data_home(data_home), names, download_if_missing)
    records = np.concatenate([_read_batch(path) for path in paths])  # (n, 3073)
    return to_image_bunch(
        records[:, 1:].reshape(-1, 3, 32, 32),
        records[:, 0],
        scale=scale,
        channels=["red", "green", "blue"],
        target_names=np.array(CLASS_NAMES),
        as_frame=as_frame,
        return_X_y=return_X_y,
        DESCR=DESCRIPTION,
    )


def _check_batches(batches):
    batches = list(batches)
    whole = all(
        isinstance(number, Integral) and number in range(1, 6) for number in batches
    )
    if not batches or not whole or len(set(batches)) < len(batches):
        raise ValueError(
            f"batches={batches!r} must be one or more different numbers from 1 to 5, "
            "such as (1,) or (1, 2, 3, 4, 5)."
        )
    return batches


def _find_or_download(data_home, names, download_if_missing):
    """Return the paths of the named files, in their order."""
    folders = [data_home, data_home / CIFAR10_FOLDER]
    missing = [name for name in names if find_file(folders, name) is None]

    def error(reason):
        lying = [name for name in names if name not in missing]
        hint = f" ({', '.join(lying)} was found: see batches and subset)"
        return missing_files_error(
            "CIFAR-10",
            missing,
            folders,
            reason + hint * bool(lying),
            f"Get {URL} by other means and put it, packed, into {data_home}",
        )

    archive = data_home / Path(URL).name
    if missing and archive.is_file():
        if (found := md5_sum(archive)) != MD5_SUM:
            raise ValueError(
                f"{archive} is damaged: its MD5 sum is {found} instead of {MD5_SUM}. "
                "Delete it and get it again."
            )
        _unpack(archive, missing, data_home)
    elif missing and not download_if_missing:
        raise error("download_if_missing=False")
    elif missing:
        try:
            data_home.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(
                prefix=".download-", dir=data_home
            ) as folder:
                archive = download([URL], Path(folder) / archive.name, MD5_SUM)
                _unpack(archive, missing, data_home)
        except OSError as cause:
            raise error(f"the download failed ({cause})") from cause
    return [find_file(folders, name) for name in names]


def _unpack(archive, names, data_home):
    """Unpack the named files, each of which appears only when it is whole."""
    (data_home / CIFAR10_FOLDER).mkdir(exist_ok=True)
    with (
        tarfile.open(archive, "r:gz") as tar,
        tempfile.TemporaryDirectory(prefix=".unpack-", dir=data_home) as folder,
    ):
        for name in names:
            part = Path(folder) / name
            batch = tar.extractfile(f"cifar-10-batches-bin/{name}")
            assert batch is not None  # it is a file
            part.write_bytes(batch.read())
            os.replace(part, data_home / CIFAR10_FOLDER / name)


def _read_batch(path):
    """Return the records of a file, each the label and then the pixels."""
    content = np.fromfile(path, dtype=np.uint8)
    if content.size % N_BYTES:
        raise ValueError(
            f"{path} is truncated or damaged: it has {content.size} bytes, which is "
            f"no multiple of the {N_BYTES} bytes of an image and its label."
        )
    records = content.reshape(-1, N_BYTES)
    check_n_records(path, len(records), N_OFFICIAL)
    if (largest := records[:, 0].max()) > 9:
        raise ValueError(
            f"{path} is not of CIFAR-10: it holds the label {largest}, where classes "
            "go from 0 to 9."
        )
    return records
