"""The data sets of the course sheets, split as the sheets split them."""

import warnings
from functools import lru_cache

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import MinMaxScaler
from sklearn.utils import Bunch

from ..datasets import fetch_cifar10, fetch_mnist, load_eckerle4, make_circles_split


class DataNotFound(FileNotFoundError):
    """Files of a data set are not there.

    Attributes
    ----------
    missing : str
        The data set and its missing files.
    """

    def __init__(self, error):
        super().__init__(str(error))
        self.missing = str(error).partition(" not found")[0]


def load(name, data_home=None, rows=None, download=False):
    """Load a data set of the sheets by name.

    =================== ==============================================================
    mnist               50,000 / 10,000 / 10,000 images in file order (Kiel NNDL 2020)
    mnist_60000         all 60,000; the test images are the validation set too
                        (Kiel NNDL 2018)
    mnist_first_1000    the first 1,000 of ``mnist`` (Kiel NNDL 2018)
    mnist_58000         58,000 / 2,000 / 10,000 (Lund FMAN45)
    cifar10_10000       the first official batch; the test images are the validation
                        set too (Kiel NNDL 2020)
    cifar10_50000       all five batches, else the same
    circles             two noisy circles, 200 rows for training, 200 for testing
                        (RDFIA practical 2)
    eckerle4            21 / 14 rows, both columns scaled to [0, 1] on all 35 rows, as
                        the sheet does, which tells of the test rows (Kiel NNDL 2020)
    eckerle4_clean      the same rows, scaled on the training rows alone
    digits              scikit-learn's: 1,000 / 297 / 500 images of 8 x 8 pixels
    =================== ==============================================================

    Parameters
    ----------
    name : str
        One of the above.
    data_home : str or path-like, default=None
        Folder of MNIST and CIFAR-10, see `sknn_course.datasets.get_data_home`.
    rows : int, default=None
        Keep the first so many training rows.
    download : bool, default=False
        Whether to fetch files that are missing.

    Returns
    -------
    sklearn.utils.Bunch
        ``train``, ``validation`` (or None) and ``test``, pairs (X, y) of float32 rows
        of shape (n_samples, n_features) and of classes or float32 targets;
        ``sizes``, the numbers of rows that the sheet has of each; ``notes``, what is
        unlike the sheet. The arrays are shared by all that ask: do not change them.

    Raises
    ------
    DataNotFound
        If files are missing.
    ValueError
        If the name is unknown or ``rows`` is no positive integer.

    Examples
    --------
    >>> from sknn_course.course.data import load
    >>> data = load("circles", rows=50)
    >>> data.train[0].shape, data.validation, data.test[0].shape
    ((50, 2), None, (200, 2))
    """
    if name not in LOADERS:
        raise ValueError(f"name={name!r} is no data set: use one of {list(LOADERS)}.")
    if rows is not None and (rows != int(rows) or rows < 1):
        raise ValueError(f"rows={rows!r} must be an integer from 1, or None.")
    try:
        loader, *arguments = LOADERS[name]
        data = loader(data_home, download, *arguments)
    except FileNotFoundError as error:
        raise DataNotFound(error) from error
    X, y = data.train
    return Bunch(**{**data, "train": (X[:rows], y[:rows])})


def _bunch(train, validation, test, sizes, notes=()):
    return Bunch(
        train=train, validation=validation, test=test, sizes=sizes, notes=list(notes)
    )


@lru_cache(maxsize=4)  # MNIST and CIFAR-10, training and test
def _noted(fetch, **options):
    """Data and target of a fetcher, with its warnings as a tuple of text."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        X, y = fetch(return_X_y=True, **options)
    return X, y, tuple(str(warning.message) for warning in caught)


def _fetched(fetch, data_home, download, **options):
    """Training and test rows, and notes without the paths of this machine."""
    options |= {"data_home": data_home, "download_if_missing": download}
    X, y, notes = _noted(fetch, **options)
    X_test, y_test, more = _noted(
        fetch, **{k: v for k, v in options.items() if k != "batches"}, subset="test"
    )
    return (X, y), (X_test, y_test), [note.rpartition("/")[2] for note in notes + more]


def _mnist(data_home, download, n_train, n_validation, n_kept=None):
    (X, y), test, notes = _fetched(fetch_mnist, data_home, download)
    if len(X) != 60_000:
        raise ValueError(f"MNIST's training files hold {len(X)} images, not 60,000.")
    if n_validation == 0:
        validation = test
    else:
        validation = X[n_train:], y[n_train:]
        X, y = X[:n_train], y[:n_train]
    sizes = n_kept or n_train, n_validation or 10_000, 10_000
    return _bunch((X[:n_kept], y[:n_kept]), validation, test, sizes, notes)


def _cifar10(data_home, download, batches):
    train, test, notes = _fetched(fetch_cifar10, data_home, download, batches=batches)
    return _bunch(train, test, test, (10_000 * len(batches), 10_000, 10_000), notes)


def _circles(data_home, download):
    X, X_test, y, y_test = make_circles_split(random_state=0)
    train, test = (X.astype(np.float32), y), (X_test.astype(np.float32), y_test)
    return _bunch(train, None, test, (200, None, 200))


def _eckerle4(data_home, download, clean):
    table = np.column_stack(load_eckerle4(return_X_y=True))  # (35, 2)
    train, test = train_test_split(table, test_size=0.4, random_state=0)
    scaler = MinMaxScaler().fit(train if clean else table)
    pairs = [
        (part[:, :1].copy(), part[:, 1].copy())
        for part in (
            scaler.transform(each).astype(np.float32) for each in (train, test)
        )
    ]
    return _bunch(pairs[0], None, pairs[1], (21, None, 14))


def _digits(data_home, download):
    X, y = load_digits(return_X_y=True)
    X = (X / 16).astype(np.float32)
    X, X_test, y, y_test = train_test_split(
        X, y, test_size=500, stratify=y, random_state=0
    )
    train, validation = (X[:1000], y[:1000]), (X[1000:], y[1000:])
    return _bunch(train, validation, (X_test, y_test), (1000, 297, 500))


LOADERS = {
    "mnist": (_mnist, 50_000, 10_000),
    "mnist_60000": (_mnist, 60_000, 0),
    "mnist_first_1000": (_mnist, 50_000, 10_000, 1_000),
    "mnist_58000": (_mnist, 58_000, 2_000),
    "cifar10_10000": (_cifar10, (1,)),
    "cifar10_50000": (_cifar10, (1, 2, 3, 4, 5)),
    "circles": (_circles,),
    "eckerle4": (_eckerle4, False),
    "eckerle4_clean": (_eckerle4, True),
    "digits": (_digits,),
}

# what the data sets come under in ``Experiment.needs``, and one that proves it there
NEEDS = {"mnist": "mnist", "cifar10": "cifar10_10000", "cifar10_full": "cifar10_50000"}
