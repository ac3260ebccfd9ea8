"""Write everything that a comparison found into a folder."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib

from sknn_course._compare.next_steps import next_steps
from sknn_course._compare.output import write_whole
from sknn_course._compare.script import write_script

PICTURE_DPI = 150


def write_report(
    board: Any,
    folder: Path,
    settings: dict[str, Any],
    command: str,
    tell: Callable[[str], None] = lambda text: None,
) -> None:
    """Write leaderboard, pictures, report and winner into a folder.

    Parameters
    ----------
    board : Leaderboard
        With one scored estimator at least.
    folder : Path
        One that is there.
    settings : dict
        What was asked for, kept in the JSON file.
    command : str
        What to type to get this report.
    tell : callable(text), default does nothing
        Is told what could not be written, and where the report is.
    """
    from sknn_course._compare.figures import draw_figures
    from sknn_course._compare.html import render_html

    board.write(folder, settings)
    pictures = []
    try:
        drawn = draw_figures(board)
    except ImportError:
        drawn = []
        tell("no pictures: matplotlib is not installed")
    for name, caption, figure in drawn:
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=PICTURE_DPI)
        write_whole(folder / f"{name}.png", buffer.getvalue())
        width = round(figure.get_size_inches()[0] * 96)  # CSS pixels per inch
        pictures.append((buffer.getvalue(), width, caption))
    steps = next_steps(board, folder)
    page = render_html(board, pictures, command, steps)
    write_whole(folder / "report.html", page.encode())
    buffer = io.BytesIO()
    joblib.dump(board.winner, buffer)
    write_whole(folder / "winner.joblib", buffer.getvalue())
    try:
        script = write_script(board)
    except TypeError as error:
        tell(f"no winner.py: {error}")
    else:
        write_whole(folder / "winner.py", script.encode(errors="backslashreplace"))
    tell(f"report: {folder / 'report.html'}")
