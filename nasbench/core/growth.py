"""Networks that get deeper in the course of a search (Zoph and Le 2017, arXiv:1611.01578, section 4.1).

The number of a trial alone says how many layers its network has. So the schedule is exact with any number of workers,
and a log can be checked against it.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol, runtime_checkable

from nasbench.core.arch import check
from nasbench.core.errors import UsageError
from nasbench.core.protocols import AnyDepth, SearchSpace, Strategy
from nasbench.core.trial import Trial
from nasbench.core.typed import shown

LayersOf = Callable[[int], int]
"""The number of a trial -> the number of layers of its network."""


@dataclass(frozen=True)
class Growth:
    """Networks have `first` layers, and `more` layers more after each `every` of them."""

    first: int
    more: int
    every: int

    def layers(self, place: int) -> int:
        """Of the network that is proposed as the `place`-th of a search, from 1 on."""
        return self.first + self.more * ((place - 1) // self.every)

    def layers_of(self, search: Sequence[int]) -> LayersOf:
        """By the numbers of trials, where those of the search are `search`, in ascending order. Random children after
        the search are as deep as the last networks before them.
        """
        return lambda number: self.layers(max(1, bisect_right(search, number)))


def depths_for(growth: Growth | None, trials: int, count: int) -> list[int | None]:
    """The depths of `count` networks, spread evenly over a search."""
    return [None if growth is None else growth.layers(max(1, trials * each // count)) for each in range(1, count + 1)]


@runtime_checkable
class GoesDeeper(Protocol):
    """A strategy that goes on with what it has learned where networks get deeper."""

    def deeper(self, space: SearchSpace) -> Strategy | None:
        """The strategy for that space, which differs from its own in depth alone: it knows and learns the same. None
        where it has to start anew.
        """


@runtime_checkable
class ProposesAnyDepth(Protocol):
    """Strategies for all depths of a space."""

    def at_depth(self, layers: int) -> Strategy:
        """The one for networks of that many layers; the same one each time."""


def strategy_at(strategy: Strategy | ProposesAnyDepth, layers: int | None) -> Strategy:
    """The strategy for networks of that many layers; None where there is one for all."""
    if not isinstance(strategy, ProposesAnyDepth):
        return strategy
    assert layers is not None, "a strategy for any depth is told which"
    return strategy.at_depth(layers)


def of_growing(
    space: SearchSpace, growth: Growth, search: Sequence[int], control: Sequence[int]
) -> Callable[[Trial], None]:
    """A check that each network is a point of the space at the depth that its number has.

    `search` and `control` are the numbers of what is proposed. What is trained again may have any depth so far.
    """
    layers_of, proposed = growth.layers_of(search), {*search, *control}
    at = lru_cache(maxsize=None)(_deep(space).with_layers)

    def check_point(trial: Trial) -> None:
        if trial.architecture is None:
            return
        if trial.architecture.space != space.name:
            raise UsageError(f"its architecture is of space {shown(trial.architecture.space)}, not {space.name!r}")
        found, layers = _deep(_deep(space).containing(trial.architecture)).layers, layers_of(trial.number)
        scheduled = (
            found == layers if trial.number in proposed else found in range(growth.first, layers + 1, growth.more)
        )
        if not scheduled:
            raise UsageError(
                f"its network has {found} layers; by the schedule of the run (from {growth.first} on, {growth.more} "
                f"more after each {growth.every} trials) trial {trial.number} has {layers}"
            )
        check(trial.architecture, at(found).choices)

    return check_point


def _deep(space: SearchSpace) -> AnyDepth:
    assert isinstance(space, AnyDepth), space
    return space
