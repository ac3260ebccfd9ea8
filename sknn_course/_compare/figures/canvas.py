"""What the pictures share: their colours and an empty figure."""

from typing import Any

from ...plotting.canvas import BLUE, GREY, ORANGE
from ..text import printable

__all__ = [
    "BLUE",
    "GREY",
    "MOST_CLASSES_WITH_NUMBERS",
    "ORANGE",
    "label",
    "new_figure",
]
LONGEST_LABEL = 40
MOST_CLASSES_WITH_NUMBERS = 12


def label(name: str) -> str:
    """A name as matplotlib shows it to the letter: without formulas, and short."""
    name = printable(str(name))
    if len(name) > LONGEST_LABEL:
        name = name[: LONGEST_LABEL - 1] + "\N{HORIZONTAL ELLIPSIS}"
    return name.replace("$", r"\$")


def new_figure(
    width: float, height: float, n_rows: int = 1, n_columns: int = 1, **kwargs: Any
) -> tuple[Any, Any]:
    """Return a figure of a size in inches and its array of axes."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained", dpi=150)
    return figure, figure.subplots(n_rows, n_columns, squeeze=False, **kwargs)
