"""What of a search depends on the depth of its networks, where that grows."""

from collections.abc import Callable

from nasbench.core.growth import Growth
from nasbench.core.protocols import AnyDepth, SearchSpace, Strategy
from nasbench.engine.parts.screening import ScoredOnce, screened
from nasbench.strategies.around.constrained import Counts, Limits, constrained
from nasbench.strategies.around.control import Control
from nasbench.strategies.around.growing import Growing


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


def limited(counts: Counts, limits: Limits) -> Callable[[Strategy, SearchSpace], Strategy]:
    """What keeps a strategy within the limits, at any depth."""
    return lambda inner, at: constrained(inner, counts, limits, at)


def told_of_growth(growth: Growth, strategy: Growing, name: str, trials: int) -> tuple[str, ...]:
    """What is said of it before a search starts."""
    anew = f"; {name} starts anew at each depth" if strategy.starts_anew else ""
    last = growth.layers(trials)
    reach = "the last ones" if last > growth.first else f"none of the {trials} trials is deeper, the last ones"
    return (
        f"networks have {growth.first} layers, and {growth.more} more after each {growth.every} trials: {reach} have "
        f"{last}{anew}",
    )


def depths_for(growth: Growth | None, trials: int, count: int) -> list[int | None]:
    """The depths of `count` networks, spread evenly over a search."""
    return [None if growth is None else growth.layers(max(1, trials * each // count)) for each in range(1, count + 1)]
