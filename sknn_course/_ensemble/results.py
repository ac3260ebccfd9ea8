"""The ``cv_results_`` of an ensemble, in the form of a search's."""

from typing import Any

import numpy as np
from numpy.ma import MaskedArray
from scipy.stats import rankdata

from .candidates import Candidate
from .training import FoldFit


def tabulate(
    candidates: list[Candidate],
    fits: list[list[FoldFit]],
    scores: np.ndarray,
    oof_scores: np.ndarray,
    weights: np.ndarray,
) -> dict[str, Any]:
    """Gather what is known of each candidate.

    Parameters
    ----------
    candidates : list of Candidate
    fits : list of list of FoldFit
    scores : ndarray of shape (n_candidates, n_folds)
        NaN where a fit failed.
    oof_scores, weights : ndarray of shape (n_candidates,)

    Returns
    -------
    dict of str to ndarray, list for ``params``
    """
    times = np.array([[fit.fit_time for fit in row] for row in fits])
    results: dict[str, Any] = {
        "mean_fit_time": times.mean(axis=1),
        "std_fit_time": times.std(axis=1),
    }
    for name in sorted({name for one in candidates for name in one.params}):
        column = MaskedArray(np.empty(len(candidates), object), mask=True)
        for k, one in enumerate(candidates):
            if name in one.params:
                column[k] = one.params[name]
        results[f"param_{name}"] = column
    results["params"] = [one.params for one in candidates]
    for fold, column in enumerate(scores.T):
        results[f"split{fold}_test_score"] = column
    results["mean_test_score"] = scores.mean(axis=1)
    results["std_test_score"] = scores.std(axis=1)
    results["oof_score"] = oof_scores
    results["rank_test_score"] = rankdata(
        -np.nan_to_num(results["mean_test_score"], nan=-np.inf), "min"
    ).astype(np.int32)
    results["weight"] = weights
    return results
