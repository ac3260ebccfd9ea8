"""The scores by which a comparison ranks, as rows of one table."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn import metrics

from sknn_course._compare.errors import InputError, unknown
from sknn_course._compare.measures import (
    NEGATED,
    OfOneClass,
    OfPredictions,
    OfRanking,
    OfScikitLearn,
    log_loss,
)

IMBALANCED = 0.8  # share of the rows in the largest class


@dataclass(frozen=True)
class Score:
    """A score, or an error, of a fitted estimator on some rows.

    Parameters
    ----------
    name : str
        Its name for the user.
    task : {'classification', 'regression'}
    function : callable(estimator, X, y)
        What is shown: an error as it is, not negated.
    label : str
        Its name in tables and pictures, where it is another one.
    sign : {1, -1}
        -1 where less is better.
    aliases : tuple of str
        Other names for the user, scikit-learn's own among them.
    needs : str
        A method without which the estimators have no such score.
    """

    name: str
    task: str
    function: Callable[[Any, Any, np.ndarray], float]
    label: str = ""
    sign: int = 1
    aliases: tuple[str, ...] = ()
    needs: str = "predict"

    @property
    def title(self) -> str:
        """str : its name in tables and pictures."""
        return self.label or self.name

    @property
    def perfect(self) -> float:
        """float : the best value there is."""
        return 1.0 if self.sign > 0 else 0.0

    def __call__(self, estimator: Any, X: Any, y: np.ndarray) -> float:
        """The score as searches maximise it."""
        return self.sign * float(self.function(estimator, X, y))


def _error(name: str, metric: Callable[..., float], *aliases: str) -> Score:
    function = OfPredictions(metric)
    return Score(name, "regression", function, sign=-1, aliases=aliases)


CLASSIFY = "classification"
ROWS = [
    Score(
        "accuracy", CLASSIFY, OfPredictions(metrics.accuracy_score), aliases=("acc",)
    ),
    Score(
        "balanced_accuracy",
        CLASSIFY,
        OfPredictions(metrics.balanced_accuracy_score),
        aliases=("bacc",),
    ),
    Score(
        "roc_auc",
        CLASSIFY,
        OfRanking(metrics.roc_auc_score),
        "ROC AUC",
        aliases=("auc", "auroc", "roc_auc_ovr"),
    ),
    Score(
        "average_precision",
        CLASSIFY,
        OfRanking(metrics.average_precision_score),
        aliases=("pr_auc", "auprc", "ap"),
    ),
    Score(
        "log_loss",
        CLASSIFY,
        log_loss,
        "log loss",
        -1,
        ("logloss", "cross_entropy", "neg_log_loss"),
        "predict_proba",
    ),
    Score("f1", CLASSIFY, OfOneClass(metrics.f1_score), "F1"),
    Score("precision", CLASSIFY, OfOneClass(metrics.precision_score)),
    Score("recall", CLASSIFY, OfOneClass(metrics.recall_score), aliases=("tpr",)),
    Score(
        "mcc",
        CLASSIFY,
        OfPredictions(metrics.matthews_corrcoef),
        "Matthews correlation",
        aliases=("matthews_corrcoef",),
    ),
    Score(
        "kappa",
        CLASSIFY,
        OfPredictions(metrics.cohen_kappa_score),
        "Cohen's kappa",
        aliases=("cohen_kappa",),
    ),
    Score("r2", "regression", OfPredictions(metrics.r2_score), "R2", aliases=("r^2",)),
    _error(
        "rmse", metrics.root_mean_squared_error, NEGATED + "root_mean_squared_error"
    ),
    _error(
        "mse",
        metrics.mean_squared_error,
        "squared_error",
        NEGATED + "mean_squared_error",
    ),
    _error(
        "mae",
        metrics.mean_absolute_error,
        "absolute_error",
        NEGATED + "mean_absolute_error",
    ),
    _error("medae", metrics.median_absolute_error, NEGATED + "median_absolute_error"),
    _error(
        "mape",
        metrics.mean_absolute_percentage_error,
        NEGATED + "mean_absolute_percentage_error",
    ),
    _error("max_error", metrics.max_error, NEGATED + "max_error"),
]
SCORES = {one.name: one for one in ROWS}
# What scikit-learn's other scorers are for does not show in their names.
OF_CLASSES = ("neg_brier_score", "neg_negative_likelihood_ratio")
OF_QUANTITIES = ("explained_variance", "d2_absolute_error_score")
SHOWN = {
    "classification": ("accuracy", "roc_auc", "log_loss"),
    "regression": ("r2", "rmse", "mae"),
}


def choose_score(name: str | None, task: str, y: np.ndarray, notes: list[str]) -> Score:
    """Return the score to rank by.

    Without a name: R2 for regression, accuracy for classes, and the area under the
    ROC curve where the largest class has more than 80 % of the rows. There the
    accuracy of always guessing that class already looks good, and hides how
    estimators differ; the order of the rows does not.

    The F1 score, precision, recall and average precision of two classes are those of
    the 1 of 0 and 1 or of -1 and 1, of True, and else of the rarer class; of more
    classes, the mean over them.

    Parameters
    ----------
    name : str or None
        A name or an alias from ``SCORES``, or one of scikit-learn's scorers.
    task : {'classification', 'regression'}
    y : ndarray of shape (n_samples,)
        The training rows' targets.
    notes : list of str
        A choice that was made for the user is added.

    Returns
    -------
    Score

    Raises
    ------
    InputError
        If there is no such score, or it is for the other task.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_course._compare.scores import choose_score
    >>> choose_score("auc", "classification", np.array([0, 1]), []).name
    'roc_auc'
    >>> choose_score(None, "classification", np.array(9 * ["a"] + ["b"]), []).name
    'roc_auc'
    """
    if name is None:
        return _default(task, y, notes)
    known = {alias: one for one in ROWS for alias in (one.name, *one.aliases)}
    own = [key for key, one in known.items() if one.task == task]
    wanted = name.strip().lower().replace("-", "_")
    if wanted in known:
        score = known[wanted]
    elif wanted in metrics.get_scorer_names():
        negated = wanted.startswith(NEGATED)
        label = wanted.removeprefix(NEGATED)
        numeric = negated and wanted not in OF_CLASSES or wanted in OF_QUANTITIES
        score = Score(
            wanted,
            "regression" if numeric else CLASSIFY,
            OfScikitLearn(wanted),
            label,
            -1 if negated else 1,
        )
    else:
        raise unknown("score", name, own)
    if score.task != task:
        raise InputError(
            f"the score {name!r} is for {score.task}, but this is {task}: choose "
            f"of {', '.join(one.name for one in ROWS if one.task == task)}."
        )
    return _of_a_class(score, y, notes)


def shown_scores(score: Score) -> list[Score]:
    """Return the scores that stand beside the chosen one in the table.

    Examples
    --------
    >>> from sknn_course._compare.scores import SCORES, shown_scores
    >>> [one.name for one in shown_scores(SCORES["r2"])]
    ['rmse', 'mae']
    """
    return [SCORES[one] for one in SHOWN[score.task] if one != score.name]


def _default(task: str, y: np.ndarray, notes: list[str]) -> Score:
    if task == "regression":
        return SCORES["r2"]
    counts = np.unique(y, return_counts=True)[1]
    share = counts.max() / len(y)
    if share <= IMBALANCED:
        return SCORES["accuracy"]
    notes.append(
        f"ranked by the area under the ROC curve, since {100 * share:.0f} % of the "
        "rows are of one class (--scoring accuracy ranks by accuracy)"
    )
    return SCORES["roc_auc"]


def _of_a_class(score: Score, y: np.ndarray, notes: list[str]) -> Score:
    """Tell a score which of two classes is the one to find."""
    function = score.function
    one_sided = score.name != "roc_auc" and hasattr(function, "positive")
    classes, counts = np.unique(y, return_counts=True)
    if not one_sided or len(classes) != 2:
        return score
    usual = y.dtype.kind in "iuf" and classes[1] == 1 and classes[0] in (-1, 0)
    usual = usual or [str(one) for one in classes] == ["False", "True"]
    positive = classes[1 if usual or counts[1] <= counts[0] else 0]
    notes.append(f"{score.title} is that of the class {positive!s}")
    return replace(score, function=replace(function, positive=positive))  # type: ignore[type-var]
