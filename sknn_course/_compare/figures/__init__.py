"""Pictures of a comparison, as matplotlib figures that no window shows."""

from typing import Any

from sknn_course._compare.figures.learning_curves import learning_curves_figure
from sknn_course._compare.figures.models import models_figure
from sknn_course._compare.figures.predictions import predictions_figure
from sknn_course._compare.figures.scores import scores_figure


def draw_figures(board: Any) -> list[tuple[str, str, Any]]:
    """Draw every picture that a comparison allows.

    Parameters
    ----------
    board : Leaderboard

    Returns
    -------
    list of tuple (str, str, Figure)
        File name without ending, caption and picture.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    ranked = [one for one in board.ranked if one.ok]
    drawings = [
        scores_figure(board, ranked),
        learning_curves_figure(board.table, ranked),
        predictions_figure(board.table, ranked[0]),
        models_figure(board.table, ranked),
    ]
    return [drawn for drawn in drawings if drawn is not None]
