"""Search the settings of every estimator of a comparison, one after the other."""

import re
import time
import warnings
from math import ceil, inf, isfinite

import joblib
import numpy as np
from sklearn.exceptions import FitFailedWarning
from sklearn.model_selection import StratifiedKFold

from sknn_course._compare.candidates import bare, bare_name, make_candidates
from sknn_course._compare.errors import InputError
from sknn_course._compare.leaderboard import Leaderboard, Result
from sknn_course._compare.resources import resources
from sknn_course._compare.search import SearchWithinBudget, draw_settings
from sknn_course._compare.targets import strata


class Interrupted(BaseException):
    """The user asked to stop.

    Not a KeyboardInterrupt, since the networks answer that one by ending their
    own training early, after which a search would go on.
    """


def compare(
    table,
    models=None,
    *,
    cv=5,
    n_settings=10,
    budget=None,
    n_jobs=1,
    device="auto",
    random_state=0,
    progress=lambda text, end="\n": None,
):
    """Search the settings of every estimator by cross-validation and rank them.

    The test rows are used once per estimator, after its search.

    Parameters
    ----------
    table : Table
    models : sequence of str, default=None
        Names of estimators; None for those that suit the table.
    cv : int, default=5
        Number of folds.
    n_settings : int, default=10
        Most parameter settings to try per estimator.
    budget : float, default=None
        Seconds after which no new work is started. Each estimator may use an
        equal part of what the ones before it left.
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
        If a model is unknown, or the rows do not suffice for the folds.

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
    scoring = "accuracy" if table.task == "classification" else "r2"
    board = Leaderboard(table, scoring, cv)
    width = max(len(one.model) for one in candidates)
    n_processes = n_jobs if n_jobs > 0 else max(1, joblib.cpu_count() + 1 + n_jobs)
    try:
        _start_processes(n_processes)
        end = inf if budget is None else time.monotonic() + budget
        for index, candidate in enumerate(candidates):
            now = time.monotonic()
            if now > end:
                _leave_out(board, candidates[index:], "the budget was spent")
                break
            place = f"[{index + 1}/{len(candidates)}]"
            progress(f"{place} {candidate.model:{width}} ", end="")
            n_planned = max(1, ceil(n_settings * candidate.share))
            search = SearchWithinBudget(
                candidate.estimator,
                draw_settings(candidate.space, n_planned, random_state),
                scoring=scoring,
                cv=folds,
                deadline=now + (end - now) / (len(candidates) - index),
                chunk=max(1, ceil(n_processes / cv)),
            )
            result = _search(candidate, search, table, n_processes)
            board.results.append(result)
            score = f"{result.cv_mean:z6.3f}" if result.ok else "failed"
            progress(f"{score} {result.seconds:7.1f} s")
    except Interrupted:
        progress("interrupted")
        _leave_out(board, candidates[len(board.results) :], "interrupted")
    for one in board.results:
        if one.ok and one.n_settings < one.n_planned:
            board.left_out.append(
                f"{one.n_planned - one.n_settings} of {one.n_planned} settings of "
                f"{one.model}: its part of the budget was spent"
            )
    return board


def _start_processes(n_processes):
    """Start joblib's processes now: no estimator's seconds should hold that."""
    if n_processes == 1:
        return
    joblib.Parallel(n_processes, "loky")(
        joblib.delayed(_import_estimators)() for _ in range(n_processes)
    )


def _import_estimators():
    """Do nothing; to find this function a process imports this module."""


def _leave_out(board, candidates, reason):
    names = ", ".join(one.model for one in candidates)
    if names:
        board.left_out.append(f"{names}: {reason}")


def _folds(table, cv, random_state):
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


def _search(candidate, search, table, n_processes):
    start = time.monotonic()
    common = dict(
        model=candidate.model,
        estimator=candidate.kind,
        n_planned=len(search.settings),
    )
    # Anything may go wrong inside an estimator, and must not harm the others.
    # Its warnings would break the lines of progress.
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", FitFailedWarning)
        try:
            with resources(candidate.model, table.n_features, n_processes):
                search.fit(table.X_train, table.y_train)
            scores = _scores_per_fold(search)
            test_score = float(search.score(table.X_test, table.y_test))
        except Exception as error:
            return Result(
                **common,
                seconds=time.monotonic() - start,
                n_settings=getattr(search, "n_tried_", 0),
                failure=_reason(error),
            )
    seconds = time.monotonic() - start
    reasons = search.failures_ + [str(one.message) for one in caught]
    best = scores[search.best_index_]
    n_failed = int(np.isnan(scores).sum()) + search.n_splits_ * (
        search.n_tried_ - len(scores)
    )
    return Result(
        **common,
        seconds=seconds,
        n_settings=search.n_tried_,
        failed_fits=n_failed,
        failure=_last_error(reasons[0]) if reasons else "",
        best_params={
            bare_name(key): value for key, value in sorted(search.best_params_.items())
        },
        cv_scores=best.tolist() if isfinite(best.mean()) else [],
        test_score=test_score,
        n_parameters=count_parameters(bare(search.best_estimator_)),
        fitted=search.best_estimator_,
    )


def _scores_per_fold(search):
    folds = range(search.n_splits_)
    columns = [search.cv_results_[f"split{fold}_test_score"] for fold in folds]
    return np.stack(columns, axis=1)  # (n_settings, n_folds)


def _reason(error):
    """An error in one line."""
    return _last_error(str(error)) or f"{type(error).__name__}: {_first_line(error)}"


def _first_line(error):
    return str(error).strip().partition("\n")[0]


def _last_error(message):
    """The last error in what scikit-learn tells of failed fits, with tracebacks."""
    if "fits failed" not in message:
        return ""
    found = re.findall(r"^(?:\w+\.)*(\w+: .*)", message, re.MULTILINE)
    return found[-1] if found else ""


def count_parameters(estimator):
    """Return how many numbers a fitted estimator keeps for predicting.

    Parameters
    ----------
    estimator : fitted estimator

    Returns
    -------
    int or None
        None where the estimator is of no known kind.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import RidgeClassifier
    >>> from sknn_course._compare.compare import count_parameters
    >>> count_parameters(RidgeClassifier().fit(*load_iris(return_X_y=True)))
    15
    """
    if hasattr(estimator, "net_"):
        return sum(one.numel() for one in estimator.net_.module_.parameters())
    if hasattr(estimator, "constant_") or hasattr(estimator, "class_prior_"):
        return np.size(getattr(estimator, "class_prior_", estimator.n_outputs_))
    names: tuple[str, ...] = ("support_vectors_", "X_fit_", "dual_coef_", "intercept_")
    if not hasattr(estimator, "dual_coef_"):
        names = ("coef_", "intercept_")
    sizes = [np.size(getattr(estimator, name, ())) for name in names]
    return sum(sizes) or None
