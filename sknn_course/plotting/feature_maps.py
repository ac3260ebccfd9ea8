"""What each layer of a convolutional network makes of an image."""

import numpy as np
import torch

from .canvas import MAPS, panel_axes, root_figure
from .fitted_network import last_step, module_of, require_network
from .image_grid import draw_image, require_count, value_range


class FeatureMapsDisplay:
    """The maps that the layers of a convolutional network make of one image.

    Each line shows maps of one layer, drawn with the same range of values. Make it
    with `from_estimator`; parameters are attributes.

    Parameters
    ----------
    image : ndarray of shape (channels, height, width)
        The input.
    maps : dict of str to ndarray of shape (n_maps, height, width)
        All maps by layer, such as 'convolution 1', after its activation, and
        'pooling 1'.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        The image and, layer by layer, ``n_maps`` maps.
    figure_ : matplotlib Figure

    See Also
    --------
    FiltersDisplay : The filters that make them.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from sklearn.datasets import load_digits
    >>> from sknn_course import CNNClassifier
    >>> from sknn_course.plotting import FeatureMapsDisplay
    >>> X, y = load_digits(return_X_y=True)
    >>> cnn = CNNClassifier(((8, 16),), early_stopping=True).fit(X[:500], y[:500])
    >>> display = FeatureMapsDisplay.from_estimator(cnn, X[0])
    >>> {name: maps.shape for name, maps in display.maps.items()}
    {'convolution 1': (8, 8, 8), 'convolution 2': (16, 8, 8), 'pooling 1': (16, 4, 4)}
    >>> plt.close(display.figure_)
    """

    def __init__(self, *, image, maps):
        self.image = image
        self.maps = maps

    @classmethod
    def from_estimator(cls, estimator, x, *, ax=None, **params):
        """Pass an image through a network and draw its maps.

        Parameters
        ----------
        estimator : CNNClassifier or CNNRegressor
            Fitted; pipelines and searches are looked into.
        x : array-like
            One image, in the form of one row of the estimator's X.
        ax : matplotlib Axes or array-like of Axes, default=None
            See `plot`.
        **params : dict
            Of `plot`.

        Returns
        -------
        FeatureMapsDisplay
            Drawn.

        Raises
        ------
        TypeError
            If the estimator is no network of this package.
        ValueError
            If it has no convolution.
        """
        network, rows = last_step(estimator, np.asarray(x)[None])
        require_network(network, "FeatureMapsDisplay")
        rows = network._network_rows(rows)
        maps = _maps(module_of(network), rows)
        if not maps:
            raise ValueError(
                f"estimator={network!r} has no convolution: it has no maps."
            )
        return cls(image=rows[0], maps=maps).plot(ax, **params)

    def plot(self, ax=None, *, n_maps=8):
        """Draw the image and the first maps of each layer.

        Parameters
        ----------
        ax : matplotlib Axes or array-like of Axes, default=None
            One is divided; several are drawn in directly: a line of ``n_maps + 1``
            for each layer, of which the first shows the image, in the first line.
        n_maps : int, default=8
            Of each layer, at most.

        Returns
        -------
        self
        """
        require_count("n_maps", n_maps)
        n_maps = min(n_maps, max(map(len, self.maps.values())))
        axes = panel_axes(
            ax,
            "FeatureMapsDisplay.plot",
            len(self.maps) * (n_maps + 1),
            n_columns=n_maps + 1,
            width=0.95,
            height=1.0,
            extra_width=1.0,
        ).reshape(len(self.maps), n_maps + 1)
        draw_image(axes[0, 0], self.image, value_range(self.image))
        axes[0, 0].set_title("input", fontsize=9, pad=3)
        shown = [axes[0, 0]]
        for line, (name, maps) in zip(axes, self.maps.items(), strict=True):
            limits = float(maps.min()), float(maps.max())
            for one, image in zip(line[1:], maps, strict=False):
                draw_image(one, image[None], limits, MAPS)
                shown.append(one)
            size = " \N{MULTIPLICATION SIGN} ".join(map(str, maps.shape[1:]))
            count = f"{n_maps} of {len(maps)}" if n_maps < len(maps) else "all"
            line[1].set_ylabel(
                f"{name}\n{size}\n{count}",
                fontsize=9,
                rotation=0,
                ha="right",
                va="center",
            )
        for unused in set(axes.ravel()) - set(shown):
            unused.set_axis_off()
        self.axes_ = axes.ravel()
        self.figure_ = root_figure(self.axes_[0])
        return self


def _maps(module, rows):
    """Maps of the first row after each convolution with its activation, and pooling."""
    parameter = next(module.parameters())
    x = torch.as_tensor(rows[:1]).to(parameter)
    maps, name, counts = {}, None, {"convolution": 0, "pooling": 0}
    with torch.inference_mode():
        for part in module:
            x = part(x)
            if x.dim() != 4:
                break
            kind = _kind(part)
            if kind is not None:
                counts[kind] += 1
                name = f"{kind} {counts[kind]}"
            if name is not None:  # what follows, as an activation, belongs to it
                maps[name] = x[0].cpu().numpy()
    return maps


def _kind(part):
    if isinstance(part, torch.nn.Conv2d):
        return "convolution"
    if isinstance(part, torch.nn.MaxPool2d | torch.nn.AvgPool2d):
        return "pooling"
    return None
