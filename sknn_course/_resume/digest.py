"""Digests of everything that a result depends on."""

from dataclasses import fields, is_dataclass
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import scipy
import torch
from scipy import sparse
from sklearn.utils import check_random_state

from .._engine import FitJob
from .._engine.optimizers import is_full_batch
from .._engine.schedules import schedule_of

PLAIN = (bool, int, float, str, bytes)
# In a job's progress and settings: changes no result.
WITHOUT_EFFECT = ("durations", "verbose")


def digest(*values: Any) -> str:
    """Digest of values: equal for equal ones, in every process.

    Parameters
    ----------
    *values : object
        Plain values, arrays, sparse matrices, tensors, generators, dataclasses of
        these; others by what pickle makes of them.

    Returns
    -------
    str

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_course._resume.digest import digest
    >>> digest(np.eye(2), {"a": 1}) == digest(np.eye(2), {"a": 1})
    True
    >>> digest(np.eye(2)) == digest(np.eye(2, dtype=np.float32))
    False
    """
    found = blake2b(digest_size=20)
    _add(found, values)
    return found.hexdigest()


def digest_of_job(job: FitJob) -> str | None:
    """Digest of a job but for ``max_iter``, where that is but its length.

    Returns
    -------
    str or None
        None for a fit that is more than its result, as callbacks see it, or that draws
        from numpy's global generator; and for a single epoch of ``partial_fit``.
    """
    is_seen = job.observer is not None or job.task is not None
    if is_seen or job.single_epoch or job.rng is check_random_state(None):
        return None
    settings = {k: v for k, v in vars(job.settings).items() if k not in WITHOUT_EFFECT}
    full_batch = is_full_batch(job.settings.solver)
    if not full_batch and not schedule_of(job.settings).uses_max_iter:
        del settings["max_iter"]
    progress = {k: v for k, v in vars(job.progress).items() if k not in WITHOUT_EFFECT}
    return digest(
        version(),
        repr((job.layout.layers, job.layout.shapes[0])),
        repr(sorted(settings.items())),
        job.train,
        job.validation,
        (job.parameters, job.buffers, job.best),
        job.rng,
        job.seed,
        str(job.device),
        repr(sorted(progress.items())),
        job.optimizer,
        job.augment,
    )


@cache
def version() -> str:
    """Of this package's code, the course's apart, and of what computes."""
    folder = Path(__file__).parents[1]
    sources = [
        path.read_bytes()
        for path in sorted(folder.rglob("*.py"))
        if "course" not in path.relative_to(folder).parts
    ]
    return digest(torch.__version__, np.__version__, scipy.__version__, *sources)


def _add(found: Any, value: Any) -> None:
    if value is None or type(value) in PLAIN:
        found.update(f"{type(value).__name__} {value!r} ".encode())
        return
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu().numpy()
    if isinstance(value, np.random.RandomState):
        value = value.get_state(legacy=False)
    if isinstance(value, np.ndarray) and value.dtype != object:
        found.update(f"array {value.dtype.str} {value.shape}".encode())
        found.update(np.ascontiguousarray(value).view(np.uint8).data)
    elif sparse.issparse(value):
        value = value.tocsr()
        _add(found, ("sparse", value.shape, value.data, value.indices, value.indptr))
    elif is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in fields(value)]
        _add(found, (type(value).__name__, {k: getattr(value, k) for k in names}))
    elif isinstance(value, dict):
        _add(found, [part for key in sorted(value) for part in (key, value[key])])
    elif isinstance(value, list | tuple):
        found.update(f"sequence {len(value)}".encode())
        for part in value:
            _add(found, part)
    else:
        found.update(f"object {joblib.hash(value)}".encode())
