"""Errors in what the user asked for, as opposed to errors in the program."""

from collections.abc import Iterable

from .._choices import closest


class InputError(ValueError):
    """Input that cannot be used; the message is one sentence for the user.

    Examples
    --------
    >>> from sknn_course._compare.errors import InputError
    >>> raise InputError("the file 'x.csv' does not exist.")
    Traceback (most recent call last):
    ...
    sknn_course._compare.errors.InputError: the file 'x.csv' does not exist.
    """


def unknown(kind: str, name: str, known: Iterable[str]) -> InputError:
    """Return the error for a name that is not among the known ones.

    Parameters
    ----------
    kind : str
        What the name names ('data set', 'model', 'column').
    name : str
    known : sequence of str

    Returns
    -------
    InputError

    Examples
    --------
    >>> from sknn_course._compare.errors import unknown
    >>> print(unknown("data set", "circle", ["circles", "moons"]))
    unknown data set 'circle': did you mean 'circles'? Known: circles, moons.
    """
    known = [str(one) for one in known]
    close = closest(name, known)
    guess = f"did you mean {close!r}? " if close else ""
    shown = ", ".join(known[:30]) + (", ..." if len(known) > 30 else "")
    return InputError(f"unknown {kind} {name!r}: {guess}Known: {shown}.")
