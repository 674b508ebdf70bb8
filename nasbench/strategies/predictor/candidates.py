"""What the predictor chooses among: all networks of a small space, or the offspring of the front-runners in a large
one.
"""

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
"""Spellings up to which a space is enumerated."""

ROUNDS = 3
"""Of mutation and selection by the model."""

FEW_CHANGES = np.array([1, 1, 1, 1, 2, 2, 3, 4])
"""How many decisions a child changes: one of these."""


@dataclass(frozen=True)
class Pool:
    """All networks of a space, each once, in canonical form: points (N, D), features (N, F), canonical key -> row."""

    points: Floats
    features: Floats
    row: dict[str, int]


def pool_of(space: SearchSpace) -> Pool | None:
    """The pool of a space of up to POOL_LIMIT spellings; None for a larger or a continuous one. Built once in a
    process.
    """
    sizes = [len(choice.options) for choice in space.choices if isinstance(choice, Choice)]
    if len(sizes) < len(space.choices) or prod(sizes) > POOL_LIMIT:
        return None
    try:
        return _pool_of(dumps(space))  # two spaces that pickle alike are the same space
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
    encoder: Encoder, front_runners: Floats, count: int, value: Callable[[Floats], Floats], rng: Random
) -> Floats:
    """About `count` different candidates: the most valued offspring of the front-runners (B, D) over some rounds, and
    random points.

    `value` is the model's mean: points (C, D) -> (C,). Every round mutates the best of the one before.
    """
    generator = np.random.default_rng(rng.getrandbits(63))
    parents, found = front_runners, [encoder.sample(count // 4, rng)]
    for _ in range(ROUNDS):
        brood = np.repeat(parents, -(-count // len(parents)), axis=0)
        children = np.unique(encoder.mutate(brood, generator.choice(FEW_CHANGES, len(brood)), generator), axis=0)
        best = np.argsort(-value(children), kind="stable")
        found.append(children[best[: count // 4]])
        parents = children[best[: len(front_runners)]]
    return np.unique(np.concatenate(found), axis=0)
