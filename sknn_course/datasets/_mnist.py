"""MNIST: 70,000 handwritten digits, from the four official IDX files."""

import gzip
import os
from numbers import Integral

import numpy as np

from sknn_course._compat import Interval, StrOptions, validate_params
from sknn_course.datasets._bunch import to_image_bunch
from sknn_course.datasets._data_home import MNIST_FOLDER, resolve_data_home
from sknn_course.datasets._download import download
from sknn_course.datasets._idx import read_idx
from sknn_course.datasets._local_files import (
    check_n_records,
    find_file,
    missing_files_error,
)

MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
# of the unpacked files: packed ones differ between sources
MD5_SUMS = {
    "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
    "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
    "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
    "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
}
N_OFFICIAL = {"train": 60_000, "t10k": 10_000}

DESCRIPTION = """\
MNIST database of handwritten digits
------------------------------------

Number of images: 60,000 for training and 10,000 for testing, in the files' order
Features: 28 x 28 gray pixels, row by row, 0 (background) to 255, or scaled to [0, 1]
Target: the digit, 0 to 9

NIST's digits of census employees and high-school students, size-normalised and
centred; writers of training and test images are disjoint.

Y. LeCun, L. Bottou, Y. Bengio and P. Haffner (1998), Gradient-based learning applied
to document recognition, Proceedings of the IEEE 86(11), 2278-2324.
"""


@validate_params(
    {
        "data_home": [str, os.PathLike, None],
        "subset": [StrOptions({"train", "validation", "test", "all"})],
        "validation_size": [Interval(Integral, 0, None, closed="left")],
        "scale": ["boolean"],
        "return_X_y": ["boolean"],
        "as_frame": ["boolean"],
        "download_if_missing": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def fetch_mnist(
    *,
    data_home=None,
    subset="train",
    validation_size=0,
    scale=True,
    return_X_y=False,
    as_frame=False,
    download_if_missing=True,
):
    """Load the MNIST data set (classification, 10 digits), fetching it if needed.

    The official files ``{train,t10k}-{images-idx3,labels-idx1}-ubyte``, each with or
    without ``.gz``, are taken from the data home, from ``mnist`` in it, or from
    ``MNIST/raw`` in it, where torchvision puts them. What the subset needs and is
    not there is downloaded to ``mnist`` (train 10 MB, test 2 MB) and checked.

    Parameters
    ----------
    data_home : str or path-like, default=None
        Folder of the data, see :func:`get_data_home`.
    subset : {'train', 'validation', 'test', 'all'}, default='train'
        Which images to load: those of the training files but the last
        ``validation_size``, those last ones, those of the test files, or both files'
        images one after the other.
    validation_size : int, default=0
        How many images, the last of the training files, belong to the validation
        set. With 10,000, the three subsets have 50,000, 10,000 and 10,000 images.
        Without effect on 'test' and 'all'. Pass the same number for 'train' and
        'validation', else they overlap.
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

        data : {ndarray, DataFrame} of shape (n_samples, 784)
            One flat image per row.
        target : {ndarray, Series} of shape (n_samples,), dtype int64
            The digit.
        images : ndarray of shape (n_samples, 28, 28)
            The images; shares memory with ``data`` unless ``as_frame=True``.
        feature_names : list of str
            'pixel_0_0' to 'pixel_27_27', row and column.
        target_names : ndarray of shape (10,)
            Names of the classes.
        frame : DataFrame of shape (n_samples, 785)
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
        If a file is damaged or of other content.

    Warns
    -----
    UserWarning
        If a sound file has another number of images than the official one.

    References
    ----------
    Y. LeCun, L. Bottou, Y. Bengio and P. Haffner (1998), Gradient-based learning
    applied to document recognition, Proceedings of the IEEE 86(11), 2278-2324.

    Examples
    --------
    Training, validation and test set of 50,000, 10,000 and 10,000 images::

        from sknn_course.datasets import fetch_mnist

        split = {"validation_size": 10_000, "return_X_y": True}
        X_train, y_train = fetch_mnist(subset="train", **split)
        X_validation, y_validation = fetch_mnist(subset="validation", **split)
        X_test, y_test = fetch_mnist(subset="test", return_X_y=True)
    """
    if subset == "validation" and validation_size == 0:
        raise ValueError(
            "subset='validation' is empty with validation_size=0: pass the number of "
            "training images to set aside, such as validation_size=10000."
        )
    parts = {"test": ["t10k"], "all": ["train", "t10k"]}.get(subset, ["train"])
    paths = _find_or_download(resolve_data_home(data_home), parts, download_if_missing)
    images, target = (
        np.concatenate(arrays)
        for arrays in zip(*(_read_part(part, paths) for part in parts), strict=True)
    )
    if subset in ("train", "validation"):
        n_train = len(images) - validation_size
        if n_train <= 0:
            raise ValueError(
                f"validation_size={validation_size} leaves nothing of the "
                f"{len(images)} training images: it must be smaller."
            )
        rows = slice(n_train) if subset == "train" else slice(n_train, None)
        images, target = images[rows], target[rows]
    return to_image_bunch(
        images,
        target,
        scale=scale,
        channels=["pixel"],
        target_names=np.arange(10),
        as_frame=as_frame,
        return_X_y=return_X_y,
        DESCR=DESCRIPTION,
    )


def _find_or_download(data_home, parts, download_if_missing):
    """Return the path of each file, by its name without '.gz'."""
    folders = [data_home, data_home / MNIST_FOLDER, data_home / "MNIST" / "raw"]
    names = [name for name in MD5_SUMS if name.startswith(tuple(parts))]
    paths = {name: find_file(folders, name, f"{name}.gz") for name in names}
    missing = [name for name in names if paths[name] is None]

    def error(reason):
        return missing_files_error(
            "MNIST",
            [f"{name}[.gz]" for name in missing],
            folders,
            reason,
            f"Get {', '.join(f'{MIRRORS[0]}{name}.gz' for name in missing)} "
            f"by other means and put what you get into {data_home / MNIST_FOLDER}",
        )

    if missing and not download_if_missing:
        raise error("download_if_missing=False")
    try:
        for name in missing:
            paths[name] = download(
                [f"{mirror}{name}.gz" for mirror in MIRRORS],
                data_home / MNIST_FOLDER / f"{name}.gz",
                MD5_SUMS[name],
                open_content=gzip.open,
            )
    except OSError as cause:
        raise error(f"the download failed ({cause})") from cause
    return paths


def _read_part(part, paths):
    images_path = paths[f"{part}-images-idx3-ubyte"]
    labels_path = paths[f"{part}-labels-idx1-ubyte"]
    images = read_idx(images_path, (28, 28))  # (n, 28, 28)
    target = read_idx(labels_path)  # (n,)
    if len(images) != len(target):
        raise ValueError(
            f"{images_path} holds {len(images)} images, but {labels_path} holds "
            f"{len(target)} labels: they do not belong together."
        )
    check_n_records(images_path, len(images), N_OFFICIAL[part])
    if target.max() > 9:
        raise ValueError(
            f"{labels_path} is not of MNIST: it holds the label {target.max()}, "
            "where digits go from 0 to 9."
        )
    return images, target
