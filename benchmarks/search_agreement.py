"""Two sides of a search reach the same scores."""

import statistics

import numpy as np
from searches import get_search
from side import OURS, fit_search

TRAJECTORY_EPOCHS = 3
TRAJECTORY_ATOL = 1e-6
SEEDS = (0, 1, 2, 3, 4)
N_DEVIATIONS = 4
SMALLEST_ATOL = 0.005  # of a mean accuracy
QUICK_ATOL = 0.5  # networks that are hardly trained


def check_trajectories(name, quick, *sides):
    """Two sides reach equal scores from equal seeds, candidate by candidate.

    After a few epochs in double precision; accuracy and log loss.

    Parameters
    ----------
    name, quick :
        As for `get_search`.
    *sides : dict
        Arguments of `fit_search` for each of the two.

    Returns
    -------
    dict
        The largest difference and what it is allowed to be.

    Raises
    ------
    AssertionError
        If it is larger.
    """
    n_epochs = min(TRAJECTORY_EPOCHS, get_search(name, quick).n_epochs)
    scoring = ["accuracy", "neg_log_loss"]
    ours, theirs = (
        np.array(
            list(
                fit_search(
                    name, quick=quick, n_epochs=n_epochs, scoring=scoring, **side
                )["scores"].values()
            )
        )
        for side in sides
    )
    np.testing.assert_allclose(ours, theirs, 0, TRAJECTORY_ATOL)
    return {
        "of": f"mean test scores of each candidate, {n_epochs} epochs: {scoring}",
        "difference": float(np.abs(ours - theirs).max()),
        "atol": TRAJECTORY_ATOL,
    }


def mean_scores_by_seed(name, quick, every, device="cpu"):
    """Our mean accuracy over every so manieth candidate, for several seeds.

    Parameters
    ----------
    name, quick, every, device :
        As for `fit_search`.

    Returns
    -------
    list of float
    """
    searches = (
        fit_search(name, OURS, quick, every=every, device=device, random_state=seed)
        for seed in SEEDS[: 2 if quick else None]
    )
    return [statistics.mean(search["scores"]["score"]) for search in searches]


def check_mean_score(theirs, ours, quick=False):
    """A mean accuracy is ours, but for what a seed makes of it.

    Parameters
    ----------
    theirs : float
    ours : list of float
        For several seeds.
    quick : bool
        Whether the networks are hardly trained, so that seeds decide.

    Returns
    -------
    dict
        The difference from the mean of ours, and what it is allowed to be: four
        standard deviations of ours from seed to seed, and 0.005 at least.

    Raises
    ------
    AssertionError
        If it is larger.
    """
    difference = abs(theirs - statistics.mean(ours))
    smallest = QUICK_ATOL if quick else SMALLEST_ATOL
    atol = max(N_DEVIATIONS * statistics.stdev(ours), smallest)
    assert difference <= atol, f"{theirs} is not within {atol} of the mean of {ours}"
    return {
        "of": f"mean test accuracy, ours with {len(ours)} seeds",
        "difference": difference,
        "atol": atol,
    }
