"""A winner as a script that builds it again from its data."""

import inspect
import textwrap
from importlib import import_module
from string import Template
from typing import Any

import numpy as np
import sklearn
from sklearn.base import BaseEstimator, clone

from sknn_course._compare.text import format_score, printable

WIDTH = 72
SCRIPT = Template('''\
"""$title

Run it with the path of a file to take other data of the same columns. It fits the
winner to the training rows, prints its score on the test rows, and writes the fitted
pipeline beside itself. Made by sknn_course $version with scikit-learn $sklearn_version.
"""

import sys
from pathlib import Path

import joblib
from threadpoolctl import threadpool_limits

$imports

table = $table
model = $model
with threadpool_limits(1):  # as in the comparison
    model.fit(table.X_train, table.y_train)
score = score_on_test_rows(model, table, $scoring)
print(f"$label on the test rows: {score:.6g}")  # then: $score
joblib.dump(model, Path(__file__).with_name("winner.joblib"))

# New rows are a data frame with the file's columns: model.predict(new)
''')


def write_script(board: Any) -> str:
    """Return a script that rebuilds a comparison's winner.

    Parameters
    ----------
    board : Leaderboard

    Returns
    -------
    str

    Raises
    ------
    TypeError
        If a parameter's value cannot be written as code.
    """
    best, table = board.best, board.table
    imports: set[tuple[str, str]] = {
        ("sknn_course.leaderboard", "load_table"),
        ("sknn_course.leaderboard", "score_on_test_rows"),
    }
    estimator = clone(best.fitted)
    model = code_of(estimator, imports)
    source = dict(table.source)
    path = "sys.argv[1]"
    if "data" in source:
        path += f" if len(sys.argv) > 1 else {source.pop('data')!r}"
    options = [path, *(f"{key}={value!r}" for key, value in source.items())]
    if "task" not in source:
        options.append(f"task={table.task!r}")
    title = f"{best.model}, the winner of a comparison on {table.name}."
    return SCRIPT.substitute(
        title=printable(title).replace("\\", "\\\\").replace('"', "'"),
        version=import_module("sknn_course").__version__,
        sklearn_version=sklearn.__version__,
        imports=_import_lines(imports),
        table=_call("load_table", options),
        model=model,
        scoring=repr(board.score.name),
        label=board.score.title.replace("'", ""),
        score=format_score(best.test_score),
    )


def code_of(value: Any, imports: set[tuple[str, str]]) -> str:
    """Return an estimator, or a parameter's value, as Python code.

    Parameters
    ----------
    value : object
    imports : set of tuple (str, str)
        Modules and names that the code needs are added.

    Returns
    -------
    str

    Raises
    ------
    TypeError
        If that is not known.

    Examples
    --------
    >>> from sklearn.svm import SVC
    >>> from sknn_course._compare.script import code_of
    >>> imports = set()
    >>> code_of(SVC(C=2.0), imports), imports
    ('SVC(C=2.0)', {('sklearn.svm', 'SVC')})
    """
    if isinstance(value, BaseEstimator) or hasattr(value, "get_params"):
        kind = type(value)
        imports.add((_public_module(kind), kind.__name__))
        parameters = inspect.signature(kind).parameters
        parts = []
        for name, one in value.get_params(deep=False).items():
            default = parameters[name].default if name in parameters else None
            if one is not default and repr(one) != repr(default):
                parts.append(f"{name}={code_of(one, imports)}")
        return _call(kind.__name__, parts)
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, list | tuple):
        parts = [code_of(one, imports) for one in value]
        if isinstance(value, list):
            return _bracketed("[", parts, "]")
        return _bracketed("(", parts + [""] * (len(parts) == 1), ")")
    if isinstance(value, dict):
        parts = [f"{k!r}: {code_of(one, imports)}" for k, one in value.items()]
        return _bracketed("{", parts, "}")
    if isinstance(value, float) and not np.isfinite(value):
        return f"float({str(value)!r})"
    if value is None or isinstance(value, bool | int | float | str):
        return repr(value)
    raise TypeError(f"{value!r} cannot be written as code")


def _public_module(kind: type) -> str:
    names = kind.__module__.split(".")
    private = [index for index, name in enumerate(names) if name.startswith("_")]
    public = ".".join(names[: private[0]] if private else names)
    for module in ("sknn_course", "sknn_course.leaderboard", public):
        if getattr(import_module(module), kind.__name__, None) is kind:
            return module
    return kind.__module__


def _import_lines(imports: set[tuple[str, str]]) -> str:
    modules: dict[str, list[str]] = {}
    for module, name in sorted(imports):
        modules.setdefault(module, []).append(name)
    return "\n".join(
        f"from {module} import {', '.join(names)}" for module, names in modules.items()
    )


def _call(name: str, parts: list[str]) -> str:
    return name + _bracketed("(", parts, ")")


def _bracketed(opening: str, parts: list[str], closing: str) -> str:
    line = f"{opening}{', '.join(parts)}{closing}".replace(", )", ",)")
    if len(line) <= WIDTH and "\n" not in line:
        return line
    inside = "".join(textwrap.indent(one, "    ") + ",\n" for one in parts if one)
    return f"{opening}\n{inside}{closing}"
