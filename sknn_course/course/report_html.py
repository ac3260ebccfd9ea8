"""The experiments of one sheet as a self-contained HTML page."""

import base64
from html import escape

from .outcome_form import STATUSES
from .pictures import caption
from .sheet_page import PAGE
from .tables import (
    cell_text,
    check_rows,
    columns_of,
    comparison_rows,
    counts,
    summary_rows,
)

SHARPNESS = 1.6  # pixels of a picture for one of the page
LONGEST_NUMBER = 26  # letters; with longer ones the columns are wrapped as text
NUMBERS = ("ours", "published", "right", "difference", "band")


def render_sheet(title, outcomes, folder, commands, machine, how):
    """Return a page that reports what the experiments of a sheet came to.

    Parameters
    ----------
    title : str
    outcomes : list of Outcome
        Of one sheet, in its order.
    folder : Path
        Where the pictures lie.
    commands : list of str
        What was typed.
    machine : dict
    how : str
        How the figures were measured.

    Returns
    -------
    str
    """
    groups = list(dict.fromkeys(one.group for one in outcomes))
    sections = []
    for place, group in enumerate(groups):
        own = [one for one in outcomes if one.group == group]
        sections.append(f'<h2 id="group{place}">{escape(group)}</h2>')
        sections += [_experiment(one, folder) for one in own]
    return PAGE.substitute(
        title=escape(f"{title}, run again"),
        counts=escape(counts(outcomes)),
        legend=_list(f"{status}: {text}" for status, text in STATUSES.items()),
        contents=_list_of_links(groups),
        summary=_summary(outcomes),
        sections="\n".join(sections),
        how=escape(how),
        machine=escape(", ".join(f"{name} {value}" for name, value in machine.items())),
        commands="".join(f"<li><code>{escape(one)}</code></li>" for one in commands),
    )


def _list(texts):
    return "".join(f"<li>{escape(text)}</li>" for text in texts)


def _list_of_links(groups):
    return "".join(
        f'<li><a href="#group{place}">{escape(group)}</a></li>'
        for place, group in enumerate(groups)
    )


def _badge(status):
    return f'<span class="badge {status.replace(" ", "-")}">{escape(status)}</span>'


def _summary(outcomes):
    lines = []
    for row in summary_rows(outcomes):
        lines.append(
            f'<tr><th scope="row"><a href="#{row["row"]}">{row["row"]}</a></th>'
            f'<td data-label="What">{escape(row["what"])}</td>'
            f'<td data-label="Scale">{escape(row["scale"])}</td>'
            f'<td data-label="Figure">{escape(row["figure"])}</td>'
            f'<td class="number" data-label="Ours">{escape(row["ours"])}</td>'
            f'<td class="number" data-label="Published">{escape(row["published"])}</td>'
            f"<td>{_badge(row['status'])}</td></tr>"
        )
    return "\n".join(lines)


def _experiment(one, folder):
    size = f"{one.scale} scale: {one.size}." if one.size else ""
    parts = [
        f'<section id="{one.id}">',
        f"<h3>{one.id} {escape(one.title)} {_badge(one.status)}</h3>",
        _paragraph(one.about),
        _paragraph(f"The same system as {one.same_as}." if one.same_as else ""),
        _paragraph(size[:1].upper() + size[1:], "size"),
        _paragraph(one.reason[:1].upper() + one.reason[1:], "reason"),
        _table(comparison_rows(one)),
        _table(check_rows(one)),
        *(_table(rows, title) for title, rows in one.tables.items()),
        *(_paragraph(note) for note in one.notes),
        _pictures(one, folder),
        *(_paragraph(f"Erratum: {text}", "erratum") for text in one.errata),
        "</section>",
    ]
    return "\n".join(filter(None, parts))


def _paragraph(text, kind=""):
    if not text:
        return ""
    return f'<p class="{kind}">{escape(text)}</p>' if kind else f"<p>{escape(text)}</p>"


def _table(rows, title=""):
    if not rows:
        return ""
    columns = columns_of(rows)
    numeric = _numeric(columns, rows)
    head = "".join(
        f'<th scope="col"{_class(name in numeric)}>{_breakable(name)}</th>'
        for name in columns
    )
    body = "\n".join(
        "<tr>"
        + "".join(
            f"<td{_class(name in numeric)} data-label="
            f'"{escape(name)}">{escape(cell_text(row.get(name, "")))}</td>'
            for name in columns
        )
        + "</tr>"
        for row in rows
    )
    heading = f"<caption>{escape(title)}</caption>" if title else ""
    return (
        f'<div class="scroll"><table>{heading}<thead><tr>{head}</tr></thead>'
        f"<tbody>\n{body}\n</tbody></table></div>"
    )


def _numeric(columns, rows):
    """The columns of numbers, which are aligned to the right."""
    figures = [name for name in columns if name in NUMBERS]
    cells = [cell_text(row[name]) for row in rows for name in figures if name in row]
    found = set(figures) if max(map(len, cells), default=0) <= LONGEST_NUMBER else set()
    return found | {
        name
        for name in columns
        if all(
            isinstance(row[name], int | float) and not isinstance(row[name], bool)
            for row in rows
            if name in row
        )
    }


def _breakable(name):
    """Text of a head that may go on in the next line after each underscore."""
    return escape(name).replace("_", "_<wbr>")


def _class(is_number):
    return ' class="number"' if is_number else ""


def _pictures(one, folder):
    figures = [_picture(one, picture, folder) for picture in one.pictures]
    return f'<div class="figures">{"".join(figures)}</div>' if figures else ""


def _picture(one, picture, folder):
    path = folder / picture["file"]
    if not path.exists():
        return _paragraph(f"The picture {picture['file']} is missing.", "reason")
    text, content = caption(picture["name"], one.curves), path.read_bytes()
    pixels = int.from_bytes(content[16:20], "big")  # width in a PNG's header
    image = base64.b64encode(content).decode("ascii")
    return (
        f'<figure style="width: {round(pixels / SHARPNESS)}px">'
        f'<img src="data:image/png;base64,{image}" alt="{escape(f"{one.id}: {text}")}">'
        f"<figcaption>{escape(text)}</figcaption></figure>"
    )
