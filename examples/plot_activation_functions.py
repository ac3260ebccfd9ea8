"""
Activation functions and their derivatives
==========================================

The derivative decides how much of the gradient a neuron passes on.
"""

import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import cross_val_score

from sknn_course import MLPClassifier
from sknn_course.plotting import ActivationFunctionsDisplay

# %%
# All functions of the parameter ``activation``.
ActivationFunctionsDisplay.from_functions()

# %%
# The sigmoid's derivative is at most 1/4, at zero; the hyperbolic tangent's is 1.
display = ActivationFunctionsDisplay.from_functions(["logistic", "tanh"])
for name, derivative in display.derivatives.items():
    print(f"{name:9} largest derivative {derivative.max():.2f}")

# %%
# Softplus is a smooth ReLU, and its derivative is the sigmoid. Functions of one's own
# are differentiated too; the step of the first neurons has no slope to learn by.
ActivationFunctionsDisplay.from_functions(
    {
        "relu": torch.relu,
        "softplus": torch.nn.functional.softplus,
        "step": lambda z: (z > 0).to(z),
    }
)

# %%
# On an easy problem with one hidden layer, most of them serve.
X, y = load_digits(return_X_y=True)
for activation in ("identity", "logistic", "tanh", "relu", "elu", "gelu"):
    network = MLPClassifier(
        (50,), activation, early_stopping=True, learning_rate_init=0.01, random_state=0
    )
    scores = cross_val_score(network, X / 16, y, cv=4)
    print(f"{activation:9} {scores.mean():.3f} +- {scores.std(ddof=1):.3f}")
