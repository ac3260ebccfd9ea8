"""What surrounds ``fit`` and ``partial_fit``: validated parameters, callbacks."""

from collections.abc import Callable
from types import MethodType
from typing import Any, TypeVar, cast

from .._compat import fit_context, with_callbacks
from .._engine.optimizers import is_full_batch

Method = TypeVar("Method", bound=Callable[..., Any])


def validated_fit(method: Method) -> Method:
    """A ``fit`` before which scikit-learn validates the parameters.

    Parameters
    ----------
    method : function
    """
    return fit_context(prefer_skip_nested_validation=True)(method)


def fit_method(method: Method) -> Method:
    """A `validated_fit` that scikit-learn's callbacks are told of.

    Parameters
    ----------
    method : function
    """
    return with_callbacks(validated_fit(method))


class PartialFitUnavailable(AttributeError, ValueError):
    """``partial_fit`` does not exist for these parameters."""


def partial_fit_method(method: Method) -> Method:
    """A ``partial_fit``, which is there only where solver and stopping allow it.

    Parameters
    ----------
    method : function
        Of an estimator with ``solver`` and ``early_stopping``.
    """
    return cast(Method, _OnlineMethod(validated_fit(method)))


class _OnlineMethod:
    def __init__(self, method: Callable[..., Any]):
        self.method = method
        self.__doc__ = method.__doc__

    def __get__(self, instance: Any, owner: type | None = None) -> Callable[..., Any]:
        if instance is None:
            return self.method
        if is_full_batch(instance.solver):
            raise AttributeError(
                f"This {type(instance).__name__!r} has no attribute 'partial_fit'"
            )
        if instance.early_stopping:
            raise PartialFitUnavailable(
                "partial_fit does not support early_stopping=True"
            )
        return MethodType(self.method, instance)


def pair(X_val: Any, y_val: Any) -> tuple[Any, Any] | None:
    """Validation rows as one argument; None where there are none."""
    return None if X_val is None and y_val is None else (X_val, y_val)
