"""Bands, judgements and the files of outcomes."""

import json
from math import isnan, nan, sqrt

import numpy as np
import pytest
from scipy import stats
from sklearn.utils import Bunch

from sknn_course.course.documents import render_markdown, write_documents
from sknn_course.course.experiment import Experiment, Training, TrainingResult
from sknn_course.course.judging import judge
from sknn_course.course.outcome import Comparison, Outcome, band, plain
from sknn_course.course.store import Store
from sknn_course.course.tables import comparison_rows, summary_rows
from sknn_course.course.training import Trained


def test_band_of_one_run_is_the_binomial_error_of_two_test_sets():
    # two test sets of 10,000: scipy's variance of the number of right ones
    one = stats.binom(10_000, 0.983).var() / 10_000**2
    half = band("test_accuracy", [0.98], 0.983, None, 10_000, 10_000)
    assert half == pytest.approx(2 * sqrt(2 * one))
    other = stats.binom(1_000, 0.983).var() / 1_000**2
    half = band("test_accuracy", [0.98], 0.983, None, 1_000, 10_000)
    assert half == pytest.approx(2 * sqrt(one + other))


def test_band_by_hand():
    # s = 0.01, n = 4: 0.0001 / 4 + 0.0001 = 0.000125; the sheet's std 0.02 instead
    values = [0.9 - 0.01 * sqrt(1.5), 0.9, 0.9, 0.9 + 0.01 * sqrt(1.5)]
    assert np.std(values, ddof=1) == pytest.approx(0.01)
    # 5 % of 0.2 for one run's seed
    assert band("test_mse", values, 0.2) == pytest.approx(2 * sqrt(0.000125 + 0.0001))
    given = band("test_mse", values, 0.2, published_std=0.02)
    assert given == pytest.approx(2 * sqrt(0.000025 + 0.0004 + 0.0001))
    with_test_set = band("test_accuracy", values, 0.9, None, 100, 200)
    variance = 0.000125 + 0.9 * 0.1 * (1 / 100 + 1 / 200)
    assert with_test_set == pytest.approx(2 * sqrt(variance))
    # training rows are no sample of others
    on_training_rows = band("train_accuracy", values, 0.9, None, 100, 200)
    assert on_training_rows == pytest.approx(2 * sqrt(0.000125 + 0.000025))


def test_our_own_scatter_widens_a_band_to_a_ceiling_only():
    wild, tame = [0.0, 1.0], [0.5 - 0.001, 0.5 + 0.001]
    # at most the sheet's deviation where it gives one, else a quarter of its error
    given = 2 * sqrt(0.02**2 * 1.5 + 0.025**2)
    assert band("test_mse", wild, 0.5, published_std=0.02) == pytest.approx(given)
    ours = 2 * sqrt(0.125**2 * 1.5 + 0.025**2)
    assert band("test_mse", wild, 0.5) == pytest.approx(ours)
    assert band("test_mse", tame, 0.5) < ours / 4
    # errors of classifiers below 0.01 count as 0.01
    assert band("train_loss", [0.0], 0.0) == band("train_accuracy", [1.0], 1.0) == 1e-3


def test_a_band_ends_half_way_to_a_constant_prediction():
    wide = band("test_mse", [0.05], 0.05, published_std=0.07)
    assert wide > 0.14
    assert band("test_mse", [0.05], 0.05, 0.07, untrained=0.09) == pytest.approx(0.02)
    assert band("test_mse", [0.05], 0.05, 0.001, untrained=0.09) < 0.006


@pytest.mark.parametrize(
    ("metric", "value", "verdict"),
    [
        ("test_accuracy", 0.99, "better"),
        ("test_accuracy", 0.915, "in the band"),
        ("test_accuracy", 0.885, "in the band"),
        ("test_accuracy", 0.875, "worse"),
        ("test_mse", 0.01, "better"),
        ("test_mse", 0.915, "in the band"),
        ("test_mse", 0.925, "worse"),
        ("test_loss", 0.925, "worse"),
        ("test_accuracy", nan, "worse"),
    ],
)
def test_a_band_has_two_sides(metric, value, verdict):
    assert Comparison(metric, [value], 0.9, band=0.02).verdict == verdict


def test_diverged_repetitions_are_left_out_of_the_mean():
    one = Comparison("test_mse", [1.0, nan, 3.0], 2.5)
    assert (one.mean, one.std, one.difference) == (2.0, pytest.approx(sqrt(2)), -0.5)
    assert one.verdict is None
    assert isnan(Comparison("test_mse", [1.0], 1.0).std)


def rows(n):
    return np.zeros((n, 2)), np.arange(n) % 10


def trained(values, loss=0.1, n_rows=50, n_epochs=2, **more):
    result = TrainingResult(
        {"test_accuracy": values, "test_loss": [loss] * len(values)},
        {"train_loss": [[0.9, 0.6]] * len(values)},
        n_rows=n_rows,
        n_epochs=n_epochs,
        seconds=1.0,
    )
    more = {"stuck": [False] * len(values)} | more
    data = Bunch(
        train=rows(50),
        validation=None,
        test=rows(1000),
        sizes=(200, None, 1000),
        notes=[],
    )
    return Trained(result, data=data, **more)


def of_all(values, **more):
    """At the size of the sheet."""
    return trained(values, n_rows=200, n_epochs=5, **more)


def judged(training, one, controls=()):
    outcome = Outcome.of(Experiment("S3.51", "MLP", "", "", training), "quick")
    judge(outcome, training, one, controls)
    return outcome


RECORD = {
    "estimator": None,
    "params": {"max_iter": 5},
    "data": "digits",
    "published": {"test_accuracy": 0.98, "test_loss": 0.1},
    "quick": {"rows": 50, "epochs": 2},
}


def test_a_run_that_is_smaller_says_so_in_its_status():
    outcome = judged(Training(**RECORD), trained([0.80, 0.82]))
    assert outcome.status == "smaller run" and outcome.smaller
    assert outcome.size == "50 of 200 rows, 2 of 5 epochs, 2 repetitions"
    assert outcome.reason.startswith(f"{outcome.size}; test accuracy 0.8100 is 0.1700")
    assert outcome.reason.endswith("below the published 0.9800, band 0.0175")
    # s = 0.0141, of which a quarter of the error 0.02 counts
    variance = 0.005**2 * 1.5 + 0.98 * 0.02 * 2 / 1000
    assert outcome.comparisons[0].band == pytest.approx(2 * sqrt(variance))
    outcome = judged(Training(**RECORD), trained([0.98]))
    assert outcome.status == "smaller run"
    assert outcome.reason == f"{outcome.size}; in the bands"
    few = of_all([0.98])
    few.data.sizes = (200, None, 10_000)
    assert "tested on 1,000 of 10,000 rows" in judged(Training(**RECORD), few).reason
    of_four = Training(**RECORD, published_std={"test_accuracy": 0.1}, repeats=4)
    assert "2 of 4 repetitions" in judged(of_four, of_all([0.98, 0.98])).reason


@pytest.mark.parametrize(
    ("accuracy", "loss", "status"),
    [
        (0.98, 0.1, "passed"),
        (0.98, 0.2, "outside"),  # losses decide too
        (0.90, 0.1, "outside"),
        (0.90, 0.01, "outside"),
        (0.98, 0.05, "better than published"),
        (1.00, 0.1, "better than published"),
    ],
)
def test_all_figures_decide(accuracy, loss, status):
    outcome = judged(Training(**RECORD), of_all([accuracy], loss=loss))
    assert outcome.status == status and bool(outcome.reason) is (status != "passed")


def test_without_figures_a_row_is_shown():
    shown = Training(**{**RECORD, "published": {}})
    assert judged(shown, of_all([0.5])).status == "shown"


def test_the_remark_explains_what_stays_outside():
    remark = "the sheet kept the best of four runs"
    training = Training(**RECORD, remark=remark)
    assert remark in judged(training, of_all([0.80])).reason
    assert remark in judged(training, of_all([1.0])).reason
    assert remark not in judged(training, of_all([0.98])).reason


def test_stuck_published_runs_have_to_be_stuck_and_their_controls_to_learn():
    training = Training(**RECORD, outcome="constant")
    stuck = of_all([0.1, 0.1], stuck=[True, True])
    assert judged(training, stuck).status == "passed"
    diverged = of_all([0.1, nan], stuck=[True, False], diverged=[1])
    assert judged(training, diverged).status == "passed"
    outcome = judged(training, of_all([0.1, 0.9], stuck=[True, False]))
    assert outcome.status == "outside" and "1 of 2" in outcome.reason
    learns = judged(Training(**RECORD), of_all([0.98, 0.5]))
    assert judged(training, stuck, [learns]).status == "passed"
    does_not = judged(Training(**RECORD), of_all([0.98, 0.15]))
    outcome = judged(training, stuck, [learns, does_not])
    assert outcome.status == "outside" and "S3.51 has to learn" in outcome.reason


def test_errors_and_divergence():
    outcome = judged(Training(**RECORD), of_all([0.98], error="TypeError: x"))
    assert (outcome.status, outcome.reason) == ("failed", "TypeError: x")
    all_diverged = of_all([nan], stuck=[False], diverged=[0])
    outcome = judged(Training(**RECORD), all_diverged)
    assert outcome.status == "outside" and "diverged" in outcome.reason


def test_milestones_penalties_and_epoch_means_are_lines_of_their_own():
    training = Training(
        **{**RECORD, "published": {"train_loss": 0.4, "test_loss": 0.8}},
        milestones={1: {"train_loss": 0.9}, 7: {"train_loss": 0.1}},
    )
    one = trained([0.98])
    one.result.metrics |= {"train_loss": [0.5], "penalty": [0.25]}
    found = [(c.metric, c.how, c.mean) for c in judged(training, one).comparisons]
    assert found == [
        ("train_loss", "", 0.5),
        ("train_loss", "mean over the last epoch", 0.6),
        ("test_loss", "", 0.1),
        ("test_loss", "with the penalty", 0.35),
        ("train_loss", "after epoch 1", 0.9),
    ]


def deciding(**of_training):
    published = {"train_loss": 0.4, "test_loss": 0.8}
    training = Training(**{**RECORD, "published": published}, **of_training)
    one = of_all([0.98])
    one.result.metrics |= {"train_loss": [0.5], "penalty": [0.25]}
    return [
        (c.metric, c.how)
        for c in judged(training, one).comparisons
        if c.band is not None
    ]


def test_the_figure_decides_that_the_sheet_prints():
    assert deciding() == [("train_loss", ""), ("test_loss", "")]
    assert deciding(epoch_means=True, with_penalty=True) == [
        ("train_loss", "mean over the last epoch"),
        ("test_loss", "with the penalty"),
    ]


def test_one_milestone_in_ten_may_be_outside():
    epochs = {epoch: {"train_loss": 0.5} for epoch in range(1, 12)}
    training = Training(**{**RECORD, "published": {}}, milestones=epochs)
    one = of_all([0.98])
    one.result.curves["train_loss"] = [[0.9] + [0.5] * 10]
    assert judged(training, one).status == "passed"
    one.result.curves["train_loss"] = [[0.9] * 2 + [0.5] * 9]
    outcome = judged(training, one)
    assert outcome.status == "outside" and "after epoch 2" in outcome.reason


def test_tables_show_what_was_measured_beside_what_was_published():
    outcome = judged(Training(**RECORD), trained([0.5, 0.7]))
    outcome.metrics["penalty"] = [0.25, 0.75]
    rows = comparison_rows(outcome)
    assert [(row["figure"], row["ours"]) for row in rows] == [
        ("test accuracy", "0.6000 ± 0.1414"),
        ("test loss", "0.1 ± 0"),
        ("penalty", "0.5 ± 0.3536"),
    ]
    assert rows[0]["difference"] == "−0.3800" and "published" not in rows[2]
    (row,) = summary_rows([outcome])
    assert (row["figure"], row["published"]) == ("test accuracy", "0.9800")
    assert row["met"] == "1 of 2"
    shown = judged(Training(**{**RECORD, "published": {}}), trained([0.5]))
    (row,) = summary_rows([shown])
    assert (row["figure"], row["ours"]) == ("test accuracy", "0.5000")
    stuck = Training(**RECORD, outcome="constant")
    (row,) = summary_rows([judged(stuck, of_all([0.1, 0.9], stuck=[True, False]))])
    assert (row["figure"], row["ours"]) == ("runs that do not learn", "1 of 2")


def test_json_round_trip(tmp_path):
    outcome = judged(Training(**RECORD), trained([0.5, nan]))
    outcome.checks = plain(
        [
            {
                "name": "n",
                "ours": np.arange(3),
                "published": None,
                "right": None,
                "tolerance": 0,
                "passed": True,
            }
        ]
    )
    outcome.tables = {"Layers": [{"layer": "conv1", "parameters": 156}]}
    store = Store(tmp_path)
    store.write(outcome)
    again = store.read("S3.51", "quick")
    assert again.to_json() == outcome.to_json()
    assert isnan(again.metrics["test_accuracy"][1])
    assert again.comparisons[0].mean == outcome.comparisons[0].mean == 0.5
    text = (tmp_path / "outcomes" / "S3.51_quick.json").read_text("utf-8")
    assert "NaN" not in text and json.loads(text)["status"] == "smaller run"


def test_a_damaged_file_counts_as_not_done(tmp_path):
    store = Store(tmp_path)
    store.write(judged(Training(**RECORD), trained([0.98])))
    assert store.done("S3.51", {"quick": ""}).status == "smaller run"
    assert store.done("S3.51", {"quick": "of another row"}) is None
    (tmp_path / "outcomes" / "S3.51_quick.json").write_text('{"id": "S3.5', "utf-8")
    assert store.done("S3.51", {"quick": ""}) is None


def kept(store, id, scale, status):
    store.write(Outcome(id, f"at {scale}", "g", "", scale, "training", status=status))


def test_the_full_outcome_is_preferred(tmp_path):
    store = Store(tmp_path)
    kept(store, "S3.01", "quick", "outside")
    kept(store, "S3.01", "full", "passed")
    kept(store, "S3.02", "quick", "passed")
    kept(store, "S3.02", "full", "not run")
    kept(store, "S3.03", "full", "failed")
    best = store.best(["S3.01", "S3.02", "S3.03", "S3.04"])
    assert [(one.id, one.scale) for one in best] == [
        ("S3.01", "full"),
        ("S3.02", "quick"),
        ("S3.03", "full"),
    ]
    both = {"full": "", "quick": ""}
    assert store.done("S3.01", both).scale == "full"
    assert store.done("S3.02", {"full": ""}) is None


def test_documents_hold_the_figures(tmp_path):
    store = Store(tmp_path)
    outcome = judged(Training(**RECORD), trained([0.80, 0.82]))
    outcome.errata = ["It says <b> & means a."]
    store.write(outcome)
    outcomes = store.best(["S3.51"])
    for command in ("reproduce S3.51", "reproduce S3"):
        write_documents(store, outcomes, command, {"cores": 2})
    markdown = (tmp_path / "results.md").read_text("utf-8")
    assert markdown.strip() == render_markdown(
        outcomes, ["reproduce S3.51", "reproduce S3"], {"cores": 2}
    )
    line = next(one for one in markdown.splitlines() if one.startswith("| S3.51"))
    for text in ("0.8100 ± 0.0141", "0.9800", "smaller run", "2 of 5 epochs"):
        assert text in line
    page = (tmp_path / "sheet3.html").read_text("utf-8")
    assert "0.8100 ± 0.0141" in page and "It says &lt;b&gt; &amp; means a." in page
    document = json.loads((tmp_path / "results.json").read_text("utf-8"))
    assert document["counts"]["smaller run"] == 1 and document["machine"] == {
        "cores": 2
    }
    assert document["outcomes"][0]["metrics"]["test_accuracy"] == [0.8, 0.82]
    assert "curves" not in document["outcomes"][0]
