"""What follows a search for coefficients: its front-runners under more seeds, beside what they have to beat at equal
multiply-adds.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from nasbench.core.compound import PUBLISHED, Multipliers
from nasbench.core.errors import UsageError
from nasbench.core.spec import ModelSpec
from nasbench.core.trial import Proposal, Trial
from nasbench.engine.parts.scaled import MOST, compound_scale, counted
from nasbench.report.scaling.results import FRONT_RUNNER, coefficients_of_trial
from search_spaces.compound.space import outright

PRECISION = 0.01
"""Of a growth that is solved for: 0.7 % of the multiply-adds, which rounding leaves finer seldom."""

OTHERS: dict[str, Callable[[float], Multipliers]] = {
    "published coefficients": PUBLISHED.at,
    "depth alone": lambda growth: Multipliers(depth=2.0**growth),
    "width alone": lambda growth: Multipliers(width=2.0 ** (growth / 2)),
    "resolution alone": lambda growth: Multipliers(resolution=2.0 ** (growth / 2)),
}
"""Name -> multipliers of a growth, which is about the logarithm to base 2 of how many times multiply-adds grow."""


@dataclass(frozen=True)
class Entry:
    """A training after the search: a scaled base under a seed. `of` is the trial of the search whose coefficients it
    has.
    """

    name: str
    multipliers: Multipliers
    seed: int
    of: int | None = None


class Compare:
    """The entries in their order: every network under the first seed, then under the next, so that an early stop costs
    seeds alone.
    """

    def __init__(self, entries: Sequence[Entry], first_number: int) -> None:
        self._entries, self._first = entries, first_number

    def ask(self, number: int, rng: Random, running: Sequence[Proposal]) -> Proposal:  # noqa: ARG002 - the protocol's
        entry = self._entries[number - self._first]
        note = {"control": True, "compared_as": entry.name, **({"of": entry.of} if entry.of is not None else {})}
        return Proposal(number, outright(entry.multipliers, entry.seed), note=note)

    def tell(self, trial: Trial) -> None:
        """The list was made beforehand."""


def entries(base: ModelSpec, front_runners: Sequence[Trial], seeds: Sequence[int], epochs: int) -> list[Entry]:
    """What to train: front-runners (but for what the search has trained already), the published coefficients, each
    dimension alone.

    The others are scaled until their counted multiply-adds come as near as can be to the first front-runner's.
    """
    if not front_runners:
        return []
    target = int(front_runners[0].metrics["macs"])
    others = {name: at_macs(base, at, target) for name, at in OTHERS.items()}
    listed: list[Entry] = []
    for seed in seeds:
        for place, trial in enumerate(front_runners, start=1):
            if (trial.seed, trial.epochs) != (seed, epochs):
                listed.append(
                    Entry(f"{FRONT_RUNNER} {place}", coefficients_of_trial(trial).at(1.0), seed, trial.number)
                )
        listed += [Entry(name, multipliers, seed) for name, multipliers in others.items() if multipliers is not None]
    return listed


def at_macs(base: ModelSpec, at: Callable[[float], Multipliers], target: int) -> Multipliers | None:
    """The multipliers whose counted multiply-adds come nearest to `target`; None where the base grows no further that
    way.

    Counted multiply-adds are a staircase: of the two sides of the step that spans the target, the nearer one is taken.
    """
    low, high = 0.0, 1.0
    try:
        while _macs(base, at(high)) < target:
            low, high = high, high + 0.5
            if max(vars(at(high)).values()) > MOST:
                return None
        while high - low > PRECISION:
            middle = (low + high) / 2
            low, high = (middle, high) if _macs(base, at(middle)) < target else (low, middle)
    except UsageError:
        return None
    return min((at(low), at(high)), key=lambda each: abs(_macs(base, each) - target))


def _macs(base: ModelSpec, multipliers: Multipliers) -> int:
    return counted(compound_scale(base, multipliers)).macs
