"""The share that each network has in the time of a training."""

from .._engine import FitJob

OF_FIT_AND_SCORE = {"fit_time", "score_time", "test_scores"}


def shares_of(jobs: list[FitJob], seconds: float) -> dict[FitJob, float]:
    """Seconds of each job of a stack, by the rows that its epochs went through."""
    rows = [max(1, job.progress.n_iter) * len(job.train) for job in jobs]
    return {job: seconds * n / sum(rows) for job, n in zip(jobs, rows, strict=True)}


def leave_out(result: object, seconds: float) -> None:
    """Take the time of others out of what a task measured with the clock on the wall.

    Parameters
    ----------
    result : object
        Of a task. Changed where it is of scikit-learn's `_fit_and_score`, which
        searches, `cross_validate` and the curves run; joblib gives it in a list.
    seconds : float
    """
    while isinstance(result, list) and len(result) == 1:
        (result,) = result
    if isinstance(result, dict) and result.keys() >= OF_FIT_AND_SCORE:
        # a scorer that trains networks waits after the fit
        result["fit_time"] = max(0.0, result["fit_time"] - seconds)
