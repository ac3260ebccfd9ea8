"""Search the settings of every estimator of a comparison within a budget."""

import time
import warnings
from collections.abc import Callable, Sequence
from math import ceil, inf
from typing import Any

import joblib
import numpy as np
from sklearn.model_selection import StratifiedKFold

from sknn_course._compare.candidates import Candidate, make_candidates
from sknn_course._compare.errors import InputError
from sknn_course._compare.leaderboard import Leaderboard, Result
from sknn_course._compare.resources import resources
from sknn_course._compare.scores import choose_score
from sknn_course._compare.search import draw_settings
from sknn_course._compare.targets import strata
from sknn_course._compare.trial import Trial


class Interrupted(BaseException):
    """The user asked to stop.

    Not a KeyboardInterrupt, since the networks answer that one by ending their
    own training early, after which a search would go on.
    """


def compare(
    table: Any,
    models: Sequence[str] | None = None,
    *,
    scoring: str | None = None,
    cv: int = 5,
    n_settings: int = 10,
    budget: float | None = None,
    n_jobs: int = 1,
    device: str = "auto",
    random_state: int = 0,
    progress: Callable[..., None] = lambda text, end="\n": None,
) -> Leaderboard:
    """Search the settings of every estimator by cross-validation and rank them.

    The test rows are used once per estimator, after its search.

    Parameters
    ----------
    table : Table
    models : sequence of str, default=None
        Names of estimators; None for those that suit the table.
    scoring : str, default=None
        Name of the score to rank by, as `choose_score` takes it.
    cv : int, default=5
        Number of folds.
    n_settings : int, default=10
        Most parameter settings to try per estimator.
    budget : float, default=None
        Seconds. First each estimator tries one setting. What this took tells what
        the others would take: the time that is left is shared out so that all have
        had the same in the end, but for those that need less. Nothing is begun that
        is expected to end too late, but what was begun is ended.
    n_jobs : int, default=1
        Processes that share the fits of a search; -1 for all cores, -2 for all but
        one. Each trains its networks together.
    device : str, default='auto'
    random_state : int, default=0
    progress : callable(text, end), default does nothing
        Is told what begins and what has ended.

    Returns
    -------
    Leaderboard
        Interrupted comparisons (Ctrl-C) return what is done;
        ``left_out`` then names the rest.

    Raises
    ------
    InputError
        If a model or score is unknown, or the rows do not suffice for the folds.

    Examples
    --------
    >>> from sknn_course._compare.compare import compare
    >>> from sknn_course._compare.tables import load_table
    >>> board = compare(load_table("wine"), models=["rbf_svm"])
    >>> [(one.model, round(one.cv_mean, 2)) for one in board.ranked]
    [('rbf_svm', 0.98), ('dummy', 0.4)]
    """
    candidates = make_candidates(
        table, models, device=device, random_state=random_state
    )
    folds = _folds(table, cv, random_state)
    notes: list[str] = []
    score = choose_score(scoring, table.task, table.y_train, notes)
    board = Leaderboard(table, score, cv, notes=notes)
    able = [one for one in candidates if hasattr(one.estimator, score.needs)]
    unable = [one for one in candidates if one not in able]
    _leave_out(board, unable, f"no {score.needs}, which {score.name} needs")
    n_processes = n_jobs if n_jobs > 0 else max(1, joblib.cpu_count() + 1 + n_jobs)
    trials = []
    for one in able:
        n_planned = max(1, ceil(n_settings * one.share))
        settings = draw_settings(one.space, n_planned, random_state, one.own_setting)
        trials.append(Trial(one, settings, table, score, folds, n_processes))
    try:
        _start_processes(n_processes, table.n_features)
        _run(trials, budget, progress, board)
        reason = "its part of the budget was spent"
    except Interrupted:
        reason = "interrupted"
        progress(reason)
        _leave_out(board, _not_run(trials), "interrupted")
    board.results = [one.result for one in trials if one.result is not None]
    for result in board.results:
        n_left = result.n_planned - result.n_settings
        if n_left > 0:
            board.left_out.append(
                f"{n_left} of {result.n_planned} settings of {result.model}: {reason}"
            )
    return board


def _run(
    trials: list[Trial],
    budget: float | None,
    progress: Callable[..., None],
    board: Leaderboard,
) -> None:
    width = max(len(one.candidate.model) for one in trials)

    def tell_run(place: str, one: Trial, **limits: Any) -> None:
        progress(f"[{place}] {one.candidate.model:{width}} ", end="")
        result = one.run(**limits)
        progress(_summary(result))

    end = inf if budget is None else time.monotonic() + budget
    for index, one in enumerate(trials):
        if time.monotonic() > end:
            _leave_out(board, _not_run(trials), "the budget was spent")
            return
        place = f"{index + 1}/{len(trials)}"
        tell_run(place, one, most=None if end == inf else 1)
    has_run = True
    while has_run:  # what cheap ones have left may do for one that was too expensive
        has_run = False
        waiting = sorted((one for one in trials if one.n_left), key=_seconds_left)
        for index, one in enumerate(waiting):
            now = time.monotonic()
            share = _level(waiting[index:], end - now) - one.seconds
            if one.can_go_on(now + share):
                if not has_run:
                    progress(f"more settings of {len(waiting)} estimators:")
                has_run = True
                place = f"{index + 1}/{len(waiting)}"
                tell_run(place, one, deadline=now + share, end=end)


def _seconds_left(one: Trial) -> float:
    return one.seconds_left


def _level(trials: list[Trial], seconds: float) -> float:
    """The time that each may have taken in all, when all share what is left.

    Those that need less do not reach it; those that have taken more get nothing.
    """
    low, high = 0.0, max(one.seconds for one in trials) + max(0.0, seconds)
    for _ in range(50):
        level = (low + high) / 2
        taken = sum(
            min(max(0.0, level - one.seconds), one.seconds_left) for one in trials
        )
        low, high = (low, level) if taken > seconds else (level, high)
    return high


def _summary(result: Result) -> str:
    score = f"{result.cv_mean:z6.3f}" if result.ok else "failed"
    return f"{score} {result.seconds:7.1f} s"


def _not_run(trials: list[Trial]) -> list[Candidate]:
    return [one.candidate for one in trials if one.result is None]


def _start_processes(n_processes: int, n_features: int) -> None:
    """Start joblib's processes now: no estimator's seconds should hold that."""
    if n_processes == 1:
        return
    with resources("dummy", n_features, n_processes):  # other settings, new processes
        joblib.Parallel()(
            joblib.delayed(_import_estimators)() for _ in range(n_processes)
        )


def _import_estimators() -> None:
    """Do nothing; to find this function a process imports this module."""


def _leave_out(board: Leaderboard, candidates: list[Candidate], reason: str) -> None:
    names = ", ".join(one.model for one in candidates)
    if names:
        board.left_out.append(f"{names}: {reason}")


def _folds(
    table: Any, cv: int, random_state: int
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the rows of each fold, the same for every estimator."""
    y = table.y_train
    if table.task == "classification":
        most = np.unique(y, return_counts=True)[1].max()
        if most < cv:
            raise InputError(
                f"cv={cv} folds need a class with {cv} training rows, but the largest "
                f"has {most}: use fewer folds or more rows."
            )
    elif len(y) < 2 * cv:
        raise InputError(
            f"cv={cv} folds need {2 * cv} training rows, but there are {len(y)}: "
            "use fewer folds or more rows."
        )
    splitter = StratifiedKFold(cv, shuffle=True, random_state=random_state)
    with warnings.catch_warnings():
        # a class rarer than the folds is missing from some of them
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        return list(splitter.split(np.zeros(len(y)), strata(y, table.task, size=cv)))
