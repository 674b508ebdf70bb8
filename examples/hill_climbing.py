"""A strategy of one's own: change one decision of the best architecture so far.

    nasbench search --strategy examples.hill_climbing:HillClimbing --dataset digits --recipe quick --trials 10

A strategy keeps no generator and learns in `tell` alone, so that replaying the log restores it.
"""

from collections.abc import Sequence
from random import Random

from nasbench.core.arch import mutate, sample
from nasbench.core.protocols import SearchSpace
from nasbench.core.registry import strategies
from nasbench.core.trial import Proposal, Trial


@strategies.register("hill_climbing")
class HillClimbing:
    """The first `start` proposals are random, then each changes one decision of the best so far."""

    def __init__(self, space: SearchSpace, seed: int = 0, start: int = 3) -> None:  # noqa: ARG002 - every strategy is handed the seed
        self._space, self._start = space, start
        self._best: Trial | None = None

    def ask(self, number: int, rng: Random, running: Sequence[Proposal]) -> Proposal:  # noqa: ARG002 - the protocol's
        if self._best is None or number <= self._start:
            return Proposal(number, sample(self._space.name, self._space.choices, rng), note={"blind": True})
        return Proposal(
            number, mutate(self._best.proposed, self._space.choices, rng), note={"parent": self._best.number}
        )

    def tell(self, trial: Trial) -> None:
        """Keeps the best; failed trials have no score and change nothing. Equal scores: the lower number, whatever came
        first.
        """
        if trial.score is not None and (self._best is None or _rank(trial) > _rank(self._best)):
            self._best = trial


def _rank(trial: Trial) -> tuple[float, int]:
    return trial.score or 0.0, -trial.number
