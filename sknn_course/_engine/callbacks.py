"""The callbacks that an estimator is given: which there may be, and their names."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from skorch.callbacks import Callback, InputShapeSetter


def check_callbacks(callbacks):
    """Refuse what is no skorch callback.

    Parameters
    ----------
    callbacks : list of callback, class of callbacks, or (name, callback)
        A named one may be None, which is none.

    Raises
    ------
    ValueError
    """
    for place, item in enumerate(callbacks):
        callback = _without_name(item)
        if callback is None and _is_named(item):
            continue
        kind = callback if isinstance(callback, type) else type(callback)
        if not issubclass(kind, Callback):
            raise ValueError(
                f"callbacks[{place}]={item!r} is no skorch callback: give an instance "
                "or a class of skorch.callbacks.Callback, or a pair (name, callback)."
            )
        if issubclass(kind, InputShapeSetter):
            raise ValueError(
                f"callbacks[{place}]={item!r}: InputShapeSetter builds the module anew "
                "for the shape of X, which the estimator itself does. Leave it out."
            )
        if isinstance(callback, type):
            try:
                callback()
            except TypeError as error:
                raise ValueError(
                    f"callbacks[{place}]={callback.__name__} cannot be made without "
                    f"arguments ({error}): give an instance."
                ) from error


def named_callbacks(callbacks):
    """Callbacks by name; those without one have that of their class, as in skorch.

    Parameters
    ----------
    callbacks : as of `check_callbacks`

    Returns
    -------
    dict of str -> (place in the list, callback)
    """
    names = [
        item[0] if _is_named(item) else getattr(item, "__name__", type(item).__name__)
        for item in callbacks
    ]
    total, seen, named = Counter(names), Counter[str](), {}
    for place, (name, item) in enumerate(zip(names, callbacks, strict=True)):
        seen[name] += 1
        own = name if total[name] == 1 else f"{name}_{seen[name]}"
        named[own] = place, _without_name(item)
    return named


def _is_named(item):
    return isinstance(item, list | tuple) and len(item) == 2 and type(item[0]) is str


def _without_name(item):
    return item[1] if _is_named(item) else item


class NestedCallbacks:
    """Mixin of an estimator whose callbacks and their parameters are parameters, too.

    They are ``callbacks__<name>`` and ``callbacks__<name>__<parameter>``, with the
    names of `named_callbacks`.
    """

    callbacks: Sequence[Any] | None

    def get_params(self, deep=True):
        """Parameters of this estimator and, if deep, of what it contains."""
        params = super().get_params(deep=deep)  # type: ignore[misc]
        if deep and isinstance(params["callbacks"], list | tuple):
            for name, (_, callback) in named_callbacks(params["callbacks"]).items():
                params[f"callbacks__{name}"] = callback
                if isinstance(callback, Callback):
                    for key, value in callback.get_params().items():
                        params[f"callbacks__{name}__{key}"] = value
        return params

    def set_params(self, **params):
        """Set the parameters of this estimator and of what it contains."""
        nested = [key for key in params if key.startswith("callbacks__")]
        values = {key: params.pop(key) for key in nested}
        super().set_params(**params)  # type: ignore[misc]
        for key in sorted(nested, key=lambda key: key.count("__")):
            name, _, parameter = key.removeprefix("callbacks__").partition("__")
            named = named_callbacks(self.callbacks or [])
            if name not in named:
                raise ValueError(
                    f"Invalid parameter {key!r} for estimator {self}. Valid names of "
                    f"callbacks are: {list(named)!r}."
                )
            place, callback = named[name]
            if not parameter:
                changed = list(self.callbacks or [])
                changed[place] = name, values[key]
                self.callbacks = changed
            elif isinstance(callback, Callback):
                callback.set_params(**{parameter: values[key]})
            else:
                raise ValueError(
                    f"Invalid parameter {key!r} for estimator {self}: callback "
                    f"{name!r} is {callback!r}, without parameters to set."
                )
        return self
