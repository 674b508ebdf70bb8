"""Which trial numbers of a search belong to which of its phases.

The search has the first numbers, then the control that was asked for by number (`--control K`), then the retraining.
An extension goes on after them, with the search and then a retraining of its own; the control stays what it is. So no
number is used twice, and what was planned before keeps its numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Numbers:
    """The numbers of a search's trials.

    Attributes:
        search: in the order of the search's steps.
        control: of random children after the search.
        retraining: of the last retraining; those before belong to earlier ends of the search.
    """

    search: Sequence[int]
    control: range
    retraining: range

    @property
    def planned(self) -> int:
        """How many trials the run is to have."""
        return self.retraining.stop - 1


def numbers_of(totals: Sequence[int], control: int, retrained: int) -> Numbers:
    """`totals`: trials of the search as planned at the start and after each extension. `control` random children follow
    it, and `retrained` retrainings.
    """
    search: list[int] = []
    after, retraining, free = range(0), range(0), 1
    for place, total in enumerate(totals):
        search += range(free, free + total - len(search))
        free = search[-1] + 1
        if place == 0:
            after = range(free, free + control)
            free += control
        retraining = range(free, free + retrained)
        free += retrained
    return Numbers(search, after, retraining)
