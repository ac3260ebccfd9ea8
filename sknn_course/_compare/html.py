"""One self-contained HTML page that reports a comparison."""

import base64
import html
from string import Template
from typing import Any

from sknn_course._compare.scores import shown_scores
from sknn_course._compare.text import (
    describe,
    format_params,
    format_score,
    format_spread,
    printable,
    remarks,
)

PAGE = Template("""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>
:root { color-scheme: light; }
body { margin: 0 auto; max-width: 62rem; padding: 1.5rem 1rem 3rem;
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
  color: #1c1c1c; background: #fff; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .3rem; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 2rem 0 .6rem; }
p, ul { max-width: 46rem; }
ul { padding-left: 1.2rem; }
.finding { font-size: 1.1rem; border-left: .25rem solid #0b5394; padding-left: .8rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
th, td { padding: .4rem .6rem; text-align: left; vertical-align: top;
  border-bottom: 1px solid #d9d9d9; }
thead th { border-bottom: 2px solid #555; vertical-align: bottom; }
.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
tbody th { font-weight: 600; white-space: nowrap; }
small { color: #555; font-weight: 400; }
tr.best { background: #eaf2fb; }
tr.failed { color: #8a1c1c; }
.params { overflow-wrap: break-word; min-width: 13rem; }
figure { margin: 1.2rem 0; }
figure img { display: block; max-width: 100%; height: auto; }
figcaption { color: #444; font-size: .92rem; max-width: 46rem; margin-top: .3rem; }
code { font-size: .9em; overflow-wrap: anywhere; }
@media screen and (max-width: 40rem) {
  thead { position: absolute; clip-path: inset(50%); }
  tr, tbody th, td { display: block; }
  tr { border-bottom: 1px solid #b5b5b5; padding: .5rem .3rem; }
  tbody th { border: 0; padding: 0 0 .2rem; }
  td, td.number { border: 0; padding: 0; text-align: left; white-space: normal;
    min-width: 0; }
  td::before { content: attr(data-label) ": "; color: #555; }
}
@media print {
  @page { margin: 1.5cm; }
  :root { font-size: 9.5pt; }
  body { max-width: none; padding: 0; }
  .scroll { overflow: visible; }
  figure img { max-height: 11cm; width: auto; }
  tr, figure { break-inside: avoid; }
  h2 { break-after: avoid; }
  tr.best { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
</style>
</head>
<body>
<h1>$title</h1>
<p>$description</p>
<p class="finding">$finding</p>
<h2>Leaderboard</h2>
<div class="scroll">
$leaderboard
</div>
<h2>What to do next</h2><ul>$next</ul>
$remarks
$figures
<h2>How the numbers came about</h2>
<p>$method</p>
<p>To repeat: <code>$command</code></p>
</body>
</html>
""")

TABLE = Template("""\
<table>
<thead><tr><th scope="col">Estimator</th>
<th scope="col" class="number">$score,<br>cross-validation</th>
<th scope="col" class="number">$score,<br>test rows</th>
$others<th scope="col" class="number">Numbers<br>in the model</th>
<th scope="col" class="number">Seconds</th>
<th scope="col">Best parameters</th></tr></thead>
<tbody>
$rows
</tbody>
</table>""")

OTHER_HEAD = '<th scope="col" class="number">{},<br>test rows</th>\n'
OTHER_CELL = '<td class="number" data-label="{}, test rows">{}</td>'

ROW = Template("""\
<tr class="$kind"><th scope="row">$model<br><small>$estimator</small></th>\
<td class="number" data-label="Cross-validation">$cv</td>\
<td class="number" data-label="Test rows">$test</td>$others\
<td class="number" data-label="Numbers in the model">$size</td>\
<td class="number" data-label="Seconds">$seconds</td>\
<td class="params" data-label="Best parameters">$params</td></tr>""")

FIGURE = Template("""\
<figure><img src="data:image/png;base64,$image" alt="$caption" width="$width">
<figcaption>$caption</figcaption></figure>""")


def render_html(
    board: Any,
    pictures: list[tuple[bytes, int, str]],
    command: str,
    steps: list[str] | None = None,
) -> str:
    """Return a report as one HTML page without outside references.

    Parameters
    ----------
    board : Leaderboard
    pictures : list of tuple (bytes, int, str)
        PNG file, width on the page in pixels, and caption.
    command : str
        What to type to get this report.
    steps : list of str, default=None
        What to do next; None for what the leaderboard says itself.

    Returns
    -------
    str
    """
    table = board.table
    notes = _items(remarks(board))
    figures = "\n".join(
        FIGURE.substitute(
            image=base64.b64encode(image).decode("ascii"),
            width=width,
            caption=escape(caption),
        )
        for image, width, caption in pictures
    )
    return PAGE.substitute(
        title=escape(f"Estimators compared on {table.name}"),
        description=escape(describe(table) + "."),
        finding=escape(_finding(board)),
        leaderboard=_table(board),
        next=_items(board.next_steps if steps is None else steps),
        remarks=f"<h2>Remarks</h2><ul>{notes}</ul>" if notes else "",
        figures=f"<h2>Pictures</h2>\n{figures}" if figures else "",
        method=escape(_method(board)),
        command=escape(command),
    )


def escape(text: str) -> str:
    """Text as HTML, without what would turn the direction of writing."""
    return html.escape(printable(text))


def render_fragment(board: Any) -> str:
    """Return the leaderboard and its remarks as a part of a page, for notebooks.

    Parameters
    ----------
    board : Leaderboard

    Returns
    -------
    str
    """
    notes = _items([*remarks(board), *board.next_steps])
    return f"<p>{escape(describe(board.table))}</p>{_table(board)}<ul>{notes}</ul>"


def _items(texts: list[str]) -> str:
    return "".join(f"<li>{escape(one)}</li>" for one in texts)


def _table(board: Any) -> str:
    others = [escape(one.title) for one in shown_scores(board.score)]
    return TABLE.substitute(
        score=escape(board.score.title),
        others="".join(map(OTHER_HEAD.format, others)),
        rows="\n".join(_row(board, rank, others) for rank in range(len(board.ranked))),
    )


def _finding(board: Any) -> str:
    ranked = [one for one in board.ranked if one.ok]
    best = ranked[0]
    text = (
        f"{best.model} did best: {format_spread(best)} ({board.score.title}) in "
        f"cross-validation, {format_score(best.test_score)} on the test rows"
    )
    dummy = [one for one in ranked if one.model == "dummy"]
    if dummy and best.model != "dummy":
        blind = format_score(dummy[0].test_score)
        text += f" ({blind} without looking at the features)"
    near = [one.model for one in board.near_best]
    if best.model == "dummy":
        return f"Nothing beat the dummy, which ignores the features: {text}."
    if near:
        text += f". Within its spread over the folds: {', '.join(near)}"
    return text + "."


def _row(board: Any, rank: int, others: list[str]) -> str:
    one = board.ranked[rank]
    values = dict(cv="failed", test="–", size="–", params=one.failure, kind="failed")
    scores = ["–"] * len(others)
    if one.ok:
        values = dict(
            cv=format_spread(one),
            test=format_score(one.test_score),
            size="–" if one.n_parameters is None else f"{one.n_parameters:,}",
            params=format_params(one.best_params) or "–",
            kind="best" if rank == 0 else "other",
        )
        scores = [*map(format_score, one.test_scores.values())]
    values |= dict(
        model=one.model, estimator=one.estimator, seconds=f"{one.seconds:.1f}"
    )
    cells = {key: escape(value) for key, value in values.items()}
    return ROW.substitute(cells, others="".join(map(OTHER_CELL.format, others, scores)))


def _method(board: Any) -> str:
    return (
        f"The parameters of each estimator were searched by {board.cv}-fold "
        "cross-validation on the training rows, with equal shares of the classes (or "
        "of low and high targets) in each fold; preparation of the columns was "
        "fitted inside each fold. The setting with the best mean score was fitted "
        "again to all training rows and scored once on the test rows, which played "
        "no part in any choice. Estimators are ranked by their cross-validation "
        "score; ± is its standard deviation over the folds. The best of many tried "
        "settings looks a little better in cross-validation than it is; the test "
        "score is free of that. Seconds are those of the whole search."
    )
