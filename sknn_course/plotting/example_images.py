"""Example images of a data set, and those that a classifier gets wrong."""

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_consistent_length

from .image_grid import as_images, draw_grid, require_count, value_range


class ExampleImagesDisplay:
    """Some images of a data set, with their classes.

    Make it with `from_images`; parameters are attributes.

    Parameters
    ----------
    images : ndarray of shape (n, channels, height, width)
        One or three channels.
    titles : list of str, default=None
        One for each image.
    row_names : list of str, default=None
        One for each row of the grid.
    limits : tuple of float, default=None
        Values drawn black and white; None takes those of the images.
    n_columns : int, default=None
        None is about as many as rows.

    Attributes
    ----------
    axes_ : ndarray of shape (n,) of matplotlib Axes
    figure_ : matplotlib Figure

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from sklearn.datasets import load_digits
    >>> from sknn_course.plotting import ExampleImagesDisplay
    >>> X, y = load_digits(return_X_y=True)
    >>> display = ExampleImagesDisplay.from_images(X, y, n_images=10)
    >>> display.images.shape, display.titles[:3]
    ((10, 1, 8, 8), ['0', '1', '2'])
    >>> plt.close(display.figure_)
    """

    def __init__(
        self, *, images, titles=None, row_names=None, limits=None, n_columns=None
    ):
        self.images = images
        self.titles = titles
        self.row_names = row_names
        self.limits = limits
        self.n_columns = n_columns

    @classmethod
    def from_images(
        cls,
        X,
        y=None,
        *,
        n_images=25,
        per_class=False,
        image_shape=None,
        random_state=None,
        ax=None,
    ):
        """Draw images of a data set.

        Parameters
        ----------
        X : array-like of shape (n, n_features), (n, height, width) or \
(n, channels, height, width)
        y : array-like of shape (n,), default=None
            Their classes.
        n_images : int, default=25
            How many; with ``per_class`` of each class.
        per_class : bool, default=False
            Whether each class has a row of its own.
        image_shape : tuple of int, default=None
            (channels, height, width) or (height, width) of flat rows.
        random_state : int, RandomState instance or None, default=None
            None takes the first images, a number draws some.
        ax : matplotlib Axes or array-like of Axes, default=None
            See `plot`.

        Returns
        -------
        ExampleImagesDisplay
            Drawn.

        Raises
        ------
        ValueError
            If the rows are no images, or ``per_class`` lacks ``y``.
        """
        require_count("n_images", n_images)
        images = as_images(X, image_shape)
        order = np.arange(len(images))
        if random_state is not None:
            order = check_random_state(random_state).permutation(order)
        titles = row_names = n_columns = None
        if y is not None:
            check_consistent_length(images, y)
            y = np.asarray(y)
        if not per_class:
            order = order[:n_images]
        elif y is None:
            raise ValueError("per_class=True needs the classes y.")
        else:
            per_row = [order[y[order] == one][:n_images] for one in np.unique(y)]
            n_columns = min(map(len, per_row))  # rows of equal length
            order = np.concatenate([row[:n_columns] for row in per_row])
            row_names = [str(y[row[0]]) for row in per_row]
        if y is not None and not per_class:
            titles = [str(one) for one in y[order]]
        display = cls(
            images=images[order],
            titles=titles,
            row_names=row_names,
            limits=value_range(images),
            n_columns=n_columns,
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
        self.axes_ = draw_grid(
            ax,
            f"{type(self).__name__}.plot",
            self.images,
            titles=self.titles,
            limits=self.limits,
            n_columns=self.n_columns,
            extra_width=0.1 * max(map(len, self.row_names or [""])),
        )
        if self.row_names is not None:
            firsts = self.axes_[:: self.n_columns]
            for name, first in zip(self.row_names, firsts, strict=True):
                first.set_ylabel(name, rotation=0, ha="right", va="center")
        self.figure_ = self.axes_[0].figure
        return self


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
    >>> len(display.indices) == sum(ridge.predict(X) != y)
    True
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
        self.figure_ = self.axes_[0].figure
        if ax is None:
            n_shown, n_wrong = len(self.images), len(self.indices)
            which = f"{n_shown} of the" if n_shown < n_wrong else "the"
            self.figure_.suptitle(
                f"true \N{RIGHTWARDS ARROW} predicted: {which} {n_wrong} wrong "
                f"of {self.n_samples}",
                fontsize=10,
            )
        return self
