"""How the tabular estimators fit: an ensemble of pipelines that encode and train."""

import warnings
from abc import ABC, abstractmethod
from copy import copy
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import ArrayLike
from sklearn.exceptions import ConvergenceWarning
from sklearn.inspection import permutation_importance
from sklearn.metrics import check_scoring, get_scorer_names
from sklearn.pipeline import Pipeline
from sklearn.utils import Bunch, Tags
from sklearn.utils.validation import check_is_fitted

from .._choices import Choices, SuggestsChoices
from .._compat import Interval, safe_indexing
from .._ensemble.base import Ensemble
from .._estimator.base import NeuralEstimator
from .._estimator.parameter_types import Device, RandomState
from .candidates import folds, space, training
from .columns import n_rows
from .encoder import TableEncoder, TargetType

AT_LEAST_ONE = Interval(Integral, 1, None, closed="left")


class TabularEstimator(SuggestsChoices, ABC):
    """Base of the tabular estimators: a subclass names its network and ensemble."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_candidates": [AT_LEAST_ONE],
        "max_members": [AT_LEAST_ONE],
        "cv": ["cv_object"],
        "scoring": [Choices(get_scorer_names()), callable, None],
        "time_budget": [Interval(Real, 0, None, closed="neither"), None],
        "device": [str, torch.device],
        "random_state": ["random_state"],
        "n_jobs": [Interval(Integral, None, -1, closed="right"), AT_LEAST_ONE, None],
        "verbose": ["verbose"],
    }
    ensemble_: Any

    def __init__(
        self,
        n_candidates: int = 12,
        *,
        max_members: int = 32,
        cv: Any = None,
        scoring: Any = None,
        time_budget: float | None = None,
        device: Device = "auto",
        random_state: RandomState = None,
        n_jobs: int | None = None,
        verbose: bool = False,
    ) -> None:
        self.n_candidates = n_candidates
        self.max_members = max_members
        self.cv = cv
        self.scoring = scoring
        self.time_budget = time_budget
        self.device = device
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.verbose = verbose

    @abstractmethod
    def _network(self) -> NeuralEstimator:
        """The network that candidates are settings of."""

    @abstractmethod
    def _ensemble(self, estimator: Pipeline, **parameters: Any) -> Ensemble:
        """The ensemble of candidates."""

    def _fit(self, X: Any, y: Any, sample_weight: Any, groups: Any) -> Self:
        held_out = {"cv": self.cv}
        rows = n_rows(X)
        if self.cv is None:
            held_out = folds(rows)
        encoder = TableEncoder(target_type=self._target_type).fit(X, y)
        network = self._network().set_params(device=self.device, **training(rows))
        ensemble = self._ensemble(
            Pipeline([("encoder", encoder), ("network", network)]),
            param_distributions=space(rows, encoder.n_numbers_),
            n_candidates=self.n_candidates,
            max_members=self.max_members,
            scoring=self.scoring,
            preprocess_once=True,  # columns must stay the same for the embeddings
            time_budget=self.time_budget,
            random_state=self.random_state,
            n_jobs=self.n_jobs,
            verbose=self.verbose,
            **held_out,
        )
        with warnings.catch_warnings():
            # a candidate that has not converged is one among others
            warnings.simplefilter("ignore", ConvergenceWarning)
            ensemble.fit(X, y, sample_weight=sample_weight, groups=groups)
        for name in ("n_features_in_", "feature_names_in_", "classes_"):
            self.__dict__.pop(name, None)
            if hasattr(ensemble, name):
                setattr(self, name, getattr(ensemble, name))
        # `cv_results_` has what was drawn; distributions are no plain data
        self.ensemble_ = ensemble.set_params(param_distributions=None)
        return self

    @property
    @abstractmethod
    def _target_type(self) -> TargetType:
        """Of the encoder."""

    def _fitted(self) -> Any:
        check_is_fitted(self)
        return self.ensemble_

    def permutation_importance(
        self,
        X: Any,
        y: ArrayLike,
        *,
        scoring: Any = None,
        n_repeats: int = 5,
        random_state: RandomState = None,
    ) -> Bunch:
        """How much the score falls where a column is shuffled, on held-out rows.

        The members of each fold predict the rows that the fold held out, see
        `sklearn.inspection.permutation_importance`; folds count by their rows.

        Parameters
        ----------
        X, y : as of `fit`
            The same rows.
        scoring : str or callable, default=None
            None is that of ``score``.
        n_repeats : int, default=5
        random_state : int, RandomState or None, default=None

        Returns
        -------
        Bunch
            ``importances_mean``, ``importances_std`` of shape (n_features,), and
            ``importances`` of shape (n_features, n_repeats).
        """
        ensemble = self._fitted()
        scorer = check_scoring(ensemble, scoring)
        n_folds = len(ensemble.held_out_)
        found, sizes = [], []
        for fold, places in enumerate(ensemble.held_out_):
            of_fold = copy(ensemble)
            of_fold.members_ = ensemble.members_[fold::n_folds]
            of_fold.weights_ = ensemble.weights_[fold::n_folds] * n_folds
            of_fold._made = {}
            rows = safe_indexing(X, places), safe_indexing(y, places)
            found.append(
                permutation_importance(
                    of_fold,
                    *rows,
                    scoring=scorer,
                    n_repeats=n_repeats,
                    random_state=random_state,
                ).importances
            )
            sizes.append(len(places))
        importances = np.average(found, axis=0, weights=sizes)
        return Bunch(
            importances_mean=importances.mean(axis=1),
            importances_std=importances.std(axis=1),
            importances=importances,
        )

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags = TableEncoder().__sklearn_tags__().input_tags
        return tags
