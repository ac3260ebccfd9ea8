"""Gradient boosting by other packages, where they are installed."""

from typing import Any

import numpy as np
from scipy.stats import loguniform
from sklearn.base import BaseEstimator, ClassifierMixin, clone

Made = tuple[Any, Any, float]


class CodedClasses(ClassifierMixin, BaseEstimator):
    """A classifier that sees classes as 0, 1, 2, ..., whatever they are.

    Parameters
    ----------
    estimator : classifier
        One that needs such codes, or predicts a column of them.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    estimator_ : classifier
        The fitted one.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sknn_course._compare.boosters import CodedClasses
    >>> coded = CodedClasses(LogisticRegression()).fit([[0], [1]], ["no", "yes"])
    >>> coded.predict([[1]]), coded.estimator_.classes_
    (array(['yes'], dtype='<U3'), array([0, 1]))
    """

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator

    def fit(self, X: Any, y: Any) -> "CodedClasses":
        """Fit the estimator to the codes of the classes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)

        Returns
        -------
        CodedClasses
        """
        self.classes_, codes = np.unique(y, return_inverse=True)
        self.estimator_ = clone(self.estimator).fit(X, codes)
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Return the classes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        return self.classes_[np.ravel(self.estimator_.predict(X))]

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probabilities of the classes, in the order of ``classes_``.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
        """
        return self.estimator_.predict_proba(X)


# One thread each: processes (--n-jobs) share out the fits of a search.


def lightgbm(classify: bool, table: Any) -> Made:
    """LightGBM's estimator, its settings to search and its share of them."""
    from lightgbm import LGBMClassifier, LGBMRegressor

    options = {"n_jobs": 1, "verbose": -1, "random_state": 0}
    space = {
        "learning_rate": loguniform(0.03, 0.3),
        "n_estimators": [100, 200],
        "num_leaves": [31, 15, 7],
        "min_child_samples": [20, 10, 40],
    }
    return _coded(LGBMClassifier, LGBMRegressor, classify, options), space, 1.0


def xgboost(classify: bool, table: Any) -> Made:
    """XGBoost's estimator, its settings to search and its share of them."""
    from xgboost import XGBClassifier, XGBRegressor

    options = {
        "n_jobs": 1,
        "random_state": 0,
        "n_estimators": 100,
        "learning_rate": 0.3,
        "max_depth": 6,
        "min_child_weight": 1,
        "subsample": 1.0,
    }
    space = {
        "learning_rate": loguniform(0.03, 0.3),
        "n_estimators": [100, 200],
        "max_depth": [6, 4, 3],
        "min_child_weight": [1, 5],
        "subsample": [1.0, 0.7],
    }
    return _coded(XGBClassifier, XGBRegressor, classify, options), space, 1.0


def catboost(classify: bool, table: Any) -> Made:
    """CatBoost's estimator, its settings to search and its share of them."""
    from catboost import CatBoostClassifier, CatBoostRegressor

    options = {
        "thread_count": 1,
        "verbose": False,
        "allow_writing_files": False,
        "random_state": 0,
        "iterations": 300,
        "learning_rate": 0.1,
        "depth": 6,
        "l2_leaf_reg": 3.0,
    }
    space = {
        "learning_rate": loguniform(0.03, 0.3),
        "depth": [6, 4, 8],
        "l2_leaf_reg": loguniform(1.0, 10.0),
    }
    return _coded(CatBoostClassifier, CatBoostRegressor, classify, options), space, 0.5


def _coded(classifier: Any, regressor: Any, classify: bool, options: Any) -> Any:
    if classify:
        return CodedClasses(classifier(**options))
    return regressor(**options)
