"""Whether a training meets what the sheet published."""

from math import isfinite, nan

from sklearn.dummy import DummyClassifier, DummyRegressor

from .metrics import PARTS, measure
from .outcome import MILESTONE, Comparison, band, is_better_high
from .training import n_epochs

LEARNING = "mean over the last epoch"
WITH_PENALTY = "with the penalty"
MILESTONES_OUTSIDE = 0.1  # share of them that may lie outside their bands


def judge(outcome, training, trained, controls=()):
    """Fill an outcome with what a training gave and whether that is as published.

    Parameters
    ----------
    outcome : Outcome
        Its id, scale and texts are set.
    training : Training
    trained : Trained
    controls : sequence of Outcome
        Of the rows that it depends on.
    """
    result = trained.result
    outcome.metrics, outcome.curves = result.metrics, result.curves
    outcome.n_rows, outcome.n_epochs = result.n_rows, result.n_epochs
    outcome.seconds = result.seconds
    if trained.error:
        outcome.status, outcome.reason = "failed", trained.error
        return
    outcome.n_stuck, outcome.n_diverged = sum(trained.stuck), len(trained.diverged)
    outcome.notes += trained.data.notes
    n = len(trained.stuck)
    what = []
    if outcome.n_stuck or outcome.is_stuck:
        what.append(
            f"{outcome.n_stuck} of {n} repetitions predict (nearly) one value for "
            "every row"
        )
    if outcome.n_diverged:
        what.append(
            f"{outcome.n_diverged} of {n} diverged to numbers that are not finite"
        )
    if what:
        outcome.notes.append("; ".join(what) + ".")
    judge_again(outcome, training, trained.data, controls)


def judge_again(outcome, training, data, controls=()):
    """Compare the figures that an outcome holds with the published ones.

    Parameters
    ----------
    outcome : Outcome
    training : Training
    data : Bunch
        What it was trained and measured on, as from `prepare`.
    controls : sequence of Outcome
    """
    outcome.size, outcome.smaller = _size(outcome, training, data)
    outcome.comparisons = _comparisons(outcome, training, data)
    if outcome.is_stuck:
        outcome.status, outcome.reason = _is_stuck(outcome, controls)
    else:
        outcome.status, outcome.reason = _of_figures(outcome)
    if training.remark and outcome.status in ("outside", "better than published"):
        outcome.reason += f". {training.remark}"
    if outcome.smaller:
        said = outcome.reason or ("in the bands" * (outcome.status == "passed"))
        outcome.status = "smaller run"
        outcome.reason = outcome.size + (f"; {said}" if said else "")


def _is_stuck(outcome, controls):
    """Status and reason where the sheet's network does not learn."""
    stuck = outcome.n_stuck + outcome.n_diverged
    learn = outcome.n_repetitions - stuck
    if learn:
        return "outside", (
            f"the sheet's run did not learn, but {learn} of "
            f"{outcome.n_repetitions} of our repetitions do"
        )
    ours = max(outcome.metrics.get("test_accuracy", [0.0]))
    for control in controls:
        if not min(control.metrics["test_accuracy"]) > 2 * ours:
            return "outside", (
                f"{control.id} has to learn where this network must not, but does not "
                "at this size"
            )
    return "passed", ""


def _of_figures(outcome):
    """Status and reason of a training by its comparisons."""
    judged = [one for one in outcome.comparisons if one.band is not None]
    if outcome.n_diverged == outcome.n_repetitions:
        return "outside", "all repetitions diverged to numbers that are not finite"
    if not judged:
        return "shown", ""
    on_the_way = [one for one in judged if one.is_milestone]
    wrong = [one for one in on_the_way if one.verdict == "worse"]
    allowed = MILESTONES_OUTSIDE * len(on_the_way)
    decisive = [one for one in judged if not one.is_milestone or len(wrong) > allowed]
    worse = [one for one in decisive if one.verdict == "worse"]
    better = [one for one in decisive if one.verdict == "better"]
    return (
        "outside" if worse else "better than published" if better else "passed",
        "; ".join(map(_in_words, worse or better)),
    )


def _in_words(one):
    metric = one.metric
    what = f"{name_of(metric)} {one.how}".strip()
    side = "above" if one.difference > 0 else "below"
    mean, difference, published, half = (
        show(metric, value)
        for value in (one.mean, abs(one.difference), one.published, one.band)
    )
    return (
        f"{what} {mean} is {difference} {side} the published {published}, band {half}"
    )


def _comparisons(outcome, training, data):
    """Each published figure beside ours; those that decide have a band."""
    metrics, curves, found = outcome.metrics, outcome.curves, []
    untrained = constant_figures(data, training)

    def add(metric, values, published, how="", decides=True, std=None):
        half = None
        if decides and not outcome.is_stuck:
            finite = [value for value in values if isfinite(value)]
            end = None if how.startswith(MILESTONE) else untrained.get(metric)
            n_rows = _n_rows(metric, data)
            half = band(metric, finite, published, std, n_rows[0], n_rows[1], end)
        found.append(Comparison(metric, values, published, std, half, how))

    for metric, published in training.published.items():
        values = metrics.get(metric)
        if values is None:
            continue
        std = training.published_std.get(metric)
        last = _last(metric, curves) if metric.startswith("train") else None
        is_mean = training.epoch_means and metric.startswith("train")
        holds = training.with_penalty and metric.endswith("_loss") and not is_mean
        add(metric, values, published, "", not is_mean and not holds, std)
        if last is not None:
            add(metric, last, published, LEARNING, is_mean, std)
        elif metric.endswith("_loss") and "penalty" in metrics:
            total = [a + b for a, b in zip(values, metrics["penalty"], strict=True)]
            add(metric, total, published, WITH_PENALTY, holds, std)
    for epoch, figures in training.milestones.items():
        for metric, published in figures.items():
            values = _at_epoch(metric, epoch, outcome, data)
            if values is not None:
                add(metric, values, published, f"{MILESTONE}{epoch}")
    return found


def constant_figures(data, training):
    """The metrics of a prediction that knows the targets of training alone.

    Parameters
    ----------
    data : Bunch
        As from `prepare`.
    training : Training

    Returns
    -------
    dict of str to float
        Shares of the classes for every row, or the mean of the numbers; no penalty.
    """
    X, y = data.train
    constant = DummyRegressor() if y.dtype.kind == "f" else DummyClassifier()
    metrics, _ = measure(
        constant.fit(X[:, :1], y), data, training.one_hot, training.further_losses
    )
    return {**metrics, "penalty": 0.0}


def _last(metric, curves):
    """Values of the last epoch, or None."""
    if metric not in curves:
        return None
    return [curve[-1] if curve else nan for curve in curves[metric]]


def _n_rows(metric, data):
    """Rows that a metric was taken on: ours and the sheet's."""
    part = metric.split("_")[0]
    if part not in PARTS or data[part] is None:
        return None, None
    return len(data[part][0]), data.sizes[PARTS.index(part)]


def _at_epoch(metric, epoch, outcome, data):
    """Values after an epoch, of which curves tell; else None."""
    curves = outcome.curves.get(metric)
    if curves is None and data.test is data.validation:
        curves = outcome.curves.get(metric.replace("test", "validation"))
    if curves is None or not any(len(curve) >= epoch for curve in curves):
        return None
    return [curve[epoch - 1] if len(curve) >= epoch else nan for curve in curves]


def _size(outcome, training, data):
    """In words how much was done of what the sheet did, and whether it is less."""
    n = outcome.n_repetitions
    of_n = training.repeats if training.published_std else n  # repeated on the sheet
    rows, of_rows = outcome.n_rows, training.full.get("rows", data.sizes[0])
    epochs, of_epochs = outcome.n_epochs, n_epochs(training, "full")[1]
    parts = [_of(rows, of_rows, "rows")]
    if of_epochs:
        parts.append(_of(epochs, of_epochs, "epochs"))
    parts.append(_of(n, max(n, of_n), f"repetition{'s' * (max(n, of_n) > 1)}"))
    n_test, of_test = len(data.test[0]), data.sizes[2]
    if n_test != of_test:
        parts.append(f"tested on {_of(n_test, of_test, 'rows')}")
    pairs = (n, of_n), (rows, of_rows), (epochs, of_epochs), (n_test, of_test)
    return ", ".join(parts), any(ours < sheets for ours, sheets in pairs)


def _of(ours, sheets, unit):
    return f"{ours:,} {unit}" if ours == sheets else f"{ours:,} of {sheets:,} {unit}"


def name_of(metric):
    """A metric in words.

    Examples
    --------
    >>> from sknn_course.course.judging import name_of
    >>> name_of("test_accuracy"), name_of("train_mse")
    ('test accuracy', 'training MSE')
    """
    words = metric.replace("train_", "training_").replace("mse", "MSE").split("_")
    return " ".join(words)


def show(metric, value):
    """A value of a metric as text.

    Examples
    --------
    >>> from sknn_course.course.judging import show
    >>> show("test_accuracy", 0.98301), show("test_loss", 0.070349)
    ('0.9830', '0.07035')
    """
    if value is None or not isfinite(value):
        return "–"
    if is_better_high(metric):
        return f"{value:.4f}"
    return f"{value:.4g}"
