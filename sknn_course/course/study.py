"""Running a study: what it may ask, and whether its checks are met."""

import warnings

from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from .outcome import plain
from .training import fit_stacked

DEFAULT_REPEATS = 2  # unless a row or the user says otherwise


def run_study(study, context, outcome):
    """Run a study and fill its outcome.

    Parameters
    ----------
    study : callable
        Takes the context, returns `Findings`.
    context : StudyContext
    outcome : Outcome

    Returns
    -------
    dict of str to callable
        Name to a function that draws the picture.

    Examples
    --------
    >>> from sknn_course.course.outcome import Outcome
    >>> from sknn_course.course.experiment import Check, Findings
    >>> from sknn_course.course.study import run_study
    >>> outcome = Outcome("S1.27", "C1 if fully connected", "", "", "full", "study")
    >>> def count(context):
    ...     return Findings([Check("weights", 28 * 28 * 6 * 1024, published=4_816_896)])
    >>> pictures = run_study(count, None, outcome)
    >>> outcome.status
    'passed'
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # epochs are given
        findings = study(context)
    outcome.checks = [_as_dict(check) for check in findings.checks]
    outcome.tables = {
        title: [plain(row) for row in rows] for title, rows in findings.tables.items()
    }
    outcome.notes += findings.notes
    outcome.smaller = context is not None and context.is_smaller
    _judge(outcome)
    return findings.pictures


class StudyContext:
    """What a study may ask: see `sknn_course.course.experiment.Context`.

    Parameters
    ----------
    runner : Runner
    """

    def __init__(self, runner):
        self._runner = runner
        self.scale, self.seed, self.device = runner.scale, runner.seed, runner.device
        self.repeats = runner.asked_repeats or DEFAULT_REPEATS
        self.is_smaller = False  # than the sheet's, by what was asked so far

    def data(self, name, rows=None):
        """A split data set by name."""
        return self._runner.load(name, rows=rows)

    def choose(self, quick, full):
        """``quick`` or ``full``, by the scale."""
        chosen = {"quick": quick, "full": full}[self.scale]
        self.is_smaller |= chosen != full
        return chosen

    def fit(self, estimators, X, y, **fit_params):
        """Fit clones of all estimators on one data set, stacked where it pays."""
        fits = fit_stacked([(clone(one), X, y, fit_params) for one in estimators])
        for _, error in fits:
            if error is not None:
                raise error
        return [estimator for estimator, _ in fits]

    def result(self, experiment_id):
        """The `TrainingResult` of another experiment."""
        outcome = self._runner.outcomes[experiment_id]
        self.is_smaller |= outcome.smaller
        return outcome.result

    def fitted(self, experiment_id):
        """The fitted estimators of another experiment, one for each repetition."""
        fitted = self._runner.fitted(experiment_id)
        outcome = self._runner.outcomes[experiment_id]
        trained_at = self.scale_of_fitted(experiment_id)
        self.is_smaller |= outcome.smaller or trained_at != outcome.scale
        return [one for one in fitted if one is not None]

    def scale_of_fitted(self, experiment_id):
        """The scale at which the `fitted` estimators were trained."""
        return self._runner.scale_of_fitted[experiment_id]

    def is_full(self, experiment_id):
        """Whether another experiment was run at the sheet's own size."""
        return not self._runner.outcomes[experiment_id].smaller


def _as_dict(check):
    return plain(
        {
            "name": check.name,
            "ours": check.ours,
            "published": check.published,
            "right": check.right,
            "tolerance": check.tolerance,
            "passed": check.passed,
        }
    )


def _judge(outcome):
    unmet = [check["name"] for check in outcome.checks if not check["passed"]]
    outcome.status = "passed" if outcome.checks else "shown"
    if outcome.smaller:
        outcome.status = "smaller run"
        outcome.reason = "checks met at the quick scale" * bool(outcome.checks)
    if unmet:
        outcome.status = "outside"
        outcome.reason = (
            f"{len(unmet)} of {len(outcome.checks)} checks are not met: "
            + ", ".join(unmet)
        )
