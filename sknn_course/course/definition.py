"""What an outcome is the outcome of, as a digest: whether a row has to be run again."""

import hashlib
import inspect
import sys
from functools import partial

from .experiment import Training
from .training import n_epochs


def definition(experiment, known, scale, repeats, seed):
    """Digest of all that the result of an experiment depends on, but the library.

    Of a training its estimator, parameters, data, sizes and seeds; of a study the
    source of its module; of both the definitions of what they depend on. Titles, texts
    and published figures do not count: by them a kept result is judged anew.

    Parameters
    ----------
    experiment : Experiment
    known : dict of str to Experiment
        For what it depends on.
    scale : {'quick', 'full'}
    repeats : callable
        Takes an experiment and a scale, returns the number of repetitions.
    seed : int

    Returns
    -------
    str

    Examples
    --------
    >>> from sknn_course.course.catalogue import experiments
    >>> from sknn_course.course.definition import definition
    >>> known = experiments()
    >>> def of(id, scale):
    ...     return definition(known[id], known, scale, lambda one, scale: 2, seed=0)
    >>> of("S3.50", "quick") == of("S3.50", "quick") != of("S3.50", "full")
    True
    """
    procedure = experiment.procedure
    if isinstance(procedure, Training):
        parts = [
            procedure.estimator.__name__,
            sorted(procedure.params.items()),
            procedure.data,
            n_epochs(procedure, scale)[0],
            getattr(procedure, scale).get("rows"),
            procedure.one_hot,
            sorted(procedure.further_losses),
            procedure.transform,
            sorted(procedure.fit_params.items()),
            seed + procedure.seed_offset,
        ]
    else:
        function = procedure.func if isinstance(procedure, partial) else procedure
        module = sys.modules[function.__module__]
        parts = [function.__name__, inspect.getsource(module), scale, seed]
    parts.append(repeats(experiment, scale))
    parts += [
        definition(known[id], known, scale, repeats, seed)
        for id in experiment.depends
        if id in known
    ]
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]
