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


def band(metric, values, published, published_std=None, n_test=None, n_published=None):
    """Half-width of the band in which a published figure and ours agree.

    Two standard errors of the difference between our mean of n repetitions and the
    published figure, taken for one run::

        2 sqrt(s^2 / n + t^2 + p (1 - p) (1 / n_test + 1 / n_published))

    with s the standard deviation (ddof=1) of our repetitions, t that of the sheet's
    or s where it gives none, and p the published accuracy. The last term, the
    binomial error of two test sets, is for accuracies on rows that were not
    trained on.

    Parameters
    ----------
    metric : str
        Such as 'test_accuracy'.
    values : sequence of float
        Of our repetitions.
    published : float
    published_std : float, default=None
    n_test, n_published : int, default=None
        Rows of our test set and of the sheet's; None leaves the term out.

    Returns
    -------
    float

    Examples
    --------
    >>> from sknn_course.course.outcome import band
    >>> round(band("test_accuracy", [0.98], 0.98, None, 10_000, 10_000), 5)
    0.00396
    """
    n = len(values)
    s = float(np.std(values, ddof=1)) if n > 1 else 0.0
    t = s if published_std is None else published_std
    variance = s**2 / max(n, 1) + t**2
    if is_better_high(metric) and not metric.startswith("train") and n_test:
        variance += published * (1 - published) * (1 / n_test + 1 / n_published)
    return 2 * sqrt(variance)


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
    def passed(self):
        """Whether ours lies in the band or on its better side; None if not judged."""
        if self.band is None:
            return None
        better = self.difference if is_better_high(self.metric) else -self.difference
        return bool(better >= -self.band)


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
    status : {'passed', 'outside', 'shown', 'not run', 'failed'}
    reason : str
        Why it is not passed, in a sentence.
    size : str
        Rows, epochs and repetitions, and what the sheet has more of.
    smaller : bool
        Whether the run is smaller than the sheet's.
    comparisons : list of Comparison
        Of a training.
    not_learning : str
        How many repetitions do not learn, where that is what the sheet reports.
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
    not_learning: str = ""
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
        )

    @property
    def sheet(self):
        """The sheet's part of the id, such as 'S3'."""
        return self.id.split(".")[0]

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
