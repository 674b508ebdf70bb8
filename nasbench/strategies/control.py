"""Random children that a search never hears of: what it is compared with."""

from collections.abc import Sequence
from random import Random
from typing import final

from nasbench.core.arch import sample
from nasbench.core.protocols import SearchSpace
from nasbench.core.trial import Proposal, Trial


@final
class Control:
    """Draws every proposal uniformly, and marks it as a control."""

    def __init__(self, space: SearchSpace) -> None:
        self._space = space

    def ask(self, number: int, rng: Random, running: Sequence[Proposal]) -> Proposal:  # noqa: ARG002 - the protocol's
        architecture = sample(self._space.name, self._space.choices, rng)
        return Proposal(number, architecture, note={"control": True, "blind": True})

    def tell(self, trial: Trial) -> None:
        """Nothing to learn."""
