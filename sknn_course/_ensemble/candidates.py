"""Settings that an ensemble tries, as estimators that can be fitted."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.model_selection import ParameterGrid, ParameterSampler
from sklearn.pipeline import Pipeline

from .._identity import Same

LARGEST_SEED = np.iinfo(np.int32).max


@dataclass(frozen=True)
class Candidate:
    """An estimator with one setting.

    Parameters
    ----------
    estimator : estimator
        Not fitted, all its seeds set.
    params : dict
        What was drawn, and the seed of the network.
    preparation_key : hashable
        Equal for candidates whose steps before the last are equal.
    """

    estimator: BaseEstimator
    params: dict[str, Any]
    preparation_key: Hashable

    @property
    def steps(self) -> list[tuple[str, Any]]:
        """The steps before the last; none outside pipelines."""
        return steps_of(self.estimator)[:-1]


def steps_of(estimator: BaseEstimator) -> list[tuple[str, Any]]:
    """The steps of a pipeline; any other estimator is its only step."""
    if isinstance(estimator, Pipeline):
        return list(estimator.steps)
    return [("", estimator)]


def with_last_step(estimator: BaseEstimator, steps: list, last: Any) -> BaseEstimator:
    """A pipeline of fitted steps and a fitted last one; without steps, the last."""
    if not isinstance(estimator, Pipeline):
        return last
    # not cloned: members of a fold share its fitted steps
    return Pipeline(
        [*steps, (estimator.steps[-1][0], last)],
        transform_input=estimator.transform_input,
        memory=estimator.memory,
        verbose=estimator.verbose,
    )


def draw_candidates(
    estimator: BaseEstimator,
    param_distributions: Mapping | Sequence[Mapping] | None,
    n_candidates: int,
    rng: np.random.RandomState,
) -> list[Candidate]:
    """Draw settings, and a seed for each.

    The seeds of steps before the last are the same for all, so that those steps are
    fitted once per fold. Lists with fewer combinations than candidates come again,
    with other seeds.

    Parameters
    ----------
    estimator : estimator
    param_distributions : dict, list of dict, or None
    n_candidates : int
    rng : RandomState

    Returns
    -------
    list of Candidate
    """
    settings = _draw(param_distributions, n_candidates, rng)
    seeds = rng.randint(LARGEST_SEED, size=n_candidates).tolist()
    shared_seed = int(rng.randint(LARGEST_SEED))
    candidates = []
    for drawn, seed in zip(islice(cycle(settings), n_candidates), seeds, strict=True):
        one = clone(estimator).set_params(
            **{name: clone(value, safe=False) for name, value in drawn.items()}
        )
        last = steps_of(one)[-1][0]
        own = {
            name: seed if not last or name.startswith(f"{last}__") else shared_seed
            for name in one.get_params()
            if name.rpartition("__")[2] == "random_state" and name not in drawn
        }
        one.set_params(**own)
        shown = {name: value for name, value in own.items() if value is seed}
        key = tuple(
            (name, _identity(value))
            for name, value in sorted(drawn.items())
            if name.partition("__")[0] != last
        )
        candidates.append(Candidate(one, {**drawn, **shown}, key))
    return candidates


def _draw(
    distributions: Mapping | Sequence[Mapping] | None,
    n: int,
    rng: np.random.RandomState,
) -> list[dict[str, Any]]:
    """The whole grid where it is small, else a sample."""
    if distributions is None:
        return [{}]
    if not distributions and not isinstance(distributions, Mapping):
        raise ValueError(
            f"param_distributions={distributions!r} is empty: give None for the "
            "estimator as it is, a dict, or a list of dicts."
        )
    sampler = ParameterSampler(distributions, n, random_state=rng)  # checks them
    spaces = [distributions] if isinstance(distributions, Mapping) else distributions
    listed = all(not hasattr(v, "rvs") for space in spaces for v in space.values())
    if listed and len(ParameterGrid(distributions)) <= n:
        return list(ParameterGrid(distributions))
    return list(sampler)


def _identity(value: Any) -> Hashable:
    """Equal for equal numbers and strings, and for one and the same other object."""
    plain = isinstance(value, str | int | float | bool | None)
    return (type(value), value) if plain else Same(value)
