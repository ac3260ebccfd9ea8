"""What is measured of a fitted estimator."""

import numpy as np
from sklearn.base import is_regressor
from sklearn.metrics import accuracy_score, log_loss, mean_squared_error

from .theory import predicts_one_value

PARTS = ("train", "validation", "test")


def measure(estimator, data, one_hot=False, further_losses=None):
    """Measure losses and scores on training, validation and test rows.

    In evaluation mode, after the last step, and without penalties; these are the
    metric 'penalty' where the estimator has any.

    Parameters
    ----------
    estimator : fitted classifier or regressor
    data : Bunch
        ``train``, ``validation`` and ``test``, pairs (X, y) or None.
    one_hot : bool, default=False
        Whether the estimator has learned the 0/1 indicators of the classes 0, 1, ...
    further_losses : mapping of str to callable, default=None
        Functions of (y, probabilities).

    Returns
    -------
    metrics : dict of str to float
        'train_loss', 'train_accuracy', 'test_loss' and so on; of a regressor
        'train_mse', 'test_mse'. No losses where there are no probabilities.
    stuck : bool
        Whether it predicts (nearly) one value for all test rows.

    Examples
    --------
    >>> from sklearn.svm import SVC
    >>> from sknn_course.course.data import load
    >>> from sknn_course.course.metrics import measure
    >>> data = load("circles")
    >>> metrics, stuck = measure(SVC().fit(*data.train), data)
    >>> sorted(metrics), metrics["test_accuracy"] > 0.9, stuck
    (['test_accuracy', 'train_accuracy'], True, False)
    """
    metrics = {}
    for part in PARTS:
        if data[part] is None:
            continue
        if part == "test" and data.test is data.validation:
            metrics |= {
                name.replace("validation", "test"): value
                for name, value in metrics.items()
                if name.startswith("validation")
            }
            continue
        X, y = data[part]
        values, y_pred = _measure_part(estimator, X, y, one_hot, further_losses)
        metrics |= {f"{part}_{name}": value for name, value in values.items()}
    added = penalty(estimator)
    if added is not None:
        metrics["penalty"] = added
    y_true = data.test[1] if is_regressor(estimator) else None
    return metrics, predicts_one_value(y_pred, y_true)


def _measure_part(estimator, X, y, one_hot, further_losses):
    if is_regressor(estimator):
        y_pred = estimator.predict(X)
        return {"mse": mean_squared_error(y, y_pred)}, y_pred
    if not hasattr(estimator, "predict_proba"):
        y_pred = estimator.predict(X)
        return {"accuracy": accuracy_score(y, y_pred)}, y_pred
    # float64: scikit-learn clips probabilities at the epsilon of their type
    proba = estimator.predict_proba(X).astype(np.float64)
    classes = np.arange(proba.shape[1]) if one_hot else estimator.classes_
    y_pred = classes[proba.argmax(axis=1)]
    values = {"accuracy": accuracy_score(y, y_pred)}
    if one_hot:
        values["loss"] = sum(
            log_loss(y == k, proba[:, k], labels=[False, True]) for k in classes
        )
    else:
        proba /= proba.sum(axis=1, keepdims=True)
        values["loss"] = log_loss(y, proba, labels=classes)
    for name, function in (further_losses or {}).items():
        values[name] = float(function(y, proba))
    return values, y_pred


def penalty(estimator):
    """Penalty terms of a fitted network's loss.

    ``l1 sum |w| + l2 sum w^2`` over the weights, and the biases where they are
    penalised.

    Parameters
    ----------
    estimator : fitted estimator

    Returns
    -------
    float or None
        None for an estimator without ``l1`` and ``l2``, or where both are zero.

    Examples
    --------
    >>> from sknn_course import MLPClassifier
    >>> from sknn_course.course.metrics import penalty
    >>> mlp = MLPClassifier((3,), l2=0.5, max_iter=1, solver="sgd", random_state=0)
    >>> import warnings
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore")
    ...     mlp = mlp.fit([[0.0], [1.0]], [0, 1])
    >>> w = sum((coef**2).sum() for coef in mlp.coefs_)
    >>> bool(abs(penalty(mlp) - 0.5 * w) < 1e-6)
    True
    """
    l1, l2 = getattr(estimator, "l1", 0.0), getattr(estimator, "l2", 0.0)
    if not (l1 or l2):
        return None
    arrays = estimator.coefs_
    if estimator.penalize_bias:
        arrays = arrays + estimator.intercepts_
    return float(sum(l1 * np.abs(w).sum() + l2 * np.square(w).sum() for w in arrays))


def curves(estimator, has_validation, one_hot=False):
    """Losses and accuracies of each epoch.

    Those of the training rows are means over the epoch, with dropout and noise, while
    the network learns, and the loss holds the penalties, as Keras reports them.

    Parameters
    ----------
    estimator : fitted estimator
    has_validation : bool
        Whether the rows that were evaluated after each epoch are validation rows,
        else test rows.
    one_hot : bool, default=False
        Then there are no accuracies: the scores ask for all outputs to be right.

    Returns
    -------
    dict of str to list of float
        'train_loss', 'train_accuracy', 'validation_loss', 'validation_accuracy', or
        'test_...' for the latter two; of a regressor 'train_mse', 'test_mse'. Empty
        where there are no epochs.
    """
    part = "validation" if has_validation else "test"
    losses = getattr(estimator, "loss_curve_", None)
    if losses is None:
        return {}
    of_part = getattr(estimator, "validation_loss_curve_", None)
    if is_regressor(estimator):  # trained on half the squared error
        found = {"train_mse": [2 * one for one in losses]}
        if of_part is not None:
            found[f"{part}_mse"] = [2 * one for one in of_part]
        return found
    found = {"train_loss": losses}
    if of_part is not None:
        found[f"{part}_loss"] = of_part
        if not one_hot:
            found["train_accuracy"] = estimator.training_score_curve_
            found[f"{part}_accuracy"] = estimator.validation_scores_
    return {name: [float(one) for one in values] for name, values in found.items()}
