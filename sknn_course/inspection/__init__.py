"""Networks taken apart: sizes, counts, tables, pictures."""

from .convolutional import to_fully_convolutional
from .counts import LayerCounts, fully_connected_counts, layer_counts
from .fields import ReceptiveField, receptive_fields
from .graph import draw_network
from .sizes import output_size
from .table import LayerRow, LayerTable, layer_table

__all__ = [
    "LayerCounts",
    "LayerRow",
    "LayerTable",
    "ReceptiveField",
    "draw_network",
    "fully_connected_counts",
    "layer_counts",
    "layer_table",
    "output_size",
    "receptive_fields",
    "to_fully_convolutional",
]
