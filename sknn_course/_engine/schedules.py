"""Learning-rate schedules, name -> rule.

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

from math import cos, inf, pi

LARGEST_RATE = 3e38  # that float32 holds


def _grown(settings, exponent):
    """lr_0 rate^exponent; inf where it is too large for a step."""
    try:
        rate = settings.learning_rate_init * settings.decay_rate**exponent
    except OverflowError:
        return inf
    return rate if rate <= LARGEST_RATE else inf


def exponential(settings, epoch, n_seen):
    """lr_0 rate^epoch"""
    return _grown(settings, epoch)


def step(settings, epoch, n_seen):
    """lr_0 rate^floor(epoch / decay_epochs)"""
    drops = epoch // settings.decay_epochs
    return _grown(settings, drops)


def cosine(settings, epoch, n_seen):
    """lr_0 (1 + cos(pi epoch / max_iter)) / 2"""
    return settings.learning_rate_init * (1 + cos(pi * epoch / settings.max_iter)) / 2


def invscaling(settings, epoch, n_seen):
    """lr_0 / (t + 1)^power_t with t the number of rows seen"""
    try:
        return float(settings.learning_rate_init) / (n_seen + 1) ** settings.power_t
    except OverflowError:
        return 0.0


def inverse_time(settings, step, n_steps):
    """lr_0 / (1 + rate step)"""
    return settings.learning_rate_init / (1 + settings.decay_rate * step)


def one_cycle(settings, step, n_steps):
    """Cosine up from lr_0 / 25 over 30 % of the steps, then down to lr_0 / 25e4."""
    highest = settings.learning_rate_init
    start, end = highest / 25, highest / 25 / 1e4
    peak = 0.3 * n_steps - 1
    if step <= peak:
        return _anneal(start, highest, step / peak)
    return _anneal(highest, end, min(1.0, (step - peak) / (n_steps - 1 - peak)))


def _anneal(start, end, share):
    return end + (start - end) / 2 * (1 + cos(pi * share))


PER_EPOCH = {
    "exponential": exponential,
    "step": step,
    "cosine": cosine,
    "invscaling": invscaling,
}
PER_STEP = {"inverse_time": inverse_time, "one_cycle": one_cycle}
SCHEDULES = ("constant", "invscaling", "adaptive", *PER_EPOCH, *PER_STEP)
DECAY_RATES = {"exponential": 0.95, "step": 0.1, "inverse_time": 1e-6}


def of_settings(settings):
    """Name of the schedule that applies: adam has its own rates in scikit-learn."""
    if settings.solver == "adam" and settings.learning_rate in (
        "invscaling",
        "adaptive",
    ):
        return "constant"
    return settings.learning_rate
