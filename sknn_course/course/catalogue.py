"""All experiments of the course in order, and those that a user names."""

import re
from dataclasses import replace
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from .experiment import Training

SHEETS = {
    "S1": "Kiel NNDL 2020 sheet 5",
    "S2": "Kiel NNDL 2018 sheet 5",
    "S3": "Kiel NNDL 2020 sheet 4",
    "S4": "RDFIA practical 2",
    "S5": "Lund FMAN45 assignment 3, 2019",
}


@cache
def experiments():
    """Return all experiments, in the order of the sheets.

    Returns
    -------
    dict of str to Experiment
        By id.
    """
    found = {}
    for number in range(1, len(SHEETS) + 1):
        sheet = import_module(f"{__package__}.sheet{number}")
        for one in iter_modules(sheet.__path__, f"{sheet.__name__}."):
            for experiment in getattr(import_module(one.name), "EXPERIMENTS", ()):
                if experiment.id in found:
                    raise ValueError(f"id={experiment.id!r} names two experiments.")
                found[experiment.id] = experiment
    return dict(sorted(found.items(), key=lambda item: _place(item[0])))


def select(names, known=None):
    """The experiments that names, ranges and sheets mean.

    Parameters
    ----------
    names : sequence of str
        Ids ('S3.51'), ranges ('S3.49-S3.58'), sheets ('S3') or 'all'; commas may
        separate them too, and capitals do not matter.
    known : dict of str to Experiment, default=None
        What to select from; None for all of the course.

    Returns
    -------
    list of Experiment
        In the order of the sheets, each once.

    Raises
    ------
    ValueError
        If a name means nothing.

    Examples
    --------
    >>> from sknn_course.course.catalogue import select
    >>> from sknn_course.course.experiment import Experiment
    >>> known = {
    ...     id: Experiment(id, "title", "group", "about", print)
    ...     for id in ("S3.01", "S3.02", "S3.03", "S4.01")
    ... }
    >>> [one.id for one in select(["S3.02-S3.03", "s4"], known)]
    ['S3.02', 'S3.03', 'S4.01']
    """
    known = experiments() if known is None else known
    chosen = set()
    for name in filter(None, ",".join(names).replace(" ", "").upper().split(",")):
        chosen.update(_meant(name, known))
    return [experiment for id, experiment in known.items() if id in chosen]


def _meant(name, known):
    if name == "ALL":
        return list(known)
    if re.fullmatch(r"S\d+", name):
        rows = [id for id in known if id.split(".")[0] == name]
        if not rows:
            sheets = ", ".join(dict.fromkeys(id.split(".")[0] for id in known))
            raise ValueError(f"{name!r} is no sheet: use one of {sheets}.")
        return rows
    first, dash, last = name.partition("-")
    last = last if not dash or "." in last else f"{first.split('.')[0]}.{last}"
    ends = [_check(one, known) for one in ([first, last] if dash else [first])]
    if _place(ends[0]) > _place(ends[-1]):
        raise ValueError(f"{name!r} is an empty range: {ends[0]} comes after {last}.")
    return [id for id in known if _place(ends[0]) <= _place(id) <= _place(ends[-1])]


def _check(name, known):
    """The id, of which a leading zero of the row may be missing."""
    sheet, _, row = name.partition(".")
    padded = f"{sheet}.{row.zfill(2)}"
    if padded in known:
        return padded
    near = get_close_matches(padded, known, n=1)
    guess = f" (did you mean {near[0]}?)" if near else ""
    raise ValueError(
        f"{name!r} is no experiment{guess}: use an id such as S3.51, a range such as "
        "S3.49-S3.58, a sheet such as S3, or all; --list shows them."
    )


def _place(id):
    """Sheet and row as numbers, to sort by."""
    return tuple(int(part) for part in id[1:].split("."))


def with_epochs(known, epochs):
    """The experiments, with so many epochs of each training at either scale.

    Parameters
    ----------
    known : dict of str to Experiment
    epochs : int
        No training takes more than the sheet's.

    Returns
    -------
    dict of str to Experiment

    Examples
    --------
    >>> from sknn_course.course.catalogue import experiments, with_epochs
    >>> with_epochs(experiments(), 4)["S3.51"].procedure.quick["epochs"]
    4
    """
    found = dict(known)
    for id, one in known.items():
        if isinstance(one.procedure, Training):
            quick, full = (
                {**s, "epochs": epochs}
                for s in (one.procedure.quick, one.procedure.full)
            )
            found[id] = replace(
                one, procedure=replace(one.procedure, quick=quick, full=full)
            )
    return found


def matching(chosen, sheet=None, text=None):
    """Those experiments that belong to a sheet and contain words.

    Parameters
    ----------
    chosen : list of Experiment
    sheet : str, default=None
        Such as 'S3'.
    text : str, default=None
        All of its words have to occur in id, title, group or description.

    Returns
    -------
    list of Experiment

    Raises
    ------
    ValueError
        If there is no such sheet.

    Examples
    --------
    >>> from sknn_course.course.catalogue import matching
    >>> from sknn_course.course.experiment import Experiment
    >>> one = Experiment("S3.64", "MLP P", "Size", "Dropout 0.2, one layer", print)
    >>> matching([one], text="dropout p") == [one], matching([one], text="convolution")
    (True, [])
    """
    if sheet is not None and sheet.upper() not in SHEETS:
        raise ValueError(f"--sheet {sheet!r} is none of {', '.join(SHEETS)}.")
    words = (text or "").lower().split()
    return [
        one
        for one in chosen
        if (sheet is None or one.sheet == sheet.upper())
        and all(word in _text(one) for word in words)
    ]


def _text(experiment):
    parts = (experiment.id, experiment.title, experiment.group, experiment.about)
    return " ".join(parts).lower()
