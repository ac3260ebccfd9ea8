"""Specification of the layer that embeds columns of numbers."""

from dataclasses import dataclass
from math import pi
from typing import Literal

from .._number_range import LARGEST
from .specification import Layer, Shape, ShapeError, is_size, times

VARIANTS = ("plr", "plr_lite", "pbld")


@dataclass(frozen=True, repr=False)
class PeriodicEmbedding(Layer):
    """Periodic functions of each column, then a linear layer for each column.

    By these a network follows what changes quickly along a column. Of a column x,
    with frequencies w that are drawn from N(0, scale ** 2) and trained:

    - 'plr': relu([cos 2 pi w x, sin 2 pi w x] V + v) [1]_;
    - 'plr_lite': the same with one V and v for all columns [2]_;
    - 'pbld': x itself, and cos(2 pi w x + b) V + v, with phases b that are drawn
      from U(-pi, pi) and trained [3]_.

    Penalties and weight decay do not act on it.

    Parameters
    ----------
    n_frequencies : int
        Of each column.
    size : int
        Outputs of each column, x itself included.
    scale : float
        Standard deviation of the initial frequencies: about one period in 1 / scale
        units of the column. Of columns of unit variance 0.01 to 1 are usual.
    variant : {'plr', 'plr_lite', 'pbld'}
    n_columns : int or None
        The first ones are embedded, the others pass behind them as they are; None
        embeds all.

    References
    ----------
    .. [1] Y. Gorishniy, I. Rubachev, A. Babenko, "On embeddings for numerical
       features in tabular deep learning", NeurIPS 2022, section 3.3.
    .. [2] Y. Gorishniy et al., "TabR: tabular deep learning meets nearest
       neighbors", ICLR 2024.
    .. [3] D. Holzmueller, L. Grinsztajn, I. Steinwart, "Better by default: strong
       pre-tuned MLPs and boosted trees on tabular data", NeurIPS 2024.

    Examples
    --------
    >>> from sknn_course.layers import PeriodicEmbedding
    >>> PeriodicEmbedding(16, 4, n_columns=3).output_shape((5,))
    (14,)
    """

    short_name = "embedding"
    initial_field = "scale"

    n_frequencies: int = 48
    size: int = 24
    scale: float = 0.1
    variant: str = "plr"
    n_columns: int | None = None

    def __post_init__(self) -> None:
        self._take("n_frequencies", is_size, "a positive number of frequencies")
        self._take("variant", VARIANTS.__contains__, f"one of {VARIANTS}")
        least = 1 + self.keeps_columns
        self._take("size", lambda n: is_size(n, least), f"a number from {least}")
        self._take_number(
            "scale",
            lambda scale: 0 < scale <= LARGEST,
            f"a number above 0, at most {LARGEST:g}",
        )
        self._take(
            "n_columns",
            lambda n: n is None or is_size(n),
            "a positive number of columns, or None",
        )

    @property
    def keeps_columns(self) -> bool:
        """Whether a column itself is the first of its outputs."""
        return self.variant == "pbld"

    @property
    def n_waves(self) -> int:
        """Number of periodic functions of each column."""
        return self.n_frequencies * (1 if self.variant == "pbld" else 2)

    def n_embedded(self, input_shape: Shape) -> int:
        """Number of columns that are embedded."""
        if len(input_shape) != 1:
            raise ShapeError(
                f"{self} needs rows of numbers, got images of "
                f"{times(input_shape)}: put Flatten() before it."
            )
        n = self.n_columns or input_shape[0]
        if n > input_shape[0]:
            raise ShapeError(f"{self} needs {n} columns, got {input_shape[0]}.")
        return n

    def output_shape(self, input_shape: Shape) -> Shape:
        n = self.n_embedded(input_shape)
        return (n * self.size + input_shape[0] - n,)

    def tensor_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        n = self.n_embedded(input_shape)
        phase = {"phase": (n, self.n_frequencies)} if self.variant == "pbld" else {}
        columns = () if self.variant == "plr_lite" else (n,)
        size = self.size - self.keeps_columns
        return {
            "frequency": (n, self.n_frequencies),
            **phase,
            "column_weight": (*columns, self.n_waves, size),
            "column_bias": (*columns, size),
        }

    def initialisers(self, input_shape: Shape) -> dict[str, str]:
        linear = f"uniform({self.n_waves**-0.5})"
        return {
            "frequency": f"normal({self.scale})",
            "phase": f"uniform({pi})",
            "column_weight": linear,
            "column_bias": linear,
        }

    def n_connections(self, input_shape: Shape) -> int:
        size = self.size - self.keeps_columns
        return self.n_embedded(input_shape) * self.n_waves * size

    def n_inner(self, input_shape: Shape) -> int:
        return 2 * self.n_embedded(input_shape) * self.n_waves

    def in_words(self) -> str:
        return f"{self.variant}, {self.n_frequencies} to {self.size}"


EmbeddingName = Literal["pbld", "periodic"]
EMBEDDINGS = {
    "periodic": PeriodicEmbedding(),
    "pbld": PeriodicEmbedding(16, 4, variant="pbld"),
}
