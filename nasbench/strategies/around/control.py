"""Random children that a search never hears of: what it is compared with."""

from collections.abc import Sequence
from random import Random
from typing import final

from nasbench.core.arch import sample
from nasbench.core.protocols import SearchSpace
from nasbench.core.seeds import derive
from nasbench.core.trial import Proposal, Trial


@final
class Control:
    """Draws every proposal uniformly, and marks it as a control.

    With a `seed`, it draws from random streams of its own: among the trials of a search, it then repeats no blind
    proposal of the strategy.
    """

    def __init__(self, space: SearchSpace, seed: int | None = None) -> None:
        self._space, self._seed = space, seed

    def ask(self, number: int, rng: Random, running: Sequence[Proposal]) -> Proposal:  # noqa: ARG002 - the protocol's
        own = rng if self._seed is None else Random(derive(self._seed, "control", number))
        architecture = sample(self._space.name, self._space.choices, own)
        return Proposal(number, architecture, note={"control": True, "blind": True})

    def tell(self, trial: Trial) -> None:
        """Nothing to learn."""
