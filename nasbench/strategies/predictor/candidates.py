"""The candidates of the predictor: all networks of a small space, or mutations of the best networks of a large one."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from math import prod
from pickle import PicklingError, dumps, loads
from random import Random

import numpy as np

from nasbench.core.arch import Architecture, Choice
from nasbench.core.protocols import SearchSpace
from nasbench.strategies.predictor.features import Encoder, Floats

POOL_LIMIT = 20_000
"""Largest number of encodings of a space that is enumerated."""

ROUNDS = 3
"""Rounds of mutation and of selection by the model."""

NUM_CHANGES = np.array([1, 1, 1, 1, 2, 2, 3, 4])
"""The number of decisions that a child changes is drawn from this list."""


@dataclass(frozen=True)
class Pool:
    """All networks of a space, each once, in canonical form. Shapes: points (N, D), features (N, F)."""

    points: Floats
    features: Floats
    row: dict[str, int]
    """Canonical key -> row of `points` and `features`."""


def pool_of(space: SearchSpace) -> Pool | None:
    """The pool of a space with at most POOL_LIMIT encodings. None for a larger or a continuous space.

    Each pool is built once per process.
    """
    sizes = [len(choice.options) for choice in space.choices if isinstance(choice, Choice)]
    if len(sizes) < len(space.choices) or prod(sizes) > POOL_LIMIT:
        return None
    try:
        return _pool_of(dumps(space))  # spaces with equal pickles are equal
    except (PicklingError, AttributeError, TypeError):
        return _enumerate(space)


@lru_cache(maxsize=2)
def _pool_of(pickled: bytes) -> Pool:
    return _enumerate(loads(pickled))


def _enumerate(space: SearchSpace) -> Pool:
    encoder = Encoder(space.name, space.choices)
    names = [choice.name for choice in space.choices]
    networks: dict[str, Architecture] = {}
    for options in product(*(choice.options for choice in space.choices if isinstance(choice, Choice))):
        network = space.canonical(Architecture(space.name, tuple(zip(names, options, strict=True))))
        networks.setdefault(network.key, network)
    points = np.stack([encoder.point(network) for network in networks.values()])
    return Pool(points, encoder.features(points), {key: row for row, key in enumerate(networks)})


def offspring(
    encoder: Encoder, best_known: Floats, count: int, value: Callable[[Floats], Floats], rng: Random
) -> Floats:
    """About `count` different candidates: one quarter random points, the rest mutations of `best_known` (B, D).

    `value` is the mean of the model: points (C, D) -> (C,). Each round keeps the children with the highest value and
    mutates the best of the round before.
    """
    generator = np.random.default_rng(rng.getrandbits(63))
    parents, found = best_known, [encoder.sample(count // 4, rng)]
    for _ in range(ROUNDS):
        copies = np.repeat(parents, -(-count // len(parents)), axis=0)  # (at least count, D)
        changes = generator.choice(NUM_CHANGES, len(copies))
        children = np.unique(encoder.mutate(copies, changes, generator), axis=0)  # (C, D)
        best = np.argsort(-value(children), kind="stable")
        found.append(children[best[: count // 4]])
        parents = children[best[: len(best_known)]]
    return np.unique(np.concatenate(found), axis=0)
