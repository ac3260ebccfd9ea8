"""Pictures of a comparison, as matplotlib figures that no window shows."""

import warnings

import numpy as np
from sklearn.base import clone
from sklearn.inspection import DecisionBoundaryDisplay
from sklearn.metrics import ConfusionMatrixDisplay, PredictionErrorDisplay

from sknn_course.comparison.candidates import NEURAL, bare
from sknn_course.comparison.resources import resources

BLUE, ORANGE, GREY = "#0b5394", "#c55a11", "#8a8a8a"
MOST_CLASSES_WITH_NUMBERS = 12


def draw_figures(board):
    """Draw every picture that a comparison allows.

    Parameters
    ----------
    board : Leaderboard

    Returns
    -------
    list of tuple (str, str, Figure)
        File name without ending, caption and picture.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    ranked = [one for one in board.ranked if one.ok]
    drawings = [
        scores_figure(board, ranked),
        learning_curves_figure(board.table, ranked),
        predictions_figure(board.table, ranked[0]),
        models_figure(board.table, ranked),
    ]
    return [drawn for drawn in drawings if drawn is not None]


def _new_figure(width, height, n_rows=1, n_columns=1, **kwargs):
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained", dpi=150)
    return figure, figure.subplots(n_rows, n_columns, squeeze=False, **kwargs)


def scores_figure(board, ranked):
    """Draw each estimator's scores on the folds and on the test rows."""
    figure, ((ax,),) = _new_figure(7, 1.3 + 0.42 * len(ranked))
    positions = np.arange(len(ranked))[::-1]
    for position, one in zip(positions, ranked, strict=True):
        label = "one fold" if position == 0 else None
        ax.plot(
            one.cv_scores,
            np.full(len(one.cv_scores), position),
            "o",
            color=BLUE,
            alpha=0.35,
            markeredgewidth=0,
            label=label,
        )
    ax.plot(
        [one.cv_mean for one in ranked],
        positions,
        "|",
        color=BLUE,
        markersize=16,
        markeredgewidth=2.5,
        label="mean of the folds",
    )
    ax.plot(
        [one.test_score for one in ranked],
        positions,
        "D",
        markerfacecolor="none",
        markeredgecolor=ORANGE,
        markeredgewidth=1.6,
        label="test rows",
    )
    ax.set_yticks(positions, [one.model for one in ranked])
    ax.set_ylim(-0.6, len(ranked) - 0.4)
    label = {"accuracy": "accuracy", "r2": "$R^2$"}[board.scoring]
    left, right = _score_limits(ranked)
    ax.set_xlim(left, right)
    for position, one in zip(positions, ranked, strict=True):
        if one.cv_mean < left:
            ax.annotate(
                f"\N{LEFTWARDS ARROW} {one.cv_mean:.3f}",
                (0, position),
                xycoords=("axes fraction", "data"),
                xytext=(4, 0),
                textcoords="offset points",
                va="center",
                color=BLUE,
            )
    ax.set_xlabel(label)
    ax.grid(axis="x", color="#dddddd")
    ax.set_axisbelow(True)
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.tick_params(axis="y", length=0)
    figure.legend(loc="outside upper center", ncols=3, frameon=False)
    caption = (
        "Scores of each estimator with its best parameters, best mean first. The "
        "spread over the folds says how much a difference means."
    )
    return "scores", caption, figure


def _score_limits(ranked):
    """Limits that show differences: what lies far below would squeeze them."""
    dummy = next(one.cv_mean for one in ranked if one.model == "dummy")
    others = [one for one in ranked if one.model != "dummy"] or ranked
    scores = np.array([[*one.cv_scores, one.test_score] for one in others])
    high = scores.max()
    # R2 has no lower bound
    low = min(high - 0.01, max(scores.min(), dummy - 0.5 * (1 - dummy)))
    if low - (high - low) < dummy:
        low, high = min(low, dummy), max(high, dummy)
    margin = 0.06 * (high - low)
    return low - margin, high + margin


def learning_curves_figure(table, ranked):
    """Draw the learning curves of the best network.

    A network that set no rows aside is fitted once more with a tenth of them
    for validation, since losses on training rows alone do not show overfitting.
    """
    networks = [one for one in ranked if one.model in NEURAL]
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
    figure, axes = _new_figure(7, 3, 1, 1 if scores is None else 2)
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


def _fit_with_validation(result, table):
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


def _epochs(values):
    return np.arange(1, len(values) + 1)


def predictions_figure(table, best):
    """Draw predicted against true targets of the best estimator's test rows."""
    predicted = best.fitted.predict(table.X_test)
    if table.task == "regression":
        from matplotlib.ticker import AutoLocator, ScalarFormatter

        figure, ((ax,),) = _new_figure(4.8, 4.8)
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
            xlabel=f"predicted {table.target_name}",
            ylabel=f"true {table.target_name}",
            xlim=ax.get_xlim(),
            ylim=ax.get_xlim(),
        )
        ax.set_aspect("equal", adjustable="box")
        ax.spines[["top", "right"]].set_visible(False)
        caption = f"Predicted against true targets of the test rows, {best.model}."
        return "predicted_against_true", caption, figure
    n_classes = len(np.unique(table.y_test))
    with_numbers = n_classes <= MOST_CLASSES_WITH_NUMBERS
    side = np.clip(0.55 * n_classes + 1.5, 3.2, 7)
    figure, ((ax,),) = _new_figure(side, side)
    ConfusionMatrixDisplay.from_predictions(
        table.y_test,
        predicted,
        ax=ax,
        cmap="Blues",
        colorbar=not with_numbers,
        include_values=with_numbers,
        xticks_rotation="horizontal" if _short(table.y_test) else 45,
        values_format="d",
    )
    caption = f"Confusion matrix of the test rows, {best.model}."
    return "confusion_matrix", caption, figure


def _short(classes):
    return max(len(str(one)) for one in np.unique(classes)) <= 5


def models_figure(table, ranked):
    """Draw what each estimator has learnt, where there are one or two features."""
    ranked = [one for one in ranked if one.model != "dummy"]
    if not table.numeric or not ranked:
        return None
    if table.task == "classification" and table.n_features == 2:
        return _boundaries(table, ranked)
    if table.task == "regression" and table.n_features == 1:
        return _curves(table, ranked)
    return None


def _panels(ranked):
    n_columns = min(3, len(ranked))
    n_rows = -(-len(ranked) // n_columns)
    figure, axes = _new_figure(
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


def _boundaries(table, ranked):
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap, to_rgb

    X = np.asarray(table.X_test)
    classes, codes = np.unique(table.y_test, return_inverse=True)
    colors = [BLUE, ORANGE]
    if len(classes) > 2:
        colors = [colormaps["tab20"](2 * (index % 10)) for index in range(len(classes))]
    pale = [0.3 * np.array(to_rgb(one)) + 0.7 for one in colors]
    figure, axes = _panels(ranked)
    for ax, one in zip(axes.flat, ranked, strict=False):
        DecisionBoundaryDisplay.from_estimator(
            one.fitted,
            table.X_test,
            response_method="predict",
            plot_method="pcolormesh",
            cmap=ListedColormap(pale),
            grid_resolution=200,
            eps=0.3,
            ax=ax,
            rasterized=True,
        )
        ax.scatter(
            *X.T,
            c=codes,
            cmap=ListedColormap(colors),
            s=9,
            edgecolors="white",
            linewidths=0.4,
        )
        ax.set_title(f"{one.model}  {one.test_score:.3f}", fontsize=10)
        ax.set(xlabel="", ylabel="")
    figure.supxlabel(table.feature_names[0], fontsize=10)
    figure.supylabel(table.feature_names[1], fontsize=10)
    caption = "Decision regions with the test rows and the score on them."
    return "decision_boundaries", caption, figure


def _curves(table, ranked):
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
        ax.set_title(f"{one.model}  {one.test_score:.3f}", fontsize=10)
        ax.spines[["top", "right"]].set_visible(False)
    values = np.concatenate([table.y_train, table.y_test])
    margin = 0.25 * np.ptp(values)
    axes[0, 0].set_ylim(values.min() - margin, values.max() + margin)
    figure.supxlabel(table.feature_names[0], fontsize=10)
    figure.supylabel(table.target_name, fontsize=10)
    return (
        "fitted_curves",
        "Fitted curves with training rows (grey dots), test rows (orange diamonds) "
        "and the score on the latter.",
        figure,
    )
