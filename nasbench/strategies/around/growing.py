"""A search whose networks get deeper: a strategy for each depth.

A strategy that can go on with what it has learned (a controller with anchor points) is one for all depths. Any other
one starts anew at each depth, and is told the trials of that depth alone.
"""

from collections.abc import Callable
from typing import final

from nasbench.core.growth import GoesDeeper, Growth
from nasbench.core.protocols import AnyDepth, SearchSpace, Strategy
from nasbench.strategies.around.control import Control
from nasbench.strategies.around.scored_once import ScoredOnce
from nasbench.strategies.around.screened import screened
from nasbench.strategies.random import RandomSearch


@final
class Growing:
    """Strategies for all depths of `space`. `first` is the one for its own depth, `make` makes the one for another, and
    `wrapped` puts around each what holds at every depth, such as limits.
    """

    def __init__(
        self,
        space: AnyDepth,
        first: Strategy,
        make: Callable[[SearchSpace], Strategy],
        wrapped: Callable[[Strategy, SearchSpace], Strategy],
    ) -> None:
        self._space, self._first, self._make, self._wrapped = space, first, make, wrapped
        self._stages: dict[int, Strategy] = {}

    @property
    def starts_anew(self) -> bool:
        """Whether the strategy forgets what it has learned where networks get deeper."""
        own = self._space.with_layers(self._space.layers)
        goes_on = isinstance(self._first, GoesDeeper) and self._first.deeper(own) is not None
        return not (goes_on or isinstance(self._first, RandomSearch))

    def at_depth(self, layers: int) -> Strategy:
        """The strategy for networks of that many layers."""
        if layers not in self._stages:
            space = self._space.with_layers(layers)
            own = self._first.deeper(space) if isinstance(self._first, GoesDeeper) else None
            if own is None:
                own = self._first if layers == self._space.layers else self._make(space)
            self._stages[layers] = self._wrapped(own, space)
        return self._stages[layers]


def grown(
    space: SearchSpace,
    own: Strategy,
    make: Callable[[SearchSpace], Strategy],
    control_seed: int | None,
    limits: Callable[[Strategy, SearchSpace], Strategy],
    screen: ScoredOnce | None,
) -> tuple[Growing, Growing]:
    """(the search, its random children) for all depths: within the limits, the search behind its screen."""
    assert isinstance(space, AnyDepth), space
    search = Growing(space, own, make, lambda inner, at: screened(limits(inner, at), screen, at))
    return search, Growing(space, Control(space, control_seed), lambda at: Control(at, control_seed), limits)


def told_of_growth(growth: Growth, strategy: Growing, name: str, trials: int) -> tuple[str, ...]:
    """What is said of it before a search starts."""
    anew = f"; {name} starts anew at each depth" if strategy.starts_anew else ""
    last = growth.layers(trials)
    reach = "the last ones" if last > growth.first else f"none of the {trials} trials is deeper, the last ones"
    return (
        f"networks have {growth.first} layers, and {growth.more} more after each {growth.every} trials: {reach} have "
        f"{last}{anew}",
    )
