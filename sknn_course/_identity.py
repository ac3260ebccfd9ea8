"""Keys for objects that count as equal when they are one and the same."""

from typing import Any


class Same:
    """Key of an object, equal to that of the same object alone.

    For arrays, data frames and transformers, which compare by their content or not at
    all. It holds the object, whose ``id`` could be that of another one later.

    Parameters
    ----------
    value : object

    Examples
    --------
    >>> from sknn_course._identity import Same
    >>> a, b = [1.0], [1.0]
    >>> Same(a) == Same(a), Same(a) == Same(b)
    (True, False)
    """

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and self.value is other.value

    def __hash__(self) -> int:
        return id(self.value)
