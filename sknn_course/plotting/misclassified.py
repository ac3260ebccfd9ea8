"""Images that a classifier gets wrong."""

import numpy as np
from sklearn.utils.validation import check_consistent_length

from .canvas import root_figure
from .image_grid import as_images, draw_grid, require_count, value_range


class MisclassifiedDisplay:
    """Images that a classifier gets wrong, each with its true and predicted class.

    Make it with `from_estimator` or `from_predictions`; parameters are attributes.

    Parameters
    ----------
    images : ndarray of shape (n_shown, channels, height, width)
    y_true, y_pred : ndarray of shape (n_shown,)
        Classes of the images, true and predicted.
    indices : ndarray of shape (n_wrong,)
        Rows of all wrong predictions, of which the first are shown.
    n_samples : int
        Number of predictions.
    limits : tuple of float, default=None
        Values drawn black and white; None takes those of the images.

    Attributes
    ----------
    axes_ : ndarray of shape (n_shown,) of matplotlib Axes
    figure_ : matplotlib Figure

    See Also
    --------
    sklearn.metrics.ConfusionMatrixDisplay : Counts them by class.

    References
    ----------
    Lund FMAN45 assignment 3, 2019.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.linear_model import RidgeClassifier
    >>> from sknn_course.plotting import MisclassifiedDisplay
    >>> X, y = load_digits(return_X_y=True)
    >>> ridge = RidgeClassifier().fit(X, y)
    >>> display = MisclassifiedDisplay.from_estimator(ridge, X, y)
    >>> set(ridge.predict(X[display.indices]) == y[display.indices])
    {np.False_}
    >>> plt.close(display.figure_)
    """

    def __init__(self, *, images, y_true, y_pred, indices, n_samples, limits=None):
        self.images = images
        self.y_true = y_true
        self.y_pred = y_pred
        self.indices = indices
        self.n_samples = n_samples
        self.limits = limits

    @classmethod
    def from_estimator(cls, estimator, X, y, *, ax=None, **params):
        """Predict, and draw what is wrong.

        Parameters
        ----------
        estimator : classifier
            Fitted.
        X : array-like of shape (n, n_features), (n, height, width) or \
(n, channels, height, width)
        y : array-like of shape (n,)
            True classes.
        ax : matplotlib Axes or array-like of Axes, default=None
            See `plot`.
        **params : dict
            Of `from_predictions`.

        Returns
        -------
        MisclassifiedDisplay
            Drawn.
        """
        return cls.from_predictions(X, y, estimator.predict(X), ax=ax, **params)

    @classmethod
    def from_predictions(
        cls,
        X,
        y_true,
        y_pred,
        *,
        n_images=25,
        image_shape=None,
        class_names=None,
        ax=None,
    ):
        """Draw the images whose prediction is wrong.

        Parameters
        ----------
        X : array-like of shape (n, n_features), (n, height, width) or \
(n, channels, height, width)
        y_true, y_pred : array-like of shape (n,)
            Classes.
        n_images : int, default=25
            Show at most so many, the first ones.
        image_shape : tuple of int, default=None
            (channels, height, width) or (height, width) of flat rows.
        class_names : list of str, default=None
            Names of the classes 0, 1, ...
        ax : matplotlib Axes or array-like of Axes, default=None
            See `plot`.

        Returns
        -------
        MisclassifiedDisplay
            Drawn.

        Raises
        ------
        ValueError
            If every prediction is right.
        """
        require_count("n_images", n_images)
        images = as_images(X, image_shape)
        y_true, y_pred = np.asarray(y_true), np.asarray(y_pred)
        check_consistent_length(images, y_true, y_pred)
        indices = np.flatnonzero(y_true != y_pred)
        if len(indices) == 0:
            raise ValueError(
                f"There is nothing to show: all {len(images)} predictions are right."
            )
        shown = indices[:n_images]
        y_true, y_pred = y_true[shown], y_pred[shown]
        if class_names is not None:
            y_true, y_pred = np.array(class_names)[[y_true, y_pred]]
        display = cls(
            images=images[shown],
            y_true=y_true,
            y_pred=y_pred,
            indices=indices,
            n_samples=len(images),
            limits=value_range(images),
        )
        return display.plot(ax)

    def plot(self, ax=None):
        """Draw the images.

        Parameters
        ----------
        ax : matplotlib Axes or array-like of Axes, default=None
            One is divided; several, one for each image, are drawn in directly.

        Returns
        -------
        self
        """
        pairs = zip(self.y_true, self.y_pred, strict=True)
        titles = [f"{true} \N{RIGHTWARDS ARROW} {said}" for true, said in pairs]
        wide = max(map(len, titles)) > 10
        self.axes_ = draw_grid(
            ax,
            "MisclassifiedDisplay.plot",
            self.images,
            titles=titles,
            limits=self.limits,
            side=1.5 if wide else 1.0,
        )
        self.figure_ = root_figure(self.axes_[0])
        if not np.ndim(ax):  # the figure, or figure in the figure, is its own
            n_shown, n_wrong = len(self.images), len(self.indices)
            which = f"{n_shown} of the" if n_shown < n_wrong else "the"
            self.axes_[0].figure.suptitle(
                f"true \N{RIGHTWARDS ARROW} predicted: {which} {n_wrong} wrong "
                f"of {self.n_samples}",
                fontsize=10,
            )
        return self
