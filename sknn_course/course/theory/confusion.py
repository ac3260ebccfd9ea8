"""From a printed confusion matrix back to predictions, for scikit-learn's metrics."""

from typing import NamedTuple

import numpy as np
from sklearn.metrics import accuracy_score, precision_recall_fscore_support


class ConfusionFigures(NamedTuple):
    """What a confusion matrix says.

    Parameters
    ----------
    accuracy : float
        Trace over sum.
    precision : ndarray of shape (n_classes,)
        Diagonal over column sums.
    recall : ndarray of shape (n_classes,)
        Diagonal over row sums.
    support : ndarray of int of shape (n_classes,)
        Row sums: rows of each true class.
    """

    accuracy: float
    precision: np.ndarray
    recall: np.ndarray
    support: np.ndarray


def predictions_of(matrix):
    """True and predicted classes that have this confusion matrix.

    Parameters
    ----------
    matrix : array of int of shape (n_classes, n_classes)
        Rows are true classes, columns predicted ones.

    Returns
    -------
    y_true, y_pred : ndarray of int of shape (matrix.sum(),)

    See Also
    --------
    sklearn.metrics.ConfusionMatrixDisplay.from_predictions : Draws it.

    Examples
    --------
    >>> from sknn_course.course.theory import predictions_of
    >>> y_true, y_pred = predictions_of([[2, 1], [0, 1]])
    >>> y_true.tolist(), y_pred.tolist()
    ([0, 0, 0, 1], [0, 0, 1, 1])
    """
    matrix = np.asarray(matrix)
    y_true, y_pred = np.indices(matrix.shape).reshape(2, -1)
    return np.repeat(y_true, matrix.ravel()), np.repeat(y_pred, matrix.ravel())


def confusion_figures(matrix):
    """Accuracy, and precision and recall of each class.

    Parameters
    ----------
    matrix : array of int of shape (n_classes, n_classes)
        Rows are true classes, columns predicted ones.

    Returns
    -------
    ConfusionFigures
        The precision of a class that is never predicted is 0.

    Examples
    --------
    >>> from sknn_course.course.theory import confusion_figures
    >>> figures = confusion_figures([[2, 1], [0, 1]])
    >>> figures.accuracy, figures.precision, figures.recall.round(2)
    (0.75, array([1. , 0.5]), array([0.67, 1.  ]))
    """
    y_true, y_pred = predictions_of(matrix)
    precision, recall, _, support = precision_recall_fscore_support(
        y_true, y_pred, labels=range(len(matrix)), zero_division=0
    )
    return ConfusionFigures(accuracy_score(y_true, y_pred), precision, recall, support)
