"""Quantiles and smoothed labels: what they mean, beside scikit-learn and torch."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from sklearn.metrics import mean_pinball_loss
from stacked_fits import Fit

from sknn_course import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

rng = np.random.RandomState(0)
X, X_VAL = rng.normal(size=(80, 4)), rng.normal(size=(30, 4))
SHORT = dict(batch_size=80, max_iter=5, alpha=0.0, random_state=0, dtype="float64")


@pytest.mark.parametrize("quantile", [0.1, 0.5, 0.8])
def test_a_quantile_is_above_its_share_of_the_rows(quantile):
    y = rng.gamma(2.0, size=(2000, 2))
    constant = np.zeros((2000, 1))
    model = MLPRegressor("quantile", (), quantile=quantile, learning_rate_init=0.02)
    model.set_params(max_iter=60, random_state=0).fit(constant, y)
    assert_allclose(np.mean(y <= model.predict(constant), 0), quantile, atol=0.04)
    assert_allclose(model.predict(constant)[0], np.quantile(y, quantile, 0), atol=0.1)


def test_losses_are_mean_pinball_losses():
    y, y_val = X @ [1.0, 2.0, 0.0, -1.0], X_VAL[:, 0]
    model = MLPRegressor("quantile", quantile=0.2, **SHORT)
    model.fit(X, y, X_val=X_VAL, y_val=y_val)
    expected = mean_pinball_loss(y_val, model.predict(X_VAL), alpha=0.2)
    assert_allclose(model.validation_loss_curve_[-1], expected)


TARGETS = {
    "two classes": (X[:, 0] > 0, X_VAL[:, 0] > 0),
    "classes": (np.digitize(X[:, 0], [-1, 1]), np.digitize(X_VAL[:, 0], [-1, 1])),
    "labels": ((X[:, :3] > 0).astype(int), (X_VAL[:, :3] > 0).astype(int)),
}


@pytest.mark.parametrize("task", TARGETS)
def test_smoothed_labels_are_those_of_cross_entropy(task):
    """Of two classes, and of each label, with the second logit beside a zero."""
    y, y_val = TARGETS[task]
    model = MLPClassifier(label_smoothing=0.3, **SHORT)
    model.fit(X, y, X_val=X_VAL, y_val=y_val)

    def cross_entropy(logits, y):
        criterion = torch.nn.CrossEntropyLoss(label_smoothing=0.3)
        y = torch.from_numpy(np.array(y, dtype=np.int64))
        if task == "classes":
            return criterion(logits, y).item()
        columns = zip(logits.T, y.reshape(len(y), -1).T, strict=True)
        pairs = [(torch.stack([0 * z, z], 1), of_one) for z, of_one in columns]
        return sum(criterion(*pair).item() for pair in pairs)

    with torch.no_grad():
        logits = model.net_.module_(torch.from_numpy(X_VAL))
        expected = cross_entropy(logits, y_val)
    assert_allclose(model.validation_loss_curve_[-1], expected)
    begun = MLPClassifier(label_smoothing=0.3, **SHORT | dict(max_iter=1)).fit(X, y)
    begun.set_params(learning_rate_init=1e-300, solver="sgd").fit(X, y)
    with torch.no_grad():
        logits = begun.net_.module_(torch.from_numpy(X))
        assert_allclose(begun.loss_, cross_entropy(logits, y))


def test_smoothed_predictions_keep_away_from_certainty():
    y = TARGETS["classes"][0]
    sharp, smooth = (
        MLPClassifier(label_smoothing=share, max_iter=500, random_state=0).fit(X, y)
        for share in (0.0, 0.3)
    )
    assert smooth.score(X, y) > 0.95
    assert sharp.predict_proba(X).max() > 0.97 > smooth.predict_proba(X).max()


@pytest.mark.parametrize(
    "kind, options",
    [
        (MLPRegressor, dict(quantile=0.0)),
        (MLPRegressor, dict(quantile=1)),
        (MLPClassifier, dict(label_smoothing=1.0)),
        (MLPClassifier, dict(label_smoothing=-0.1)),
    ],
)
def test_shares_out_of_range_are_refused(kind, options):
    with pytest.raises(ValueError, match=f"The '{next(iter(options))}' parameter"):
        kind(**options).fit(X, X[:, 0] > 0)


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_they_differ_in_a_stack_with_validation_rows(kind, check):
    name = "label_smoothing" if kind is MLPClassifier else "quantile"
    own = {} if kind is MLPClassifier else dict(loss="quantile")
    fits = [
        Fit(kind(**own, **SHORT | {"early_stopping": True, "random_state": k}), X, y)
        for k, y in enumerate([TARGETS["classes"][0]] * 3)
    ]
    for k, fit in enumerate(fits):
        fit.estimator.set_params(**{name: 0.1 + k / 4}, batch_size=16)
        fits[k] = fit._replace(X=fit.X[7 * k :], y=fit.y[7 * k :])
    check(fits)
