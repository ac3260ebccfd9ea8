"""Learning curves of several rows of the sheet side by side."""

import numpy as np

CURVES = {
    "train_loss": "training loss",
    "train_accuracy": "training accuracy",
    "validation_loss": "validation loss",
    "validation_accuracy": "validation accuracy",
}


def mean_curve(runs):
    """Mean over repetitions, as far as all of them went.

    Parameters
    ----------
    runs : list of list of float
        One curve for each repetition; empty where it failed.

    Returns
    -------
    ndarray of shape (n_epochs,)

    Examples
    --------
    >>> from sknn_course.course.sheet3.curves import mean_curve
    >>> mean_curve([[1.0, 2.0, 3.0], [3.0, 4.0], []])
    array([2., 3.])
    """
    runs = [run for run in runs if run]
    shortest = min(map(len, runs), default=0)
    return (
        np.mean([run[:shortest] for run in runs], axis=0) if shortest else np.array([])
    )


def draw_rows(results, names=("train_loss", "train_accuracy")):
    """Draw a panel for each kind of curve, in it a line for each row.

    Parameters
    ----------
    results : dict of str to TrainingResult
        By the label of the line.
    names : sequence of str
        Of `CURVES`, one for each panel.

    Returns
    -------
    matplotlib Figure
    """
    from matplotlib import colormaps
    from matplotlib.figure import Figure

    from ...plotting.canvas import log_scale_pays, tidy

    n_columns = 2 if max(map(len, results)) > 25 else 4
    height = 3.6 + 0.22 * -(-len(results) // n_columns)
    figure = Figure(figsize=(4.6 * len(names), height), layout="constrained")
    axes = figure.subplots(1, len(names), squeeze=False)[0]
    colors = colormaps["tab20" if len(results) > 10 else "tab10"].colors
    for ax, name in zip(axes, names, strict=True):
        drawn = []
        for color, (label, result) in zip(colors, results.items(), strict=False):
            curve = mean_curve(result.curves.get(name, []))
            drawn.extend(curve)
            ax.plot(
                np.arange(1, len(curve) + 1), curve, color=color, lw=1.6, label=label
            )
        if name.endswith("loss") and log_scale_pays(drawn):
            ax.set_yscale("log")
        ax.set(xlabel="epoch", ylabel=CURVES[name])
        tidy(ax, integer_x=True)
    figure.legend(
        *axes[0].get_legend_handles_labels(),
        loc="outside lower center",
        ncols=n_columns,
        frameon=False,
        fontsize=9,
    )
    return figure


def draw_runs(curves, label):
    """Draw a curve for each run in one panel.

    Parameters
    ----------
    curves : dict of str to array-like of shape (n_epochs,)
        By the label of the line.
    label : str
        Of the axis.

    Returns
    -------
    matplotlib Figure
    """
    from matplotlib.figure import Figure

    from ...plotting.canvas import SERIES, log_scale_pays, tidy

    figure = Figure(figsize=(5.2, 3.4), layout="constrained")
    ax = figure.subplots()
    for color, (name, curve) in zip(SERIES, curves.items(), strict=False):
        ax.plot(np.arange(1, len(curve) + 1), curve, color=color, lw=1.2, label=name)
    if log_scale_pays(np.concatenate([np.asarray(one) for one in curves.values()])):
        ax.set_yscale("log")
    ax.set(xlabel="epoch", ylabel=label)
    ax.legend(frameon=False)
    tidy(ax, integer_x=True)
    return figure
