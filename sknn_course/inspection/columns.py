"""The columns of a layer table, and the table as text, Markdown and HTML."""

from collections.abc import Callable
from html import escape
from typing import NamedTuple

from ..layers.specification import cross


class Column(NamedTuple):
    """A column of a layer table.

    Parameters
    ----------
    title : str
    value : callable
        Row to value.
    text : callable
        Table and value to text.
    total : str
        Attribute of the table that is the sum of the column, if any.
    is_number : bool
        Whether it is set flush right.
    """

    title: str
    value: Callable
    text: Callable
    total: str = ""
    is_number: bool = False


def shape_text(shape, channels_last=False):
    """An output shape with '?' for the batch.

    Examples
    --------
    >>> from sknn_course.inspection.columns import shape_text
    >>> shape_text((32, 28, 28)), shape_text((32, 28, 28), channels_last=True)
    ('(?, 32, 28, 28)', '(?, 28, 28, 32)')
    """
    if channels_last:
        shape = (*shape[1:], shape[0])
    return f"({', '.join(map(str, ('?', *shape)))})"


def _plain(title, name):
    return Column(title, lambda row: getattr(row, name), lambda table, value: value)


def _count(title, name, total):
    return Column(
        title,
        lambda row: getattr(row, name),
        lambda table, value: f"{value:,}",
        total,
        is_number=True,
    )


def _field(title, name):
    return Column(
        title,
        lambda row: getattr(row.receptive_field, name),
        lambda table, value: "all" if value is None else cross(value),
    )


COLUMNS = {
    "name": _plain("Layer", "name"),
    "type": _plain("Type", "type"),
    "settings": _plain("Settings", "settings"),
    "output_shape": Column(
        "Output shape",
        lambda row: row.output_shape,
        lambda table, shape: shape_text(shape, table.channels_last),
    ),
    "formula": _plain("Formula", "formula"),
    "parameters": _count("Parameters", "parameters", "n_parameters"),
    "trainable": _count("Trainable", "trainable", "n_trainable"),
    "non_trainable": _count("Not trainable", "non_trainable", "n_non_trainable"),
    "percent": Column(
        "Share in %",
        lambda row: row.percent,
        lambda table, value: f"{value:.4f}",
        is_number=True,
    ),
    "connections": _count("Connections", "connections", "n_connections"),
    "connections_without_bias": _count(
        "Without bias", "connections_without_bias", "n_connections_without_bias"
    ),
    "field_previous": _field("Sees of previous", "previous"),
    "field_input": _field("Sees of input", "input"),
}
DEFAULT_COLUMNS = ("name", "type", "output_shape", "formula", "parameters", "percent")


def _cells(table, columns):
    """Columns, their titles, rows of texts, and the row of totals."""
    unknown = [key for key in columns if key not in COLUMNS]
    if unknown:
        raise ValueError(f"columns={unknown} are unknown: use those of {[*COLUMNS]}.")
    chosen = [COLUMNS[key] for key in columns]
    body = [[c.text(table, c.value(row)) for c in chosen] for row in table.rows]
    total = [f"{getattr(table, c.total):,}" if c.total else "" for c in chosen]
    if any(total) and not total[0]:
        total[0] = "total"
    return chosen, body, total


def _trained(table):
    """What the totals alone do not say."""
    return f"Trainable: {table.n_trainable:,}, not trainable: {table.n_non_trainable:,}"


def as_text(table, columns):
    """A layer table as plain text, columns flush."""
    chosen, body, total = _cells(table, columns)
    lines = [[c.title for c in chosen], *body, total]
    widths = [max(map(len, texts)) for texts in zip(*lines, strict=True)]

    def line(texts):
        parts = (
            f"{text:{'>' if c.is_number else '<'}{width}}"
            for c, text, width in zip(chosen, texts, widths, strict=True)
        )
        return "  ".join(parts).rstrip()

    rule = "-" * (sum(widths) + 2 * len(widths) - 2)
    return "\n".join(
        [line(lines[0]), rule, *map(line, body), rule, line(total), _trained(table)]
    )


def as_markdown(table, columns):
    """A layer table in GitHub's Markdown."""
    chosen, body, total = _cells(table, columns)
    rows = [
        [c.title for c in chosen],
        ["---:" if c.is_number else "---" for c in chosen],
        *body,
        [text and f"**{text}**" for text in total],
    ]
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([*lines, "", _trained(table)])


def as_html(table, columns):
    """A layer table as an HTML element."""
    chosen, body, total = _cells(table, columns)

    def row(tag, texts):
        cells = (
            f'<{tag} style="text-align:{"right" if c.is_number else "left"}">'
            f"{escape(text)}</{tag}>"
            for c, text in zip(chosen, texts, strict=True)
        )
        return f"<tr>{''.join(cells)}</tr>"

    return "\n".join(
        [
            '<table class="layer-table">',
            f"<thead>{row('th', [c.title for c in chosen])}</thead>",
            "<tbody>",
            *(row("td", texts) for texts in body),
            "</tbody>",
            f"<tfoot>{row('th', total)}</tfoot>",
            f'<caption style="caption-side:bottom">{_trained(table)}</caption>',
            "</table>",
        ]
    )
