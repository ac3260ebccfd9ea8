"""What the displays share: their colours, and the axes that they draw in."""

import numpy as np

BLUE, ORANGE, GREY = "#0b5394", "#c55a11", "#8a8a8a"
# told apart by colour-blind readers too, and by their lightness in grey
SERIES = (BLUE, ORANGE, "#2a9d8f", "#8f4f9e", "#d4a017", "#4d4d4d")
SIGNED = "RdBu_r"  # colour map of values around zero
MAPS = "gray"  # of images


def _pyplot(caller):
    """matplotlib's, where it is installed."""
    try:
        import matplotlib.pyplot
    except ImportError as error:
        raise ImportError(
            f"{caller} requires matplotlib: `pip install matplotlib`."
        ) from error
    return matplotlib.pyplot


def single_axes(ax, caller, *, width, height):
    """The axes to draw in.

    Parameters
    ----------
    ax : matplotlib Axes or None
        None makes a figure with pyplot.
    caller : str
        Who needs matplotlib, for the error.
    width, height : float
        Of a new figure, in inches.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    TypeError
        If ``ax`` is something else.
    """
    plt = _pyplot(caller)

    if ax is None:
        return plt.subplots(figsize=(width, height), layout="constrained")[1]
    _require_axes([ax], caller)
    return ax


def panel_axes(
    ax,
    caller,
    n_panels,
    *,
    n_columns,
    width,
    height,
    extra_width=0.0,
    width_ratios=None,
    **kwargs,
):
    """The axes of a display that needs several.

    Parameters
    ----------
    ax : matplotlib Axes, array-like of Axes or None
        One is a bounding box that is divided, and its title becomes that of the
        panels; several are drawn in directly. None makes a figure with pyplot.
    caller : str
        Who needs matplotlib, for the error.
    n_panels : int
    n_columns : int
        Panels side by side in a new figure or a bounding box.
    width, height : float
        Of one panel in a new figure, in inches.
    extra_width : float, default=0.0
        Of a new figure beside its panels, in inches.
    width_ratios : list of float, default=None
        Of the columns.
    **kwargs : dict
        Of matplotlib's ``subplots``, such as ``sharex``.

    Returns
    -------
    ndarray of shape (n_panels,) of matplotlib Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    TypeError
        If ``ax`` holds something else.
    ValueError
        If ``ax`` holds another number of axes, or was divided before.
    """
    plt = _pyplot(caller)
    from matplotlib.axes import Axes

    n_columns = min(n_columns, n_panels)
    n_rows = -(-n_panels // n_columns)
    if ax is None:
        figure = plt.figure(
            figsize=(width * n_columns + extra_width, height * n_rows),
            layout="constrained",
        )
    elif isinstance(ax, Axes):
        if n_panels == 1:
            return np.array([ax])
        figure = _divide(ax, caller)
    else:
        given = np.asarray(ax, dtype=object).ravel()
        _require_axes(given, caller)
        if len(given) != n_panels:
            raise ValueError(
                f"ax holds {len(given)} axes, but {caller} needs {n_panels}: pass as "
                "many, one Axes to divide, or None."
            )
        return given
    axes = figure.subplots(
        n_rows, n_columns, squeeze=False, width_ratios=width_ratios, **kwargs
    ).ravel()
    for unused in axes[n_panels:]:
        unused.remove()
    return axes[:n_panels]


def _divide(ax, caller):
    """A figure in the figure, in place of one subplot."""
    if ax.get_subplotspec() is None:
        raise ValueError(
            f"{caller} divides ax, which has to be a subplot: make it with "
            "plt.subplots or figure.add_subplot."
        )
    if not ax.axison:
        raise ValueError(
            f"{caller} cannot divide ax: it was divided, or its axis switched off, "
            "before. To draw again in the same panels, pass ax=display.axes_."
        )
    ax.set_axis_off()
    inner = ax.figure.add_subfigure(ax.get_subplotspec())
    if ax.get_title():
        inner.suptitle(ax.get_title())
        ax.set_title("")
    return inner


def root_figure(ax):
    """The figure of axes, also where they stand in a figure in the figure."""
    return ax.figure.figure


def _require_axes(given, caller):
    from matplotlib.axes import Axes

    for one in given:
        if not isinstance(one, Axes):
            raise TypeError(
                f"ax={one!r} is no matplotlib Axes: {caller} draws in Axes, or makes "
                "its own with ax=None."
            )


def tidy(ax, *, grid="both", integer_x=False):
    """Take away what distracts from curves and bars.

    Parameters
    ----------
    ax : matplotlib Axes
    grid : {'both', 'x', 'y'}
        Which grid lines to draw.
    integer_x : bool, default=False
        Whether x counts something, so that ticks between numbers mean nothing.
    """
    ax.grid(axis=grid, color="#dddddd")
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)
    if integer_x:
        ax.xaxis.get_major_locator().set_params(integer=True)


def legend_above(axes, *, alone):
    """One legend for all panels: above them, or in the first.

    Parameters
    ----------
    axes : ndarray of matplotlib Axes
    alone : bool
        Whether the figure, or figure in the figure, holds these panels alone.
    """
    if not alone:
        axes[0].legend(frameon=False)
        return
    handles, labels = axes[0].get_legend_handles_labels()
    axes[0].figure.legend(
        handles,
        labels,
        loc="outside upper center",
        ncols=len(labels),
        frameon=False,
    )


def log_scale_pays(values):
    """Whether positive values span so much that a linear axis would hide them.

    Examples
    --------
    >>> from sknn_course.plotting.canvas import log_scale_pays
    >>> log_scale_pays([0.001, 2.0]), log_scale_pays([0.5, 2.0])
    (True, False)
    """
    values = np.asarray(values, dtype=float)
    values = values[np.isfinite(values)]
    return bool(len(values) and 0 < values.min() < values.max() / 30)


def shades(n_values):
    """Colours of values in an order, dark to light.

    Returns
    -------
    list of tuple of float
    """
    from matplotlib import colormaps

    return [colormaps["viridis"](place) for place in np.linspace(0, 0.85, n_values)]
