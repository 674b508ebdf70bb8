"""A search's control: random children of the same space, trained as the search's own are, that it never hears of.

By default they are among the trials that the search may spend: six of the first 24, one in twelve of those up to 96,
and one in sixteen after them. Six are the fewest with which an interval says something where one or two fail; of a
hundred trials, more than twelve would buy a narrower interval with children that the search needs itself
(docs/experiments.md). What the strategy proposed blindly (an initial population, say) counts as well, so a strategy
that starts with enough random children gives nothing up. How many are due depends on the trials before alone, not on
how many are planned: a search that is extended trains what a longer one would have trained.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, final

from nasbench.core.curves import is_control, is_random
from nasbench.core.errors import UsageError
from nasbench.core.job import Job
from nasbench.core.source import SpaceSource
from nasbench.core.trial import Trial
from nasbench.core.typed import fits, shown

SMALLEST_SEARCH: Final = 24
"""A search of fewer trials has no control among them: six random children would be too much of it."""

Shares = Sequence[tuple[int | None, int]]
"""(up to this trial, one child in so many is random); the last goes on without end."""
SHARES: Final[Shares] = ((24, 4), (96, 12), (None, 16))
BEFORE: Final[Shares] = ((96, 4), (None, 16))
"""Of runs that were begun before their shares stood in run.json: a quarter of the first hundred."""
SHARES_FIELD: Final = "control_shares"
"""Where they stand in the plan of run.json."""


def due(place: int, shares: Shares = SHARES) -> int:
    """How many of a search's first `place` trials should be random."""
    total, before = 0, 0
    for until, one_in in shares:
        end = place if until is None else min(place, until)
        total += max(0, end - before) // one_in
        before = until or place
    return total


def told_of_control(trials: int) -> tuple[str, ...]:
    """What is said of the random children among the trials of a new search; nothing where there are none."""
    if trials < SMALLEST_SEARCH:
        return ()
    return (
        f"{due(trials)} of the {trials:,} trials are random children, by which the report tells whether the search "
        "beats chance; a strategy's own random start counts (--control 0: none)",
    )


def shares_of(plan: Mapping[str, Any]) -> Shares:
    """The shares that a run was begun with. UsageError for what are none."""
    told = plan.get(SHARES_FIELD)
    if told is None:
        return BEFORE
    pairs = [tuple(each) for each in told if isinstance(each, list)] if isinstance(told, list) else []
    if not pairs or len(pairs) != len(told) or not all(map(_is_share, pairs)):
        raise UsageError(f"{SHARES_FIELD!r} in the plan of run.json are pairs of whole numbers; got {shown(told)}")
    return pairs


def without_control(rounds: Iterable[int]) -> int:
    """How many trials at the start of a search have no control among them. `rounds`: the totals that were planned, the
    first and after each extension.
    """
    return max((total for total in rounds if total < SMALLEST_SEARCH), default=0)


@final
class WithControl:
    """A search whose trials include its control.

    `search` and `control` are over the same numbers and count their own steps. The first `without` trials have no
    control among them. A random child that cannot be compared, as it failed or was stopped early, is replaced, as long
    as the control is not asked for more than twice what is due.
    """

    def __init__(self, search: SpaceSource, control: SpaceSource, without: int = 0, shares: Shares = SHARES) -> None:
        self.numbers = search.numbers
        self._search, self._control, self._without, self._shares = search, control, without, shares
        self._places = {number: place for place, number in enumerate(search.numbers, start=1)}
        self._of: dict[int, SpaceSource] = {}
        self._random: set[int] = set()
        """The numbers of the random children so far, whoever proposed them."""
        self._lost: set[int] = set()
        """Of these, the ones that cannot be compared."""

    def ask(self, number: int, running: Sequence[Job]) -> Job:
        place = self._places[number]
        source = self._control if place > self._without and self._is_due(place) else self._search
        job = source.ask(number, [other for other in running if self._of[other.number] is source])
        self._of[number] = source
        if job.note.get("blind"):
            self._random.add(number)
        return job

    def tell(self, trial: Trial) -> None:
        (self._control if is_control(trial) else self._search).tell(trial)
        if is_random(trial):
            self._random.add(trial.number)
            if not trial.scored or trial.status == "pruned":
                self._lost.add(trial.number)

    def _is_due(self, place: int) -> bool:
        wanted = due(place, self._shares)
        lost = 0 if self._shares == BEFORE else min(len(self._lost), wanted)
        return len(self._random) - lost < wanted


def _is_share(pair: tuple[Any, ...]) -> bool:
    return len(pair) == 2 and fits(pair[0], int | None) and fits(pair[1], int) and pair[1] > 0
