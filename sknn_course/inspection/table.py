"""A network as a table: one row for each layer, with its counts."""

from dataclasses import dataclass, replace

from ..layers import Dense, Flatten, layer_shapes
from .columns import COLUMNS, DEFAULT_COLUMNS, as_html, as_markdown, as_text
from .counts import hand_formula, layer_counts
from .fields import ReceptiveField, receptive_fields
from .names import layer_names
from .networks import read_network


@dataclass(frozen=True)
class LayerRow:
    """One layer of a `LayerTable`.

    Attributes
    ----------
    name, type, settings : str
        Such as 'conv1', 'Conv2d' and '32 of 3×3'.
    output_shape : tuple of int
        Of one row, without the batch.
    formula : str
        The parameters as one counts them by hand; empty where there are none.
    parameters, trainable, non_trainable : int
        Batch normalisation has 4 for each feature, 2 of them not trainable.
    percent : float
        Of the network's parameters.
    connections, connections_without_bias : int
    receptive_field : ReceptiveField
    """

    name: str
    type: str
    settings: str
    output_shape: tuple
    formula: str
    parameters: int
    trainable: int
    non_trainable: int
    percent: float
    connections: int
    connections_without_bias: int
    receptive_field: ReceptiveField


@dataclass(frozen=True, repr=False)
class LayerTable:
    """The layers of a network, for reading and for calculating.

    Printing it gives plain text; notebooks show HTML.

    Attributes
    ----------
    rows : tuple of LayerRow
    input_shape : tuple of int
    n_parameters, n_trainable, n_non_trainable : int
    n_connections, n_connections_without_bias : int
    """

    rows: tuple
    input_shape: tuple
    channels_last: bool = False

    def _total(self, name):
        return sum(getattr(row, name) for row in self.rows)

    @property
    def n_parameters(self):
        return self._total("parameters")

    @property
    def n_trainable(self):
        return self._total("trainable")

    @property
    def n_non_trainable(self):
        return self._total("non_trainable")

    @property
    def n_connections(self):
        return self._total("connections")

    @property
    def n_connections_without_bias(self):
        return self._total("connections_without_bias")

    def __len__(self):
        return len(self.rows)

    def __iter__(self):
        return iter(self.rows)

    def __getitem__(self, name):
        """The row of a layer, by its name or number."""
        if not isinstance(name, str):
            return self.rows[name]
        for row in self.rows:
            if row.name == name:
                return row
        raise KeyError(f"{name!r} is none of {[row.name for row in self.rows]}")

    @property
    def connected(self):
        """LayerTable : the convolutions, poolings and dense layers alone."""
        return replace(self, rows=tuple(row for row in self.rows if row.connections))

    def to_string(self, columns=DEFAULT_COLUMNS):
        """The table as plain text.

        Parameters
        ----------
        columns : sequence of str
            Of 'name', 'type', 'settings', 'output_shape', 'formula', 'parameters',
            'trainable', 'non_trainable', 'percent', 'connections',
            'connections_without_bias', 'field_previous', 'field_input'.

        Returns
        -------
        str
        """
        return as_text(self, columns)

    def to_markdown(self, columns=DEFAULT_COLUMNS):
        """The table in Markdown; ``columns`` as in `to_string`."""
        return as_markdown(self, columns)

    def to_html(self, columns=DEFAULT_COLUMNS):
        """The table in HTML; ``columns`` as in `to_string`."""
        return as_html(self, columns)

    def to_frame(self):
        """The table as a pandas DataFrame, all columns, without the total.

        Shapes and fields are tuples; a field of None is the whole input.
        """
        import pandas as pd

        return pd.DataFrame(
            [
                {key: column.value(row) for key, column in COLUMNS.items()}
                for row in self.rows
            ]
        )

    def __repr__(self):
        return self.to_string()

    def _repr_html_(self):
        return self.to_html()


def layer_table(network, input_shape=None, names=None, *, channels_last=False):
    """Layers, shapes, parameters, connections and receptive fields of a network.

    Parameters
    ----------
    network : sequence of Layer, Architecture, str or fitted estimator
        A string is a name of `sknn_course.architectures.ARCHITECTURES`. Of a
        pipeline the last step is read, of a search its best estimator.
    input_shape : tuple of int, default=None
        Shape of one input row, (n_features,) or (channels, height, width). None
        takes that of the architecture or estimator; layers alone need it.
    names : sequence of str, default=None
        One for each row, or for each row with connections (convolutions,
        poolings, dense layers). None numbers the layers by kind.
    channels_last : bool, default=False
        Whether to print shapes as (?, height, width, channels), as Keras does.

    Returns
    -------
    LayerTable

    Raises
    ------
    ShapeError
        If a layer does not fit; the message shows the sizes layer by layer.

    Examples
    --------
    >>> from sknn_course.inspection import layer_table
    >>> table = layer_table("lenet5")
    >>> table
    Layer     Type        Output shape     Formula         Parameters  Share in %
    ...
    >>> table.n_parameters, table["dense1"].formula
    (61706, '120·84+84')
    """
    network = read_network(network, input_shape)
    if network.input_shape is None:
        raise ValueError(
            "input_shape=None is not enough for layers alone: give the shape of one "
            "input row, such as (784,) or (1, 28, 28)."
        )
    rows = _rows(network)
    if names is not None:
        rows = _rename(rows, list(names))
    return LayerTable(tuple(rows), network.input_shape, channels_last)


def _rows(network):
    layers = network.layers
    shapes = layer_shapes(layers, network.input_shape)
    counts = list(map(layer_counts, layers, shapes))
    total = sum(count.parameters for count in counts) or 1
    names, fields = layer_names(layers), receptive_fields(layers)
    rows, flattened = [], None
    for layer, name, before, after, count, field in zip(
        layers, names, shapes[:-1], shapes[1:], counts, fields, strict=True
    ):
        if isinstance(layer, Flatten):
            flattened = before
        rows.append(
            LayerRow(
                name,
                layer.type_name,
                layer.in_words(),
                after,
                hand_formula(layer, before, flattened),
                count.parameters,
                count.trainable,
                count.non_trainable,
                100 * count.parameters / total,
                count.connections,
                count.connections_without_bias,
                field,
            )
        )
        if isinstance(layer, Dense):
            flattened = None
    return rows


def _rename(rows, names):
    connected = [at for at, row in enumerate(rows) if row.connections]
    if len(names) == len(rows):
        places = [*range(len(rows))]
    elif len(names) == len(connected):
        places = connected
    else:
        raise ValueError(
            f"names has {len(names)} of them: give {len(rows)}, one for each row, or "
            f"{len(connected)}, one for each row with connections."
        )
    for at, name in zip(places, names, strict=True):
        rows[at] = replace(rows[at], name=name)
    return rows
