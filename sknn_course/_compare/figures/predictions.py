"""Predicted against true targets of the test rows."""

from typing import Any

import numpy as np
from sklearn.metrics import ConfusionMatrixDisplay, PredictionErrorDisplay

from sknn_course._compare.figures.canvas import (
    BLUE,
    GREY,
    MOST_CLASSES_WITH_NUMBERS,
    label,
    new_figure,
)


def predictions_figure(table: Any, best: Any) -> tuple[str, str, Any] | None:
    """Draw predicted against true targets of the best estimator's test rows."""
    predicted = best.fitted.predict(table.X_test)
    if table.task == "regression":
        from matplotlib.ticker import AutoLocator, ScalarFormatter

        figure, ((ax,),) = new_figure(4.8, 4.8)
        PredictionErrorDisplay.from_predictions(
            table.y_test,
            predicted,
            kind="actual_vs_predicted",
            ax=ax,
            scatter_kwargs={"color": BLUE, "alpha": 0.6, "edgecolors": "none"},
            line_kwargs={"color": GREY},
        )
        for axis in (ax.xaxis, ax.yaxis):  # the display's own ticks are not round
            axis.set_major_locator(AutoLocator())
            axis.set_major_formatter(ScalarFormatter())
        ax.set(
            xlabel=f"predicted {label(table.target_name)}",
            ylabel=f"true {label(table.target_name)}",
            xlim=ax.get_xlim(),
            ylim=ax.get_xlim(),
        )
        ax.set_aspect("equal", adjustable="box")
        ax.spines[["top", "right"]].set_visible(False)
        caption = f"Predicted against true targets of the test rows, {best.model}."
        return "predicted_against_true", caption, figure
    classes = np.union1d(table.y_test, predicted)
    names = [label(one) for one in classes]
    n_classes = len(classes)
    with_numbers = n_classes <= MOST_CLASSES_WITH_NUMBERS
    side = np.clip(0.55 * n_classes + 1.5, 3.2, 7)
    figure, ((ax,),) = new_figure(side, side)
    ConfusionMatrixDisplay.from_predictions(
        table.y_test,
        predicted,
        display_labels=names,
        ax=ax,
        cmap="Blues",
        colorbar=not with_numbers,
        include_values=with_numbers,
        xticks_rotation="horizontal" if max(map(len, names)) <= 5 else 45,
        values_format="d",
    )
    caption = f"Confusion matrix of the test rows, {best.model}."
    return "confusion_matrix", caption, figure
