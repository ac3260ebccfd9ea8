"""Running experiments: in order, those of one name together, each kept when done."""

import time
from functools import partial

from .cost import Progress, estimate
from .data import NEEDS, DataNotFound, load
from .definition import definition
from .experiment import Training
from .judging import judge, judge_again
from .kept_networks import from_arrays, to_arrays
from .machine import device_name
from .outcome import Outcome
from .pictures import draw_pictures
from .store import DONE
from .study import DEFAULT_REPEATS, StudyContext, run_study
from .training import describe, n_epochs, prepare, train_all


class Runner:
    """Runs experiments and keeps what they come to.

    Parameters
    ----------
    known : dict of str to Experiment
        All experiments, for those that others depend on.
    store : Store
        Where outcomes and pictures go.
    scale : {'quick', 'full'}
    repeats : int or None
        Of every training; None for the row's number at full scale, else 2.
    seed : int
    device : str
    data_home : str or path-like or None
    download : bool
        Whether to fetch files that are missing.
    resume : bool
        Whether to leave out what the store has.
    tell : callable, default=None
        Is given a line of text when work begins that may take long.

    Attributes
    ----------
    outcomes : dict of str to Outcome
        By id, as they come.
    scale_of_fitted : dict of str to str
        Id to the scale at which `fitted` networks were trained.

    Examples
    --------
    >>> from sknn_course.course.experiment import Check, Experiment, Findings
    >>> from sknn_course.course.runner import Runner
    >>> from sknn_course.course.store import Store
    >>> def count(context):
    ...     return Findings([Check("parameters", 3 * 2 + 2, published=8)])
    >>> one = Experiment("S1.01", "Two neurons", "Counting", "3-2 net", count)
    >>> runner = Runner({one.id: one}, Store(None))
    >>> [outcome.status for outcome, text in runner.run([one])]
    ['passed']
    """

    def __init__(
        self,
        known,
        store,
        *,
        scale="quick",
        repeats=None,
        seed=0,
        device="auto",
        data_home=None,
        download=False,
        resume=False,
        tell=None,
    ):
        self.known, self.store = known, store
        self.scale, self.seed, self.device = scale, seed, device
        self.asked_repeats = repeats
        self.resume = resume
        self.tell = tell or (lambda text: None)
        self.load = partial(load, data_home=data_home, download=download)
        self.outcomes = {}
        self._fitted, self.scale_of_fitted = {}, {}
        self._is_needed = {id for one in known.values() for id in one.depends}

    def run(self, chosen):
        """Run experiments, those first that others depend on.

        Parameters
        ----------
        chosen : list of Experiment

        Yields
        ------
        outcome : Outcome
        text : str
            How far the work is, and how much time is left.
        """
        waiting = {one.id: one for one in self._in_order(chosen)}
        if self.resume:
            for id in list(waiting):
                outcome = self._done(waiting[id])
                if outcome is not None:
                    self.outcomes[id] = outcome
                    self.store.write(outcome)
                    del waiting[id]
        progress = Progress({one.id: self._estimate(one) for one in waiting.values()})
        while waiting:
            batch = self._next_batch(waiting)
            started = time.perf_counter()
            self.tell(_names(batch))
            for outcome in self._run_batch(batch):
                self.outcomes[outcome.id] = outcome
                self.store.write(outcome)
                del waiting[outcome.id]
            progress.done([one.id for one in batch], time.perf_counter() - started)
            for one in batch:
                yield self.outcomes[one.id], progress.text(one.id)

    def _in_order(self, chosen):
        ordered = {}

        def add(experiment, path=()):
            if experiment.id in path:
                raise ValueError(f"depends goes round: {' -> '.join(path)}.")
            for id in experiment.depends:
                if id not in self.known:
                    raise ValueError(f"{experiment.id} depends on unknown {id!r}.")
                if id not in ordered:
                    add(self.known[id], (*path, experiment.id))
            ordered[experiment.id] = experiment

        for experiment in chosen:
            add(experiment)
        return list(ordered.values())

    def _definition(self, experiment, scale):
        return definition(
            experiment, self.known, scale, self.repeats_of, seed=self.seed
        )

    def _done(self, experiment):
        """The kept outcome of this definition, judged by the row as it is now, or None.

        That of the full scale serves for the quick one too.
        """
        scales = dict.fromkeys(("full", self.scale))
        kept = self.store.done(
            experiment.id, {one: self._definition(experiment, one) for one in scales}
        )
        if kept is None:
            return None
        for name in ("title", "group", "about", "same_as"):
            setattr(kept, name, getattr(experiment, name))
        kept.errata = list(experiment.errata)
        training = experiment.procedure
        if callable(training):
            return kept
        try:
            data = prepare(training, self.load(training.data), kept.scale)
        except (DataNotFound, ValueError):  # without it nothing can be judged
            return kept
        judge_again(kept, training, data, self._controls(experiment))
        return kept

    def _controls(self, experiment):
        return [self.outcomes[id] for id in experiment.depends if id in self.outcomes]

    def _next_batch(self, waiting):
        """The next experiment, with all trainings that go together with it."""
        first = next(iter(waiting.values()))
        if callable(first.procedure) or not first.procedure.together:
            return [first]
        return [
            one
            for one in waiting.values()
            if isinstance(one.procedure, Training)
            and one.procedure.together == first.procedure.together
            and (one is first or not set(one.depends) & set(waiting))
        ]

    def repeats_of(self, experiment, scale):
        """Number of repetitions of a training, or for a study to take a spread of."""
        of_row = getattr(experiment.procedure, "repeats", None)
        return (
            self.asked_repeats or (of_row if scale == "full" else 0) or DEFAULT_REPEATS
        )

    def _estimate(self, experiment):
        training = experiment.procedure
        if not isinstance(training, Training):
            return None
        try:
            return estimate(
                training,
                self.load(training.data),
                getattr(training, self.scale).get("rows"),
                n_epochs(training, self.scale)[0],
            ) * self.repeats_of(experiment, self.scale)
        except (OSError, ValueError, TypeError):  # told of when it is run
            return 0.0

    def _run_batch(self, batch):
        """Outcomes of a study, or of trainings in one call."""
        ready = []
        for experiment in batch:
            outcome = Outcome.of(
                experiment, self.scale, self.seed, device_name(self.device)
            )
            outcome.definition = self._definition(experiment, self.scale)
            outcome.reason = self._why_not(experiment)
            if outcome.reason:
                outcome.status = "not run"
                yield outcome
            elif callable(experiment.procedure):
                yield self._study(experiment, outcome)
            else:
                ready.append((experiment, outcome))
        if ready:
            trained = self._train([experiment for experiment, _ in ready])
            for (experiment, outcome), one in zip(ready, trained, strict=True):
                yield self._finish_training(experiment, outcome, one)

    def _why_not(self, experiment):
        """What is missing for an experiment, or an empty text."""
        for id in experiment.depends:
            if id not in self.outcomes:
                return f"needs {id}, which was not run"
            other = self.outcomes[id]
            if other.status not in DONE:
                return f"needs {id}, which {_ended(other)}"
        names = [NEEDS[need] for need in experiment.needs]
        if isinstance(experiment.procedure, Training):
            names.append(experiment.procedure.data)
        for name in names:
            try:
                self.load(name)
            except DataNotFound as error:
                return _missing(error)
            except ValueError as error:
                return f"the data cannot be used: {error}"
        return ""

    def _train(self, experiments):
        return train_all(
            [one.procedure for one in experiments],
            self.load,
            scale=self.scale,
            repeats=[self.repeats_of(one, self.scale) for one in experiments],
            seed=self.seed,
            device=self.device,
        )

    def _finish_training(self, experiment, outcome, trained):
        try:
            controls = self._controls(experiment)
            judge(outcome, experiment.procedure, trained, controls)
        except Exception as error:
            outcome.status, outcome.reason = "failed", describe(error)
        if outcome.status != "failed":
            self._draw(outcome, draw_pictures(experiment.procedure, trained))
            if experiment.id in self._is_needed:
                self._fitted[experiment.id] = trained.estimators
                self.scale_of_fitted[experiment.id] = self.scale
                arrays = to_arrays(trained.estimators, self.seed)
                self.store.write_fitted(experiment.id, self.scale, arrays)
        return outcome

    def _study(self, experiment, outcome):
        started = time.perf_counter()
        try:
            pictures = run_study(experiment.procedure, StudyContext(self), outcome)
            self._draw(outcome, pictures)
        except DataNotFound as error:
            outcome.status, outcome.reason = "not run", _missing(error)
        except ModuleNotFoundError as error:
            outcome.status = "not run"
            outcome.reason = f"the package {error.name} is not installed"
        except Exception as error:
            outcome.status, outcome.reason = "failed", describe(error)
        outcome.seconds = time.perf_counter() - started
        return outcome

    def _draw(self, outcome, pictures):
        """Save pictures; one that cannot be drawn makes the row fail."""
        if self.store.folder is None:
            return
        for name, function in pictures.items():
            try:
                figure = function().figure  # of axes, or a figure itself
            except ImportError as error:
                outcome.notes.append(f"No picture {name!r}: {error}.")
                continue
            except Exception as error:
                outcome.status = "failed"
                outcome.reason = f"the picture {name!r}: {describe(error)}"
                continue
            path = self.store.write_picture(
                f"{outcome.id}_{outcome.scale}_{name}", figure
            )
            outcome.pictures.append({"name": name, "file": path})
            _close(figure)

    def fitted(self, id):
        """The fitted estimators of a training: kept, or trained again."""
        if id not in self._fitted:
            scale = self.outcomes[id].scale if id in self.outcomes else self.scale
            kept = self._kept(id, scale) if self.resume else None
            if kept is None:
                kept = self._train([self.known[id]])[0].estimators
                scale = self.scale
            self._fitted[id], self.scale_of_fitted[id] = kept, scale
        return self._fitted[id]

    def _kept(self, id, scale):
        """The fitted networks that the store has, or None."""
        arrays, training = self.store.read_fitted(id, scale), self.known[id].procedure
        if arrays is None:
            return None
        try:
            data = self.load(training.data)
            return from_arrays(arrays, training, data, scale, self.device)
        except ValueError as error:
            self.store.refuse(self.store.fitted_path(id, scale), error)
            return None


def _missing(error):
    return (
        f"{error.missing} not found: put the files into the folder that --data-home "
        "names, or fetch them with --download"
    )


def _names(batch):
    """What a batch runs, in a line."""
    ids = [one.id for one in batch]
    more = f" and {len(ids) - 4} more" if len(ids) > 4 else ""
    return f"running {', '.join(ids[:4])}{more}: {batch[0].title}"


def _ended(outcome):
    return f"was {outcome.status}" if outcome.status == "not run" else outcome.status


def _close(figure):
    """Let go of a figure, also where pyplot keeps it."""
    import sys

    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        pyplot.close(figure)
