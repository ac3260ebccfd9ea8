"""
A step of backpropagation, by hand
==================================

Two samples, a 2-4-1 network with ReLUs and a linear output: every value of the
forward pass, of the backward pass and of the update.
"""

import matplotlib.pyplot as plt
import numpy as np

from sknn_course.course.theory import (
    WORKED_EXAMPLE,
    backpropagation_step,
    gradient_check,
)

for name, value in WORKED_EXAMPLE.items():
    print(name, np.array2string(np.asarray(value), prefix=f"{name} "))

# %%
# The forward pass: z before the ReLU, a after it.
step = backpropagation_step(**WORKED_EXAMPLE)
for name in ("z1", "a1", "y_hat"):
    print(name)
    print(getattr(step, name))

# %%
# The errors: of the output, then through W2 and the ReLU's gates to the hidden layer.
for name in ("delta2", "delta1"):
    print(name)
    print(getattr(step, name))

# %%
# The parameters after a step of the learning rate along the mean gradient.
for name, value in step.updated.items():
    print(name)
    print(value)

# %%
# Are the gradients right? Central differences of the loss say so.


def loss_of(W1):
    step = backpropagation_step(**{**WORKED_EXAMPLE, "W1": W1})
    return step.loss_before / len(WORKED_EXAMPLE["X"])


print(gradient_check(loss_of, step.gradients["W1"], WORKED_EXAMPLE["W1"]))

# %%
# The direction is right, yet this step is too long: the loss rises. Along the same
# direction, any rate below 0.4 lowers it.
rates = np.linspace(0, 0.5, 101)
losses = [
    backpropagation_step(**{**WORKED_EXAMPLE, "learning_rate": rate}).loss_after
    for rate in rates
]
figure, ax = plt.subplots(figsize=(5, 3.4), layout="constrained")
ax.plot(rates, losses, color="#0b5394")
ax.axhline(step.loss_before, color="#8a8a8a", linestyle="--", label="before the step")
ax.set(xlabel="learning rate", ylabel="loss after the step")
ax.legend(frameon=False)
print(f"before {step.loss_before}, after a step of 0.5 {step.loss_after}")
print(f"best rate {rates[np.argmin(losses)]:.3f}, loss {min(losses):.3f}")
