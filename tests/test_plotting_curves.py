"""Displays of losses, scores and learning rates: what they hold equals what is
computed elsewhere.
"""

import numpy as np
import pytest
from plotted_digits import (
    X,
    close_figures,  # noqa: F401  acts on every test here
    fitted_mlp,
    y,
)
from sklearn.base import clone
from sklearn.neural_network import MLPClassifier as ScikitLearnMLP
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from sknn_course import MLPClassifier, MLPRegressor
from sknn_course.plotting import LearningRateCasesDisplay, LossCurveDisplay

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(scope="module")
def mlp():
    return fitted_mlp()


def test_loss_curves_are_those_of_the_estimator(mlp):
    display = LossCurveDisplay.from_estimator(make_pipeline(mlp))
    for stored, recorded in [
        (display.train_loss, mlp.loss_curve_),
        (display.validation_loss, mlp.validation_loss_curve_),
        (display.train_score, mlp.training_score_curve_),
        (display.validation_score, mlp.validation_scores_),
    ]:
        np.testing.assert_array_equal(stored, [recorded])
    loss, score = display.axes_
    assert (loss.get_ylabel(), score.get_ylabel()) == ("loss", "accuracy")
    train, validation = (line.get_ydata() for line in loss.lines)
    np.testing.assert_array_equal(train, mlp.loss_curve_)
    np.testing.assert_array_equal(validation, mlp.validation_loss_curve_)


def test_loss_curves_of_scikit_learns_mlp_and_of_a_regressor():
    theirs = ScikitLearnMLP((5,), max_iter=4, random_state=0).fit(X, y)
    assert len(LossCurveDisplay.from_estimator(theirs).axes_) == 1
    ours = MLPRegressor(hidden_layer_sizes=(5,), max_iter=4, early_stopping=True)
    display = LossCurveDisplay.from_estimator(ours.fit(X, y))
    assert display.score_name == "$R^2$"


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("penalty", [{"l1": 1e-3}, {"l2": 1e-3}], ids=str)
def test_loss_axis_names_the_penalty(penalty):
    mlp = MLPClassifier((3,), max_iter=2, **penalty).fit(X, y)
    history = {"loss": mlp.loss_curve_}
    for display in (
        LossCurveDisplay.from_estimator(mlp),
        LossCurveDisplay.from_history(history, penalized=True),
    ):
        assert display.axes_[0].get_ylabel() == "loss (training: with penalty)"


def test_loss_curves_of_several_runs_have_their_mean():
    runs = [[4.0, 2.0, 1.0], [2.0, 1.0], [3.0, 3.0, 3.0]]
    display = LossCurveDisplay.from_history({"train_loss": runs})
    *thin, mean = display.axes_[0].lines
    assert [len(line.get_ydata()) for line in thin] == [3, 2, 3]
    np.testing.assert_array_equal(mean.get_ydata(), [3, 2])
    np.testing.assert_array_equal(mean.get_xdata(), [1, 2])


def test_loss_curves_from_histories(mlp):
    of_estimator = LossCurveDisplay.from_estimator(mlp)
    keras = {
        "loss": mlp.loss_curve_,
        "val_loss": mlp.validation_loss_curve_,
        "accuracy": mlp.training_score_curve_,
        "val_accuracy": mlp.validation_scores_,
    }
    for history, n_runs in ((mlp.net_.history, 1), (keras, 1), ([keras, keras], 2)):
        display = LossCurveDisplay.from_history(history)
        for name in (
            "train_loss",
            "validation_loss",
            "train_score",
            "validation_score",
        ):
            np.testing.assert_allclose(
                getattr(display, name), getattr(of_estimator, name) * n_runs
            )


@pytest.mark.parametrize(
    ("losses", "scale"), [([3.0, 1.0, 0.5], "linear"), ([3.0, 0.1, 0.01], "log")]
)
def test_loss_axis_is_logarithmic_where_losses_span_much(losses, scale):
    display = LossCurveDisplay(train_loss=losses).plot()
    assert display.axes_[0].get_yscale() == scale


def test_loss_curves_refuse_what_has_none(mlp):
    with pytest.raises(TypeError, match="loss_curve_"):
        LossCurveDisplay.from_estimator(SVC().fit(X, y))
    with pytest.raises(ValueError, match=r"history=\['error'\]"):
        LossCurveDisplay.from_history({"error": [1, 2]})
    with pytest.raises(ValueError, match="history='text'"):
        LossCurveDisplay.from_history("text")
    with pytest.raises(ValueError, match="train_loss .* shape"):
        LossCurveDisplay(train_loss=[[[1.0]]])
    with pytest.raises(ValueError, match="no curve"):
        LossCurveDisplay().plot()
    with pytest.raises(ValueError, match="loss_scale='cubic'"):
        LossCurveDisplay(train_loss=[1.0]).plot(loss_scale="cubic")


def test_learning_rates_are_fitted_and_judged():
    network = MLPClassifier((6,), "identity", solver="sgd", max_iter=6, random_state=0)
    rates = [1e-4, 0.1, 1e12]
    display = LearningRateCasesDisplay.from_estimator(
        network, X, y, learning_rates=rates
    )
    for rate in rates[:2]:
        alone = clone(network).set_params(learning_rate_init=rate).fit(X, y)
        np.testing.assert_array_equal(display.curves[rate], alone.loss_curve_)
    assert display.cases_ == dict(
        zip(rates, ("too low", "good", "too high"), strict=True)
    )


def test_learning_rate_cases_without_a_finite_end():
    nan = float("nan")
    curves = {0.01: [2.0, 1.9], 0.1: [2.0, 1.0], 1.0: [2.0, 1.01], 9.0: [2.0, nan]}
    display = LearningRateCasesDisplay.from_curves(curves)
    assert display.cases_ == {
        0.01: "too low",
        0.1: "good",
        1.0: "good",
        9.0: "too high",
    }
    with pytest.raises(TypeError, match="learning_rate_init"):
        LearningRateCasesDisplay.from_estimator(SVC(), X, y, learning_rates=[1])
    with pytest.raises(ValueError, match="curves={}"):
        LearningRateCasesDisplay.from_curves({})
    with pytest.raises(ValueError, match="loss_scale='x'"):
        display.plot(loss_scale="x")
