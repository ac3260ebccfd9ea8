"""What the sheet shows of its two trained networks: filters, errors, curves."""

from collections import Counter

import numpy as np
from sklearn.base import clone

from ...plotting.canvas import BLUE, ORANGE, tidy
from ...plotting.fitted_network import weights_of
from ..experiment import Check, Findings
from ..theory import loss_per_sample, weight_decay_loss
from ..training import make_estimators, prepare


def show_filters(context, id, n_filters, n_channels):
    """The filters of the first layer, before and after training."""
    network = context.fitted(id)[0]
    return Findings(
        checks=[
            Check(
                "filters, channels, height, width",
                network.coefs_[0].shape,
                published=(n_filters, n_channels, 5, 5),
            ),
            Check(
                "training moves the filters by a tenth of their size or more",
                _moved(network) > 0.1,
                right=True,
            ),
        ],
        pictures={
            "filters": lambda: _draw_filters(network, "fitted"),
            "filters_before_training": lambda: _draw_filters(network, "initial"),
        },
        notes=[f"Filters of the network of {id}, first repetition."],
    )


def _moved(network):
    """Distance of the first filters from their start, over their size there."""
    first, last = (weights_of(network, which)[0][0] for which in ("initial", "fitted"))
    return float(np.linalg.norm(last - first) / np.linalg.norm(first))


def _draw_filters(network, weights):
    from ...plotting import FiltersDisplay

    return FiltersDisplay.from_estimator(network, weights=weights).figure_


def show_misclassified(context, id, training, names=None):
    """Test images that are classified wrongly, and the commonest confusions."""
    network = context.fitted(id)[0]
    data = prepare(training, context.data(training.data), context.scale_of_fitted(id))
    X, y = data.test
    y_pred = network.predict(X)
    wrong = y_pred != y
    names = names or [str(one) for one in network.classes_]
    pairs = Counter(zip(y[wrong].tolist(), y_pred[wrong].tolist(), strict=True))
    return Findings(
        tables={
            "Commonest confusions": [
                {"true": names[true], "predicted": names[said], "images": count}
                for (true, said), count in pairs.most_common(8)
            ]
        },
        pictures={
            "misclassified": lambda: _draw_misclassified(
                context.data(training.data).test, y_pred, network.input_shape_, names
            )
        },
        notes=[f"{wrong.sum()} of {len(y)} test images are wrong, network of {id}."],
    )


def _draw_misclassified(test, y_pred, image_shape, names):
    from ...plotting import MisclassifiedDisplay

    X, y = (part[: len(y_pred)] for part in test)
    display = MisclassifiedDisplay.from_predictions(
        X, y, y_pred, image_shape=image_shape, class_names=names
    )
    return display.figure_


def show_iterations(context, training, weight_decay, published):
    """Loss and accuracy along the iterations, and the loss report at the end.

    Parameters
    ----------
    context : Context
    training : Training
        Of the network, which is trained again, in stretches of iterations.
    weight_decay : float
        Of the sheet's step, not the estimator's.
    published : dict of str to float
        'classification loss', 'weight decay loss', 'total loss'.

    Returns
    -------
    Findings
    """
    data = prepare(training, context.data(training.data), context.scale)
    (network,) = make_estimators(
        training, context.scale, 1, context.seed, context.device
    )
    n_epochs, batch = network.max_iter, network.batch_size
    network = clone(network).set_params(max_iter=1)
    X, y = data.train
    rows = np.arange(n_epochs * len(X))[: context.choose(10_000, None)] % len(X)
    n_stretches = min(context.choose(25, 60), len(rows) // batch)
    n_val = context.choose(500, 1000)
    X_val, y_val = (part[:n_val] for part in data.validation or data.test)
    curves = {name: [] for name in ("train_loss", "validation_loss")}
    curves |= {"train_accuracy": [], "validation_accuracy": []}
    for part in np.array_split(rows[: len(rows) // batch * batch], n_stretches):
        X_part, y_part = X[part], y[part]
        network.partial_fit(X_part, y_part, classes=np.unique(y))
        for name, pair in (
            ("train", (X_part, y_part)),
            ("validation", (X_val, y_val)),
        ):
            loss, accuracy = _loss_and_accuracy(network, *pair)
            curves[f"{name}_loss"].append(loss)
            curves[f"{name}_accuracy"].append(accuracy)
    decay_loss = weight_decay_loss(network.coefs_ + network.intercepts_, weight_decay)
    first = float(np.mean(curves["train_loss"][-5:]))
    ours = {
        "classification loss": first,
        "weight decay loss": decay_loss,
        "total loss": first + decay_loss,
    }
    n_iterations = len(rows) // batch
    return Findings(
        tables={
            "Loss report after the last iteration": [
                {"loss": name, "ours": value, "published": published.get(name)}
                for name, value in ours.items()
            ]
        },
        pictures={
            "accuracy_and_loss": lambda: _draw_iterations(
                curves, n_iterations / n_stretches
            )
        },
        notes=[
            f"{n_iterations} iterations of {batch} rows in {n_stretches} stretches; "
            "classification loss: mean of the last five, each on the rows just seen."
        ],
    )


def _loss_and_accuracy(network, X, y):
    proba = np.clip(network.predict_proba(X), 1e-7, None)
    losses, right = loss_per_sample(np.searchsorted(network.classes_, y), proba)
    return float(losses.mean()), float(right.mean())


def _draw_iterations(curves, stretch):
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.6, 3.2), layout="constrained")
    for ax, what in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
        for color, part in zip((BLUE, ORANGE), ("train", "validation"), strict=True):
            values = curves[f"{part}_{what}"]
            iterations = stretch * np.arange(1, len(values) + 1)
            ax.plot(iterations, values, color=color, label=part)
        ax.set(xlabel="iteration", ylabel=what)
        ax.legend(frameon=False)
        tidy(ax)
    return figure
