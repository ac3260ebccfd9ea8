"""Stochastic solvers as updates in place, name -> (state, rule).

A rule is ``rule(p, g, state, lr, h, t)``: flat parameters p and gradient g, the
solver's state by name, the learning rate, the hyperparameters h, and the number t of
this step, counted from 1. The rate and hyperparameters are numbers where all models
of the stack agree, else tensors with a value for each parameter; t and what ends in
``_of_model`` are numbers or of shape (K,), which ``h.spread`` brings to parameters.

'sgd' and 'adam' are scikit-learn's: momentum includes the learning rate; adam's
epsilon stands beside the uncorrected root (last line of section 2 of [1]_). The
others are torch's.

References
----------
.. [1] D. Kingma, J. Ba, "Adam", ICLR 2015.
.. [2] T. Dozat, "Incorporating Nesterov momentum into Adam", 2016.
.. [3] M. Zeiler, "ADADELTA", 2012.
.. [4] J. Duchi, E. Hazan, Y. Singer, "Adaptive subgradient methods", JMLR 2011.
.. [5] G. Hinton, "Neural networks for machine learning", lecture 6e, 2012.
"""

from dataclasses import dataclass, replace

import torch


def add_scaled_(p, x, factor):
    """p += factor x, with a number or a tensor of factors."""
    if isinstance(factor, torch.Tensor):
        return p.addcmul_(x, factor)
    return p.add_(x, alpha=factor)


def _sub_ratio_(p, numerator, denominator, factor):
    """p -= factor numerator / denominator."""
    if isinstance(factor, torch.Tensor):
        return p.sub_(numerator / denominator * factor)
    return p.addcdiv_(numerator, denominator, value=-factor)


def _decay_square_(v, g, decay):
    """v = decay v + (1 - decay) g^2"""
    return v.lerp_(g * g, 1 - decay)


def sgd(p, g, state, lr, h, t):
    """u = momentum u + lr g; p -= u, or with Nesterov p -= momentum u + lr g."""
    u = state["descent"]  # scikit-learn's velocity, with the other sign
    g.mul_(lr)
    if isinstance(h.momentum, torch.Tensor):
        u.mul_(h.momentum).add_(g)
        if h.nesterovs_momentum:
            p.sub_(g).sub_(u * h.momentum)
        else:
            p.sub_(u)
        return
    torch._fused_sgd_(
        [p], [g], [u] if h.momentum else [],
        lr=1.0, momentum=h.momentum, nesterov=h.nesterovs_momentum,
        weight_decay=0.0, dampening=0.0, maximize=False, is_first_step=False,
    )  # fmt: skip


def adam(p, g, state, lr, h, t):
    """p -= lr sqrt(1 - b2^t) / (1 - b1^t) m / (sqrt(v) + epsilon)"""
    m, v = state["mean"], state["square"]
    root_correction = h.spread((1 - h.beta_2_of_model**t) ** 0.5)
    if h.one_kernel and type(t) is int:
        one_rate = type(lr) is float
        if h.change is None and not one_rate:
            h.change = torch.zeros_like(p)
        target = p if one_rate else h.change
        # torch's kernel has sqrt(v) / root_correction + eps in the denominator;
        # its decoupled decay of 1 replaces the last change by this one
        torch._fused_adamw_(
            [target], [g], [m], [v], [], [h.step_count.fill_(t)],
            lr=lr if one_rate else 1.0, beta1=h.beta_1, beta2=h.beta_2,
            eps=h.epsilon / root_correction,
            weight_decay=0.0 if one_rate else 1.0, amsgrad=False, maximize=False,
        )  # fmt: skip
        if not one_rate:
            p.addcmul_(target, lr)
        return
    m.lerp_(g, 1 - h.beta_1)
    _decay_square_(v, g, h.beta_2)
    _sub_ratio_(
        p,
        m,
        v.sqrt().add_(h.epsilon),
        lr * root_correction / h.spread(1 - h.beta_1_of_model**t),
    )


def nadam(p, g, state, lr, h, t):
    """Adam with Nesterov momentum; mu_t = b1 (1 - 0.96^(0.004 t) / 2)."""
    m, v = state["mean"], state["square"]
    mu = h.spread(h.beta_1_of_model * (1 - 0.5 * 0.96 ** (t * 0.004)))
    next_mu = h.spread(h.beta_1_of_model * (1 - 0.5 * 0.96 ** ((t + 1) * 0.004)))
    product = state["mu_product"]
    product.mul_(mu)
    m.lerp_(g, 1 - h.beta_1)
    _decay_square_(v, g, h.beta_2)
    denominator = (v / h.spread(1 - h.beta_2_of_model**t)).sqrt_().add_(h.epsilon)
    _sub_ratio_(p, g, denominator, lr * (1 - mu) / (1 - product))
    _sub_ratio_(p, m, denominator, lr * next_mu / (1 - product * next_mu))


def rmsprop(p, g, state, lr, h, t):
    """v = rho v + (1 - rho) g^2; p -= lr g / (sqrt(v) + epsilon)"""
    v = _decay_square_(state["square"], g, h.rho)
    _sub_ratio_(p, g, v.sqrt().add_(h.epsilon), lr)


def adagrad(p, g, state, lr, h, t):
    """v += g^2; p -= lr g / (sqrt(v) + epsilon)"""
    v = state["square"].addcmul_(g, g)
    _sub_ratio_(p, g, v.sqrt().add_(h.epsilon), lr)


def adadelta(p, g, state, lr, h, t):
    """p -= lr d with d = g sqrt(u + epsilon) / sqrt(v + epsilon), u the mean of d^2"""
    v = _decay_square_(state["square"], g, h.rho)
    u = state["update"]
    delta = ((u + h.epsilon) / (v + h.epsilon)).sqrt_().mul_(g)
    _decay_square_(u, delta, h.rho)
    add_scaled_(p, delta, -lr)


SOLVERS = {
    "sgd": (("descent",), sgd),
    "adam": (("mean", "square"), adam),
    "nadam": (("mean", "square", "mu_product"), nadam),
    "rmsprop": (("square",), rmsprop),
    "adagrad": (("square",), adagrad),
    "adadelta": (("square", "update"), adadelta),
    "lbfgs": ((), None),  # not stochastic, see `sknn_course._engine.lbfgs`
}


RULE = (
    "solver",
    "learning_rate",
    "learning_rate_init",
    "power_t",
    "momentum",
    "nesterovs_momentum",
    "beta_1",
    "beta_2",
    "rho",
    "epsilon",
)


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

    rule: dict
    learning_rate: float
    n_steps: int = 0
    n_epochs: int = 0
    moments: dict | None = None

    @classmethod
    def of_settings(cls, settings):
        """The state before the first step."""
        rule = {name: getattr(settings, name) for name in RULE}
        return cls(rule, float(settings.learning_rate_init))

    def keep_rule(self, settings):
        """Settings with the rule this state was made for, as scikit-learn keeps it."""
        return replace(settings, **self.rule)

    def start(self, solver, like):
        """Make the moments of step zero, on the device of the tensor ``like``."""
        if self.moments is None:
            self.moments = {
                name: torch.full_like(like, name == "mu_product")
                for name in SOLVERS[solver][0]
            }
        self.moments = {
            name: moment.to(like.dtype) for name, moment in self.moments.items()
        }
        return self.moments
