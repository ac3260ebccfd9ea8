"""What to do after a comparison."""

import shlex
from pathlib import Path
from typing import Any


def next_steps(board: Any, folder: Path | None = None) -> list[str]:
    """Return what could be done now, the most useful first.

    Parameters
    ----------
    board : Leaderboard
    folder : Path, default=None
        Where the winner was written.

    Returns
    -------
    list of str
        Sentences; none where no estimator was scored.

    Examples
    --------
    >>> from sknn_course._compare.compare import compare
    >>> from sknn_course._compare.next_steps import next_steps
    >>> from sknn_course._compare.tables import load_table
    >>> board = compare(load_table("wine"), models=["rbf_svm"])
    >>> print(*next_steps(board), sep="\\n")
    predict new rows: board.winner.predict(X_new), with the columns of the training rows
    """
    if not any(one.ok for one in board.results):
        return []
    best = board.best
    steps = []
    if best.model == "dummy":
        steps.append(
            "nothing beat the dummy: look for columns that tell more about the target, "
            "or for an error in the target, before you try more settings"
        )
    elif folder is None:
        steps.append(
            "predict new rows: board.winner.predict(X_new), with the columns of the "
            "training rows"
        )
    else:
        steps.append(
            "predict new rows, a data frame X_new with the same columns: "
            f"joblib.load({str(folder / 'winner.joblib')!r}).predict(X_new)"
        )
        script = shlex.quote(str(folder / "winner.py"))
        steps.append(f"change the winner and fit it again: edit and run {script}")
    smaller = [
        one
        for one in board.near_best
        if one.seconds < best.seconds / 2 and one.model != "dummy"
    ]
    if smaller:
        names = ", ".join(one.model for one in smaller)
        steps.append(
            f"consider {names}: within the winner's spread over the folds, and sooner "
            "fitted"
        )
    n_left = sum(max(0, one.n_planned - one.n_settings) for one in board.results)
    if n_left:
        steps.append(f"try the {n_left} settings that were left out: a larger --budget")
    if any("(--max-rows)" in note for note in board.table.notes):
        steps.append("learn from more rows: a larger --max-rows")
    if any("(--drop " in note for note in board.table.notes):
        steps.append("compare again without the columns that the notes point out")
    if board.score.name == "accuracy" and not board.notes:
        steps += _rare_classes(board)
    return steps


def _rare_classes(board: Any) -> list[str]:
    y = board.table.y_train
    if len(set(y.tolist())) != 2:
        return []
    share = min((y == one).mean() for one in set(y.tolist()))
    if share > 0.35:
        return []
    return [
        f"if the rarer class ({100 * share:.0f} % of the rows) matters more than the "
        "other, rank by it: --scoring f1 or average_precision"
    ]
