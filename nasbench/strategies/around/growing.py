"""A search whose networks get deeper: a strategy for each depth.

A strategy that can go on with what it has learned (a controller with anchor points) is one for all depths. Any other
one starts anew at each depth, and is told the trials of that depth alone.
"""

from collections.abc import Callable
from typing import final

from nasbench.core.growth import GoesDeeper
from nasbench.core.protocols import AnyDepth, SearchSpace, Strategy
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
