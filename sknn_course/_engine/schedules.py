"""Schedules of the learning rate: a row of `SCHEDULES` is all that is known of one.

Rules per epoch give the rate of the next epoch, rules per step that of the next
step, from the job's settings and what is done so far. 'constant', 'invscaling'
and 'adaptive' are scikit-learn's ('adaptive' divides the rate when training
stalls, see `sknn_course._engine.stopping`); the others are those of
torch.optim.lr_scheduler, 'inverse_time' that of Keras ("decay").

References
----------
.. [1] I. Loshchilov, F. Hutter, "SGDR: warm restarts", ICLR 2017 (cosine).
.. [2] L. Smith, N. Topin, "Super-convergence", 2018 (one cycle).
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import cos, inf, pi
from typing import Literal

from .optimizers import SOLVERS
from .settings import Settings

LARGEST_RATE = 3e38  # that float32 holds


def _grown(settings: Settings, exponent: float) -> float:
    """lr_0 rate^exponent; inf where it is too large for a step."""
    assert settings.decay_rate is not None
    try:
        rate = settings.learning_rate_init * settings.decay_rate**exponent
    except OverflowError:
        return inf
    return rate if rate <= LARGEST_RATE else inf


def exponential(settings: Settings, epoch: int, n_seen: int) -> float:
    """lr_0 rate^epoch"""
    return _grown(settings, epoch)


def step(settings: Settings, epoch: int, n_seen: int) -> float:
    """lr_0 rate^floor(epoch / decay_epochs)"""
    drops = epoch // settings.decay_epochs
    return _grown(settings, drops)


def cosine(settings: Settings, epoch: int, n_seen: int) -> float:
    """lr_0 (1 + cos(pi epoch / max_iter)) / 2"""
    return settings.learning_rate_init * (1 + cos(pi * epoch / settings.max_iter)) / 2


def invscaling(settings: Settings, epoch: int, n_seen: int) -> float:
    """lr_0 / (t + 1)^power_t with t the number of rows seen"""
    try:
        return float(settings.learning_rate_init) / (n_seen + 1) ** settings.power_t
    except OverflowError:
        return 0.0


def inverse_time(settings: Settings, step: int, n_steps: int) -> float:
    """lr_0 / (1 + rate step)"""
    assert settings.decay_rate is not None
    return settings.learning_rate_init / (1 + settings.decay_rate * step)


def one_cycle(settings: Settings, step: int, n_steps: int) -> float:
    """Cosine up from lr_0 / 25 over 30 % of the steps, then down to lr_0 / 25e4."""
    highest = settings.learning_rate_init
    start, end = highest / 25, highest / 25 / 1e4
    peak = 0.3 * n_steps - 1
    if step <= peak:
        return _anneal(start, highest, step / peak)
    return _anneal(highest, end, min(1.0, (step - peak) / (n_steps - 1 - peak)))


def _anneal(start: float, end: float, share: float) -> float:
    return end + (start - end) / 2 * (1 + cos(pi * share))


@dataclass(frozen=True)
class Schedule:
    """What is known of a schedule.

    Parameters
    ----------
    meaning : str
        For the docstrings of the estimators.
    per_epoch : callable, optional
        Gives the rate of the next epoch from the settings, the epochs done and the
        rows seen.
    per_step : callable, optional
        Gives the rate of the next step from the settings, the steps done and the
        steps of the whole training.
    stall_divisor : float, optional
        By what the rate is divided, where training would stop as it stalls.
    uses_max_iter : bool
        Whether a rate depends on the length of the training.
    decay_rate : float, optional
        What ``decay_rate=None`` means.
    """

    meaning: str
    per_epoch: Callable[[Settings, int, int], float] | None = None
    per_step: Callable[[Settings, int, int], float] | None = None
    stall_divisor: float | None = None
    uses_max_iter: bool = False
    decay_rate: float | None = None


ScheduleName = Literal[
    "adaptive",
    "constant",
    "cosine",
    "exponential",
    "inverse_time",
    "invscaling",
    "one_cycle",
    "step",
]
SCHEDULES = {
    "constant": Schedule("learning_rate_init"),
    "invscaling": Schedule(
        "learning_rate_init / (rows seen + 1) ** power_t", invscaling
    ),
    "adaptive": Schedule(
        "divided by 5 when training has not improved for `n_iter_no_change` epochs",
        stall_divisor=5.0,
    ),
    "exponential": Schedule(
        "times `decay_rate` after each epoch", exponential, decay_rate=0.95
    ),
    "step": Schedule(
        "times `decay_rate` after each `decay_epochs` epochs", step, decay_rate=0.1
    ),
    "inverse_time": Schedule(
        "learning_rate_init / (1 + decay_rate * steps)",
        per_step=inverse_time,
        decay_rate=1e-6,
    ),
    "cosine": Schedule(
        "annealed to 0 over `max_iter` epochs", cosine, uses_max_iter=True
    ),
    "one_cycle": Schedule(
        "up to `learning_rate_init`, then down, over `max_iter` epochs",
        per_step=one_cycle,
        uses_max_iter=True,
    ),
}


def of_settings(settings: Settings) -> str:
    """Name of the schedule that applies: a solver may ignore some."""
    ignored = settings.learning_rate in SOLVERS[settings.solver].ignores
    return "constant" if ignored else settings.learning_rate


def schedule_of(settings: Settings) -> Schedule:
    """The schedule that applies."""
    return SCHEDULES[of_settings(settings)]
