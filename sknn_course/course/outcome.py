"""What running an experiment came to, and whether it meets the sheet's figures."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from math import isfinite, nan, sqrt

import numpy as np

from .experiment import Experiment, TrainingResult
from .outcome_form import check_outcome


def is_better_high(metric):
    """Whether more of a metric is better."""
    return metric.endswith("accuracy")


#: Share of a figure without a binomial error that one run's seed may change.
ONE_RUN = 0.05
#: Largest standard deviation of our repetitions that counts, as such a share, where
#: the sheet gives none.
LARGEST_SCATTER = 0.25
#: What figures of classifiers are told apart from: losses and error rates below it
#: depend on when training was ended.
LEAST_ERROR = 0.01


def band(
    metric,
    values,
    published,
    published_std=None,
    n_test=None,
    n_published=None,
    untrained=None,
):
    """Half-width of the band in which a published figure and ours agree.

    Two standard errors of the difference between our mean of n repetitions and the
    published figure, taken for one run::

        2 sqrt(s^2 / n + t^2 + u^2)

    t is the standard deviation (ddof=1) of the sheet's repetitions and s that of
    ours, or t where ours is larger; where the sheet gives none, both are ours, at most
    `LARGEST_SCATTER` of the published error (1 - accuracy, loss, squared error). For
    accuracies on rows that were not trained on, u^2 is the binomial error of two
    test sets, p (1 - p) (1 / n_test + 1 / n_published), else u is `ONE_RUN` of the
    published error. The band ends half-way to a network that has learned nothing.

    Parameters
    ----------
    metric : str
        Such as 'test_accuracy'.
    values : sequence of float
        Of our repetitions.
    published : float
    published_std : float, default=None
    n_test, n_published : int, default=None
        Rows of our test set and of the sheet's.
    untrained : float, default=None
        The figure of a constant prediction; None sets no end.

    Returns
    -------
    float

    Examples
    --------
    >>> from sknn_course.course.outcome import band
    >>> round(band("test_accuracy", [0.98], 0.98, None, 10_000, 10_000), 5)
    0.00396
    >>> band("test_mse", [0.05], 0.05, published_std=0.07, untrained=0.09)
    0.02
    """
    n = len(values)
    error = 1 - published if is_better_high(metric) else published
    if not metric.endswith("mse"):
        error = max(error, LEAST_ERROR)
    largest = LARGEST_SCATTER * error if published_std is None else published_std
    s = min(float(np.std(values, ddof=1)), largest) if n > 1 else 0.0
    t = s if published_std is None else published_std
    variance = s**2 / max(n, 1) + t**2
    if is_better_high(metric) and not metric.startswith("train") and n_test:
        variance += published * (1 - published) * (1 / n_test + 1 / n_published)
    else:
        variance += (ONE_RUN * error) ** 2
    half = 2 * sqrt(variance)
    return half if untrained is None else min(half, abs(published - untrained) / 2)


MILESTONE = "after epoch "


@dataclass
class Comparison:
    """A metric of our repetitions beside the published figure.

    Parameters
    ----------
    metric : str
    values : list of float
        One for each repetition; NaN where it diverged.
    published : float
    published_std : float or None
    band : float or None
        Half-width; None where the comparison does not decide.
    how : str
        What distinguishes this line, such as 'after epoch 12'; else ''.
    """

    metric: str
    values: list
    published: float
    published_std: float | None = None
    band: float | None = None
    how: str = ""

    @property
    def finite(self):
        """The values of the repetitions that did not diverge."""
        return [value for value in self.values if value is not None and isfinite(value)]

    @property
    def mean(self):
        """Mean over the repetitions that did not diverge."""
        return float(np.mean(self.finite)) if self.finite else nan

    @property
    def std(self):
        """Standard deviation with ddof=1; NaN for fewer than two repetitions."""
        return float(np.std(self.finite, ddof=1)) if len(self.finite) > 1 else nan

    @property
    def difference(self):
        """Ours less the published figure."""
        return self.mean - self.published

    @property
    def verdict(self):
        """'in the band', 'better' or 'worse' than it; None if not judged."""
        if self.band is None:
            return None
        if abs(self.difference) <= self.band + 1e-12:
            return "in the band"
        is_better = (self.difference > 0) == is_better_high(self.metric)
        return "better" if isfinite(self.mean) and is_better else "worse"

    @property
    def is_milestone(self):
        """Whether it is of an epoch on the way."""
        return self.how.startswith(MILESTONE)


@dataclass
class Outcome:
    """What running an experiment came to.

    Attributes
    ----------
    id, title, group, about, same_as : str
        Of the experiment.
    errata : list of str
        Of the experiment.
    scale : {'quick', 'full'}
    kind : {'training', 'study'}
    status : {'passed', 'better than published', 'outside', 'smaller run', \
'shown', 'not run', 'failed'}
    reason : str
        Why it is not passed, in a sentence.
    size : str
        Rows, epochs and repetitions, and what the sheet has more of.
    smaller : bool
        Whether the run is smaller than the sheet's.
    comparisons : list of Comparison
        Of a training.
    n_stuck, n_diverged : int
        Repetitions that predict one value, and that end with numbers not finite.
    is_stuck : bool
        Whether the sheet reports that the network does not learn.
    checks : list of dict
        Of a study: name, ours, published, right, tolerance, passed.
    tables : dict of str to list of dict
    notes : list of str
    pictures : list of dict
        'file', relative to the output folder, and 'name'.
    metrics, curves, n_rows, n_epochs, seconds
        As of `TrainingResult`; of a study only the seconds.
    seed : int
    device : str
        'cpu', 'mps' or the model of the GPU.
    definition : str
        Digest of what was run: see `sknn_course.course.definition`.
    """

    id: str
    title: str
    group: str
    about: str
    scale: str
    kind: str
    status: str = "shown"
    reason: str = ""
    size: str = ""
    smaller: bool = False
    comparisons: list = field(default_factory=list)
    n_stuck: int = 0
    n_diverged: int = 0
    is_stuck: bool = False
    checks: list = field(default_factory=list)
    tables: dict = field(default_factory=dict)
    notes: list = field(default_factory=list)
    errata: list = field(default_factory=list)
    same_as: str = ""
    pictures: list = field(default_factory=list)
    metrics: dict = field(default_factory=dict)
    curves: dict = field(default_factory=dict)
    n_rows: int = 0
    n_epochs: int = 0
    seconds: float = 0.0
    seed: int = 0
    device: str = "cpu"
    definition: str = ""

    @classmethod
    def of(cls, experiment: Experiment, scale, seed=0, device="cpu"):
        """An empty outcome of an experiment."""
        kind = "study" if callable(experiment.procedure) else "training"
        return cls(
            id=experiment.id,
            title=experiment.title,
            group=experiment.group,
            about=experiment.about,
            errata=list(experiment.errata),
            same_as=experiment.same_as,
            scale=scale,
            kind=kind,
            seed=seed,
            device=device,
            is_stuck=getattr(experiment.procedure, "outcome", "") == "constant",
        )

    @property
    def sheet(self):
        """The sheet's part of the id, such as 'S3'."""
        return self.id.split(".")[0]

    @property
    def n_repetitions(self):
        """How many there were, also of those that diverged."""
        return max([self.n_diverged, *map(len, self.metrics.values())])

    @property
    def result(self):
        """The `TrainingResult` that this is the outcome of."""
        return TrainingResult(
            metrics=self.metrics,
            curves=self.curves,
            n_rows=self.n_rows,
            n_epochs=self.n_epochs,
            seconds=self.seconds,
        )

    def to_json(self):
        """What `from_json` takes, of JSON's types alone.

        Returns
        -------
        dict
            NaN and infinity become None.
        """
        return plain(asdict(self))

    @classmethod
    def from_json(cls, content):
        """The outcome of which `to_json` gave the content.

        Raises
        ------
        ValueError
            If the content is not of an outcome.
        """
        names = {one.name for one in fields(cls)}
        check_outcome(content)
        content = {name: value for name, value in content.items() if name in names}
        comparisons = [Comparison(**one) for one in content.pop("comparisons", [])]
        content["metrics"] = {
            name: [nan if value is None else value for value in values]
            for name, values in content.get("metrics", {}).items()
        }
        content["curves"] = {
            name: [[nan if v is None else v for v in curve] for curve in curves]
            for name, curves in content.get("curves", {}).items()
        }
        return cls(comparisons=comparisons, **content)


def plain(value):
    """Turn numpy's types, tuples and NaN into what JSON knows.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_course.course.outcome import plain
    >>> plain({"a": np.float64(1.5), 2: (float("nan"), np.arange(2))})
    {'a': 1.5, '2': [None, [0, 1]]}
    """
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, float):
        return value if isfinite(value) else None
    if value is None or isinstance(value, str | int):
        return value
    return str(value)
