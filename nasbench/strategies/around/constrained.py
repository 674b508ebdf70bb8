"""Limits on parameters and multiply-adds for any strategy. They are enforced before anything is trained.

Rejection is expensive: under tight limits, nine of ten samples are rejected, and a strategy that has not learned the
limits makes no progress. So a proposal that is too large is repaired instead: some of its decisions, chosen in random
order, change to cheaper options. Bisection finds the smallest number of changes that is enough.

The cost of each option is measured once, before the search. Decisions with the same options are measured together. A
repair counts about a dozen networks, whatever the number of decisions.
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

Counts = Callable[[Architecture], Sequence[float]]
"""Architecture -> (parameters, multiply-adds), and where they are limited bytes of memory and milliseconds. TrialFailed
for an architecture that cannot be built."""

NUM_COUNTED = 2
"""Parameters and multiply-adds, the first of the counts, are known whether they are limited or not."""
ROUNDS = 3
"""Attempts to make all decisions cheaper at random. After them, a repair uses the smallest known architecture."""
PARTS = 4
"""A repair tries to undo its changes in this many parts. Each part costs one count."""
DESCENT_COUNTS = 1000
"""Maximum number of counts in the search for the smallest architecture."""


@dataclass(frozen=True)
class Limits:
    """The most parameters, multiply-adds, bytes of memory and milliseconds of an architecture. None: no limit."""

    max_params: int | None = None
    max_macs: int | None = None
    max_memory: int | None = None
    max_latency: float | None = None

    @property
    def all(self) -> tuple[tuple[str, str, float | None], ...]:
        """The flag of each, how it is said, and the limit, in the order of counts."""
        return (
            ("--max-params", "{:,.0f} parameters", self.max_params),
            ("--max-macs", "{:,.0f} multiply-adds", self.max_macs),
            ("--max-memory", "{:,.0f} bytes of memory", self.max_memory),
            ("--max-latency", "{:,.3g} ms", self.max_latency),
        )

    def load(self, counts: Sequence[float]) -> float:
        """The largest of the ratios count / limit. At most 1 if the architecture keeps all limits."""
        limits = (limit for _, _, limit in self.all)
        return max((count / limit for count, limit in zip(counts, limits, strict=False) if limit), default=0.0)


def constrained(strategy: Strategy, counts: Counts, limits: Limits, space: SearchSpace) -> Strategy:
    """The strategy under the limits, if there are any. UsageError where no architecture keeps them."""
    return strategy if limits == Limits() else Constrained(strategy, counts, limits, space)


def within(counts: Counts, limits: Limits) -> Callable[[Strategy, SearchSpace], Strategy]:
    """What keeps a strategy in a space within the limits."""
    return lambda strategy, space: constrained(strategy, counts, limits, space)


@final
class Constrained:
    """A strategy whose proposals all keep `limits`. It repairs the proposals of `inner` that exceed them.

    A repaired proposal has note['repaired'] = True. An architecture that cannot be counted is proposed unchanged: its
    trial will fail and record the reason. Raises UsageError if no architecture keeps the limits; the message names the
    smallest architecture found.
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
    """Architecture -> the same if it keeps the limits, otherwise a similar one that does.

    The result depends only on the architecture and the generator.
    """

    def __init__(self, counts: Counts, limits: Limits, space: SearchSpace) -> None:
        self._counts, self._limits, self._space = counts, limits, space
        self._cheaper: dict[str, dict[Gene, tuple[Gene, ...]]] = {}
        self._smallest = self._measure_options(sample(space.name, space.choices, Random(derive(0, "smallest"))))
        if not self._fits(self._smallest):
            self._smallest = self._descend(self._smallest)
        if not self._fits(self._smallest):
            raise self._no_fit_error()

    def __call__(self, architecture: Architecture, rng: Random) -> Architecture:
        """Raises TrialFailed if the architecture cannot be counted."""
        if self._limits.load(self._counts(architecture)) <= 1.0:
            return architecture
        too_large = architecture
        for _ in range(ROUNDS):
            target = self._with_cheaper_options(too_large, rng)
            if self._fits(target):
                return self._bisect(too_large, target, architecture, rng)
            too_large = target
        return self._bisect(too_large, self._smallest, architecture, rng)

    def _load(self, architecture: Architecture) -> float:
        """The load; infinite if the architecture cannot be built."""
        try:
            return self._limits.load(self._counts(architecture))
        except TrialFailed:
            return inf

    def _fits(self, architecture: Architecture) -> bool:
        return self._load(architecture) <= 1.0

    def _bisect(
        self, too_large: Architecture, fitting: Architecture, wanted: Architecture, rng: Random
    ) -> Architecture:
        """Copies as few decisions of `fitting` into `too_large` as bisection finds to be enough.

        Then it restores decisions of `wanted` for as long as the result still fits.
        """
        fits = fitting.genes
        names = [name for name, gene in too_large.items if fits[name] != gene]
        rng.shuffle(names)
        low, high = 0, len(names)  # `low` changes are too few, `high` changes are enough
        while high - low > 1:
            middle = (low + high) // 2
            if self._fits(_with(too_large, fitting, names[:middle])):
                high = middle
            else:
                low = middle
        found = _with(too_large, fitting, names[:high])
        asked = wanted.genes
        changed = [name for name, gene in found.items if asked[name] != gene]
        rng.shuffle(changed)
        for part in range(PARTS):
            candidate = _with(found, wanted, changed[part::PARTS])
            if candidate != found and self._fits(candidate):
                found = candidate
        return found

    def _with_cheaper_options(self, architecture: Architecture, rng: Random) -> Architecture:
        """The architecture with every decision changed to a random cheaper option, if the decision has one."""
        genes = dict(architecture.genes)
        for decision in self._space.choices:
            cheaper = self._cheaper[decision.name]
            if isinstance(decision, Range):
                genes[decision.name] = rng.uniform(float(genes[decision.name]), float(cheaper[""][0]))
            elif cheaper[genes[decision.name]]:
                genes[decision.name] = rng.choice(cheaper[genes[decision.name]])
        return Architecture.of(architecture.space, genes)

    def _measure_options(self, start: Architecture) -> Architecture:
        """Finds the cheaper options of every option, for one group of equal decisions after the other.

        Returns the architecture with every decision at its cheapest option.
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

    def _descend(self, smallest: Architecture) -> Architecture:
        """Changes one decision at a time to a cheaper option, until it fits or no single change reduces the load."""
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

    def _no_fit_error(self) -> UsageError:
        try:
            counts = self._counts(self._smallest)
        except TrialFailed as error:
            return UsageError(f"no architecture of space {self._space.name!r} can be counted at this size: {error}")
        asked = [f"{flag} {limit:,}" for flag, _, limit in self._limits.all if limit is not None]
        has = [
            said.format(count)
            for place, ((_, said, limit), count) in enumerate(zip(self._limits.all, counts, strict=False))
            if place < NUM_COUNTED or limit is not None
        ]
        return UsageError(
            f"no architecture of space {self._space.name!r} within {' and '.join(asked)} was found at this size: "
            f"the smallest has {' and '.join(has)}. "
            "Raise the limit, or search at a smaller size (--cells, --filters)."
        )


def _with(architecture: Architecture, other: Architecture, names: Sequence[str]) -> Architecture:
    """`architecture` with the decisions `names` taken from `other`."""
    chosen, genes = set(names), other.genes
    return Architecture(
        architecture.space,
        tuple((name, genes[name] if name in chosen else gene) for name, gene in architecture.items),
    )
