"""Any strategy over the rows of a table alone (`--candidates table`).

A strategy proposes from the whole space. A proposal that the table lacks is replaced by the nearest row that was not
proposed yet: the one with the fewest decisions of another option, ties drawn by the trial's own generator. A continuous
decision counts by the share of its range that lies between. So every strategy works on a table that knows a part of its
space only, and one that asks for the same missing network again and again, as a model does that learns nothing new from
known rows, sees its neighbourhood. What a strategy proposes where the table has the row is not touched.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Protocol, final

from nasbench.core.arch import Architecture, Decision, Range
from nasbench.core.errors import TrialFailed, UsageError
from nasbench.core.protocols import SearchSpace, Strategy
from nasbench.core.trial import Proposal, Trial
from nasbench.strategies.around.constrained import Counts, Limits

if TYPE_CHECKING:
    import numpy as np


class Rows(Protocol):
    """A table, as far as a strategy must know it."""

    def holds(self, architecture: Architecture) -> bool:
        """Whether it has a row for the architecture, or for another spelling of the same network."""

    def architectures(self) -> Sequence[Architecture]:
        """What it has rows for."""


@final
class NearestRow:
    """Architecture -> the nearest row, and how far it is. Rows beyond `limits` are none; UsageError where all are."""

    def __init__(self, table: Rows, space: SearchSpace, counts: Counts, limits: Limits = Limits()) -> None:  # noqa: B008
        self._table, self._choices = table, space.choices
        self._limited, self._counts, self._limits = limits != Limits(), counts, limits
        self._rows = [row for row in table.architectures() if self._keeps(row)]
        if not self._rows:
            raise UsageError("no row of the table keeps --max-params and --max-macs. Raise the limit.")
        self._space = space
        self._places: dict[str, set[int]] = {}
        for place, row in enumerate(self._rows):
            self._places.setdefault(space.canonical(row).key, set()).add(place)
        self._codes = self._encoded(self._rows)

    def __call__(
        self, architecture: Architecture, rng: Random, proposed: Collection[int] = ()
    ) -> tuple[Architecture, float]:
        """The architecture itself at distance 0 where the table has it; else a row that is not `proposed`, told by its
        place, as long as there is one.
        """
        if self._table.holds(architecture) and self._keeps(architecture):
            return architecture, 0.0
        import numpy as np

        codes = self._encoded([architecture])  # (1, decisions)
        apart = np.zeros(len(self._rows))
        for column, decision in enumerate(self._choices):
            gap = np.abs(self._codes[:, column] - codes[0, column])  # (rows,)
            apart += gap if isinstance(decision, Range) else gap > 0
        if len(proposed) < len(self._rows):
            apart[list(proposed)] = np.inf
        nearest = np.flatnonzero(apart <= apart.min() + 1e-9)
        found = int(rng.choice(nearest.tolist()))
        return self._rows[found], round(float(apart[found]), 6)

    def places(self, architectures: Iterable[Architecture]) -> set[int]:
        """The places of the rows of these networks, in any spelling."""
        keys = (self._space.canonical(each).key for each in architectures)
        return {place for key in keys for place in self._places.get(key, ())}

    def _keeps(self, architecture: Architecture) -> bool:
        """Whether it keeps the limits; not where it cannot be counted."""
        try:
            return not self._limited or self._limits.load(self._counts(architecture)) <= 1.0
        except TrialFailed:
            return False

    def _encoded(self, rows: Sequence[Architecture]) -> "np.ndarray[tuple[int, int], np.dtype[np.float64]]":
        """The index of each option, the place in its range of each number: (rows, decisions)."""
        import numpy as np

        every = (row.genes for row in rows)
        return np.array([[_code(each, genes[each.name]) for each in self._choices] for genes in every], dtype=float)


@final
class OfRows:
    """A strategy whose proposals are all rows of a table.

    The note of one that was replaced holds `nearest_row`, the number of decisions that differ from what was proposed,
    and `repaired`, by which a controller knows that the proposal is not its own.
    """

    def __init__(self, inner: Strategy, nearest: NearestRow) -> None:
        self._inner, self._nearest = inner, nearest
        self._told: set[int] = set()

    def ask(self, number: int, rng: Random, running: Sequence[Proposal]) -> Proposal:
        proposal = self._inner.ask(number, rng, running)
        proposed = self._told | self._nearest.places(each.architecture for each in running)
        row, apart = self._nearest(proposal.architecture, rng, proposed)
        if row == proposal.architecture:
            return proposal
        return replace(proposal, architecture=row, note={**proposal.note, "repaired": True, "nearest_row": apart})

    def tell(self, trial: Trial) -> None:
        self._told |= self._nearest.places([trial.proposed])
        self._inner.tell(trial)


def _code(decision: Decision, gene: object) -> float:
    if isinstance(decision, Range):
        return (float(gene) - decision.low) / (decision.high - decision.low)  # type: ignore[arg-type]
    return float(decision.options.index(gene))
