"""Whether a training meets what the sheet published."""

from math import isfinite, nan

from .metrics import PARTS
from .outcome import Comparison, band, is_better_high
from .training import n_epochs

LEARNING = "mean over the last epoch"
WITH_PENALTY = "with the penalty"


def judge(outcome, training, trained):
    """Fill an outcome with what a training gave and whether that is as published.

    Parameters
    ----------
    outcome : Outcome
        Its id, scale and texts are set.
    training : Training
    trained : Trained
    """
    result = trained.result
    outcome.metrics, outcome.curves = result.metrics, result.curves
    outcome.n_rows, outcome.n_epochs = result.n_rows, result.n_epochs
    outcome.seconds = result.seconds
    if trained.error:
        outcome.status, outcome.reason = "failed", trained.error
        return
    outcome.size, outcome.smaller = _size(training, trained, outcome.scale)
    outcome.notes += trained.data.notes
    outcome.comparisons = _comparisons(training, trained)
    n, n_stuck = len(trained.stuck), sum(trained.stuck)
    n_diverged = len(trained.diverged)
    what = [f"{n_stuck} of {n} repetitions predict (nearly) one value for every row"]
    if n_diverged:
        what.append(f"{n_diverged} of {n} diverged to numbers that are not finite")
    if n_stuck or n_diverged or training.outcome == "constant":
        outcome.notes.append("; ".join(what) + ".")
    if training.outcome == "constant":
        stuck = n_stuck + n_diverged == n
        outcome.not_learning = f"{n_stuck + n_diverged} of {n}"
        outcome.status = "passed" if stuck else "outside"
        if not stuck:
            outcome.reason = (
                f"the sheet's run did not learn, but {n - n_stuck - n_diverged} of "
                f"{n} of our repetitions do"
            )
    else:
        _judge_figures(outcome, n_diverged == n)
    if outcome.status != "outside":
        return
    if outcome.smaller:
        outcome.reason += f"; smaller run: {outcome.size}"
    if training.remark:
        outcome.reason += f". {training.remark}"


def _judge_figures(outcome, all_diverged):
    judged = [one for one in outcome.comparisons if one.band is not None]
    if all_diverged:
        outcome.status = "outside"
        outcome.reason = "all repetitions diverged to numbers that are not finite"
    elif not judged:
        outcome.status = "shown"
    elif all(one.passed for one in judged):
        outcome.status = "passed"
    else:
        outcome.status = "outside"
        outcome.reason = "; ".join(
            f"{name_of(one.metric)} {show(one.metric, one.mean)} is "
            f"{show(one.metric, abs(one.difference))} "
            f"{'below' if is_better_high(one.metric) else 'above'} the published "
            f"{show(one.metric, one.published)}, band {show(one.metric, one.band)}"
            for one in judged
            if not one.passed
        )


def _comparisons(training, trained):
    result, found = trained.result, []
    learns = training.outcome == "learns"
    for metric, published in training.published.items():
        values = result.metrics.get(metric)
        if values is None:
            continue
        std = training.published_std.get(metric)
        half = None
        if metric in training.judged and learns:
            finite = [value for value in values if isfinite(value)]
            half = band(metric, finite, published, std, *_n_rows(metric, trained.data))
        found.append(Comparison(metric, values, published, std, half))
        if metric in result.curves and metric.startswith("train"):
            last = [curve[-1] if curve else nan for curve in result.curves[metric]]
            found.append(Comparison(metric, last, published, std, how=LEARNING))
        elif metric.endswith("_loss") and "penalty" in result.metrics:
            total = [
                a + b for a, b in zip(values, result.metrics["penalty"], strict=True)
            ]
            found.append(Comparison(metric, total, published, std, how=WITH_PENALTY))
    for epoch, figures in training.milestones.items():
        for metric, published in figures.items():
            values = _at_epoch(metric, epoch, trained)
            if values is not None:
                how = f"after epoch {epoch}"
                found.append(Comparison(metric, values, published, how=how))
    return found


def _n_rows(metric, data):
    """Rows that a metric was taken on: ours and the sheet's."""
    part = metric.split("_")[0]
    if part not in PARTS or data[part] is None:
        return None, None
    return len(data[part][0]), data.sizes[PARTS.index(part)]


def _at_epoch(metric, epoch, trained):
    """Values after an epoch, of which curves tell; else None."""
    curves = trained.result.curves.get(metric)
    if curves is None and trained.data.test is trained.data.validation:
        curves = trained.result.curves.get(metric.replace("test", "validation"))
    if curves is None or not any(len(curve) >= epoch for curve in curves):
        return None
    return [curve[epoch - 1] if len(curve) >= epoch else nan for curve in curves]


def _size(training, trained, scale):
    """In words how much was done of what the sheet did, and whether it is less."""
    data, n = trained.data, len(trained.stuck)
    rows, of_rows = len(data.train[0]), training.full.get("rows", data.sizes[0])
    epochs, of_epochs = n_epochs(training, scale)
    parts = [_of(rows, of_rows, "rows")]
    if of_epochs:
        parts.append(_of(epochs, of_epochs, "epochs"))
    parts.append(f"{n} repetition{'s' * (n > 1)}")
    n_test, of_test = len(data.test[0]), data.sizes[2]
    if n_test != of_test:
        parts.append(f"tested on {_of(n_test, of_test, 'rows')}")
    return ", ".join(parts), rows < of_rows or epochs < of_epochs


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
