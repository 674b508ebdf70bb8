"""The contract suite of samplers of paths."""

from collections.abc import Callable
from random import Random

from nasbench.core.arch import Architecture
from nasbench.core.protocols import PathSampler, SearchSpace
from nasbench.testing.conditions import global_generators_untouched, require, require_valid
from nasbench.testing.toy import TOY_SPACE

STEPS = 8


def check_sampler(make: Callable[[SearchSpace], PathSampler], space: SearchSpace = TOY_SPACE) -> None:
    """That a sampler from `make(space)` gives architectures of the space, from the generator that it gets alone.

    Its paths do not depend on what it gave before, so a training that is resumed goes on with the same paths.
    """
    with global_generators_untouched("the sampler"):
        sampler = make(space)
        first = [sampler.paths(Random(step)) for step in range(STEPS)]
        for paths in first:
            require(isinstance(paths, tuple) and len(paths) > 0, f"a step needs a tuple of paths; got {paths!r}")
            for path in paths:
                require(isinstance(path, Architecture), f"a path is an Architecture; got {path!r}")
                require_valid(path, space, "a path")
        backwards = [sampler.paths(Random(step)) for step in reversed(range(STEPS))]
        require(backwards[::-1] == first, "the same generator gives other paths after other calls")
        again = [make(space).paths(Random(step)) for step in range(STEPS)]
        require(again == first, "two samplers of one space give different paths with the same generator")
