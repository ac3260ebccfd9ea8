"""What a data set holds: counts of classes, and values of pixels."""

from collections.abc import Mapping

import numpy as np

from .canvas import SERIES, root_figure, single_axes, tidy


class ClassCountsDisplay:
    """How many rows each class has, in one or several sets of rows.

    Make it with `from_targets`; parameters are attributes.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,)
    counts : dict of str to ndarray of shape (n_classes,)
        By set, such as 'training' and 'test'.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from sklearn.datasets import load_iris
    >>> from sknn_course.plotting import ClassCountsDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> display = ClassCountsDisplay.from_targets({"training": y[:75], "test": y[75:]})
    >>> display.counts
    {'training': array([50, 25,  0]), 'test': array([ 0, 25, 50])}
    >>> plt.close(display.figure_)
    """

    def __init__(self, *, classes, counts):
        self.classes = classes
        self.counts = counts

    @classmethod
    def from_targets(cls, y, *, class_names=None, ax=None, **params):
        """Count classes and draw the counts.

        Parameters
        ----------
        y : array-like of shape (n_samples,), or dict of str to array-like
            Classes of the rows, or of several sets of rows by name.
        class_names : list of str, default=None
            Names of the classes in their order.
        ax : matplotlib Axes, default=None
            See `plot`.
        **params : dict
            Of `plot`.

        Returns
        -------
        ClassCountsDisplay
            Drawn.

        Raises
        ------
        ValueError
            If a set is no vector, or there are more or fewer names than classes.
        """
        sets = {name: np.asarray(one) for name, one in _sets(y, "rows").items()}
        for name, one in sets.items():
            if one.ndim != 1 or len(one) == 0:
                raise ValueError(
                    f"y of {name!r} is of shape {one.shape}: give a class for each row."
                )
        classes = np.unique(np.concatenate(list(sets.values())))
        counts = {
            name: np.array([(one == label).sum() for label in classes])
            for name, one in sets.items()
        }
        if class_names is not None:
            if len(class_names) != len(classes):
                raise ValueError(
                    f"class_names={list(class_names)} does not fit: y has "
                    f"{len(classes)} classes."
                )
            classes = np.asarray(class_names)
        return cls(classes=classes, counts=counts).plot(ax, **params)

    def plot(self, ax=None, *, normalize=False):
        """Draw a bar for each class and set.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
        normalize : bool, default=False
            Whether to draw the share of each set in place of the count.

        Returns
        -------
        self
        """
        labels = [str(one) for one in self.classes]
        n_sets = len(self.counts)
        ax = single_axes(
            ax,
            "ClassCountsDisplay.plot",
            width=min(12, max(4.8, 0.28 * n_sets * len(labels) + 1.5)),
            height=3.2,
        )
        width = 0.8 / n_sets
        places = np.arange(len(labels))
        for index, (name, counts) in enumerate(self.counts.items()):
            ax.bar(
                places + (index - (n_sets - 1) / 2) * width,
                100 * counts / counts.sum() if normalize else counts,
                width,
                color=SERIES[index % len(SERIES)],
                label=name,
            )
        slanted = max(map(len, labels)) > 5
        ax.set_xticks(
            places,
            labels,
            rotation=40 if slanted else 0,
            ha="right" if slanted else "center",
            rotation_mode="anchor" if slanted else "default",
        )
        ax.set(xlabel="class", ylabel="share in %" if normalize else "number of rows")
        tidy(ax, grid="y")
        _legend_above(ax, n_sets)
        self.ax_ = ax
        self.figure_ = root_figure(ax)
        return self


class PixelHistogramDisplay:
    """How often each pixel value occurs, in one or several sets of images.

    Make it with `from_images`; parameters are attributes.

    Parameters
    ----------
    edges : ndarray of shape (n_bins + 1,)
        Of the bins, in the images' units.
    shares : dict of str to ndarray of shape (n_bins,)
        Share of all pixel values in each bin, by set.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure

    References
    ----------
    Kiel NNDL 2020 sheet 5, CIFAR-10.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from sklearn.datasets import load_digits
    >>> from sknn_course.plotting import PixelHistogramDisplay
    >>> X, y = load_digits(return_X_y=True)
    >>> display = PixelHistogramDisplay.from_images(X, bins=4)
    >>> display.shares["images"].round(2)
    array([0.58, 0.1 , 0.1 , 0.22])
    >>> plt.close(display.figure_)
    """

    def __init__(self, *, edges, shares):
        self.edges = edges
        self.shares = shares

    @classmethod
    def from_images(cls, X, *, bins=64, ax=None, **params):
        """Count pixel values and draw their shares.

        Parameters
        ----------
        X : array-like, or dict of str to array-like
            Images or flat rows, or several sets of them by name.
        bins : int, default=64
            Of equal width, between the lowest and highest value of all sets.
        ax : matplotlib Axes, default=None
            See `plot`.
        **params : dict
            Of `plot`.

        Returns
        -------
        PixelHistogramDisplay
            Drawn.

        Raises
        ------
        ValueError
            If a set is empty.
        """
        sets = {
            name: np.asarray(one).ravel() for name, one in _sets(X, "images").items()
        }
        for name, one in sets.items():
            if one.size == 0:
                raise ValueError(f"X of {name!r} holds no pixel.")
        low = min(one.min() for one in sets.values())
        high = max(one.max() for one in sets.values())
        edges = np.histogram_bin_edges([], bins=bins, range=(low, high))
        shares = {
            name: np.histogram(one, bins=edges)[0] / one.size
            for name, one in sets.items()
        }
        return cls(edges=edges, shares=shares).plot(ax, **params)

    def plot(self, ax=None, *, log=False):
        """Draw the shares as steps.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
        log : bool, default=False
            Whether the axis of the shares is logarithmic, as images with an empty
            background need it.

        Returns
        -------
        self
        """
        ax = single_axes(ax, "PixelHistogramDisplay.plot", width=4.8, height=3.2)
        for index, (name, shares) in enumerate(self.shares.items()):
            # the second line has gaps, through which the first is seen
            ax.stairs(
                100 * shares,
                self.edges,
                color=SERIES[index % len(SERIES)],
                linewidth=1.5,
                linestyle="-" if index == 0 else (0, (4, 2)),
                label=name,
            )
        if log:
            ax.set_yscale("log")
        ax.set(xlabel="pixel value", ylabel="share of pixels in %")
        tidy(ax, grid="y")
        _legend_above(ax, len(self.shares))
        self.ax_ = ax
        self.figure_ = root_figure(ax)
        return self


def _sets(values, name):
    return dict(values) if isinstance(values, Mapping) else {name: values}


def _legend_above(ax, n_sets):
    if n_sets > 1:
        ax.legend(
            frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1), ncols=n_sets
        )
