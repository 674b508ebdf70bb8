"""The contract suite of samplers of paths."""

from collections.abc import Callable
from random import Random

from nasbench.core.arch import Architecture
from nasbench.core.json_text import as_read
from nasbench.core.protocols import LearnsPaths, PathSampler, SearchSpace
from nasbench.testing.conditions import global_generators_untouched, require, require_valid
from nasbench.testing.toy import TOY_SPACE

STEPS = 8
TURNS = 2


def check_sampler(make: Callable[[SearchSpace], PathSampler], space: SearchSpace = TOY_SPACE) -> None:
    """That a sampler from `make(space)` gives architectures of the space, from the generator that it gets alone.

    Its paths do not depend on what it gave before, so a training that is resumed goes on with the same paths. Of a
    sampler that learns (`LearnsPaths`), they depend on what it was told besides, and a new one that is restored from
    that goes on as the first would have.
    """
    with global_generators_untouched("the sampler"):
        sampler = make(space)
        _check_paths(sampler, space)
        again = [make(space).paths(Random(step)) for step in range(STEPS)]
        require(again == _paths(sampler), "two samplers of one space give different paths with the same generator")
        if isinstance(sampler, LearnsPaths):
            _check_learning(sampler, make, space)


def _paths(sampler: PathSampler) -> list[tuple[Architecture, ...]]:
    return [sampler.paths(Random(step)) for step in range(STEPS)]


def _check_paths(sampler: PathSampler, space: SearchSpace) -> None:
    first = _paths(sampler)
    for paths in first:
        require(isinstance(paths, tuple) and len(paths) > 0, f"a step needs a tuple of paths; got {paths!r}")
        for path in paths:
            require(isinstance(path, Architecture), f"a path is an Architecture; got {path!r}")
            require_valid(path, space, "a path")
            if getattr(sampler, "draws_canonical", False):
                require(path == space.canonical(path), f"it says draws_canonical, and {path!r} is not canonical")
    backwards = [sampler.paths(Random(step)) for step in reversed(range(STEPS))]
    require(backwards[::-1] == first, "the same generator gives other paths after other calls")


def _check_learning(sampler: PathSampler, make: Callable[[SearchSpace], PathSampler], space: SearchSpace) -> None:
    assert isinstance(sampler, LearnsPaths)
    scored: list[Architecture] = []

    def score(path: Architecture) -> float:
        require_valid(path, space, "a path that is scored")
        scored.append(path)
        return Random(path.key).random()

    for turn in range(TURNS):
        before = _paths(sampler)
        require(_paths(sampler) == before, "its paths change without a turn of learning")
        reported = sampler.learn(score, Random(turn))
        numbers = all(isinstance(value, int | float) for value in reported.values())
        require(numbers, f"learn() returns names and numbers to report; got {reported!r}")
    require(bool(scored), "a turn of learning scores at least one path")
    told = sampler.told()
    require(as_read(told) == told, "told() is lists of numbers and texts: a checkpoint holds it")
    restored = make(space)
    assert isinstance(restored, LearnsPaths)
    restored.restore(told)
    require(_paths(restored) == _paths(sampler), "a sampler restored from what was told draws other paths")
    for each in (sampler, restored):
        each.learn(score, Random(TURNS))
    require(restored.told() == sampler.told(), "a restored sampler learns otherwise than the first")
    _check_paths(sampler, space)
    require(_paths(restored) == _paths(sampler), "a restored sampler draws other paths after its next turn")
