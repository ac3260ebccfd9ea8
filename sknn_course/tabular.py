from ._tabular.encoder import TableEncoder
