"""Any sampler of Optuna as a strategy: `--strategy optuna:GPSampler`, with the sampler's own arguments as options.

A sampler is made anew for each proposal, seeded, over the trials that were told: what it keeps only in itself is lost.
That serves the samplers whose state is the study (TPE, Gaussian processes, NSGA-II and III, random, quasi-Monte Carlo).
"""

from collections.abc import Callable, Sequence
from inspect import isabstract, signature
from math import inf
from typing import Any, final

import optuna
from optuna.samplers import BaseSampler, RandomSampler

from nasbench.core.errors import UsageError, unknown
from nasbench.core.objectives import parse_objectives
from nasbench.core.protocols import SearchSpace, Strategy
from nasbench.strategies.libraries.optuna_sampler import OptunaStrategy, quiet
from nasbench.strategies.options import count_of

RANDOM_AT_THE_START = ("n_startup_trials", "population_size")
"""Arguments of samplers that say how many random trials come first."""


@final
class AnySampler(OptunaStrategy):
    """A sampler by its class; `arguments` are those of its constructor."""

    def __init__(
        self, kind: type[BaseSampler], space: SearchSpace, objectives: Sequence[str], arguments: dict[str, Any]
    ) -> None:
        self._kind, self._arguments = kind, arguments
        self._seeded = "seed" in signature(kind).parameters
        try:
            with quiet():
                self.sampler(0)
        except (ImportError, TypeError, ValueError) as error:
            raise UsageError(
                f"Optuna's {kind.__name__} cannot be made with {arguments or 'no options'}: {error}"
            ) from error
        random_trials = inf if issubclass(kind, RandomSampler) else count_of(kind, RANDOM_AT_THE_START, arguments)
        super().__init__(space, parse_objectives(objectives), random_trials)

    def sampler(self, seed: int) -> BaseSampler:
        return self._kind(**({"seed": seed} if self._seeded else {}), **self._arguments)


def sampler_named(name: str) -> Callable[..., Strategy]:
    """Makes strategies of the sampler with that name in optuna.samplers. UsageError where there is none."""
    kind = getattr(optuna.samplers, name, None)
    if not (isinstance(kind, type) and issubclass(kind, BaseSampler)):
        raise unknown("sampler of Optuna", name, _names())

    def make(space: SearchSpace, seed: int = 0, objectives: Sequence[str] = (), **options: Any) -> Strategy:  # noqa: ARG001 - every draw comes from ask's rng
        for option in options:
            if option not in signature(kind).parameters:
                raise unknown(f"argument of Optuna's {name}", option, [*signature(kind).parameters])
        return AnySampler(kind, space, objectives, options)

    return make


def _names() -> list[str]:
    found = ((name, getattr(optuna.samplers, name)) for name in optuna.samplers.__all__)
    return [name for name, each in found if isinstance(each, type) and not isabstract(each)]
