"""The CIFAR-10 network of the sheet, as all of its runs and studies train it."""

import re

from ...cnn import CNNClassifier
from ..networks import cifar_cnn
from ..training import run_settings
from .trainings import ROWS

GROUP = "CIFAR-10 and overfitting"


SETUP = ROWS.params["cifar"]
CONV_DROPOUT = (0.2, 0.3, 0.4)


# "One fully connected layer with 2048 units" is read as the 2,048 flattened values:
# with a hidden layer, B and E end 0.05 and 0.08 below their figures after 125 epochs.
HIDDEN_UNITS = None


def network(context, n_epochs, layers=None, **params):
    """The sheet's network for a study.

    Parameters
    ----------
    context : Context
    n_epochs : int
    layers : tuple of Layer, default=None
        None is the base network.
    **params : dict
        In place of `SETUP`.

    Returns
    -------
    CNNClassifier
    """
    layers = cifar_cnn(hidden_units=HIDDEN_UNITS) if layers is None else layers
    settings = {**SETUP, "architecture": layers, "max_iter": n_epochs, **params}
    return CNNClassifier(**settings, **run_settings(context))


def fit_variants(context, variants, rows, n_epochs):
    """Train variants of the network on the first rows, and measure them.

    Parameters
    ----------
    context : Context
    variants : dict of str to CNNClassifier
    rows : int
        Training rows; as many test rows, at least 1,000, are for validation.
    n_epochs : int

    Returns
    -------
    table : list of dict
        A row for each variant.
    curves : dict of str to dict of str to list
        By variant: losses and accuracies of each epoch.
    """
    data = context.data("cifar10_10000", rows)
    X_val, y_val = (part[: max(rows, 1000)] for part in data.test)
    fitted = context.fit(list(variants.values()), *data.train, X_val=X_val, y_val=y_val)
    table, curves = [], {}
    for name, cnn in zip(variants, fitted, strict=True):
        curves[name] = {
            "train_loss": cnn.loss_curve_,
            "validation_loss": cnn.validation_loss_curve_,
            "train_accuracy": cnn.training_score_curve_,
            "validation_accuracy": cnn.validation_scores_,
        }
        table.append(
            {"variant": name, "rows": rows, "epochs": n_epochs}
            | {curve: values[-1] for curve, values in curves[name].items()}
        )
    return table, curves


def curve_pictures(curves, penalized=()):
    """A picture of the learning curves of each variant, some with a penalty."""

    def picture(name):
        def draw():
            from ...plotting import LossCurveDisplay

            return LossCurveDisplay.from_history(
                curves[name], penalized=name in penalized, title=name
            ).figure_

        return draw

    return {"_".join(re.findall(r"\w+", name)): picture(name) for name in curves}
