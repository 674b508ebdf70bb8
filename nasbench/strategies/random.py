"""Random search: every decision is drawn uniformly.

It is the baseline that every other strategy has to beat (Li and Talwalkar 2019, arXiv:1902.07638).
"""

from collections.abc import Sequence
from random import Random

from nasbench.core.arch import sample
from nasbench.core.protocols import SearchSpace
from nasbench.core.registry import strategies
from nasbench.core.trial import Proposal, Trial
from nasbench.strategies.options import read_options


@strategies.register("random")
class RandomSearch:
    """Draws every proposal independently of all earlier results. It has no options."""

    own_control = True
    learns = False

    def __init__(self, space: SearchSpace, seed: int = 0, **options: object) -> None:  # noqa: ARG002 - every draw comes from ask's rng
        read_options("random", (), options)
        self._space = space

    def ask(self, number: int, rng: Random, running: Sequence[Proposal]) -> Proposal:  # noqa: ARG002 - drawn blindly
        return Proposal(number, sample(self._space.name, self._space.choices, rng), note={"blind": True})

    def tell(self, trial: Trial) -> None:
        """Ignores the result."""
