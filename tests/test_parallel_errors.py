"""The joblib backend "stacked": errors are those of an ordinary run."""

import joblib
import numpy as np
import pytest
from parallel_iris import (
    OPTIONS,
    X,
    mlp,
    no_hang,  # noqa: F401  acts on every test here
    y,
)
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import BaggingClassifier, StackingClassifier, VotingClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.feature_selection import RFECV, SequentialFeatureSelector
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    StratifiedKFold,
    cross_val_predict,
    cross_val_score,
    cross_validate,
    learning_curve,
    permutation_test_score,
    validation_curve,
)
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier
from sklearn.pipeline import make_pipeline

from sknn_course.mlp import MLPClassifier
from sknn_course.parallel import last_report


def outcome_of(call):
    """Type and message of the error that a call ends with."""
    try:
        return "none", call()
    except BaseException as error:
        return type(error), str(error)


def assert_same_error(call, **options):
    np.random.seed(0)
    alone = outcome_of(call)
    np.random.seed(0)
    with joblib.parallel_config("stacked", **options):
        together = outcome_of(call)
    assert together == alone
    assert alone[0] != "none"


class Failing(MLPClassifier):
    """Fails where `alpha` says."""

    def fit(self, X, y):
        if self.alpha == 2:
            raise ValueError("before the fit")
        super().fit(X, y)
        if self.alpha == 3:
            raise KeyError("after the fit")
        return self

    def predict(self, X):
        if self.alpha == 4:
            raise ArithmeticError("in predict")
        return super().predict(X)


class FailingTransformer(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        return self

    def transform(self, X):
        if len(X) < 100:
            raise ValueError(f"{len(X)} rows")
        return X


class FailingSplits:
    """Three folds, the second of which fails."""

    def split(self, X, y, groups=None):
        for k, rows in enumerate(StratifiedKFold(3).split(X, y)):
            if k == 1:
                raise ValueError("in split")
            yield rows

    def get_n_splits(self, X=None, y=None, groups=None):
        return 3


network = Failing((3,), **OPTIONS)


def networks(*alphas):
    return [(str(a), clone(network).set_params(alpha=a)) for a in alphas]


def search(*alphas, cls=GridSearchCV, cv=3, **options):
    return cls(network, {"alpha": alphas}, cv=cv, error_score="raise", **options)


def curve(alphas, cv=3):
    return validation_curve(
        network, X, y, param_name="alpha", param_range=alphas, cv=cv,
        error_score="raise",
    )  # fmt: skip


def alone(alpha):
    return clone(network).set_params(alpha=alpha)


few = X[:4], np.array([0, 0, 1, 1])
splits = {"cv": FailingSplits()}

CALLS = {
    # of the splitter
    "cross_validate": lambda: cross_validate(mlp, X, y, **splits),
    "cross_val_predict": lambda: cross_val_predict(mlp, X, y, **splits),
    "validation_curve": lambda: curve([0, 1], **splits),
    "learning_curve": lambda: learning_curve(mlp, X, y, **splits),
    "permutations": lambda: permutation_test_score(mlp, X, y, **splits),
    "search": lambda: search(0, 1, **splits).fit(X, y),
    "stacking": lambda: StackingClassifier(networks(0, 1), **splits).fit(X, y),
    "calibration": lambda: CalibratedClassifierCV(mlp, **splits).fit(X, y),
    "search in task": lambda: cross_validate(
        search(0, 1, **splits), X, y, error_score="raise"
    ),
    "curve in task": lambda: joblib.Parallel()(
        [joblib.delayed(curve)([0, 1], FailingSplits())]
    ),
    "rare classes": lambda: validation_curve(
        mlp, *few, param_name="alpha", param_range=[0, 1], cv=3
    ),
    # of tasks, the first of which is not the first in time
    "late, early": lambda: search(0, 3, 2).fit(X, y),
    "in scoring, early": lambda: curve([4, 2]),
    "halving": lambda: search(3, 2, 4, cls=HalvingGridSearchCV).fit(X, y),
    "stacked": lambda: StackingClassifier(networks(3, 2)).fit(X, y),
    "voting": lambda: VotingClassifier(networks(0, 3, 2)).fit(X, y),
    "tasks in tasks": lambda: cross_validate(
        search(0, 3, 2), X, y, error_score="raise"
    ),
    # of one kind
    "bagging": lambda: BaggingClassifier(alone(3), 3).fit(X, y),
    "one against the rest": lambda: OneVsRestClassifier(alone(2)).fit(X, y),
    "one against one": lambda: OneVsOneClassifier(alone(3)).fit(X, y),
    "elimination": lambda: RFECV(alone(3)).fit(X, y),
    "selection": lambda: SequentialFeatureSelector(alone(4), cv=3).fit(X, y),
    "transformer": lambda: cross_val_score(
        make_pipeline(FailingTransformer(), mlp), X, y, cv=3, error_score="raise"
    ),
    "scorer": lambda: cross_val_score(mlp, X, y, scoring="f1", error_score="raise"),
}


@pytest.mark.parametrize("name", CALLS)
def test_errors_are_those_of_an_ordinary_run(name):
    assert_same_error(CALLS[name])


def numbers(n, error):
    for k in range(n):
        yield joblib.delayed(abs)(k)
    raise error


ERRORS = OSError("in the iterator"), SystemExit("of it")


@pytest.mark.parametrize("error", ERRORS, ids=repr)
@pytest.mark.parametrize("n", [0, 3, 5, 20])
@pytest.mark.parametrize("pre_dispatch", ["all", "2*n_jobs", 1])
@pytest.mark.parametrize("return_as", ["list", "generator", "generator_unordered"])
def test_errors_of_the_iterator_of_tasks(return_as, pre_dispatch, n, error):
    parallel = {"return_as": return_as, "pre_dispatch": pre_dispatch}
    assert_same_error(
        lambda: list(joblib.Parallel(**parallel)(numbers(n, error))), max_models=2
    )


def test_errors_of_an_iterator_in_several_processes():
    assert_same_error(
        lambda: joblib.Parallel(pre_dispatch="all")(numbers(3, ERRORS[0])),
        n_processes=2,
    )


def test_no_later_task_is_begun_or_goes_on():
    """Those before the one that fails are trained to their ends."""
    started = []

    def fit(alpha):
        started.append(alpha)
        return alone(alpha).fit(X, y)

    with (
        joblib.parallel_config("stacked", max_models=4),
        pytest.raises(ValueError, match="before the fit"),
    ):
        joblib.Parallel(pre_dispatch="all")(
            joblib.delayed(fit)(alpha) for alpha in [0, 1, 2, 3, 4]
        )
    assert started == [0, 1, 2]
    assert last_report().waves == [2]
