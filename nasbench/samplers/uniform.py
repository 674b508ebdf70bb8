"""Uniform sampling of paths (single-path one-shot, Guo et al. 2020, arXiv:1904.00420), over networks, not spellings.

Some networks have many spellings, others one. If spellings were drawn, the former would be trained more often. Ning et
al. (2021, arXiv:2008.03064) found that a supernet of NAS-Bench-201's space ranks the best cells better if equal cells
are drawn as one. They count 6,466 among 15,625, with convolutions left out whose output is not used. Networks that are
equal by the space's `canonical`, in parameters and multiply-adds too, are 8,545.
"""

from functools import cached_property
from itertools import product
from math import prod
from random import Random
from typing import ClassVar

from nasbench.core.arch import Architecture, Choice, sample
from nasbench.core.protocols import DrawsNetworks, SearchSpace
from nasbench.core.registry import samplers
from nasbench.samplers.numbers import checked_num_paths

ENUMERATED = 100_000
"""Spaces of up to so many spellings are enumerated."""


@samplers.register("uniform")
class Uniform:
    """`num_paths` paths a step, drawn independently, in canonical form.

    All networks of the space are equally likely if the space can draw so (`DrawsNetworks`), or is small enough to be
    enumerated. In any other space each decision is drawn uniformly: networks with more spellings are drawn more often.
    `exact` tells which.
    """

    draws_canonical: ClassVar[bool] = True

    def __init__(self, space: SearchSpace, num_paths: int = 1) -> None:
        self._space = space
        self._num_paths = checked_num_paths(num_paths, "uniform", 1)

    @property
    def exact(self) -> bool:
        """Whether all networks are equally likely."""
        return isinstance(self._space, DrawsNetworks) or self._networks is not None

    def paths(self, rng: Random) -> tuple[Architecture, ...]:
        """Canonical architectures."""
        return tuple(self._draw(rng) for _ in range(self._num_paths))

    def _draw(self, rng: Random) -> Architecture:
        if isinstance(self._space, DrawsNetworks):
            return self._space.draw(rng)
        if self._networks is not None:
            return rng.choice(self._networks)
        return self._space.canonical(sample(self._space.name, self._space.choices, rng))

    @cached_property
    def _networks(self) -> tuple[Architecture, ...] | None:
        """All networks of a small space, in canonical form; None for a large one."""
        decisions = [each for each in self._space.choices if isinstance(each, Choice)]
        if len(decisions) < len(self._space.choices) or prod(len(each.options) for each in decisions) > ENUMERATED:
            return None
        names = [each.name for each in decisions]
        spellings = product(*(each.options for each in decisions))
        found = (Architecture(self._space.name, tuple(zip(names, genes, strict=True))) for genes in spellings)
        return tuple(dict.fromkeys(map(self._space.canonical, found)))
