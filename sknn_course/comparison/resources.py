"""Where and with how many threads the fits of a comparison are computed."""

from contextlib import contextmanager

import joblib
from threadpoolctl import threadpool_limits

from .. import parallel  # noqa: F401  registers the backend "stacked"

THREADED_FEATURES = 500


@contextmanager
def resources(model, n_features, n_jobs=1):
    """Set joblib's backend, and the threads within each process, for one estimator.

    In one process the networks of a search are trained together.

    Threads of torch and of BLAS that wait for each other make small fits slower,
    up to a hundredfold. Convolutions of large images alone are worth them.

    Parameters
    ----------
    model : str
        Name of the estimator in the comparison.
    n_features : int
    n_jobs : int, default=1
        Processes, as in joblib.

    Examples
    --------
    >>> import torch
    >>> from sknn_course.comparison.resources import resources
    >>> with resources("mlp", n_features=2):
    ...     torch.get_num_threads()
    1
    """
    threaded = model == "cnn" and n_features >= THREADED_FEATURES
    with threadpool_limits(None if threaded else 1):
        stacked = {"backend": "stacked"} if n_jobs == 1 else {}
        with joblib.parallel_config(**stacked, n_jobs=n_jobs):
            yield
