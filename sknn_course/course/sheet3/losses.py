"""S3.10-S3.13: which output goes with which loss, and further activations."""

import warnings
from math import log

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss
from sklearn.metrics import mean_squared_error as sklearn_mean_squared_error

from ..._engine.ops.activations import ACTIVATIONS
from ...mlp import MLPClassifier, MLPRegressor
from ..experiment import Check, Experiment, Findings
from ..theory import (
    binary_cross_entropy,
    log_likelihood_loss,
    mean_squared_error,
    numerical_gradient,
)
from .settings import LOSSES_GROUP, PLAIN_SGD, agreement

NO_MEAN = (
    "The log-likelihood loss is printed without 1/p, beside 1/(2p) of the mean squared "
    "error and 1/p of the cross-entropy. The sheet's own losses are means."
)


def _first_loss(estimator, X, y):
    """Loss of an untrained network on all rows, and its predictions."""
    estimator.set_params(
        **PLAIN_SGD,
        learning_rate_init=1e-30,
        alpha=0.0,
        batch_size=len(X),
        max_iter=1,
        dtype="float64",
        device="cpu",
        random_state=0,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        estimator.fit(X, y)
    return estimator.loss_curve_[0], estimator


def _rows(context, n_outputs):
    """Random rows, and the values of random outputs before their activation."""
    rng = np.random.RandomState(context.seed)
    return rng.normal(size=(40, 3)), rng.normal(size=(40, n_outputs)), rng


def regression(context):
    """S3.10: linear output and 1/(2p) sum (y - y_hat)^2, gradient (y_hat - y) / p."""
    X, z, rng = _rows(context, 2)
    y = rng.normal(size=z.shape)
    p, n_outputs = y.shape
    gradient = numerical_gradient(lambda out: mean_squared_error(y, out), z)
    loss, network = _first_loss(MLPRegressor(hidden_layer_sizes=(5,)), X, y)
    return Findings(
        checks=[
            Check(
                "course's loss: scikit-learn's times outputs / 2",
                mean_squared_error(y, z),
                right=sklearn_mean_squared_error(y, z) * n_outputs / 2,
                tolerance=1e-12,
            ),
            agreement(
                "gradient (ŷ - y) / p and central differences",
                (z - y) / p,
                gradient,
                1e-8,
            ),
            Check(
                "MLPRegressor's loss times outputs",
                loss * n_outputs,
                right=mean_squared_error(y, network.predict(X)),
                tolerance=1e-12,
            ),
        ],
        notes=[
            "The estimators' squared_error is scikit-learn's, half the mean over "
            "outputs; the course sums over outputs. With one output both agree."
        ],
    )


def multi_label(context):
    """S3.11: logistic outputs and cross-entropy, gradient (y_hat - y) / p."""
    X, z, rng = _rows(context, 3)
    y = rng.randint(0, 2, z.shape)
    gradient = numerical_gradient(
        lambda out: binary_cross_entropy(y, 1 / (1 + np.exp(-out))), z
    )
    y_hat = 1 / (1 + np.exp(-z))
    loss, network = _first_loss(MLPClassifier((5,)), X, y)
    binary_loss, binary = _first_loss(MLPClassifier((5,)), X, y[:, 0])
    return Findings(
        checks=[
            Check(
                "1/p, summed over outputs: scikit-learn's log losses",
                binary_cross_entropy(y, y_hat),
                right=sum(log_loss(y[:, k], y_hat[:, k]) for k in range(3)),
                tolerance=1e-12,
            ),
            agreement(
                "gradient (ŷ - y) / p before the logistic and central differences",
                (y_hat - y) / len(y),
                gradient,
                1e-8,
            ),
            Check(
                "MLPClassifier with three labels",
                loss,
                right=binary_cross_entropy(y, network.predict_proba(X)),
                tolerance=1e-12,
            ),
            Check(
                "MLPClassifier with two classes",
                binary_loss,
                right=binary_cross_entropy(y[:, 0], binary.predict_proba(X)[:, 1]),
                tolerance=1e-12,
            ),
        ]
    )


def multi_class(context):
    """S3.12: softmax and log-likelihood, a mean over the samples."""
    X, z, rng = _rows(context, 4)
    y = np.arange(40) % 4
    probabilities = torch.softmax(torch.tensor(z), 1).numpy()
    gradient = numerical_gradient(
        lambda out: log_likelihood_loss(y, torch.softmax(torch.tensor(out), 1).numpy()),
        z,
    )
    loss, network = _first_loss(MLPClassifier((5,)), X, y)
    return Findings(
        checks=[
            Check(
                "-1/p Σ ln ŷ of the true class: scikit-learn's log loss",
                log_likelihood_loss(y, probabilities),
                right=log_loss(y, probabilities),
                tolerance=1e-12,
            ),
            agreement(
                "gradient (ŷ - y) / p before the softmax and central differences",
                (probabilities - np.eye(4)[y]) / len(y),
                gradient,
                1e-8,
            ),
            Check(
                "MLPClassifier with four classes",
                loss,
                right=log_likelihood_loss(y, network.predict_proba(X)),
                tolerance=1e-12,
            ),
            Check(
                "ten equal probabilities, beside the stuck network of S3.80",
                log_likelihood_loss(np.arange(10), np.full((10, 10), 0.1)),
                2.302881,
                right=log(10),
                tolerance=1e-9,
            ),
        ],
        notes=[
            "The stuck network's printed loss, 2.302881 on 10,000 images, is ln 10: "
            "the printed losses are means, not sums."
        ],
    )


def further_activations(context):
    """S3.13: the activations of the networks, and two steps that cannot learn."""
    from ...plotting import ActivationFunctionsDisplay

    z = torch.linspace(-3, 3, 60, dtype=torch.double)  # without 0, where some bend
    findings, rows = Findings(), []
    for name, rule in ACTIVATIONS.items():
        a = rule.forward(z.clone())
        kept = z if rule.keeps == "z" else a
        derivative = rule.backward(torch.ones_like(z), kept)
        step = 1e-6
        differences = (rule.forward(z + step) - rule.forward(z - step)) / (2 * step)
        findings.checks.append(
            agreement(
                f"derivative of {name} and central differences",
                derivative.numpy(),
                differences.numpy(),
                1e-8,
            )
        )
        rows.append(
            {
                "activation": name,
                **{
                    f"f({value:+d})": float(
                        rule.forward(torch.tensor([float(value)], dtype=torch.double))
                    )
                    for value in (-2, 0, 2)
                },
                "largest slope in [-3, 3]": float(derivative.max()),
            }
        )
    findings.tables["Activations of the networks"] = rows
    shown = {
        "Heaviside": lambda x: (x >= 0).to(x.dtype),
        "sign": torch.sign,
        **{
            name: ACTIVATIONS[name].module()
            for name in ("logistic", "tanh", "relu", "leaky_relu", "elu", "softplus")
        },
    }
    findings.pictures["activations"] = lambda: (
        (
            ActivationFunctionsDisplay.from_functions(shown, z=np.linspace(-4, 4, 800))
        ).figure_
    )
    findings.notes.append(
        "Heaviside and sign have the derivative 0 wherever they have one: gradient "
        "descent learns nothing through them, so the estimators do not offer them."
    )
    return findings


EXPERIMENTS = (
    Experiment(
        id="S3.10",
        title="Linear output and mean squared error",
        group=LOSSES_GROUP,
        about="1/(2p), summed over outputs: regression.",
        procedure=regression,
    ),
    Experiment(
        id="S3.11",
        title="Logistic output and cross-entropy",
        group=LOSSES_GROUP,
        about="1/p, summed over outputs: two classes, or several labels of a row.",
        procedure=multi_label,
    ),
    Experiment(
        id="S3.12",
        title="Softmax output and log-likelihood",
        group=LOSSES_GROUP,
        about="-ln of the probability of the true class: several classes.",
        procedure=multi_class,
        errata=(NO_MEAN,),
    ),
    Experiment(
        id="S3.13",
        title="Further activations",
        group=LOSSES_GROUP,
        about="Heaviside, sign, tanh, ReLU and its variants, with derivatives.",
        procedure=further_activations,
    ),
)
