"""An image, a kernel, and what the kernel makes of the image."""

import numpy as np
from scipy.signal import convolve2d, correlate2d

from .canvas import MAPS, SIGNED, panel_axes, root_figure
from .image_grid import draw_image

MOST_NUMBERS = 8  # rows or columns of an image whose values are written out
MOST_CHARACTERS = 20  # in a row of them
MOST_EDGES = 16  # rows or columns of a kernel whose pixels are set apart


class FilteredImageDisplay:
    """An image, a kernel, and the image filtered by it.

    Make it with `from_image`; parameters are attributes.

    Parameters
    ----------
    image : ndarray of shape (height, width)
    kernel : ndarray of shape (kernel_height, kernel_width)
    result : ndarray of shape (new_height, new_width)
    operation : str, default='cross-correlation'
        Title of the result.

    Attributes
    ----------
    axes_ : ndarray of shape (3,) of matplotlib Axes
    figure_ : matplotlib Figure

    References
    ----------
    Lund FMAN45 assignment 3, 2019.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import numpy as np
    >>> from sknn_course.plotting import FilteredImageDisplay
    >>> image = np.arange(1, 17).reshape(4, 4)
    >>> display = FilteredImageDisplay.from_image(image, [[-1, 1], [0, 1]])
    >>> display.result
    array([[ 7,  8,  9],
           [11, 12, 13],
           [15, 16, 17]])
    >>> plt.close(display.figure_)
    """

    def __init__(self, *, image, kernel, result, operation="cross-correlation"):
        self.image = image
        self.kernel = kernel
        self.result = result
        self.operation = operation

    @classmethod
    def from_image(cls, image, kernel, *, padding="valid", flip=False, ax=None):
        """Filter an image and draw it.

        Parameters
        ----------
        image : array-like of shape (height, width)
        kernel : array-like of shape (kernel_height, kernel_width)
        padding : {'valid', 'same'}, default='valid'
            Whether the kernel stays inside the image or zeros are put around it.
        flip : bool, default=False
            Whether the kernel is flipped, which is the convolution of mathematics;
            what networks call so is the cross-correlation.
        ax : matplotlib Axes or array-like of three Axes, default=None
            See `plot`.

        Returns
        -------
        FilteredImageDisplay
            Drawn.

        Raises
        ------
        ValueError
            If image or kernel have no two axes, or the kernel does not fit.
        """
        image, kernel = np.asarray(image), np.asarray(kernel)
        for name, one in (("image", image), ("kernel", kernel)):
            if one.ndim != 2:
                raise ValueError(
                    f"{name} is of shape {one.shape}: give (height, width)."
                )
        if any(k > n for k, n in zip(kernel.shape, image.shape, strict=True)):
            raise ValueError(
                f"kernel of shape {kernel.shape} does not fit an image of shape "
                f"{image.shape}."
            )
        if padding not in ("valid", "same"):
            raise ValueError(f"padding={padding!r} is unknown: use 'valid' or 'same'.")
        rule = convolve2d if flip else correlate2d
        display = cls(
            image=image,
            kernel=kernel,
            result=rule(image, kernel, mode=padding),
            operation="convolution" if flip else "cross-correlation",
        )
        return display.plot(ax)

    def plot(self, ax=None):
        """Draw image, kernel and result side by side.

        Parameters
        ----------
        ax : matplotlib Axes or array-like of three Axes, default=None
            One is divided.

        Returns
        -------
        self
        """
        n_rows, n_columns = self.image.shape
        self.axes_ = panel_axes(
            ax,
            "FilteredImageDisplay.plot",
            3,
            n_columns=3,
            width=2.5,
            height=max(1.9, 2.9 * min(n_rows / n_columns, 2) + 0.3),
            width_ratios=[1, 0.55, 1],
        )
        self.figure_ = root_figure(self.axes_[0])
        shown = (
            ("image", self.image),
            ("kernel", self.kernel),
            (self.operation, self.result),
        )
        for one, (title, values) in zip(self.axes_, shown, strict=True):
            limits, cmap = _colors(values, signed=title == "kernel")
            draw_image(one, values[None], limits, cmap)
            one.set_title(title, fontsize=10)
            _write_numbers(one, values, limits, cmap)
        _draw_pixel_edges(self.axes_[1], self.kernel.shape)
        return self


def _draw_pixel_edges(ax, shape):
    """Lines between pixels, so that equal weights can be told apart and counted."""
    n_rows, n_columns = shape
    if max(shape) <= MOST_EDGES:
        ax.hlines(np.arange(1, n_rows) - 0.5, -0.5, n_columns - 0.5, "0.7", lw=0.5)
        ax.vlines(np.arange(1, n_columns) - 0.5, -0.5, n_rows - 0.5, "0.7", lw=0.5)


def _colors(values, signed):
    """Colours around zero where values are signed or negative, else grey from zero."""
    if values.min() >= 0 and not signed:
        return (0.0, float(values.max()) or 1.0), MAPS
    # in a large image, a few values would make all others pale
    share = 1.0 if max(values.shape) <= MOST_NUMBERS else 0.99
    limit = float(np.quantile(np.abs(values), share)) or 1.0
    return (-limit, limit), SIGNED


def _write_numbers(ax, values, limits, cmap):
    """Write the values into the pixels, where there is room."""
    longest = max(len(f"{value:.3g}") for value in values[:MOST_NUMBERS].ravel())
    if max(values.shape) > MOST_NUMBERS or values.shape[1] * longest > MOST_CHARACTERS:
        return
    low, high = limits
    for (row, column), value in np.ndenumerate(values):
        place = (value - low) / (high - low)
        dark = place < 0.5 if cmap == MAPS else not 0.2 < place < 0.8
        ax.text(
            column,
            row,
            f"{value:.3g}",
            ha="center",
            va="center",
            fontsize=9,
            color="white" if dark else "black",
        )
