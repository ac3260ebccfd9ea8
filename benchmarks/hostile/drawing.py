"""Draw cases by hypothesis, the same ones for the same seed."""

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.internal.conjecture.providers import (
    AVAILABLE_PROVIDERS,
    HypothesisProvider,
)
from hypothesis.internal.constants_ast import Constants

from .cases import cases


class _WithoutSources(HypothesisProvider):
    """Takes no constants from the modules that are loaded, which would be chance."""

    _local_constants = Constants()


AVAILABLE_PROVIDERS["without_sources"] = _WithoutSources


def each_case(n_cases, number, examine):
    """Call ``examine`` with ``n_cases`` cases that ``number`` decides on."""

    @seed(number)
    @settings(
        backend="without_sources",
        max_examples=n_cases,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(cases())
    def generate(case):
        examine(case)

    generate()
