"""Rows of a sheet that are pure trainings, read from its ``rows.toml``.

A block has what its rows share, then the rows: each a line of ``rows`` (cells in the
order of ``columns``, at the end a table of what is left) or a table under its id::

    [params]                              # named parameters, for "use" and studies
    sgd = {solver = "sgd", momentum = 0.0}

    [texts]                               # sentences, for {steep} and studies
    steep = "The rate is too high."

    [rates]
    group = "Learning rates"
    title = "Rate {params[learning_rate_init]:g}"
    about = "{params[hidden_layer_sizes]}, plain SGD. {more}"
    more = ""
    estimator = "MLPClassifier"
    data = "mnist"
    params = {use = ["sgd"], hidden_layer_sizes = [30]}
    metrics = ["train_loss", "test_accuracy"]
    columns = ["id", "params.learning_rate_init", "published"]
    rows = [
      ["S9.01", 0.1, [0.031, 0.981]],
      ["S9.02", 9.0, [2.303, 0.113], {more = "{steep}"}],
    ]

Keys are the fields of `Experiment` and `Training`, ``metrics`` (the names of listed
figures), ``network`` (a name in `NETWORKS`, or ``{of = function, ...}`` of `networks`)
and words that occur in braces in a text.
"""

import re
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any

from ..cnn import CNNClassifier
from ..mlp import MLPClassifier, MLPRegressor
from . import networks
from .experiment import Experiment, Training
from .theory import double_softmax_loss

ESTIMATORS = {one.__name__: one for one in (CNNClassifier, MLPClassifier, MLPRegressor)}
FURTHER_LOSSES = {"double_softmax": double_softmax_loss}
METRIC = re.compile(r"(train|validation|test)_\w+|penalty")
TRAINING = {one.name: one for one in fields(Training)}
FIELDS = {one.name: one for one in fields(Experiment)} | TRAINING
del FIELDS["procedure"]  # which is the training

Table = dict[str, Any]


@dataclass(frozen=True)
class SheetRows:
    """The trainings of a sheet, and what its studies use of them.

    Attributes
    ----------
    experiments : dict of str to Experiment
        By id.
    params : dict of str to dict
        Parameters of estimators by the name of the set.
    texts : dict of str to str
        Sentences by name.
    """

    experiments: dict[str, Experiment]
    params: dict[str, Table]
    texts: dict[str, str]

    def between(self, first: str, last: str) -> dict[str, Experiment]:
        """The trainings from id to id, both included."""
        return {id: e for id, e in self.experiments.items() if first <= id <= last}


class RowError(ValueError):
    """What is wrong in a file of rows: the file, the row, the key."""


@contextmanager
def _at(place: str) -> Iterator[None]:
    """Put the place in front of what is wrong."""
    try:
        yield
    except RowError as error:
        raise RowError(f"{place}: {error}") from None


class _Words(dict[str, Any]):
    """Values for the braces of texts, in which there may be braces again."""

    def __init__(self, values: Table) -> None:
        super().__init__(values)
        self.used: set[str] = set()

    def __getitem__(self, name: str) -> Any:
        self.used.add(name)
        value = super().__getitem__(name)
        return value.format_map(self) if isinstance(value, str) else value


def load_rows(path: str | Path) -> SheetRows:
    """Read the trainings of a sheet.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    SheetRows

    Raises
    ------
    RowError
        If the file is no TOML, or if a key is unknown, missing or given twice.

    Examples
    --------
    >>> from pathlib import Path
    >>> from sknn_course.course import sheet3
    >>> from sknn_course.course.sheet_rows import load_rows
    >>> rows = load_rows(Path(sheet3.__file__).with_name("rows.toml"))
    >>> rows.experiments["S3.51"].title
    'MLP C: [200], SGD 0.01, batch 1'
    """
    path = Path(path)
    with _at("/".join(path.parts[-2:])):
        try:
            blocks = tomllib.loads(path.read_text("utf-8"))
        except tomllib.TOMLDecodeError as error:
            raise RowError(error) from None
        texts: dict[str, str] = blocks.pop("texts", {})
        sets: dict[str, Table] = {}
        for name, given in blocks.pop("params", {}).items():
            with _at(f"params.{name}"):
                sets[name] = _params(given, sets)
        experiments: dict[str, Experiment] = {}
        for id, row in _all_rows(blocks):
            with _at(id):
                if id in experiments:
                    raise RowError("id: two rows have it.")
                experiments[id] = _experiment(id, row, sets, texts)
    return SheetRows(dict(sorted(experiments.items())), sets, texts)


def _all_rows(blocks: Table) -> Iterator[tuple[str, Table]]:
    """Id and keys of each row, with what its block gives for all."""
    known: Table = {}
    for name, block in blocks.items():
        with _at(name):
            shared = {key: block[key] for key in block if key != "rows"}
            tables = {id: shared.pop(id) for id in block if "." in id}
            if "like" in shared:
                like = _named("like", shared.pop("like"), known)
                shared = _merged(like, shared)
            known[name] = shared
            shared = dict(shared)
            columns = shared.pop("columns", ["id"])
            lines = [_line(line, columns) for line in block.get("rows", [])]
        for id, row in [*lines, *tables.items()]:
            yield id, _merged(shared, row)


def _line(line: list, columns: list[str]) -> tuple[str, Table]:
    """Id and keys of a row that is a line of cells."""
    *cells, more = line
    if len(line) == len(columns):
        cells, more = line, {}
    if len(cells) != len(columns) or not isinstance(more, dict):
        raise RowError(f"rows: {line} does not fit {columns=}.")
    row: Table = {}
    for column, value in zip(columns, cells, strict=True):
        table, _, key = column.rpartition(".")
        (row.setdefault(table, {}) if table else row)[key] = value
    for key in more.keys() & row.keys():
        raise RowError(f"{row['id']}: {key}: is in the columns too.")
    return row.pop("id"), row | more


def _merged(first: Table, second: Table) -> Table:
    """What both give, the second's where they differ; tables and ``use`` joined."""
    found = first | second
    for key in first.keys() & second.keys():
        if isinstance(first[key], dict):
            found[key] = _merged(first[key], second[key])
        elif key == "use":
            found[key] = first[key] + second[key]
    return found


def _experiment(
    id: str, row: Table, sets: dict[str, Table], texts: dict[str, str]
) -> Experiment:
    """An experiment of what its row gives."""
    words = _Words(texts | row)
    made: Table = {"id": id}
    for key in FIELDS.keys() & row.keys():
        try:
            made[key] = _filled(row[key], words)
        except (KeyError, RecursionError) as error:
            raise RowError(f"{key}: {error} in braces has no text.") from None
    for key in sorted(row.keys() - FIELDS.keys() - words.used - {"metrics", "network"}):
        raise RowError(f"{key}: is unknown, and in no text in braces.")
    for key, field in FIELDS.items():
        if field.default is field.default_factory is MISSING and key not in made:
            raise RowError(f"{key}: is missing.")
    for key in made.keys() & {"published", "published_std"}:
        made[key] = _figures(key, made[key], row)
    if "milestones" in made:
        made["milestones"] = {
            int(epoch): _figures("milestones", values, row)
            for epoch, values in made["milestones"].items()
        }
    if "further_losses" in made:
        made["further_losses"] = {
            name: _named("further_losses", name, FURTHER_LOSSES)
            for name in made["further_losses"]
        }
    made["estimator"] = _named("estimator", made["estimator"], ESTIMATORS)
    made["params"] = _params(made["params"], sets)
    if "network" in row:
        made["params"]["architecture"] = _layers(row["network"])
    for name in made["params"].keys() - made["estimator"]().get_params().keys():
        raise RowError(f"params.{name}: is no parameter of the estimator.")
    training = Training(**{key: made.pop(key) for key in TRAINING.keys() & made.keys()})
    return Experiment(procedure=training, **made)


def _params(given: Table, sets: dict[str, Table]) -> Table:
    """Parameters of an estimator: those of the named sets, then those given."""
    params: Table = {}
    for name in given.get("use", ()):
        params |= _named("params.use", name, sets)
    return params | {k: _filled(v) for k, v in given.items() if k != "use"}


def _named(key: str, name: str, known: Table) -> Any:
    if name not in known:
        raise RowError(f"{key}: {name!r} is none of {', '.join(known)}.")
    return known[name]


def _figures(key: str, figures: Any, row: Table) -> Table:
    """Figures by metric; of a list, in the order of ``metrics``."""
    metrics = row.get("metrics", [])
    if not isinstance(figures, dict):
        if len(figures) != len(metrics):
            raise RowError(f"{key}: {len(figures)} figures for {metrics=}.")
        figures = dict(zip(metrics, figures, strict=True))
    for name in figures:
        if not METRIC.fullmatch(name):
            raise RowError(f"{key}: {name!r} is no metric.")
    return figures


def _layers(network: Any) -> Any:
    """Layers of a network by its name, or of a function with arguments."""
    if isinstance(network, str):
        return _named("network", network, networks.NETWORKS).layers
    given: Table = {k: None if v == "none" else _filled(v) for k, v in network.items()}
    builders = {name: getattr(networks, name) for name in networks.__all__}
    return _named("network", given.pop("of", "of"), builders)(**given)


def _filled(value: Any, words: _Words | None = None) -> Any:
    """The value with words in the braces of its texts, and tuples for lists."""
    if isinstance(value, list):
        return tuple(_filled(one, words) for one in value)
    if isinstance(value, dict):
        return {key: _filled(one, words) for key, one in value.items()}
    if isinstance(value, str) and words:
        return value.format_map(words).strip()
    return value
