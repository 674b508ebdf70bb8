"""A sampler of paths of one's own: each step trains a random network and one that differs in a single decision.

A sampler is a pure function of the space and the generator that it gets, so a training that is resumed goes on with the
same paths. It needs no torch.
"""

from random import Random

from nasbench.core.arch import Architecture, mutate, sample
from nasbench.core.protocols import SearchSpace
from nasbench.core.registry import samplers


@samplers.register("neighbours")
class Neighbours:
    """A random network and `neighbours` others, each with one other decision."""

    def __init__(self, space: SearchSpace, neighbours: int = 1) -> None:
        self._space, self._neighbours = space, neighbours

    def paths(self, rng: Random) -> tuple[Architecture, ...]:
        """The paths of one update; their gradients are summed."""
        first = sample(self._space.name, self._space.choices, rng)
        return (first, *(mutate(first, self._space.choices, rng) for _ in range(self._neighbours)))
