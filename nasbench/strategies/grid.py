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
from nasbench.strategies.met import Met
from nasbench.strategies.options import read_options

MAX_ARCHITECTURES = 100_000
"""The largest grid that is accepted."""


@final
class Grid:
    """Proposes architectures that are neither known nor running. When none is left, it draws at random. No options.

    The order is shuffled, so the first n architectures are a random sample: a grid search that stops early equals a
    random search without repeats.
    """

    own_control = True
    learns = False

    def __init__(self, space: SearchSpace, seed: int = 0, **options: object) -> None:
        read_options("grid", (), options)
        choices = [decision for decision in space.choices if isinstance(decision, Choice)]
        if len(choices) < len(space.choices):
            raise UsageError(
                f"space {space.name!r} has continuous decisions, which have no grid. Use --strategy random or tpe."
            )
        count = prod(len(choice.options) for choice in choices)
        if count > MAX_ARCHITECTURES:
            raise UsageError(
                f"space {space.name!r} has {count:.3g} architectures; a grid search covers at most "
                f"{MAX_ARCHITECTURES:,}. Use --strategy random."
            )
        names = [choice.name for choice in choices]
        genes = product(*(choice.options for choice in choices))
        self._space = space
        self._order = [Architecture(space.name, tuple(zip(names, each, strict=True))) for each in genes]
        Random(derive(seed, "grid")).shuffle(self._order)
        self._told: set[str] = set()
        self._done = 0
        """So many at the start of the order are told: they are not looked at again."""

    def ask(self, number: int, rng: Random, running: Sequence[Proposal]) -> Proposal:
        while self._done < len(self._order) and self._key(self._done) in self._told:
            self._done += 1
        met = Met(self._told, self._space, running)
        left = (self._order[place] for place in range(self._done, len(self._order)) if self._key(place) not in met)
        return Proposal(number, next(left, None) or rng.choice(self._order), note={"blind": True})

    def tell(self, trial: Trial) -> None:
        self._told.add(trial.key)

    def _key(self, place: int) -> str:
        return self._space.canonical(self._order[place]).key
