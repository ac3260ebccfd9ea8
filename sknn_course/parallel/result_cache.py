"""Results that the tasks of a stacked call share."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from hashlib import blake2b
from typing import Any

import torch

from .._plain_values import plain
from .task import current_task


class ResultCache:
    """Results of functions by the content of their arguments, the newest kept.

    Parameters
    ----------
    max_bytes : int
        Size of the tensors that are kept.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.n_bytes = 0
        self.n_shared = 0
        self._results: OrderedDict = OrderedDict()
        self._lock = threading.Lock()

    def get(self, function: Callable, arguments: tuple) -> Any:
        """The result for these arguments, computed unless it is known."""
        key = (function, *map(_content, arguments))
        with self._lock:
            if key in self._results:
                self._results.move_to_end(key)
                self.n_shared += 1
                return self._results[key]
        result = function(*arguments)
        with self._lock:
            self._results[key] = result
            self.n_bytes += _n_bytes(result)
            while self.n_bytes > self.max_bytes and self._results:
                self.n_bytes -= _n_bytes(self._results.popitem(last=False)[1])
        return result


def memoize(function: Callable, *arguments: Any) -> Any:
    """``function(*arguments)``, in a stacked call once for equal arguments.

    So the candidates of a search share what depends on the fold alone: a
    factorisation for all penalties, a kernel matrix for all costs.

    Parameters
    ----------
    function : callable
        Gives a tensor or a tuple of tensors, which the caller must not change.
    *arguments : tensor or hashable

    Returns
    -------
    tensor or tuple of tensors

    Examples
    --------
    >>> import torch
    >>> from sknn_course.parallel.result_cache import memoize
    >>> memoize(torch.sum, torch.ones(3))
    tensor(3.)
    """
    arguments = tuple(map(plain, arguments))
    task = current_task()
    if task is None:
        return function(*arguments)
    return task.call.scheduler.results.get(function, arguments)


def _content(argument: Any) -> Any:
    if not isinstance(argument, torch.Tensor):
        return argument
    values = argument.detach().cpu().contiguous().numpy()
    digest = blake2b(values.data, digest_size=16).digest()
    return digest, tuple(argument.shape), argument.dtype, argument.device


def _n_bytes(result: torch.Tensor | tuple[torch.Tensor, ...]) -> int:
    tensors = result if isinstance(result, tuple) else (result,)
    return sum(tensor.nbytes for tensor in tensors)
