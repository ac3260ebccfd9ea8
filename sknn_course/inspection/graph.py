"""A network drawn as a graph: a box for each layer, from the input down."""

from dataclasses import dataclass
from itertools import pairwise

from ..layers.specification import cross
from ..plotting.canvas import single_axes
from .table import layer_table

# inches at full size
LINE = 0.16  # height of a line of text
MARGIN = 0.07  # around the text of a box
BETWEEN_TEXTS = 0.3  # at the least
GAP = 0.17  # between boxes, for the arrow
APART = 0.5  # between columns
TALLEST = 7.5  # column
FONT_SIZES = (9, 7.5)  # of the first and second line, in points
INK, FAINT, EDGE = "#1a1a1a", "#595959", "#8a8a8a"
CONVOLUTION, POOLING, DENSE, NORM = "#cfe2f3", "#fbe0cd", "#d0ebe6", "#e8daee"
FILLS = {
    "Input": "#ececec",
    "Conv2d": CONVOLUTION,
    "MaxPool2d": POOLING,
    "AveragePool2d": POOLING,
    "GlobalAveragePool": POOLING,
    "Dense": DENSE,
    "PeriodicEmbedding": DENSE,
    "BatchNorm": NORM,
    "LocalResponseNorm": NORM,
}


@dataclass
class _Box:
    """A box: one or two lines, each a text on the left and one on the right."""

    lines: list
    fill: str = "white"
    x: float = 0.0  # of its middle
    top: float = 0.0

    @property
    def height(self):
        return LINE * len(self.lines) + 2 * MARGIN

    @property
    def bottom(self):
        return self.top + self.height

    def width(self):
        """What the texts need."""
        return 2 * MARGIN + max(
            _width(left, size, is_first)
            + (BETWEEN_TEXTS + _width(right, size, False) if right else 0)
            for (left, right), size, is_first in self.styled()
        )

    def styled(self):
        """Lines with their font size and whether they are the first of two."""
        bold = [len(self.lines) > 1, False]
        return zip(self.lines, FONT_SIZES, bold, strict=False)


def draw_network(network, input_shape=None, names=None, *, show_shapes=True, ax=None):
    """Draw a network as a graph, from the input down.

    Parameters
    ----------
    network : sequence of Layer, Architecture, str or fitted estimator
        As in `layer_table`, and so are ``input_shape`` and ``names``.
    input_shape : tuple of int, default=None
    names : sequence of str, default=None
    show_shapes : bool, default=True
        Whether boxes show output shapes and numbers of parameters.
    ax : matplotlib Axes, default=None
        Where to draw, in letters as small as it takes. None makes a figure with
        pyplot that is as large as the graph.

    Returns
    -------
    matplotlib Axes
        To be saved with ``ax.figure.savefig``.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from sknn_course.inspection import draw_network
    >>> ax = draw_network("lenet5")
    >>> plt.close(ax.figure)
    """
    boxes = _boxes(layer_table(network, input_shape, names), show_shapes)
    width = max(box.width() for box in boxes)
    length = sum(box.height + GAP for box in boxes)
    n_columns, scale, is_new = int(-(-length // TALLEST)), 1.0, ax is None
    if is_new:
        size = _place(boxes, width, n_columns)
        ax = single_axes(None, "draw_network", width=size[0], height=size[1])
        ax.figure.set_layout_engine("none")
        ax.set_position((0, 0, 1, 1))
    else:
        ax = single_axes(ax, "draw_network", width=1, height=1)
        space = ax.get_position().size * ax.figure.get_size_inches()
        scales = {n: min(space / _place(boxes, width, n)) for n in range(1, 7)}
        n_columns = max(scales, key=scales.__getitem__)
        size, scale = _place(boxes, width, n_columns), scales[n_columns]
    ax.set(xlim=(0, size[0]), ylim=(size[1], 0), aspect="equal")
    ax.set_axis_off()
    for before, after in pairwise(boxes):
        _arrow(ax, before, after, scale)
    for box in boxes:
        _draw(ax, box, width, scale)
    return ax


def _boxes(table, show_shapes):
    """The boxes of the input and of each layer."""

    def shown(text):
        return text if show_shapes else ""

    boxes = [_Box([("input", shown(cross(table.input_shape)))], FILLS["Input"])]
    for row in table.rows:
        first = row.name
        rest = []
        if row.connections or row.parameters:
            count = f"{row.parameters:,} parameters" if row.parameters else ""
            rest = [(f"{row.type} {row.settings}", shown(count))]
        elif row.settings not in row.name:
            first = f"{row.name}: {row.settings}"
        lines = [(first, shown(cross(row.output_shape))), *rest]
        boxes.append(_Box(lines, FILLS.get(row.type, "white")))
    return boxes


def _place(boxes, width, n_columns):
    """Set the boxes in columns of about the same height; the size of all."""
    length = sum(box.height + GAP for box in boxes)
    first_top = GAP if n_columns == 1 else 2 * GAP  # room for arrows over columns
    column, x, top, above, lowest = 0, GAP + width / 2, first_top, 0.0, 0.0
    for box in boxes:
        if above + box.height / 2 > (column + 1) * length / n_columns:
            column, x, top = column + 1, x + width + APART, first_top
        box.x, box.top = x, top
        top = box.bottom + GAP
        above += box.height + GAP
        lowest = max(lowest, box.bottom)
    return x + width / 2 + GAP, lowest + first_top


def _arrow(ax, before, after, scale):
    """From the bottom of a box to the top of the next, around columns."""
    points = [(before.x, before.bottom), (after.x, after.top)]
    if after.x != before.x:
        low, high = before.bottom + 0.7 * GAP, after.top - GAP
        between = (before.x + after.x) / 2
        corners = ((before.x, low), (between, low), (between, high), (after.x, high))
        points[1:1] = corners
        ax.plot(*zip(*points[:-1], strict=True), color=EDGE, lw=scale, zorder=1)
    ax.annotate(
        "",
        points[-1],
        points[-2],
        arrowprops={
            "arrowstyle": "-|>",
            "mutation_scale": 8 * scale,
            "lw": scale,
            "color": EDGE,
            "shrinkA": 0,
            "shrinkB": 0,
        },
    )


def _draw(ax, box, width, scale):
    from matplotlib.patches import FancyBboxPatch

    left, right = box.x - width / 2, box.x + width / 2
    ax.add_patch(
        FancyBboxPatch(
            (left, box.top),
            width,
            box.height,
            boxstyle="round,pad=0,rounding_size=0.06",
            facecolor=box.fill,
            edgecolor=EDGE,
            linewidth=0.8 * scale,
        )
    )
    for number, ((on_left, on_right), size, bold) in enumerate(box.styled()):
        style = {
            "fontsize": size * scale,
            "color": FAINT if number else INK,
            "va": "center",
        }
        y = box.top + MARGIN + LINE * (number + 0.5)
        ax.text(
            left + MARGIN, y, on_left, fontweight="bold" if bold else "normal", **style
        )
        ax.text(right - MARGIN, y, on_right, ha="right", **style)


def _width(text, size, bold):
    """Width of a text, in inches."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    if not text.strip():
        return 0.0
    font = FontProperties(weight="bold" if bold else "normal")
    # drawn letters snap to pixels: up to a tenth wider than their outlines
    return 1.1 * TextPath((0, 0), text, size=size, prop=font).get_extents().width / 72
