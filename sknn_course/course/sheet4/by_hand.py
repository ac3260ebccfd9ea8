"""The network of the practical by hand: forward, loss, gradients, four programs."""

import numpy as np
import torch
from scipy.special import log_softmax, softmax
from torch import nn
from torch.nn import functional as F

from ..experiment import Check, Experiment, Findings
from ..theory import (
    TanhNetwork,
    cross_entropy,
    gradient_check,
    gradient_descent_step,
    numerical_gradient,
    tanh_network_forward,
    tanh_network_gradients,
)
from .settings import GROUP_MLP, circles_network


def draw_network(seed, n_hidden, n_inputs=2, n_outputs=2, std=0.3):
    """Normal weights of standard deviation ``std``, biases of zero."""
    rng = np.random.RandomState(seed)
    return TanhNetwork(
        std * rng.randn(n_hidden, n_inputs),
        np.zeros(n_hidden),
        std * rng.randn(n_outputs, n_hidden),
        np.zeros(n_outputs),
    )


def forward(context):
    """y = softmax(tanh(x Wh^T + bh) Wy^T + by), and how many hidden units it takes."""
    network = draw_network(context.seed, 5)
    network = network._replace(bh=np.arange(5) / 10, by=np.array([0.2, -0.1]))
    data = context.data("circles")
    X = data.train[0][:8].astype(float)
    h, scores = tanh_network_forward(network, X)
    Wh, bh, Wy, by = map(torch.tensor, network)
    of_torch = F.linear(torch.tanh(F.linear(torch.tensor(X), Wh, bh)), Wy, by)
    y_hat = softmax(scores, axis=1)
    sizes = (1, 2, 3, 5, 10, 20, 50)
    models = context.fit(
        [circles_network(context, n_hidden=n) for n in sizes], *data.train
    )
    return Findings(
        checks=[
            Check(
                "h",
                h,
                right=torch.tanh(F.linear(torch.tensor(X), Wh, bh)).numpy(),
                tolerance=1e-12,
            ),
            Check("scores", scores, right=of_torch.numpy(), tolerance=1e-12),
            Check(
                "rows of y sum to 1", y_hat.sum(1), right=np.ones(8), tolerance=1e-12
            ),
            Check(
                "y of class 1 is logistic in the difference of the scores",
                y_hat[:, 1],
                right=1 / (1 + np.exp(scores[:, 0] - scores[:, 1])),
                tolerance=1e-12,
            ),
        ],
        tables={
            "Hidden units, 150 passes over the circles": [
                {
                    "n_h": n,
                    "training loss": model.loss_,
                    "training accuracy": model.score(*data.train),
                    "test accuracy": model.score(*data.test),
                }
                for n, model in zip(sizes, models, strict=True)
            ]
        },
        notes=[
            "The rule of thumb, the mean of n_x and n_y, would be 2: two tanh units "
            "cannot close a circle. The estimator has one logistic output for two "
            "classes, which is the softmax of two scores written with their difference."
        ],
    )


def loss(context):
    """-sum y s + ln sum e^s in both forms, and where the second one fails."""
    rng = np.random.RandomState(context.seed)
    scores, Y = 3 * rng.randn(6, 4), np.eye(4)[[0, 1, 2, 3, 0, 1]]
    large = np.array([[800.0, -800.0]]), np.array([[0.0, 1.0]])
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        exponentials = np.exp(large[0])
        naive = -np.sum(large[1] * np.log(exponentials / exponentials.sum()))
    return Findings(
        checks=[
            Check(
                "-sum y ln softmax(s)",
                cross_entropy(scores, Y),
                right=-np.mean((Y * np.log(softmax(scores, axis=1))).sum(1)),
                tolerance=1e-12,
            ),
            Check(
                "-sum y log_softmax(s), the stable form",
                cross_entropy(scores, Y),
                right=-np.mean((Y * log_softmax(scores, axis=1)).sum(1)),
                tolerance=1e-12,
            ),
            Check(
                "scores 800 and -800, class of the latter",
                cross_entropy(*large),
                right=1600.0,
            ),
            Check(
                "the first form there: no number", bool(np.isfinite(naive)), right=False
            ),
            Check(
                "two equal scores: ln 2",
                100 * cross_entropy([[0.0, 0.0]], [[1, 0]]),
                published=69.35,
                right=69.31,
                tolerance=0.005,
            ),
        ],
        notes=[
            "The log prints losses times 100: 69.35 at the start is about 100 ln 2, "
            "that of a network which knows nothing."
        ],
    )


def gradients(context):
    """Gradients by hand against central differences, and what is printed wrongly."""
    network = draw_network(context.seed, 5, std=0.7)
    rng = np.random.RandomState(context.seed)
    X, Y = rng.randn(6, 2), np.eye(2)[rng.randint(2, size=6)]
    by_hand = tanh_network_gradients(network, X, Y)[1]
    checks = []
    for name in TanhNetwork._fields:

        def of_parameter(value, name=name):
            changed = network._replace(**{name: value})
            return cross_entropy(tanh_network_forward(changed, X)[1], Y)

        check = gradient_check(
            of_parameter, getattr(by_hand, name), getattr(network, name)
        )
        checks.append(
            Check(
                f"d{name}, relative error",
                check.relative_error,
                right=0.0,
                tolerance=1e-7,
            )
        )
    z = np.array([-1.5, -0.2, 0.4, 2.0])
    slope = numerical_gradient(lambda z: np.tanh(z).sum(), z)
    summed = tanh_network_gradients(network, X, Y, reduction="sum")[1]
    e = softmax(tanh_network_forward(network, X)[1], axis=1) - Y
    return Findings(
        checks=[
            *checks,
            Check("dh/dh~ = 1 - h^2", 1 - np.tanh(z) ** 2, right=slope, tolerance=1e-9),
            Check(
                "the printed 1 - h~^2 is another number",
                bool(np.allclose(1 - z**2, slope, atol=0.01)),
                right=False,
            ),
            Check("dby of a batch: sum of y_hat - y", summed.by, right=e.sum(0)),
        ],
        notes=[
            "The practical sums gradients over the batch. Divided by the number of "
            "rows they are those of the mean loss, which torch takes: its learning "
            "rate for the same steps is the batch size times the practical's."
        ],
    )


LEARNING_RATE, BATCH, PASSES = 0.3, 10, 3


def four_programs(context):
    """Manual gradients, autograd, modules with a loss, an optimizer: equal numbers."""
    X, y = context.data("circles").train
    X = X.astype(float)
    start = draw_network(context.seed, 10)
    orders = [np.random.RandomState(p).permutation(len(X)) for p in range(PASSES)]
    batches = [
        order[at : at + BATCH] for order in orders for at in range(0, len(X), BATCH)
    ]
    programs = {
        "all by hand": by_hand_steps,
        "autograd": _autograd,
        "modules and loss": _modules,
        "optimizer": _optimizer,
    }
    ends = {
        name: [np.asarray(p) for p in program(start, X, y, batches)]
        for name, program in programs.items()
    }
    first = ends["all by hand"]
    rows, checks = [], []
    for name, end in ends.items():
        scores = tanh_network_forward(TanhNetwork(*end), X)[1]
        accuracy = np.mean(scores.argmax(1) == y)
        rows.append(
            {
                "program": name,
                "loss": cross_entropy(scores, np.eye(2)[y]),
                "training accuracy": accuracy,
            }
        )
        checks += [
            Check(f"{name}: {field}", ours, right=theirs, tolerance=1e-10)
            for field, ours, theirs in zip(TanhNetwork._fields, end, first, strict=True)
            if name != "all by hand"
        ]
    return Findings(checks=checks, tables={f"After {PASSES} passes": rows})


def by_hand_steps(start, X, y, batches, learning_rate=LEARNING_RATE):
    """The network after a step for each batch of rows."""
    network = start
    for rows in batches:
        _, of_batch = tanh_network_gradients(network, X[rows], np.eye(2)[y[rows]])
        network = gradient_descent_step(network, of_batch, learning_rate)
    return network


def _autograd(start, X, y, batches):
    parameters = [torch.tensor(p, requires_grad=True) for p in start]
    X, y = torch.tensor(X), torch.tensor(y)
    for rows in batches:
        Wh, bh, Wy, by = parameters
        scores = torch.tanh(X[rows] @ Wh.T + bh) @ Wy.T + by
        of_true = scores[torch.arange(len(rows)), y[rows]]
        (torch.logsumexp(scores, 1) - of_true).mean().backward()
        with torch.no_grad():
            for p in parameters:
                p -= LEARNING_RATE * p.grad
                p.grad = None
    return [p.detach() for p in parameters]


def _sequential(start):
    n_hidden, n_inputs = start.Wh.shape
    model = nn.Sequential(
        nn.Linear(n_inputs, n_hidden), nn.Tanh(), nn.Linear(n_hidden, len(start.by))
    ).double()
    with torch.no_grad():
        for parameter, value in zip(model.parameters(), start, strict=True):
            parameter.copy_(torch.tensor(value))
    return model


def _modules(start, X, y, batches):
    model, criterion = _sequential(start), nn.CrossEntropyLoss()
    X, y = torch.tensor(X), torch.tensor(y)
    for rows in batches:
        model.zero_grad()
        criterion(model(X[rows]), y[rows]).backward()
        with torch.no_grad():
            for p in model.parameters():
                p -= LEARNING_RATE * p.grad
    return [p.detach() for p in model.parameters()]


def _optimizer(start, X, y, batches):
    model, criterion = _sequential(start), nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=LEARNING_RATE)
    X, y = torch.tensor(X), torch.tensor(y)
    for rows in batches:
        optimizer.zero_grad()
        criterion(model(X[rows]), y[rows]).backward()
        optimizer.step()
    return [p.detach() for p in model.parameters()]


EXPERIMENTS = (
    Experiment(
        "S4.02",
        "The network of the circles",
        GROUP_MLP,
        "x, tanh(x Wh^T + bh), softmax(h Wy^T + by) with n_x = n_y = 2. n_h is not "
        "given (a rule of thumb is quoted, the mean of n_x and n_y): a table of sizes.",
        forward,
        errata=("h~ = x Wh^T is printed without b_h, whose gradient is used later.",),
    ),
    Experiment(
        "S4.03",
        "Cross-entropy from scores",
        GROUP_MLP,
        "-sum y_i s_i + ln sum e^(s_i), equal to -sum y ln softmax(s), without "
        "overflow.",
        loss,
    ),
    Experiment(
        "S4.04",
        "Gradients by hand",
        GROUP_MLP,
        "Of scores y_hat - y, and from there of Wy, by, h~, Wh and bh, checked by "
        "central differences.",
        gradients,
        errata=(
            "dh/dh~ is printed as 1 - h~^2: it is 1 - tanh(h~)^2 = 1 - h^2. The "
            "element of Wy is W_y,ji, and the 'dot product' is elementwise.",
            "Gradients of biases are printed as the transposed error, which holds for "
            "one sample: of a batch it is the sum over its rows.",
        ),
    ),
    Experiment(
        "S4.05",
        "Four equal programs",
        GROUP_MLP,
        "All by hand; autograd; layers as modules with a loss; an optimizer. From the "
        "same weights and batches: 10 hidden units, rate 0.3 on the mean loss, batches "
        "of 10, 3 passes (ours).",
        four_programs,
    ),
)
