"""Choices among names: how they are listed, and which one was meant."""

from collections.abc import Iterable
from difflib import get_close_matches

from sklearn.base import BaseEstimator

from ._compat import InvalidParameterError, StrOptions


def listed(names: Iterable[str]) -> str:
    """Names in quotes.

    Examples
    --------
    >>> from sknn_course._choices import listed
    >>> print(listed(["adam", "sgd"]))
    'adam', 'sgd'
    """
    return ", ".join(map(repr, names))


def closest(name: object, known: Iterable[str]) -> str | None:
    """The known name that was probably meant, or None."""
    if not isinstance(name, str):
        return None
    lowered = {one.lower(): one for one in known}
    close = get_close_matches(name.lower(), lowered, n=1)
    return lowered[close[0]] if close else None


def did_you_mean(name: object, known: Iterable[str]) -> str:
    """A question, where a name is close to a known one; else nothing.

    Examples
    --------
    >>> from sknn_course._choices import did_you_mean
    >>> did_you_mean("ReLU", ["relu", "tanh"]), did_you_mean("cube", ["relu"])
    (" Did you mean 'relu'?", '')
    """
    meant = closest(name, known)
    return f" Did you mean {meant!r}?" if meant else ""


class Choices(StrOptions):
    """A constraint on a parameter, as scikit-learn's, that lists its names sorted."""

    def __init__(self, names: Iterable[str]) -> None:
        super().__init__(set(names))

    def __str__(self) -> str:
        return f"a str among {{{listed(sorted(self.options))}}}"


class SuggestsChoices(BaseEstimator):
    """Mixin: what is no allowed name of a parameter meets a suggestion."""

    def _validate_params(self) -> None:
        try:
            super()._validate_params()
        except InvalidParameterError as error:
            raise InvalidParameterError(f"{error}{self._suggestion(error)}") from None

    def _suggestion(self, error: InvalidParameterError) -> str:
        for parameter, constraints in self._parameter_constraints.items():
            if str(error).startswith(f"The {parameter!r} parameter "):
                options = [c.options for c in constraints if isinstance(c, StrOptions)]
                known = set().union(*options)
                return did_you_mean(getattr(self, parameter), sorted(known))
        return ""
