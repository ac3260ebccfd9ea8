"""What each estimator has learnt, where one or two features let it be seen."""

from typing import Any

import numpy as np
from sklearn.inspection import DecisionBoundaryDisplay

from sknn_course._compare.figures.canvas import (
    BLUE,
    GREY,
    MOST_CLASSES_WITH_NUMBERS,
    ORANGE,
    label,
    new_figure,
)
from sknn_course._compare.text import format_score


def models_figure(table: Any, ranked: list[Any]) -> tuple[str, str, Any] | None:
    """Draw what each estimator has learnt, where there are one or two features."""
    ranked = [one for one in ranked if one.model != "dummy"]
    if not table.numeric or not ranked:
        return None
    if table.task == "classification" and table.n_features == 2:
        return _boundaries(table, ranked)
    if table.task == "regression" and table.n_features == 1:
        return _curves(table, ranked)
    return None


def _panels(ranked: list[Any]) -> tuple[Any, Any]:
    n_columns = min(3, len(ranked))
    n_rows = -(-len(ranked) // n_columns)
    figure, axes = new_figure(
        2.6 * n_columns + 0.4,
        2.6 * n_rows + 0.4,
        n_rows,
        n_columns,
        sharex=True,
        sharey=True,
    )
    for index, ax in enumerate(axes.flat):
        if index >= len(ranked):
            ax.set_visible(False)
        elif index + n_columns >= len(ranked):  # nothing is drawn below it
            ax.tick_params(labelbottom=True)
    return figure, axes


def _boundaries(table: Any, ranked: list[Any]) -> tuple[str, str, Any]:
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap, to_rgb

    X = np.asarray(table.X_test)
    known = np.unique(table.y_train)  # rare ones can be missing from the test rows
    classes = [*known, *np.setdiff1d(table.y_test, known)]
    colors: list = [BLUE, ORANGE]
    if len(classes) > 2:
        colors = [colormaps["tab20"](2 * (index % 10)) for index in range(len(classes))]
    pale = [0.3 * np.array(to_rgb(one)) + 0.7 for one in colors[: len(known)]]
    tint = ListedColormap(pale) if len(known) == 2 else [*map(tuple, pale)]
    figure, axes = _panels(ranked)
    for ax, one in zip(axes.flat, ranked, strict=False):
        DecisionBoundaryDisplay.from_estimator(
            one.fitted,
            table.X_test,
            response_method="predict",
            plot_method="pcolormesh",
            **{"cmap" if len(known) == 2 else "multiclass_colors": tint},
            vmin=-0.5,  # classes that are never predicted keep their colours
            vmax=len(known) - 0.5,
            grid_resolution=200,
            eps=0.3,
            ax=ax,
            rasterized=True,
        )
        dots = [
            ax.scatter(
                *X[table.y_test == name].T,
                color=color,
                s=9,
                edgecolors="white",
                linewidths=0.4,
            )
            for name, color in zip(classes, colors, strict=True)
        ]
        ax.set_title(f"{one.model}  {format_score(one.test_score)}", fontsize=10)
        ax.set(xlabel="", ylabel="")
    figure.supxlabel(label(table.feature_names[0]), fontsize=10)
    figure.supylabel(label(table.feature_names[1]), fontsize=10)
    if len(classes) <= MOST_CLASSES_WITH_NUMBERS:
        figure.legend(
            dots,
            [label(name) for name in classes],
            loc="outside upper center",
            ncols=min(4, len(classes)),
            frameon=False,
            markerscale=1.6,
        )
    caption = "Decision regions with the test rows and the score on them."
    return "decision_boundaries", caption, figure


def _curves(table: Any, ranked: list[Any]) -> tuple[str, str, Any]:
    X_train, X_test = np.asarray(table.X_train), np.asarray(table.X_test)
    both = np.concatenate([X_train, X_test])
    grid = np.linspace(both.min(), both.max(), 400)[:, None]  # (400, 1)
    X = grid
    if hasattr(table.X_train, "columns"):
        X = type(table.X_train)(grid, columns=table.X_train.columns)
    figure, axes = _panels(ranked)
    for ax, one in zip(axes.flat, ranked, strict=False):
        ax.plot(X_train[:, 0], table.y_train, "o", color=GREY, markersize=3)
        ax.plot(X_test[:, 0], table.y_test, "D", color=ORANGE, markersize=3.5)
        ax.plot(grid[:, 0], one.fitted.predict(X), color=BLUE)
        ax.set_title(f"{one.model}  {format_score(one.test_score)}", fontsize=10)
        ax.spines[["top", "right"]].set_visible(False)
    values = np.concatenate([table.y_train, table.y_test])
    margin = 0.25 * np.ptp(values)
    axes[0, 0].set_ylim(values.min() - margin, values.max() + margin)
    figure.supxlabel(label(table.feature_names[0]), fontsize=10)
    figure.supylabel(label(table.target_name), fontsize=10)
    return (
        "fitted_curves",
        "Fitted curves with training rows (grey dots), test rows (orange diamonds) "
        "and the score on the latter.",
        figure,
    )
