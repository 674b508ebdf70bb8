"""Limits on parameters and multiply-adds that hold before anything is trained, for any strategy.

Rejecting what is too large would waste nine samples for one where limits are tight, and starve a strategy that has not
learned them. Here a proposal that is too large is repaired instead: some of its decisions, in random order, go to
cheaper options, and bisection finds how few of them are enough. What an option costs is learned beforehand, by
counting: decisions with the same options are priced together. A repair takes about a dozen counts, whatever the number
of decisions.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import inf
from random import Random
from typing import final

from nasbench.core.arch import Architecture, Choice, Decision, Gene, Range, sample
from nasbench.core.errors import TrialFailed, UsageError
from nasbench.core.protocols import SearchSpace, Strategy
from nasbench.core.seeds import derive
from nasbench.core.trial import Proposal, Trial

Counts = Callable[[Architecture], tuple[int, int]]
"""Architecture -> (parameters, multiply-adds). TrialFailed for an architecture that cannot be built."""

ROUNDS = 3
"""So often all decisions are made cheaper at random before a repair turns to the smallest architecture known."""
PARTS = 4
"""A repair tries to take back what it changed in so many parts, each for one count."""
DESCENT_COUNTS = 1000
"""The search for the smallest architecture ends after so many counts."""


@dataclass(frozen=True)
class Limits:
    """The most parameters and multiply-adds that an architecture may have; None is no limit."""

    max_params: int | None = None
    max_macs: int | None = None

    def load(self, counts: tuple[int, int]) -> float:
        """How full the fuller limit is: at most 1 where both hold."""
        return max(
            (count / limit for count, limit in zip(counts, (self.max_params, self.max_macs), strict=True) if limit),
            default=0.0,
        )


@final
class Constrained:
    """A strategy whose proposals all keep `limits`: those of `inner`, repaired where they do not, and then with
    note['repaired'] true.

    Raises UsageError where no architecture was found that keeps them, naming the smallest. What cannot be counted is
    proposed as it is: it will fail as a trial, with the reason.
    """

    def __init__(self, inner: Strategy, counts: Counts, limits: Limits, space: SearchSpace) -> None:
        self._inner = inner
        self._repair = Repair(counts, limits, space)

    def ask(self, number: int, rng: Random, running: Sequence[Proposal]) -> Proposal:
        proposal = self._inner.ask(number, rng, running)
        try:
            repaired = self._repair(proposal.architecture, rng)
        except TrialFailed:
            return proposal
        if repaired == proposal.architecture:
            return proposal
        return replace(proposal, architecture=repaired, note={**proposal.note, "repaired": True})

    def tell(self, trial: Trial) -> None:
        self._inner.tell(trial)


@final
class Repair:
    """Architecture -> one that keeps the limits: itself where it does, else near it. Deterministic given the
    generator.
    """

    def __init__(self, counts: Counts, limits: Limits, space: SearchSpace) -> None:
        self._counts, self._limits, self._space = counts, limits, space
        self._cheaper: dict[str, dict[Gene, tuple[Gene, ...]]] = {}
        self._smallest = self._priced(sample(space.name, space.choices, Random(derive(0, "smallest"))))
        if not self._fits(self._smallest):
            self._smallest = self._descended(self._smallest)
        if not self._fits(self._smallest):
            raise self._impossible()

    def __call__(self, architecture: Architecture, rng: Random) -> Architecture:
        """TrialFailed where the architecture cannot be counted."""
        if self._limits.load(self._counts(architecture)) <= 1.0:
            return architecture
        too_large = architecture
        for _ in range(ROUNDS):
            target = self._cheapened(too_large, rng)
            if self._fits(target):
                return self._between(too_large, target, architecture, rng)
            too_large = target
        return self._between(too_large, self._smallest, architecture, rng)

    def _load(self, architecture: Architecture) -> float:
        """The load, or more than any where the architecture cannot be built."""
        try:
            return self._limits.load(self._counts(architecture))
        except TrialFailed:
            return inf

    def _fits(self, architecture: Architecture) -> bool:
        return self._load(architecture) <= 1.0

    def _between(
        self, too_large: Architecture, fitting: Architecture, wanted: Architecture, rng: Random
    ) -> Architecture:
        """As few decisions of `fitting` put into `too_large` as bisection finds, then as many of `wanted` as still
        fit.
        """
        names = [name for name, gene in too_large.items if fitting.genes[name] != gene]
        rng.shuffle(names)
        low, high = 0, len(names)  # so many decisions do not fit; so many do
        while high - low > 1:
            middle = (low + high) // 2
            if self._fits(_with(too_large, fitting, names[:middle])):
                high = middle
            else:
                low = middle
        found = _with(too_large, fitting, names[:high])
        changed = [name for name, gene in found.items if wanted.genes[name] != gene]
        rng.shuffle(changed)
        for part in range(PARTS):
            candidate = _with(found, wanted, changed[part::PARTS])
            if candidate != found and self._fits(candidate):
                found = candidate
        return found

    def _cheapened(self, architecture: Architecture, rng: Random) -> Architecture:
        """Every decision at an option that costs less, where there is one."""
        genes = dict(architecture.genes)
        for decision in self._space.choices:
            cheaper = self._cheaper[decision.name]
            if isinstance(decision, Range):
                genes[decision.name] = rng.uniform(float(genes[decision.name]), float(cheaper[""][0]))
            elif cheaper[genes[decision.name]]:
                genes[decision.name] = rng.choice(cheaper[genes[decision.name]])
        return Architecture.of(architecture.space, genes)

    def _priced(self, start: Architecture) -> Architecture:
        """Learns which options are cheaper than which, one group of equal decisions after another, and returns all at
        their cheapest.
        """
        groups: dict[Decision, list[str]] = {}
        for decision in self._space.choices:
            groups.setdefault(replace(decision, name=""), []).append(decision.name)
        smallest = start
        for decision, names in groups.items():
            options = decision.options if isinstance(decision, Choice) else (decision.low, decision.high)
            loads: dict[Gene, float] = {}
            for option in options:
                candidate = Architecture.of(start.space, {**smallest.genes, **dict.fromkeys(names, option)})
                loads[option] = self._load(candidate)
            cheapest = min(options, key=lambda option: loads[option])
            smallest = Architecture.of(start.space, {**smallest.genes, **dict.fromkeys(names, cheapest)})
            if isinstance(decision, Choice):
                cheaper = {
                    option: tuple(other for other in options if loads[other] < loads[option]) for option in options
                }
            else:
                cheaper = {"": (cheapest,)}
            self._cheaper |= dict.fromkeys(names, cheaper)
        return smallest

    def _descended(self, smallest: Architecture) -> Architecture:
        """Decision by decision to what costs less, until it fits or no single decision brings more."""
        load, left, improved = self._load(smallest), DESCENT_COUNTS, True
        while improved and left > 0 and load > 1.0:
            improved = False
            for decision in self._space.choices:
                for option in decision.options if isinstance(decision, Choice) else (decision.low, decision.high):
                    candidate = Architecture.of(smallest.space, {**smallest.genes, decision.name: option})
                    left -= 1
                    candidate_load = self._load(candidate)
                    if candidate_load < load:
                        smallest, load, improved = candidate, candidate_load, True
        return smallest

    def _impossible(self) -> UsageError:
        try:
            params, macs = self._counts(self._smallest)
        except TrialFailed as error:
            return UsageError(f"no architecture of space {self._space.name!r} can be counted at this size: {error}")
        asked = [
            f"{flag} {limit:,}"
            for flag, limit in (("--max-params", self._limits.max_params), ("--max-macs", self._limits.max_macs))
            if limit is not None
        ]
        return UsageError(
            f"no architecture of space {self._space.name!r} within {' and '.join(asked)} was found at this size: the "
            "smallest has "
            f"{params:,} parameters and {macs:,} multiply-adds. Raise the limit, or search at a smaller size "
            "(--cells, --filters)."
        )


def _with(architecture: Architecture, other: Architecture, names: Sequence[str]) -> Architecture:
    """`architecture` with those decisions as in `other`."""
    chosen = set(names)
    return Architecture(
        architecture.space,
        tuple((name, other.genes[name] if name in chosen else gene) for name, gene in architecture.items),
    )
