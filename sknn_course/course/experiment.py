"""What an experiment of the course is, and what running it finds.

An experiment is one row: what the sheet did, what it published, and a procedure that
does it again. A procedure is a `Training`, described by data alone, or a function that
calculates or studies something and returns `Findings`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np


@dataclass(frozen=True)
class Check:
    """One value beside the published one.

    Parameters
    ----------
    name : str
        What is compared, such as 'parameters of conv1'.
    ours : number, str, bool or array-like
    published : number, str, bool, array-like or None
        What the sheet prints; None where it prints nothing.
    right : number, str, bool, array-like or None
        What the sheet should print, where an erratum corrects it, or what theory
        demands where the sheet prints nothing.
    tolerance : float, default=0
        Largest absolute difference between numbers.
    """

    name: str
    ours: object
    published: object = None
    right: object = None
    tolerance: float = 0.0

    @property
    def target(self):
        """The value to meet: the right one, else the published one."""
        return self.published if self.right is None else self.right

    @property
    def passed(self):
        """Whether ours meets the target."""
        ours, target = np.asarray(self.ours), np.asarray(self.target)
        if ours.shape != target.shape:
            return False
        if ours.dtype.kind in "biuf" and target.dtype.kind in "biuf":
            return bool(
                np.allclose(
                    ours.astype(float),
                    target.astype(float),
                    rtol=0,
                    atol=self.tolerance,
                )
            )
        return bool(np.all(ours == target))


@dataclass
class Findings:
    """What a calculation or study found.

    Attributes
    ----------
    checks : list of Check
        An experiment passes when all of them pass. Without any it is 'shown'.
    tables : dict of str to list of dict
        Title to rows, each a mapping of column name to value.
    pictures : dict of str to callable
        Short file name such as 'learning_curves' to a function without arguments
        that draws and returns a matplotlib Figure.
    notes : list of str
        Sentences for the reader: what is seen, and what the sheet says of it.
    """

    checks: list[Check] = field(default_factory=list)
    tables: dict[str, list[dict]] = field(default_factory=dict)
    pictures: dict[str, Callable] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


class Context(Protocol):
    """What a study may ask of the runner.

    Attributes
    ----------
    scale : {'quick', 'full'}
    repeats : int
        Number of repetitions that a spread should be taken from.
    seed : int
        Of the first repetition; repetition r uses ``seed + r``.
    device : str
        For the estimators' parameter ``device``.
    """

    scale: str
    repeats: int
    seed: int
    device: str

    def data(self, name, rows=None):
        """A split data set by its name in `sknn_course.course.data`.

        Returns a Bunch with ``train``, ``validation`` and ``test``, pairs (X, y) of
        flat float32 rows or None, cut to the first ``rows`` training rows.
        """

    def choose(self, quick, full):
        """``quick`` or ``full``, by the scale."""

    def fit(self, estimators, X, y, **fit_params):
        """Fit clones of all estimators on one data set, stacked where it pays."""

    def result(self, experiment_id):
        """The `TrainingResult` of another experiment of this scale (``depends``)."""

    def fitted(self, experiment_id):
        """The fitted estimators of another experiment, one for each repetition."""

    def scale_of_fitted(self, experiment_id):
        """The scale at which the `fitted` estimators were trained."""

    def is_full(self, experiment_id):
        """Whether another experiment was run at the sheet's own size."""


Study = Callable[[Context], Findings]


@dataclass(frozen=True)
class Training:
    """A training of the sheet, described by data.

    Parameters
    ----------
    estimator : type
        `MLPClassifier`, `MLPRegressor`, `CNNClassifier` or another estimator class.
    params : mapping
        Of its constructor, at full scale; ``max_iter`` is the sheet's epochs.
        ``random_state``, ``device`` and, for the networks, stopping switched off
        (``tol=0``, ``n_iter_no_change=inf``, ``alpha=0``) are the runner's.
    data : str
        Name in `sknn_course.course.data`.
    published : mapping of str to float
        By metric: 'train_loss', 'train_accuracy', 'validation_loss',
        'validation_accuracy', 'test_loss', 'test_accuracy', 'train_mse',
        'test_mse'.
    published_std : mapping of str to float
        Standard deviations of the sheet's repetitions, by metric.
    milestones : mapping of int to mapping
        Published metrics after an epoch, counted from 1.
    epoch_means : bool
        Whether the published training figures are means over the last epoch, while
        the network learns, as in Keras's history; else measured after it.
    with_penalty : bool
        Whether the published losses hold the penalty.
    outcome : {'learns', 'constant'}
        'constant' where the sheet's run is stuck: ours has to predict one value too,
        and the rows that it depends on have to learn at the same scale.
    quick : mapping
        'rows' and 'epochs' of the quick scale.
    full : mapping
        'rows' of the full scale where the sheet's iterations see no more of them.
    one_hot : bool
        Whether a classifier learns the 0/1 indicators of the classes: one logistic
        output and cross-entropy for each class, summed over the outputs. The class
        of the largest output is the prediction, of which accuracies are taken.
    further_losses : mapping of str to callable
        Name to function of (y, probabilities): a loss that the sheet prints in
        place of the one that is minimised. As metrics 'train_' + name,
        'validation_' + name and 'test_' + name.
    transform : object or None
        scikit-learn transformer, fitted on the training rows.
    fit_params : mapping
        Further arguments of ``fit``.
    repeats : int or None
        At full scale; None for the runner's default.
    seed_offset : int
        Added to the runner's seeds, so that a setting which a sheet lists twice is
        run twice and not copied.
    together : str
        Experiments of one non-empty name train in one call, stacked where it pays.
    pictures : tuple of str
        Of the fitted networks, such as 'learning_curves' (always drawn),
        'first_layer', 'filters', 'misclassified', 'confusion', 'regression_fit',
        'decision_boundary', 'weight_histogram'.
    remark : str
        What explains a difference, found by measuring; shown where one is left.
    """

    estimator: type
    params: Mapping
    data: str
    published: Mapping = field(default_factory=dict)
    published_std: Mapping = field(default_factory=dict)
    milestones: Mapping = field(default_factory=dict)
    epoch_means: bool = False
    with_penalty: bool = False
    outcome: str = "learns"
    quick: Mapping = field(default_factory=dict)
    full: Mapping = field(default_factory=dict)
    one_hot: bool = False
    further_losses: Mapping = field(default_factory=dict)
    transform: object = None
    fit_params: Mapping = field(default_factory=dict)
    repeats: int | None = None
    seed_offset: int = 0
    together: str = ""
    pictures: tuple = ()
    remark: str = ""


@dataclass(frozen=True)
class Experiment:
    """One row of the course.

    Parameters
    ----------
    id : str
        Such as 'S3.51': sheet and row.
    title : str
        A few words.
    group : str
        Heading of the sheet under which the row stands.
    about : str
        Configuration and reading, in a sentence or two of plain text.
    procedure : Training or callable
        A function takes a `Context` and returns `Findings`.
    needs : tuple of {'mnist', 'cifar10', 'cifar10_full'}
        Data that has to be there; a training's own data is added.
    depends : tuple of str
        Experiments whose results the procedure reads.
    same_as : str
        Experiment of another sheet that this row repeats, else ''.
    errata : tuple of str
        Sentences: what the sheet prints wrongly and what is right.
    """

    id: str
    title: str
    group: str
    about: str
    procedure: Training | Study
    needs: tuple = ()
    depends: tuple = ()
    same_as: str = ""
    errata: tuple = ()

    @property
    def sheet(self):
        """The sheet's part of the id, such as 'S3'."""
        return self.id.split(".")[0]


@dataclass
class TrainingResult:
    """What training a `Training` gave.

    Attributes
    ----------
    metrics : dict of str to list of float
        Each metric of each repetition; ``'penalty'`` apart from the data losses.
    curves : dict of str to list of list of float
        'train_loss', 'train_accuracy', 'validation_loss', 'validation_accuracy':
        one list per repetition, one value per epoch.
    n_rows, n_epochs : int
        What was trained on, for how long.
    seconds : float
        Spent in training all repetitions.
    """

    metrics: dict[str, list[float]]
    curves: dict[str, list[list[float]]]
    n_rows: int
    n_epochs: int
    seconds: float
