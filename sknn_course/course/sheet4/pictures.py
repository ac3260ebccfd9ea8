"""Curves and decision regions of the circles."""

import numpy as np

from ...plotting.canvas import SERIES, tidy


def draw_curves(curves, label, xlabel="pass", log=False, title=None):
    """One line for each name.

    Parameters
    ----------
    curves : dict of str to list of float, or list of such dicts
        A panel for each dict.
    label : str or list of str
        Of the vertical axis of each panel.
    xlabel : str
    log : bool
        Whether the first panel has a logarithmic axis.
    title : str, default=None

    Returns
    -------
    matplotlib Figure
    """
    from matplotlib.figure import Figure

    panels = curves if isinstance(curves, list) else [curves]
    labels = label if isinstance(label, list) else [label]
    figure = Figure(figsize=(3.8 * len(panels) + 1.4, 3.4), layout="constrained")
    axes = figure.subplots(1, len(panels), squeeze=False)[0]
    for ax, lines, ylabel in zip(axes, panels, labels, strict=True):
        for place, (name, values) in enumerate(lines.items()):
            style = ("-", "--", ":")[place // len(SERIES) % 3]
            ax.plot(
                np.arange(1, len(values) + 1),
                values,
                style,
                color=SERIES[place % len(SERIES)],
                marker="o" if len(values) == 1 else None,
                label=name,
            )
        ax.set(xlabel=xlabel, ylabel=ylabel)
        tidy(ax, integer_x=True)
    if log:
        axes[0].set_yscale("log")
    axes[-1].legend(
        frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5), title=title
    )
    return figure


def draw_regions(models, X, y):
    """Decision regions of fitted classifiers with rows of data.

    Parameters
    ----------
    models : dict of str to classifier
        By title.
    X : array of shape (n, 2)
    y : array of shape (n,)

    Returns
    -------
    matplotlib Figure
    """
    from matplotlib.figure import Figure
    from sklearn.inspection import DecisionBoundaryDisplay

    figure = Figure(figsize=(3.3 * len(models), 3.6), layout="constrained")
    for ax, (title, model) in zip(
        figure.subplots(1, len(models), squeeze=False)[0], models.items(), strict=True
    ):
        DecisionBoundaryDisplay.from_estimator(
            model,
            X,
            eps=0.3,
            response_method="predict",
            alpha=0.35,
            cmap="coolwarm",
            ax=ax,
        )
        ax.scatter(*X.T, c=y, cmap="coolwarm", s=14, edgecolor="white", linewidth=0.4)
        ax.set(title=title, xlabel="$x_1$", ylabel="$x_2$", aspect="equal")
    return figure
