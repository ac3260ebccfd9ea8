"""The folder in which fetched data sets are looked for and kept."""

import os
from contextlib import suppress
from pathlib import Path

ENVIRONMENT_VARIABLE = "SKNN_COURSE_DATA"
MNIST_FOLDER = "mnist"
CIFAR10_FOLDER = "cifar-10-batches-bin"


def resolve_data_home(data_home=None):
    """Return the data home as a path, without creating it."""
    if data_home is None:
        data_home = os.environ.get(ENVIRONMENT_VARIABLE) or "~/sknn_course_data"
    return Path(data_home).expanduser()


def get_data_home(data_home=None):
    """Return the path of the data home, which is created where it is absent.

    Parameters
    ----------
    data_home : str or path-like, default=None
        The folder. None takes the environment variable ``SKNN_COURSE_DATA``, or
        ``~/sknn_course_data`` where that is not set. '~' is expanded.

    Returns
    -------
    str
        Path of the folder.

    See Also
    --------
    clear_data_home : Delete what the ``fetch_*`` functions keep there.
    sklearn.datasets.get_data_home : The same for scikit-learn's data sets.

    Examples
    --------
    >>> import os
    >>> import tempfile
    >>> from sknn_course.datasets import get_data_home
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     os.path.isdir(get_data_home(folder + "/data"))
    True
    """
    path = resolve_data_home(data_home)
    path.mkdir(parents=True, exist_ok=True)
    return str(path)


def clear_data_home(data_home=None):
    """Delete the files that the ``fetch_*`` functions keep in the data home.

    Unlike scikit-learn's function of this name it leaves all else in the folder
    alone: only ``mnist/*-ubyte.gz`` and ``cifar-10-batches-bin/*.bin`` go, and
    folders that are empty after that.

    Parameters
    ----------
    data_home : str or path-like, default=None
        The folder, as in :func:`get_data_home`.

    Examples
    --------
    >>> import tempfile
    >>> from sknn_course.datasets import clear_data_home
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     clear_data_home(folder + "/data")
    """
    path = resolve_data_home(data_home)
    kept = {MNIST_FOLDER: "*-ubyte.gz", CIFAR10_FOLDER: "*.bin"}
    for folder, pattern in kept.items():
        for file in (path / folder).glob(pattern):
            file.unlink()
    for folder in (path / MNIST_FOLDER, path / CIFAR10_FOLDER, path):
        with suppress(OSError):  # absent, or something else is left in it
            folder.rmdir()
