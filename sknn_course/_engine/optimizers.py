"""Solvers: a row of `SOLVERS` is all that is known of one.

An update is ``update(p, g, state, lr, c, t)``, in place: flat parameters p and
gradient g, which it may overwrite, the solver's moments by name, the learning rate,
the solver's `Coefficients`, and the number t of this step, counted from 1. The rate
is a number where all models of the stack agree, else a tensor with a value for each
parameter; t is a number or of shape (K,).

'sgd' and 'adam' are scikit-learn's: momentum includes the learning rate; adam's
epsilon stands beside the uncorrected root (last line of section 2 of [1]_). The
others are torch's; 'lbfgs' is scipy's, as in scikit-learn.

References
----------
.. [1] D. Kingma, J. Ba, "Adam", ICLR 2015 (section 7.1: AdaMax).
.. [2] T. Dozat, "Incorporating Nesterov momentum into Adam", 2016.
.. [3] M. Zeiler, "ADADELTA", 2012.
.. [4] J. Duchi, E. Hazan, Y. Singer, "Adaptive subgradient methods", JMLR 2011.
.. [5] G. Hinton, "Neural networks for machine learning", lecture 6e, 2012.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from scipy.optimize import OptimizeResult, minimize
from torch import Tensor, optim

from .settings import Settings

Moments = dict[str, Tensor]
Number = float | Tensor  # a tensor where the networks of a stack differ


class Coefficients(SimpleNamespace):
    """A solver's coefficients: numbers, or tensors with a value for each parameter.

    Attributes
    ----------
    <name of the coefficient> : bool, float or tensor of shape (K n_parameters,)
    per_model : namespace
        The same, as numbers or tensors of shape (K,).
    are_numbers : bool
        Whether all networks agree in all of them.
    expand : callable
        Brings a tensor of shape (K,) to parameters; what is a number stays one.
    memory : dict of str -> tensor
        For the update's own use.
    """

    @classmethod
    def of_settings(
        cls,
        solver: Solver,
        settings: Sequence[Settings],
        per_model: Callable[[list], Any],
        expand: Callable[[Any], Any],
    ) -> Coefficients:
        """Gather those of a stack's jobs.

        ``per_model`` makes one number of equal ones, else a tensor of shape (K,).
        """
        values = {
            name: per_model([getattr(one, name) for one in settings])
            for name in solver.coefficients
        }
        return cls(
            **{name: expand(value) for name, value in values.items()},
            per_model=SimpleNamespace(**values),
            are_numbers=not any(isinstance(v, Tensor) for v in values.values()),
            expand=expand,
            memory={},
        )

    def replaced(self, **values: float) -> Coefficients:
        """A copy with other values, for a network that is alone."""
        one = copy(self)
        one.per_model = copy(self.per_model)
        vars(one).update(values)
        vars(one.per_model).update(values)
        return one


def add_scaled_(p: Tensor, x: Tensor, factor: Number) -> Tensor:
    """p += factor x, with a number or a tensor of factors."""
    if isinstance(factor, Tensor):
        return p.addcmul_(x, factor)
    return p.add_(x, alpha=factor)


def _sub_ratio_(
    p: Tensor, numerator: Tensor, denominator: Tensor, factor: Number
) -> Tensor:
    """p -= factor numerator / denominator."""
    if isinstance(factor, Tensor):
        return p.sub_(numerator / denominator * factor)
    return p.addcdiv_(numerator, denominator, value=-factor)


def _decay_square_(v: Tensor, g: Tensor, decay: Number) -> Tensor:
    """v = decay v + (1 - decay) g^2"""
    return v.lerp_(g * g, 1 - decay)


def sgd(
    p: Tensor, g: Tensor, state: Moments, lr: Number, c: Coefficients, t: Number
) -> None:
    """u = momentum u + lr g; p -= u, or with Nesterov p -= momentum u + lr g."""
    u = state["descent"]  # scikit-learn's velocity, with the other sign
    g.mul_(lr)
    if isinstance(c.momentum, Tensor):
        u.mul_(c.momentum).add_(g)
        if c.nesterovs_momentum:
            p.sub_(g).sub_(u * c.momentum)
        else:
            p.sub_(u)
        return
    torch._fused_sgd_(
        [p], [g], [u] if c.momentum else [],
        lr=1.0, momentum=c.momentum, nesterov=c.nesterovs_momentum,
        weight_decay=0.0, dampening=0.0, maximize=False, is_first_step=False,
    )  # fmt: skip


def adam(
    p: Tensor, g: Tensor, state: Moments, lr: Number, c: Coefficients, t: Number
) -> None:
    """p -= lr sqrt(1 - b2^t) / (1 - b1^t) m / (sqrt(v) + epsilon)"""
    m, v = state["mean"], state["square"]
    root_correction = c.expand((1 - c.per_model.beta_2**t) ** 0.5)
    if c.are_numbers and type(t) is int:
        memory, one_rate = c.memory, type(lr) is float
        if "step_count" not in memory:
            memory["step_count"] = torch.zeros((), device=p.device)
        if not one_rate and "change" not in memory:
            memory["change"] = torch.zeros_like(p)
        target = p if one_rate else memory["change"]
        # torch's kernel has sqrt(v) / root_correction + eps in the denominator;
        # its decoupled decay of 1 replaces the last change by this one
        torch._fused_adamw_(
            [target], [g], [m], [v], [], [memory["step_count"].fill_(t)],
            lr=lr if one_rate else 1.0, beta1=c.beta_1, beta2=c.beta_2,
            eps=c.epsilon / root_correction,
            weight_decay=0.0 if one_rate else 1.0, amsgrad=False, maximize=False,
        )  # fmt: skip
        if not one_rate:
            add_scaled_(p, target, lr)
        return
    m.lerp_(g, 1 - c.beta_1)
    _decay_square_(v, g, c.beta_2)
    _sub_ratio_(
        p,
        m,
        v.sqrt().add_(c.epsilon),
        lr * root_correction / c.expand(1 - c.per_model.beta_1**t),
    )


def nadam(
    p: Tensor, g: Tensor, state: Moments, lr: Number, c: Coefficients, t: Number
) -> None:
    """Adam with Nesterov momentum; mu_t = b1 (1 - 0.96^(0.004 t) / 2)."""
    m, v = state["mean"], state["square"]
    mu = c.expand(c.per_model.beta_1 * (1 - 0.5 * 0.96 ** (t * 0.004)))
    next_mu = c.expand(c.per_model.beta_1 * (1 - 0.5 * 0.96 ** ((t + 1) * 0.004)))
    product = state["mu_product"]
    product.mul_(mu)
    m.lerp_(g, 1 - c.beta_1)
    _decay_square_(v, g, c.beta_2)
    denominator = (v / c.expand(1 - c.per_model.beta_2**t)).sqrt_().add_(c.epsilon)
    _sub_ratio_(p, g, denominator, lr * (1 - mu) / (1 - product))
    _sub_ratio_(p, m, denominator, lr * next_mu / (1 - product * next_mu))


def rmsprop(
    p: Tensor, g: Tensor, state: Moments, lr: Number, c: Coefficients, t: Number
) -> None:
    """v = rho v + (1 - rho) g^2; p -= lr g / (sqrt(v) + epsilon)"""
    v = _decay_square_(state["square"], g, c.rho)
    _sub_ratio_(p, g, v.sqrt().add_(c.epsilon), lr)


def adagrad(
    p: Tensor, g: Tensor, state: Moments, lr: Number, c: Coefficients, t: Number
) -> None:
    """v += g^2; p -= lr g / (sqrt(v) + epsilon)"""
    v = state["square"].addcmul_(g, g)
    _sub_ratio_(p, g, v.sqrt().add_(c.epsilon), lr)


def adadelta(
    p: Tensor, g: Tensor, state: Moments, lr: Number, c: Coefficients, t: Number
) -> None:
    """p -= lr d with d = g sqrt(u + epsilon) / sqrt(v + epsilon), u the mean of d^2"""
    v = _decay_square_(state["square"], g, c.rho)
    u = state["update"]
    delta = ((u + c.epsilon) / (v + c.epsilon)).sqrt_().mul_(g)
    _decay_square_(u, delta, c.rho)
    add_scaled_(p, delta, -lr)


def adamax(
    p: Tensor, g: Tensor, state: Moments, lr: Number, c: Coefficients, t: Number
) -> None:
    """u = max(b2 u, |g| + epsilon); p -= lr / (1 - b1^t) m / u"""
    m, u = state["mean"], state["largest"]
    m.lerp_(g, 1 - c.beta_1)
    torch.maximum(u.mul_(c.beta_2), g.abs_().add_(c.epsilon), out=u)
    _sub_ratio_(p, m, u, lr / c.expand(1 - c.per_model.beta_1**t))


def lbfgs(
    objective: Callable, start: np.ndarray, settings: Settings, callback: Callable
) -> OptimizeResult:
    """Minimise a function that gives value and gradient, by L-BFGS-B."""
    return minimize(
        objective,
        start,
        method="L-BFGS-B",
        jac=True,
        options={
            "maxfun": settings.max_fun,
            "maxiter": settings.max_iter,
            "gtol": settings.tol,
        },
        callback=callback,
    )


class Moment(NamedTuple):
    """What a solver remembers of each parameter, beginning with ``start``.

    ``start`` is a number, or the name of the parameter of the estimators that has it.
    ``name`` is that in the state of torch.optim, which has one number for a whole
    tensor if ``is_single``, and the moment over the learning rate if
    ``includes_rate``.
    """

    name: str
    start: float | str = 0.0
    is_single: bool = False
    includes_rate: bool = False

    def start_of(self, rule: Mapping[str, Any]) -> float:
        """The number that it begins with, of an `OptimizerState`'s rule."""
        return rule[self.start] if isinstance(self.start, str) else self.start


@dataclass(frozen=True)
class Solver:
    """What is known of a solver.

    Parameters
    ----------
    torch : type
        Of torch.optim.
    update : callable, optional
        A step of a stochastic solver, see above.
    minimize : callable, optional
        In place of ``update``, a loop of the solver's own over all rows at once.
    coefficients : mapping of str -> str
        Parameters of the estimators -> names in a group of torch.optim; those of
        one name are a tuple there.
    moments : mapping of str -> Moment
    ignores : tuple of str
        Schedules of the learning rate without effect.
    """

    torch: type[optim.Optimizer]
    update: Callable[..., None] | None = None
    minimize: Callable[..., OptimizeResult] | None = None
    coefficients: Mapping[str, str] = field(default_factory=dict)
    moments: Mapping[str, Moment] = field(default_factory=dict)
    ignores: tuple[str, ...] = ()

    @property
    def is_full_batch(self) -> bool:
        """Whether it has a loop of its own over all rows, without epochs."""
        return self.minimize is not None

    def torch_names(self) -> dict[str, tuple[str, ...]]:
        """Names in a group of torch.optim -> coefficients."""
        names: dict[str, tuple[str, ...]] = {}
        for own, name in self.coefficients.items():
            names[name] = (*names.get(name, ()), own)
        return names

    def torch_group(self, settings: Settings) -> dict[str, Any]:
        """What a group of torch.optim holds for some settings."""
        values = {
            name: tuple(getattr(settings, one) for one in own)
            for name, own in self.torch_names().items()
        }
        return {n: v if len(v) > 1 else v[0] for n, v in values.items()}


_BETAS = {"beta_1": "betas", "beta_2": "betas", "epsilon": "eps"}
_MEAN, _MEAN_SQUARE = Moment("exp_avg"), Moment("exp_avg_sq")

SolverName = Literal[
    "adadelta", "adagrad", "adam", "adamax", "lbfgs", "nadam", "rmsprop", "sgd"
]
SOLVERS = {
    "adam": Solver(
        optim.Adam,
        adam,
        coefficients=_BETAS,
        moments={"mean": _MEAN, "square": _MEAN_SQUARE},
        ignores=("invscaling", "adaptive"),  # as in scikit-learn
    ),
    "sgd": Solver(
        optim.SGD,
        sgd,
        coefficients={"momentum": "momentum", "nesterovs_momentum": "nesterov"},
        moments={"descent": Moment("momentum_buffer", includes_rate=True)},
    ),
    "rmsprop": Solver(
        optim.RMSprop,
        rmsprop,
        coefficients={"rho": "alpha", "epsilon": "eps"},
        moments={"square": Moment("square_avg")},
    ),
    "adagrad": Solver(
        optim.Adagrad,
        adagrad,
        coefficients={
            "epsilon": "eps",
            "initial_accumulator": "initial_accumulator_value",
        },
        moments={"square": Moment("sum", "initial_accumulator")},
    ),
    "adadelta": Solver(
        optim.Adadelta,
        adadelta,
        coefficients={"rho": "rho", "epsilon": "eps"},
        moments={"square": Moment("square_avg"), "update": Moment("acc_delta")},
    ),
    "adamax": Solver(
        optim.Adamax,
        adamax,
        coefficients=_BETAS,
        moments={"mean": _MEAN, "largest": Moment("exp_inf")},
    ),
    "nadam": Solver(
        optim.NAdam,
        nadam,
        coefficients=_BETAS,
        moments={
            "mean": _MEAN,
            "square": _MEAN_SQUARE,
            "mu_product": Moment("mu_product", 1.0, is_single=True),
        },
    ),
    "lbfgs": Solver(optim.LBFGS, minimize=lbfgs),
}


def is_full_batch(name: object) -> bool:
    """Whether this names a solver with a loop of its own, without epochs."""
    return isinstance(name, str) and name in SOLVERS and SOLVERS[name].is_full_batch


COEFFICIENTS = tuple(
    dict.fromkeys(name for row in SOLVERS.values() for name in row.coefficients)
)
RULE = ("solver", "learning_rate", "learning_rate_init", "power_t", *COEFFICIENTS)


@dataclass
class OptimizerState:
    """What a solver remembers of one network between fits.

    Attributes
    ----------
    rule : dict
        The settings of `RULE`, kept from the first fit.
    learning_rate : float
        The rate of the next step.
    n_steps, n_epochs : int
        Steps and epochs done.
    moments : dict of str -> tensor of shape (n_parameters,), or None
        The solver's state; None before the first step.
    """

    rule: dict[str, Any]
    learning_rate: float
    n_steps: int = 0
    n_epochs: int = 0
    moments: dict[str, Any] | None = None

    @classmethod
    def of_settings(cls, settings: Settings) -> OptimizerState:
        """The state before the first step."""
        rule = {name: getattr(settings, name) for name in RULE}
        return cls(rule, float(settings.learning_rate_init))

    def keep_rule(self, settings: Settings) -> Settings:
        """Settings with the rule this state was made for, as scikit-learn keeps it."""
        return replace(settings, **self.rule)

    def start(self, solver: str, like: Tensor) -> Moments:
        """Make the moments of step zero, on the device of the tensor ``like``."""
        if self.moments is None:
            self.moments = {
                name: torch.full_like(like, moment.start_of(self.rule))
                for name, moment in SOLVERS[solver].moments.items()
            }
        self.moments = {
            name: moment.to(like.dtype) for name, moment in self.moments.items()
        }
        return self.moments
