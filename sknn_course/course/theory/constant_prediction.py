"""Find runs that are stuck: a network that predicts one value for every input.

Kiel NNDL 2020 sheet 4 has them in regression (a constant curve through Eckerle4)
and in classification (six logistic layers that call every digit a 1; accuracy is
then the share of that class, the loss close to ln 10).
"""

import numpy as np


def predicts_one_value(y_pred, y_true=None, tolerance=0.01):
    """Whether predictions are (nearly) one value for every row.

    Parameters
    ----------
    y_pred : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Numbers of a regressor (floats) or classes (anything else).
    y_true : array-like of the same shape, default=None
        What was to be predicted; its range says what is near. Without it, a range
        of 1 as of scaled targets.
    tolerance : float, default=0.01
        Numbers: range of the predictions as a share of the range of ``y_true``.
        Classes: share of the rows that may have another class than most.

    Returns
    -------
    bool

    Examples
    --------
    >>> from sknn_course.course.theory import predicts_one_value
    >>> predicts_one_value([1, 1, 1, 1])
    True
    >>> predicts_one_value([0.30, 0.31, 0.80])
    False
    >>> predicts_one_value([5.001, 5.002], y_true=[0.0, 10.0])
    True
    """
    y_pred = np.asarray(y_pred)
    if y_pred.dtype.kind != "f":
        most = np.unique(y_pred, axis=0, return_counts=True)[1].max()
        return bool(most >= (1 - tolerance) * len(y_pred))
    extent = 1.0 if y_true is None else np.ptp(np.asarray(y_true, float), axis=0)
    return bool(np.all(np.ptp(y_pred, axis=0) <= tolerance * extent))


def stability(stuck):
    """What repeated runs of one configuration say about it.

    Parameters
    ----------
    stuck : sequence of bool
        `predicts_one_value` of each run.

    Returns
    -------
    {'learns', 'unstable', 'constant'}
        No run is stuck, some are, all are.

    Examples
    --------
    >>> from sknn_course.course.theory import stability
    >>> stability([False, True, False, False])
    'unstable'
    """
    if not any(stuck):
        return "learns"
    return "constant" if all(stuck) else "unstable"
