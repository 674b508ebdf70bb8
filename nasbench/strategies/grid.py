"""Grid search: every architecture of a small space once, in an order that is shuffled by the seed."""

from collections.abc import Sequence
from itertools import product
from math import prod
from random import Random
from typing import final

from nasbench.core.arch import Architecture, Choice
from nasbench.core.errors import UsageError
from nasbench.core.protocols import SearchSpace
from nasbench.core.seeds import derive
from nasbench.core.trial import Proposal, Trial
from nasbench.strategies.options import read_options

MOST = 100_000
"""Larger grids are no grids to go through."""


@final
class Grid:
    """Proposes what was neither told nor is running; begins anew where nothing is left. It has no options.

    The shuffled order makes the first n architectures a random sample, so that a grid that is cut short is random
    search without repeats.
    """

    def __init__(self, space: SearchSpace, seed: int = 0, **options: object) -> None:
        read_options("grid", (), options)
        choices = [decision for decision in space.choices if isinstance(decision, Choice)]
        if len(choices) < len(space.choices):
            raise UsageError(
                f"space {space.name!r} has continuous decisions, which have no grid. Take --strategy random or tpe."
            )
        count = prod(len(choice.options) for choice in choices)
        if count > MOST:
            raise UsageError(
                f"space {space.name!r} has {count:.3g} architectures; a grid goes through {MOST:,} at most. Take "
                "random."
            )
        names = [choice.name for choice in choices]
        genes = product(*(choice.options for choice in choices))
        self._space = space
        self._order = [Architecture(space.name, tuple(zip(names, each, strict=True))) for each in genes]
        Random(derive(seed, "grid")).shuffle(self._order)
        self._told: set[str] = set()

    def ask(self, number: int, rng: Random, running: Sequence[Proposal]) -> Proposal:
        met = self._told | {self._space.canonical(proposal.architecture).key for proposal in running}
        left = (architecture for architecture in self._order if self._space.canonical(architecture).key not in met)
        return Proposal(number, next(left, None) or rng.choice(self._order), note={"blind": True})

    def tell(self, trial: Trial) -> None:
        self._told.add(trial.key)
