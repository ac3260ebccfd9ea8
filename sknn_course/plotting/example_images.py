"""Example images of a data set."""

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_consistent_length

from .canvas import root_figure
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
        self.figure_ = root_figure(self.axes_[0])
        return self
