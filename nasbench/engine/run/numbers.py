"""Which trial numbers of a search belong to which of its phases.

The search has the first numbers, then the control that was asked for by number (`--control K`), then the retraining,
then the check of a cheap score.
An extension goes on after them: with more of the search and a retraining of its own, or with more of the control. So no
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
        check: of the last check of a cheap score, likewise.
        planned: how many trials the run is to have.
    """

    search: Sequence[int]
    control: Sequence[int]
    retraining: range
    check: range
    planned: int


def numbers_of(rounds: Sequence[tuple[int, int]], retrained: int, checked: int = 0) -> Numbers:
    """`rounds`: (trials of the search, random children after it) as planned at the start and after each extension.
    `retrained` are trained again each time the search was extended, and `checked` to check its score.
    """
    search: list[int] = []
    control: list[int] = []
    retraining, check, free = range(0), range(0), 1
    for trials, children in rounds:
        extended = trials > len(search)
        for numbers, total in ((search, trials), (control, children)):
            more = range(free, free + total - len(numbers))
            numbers += more
            free += len(more)
        if extended:
            retraining = range(free, free + retrained)
            check = range(retraining.stop, retraining.stop + checked)
            free += retrained + checked
    return Numbers(search, control, retraining, check, free - 1)
