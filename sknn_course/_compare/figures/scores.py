"""The scores of every estimator, with their spread over the folds."""

from typing import Any

import numpy as np

from sknn_course._compare.figures.canvas import BLUE, ORANGE, new_figure
from sknn_course._compare.text import format_score


def scores_figure(board: Any, ranked: list[Any]) -> tuple[str, str, Any] | None:
    """Draw each estimator's scores on the folds and on the test rows."""
    figure, ((ax,),) = new_figure(7, 1.3 + 0.42 * len(ranked))
    positions = np.arange(len(ranked))[::-1]
    for position, one in zip(positions, ranked, strict=True):
        label = "one fold" if position == 0 else None
        ax.plot(
            one.cv_scores,
            np.full(len(one.cv_scores), position),
            "o",
            color=BLUE,
            alpha=0.35,
            markeredgewidth=0,
            label=label,
        )
    ax.plot(
        [one.cv_mean for one in ranked],
        positions,
        "|",
        color=BLUE,
        markersize=16,
        markeredgewidth=2.5,
        label="mean of the folds",
    )
    ax.plot(
        [one.test_score for one in ranked],
        positions,
        "D",
        markerfacecolor="none",
        markeredgecolor=ORANGE,
        markeredgewidth=1.6,
        label="test rows",
    )
    ax.set_yticks(positions, [one.model for one in ranked])
    ax.set_ylim(-0.6, len(ranked) - 0.4)
    left, right = _score_limits(board.score, ranked)
    ax.set_xlim(left, right)  # less good is on the left, of errors too
    for position, one in zip(positions, ranked, strict=True):
        if board.score.sign * (one.cv_mean - left) < 0:
            ax.annotate(
                f"\N{LEFTWARDS ARROW} {format_score(one.cv_mean)}",
                (0, position),
                xycoords=("axes fraction", "data"),
                xytext=(4, 0),
                textcoords="offset points",
                va="center",
                color=BLUE,
            )
    ax.set_xlabel({"r2": "$R^2$"}.get(board.score.name, board.score.title))
    ax.grid(axis="x", color="#dddddd")
    ax.set_axisbelow(True)
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.tick_params(axis="y", length=0)
    figure.legend(loc="outside upper center", ncols=3, frameon=False)
    caption = (
        "Scores of each estimator with its best parameters, best mean first. The "
        "spread over the folds says how much a difference means."
    )
    return "scores", caption, figure


def _score_limits(score: Any, ranked: list[Any]) -> tuple[float, float]:
    """Limits that show differences: what lies far below would squeeze them."""
    sign, perfect = score.sign, score.sign * score.perfect
    blind = [sign * one.cv_mean for one in ranked if one.model == "dummy"]
    others = [one for one in ranked if one.model != "dummy"] or ranked
    scores = sign * np.array([[*one.cv_scores, one.test_score] for one in others])
    high, low = scores.max(), scores.min()
    if blind:
        (dummy,) = blind
        # R2 and errors have no bound on the worse side
        unit = abs(perfect - dummy) or 1.0
        low = min(high - 0.01 * unit, max(low, dummy - 0.5 * unit))
        if low - (high - low) < dummy:
            low, high = min(low, dummy), max(high, dummy)
    margin = 0.06 * (high - low) or 0.01
    return sign * (low - margin), sign * (high + margin)
