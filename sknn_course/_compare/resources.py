"""Where and with how many threads the fits of a comparison are computed."""

from collections.abc import Iterator
from contextlib import contextmanager

import joblib
from threadpoolctl import threadpool_limits

from .. import parallel  # noqa: F401  registers the backend "stacked"

THREADED_FEATURES = 500


@contextmanager
def resources(model: str, n_features: int, n_processes: int = 1) -> Iterator[None]:
    """Set joblib's backend, and the threads within each process, for one estimator.

    The networks of a search are trained together, in each process its part of them.

    Threads of torch and of BLAS that wait for each other make small fits slower,
    up to a hundredfold. Convolutions of large images alone are worth them.

    Parameters
    ----------
    model : str
        Name of the estimator in the comparison.
    n_features : int
    n_processes : int, default=1
        Among which the fits of a search are shared out; 1 leaves it to the backend
        whether others help to train.

    Examples
    --------
    >>> import torch
    >>> from sknn_course._compare.resources import resources
    >>> with resources("mlp", n_features=2):
    ...     torch.get_num_threads()
    1
    """
    threaded = model == "cnn" and n_features >= THREADED_FEATURES
    with threadpool_limits(None if threaded else 1):
        among = "auto" if n_processes == 1 else n_processes
        with joblib.parallel_config("stacked", n_processes=among):
            yield
