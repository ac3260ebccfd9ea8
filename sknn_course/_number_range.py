"""Hyperparameters lie in the range of the floating type that a fit computes in."""

import numpy as np

LARGEST = 1e30  # of what is named before the floating type is known
MARGIN = 1e8  # for the factors of the training step, such as 1 / (1 - beta)
FACTORS = (
    "alpha",
    "decay_rate",
    "l1",
    "l2",
    "learning_rate_init",
    "noise",
    "weight_decay",
)
DIVISORS = ("batch_norm_epsilon", "epsilon", "grad_clip")  # must not become 0


def check_number_range(estimator, dtype):
    """Refuse hyperparameters that overflow in training, or vanish as divisors.

    Parameters
    ----------
    estimator : estimator
        With the attributes FACTORS and DIVISORS.
    dtype : numpy.dtype
        What the fit computes in.

    Raises
    ------
    ValueError
    """
    limits = np.finfo(dtype)
    largest, smallest = float(limits.max) / MARGIN, float(limits.tiny)
    for name in FACTORS + DIVISORS:
        value = getattr(estimator, name)
        if value is None:
            continue
        if value > largest:
            problem, right = "large", f"at most {largest:.2g}"
        elif name in DIVISORS and value < smallest:
            problem, right = "small", f"at least {smallest:.2g}"
        else:
            continue
        wider = "" if dtype == np.float64 else ", or take dtype='float64'"
        raise ValueError(
            f"{name}={value!r} is too {problem} to compute with in {dtype}: give "
            f"{right}{wider}."
        )
