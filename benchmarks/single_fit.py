"""How long one fit takes beside scikit-learn, skorch and plain torch.

    python benchmarks/single_fit.py [--quick] [--repeats N] [--output FILE]

Every peer first shows that it goes through the same losses from the same initial
weights; then the sides are timed in turn, again and again. A time is that of a
whole fit, from arrays to a trained network with the initial weights drawn in
between, divided by the number of steps.
"""

import argparse
import json
import statistics
import warnings
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

import numpy as np
import torch
from machine import describe_machine
from plain_torch import pooled_first, train_autograd, train_written_out
from problems import make_convolutional, make_perceptrons
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier as TheirMLPClassifier
from skorch import NeuralNetBinaryClassifier, NeuralNetClassifier
from timing import check_agreement, ratio, time_in_turn
from torch import nn

OURS = "sknn_course"
# Adam's epsilon beside torch, which adds it at another place than scikit-learn: so
# small that the place does not matter.
EPSILON = 1e-12
RTOL = {"float32": 1e-3, "float64": 1e-7}
RTOL_OF_IMAGES = 5e-3  # max-pooling may take another of two pixels equal to rounding
# In float32 a unit near zero may be on in one fit and off in another, by rounding;
# that grows with every epoch.
MOST_EPOCHS = {"float32": 10, "float64": 100}
OUTPUT = Path(__file__).parent / "results" / "single_fit.json"


# One fit of each side, giving the loss of each epoch


def fit_estimator(make, problem, solver, shuffle, n_epochs):
    """An estimator with scikit-learn's parameters."""
    estimator = make(
        solver=solver,
        batch_size=problem.batch_size,
        learning_rate_init=problem.rates[solver],
        max_iter=n_epochs,
        n_iter_no_change=np.inf,
        shuffle=shuffle,
        random_state=0,
    )
    return estimator.fit(problem.X, problem.y).loss_curve_


def fit_skorch(problem, solver, shuffle, n_epochs):
    """skorch's default loop."""
    kind, criterion = (
        (NeuralNetBinaryClassifier, nn.BCEWithLogitsLoss)
        if problem.binary
        else (NeuralNetClassifier, nn.CrossEntropyLoss)
    )
    optimizer, settings = torch_optimizer(problem, solver)
    net = kind(
        problem.module(np.random.RandomState(0)),
        criterion=criterion,
        optimizer=optimizer,
        batch_size=problem.batch_size,
        max_epochs=n_epochs,
        iterator_train__shuffle=shuffle,
        train_split=None,
        verbose=0,
        **{f"optimizer__{name}": value for name, value in settings.items()},
    )
    y = problem.y.astype(np.float32) if problem.binary else problem.y
    return net.fit(problem.X, y).history[:, "train_loss"]


def fit_autograd(problem, solver, shuffle, n_epochs, change=lambda module: module):
    """A plain loop over the module that ``change`` makes of the network."""
    rng = np.random.RandomState(0)
    module = change(problem.module(rng))
    optimizer, settings = torch_optimizer(problem, solver)
    y = torch.from_numpy(problem.y)
    return train_autograd(
        module,
        nn.BCEWithLogitsLoss() if problem.binary else nn.CrossEntropyLoss(),
        optimizer(module.parameters(), fused=True, **settings),
        torch.from_numpy(problem.X),
        y[:, None].float() if problem.binary else y,
        orders(len(y), n_epochs, rng if shuffle else None),
        problem.batch_size,
    )


def fit_written_out(problem, solver, bias_rows, shuffle, n_epochs):
    """A plain loop with the gradients of a perceptron written out."""
    rng = np.random.RandomState(0)
    module = problem.module(rng)
    optimizer, settings = torch_optimizer(problem, solver)
    y = torch.from_numpy(problem.y)
    return train_written_out(
        module,
        optimizer(module.parameters(), **settings),
        torch.from_numpy(problem.X),
        (y[:, None] if problem.binary else nn.functional.one_hot(y)).float(),
        orders(len(y), n_epochs, rng if shuffle else None),
        problem.batch_size,
        bias_rows,
    )


def torch_optimizer(problem, solver):
    """scikit-learn's solver as an optimizer of torch, and its settings."""
    lr = problem.rates[solver]
    if solver == "adam":
        return torch.optim.Adam, {"lr": lr, "eps": EPSILON}
    return torch.optim.SGD, {"lr": lr, "momentum": 0.9, "nesterov": True}


def orders(n_rows, n_epochs, rng):
    """The order of the rows in each epoch, as scikit-learn's MLP draws it."""
    order = np.arange(n_rows)
    for _ in range(n_epochs):
        if rng is not None:
            places = np.arange(n_rows)
            rng.shuffle(places)
            order = order[places]
        yield torch.from_numpy(order)


def torch_peers(problem, solver):
    """skorch and the plain loops, by name."""
    autograd = partial(fit_autograd, problem, solver)
    written_out = partial(fit_written_out, problem, solver)
    channels_last = partial(nn.Module.to, memory_format=torch.channels_last)
    if problem.X.ndim == 2:
        plain = {
            "plain, autograd": autograd,
            "plain, written out": partial(written_out, False),
            "plain, written out, bias rows": partial(written_out, True),
        }
    else:
        plain = {
            "plain, autograd": autograd,
            "plain, channels last": partial(autograd, change=channels_last),
            "plain, channels last, pooled first": partial(
                autograd, change=lambda module: pooled_first(channels_last(module))
            ),
        }
    return {"skorch": partial(fit_skorch, problem, solver), **plain}


# Comparisons


def compare(problem, solver, ours, peers, repeats):
    """Prove that the peers agree with us, then time them beside us.

    Parameters
    ----------
    problem : Problem
    solver : str
    ours : callable
    peers : dict of str -> callable
        Like ``ours`` functions of ``shuffle`` and ``n_epochs``.
    repeats : int

    Returns
    -------
    dict
        Ready for JSON.
    """
    dtype = str(problem.X.dtype)
    rtol = RTOL_OF_IMAGES if problem.X.ndim == 4 else RTOL[dtype]
    # two epochs at least: the first loss is mostly that of the initial weights
    n_epochs = max(2, min(problem.n_epochs, MOST_EPOCHS[dtype]))
    our_losses = cache(partial(ours, n_epochs=n_epochs))
    agreement = {}
    for name, peer in peers.items():
        shuffle = name != "skorch"  # whose loader draws its own order
        losses = peer(shuffle=shuffle, n_epochs=n_epochs)
        agreement[name] = {
            "difference": check_agreement(our_losses(shuffle=shuffle), losses, rtol),
            "rtol": rtol,
            "shuffle": shuffle,
            "n_epochs": n_epochs,
        }
    fits = {OURS: ours, **peers}
    settings = {"shuffle": True, "n_epochs": problem.n_epochs}
    seconds = time_in_turn(
        {n: partial(f, **settings) for n, f in fits.items()}, repeats
    )
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    plain = [name for name in peers if name.startswith("plain")]
    rivals = [name for name in peers if name not in plain]
    if plain:
        rivals.append(min(plain, key=medians.get))  # the yardstick
    return {
        "problem": problem.name,
        "network": problem.network,
        "n_rows": len(problem.X),
        "batch_size": problem.batch_size,
        "solver": solver,
        "dtype": dtype,
        "n_epochs": problem.n_epochs,
        "n_steps": problem.n_steps,
        "agreement": agreement,
        "microseconds_per_step": {
            name: median / problem.n_steps * 1e6 for name, median in medians.items()
        },
        "ratios": {name: ratio(seconds[OURS], seconds[name]) for name in rivals},
    }


def comparisons(quick, repeats):
    """Yield the result of each comparison."""
    perceptrons, convolutional = make_perceptrons(quick), make_convolutional(quick)
    for problem in perceptrons:
        for dtype in RTOL:
            cast = replace(problem, X=problem.X.astype(dtype))
            make = partial(problem.estimator, dtype=None, device="cpu")
            make_theirs = partial(TheirMLPClassifier, **problem.estimator.keywords)
            for solver in problem.rates:
                ours = partial(fit_estimator, make, cast, solver)
                theirs = partial(fit_estimator, make_theirs, cast, solver)
                yield compare(cast, solver, ours, {"scikit-learn": theirs}, repeats)
    for problem in [*perceptrons, convolutional]:
        cast = replace(problem, X=problem.X.astype("float32"))
        make = partial(problem.estimator, alpha=0.0, epsilon=EPSILON, device="cpu")
        for solver in problem.rates:
            ours = partial(fit_estimator, make, cast, solver)
            yield compare(cast, solver, ours, torch_peers(cast, solver), repeats)


ROW = "{:18}  {:6}  {:7}  {:34}  {:>8}  {:>8}  {:>5}  {}"
HEADER = ROW.format(
    "problem", "solver", "dtype", "peer", "ours/us", "peer/us", "ratio", "range"
)


def table_lines(result):
    """A line for each peer that we are compared with; microseconds per step."""
    micro = result["microseconds_per_step"]
    for peer, of in result["ratios"].items():
        yield ROW.format(
            result["problem"],
            result["solver"],
            result["dtype"],
            peer,
            f"{micro[OURS]:.1f}",
            f"{micro[peer]:.1f}",
            f"{of['ratio']:.2f}",
            f"{of['min']:.2f} .. {of['max']:.2f}",
        )


def main(argv=None):
    """Run the benchmark, print a table, write the JSON file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="only a few steps each")
    parser.add_argument("--repeats", type=int, default=9, help="times of each side")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="JSON file")
    options = parser.parse_args(argv)
    if options.repeats < 1:
        parser.error(f"--repeats must be at least 1, got {options.repeats}")
    results = []
    print(HEADER)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        for result in comparisons(options.quick, options.repeats):
            results.append(result)
            print(*table_lines(result), sep="\n", flush=True)
    report = {
        "command": "python benchmarks/single_fit.py"
        + " --quick" * options.quick
        + f" --repeats {options.repeats}",
        "machine": describe_machine(),
        "results": results,
    }
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(report, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
