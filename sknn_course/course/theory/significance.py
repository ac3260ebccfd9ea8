"""Whether two results differ by more than chance.

References
----------
.. [1] B. L. Welch, "The generalization of Student's problem when several different
   population variances are involved", Biometrika 34, 1947.
"""

from typing import NamedTuple

import numpy as np
from scipy import stats


class Significance(NamedTuple):
    """A test of the difference of two results.

    Parameters
    ----------
    statistic : float
        z or t; positive where the second result is the larger.
    p_value : float
        Two-sided probability of a difference at least as large by chance.
    """

    statistic: float
    p_value: float


def accuracy_standard_error(accuracy, n_samples):
    """sqrt(p (1 - p) / n), the binomial error of an accuracy.

    Parameters
    ----------
    accuracy : float
        Share of right predictions, in [0, 1].
    n_samples : int
        Of the test set.

    Returns
    -------
    float

    Examples
    --------
    >>> from sknn_course.course.theory import accuracy_standard_error
    >>> round(accuracy_standard_error(0.98, 10_000), 4)
    0.0014
    """
    return float(np.sqrt(accuracy * (1 - accuracy) / n_samples))


def two_proportion_z_test(accuracy_1, accuracy_2, n_1, n_2=None):
    """z test of the difference of two accuracies, with the pooled proportion.

    It takes the two test sets as independent. For two models on one test set that is
    cautious; McNemar's test of the single predictions is sharper.

    Parameters
    ----------
    accuracy_1, accuracy_2 : float
        Shares of right predictions, in [0, 1].
    n_1, n_2 : int
        Sizes of the test sets; None: n_2 = n_1.

    Returns
    -------
    Significance
        z = (p_2 - p_1) / sqrt(p (1 - p) (1 / n_1 + 1 / n_2)); 0 where both
        accuracies are 0 or both 1.

    Examples
    --------
    >>> from sknn_course.course.theory import two_proportion_z_test
    >>> z, p = two_proportion_z_test(0.7080, 0.7377, 10_000)  # CIFAR A and E
    >>> round(z, 2), p < 0.001
    (4.69, True)
    """
    n_2 = n_1 if n_2 is None else n_2
    for name, value in (("accuracy_1", accuracy_1), ("accuracy_2", accuracy_2)):
        if not 0 <= value <= 1:
            raise ValueError(f"{name}={value!r} must be a share in [0, 1].")
    pooled = (n_1 * accuracy_1 + n_2 * accuracy_2) / (n_1 + n_2)
    error = np.sqrt(pooled * (1 - pooled) * (1 / n_1 + 1 / n_2))
    z = float((accuracy_2 - accuracy_1) / error) if error else 0.0
    return Significance(z, float(2 * stats.norm.sf(abs(z))))


def welch_t_test(runs_1, runs_2):
    """t test of the difference of the means of repeated runs, unequal variances.

    Parameters
    ----------
    runs_1, runs_2 : array-like of float
        One result for each run, at least two each.

    Returns
    -------
    Significance

    See Also
    --------
    scipy.stats.ttest_ind_from_stats : From published means and deviations.

    Examples
    --------
    >>> from sknn_course.course.theory import welch_t_test
    >>> round(welch_t_test([1.0, 2.0, 3.0], [1.5, 2.5, 3.5]).p_value, 2)
    0.57
    """
    test = stats.ttest_ind(runs_2, runs_1, equal_var=False)
    return Significance(float(test.statistic), float(test.pvalue))
