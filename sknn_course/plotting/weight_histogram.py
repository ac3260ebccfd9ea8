"""Histograms of the weights and biases of a layer, before and after training."""

import numpy as np

from .canvas import BLUE, GREY, ORANGE, legend_above, panel_axes, root_figure, tidy
from .fitted_network import layer_at, weights_of


class WeightHistogramDisplay:
    """Histograms of the weights and biases of one layer, before and after training.

    Make it with `from_estimator` or `from_weights`; parameters are attributes.

    Parameters
    ----------
    weights, biases : dict of str to ndarray
        Values by what they are called, such as 'before training' and 'after
        training'; drawn one over the other.

    Attributes
    ----------
    axes_ : ndarray of shape (2,) of matplotlib Axes
        Of weights and biases.
    figure_ : matplotlib Figure

    References
    ----------
    Kiel NNDL 2020 sheet 4, vanishing gradients.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from sklearn.datasets import load_iris
    >>> from sknn_course import MLPClassifier
    >>> from sknn_course.plotting import WeightHistogramDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> mlp = MLPClassifier(early_stopping=True, random_state=0).fit(X, y)
    >>> display = WeightHistogramDisplay.from_estimator(mlp)
    >>> {name: len(values) for name, values in display.weights.items()}
    {'before training': 400, 'after training': 400}
    >>> plt.close(display.figure_)
    """

    def __init__(self, *, weights, biases):
        self.weights = weights
        self.biases = biases

    @classmethod
    def from_estimator(cls, estimator, *, layer=0, before="initial", ax=None, **params):
        """Draw the weights of a layer of a network.

        Parameters
        ----------
        estimator : estimator
            Fitted, with ``coefs_`` and ``intercepts_``; pipelines and searches are
            looked into.
        layer : int, default=0
            Place among the layers that have weights.
        before : {'initial', None} or estimator, default='initial'
            What to compare with: the weights before training, which are drawn again
            from an integer ``random_state``; nothing; or another network.
        ax : matplotlib Axes or array-like of Axes, default=None
            See `plot`.
        **params : dict
            Of `plot`.

        Returns
        -------
        WeightHistogramDisplay
            Drawn.

        Raises
        ------
        ValueError
            If the layer does not exist, or the initial weights cannot be known.
        """
        sources = {"after training": weights_of(estimator)}
        if isinstance(before, str):
            sources = {"before training": weights_of(estimator, before), **sources}
        elif before is not None:
            sources = {"before training": weights_of(before), **sources}
        weights, biases = (
            {
                name: np.asarray(layer_at(both[place], layer)).ravel()
                for name, both in sources.items()
            }
            for place in (0, 1)
        )
        return cls(weights=weights, biases=biases).plot(ax, **params)

    def plot(self, ax=None, *, bins=None):
        """Draw the histograms.

        Parameters
        ----------
        ax : matplotlib Axes or array-like of two Axes, default=None
            One is divided.
        bins : int, default=None
            Bins of equal width, the same for all values of a panel. None is twice the
            root of their number, at most 40.

        Returns
        -------
        self
        """
        self.axes_ = panel_axes(
            ax,
            "WeightHistogramDisplay.plot",
            2,
            n_columns=2,
            width=3.6,
            height=3.0,
        )
        self.figure_ = root_figure(self.axes_[0])
        for one, kind, values in zip(
            self.axes_, ("weight", "bias"), (self.weights, self.biases), strict=True
        ):
            _draw(one, values, bins)
            one.set(xlabel=kind, ylabel=f"number of {_PLURAL[kind]}")
            tidy(one, grid="y")
        if len(self.weights) > 1:
            legend_above(self.axes_, alone=not np.ndim(ax))
        return self


_PLURAL = {"weight": "weights", "bias": "biases"}


def _draw(ax, values, bins):
    everything = np.concatenate(list(values.values()))
    if bins is None:
        bins = min(40, int(2 * np.sqrt(max(map(len, values.values())))))
    edges = np.histogram_bin_edges(everything, bins=bins)
    colors = [GREY, BLUE, ORANGE]
    if len(values) == 1:
        colors = [BLUE]
    for index, (name, one) in enumerate(values.items()):
        counts, _ = np.histogram(one, bins=edges)
        first = index == 0
        ax.stairs(
            counts,
            edges,
            fill=first,
            color=colors[index % 3],
            alpha=0.5 if first and len(values) > 1 else 1,
            linewidth=1.6,
            label=name,
        )
