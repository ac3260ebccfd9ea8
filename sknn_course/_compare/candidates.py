"""The estimators of a comparison, prepared for a table, with settings to search."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from sknn_course._compare.boosters import CodedClasses
from sknn_course._compare.dates import DateParts
from sknn_course._compare.errors import InputError, unknown
from sknn_course._compare.models import MODELS

__all__ = ["MODELS", "Candidate", "bare", "bare_name", "make_candidates"]


@dataclass(frozen=True)
class Candidate:
    """One estimator of a comparison.

    Parameters
    ----------
    model : str
        Its name for the user, from ``MODELS``.
    estimator : Pipeline
        Preparation of the columns and the estimator, to be cloned.
    space : list of dict
        Settings to search, named as parameters of ``estimator``.
    share : float
        Part of the usual number of settings to try, less for slow estimators.
    """

    model: str
    estimator: Pipeline
    space: list[dict[str, Any]]
    share: float = 1.0

    @property
    def kind(self) -> str:
        """str : class name of the estimator itself."""
        return type(bare(self.estimator)).__name__

    @property
    def own_setting(self) -> dict[str, Any]:
        """dict : the estimator's own values of what the first space searches."""
        params = self.estimator.get_params()
        return {key: params[key] for key in self.space[0]}


def bare(pipeline: Pipeline) -> Any:
    """Return the estimator at the end of a candidate's pipeline.

    Parameters
    ----------
    pipeline : Pipeline

    Returns
    -------
    estimator
        The fitted one where the pipeline is fitted.
    """
    last = pipeline[-1]
    if isinstance(last, TransformedTargetRegressor):
        return getattr(last, "regressor_", last.regressor)
    if isinstance(last, CodedClasses):
        return getattr(last, "estimator_", last.estimator)
    return last


def bare_name(parameter: str) -> str:
    """Return a parameter's name without the pipeline's prefixes.

    Examples
    --------
    >>> from sknn_course._compare.candidates import bare_name
    >>> bare_name("model__regressor__C")
    'C'
    """
    return parameter.rpartition("__")[2]


def make_candidates(
    table: Any,
    models: Any = None,
    *,
    device: str = "auto",
    random_state: int = 0,
) -> list[Candidate]:
    """Return the estimators to compare on a table.

    Parameters
    ----------
    table : Table
    models : sequence of str, default=None
        Names from ``MODELS``; None for all that suit the table and are installed.
        The dummy is always among them, as the score to beat.
    device : str, default='auto'
        Where estimators of this package compute.
    random_state : int, default=0

    Returns
    -------
    list of Candidate
        In the order of ``MODELS``, those first that cope best with many rows.

    Raises
    ------
    InputError
        If a model is unknown, for the other task, or not installed.

    Examples
    --------
    >>> from sknn_course._compare.candidates import make_candidates
    >>> from sknn_course._compare.tables import load_table
    >>> [one.model for one in make_candidates(load_table("iris"), ["rbf_svm", "mlp"])]
    ['dummy', 'mlp', 'rbf_svm']
    """
    for name in models or ():
        if name not in MODELS:
            raise unknown("model", name, MODELS)
        if table.task not in MODELS[name].tasks:
            raise InputError(
                f"the model {name!r} is for {MODELS[name].tasks[0]}, but this is "
                f"{table.task}."
            )
        if not MODELS[name].installed:
            package = MODELS[name].package
            raise InputError(
                f"the model {name!r} needs {package}: pip install {package}."
            )
    if models is None:
        models = [name for name, model in MODELS.items() if model.suits(table)]
    names = [name for name in MODELS if name in models or name == "dummy"]
    return [_make(name, table, device, random_state) for name in names]


def _make(name: str, table: Any, device: str, random_state: int) -> Candidate:
    classify = table.task == "classification"
    estimator, space, share = MODELS[name].make(classify, table)
    prefix = "model__"
    if not classify:
        # a standardised target makes C, epsilon, alpha and learning rates
        # mean the same on every data set
        estimator = TransformedTargetRegressor(estimator, transformer=StandardScaler())
        prefix += "regressor__"
    elif isinstance(estimator, CodedClasses):
        prefix += "estimator__"
    prepare = _PREPARE[MODELS[name].columns](table)
    pipeline = Pipeline([("prepare", prepare), ("model", estimator)])
    own = pipeline.get_params()
    given = {prefix + "device": device, prefix + "random_state": random_state}
    pipeline.set_params(**{key: given[key] for key in given if key in own})
    spaces = [
        {prefix + key: values for key, values in one.items()}
        for one in (space if isinstance(space, list) else [space])
    ]
    return Candidate(name, pipeline, spaces, share)


def _scaled(table: Any) -> Any:
    if table.image_shape:
        return StandardScaler(with_std=False)  # pixels share one scale
    fill = SimpleImputer(
        strategy="median", add_indicator=True, keep_empty_features=True
    )
    if not isinstance(table.X_train, np.ndarray):
        numbers = make_pipeline(fill, StandardScaler())
        dates = make_pipeline(DateParts(), StandardScaler())
        return _by_kind(table.X_train, numbers, dates)
    gaps = np.isnan(table.X_train).any()
    return make_pipeline(fill, StandardScaler()) if gaps else StandardScaler()


def _whole(table: Any) -> Any:
    """Trees need no scale, and send gaps to the better side."""
    if isinstance(table.X_train, np.ndarray):
        return "passthrough"
    return _by_kind(table.X_train, "passthrough", DateParts())


def _by_kind(X: Any, numbers: Any, dates: Any) -> ColumnTransformer:
    kinds = X.dtypes
    encode = OneHotEncoder(
        handle_unknown="infrequent_if_exist", max_categories=30, sparse_output=False
    )  # a missing category is a category of its own
    parts: list[tuple[str, Any, list[str]]] = [
        ("numbers", numbers, [n for n in kinds.index if kinds[n].kind == "f"]),
        ("dates", dates, [n for n in kinds.index if kinds[n].kind == "M"]),
        ("categories", encode, [n for n in kinds.index if kinds[n].kind not in "fM"]),
    ]
    return ColumnTransformer(
        [part for part in parts if part[2]], verbose_feature_names_out=False
    )


_PREPARE = {"scaled": _scaled, "whole": _whole, "own": lambda table: "passthrough"}
