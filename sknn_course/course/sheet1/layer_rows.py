"""Layer tables as rows of findings."""

from ...inspection.columns import COLUMNS

SUMMARY = ("name", "type", "output_shape", "parameters", "trainable", "non_trainable")
FORMULAS = ("name", "output_shape", "formula", "parameters", "percent")


def layer_rows(table, columns=SUMMARY):
    """A layer table as the rows of a table of `Findings`, with its total.

    Parameters
    ----------
    table : LayerTable
    columns : sequence of str
        As of `LayerTable.to_string`.

    Returns
    -------
    list of dict

    Examples
    --------
    >>> from sknn_course.course.networks import NETWORKS
    >>> from sknn_course.course.sheet1.layer_rows import layer_rows
    >>> from sknn_course.inspection import layer_table
    >>> layer_rows(layer_table(NETWORKS["mnist_cnn_1"]), ("name", "parameters"))[-2:]
    [{'Layer': 'output', 'Parameters': 650}, {'Layer': 'total', 'Parameters': 411690}]
    """
    chosen = [COLUMNS[name] for name in columns]
    rows = []
    for layer in table:
        values = [column.value(layer) for column in chosen]
        rows.append(
            {
                column.title: value if column.is_number else column.text(table, value)
                for column, value in zip(chosen, values, strict=True)
            }
        )
    total = {
        column.title: getattr(table, column.total) if column.total else ""
        for column in chosen
    }
    return [*rows, {**total, chosen[0].title: "total"}]
