"""The networks that a table is tried with: how they train, and what they may be."""

from typing import Any

from scipy.stats import loguniform

from ..layers import PeriodicEmbedding

DEPTHS = (1, 2, 3)
PIECES = (12, 0)  # beside the scaled numbers
EMBEDDINGS: list[dict[str, Any]] = [
    {"n_frequencies": 32, "size": 8, "scale": 0.3, "variant": "pbld"},
    {"n_frequencies": 24, "size": 12, "scale": 0.2, "variant": "plr"},
]
MANY_NUMBERS = 20  # whose embeddings are smaller, since each column has its own
MOST_ROWS = 4_000_000  # that pass through a network, over all its epochs
WIDE_ROWS = 5_000  # from which layers are wide
MANY_ROWS = 20_000  # of which one hold-out tells enough


def training(n_rows: int) -> dict[str, Any]:
    """Parameters of training that follow from the number of rows.

    Parameters
    ----------
    n_rows : int

    Returns
    -------
    dict

    Examples
    --------
    >>> from sknn_course._tabular.candidates import training
    >>> training(200)["batch_size"], training(100_000)["max_iter"]
    (32, 40)
    """
    most = 128 if n_rows < MANY_ROWS else 256
    least = max(16, min(32, n_rows // 3))
    return {
        "alpha": 0.0,
        "early_stopping": True,
        "n_iter_no_change": 12,
        "tol": 0.0,
        "batch_size": min(max(n_rows // 8, least), most),
        "max_iter": max(10, min(200, MOST_ROWS // n_rows)),
    }


def folds(n_rows: int) -> dict[str, Any]:
    """How rows are held out: four folds, or of many rows a part of them once.

    Parameters
    ----------
    n_rows : int

    Returns
    -------
    dict
        Parameters of the ensemble.
    """
    return {"cv": 4} if n_rows < MANY_ROWS else {"validation_fraction": 0.15}


class Dropout:
    """Distribution of dropout rates: none for a third, else uniform up to a half."""

    def rvs(self, size: Any = None, random_state: Any = None) -> float:
        """One rate.

        Parameters
        ----------
        size : ignored
        random_state : RandomState
        """
        return float(max(0.0, random_state.uniform(-0.25, 0.5)))


def space(n_rows: int, n_numbers: int) -> list[dict[str, Any]]:
    """Distributions of the candidates' parameters, for each encoding of the table.

    Parameters
    ----------
    n_rows : int
    n_numbers : int
        How many of the first encoded columns are scaled numbers.

    Returns
    -------
    list of dict
        As `RandomizedSearchCV` takes them, of a pipeline of 'encoder' and 'network'.
    """
    width = 128 if n_rows < WIDE_ROWS else 256
    network = {
        "network__hidden_layer_sizes": [(width,) * depth for depth in DEPTHS],
        "network__activation": ["relu", "gelu"],
        "network__dropout": Dropout(),
        "network__learning_rate_init": loguniform(1e-3, 1e-2),
        "network__weight_decay": loguniform(1e-3, 1.0),
    }
    spaces = [network | {"encoder__n_bins": [n_bins]} for n_bins in PIECES]
    if n_numbers:
        spaces += [
            network | {"network__numeric_embedding": [_embedding(n_numbers, **sizes)]}
            for sizes in EMBEDDINGS
        ]
    return spaces


def _embedding(
    n_numbers: int, n_frequencies: int, size: int, **options: Any
) -> PeriodicEmbedding:
    share = min(1, MANY_NUMBERS / n_numbers)
    return PeriodicEmbedding(
        max(8, int(n_frequencies * share)),
        max(4, int(size * share)),
        n_columns=n_numbers,
        **options,
    )
