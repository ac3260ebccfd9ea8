"""The pictures of a training, drawn by the displays."""

from functools import partial

COLOURS = {3072: (3, 32, 32)}  # rows of CIFAR-10; others are found by the displays


def draw_pictures(training, trained):
    """The pictures that a training asks for, as functions that draw them.

    Those of a single network show the first repetition that did not diverge.

    Parameters
    ----------
    training : Training
    trained : Trained

    Returns
    -------
    dict of str to callable
        Name to a function without arguments that returns a matplotlib Figure.

    Raises
    ------
    ValueError
        If the training asks for an unknown picture.
    """
    for name in training.pictures:
        if name not in PICTURES and name != "learning_curves":
            raise ValueError(
                f"pictures={training.pictures!r}: {name!r} is unknown, use "
                f"'learning_curves' or one of {list(PICTURES)}."
            )
    pictures = {}
    if any(len(curve) > 1 for runs in trained.result.curves.values() for curve in runs):
        pictures["learning_curves"] = partial(_learning_curves, trained)
    if any(one is not None for one in trained.estimators):
        for name in training.pictures:
            if name in PICTURES:
                pictures[name] = partial(PICTURES[name], training, trained)
    return pictures


def _first(trained):
    return next(one for one in trained.estimators if one is not None)


def _learning_curves(trained):
    from ..plotting import LossCurveDisplay

    curves = {
        name: [curve for curve in runs if curve]
        for name, runs in trained.result.curves.items()
    }
    of_part = "test" if trained.data.validation is None else "validation"
    names = {
        "train_loss": ("train_loss", "train_mse"),
        "validation_loss": (f"{of_part}_loss", f"{of_part}_mse"),
        "train_score": ("train_accuracy",),
        "validation_score": (f"{of_part}_accuracy",),
    }
    given = {
        argument: next((curves[one] for one in known if one in curves), None)
        for argument, known in names.items()
    }
    penalized = any(trained.result.metrics.get("penalty", ()))
    return LossCurveDisplay(**given, penalized=penalized).plot().figure_


def _first_layer(training, trained):
    from ..plotting import FirstLayerWeightsDisplay

    network = _first(trained)
    shape = COLOURS.get(trained.data.train[0].shape[1])
    display = FirstLayerWeightsDisplay.from_estimator(network, image_shape=shape)
    return display.figure_


def _filters(training, trained):
    from ..plotting import FiltersDisplay

    return FiltersDisplay.from_estimator(_first(trained)).figure_


def _predicted(training, trained):
    """Test rows with true and predicted classes."""
    estimator = _first(trained)
    X, y = trained.data.test
    if training.one_hot:
        return X, y, estimator.predict_proba(X).argmax(axis=1)
    return X, y, estimator.predict(X)


def _misclassified(training, trained):
    from ..plotting import MisclassifiedDisplay

    X, y, y_pred = _predicted(training, trained)
    shape = COLOURS.get(X.shape[1])
    display = MisclassifiedDisplay.from_predictions(X, y, y_pred, image_shape=shape)
    return display.figure_


def _confusion(training, trained):
    from matplotlib.figure import Figure
    from sklearn.metrics import ConfusionMatrixDisplay

    _, y, y_pred = _predicted(training, trained)
    figure = Figure(figsize=(5.2, 4.8), layout="constrained")
    ConfusionMatrixDisplay.from_predictions(
        y, y_pred, ax=figure.subplots(), cmap="Blues", colorbar=False
    )
    return figure


def _regression_fit(training, trained):
    from ..plotting import RegressionFitDisplay

    networks = [one for one in trained.estimators if one is not None]
    data = trained.data
    return RegressionFitDisplay.from_estimator(
        networks, *data.train, *data.test
    ).figure_


def _decision_boundary(training, trained):
    from matplotlib.figure import Figure
    from sklearn.inspection import DecisionBoundaryDisplay

    X, y = trained.data.test
    figure = Figure(figsize=(4.6, 4.2), layout="constrained")
    ax = figure.subplots()
    DecisionBoundaryDisplay.from_estimator(
        _first(trained),
        X,
        response_method="predict",
        eps=0.3,
        grid_resolution=300,
        alpha=0.35,
        cmap="coolwarm",
        ax=ax,
    )
    ax.scatter(*X.T, c=y, cmap="coolwarm", s=16, edgecolor="white", linewidth=0.4)
    ax.set(title="test rows", xlabel="$x_1$", ylabel="$x_2$", aspect="equal")
    return figure


def _weight_histogram(training, trained):
    from ..plotting import WeightHistogramDisplay

    return WeightHistogramDisplay.from_estimator(_first(trained)).figure_


PICTURES = {
    "first_layer": _first_layer,
    "filters": _filters,
    "misclassified": _misclassified,
    "confusion": _confusion,
    "regression_fit": _regression_fit,
    "decision_boundary": _decision_boundary,
    "weight_histogram": _weight_histogram,
}
CAPTIONS = {
    "first_layer": "Weights of the first neurons in the first layer.",
    "filters": "Filters of the first convolution.",
    "misclassified": "Test images that are classified wrongly.",
    "confusion": "Confusion matrix of the test rows.",
    "regression_fit": "Fitted curves with the training and test rows.",
    "decision_boundary": "Decision regions with the test rows.",
    "weight_histogram": "Weights and biases of the first layer, before and after "
    "training.",
}


def caption(name, curves=()):
    """What a picture shows, in words.

    Parameters
    ----------
    name : str
    curves : collection of str, default=()
        Names of the curves of the training.

    Returns
    -------
    str

    Examples
    --------
    >>> from sknn_course.course.pictures import caption
    >>> caption("gradient_norms")
    'Gradient norms.'
    >>> caption("learning_curves", ["train_mse", "test_mse"])
    'Mean squared error by epoch; training figures are means over the epoch, while \
the network learns, penalties included. The rows called validation are the test rows.'
    """
    if name != "learning_curves" or not curves:
        return CAPTIONS.get(name, name.replace("_", " ").capitalize() + ".")
    what = "Mean squared error" if "train_mse" in curves else "Loss and accuracy"
    text = (
        f"{what} by epoch; training figures are means over the epoch, while the "
        "network learns, penalties included."
    )
    if {"test_loss", "test_mse"} & set(curves):
        text += " The rows called validation are the test rows."
    return text
