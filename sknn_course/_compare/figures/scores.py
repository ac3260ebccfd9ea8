"""The scores of every estimator, with their spread over the folds."""

import numpy as np

from sknn_course._compare.figures.canvas import BLUE, ORANGE, new_figure


def scores_figure(board, ranked):
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
    label = {"accuracy": "accuracy", "r2": "$R^2$"}[board.scoring]
    left, right = _score_limits(ranked)
    ax.set_xlim(left, right)
    for position, one in zip(positions, ranked, strict=True):
        if one.cv_mean < left:
            ax.annotate(
                f"\N{LEFTWARDS ARROW} {one.cv_mean:.3f}",
                (0, position),
                xycoords=("axes fraction", "data"),
                xytext=(4, 0),
                textcoords="offset points",
                va="center",
                color=BLUE,
            )
    ax.set_xlabel(label)
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


def _score_limits(ranked):
    """Limits that show differences: what lies far below would squeeze them."""
    dummy = next(one.cv_mean for one in ranked if one.model == "dummy")
    others = [one for one in ranked if one.model != "dummy"] or ranked
    scores = np.array([[*one.cv_scores, one.test_score] for one in others])
    high = scores.max()
    # R2 has no lower bound
    low = min(high - 0.01, max(scores.min(), dummy - 0.5 * (1 - dummy)))
    if low - (high - low) < dummy:
        low, high = min(low, dummy), max(high, dummy)
    margin = 0.06 * (high - low)
    return low - margin, high + margin
