"""End of an epoch for one job: log, judge, stop. As scikit-learn's MLP does.

Other than there, a validation score that is not finite is no improvement: with it,
training goes on for `n_iter_no_change` epochs, and not to the last.
"""

from collections.abc import Iterable
from math import inf, isfinite

from .job import FitJob, Progress, Settings
from .schedules import schedule_of


def log_epoch(
    job: FitJob, loss: float, scores: dict[str, float] | None, seconds: float
) -> tuple[bool, bool]:
    """Log an epoch of a job and judge whether it goes on.

    Parameters
    ----------
    job : FitJob
    loss : float
        Mean training loss of the epoch, penalties included.
    scores : dict or None
        'validation_score', 'validation_loss' and 'training_score' of the epoch.
    seconds : float
        Duration of the epoch.

    Returns
    -------
    improved : bool
        Whether the validation score is the best so far.
    stop : bool
        Whether training ends here.
    """
    settings, progress = job.settings, job.progress
    progress.n_iter += 1
    progress.loss = loss
    progress.t += job.train.n_samples
    progress.loss_curve.append(loss)
    progress.durations.append(seconds)
    progress.learning_rates.append(job.optimizer.learning_rate)
    if settings.verbose:
        print(f"Iteration {progress.n_iter}, loss = {loss:.8f}")
    improved = _judge(settings, progress, loss, scores)
    _next_learning_rate(job)
    if progress.no_improvement_count > settings.n_iter_no_change:
        if _stalled(job):
            job.converged = True
            return improved, True
        progress.no_improvement_count = 0
    return improved, job.single_epoch or progress.n_iter >= settings.max_iter


class DivergedError(ValueError):
    """Training left the range of floating numbers.

    Attributes
    ----------
    loss_curve : list of float
        Mean training loss of each epoch, the last ones perhaps not finite.
    """

    def __init__(self, message: str, loss_curve: Iterable[float] = ()) -> None:
        super().__init__(message)
        self.loss_curve = list(loss_curve)


def check_finite(job: FitJob) -> None:
    """Refuse trained weights that are not finite.

    Raises
    ------
    DivergedError
    """
    if not job.parameters.isfinite().all():
        raise DivergedError(
            "Solver produced non-finite parameter weights. The input data may"
            " contain large values and need to be preprocessed.",
            job.progress.loss_curve,
        )


def check_best(job: FitJob) -> None:
    """Refuse to keep start weights where no epoch had a finite validation score.

    Raises
    ------
    DivergedError
    """
    progress = job.progress
    if progress.validation_scores and progress.best_validation_score == -inf:
        raise DivergedError(
            "Solver produced a finite validation score in no epoch: weights or "
            f"predictions overflow {job.train.y.dtype}. The input data may contain "
            "large values and need to be preprocessed.",
            progress.loss_curve,
        )


def _judge(
    settings: Settings,
    progress: Progress,
    loss: float,
    scores: dict[str, float] | None,
) -> bool:
    """Count epochs without improvement, with early stopping by validation score."""
    worse = loss > progress.best_loss - settings.tol
    improved = False
    if not settings.early_stopping:
        progress.best_loss = min(progress.best_loss, loss)
    if scores is not None:
        score = scores["validation_score"]
        progress.validation_scores.append(score)
        progress.validation_loss_curve.append(scores["validation_loss"])
        progress.training_score_curve.append(scores["training_score"])
        if settings.verbose:
            print(f"Validation score: {score:f}")
        if settings.early_stopping:
            worse = score < progress.best_validation_score + settings.tol
            worse |= not isfinite(score)
            improved = score > progress.best_validation_score
        progress.best_validation_score = max(progress.best_validation_score, score)
    progress.no_improvement_count = progress.no_improvement_count + 1 if worse else 0
    return improved


def _next_learning_rate(job: FitJob) -> None:
    optimizer = job.optimizer
    optimizer.n_epochs += 1
    rule = schedule_of(job.settings).per_epoch
    if rule is not None:
        optimizer.learning_rate = rule(job.settings, optimizer.n_epochs, job.progress.t)


def _stalled(job: FitJob) -> bool:
    """Whether a stalled job stops; some schedules divide the rate first."""
    settings, optimizer = job.settings, job.optimizer
    what = (
        "Validation score did not improve"
        if settings.early_stopping
        else "Training loss did not improve"
    )
    message = (
        f"{what} more than tol={settings.tol:f} for {settings.n_iter_no_change}"
        " consecutive epochs."
    )
    divisor = schedule_of(settings).stall_divisor
    if divisor is None:
        ending, stops = "Stopping.", True
    elif optimizer.learning_rate <= 1e-6:
        ending, stops = "Learning rate too small. Stopping.", True
    else:
        optimizer.learning_rate /= divisor
        ending, stops = f"Setting learning rate to {optimizer.learning_rate:f}", False
    if settings.verbose:
        print(f"{message} {ending}")
    return stops
