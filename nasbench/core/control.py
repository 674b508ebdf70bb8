"""A search's control: random children of the same space, trained as the search's own are, that it never hears of.

By default they are among the trials that the search may spend: about a quarter of the first hundred, and one in
sixteen after them. What the strategy proposed blindly (an initial population, say) counts as well, so a strategy that
starts with enough random children gives nothing up. How many are due depends on the trials before alone, not on how
many are planned: a search that is extended trains what a longer one would have trained.
"""

from collections.abc import Iterable, Sequence
from typing import Final, final

from nasbench.core.curves import is_control, is_random
from nasbench.core.job import Job
from nasbench.core.source import SpaceSource
from nasbench.core.trial import Trial

SMALLEST_SEARCH: Final = 24
"""A search of fewer trials has no control among them: six random children would be too much of it."""
OFTEN, SELDOM, OFTEN_UNTIL = 4, 16, 96
"""One child in OFTEN is random up to trial OFTEN_UNTIL, then one in SELDOM."""


def due(place: int) -> int:
    """How many of a search's first `place` trials should be random."""
    return min(place, OFTEN_UNTIL) // OFTEN + max(0, place - OFTEN_UNTIL) // SELDOM


def without_control(rounds: Iterable[int]) -> int:
    """How many trials at the start of a search have no control among them. `rounds`: the totals that were planned, the
    first and after each extension.
    """
    return max((total for total in rounds if total < SMALLEST_SEARCH), default=0)


@final
class WithControl:
    """A search whose trials include its control.

    `search` and `control` are over the same numbers and count their own steps. The first `without` trials have no
    control among them.
    """

    def __init__(self, search: SpaceSource, control: SpaceSource, without: int = 0) -> None:
        self.numbers = search.numbers
        self._search, self._control, self._without = search, control, without
        self._places = {number: place for place, number in enumerate(search.numbers, start=1)}
        self._of: dict[int, SpaceSource] = {}
        self._random: set[int] = set()
        """The numbers of the random children so far, whoever proposed them."""

    def ask(self, number: int, running: Sequence[Job]) -> Job:
        place = self._places[number]
        source = self._control if place > self._without and len(self._random) < due(place) else self._search
        job = source.ask(number, [other for other in running if self._of[other.number] is source])
        self._of[number] = source
        if job.note.get("blind"):
            self._random.add(number)
        return job

    def tell(self, trial: Trial) -> None:
        (self._control if is_control(trial) else self._search).tell(trial)
        if is_random(trial):
            self._random.add(trial.number)
