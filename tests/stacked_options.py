"""Options that differ within a stack."""

from stacked_fits import SMALL_RATE

DIFFERING = [
    dict(alpha=0.01, dropout=0.2, momentum=0.8, rho=0.85, noise=0.1),
    dict(alpha=1.0, l1=1e-3, input_dropout=0.1, learning_rate="cosine", beta_1=0.8),
    dict(l2=0.01, dropout=0.4, learning_rate="one_cycle", beta_2=0.99, max_iter=12),
    dict(weight_decay=0.1, learning_rate="step", decay_epochs=4, shuffle=False),
]


def each(name, *values, **common):
    """Options that differ within the stack, and options of all."""
    return [{name: value} for value in values], common


OF_SGD = {
    "momentum": each("momentum", 0.0, 0.5, 0.9, 0.95),
    "momentum, no nesterov": each(
        "momentum", 0.0, 0.5, 0.9, 0.95, nesterovs_momentum=False
    ),
    "learning_rate of scikit-learn": (
        [
            dict(learning_rate="invscaling", power_t=0.2),
            dict(learning_rate="invscaling"),
            dict(learning_rate="adaptive", tol=10, n_iter_no_change=2),
            dict(learning_rate="constant"),
        ],
        {},
    ),
}
OF_ADAM = {
    "beta_1": each("beta_1", 0.0, 0.5, 0.9, 0.95),
    "beta_2": each("beta_2", 0.9, 0.99, 0.999, 0.5),
    "epsilon": each("epsilon", 1e-8, 1e-6, 1e-4, 1e-3),
    "learning_rate_init": each("learning_rate_init", 0.01, 0.003, 0.02, 0.001),
    "learning_rate": each(
        "learning_rate", "constant", "exponential", "inverse_time", "cosine"
    ),
    "learning_rate per step": each("max_iter", 30, 20, 9, learning_rate="one_cycle"),
    "decay_rate": each(
        "decay_rate", 0.5, 0.8, 0.9, None, learning_rate="step", decay_epochs=3
    ),
    "alpha": each("alpha", 0.0, 1e-4, 1.0, 10.0),
    "l1": each("l1", 0.0, 1e-4, 1e-3, 1e-2),
    "l2": each("l2", 0.0, 1e-4, 1e-2, 1e-1),
    "l1 and l2 of biases": (
        [dict(l1=0.01), dict(l2=0.1), dict(l1=1e-3, l2=0.01), dict(alpha=1.0)],
        dict(penalize_bias=True),
    ),
    "weight_decay": each("weight_decay", 0.0, 0.01, 0.1, 1.0),
    "shuffle": each("shuffle", True, False),
    "weight_init": each("weight_init", "glorot", "he_normal", "normal(0.3)"),
    "tol": each("tol", 1e-4, 0.02, 0.04, 10, n_iter_no_change=3),
}
OF_ALL = {
    "random_state": each("random_state", 0, 7, 3, 2**32 - 1),
    "dropout": each("dropout", 0.0, 0.1, 0.3, 0.6),
    "equal dropout": each("random_state", 1, 2, 3, 4, dropout=0.3, input_dropout=0.1),
    "input_dropout": each("input_dropout", 0.0, 0.05, 0.1, 0.2),
    "noise": each("noise", 0.0, 0.01, 0.1, 0.3),
    "equal noise": each("random_state", 1, 2, 3, 4, noise=0.1),
    # with small rates: at 0.05, a change of the data by 1e-15 changes losses by 5e-5
    "batch_norm": each("alpha", 0.0, 0.1, 1.0, 2.0, batch_norm=True, **SMALL_RATE),
    "batch_norm_momentum": each(
        "dropout",
        *(0.0, 0.1, 0.2, 0.3),
        batch_norm=True,
        batch_norm_momentum=0.02,
        batch_norm_epsilon=0.01,
        **SMALL_RATE,
    ),
    "batch_norm before": each(
        "dropout", 0.0, 0.1, 0.2, 0.3, batch_norm="before", **SMALL_RATE
    ),
    "batch_norm after": each(
        "noise", 0.0, 0.1, 0.2, 0.3, batch_norm="after", **SMALL_RATE
    ),
    "max_iter": each("max_iter", 30, 1, 12, 2),
    "early_stopping": (
        [
            dict(validation_fraction=0.1, n_iter_no_change=2),
            dict(validation_fraction=0.3, tol=0.01, n_iter_no_change=3),
            dict(validation_fraction=0.2),
            dict(validation_fraction=0.4, n_iter_no_change=1),
        ],
        dict(early_stopping=True, batch_size=8),
    ),
    "early_stopping, batch_norm": each(
        "dropout",
        *(0.0, 0.1, 0.2, 0.3),
        early_stopping=True,
        validation_fraction=0.25,
        batch_norm=True,
        n_iter_no_change=5,
        batch_size=8,
        **SMALL_RATE,
    ),
    "class_weight": each(
        "class_weight", "balanced", {0: 3.0}, {1: 0.5, 2: 2.0}, {0: 0.1}
    ),
}

# what fits may go on with
GOING_ON = {
    "sgd": {},
    "adam": {},
    "nadam": {},
    "one cycle": dict(solver="sgd", learning_rate="one_cycle"),
    "inverse time": dict(solver="sgd", learning_rate="inverse_time", decay_rate=0.1),
    "cosine": dict(solver="sgd", learning_rate="cosine"),
    "noise": dict(solver="sgd", noise=0.1),
    "batch norm": dict(solver="sgd", batch_norm=True),
}
