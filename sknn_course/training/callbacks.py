"""The callbacks that an estimator is given: which there are, and under which names."""

from collections import Counter

from skorch.callbacks import Callback, InputShapeSetter


def check_callbacks(callbacks):
    """Refuse what is no skorch callback.

    Parameters
    ----------
    callbacks : list of callback, class of callbacks, or (name, callback)

    Raises
    ------
    ValueError
    """
    for place, item in enumerate(callbacks):
        callback = _without_name(item)
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


def named_callbacks(callbacks):
    """Callbacks by name, in skorch's way of naming: of their class, numbered if several.

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
    total, seen, named = Counter(names), Counter(), {}
    for place, (name, item) in enumerate(zip(names, callbacks, strict=True)):
        seen[name] += 1
        own = name if total[name] == 1 else f"{name}_{seen[name]}"
        named[own] = place, _without_name(item)
    return named


def _is_named(item):
    return isinstance(item, list | tuple) and len(item) == 2 and type(item[0]) is str


def _without_name(item):
    return item[1] if _is_named(item) else item
