"""Names of other packages that are no public interface: all that this package uses.

Those that it cannot do without are imported here, or the import fails with one error
that says which versions fit. Each of the others may go in a later version: what stands
in its place then is said where it is.
"""

import gc
import warnings
from collections.abc import Callable
from typing import Any

import joblib.parallel
import sklearn

try:
    from sklearn.base import _fit_context as fit_context
    from sklearn.model_selection._search import BaseSearchCV
    from sklearn.utils import _safe_indexing as safe_indexing
    from sklearn.utils._param_validation import (
        HasMethods,
        Interval,
        InvalidParameterError,
        Options,
        StrOptions,
        validate_params,
    )
    from sklearn.utils.multiclass import (
        _check_partial_fit_first_call as check_partial_fit_first_call,
    )
    from sklearn.utils.optimize import _check_optimize_result as check_optimize_result
    from sklearn.utils.validation import _check_sample_weight as check_sample_weight
except ImportError as error:
    raise ImportError(
        f"sknn_course does not know scikit-learn {sklearn.__version__} ({error}): "
        "install scikit-learn 1.9, or a newer sknn_course."
    ) from error

try:  # public, but new in scikit-learn 1.9
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:  # estimators then have no ``set_callbacks``

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Of estimators without callbacks."""

    def with_callbacks(fit: Callable) -> Callable:
        """A fit without callbacks."""
        return fit


try:  # joblib's own copy of the package
    from joblib.externals.loky import ProcessPoolExecutor, reusable_executor
except ImportError:  # all work is then done in this process
    ProcessPoolExecutor = reusable_executor = None

try:
    from joblib._memmapping_reducer import (
        TemporaryResourcesManager,
        get_memmapping_reducers,
    )
except ImportError:  # workers then get copies of large arrays
    TemporaryResourcesManager = get_memmapping_reducers = None

__all__ = [
    "BaseSearchCV",
    "CallbackSupportMixin",
    "HasMethods",
    "Interval",
    "InvalidParameterError",
    "MappedArrays",
    "Options",
    "ProcessPoolExecutor",
    "StrOptions",
    "check_optimize_result",
    "check_partial_fit_first_call",
    "check_sample_weight",
    "fit_context",
    "safe_indexing",
    "validate_params",
    "with_callbacks",
]

# What joblib keeps for each thread. Without it tasks have threads of their own.
joblib_thread_state = getattr(joblib.parallel, "_backend", None)

# What `warnings.catch_warnings` puts back. "filters" is public, and always there.
WARNING_STATE = tuple(
    name
    for name in ("filters", "showwarning", "_showwarnmsg_impl")
    if hasattr(warnings, name)
)

# Only CPython has it: without it collections take longer, no more.
can_freeze = hasattr(gc, "freeze")

_raise_error_fast = getattr(joblib.Parallel, "_raise_error_fast", None)


def raise_overlooked_error(parallel: joblib.Parallel) -> None:
    """Raise the error that ended joblib's iterator of tasks, if one did.

    Joblib keeps it as that of a task, for which it does not wait where all other tasks
    have ended, or none was to come (``pre_dispatch="all"``). A joblib that has no such
    method is trusted to look itself.
    """
    if _raise_error_fast is not None:
        _raise_error_fast(parallel)


def await_no_more(parallel: joblib.Parallel) -> None:
    """Tell joblib to await no more results, as it tells itself after an error."""
    parallel._aborting = True


class MappedArrays:
    """Large arrays on their way to workers, in files that these map into memory.

    Parameters
    ----------
    temp_folder : str or None
    **options
        Joblib's ``max_nbytes`` and ``mmap_mode``.

    Attributes
    ----------
    call : str
        Names the folder of the files that are made from now on.
    reducers : dict
        To be given to an executor.
    """

    def __init__(self, temp_folder: str | None = None, **options: object) -> None:
        self.call, self.reducers = "", {}
        self._folders: Any = None
        if TemporaryResourcesManager is not None:
            self._folders = TemporaryResourcesManager(temp_folder)
            of_calls, of_results = get_memmapping_reducers(
                temp_folder_resolver=self._folder, **options
            )
            self.reducers = {"job_reducers": of_calls, "result_reducers": of_results}

    def _folder(self) -> str:
        # not before a file is made: joblib forgets no folder that was never there
        self._folders.set_current_context(self.call)
        return self._folders.resolve_temp_folder_name()

    def forget(self, call: str | None = None) -> None:
        """Delete the files of a call, as soon as no worker uses them; None: all."""
        if self._folders is not None:
            self._folders._clean_temporary_resources(call, force=call is None)


def end_loky_workers() -> None:
    """End joblib's worker processes, which are idle, so that new ones are started.

    A joblib that keeps them elsewhere is left alone.
    """
    executor = getattr(reusable_executor, "_executor", None)
    if executor is not None:
        executor.shutdown(wait=True)


def call_queue_of(executor: object) -> Callable[[], None]:
    """To be taken before the workers of an executor are killed, and called after.

    The thread that sends them tasks would wait for ever for a reader. Where the queue
    is not found it does, but is a daemon, which the program's end does not wait for.
    """
    reader = getattr(getattr(executor, "_call_queue", None), "_reader", None)
    return (lambda: None) if reader is None else reader.close
