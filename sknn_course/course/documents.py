"""What a run leaves behind: results as JSON and Markdown, one page for each sheet."""

import json

from .catalogue import SHEETS
from .outcome import plain
from .outcome_form import STATUSES, is_list, is_text
from .report_html import render_sheet
from .store import write_text
from .tables import as_markdown, counts, summary_rows

HOW = """\
Rows that train: ours is the mean ± standard deviation (ddof=1) over the repetitions,
each with an initialisation, batch order and dropout of its own, measured after the
last epoch in evaluation mode and without penalties. The band around the published
figure is two standard errors of the difference between our mean of n repetitions and
one run of the sheet, 2·sqrt(s²/n + t² + u²). t is the sheet's standard deviation and
s ours, but not more than t; where the sheet gives none, both are ours, at most a
quarter of the published error (1 − accuracy, loss, squared error). For accuracies on
validation and test rows u² is the binomial error p(1−p)(1/n_test + 1/n_published); for
losses, penalties and training accuracies u is 5 % of the published error (of at least
0.01 for classifiers). A band ends half-way to the figure of a constant prediction.
A row passes with every figure that the sheet gives in its band; of the figures of
epochs on the way, one in ten may be outside. Figures on the better side of their
bands are "better than published". A run that the sheet reports as stuck passes where
ours predict one value, or diverge, too, and the row that differs in what should help
learns at the same size. Rows that calculate pass where every check meets the
published value, or the right one where an erratum corrects it. A run with fewer rows,
epochs or test rows than the sheet's is a "smaller run", whatever it gives.
"""


def write_documents(store, outcomes, command, machine):
    """Write results.json, results.md and a page for each sheet.

    Parameters
    ----------
    store : Store
        Its folder may hold outcomes of earlier runs.
    outcomes : list of Outcome
        All of the folder, one for each row.
    command : str
        What was typed, without the folders of this machine.
    machine : dict

    Returns
    -------
    list of Path
        The files.
    """
    folder = store.folder
    commands = list(dict.fromkeys([*_earlier_commands(folder), command]))
    document = {
        "commands": commands,
        "machine": machine,
        "counts": {
            status: sum(one.status == status for one in outcomes) for status in STATUSES
        },
        "outcomes": [
            # curves stay in the files of the outcomes
            {k: v for k, v in one.to_json().items() if k != "curves"}
            for one in outcomes
        ],
    }
    text = json.dumps(plain(document), indent=1, ensure_ascii=False, allow_nan=False)
    write_text(folder / "results.json", text)
    write_text(folder / "results.md", render_markdown(outcomes, commands, machine))
    paths = [folder / "results.json", folder / "results.md"]
    for sheet, title in SHEETS.items():
        own = [one for one in outcomes if one.sheet == sheet]
        if own:
            path = folder / f"sheet{sheet[1:]}.html"
            write_text(
                path, render_sheet(title, own, folder, commands, machine, HOW.strip())
            )
            paths.append(path)
    return paths


def _earlier_commands(folder):
    try:
        document = json.loads((folder / "results.json").read_text("utf-8"))
        commands = document["commands"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return []
    return [one for one in commands if is_text(one)] if is_list(commands) else []


def render_markdown(outcomes, commands, machine):
    """The final table as Markdown.

    Parameters
    ----------
    outcomes : list of Outcome
    commands : list of str
    machine : dict

    Returns
    -------
    str

    Examples
    --------
    >>> from sknn_course.course.documents import render_markdown
    >>> from sknn_course.course.outcome import Outcome
    >>> one = Outcome("S1.22", "MLP parameters", "", "", "quick", "study")
    >>> text = render_markdown([one], ["reproduce S1.22"], {"cores": 2})
    >>> text.splitlines()[-1]
    '| S1.22 | MLP parameters |  |  |  |  |  |  | shown |  |'
    """
    parts = [
        "# Systems of the course sheets, run again",
        f"{counts(outcomes)}.",
        "\n".join(f"- {status}: {text}" for status, text in STATUSES.items()),
        "Made by:",
        "\n".join(f"    {command}" for command in commands),
        f"Machine of the last command: {machine_text(machine)}.",
        HOW.strip(),
    ]
    for sheet, title in SHEETS.items():
        own = [one for one in outcomes if one.sheet == sheet]
        if own:
            parts += [
                f"## {sheet}: {title}",
                f"{counts(own)}.",
                as_markdown(summary_rows(own)),
            ]
    return "\n\n".join(parts)


def machine_text(machine):
    """A machine in a line.

    Examples
    --------
    >>> from sknn_course.course.documents import machine_text
    >>> machine_text({"cores": 2, "torch": "2.13"})
    'cores 2, torch 2.13'
    """
    return ", ".join(f"{name} {value}" for name, value in machine.items())
