"""Fitted networks as models of other libraries."""

from typing import Any

import numpy as np
from sklearn import neural_network
from sklearn.base import is_classifier
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils.validation import check_is_fitted

from ._engine.losses import LOSSES
from ._estimator.targets import LabelTargets
from .layers import Activation, Dense, Dropout, GaussianNoise, Softmax

# What scikit-learn's has, of parameters of the same name and meaning
CHOICES = {
    "activation": ("identity", "logistic", "relu", "tanh"),
    "learning_rate": ("adaptive", "constant", "invscaling"),
    "loss": ("poisson", "squared_error"),
    "solver": ("adam", "lbfgs", "sgd"),
}
IDLE = (Dropout, GaussianNoise, Softmax)  # in predictions, or said by the targets
FITTED = (
    "best_loss_",
    "best_validation_score_",
    "feature_names_in_",
    "loss_",
    "loss_curve_",
    "n_features_in_",
    "n_iter_",
    "n_layers_",
    "n_outputs_",
    "t_",
    "validation_scores_",
)


def to_sklearn(mlp: Any) -> Any:
    """A fitted MLP as scikit-learn's own, which needs nothing of this package.

    It has the same weights and predicts the same, to rounding; parameters that
    scikit-learn knows are taken over. A ``normalize_y=True`` becomes a part of the
    last layer.

    Parameters
    ----------
    mlp : MLPClassifier or MLPRegressor
        Fitted.

    Returns
    -------
    sklearn.neural_network.MLPClassifier or sklearn.neural_network.MLPRegressor

    Raises
    ------
    ValueError
        If the network has a part that scikit-learn's lacks, which is named.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknn_course import MLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> mlp = MLPClassifier(solver="lbfgs", dropout=0.1, random_state=0).fit(X, y)
    >>> theirs = mlp.to_sklearn()
    >>> type(theirs).__module__.partition(".")[0]
    'sklearn'
    >>> bool((theirs.predict(X) == mlp.predict(X)).all())
    True
    """
    check_is_fitted(mlp)
    activation = _activation_of(mlp)
    coefs = [np.array(coef) for coef in mlp.coefs_]
    intercepts = [np.array(intercept) for intercept in mlp.intercepts_]
    targets = mlp._targets
    if targets.mean is not None:
        coefs[-1] = (coefs[-1] * targets.scale).astype(coefs[-1].dtype)
        intercepts[-1] = (intercepts[-1] * targets.scale + targets.mean).astype(
            intercepts[-1].dtype
        )
    name = "MLPClassifier" if is_classifier(mlp) else "MLPRegressor"
    theirs = getattr(neural_network, name)()
    given = mlp.get_params(deep=False)
    given["activation"] = activation
    given["hidden_layer_sizes"] = tuple(coef.shape[1] for coef in coefs[:-1])
    theirs.set_params(
        **{
            name: given[name]
            for name in theirs.get_params(deep=False).keys() & given.keys()
            if given[name] in CHOICES.get(name, [given[name]])
        }
    )
    for name in (name for name in FITTED if hasattr(mlp, name)):
        setattr(theirs, name, getattr(mlp, name))
    theirs.coefs_, theirs.intercepts_ = coefs, intercepts
    theirs.out_activation_ = _output_activation(mlp)
    if is_classifier(mlp):
        theirs.classes_ = mlp.classes_
        theirs._label_binarizer = LabelBinarizer().fit(mlp.classes_)
        if isinstance(targets, LabelTargets):
            theirs._label_binarizer = targets.binarizer
    return theirs


def _activation_of(mlp: Any) -> str:
    """The one activation of all hidden layers, where scikit-learn has it."""
    layers, _ = mlp._structure
    for layer in layers:
        if not isinstance(layer, (Activation, Dense, *IDLE)):
            raise ValueError(
                f"scikit-learn's MLPs have no {type(layer).__name__}, as this network "
                "has: fit one without, or export it with skl2onnx.to_onnx."
            )
    names = {layer.function for layer in layers if isinstance(layer, Activation)}
    unknown = names - {*CHOICES["activation"]}
    if unknown:
        raise ValueError(
            f"scikit-learn's MLPs have no activation={unknown.pop()!r}: fit one of "
            f"{list(CHOICES['activation'])}, or export it with skl2onnx.to_onnx."
        )
    return names.pop() if names else "relu"  # of no hidden layer


def _output_activation(mlp: Any) -> str:
    """By scikit-learn's name."""
    return LOSSES[mlp._settings["loss"]].output
