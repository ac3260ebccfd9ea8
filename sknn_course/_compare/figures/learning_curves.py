"""Loss and validation score of the best network, epoch by epoch."""

import warnings
from typing import Any

import numpy as np
from sklearn.base import clone

from sknn_course._compare.candidates import MODELS, bare
from sknn_course._compare.figures.canvas import BLUE, ORANGE, new_figure
from sknn_course._compare.resources import resources


def learning_curves_figure(
    table: Any, ranked: list[Any]
) -> tuple[str, str, Any] | None:
    """Draw the learning curves of the best network.

    A network that set no rows aside is fitted once more with a tenth of them
    for validation, since losses on training rows alone do not show overfitting.
    """
    networks = [one for one in ranked if MODELS[one.model].neural]
    if not networks:
        return None
    one = networks[0]
    network = bare(one.fitted)
    again = ""
    if hasattr(network, "loss_curve_") and network.validation_scores_ is None:
        validated = _fit_with_validation(one, table)
        if validated is not None:
            network = validated
            again = ", once more, with a tenth of them set aside for validation"
    losses = getattr(network, "loss_curve_", [])
    if len(losses) < 2:
        return None
    scores = network.validation_scores_
    figure, axes = new_figure(7, 3, 1, 1 if scores is None else 2)
    ax = axes[0, 0]
    ax.plot(_epochs(losses), losses, color=BLUE, label="training rows")
    if scores is not None:
        validation = network.validation_loss_curve_
        ax.plot(_epochs(validation), validation, color=ORANGE, label="validation rows")
        ax.legend(frameon=False)
        axes[0, 1].plot(_epochs(scores), scores, color=ORANGE)
        name = "accuracy" if table.task == "classification" else "$R^2$"
        axes[0, 1].set(xlabel="epoch", ylabel=f"{name} on validation rows")
    if 0 < min(losses) < max(losses) / 30:
        ax.set_yscale("log")
    else:
        ax.set_ylim(bottom=min(0, *losses))
    ax.set(xlabel="epoch", ylabel="loss")
    for each in axes.flat:
        each.xaxis.get_major_locator().set_params(integer=True)
        each.grid(color="#dddddd")
        each.spines[["top", "right"]].set_visible(False)
    caption = (
        f"Learning curves of {one.model} with its best parameters, fitted to the "
        f"training rows{again}."
    )
    return "learning_curves", caption, figure


def _fit_with_validation(result: Any, table: Any) -> Any:
    prefix = "model__" if table.task == "classification" else "model__regressor__"
    pipeline = clone(result.fitted)
    pipeline.set_params(
        **{
            prefix + "early_stopping": True,
            prefix + "n_iter_no_change": pipeline.get_params()[prefix + "max_iter"],
        }
    )
    with warnings.catch_warnings(), resources(result.model, table.n_features):
        warnings.simplefilter("ignore")
        try:
            pipeline.fit(table.X_train, table.y_train)
        except ValueError:  # too few rows to set some aside
            return None
    return bare(pipeline)


def _epochs(values: Any) -> np.ndarray:
    return np.arange(1, len(values) + 1)
