"""What follows a search, as strategies of their own: random children as a control, and the best ones trained longer."""

from collections.abc import Sequence
from random import Random

from nasbench.core.arch import sample
from nasbench.core.protocols import SearchSpace
from nasbench.core.trial import Proposal, Trial


class Control:
    """Random children that the search never hears of."""

    def __init__(self, space: SearchSpace) -> None:
        self._space = space

    def ask(self, number: int, rng: Random, running: Sequence[Proposal]) -> Proposal:  # noqa: ARG002 - the protocol's
        return Proposal(
            number, sample(self._space.name, self._space.choices, rng), note={"control": True, "blind": True}
        )

    def tell(self, trial: Trial) -> None:
        """Nothing to learn."""


class Retrain:
    """The best `top` different architectures of a search, trained from scratch for `epochs`. The n-th number is the
    n-th best.

    Those trained for the most epochs come first, since scores of unequal trainings do not compare.
    """

    def __init__(self, searched: Sequence[Trial], top: int, epochs: int, first_number: int) -> None:
        by_key: dict[str, Trial] = {}
        for trial in sorted(
            (trial for trial in searched if trial.score is not None),
            key=lambda trial: (-trial.epochs, -(trial.score or 0.0), trial.number),
        ):
            by_key.setdefault(trial.key, trial)
        self.chosen = list(by_key.values())[:top]
        self._epochs, self._first = epochs, first_number

    def ask(self, number: int, rng: Random, running: Sequence[Proposal]) -> Proposal:  # noqa: ARG002 - the protocol's
        chosen = self.chosen[number - self._first]
        return Proposal(number, chosen.architecture, epochs=self._epochs, note={"retrain_of": chosen.number})

    def tell(self, trial: Trial) -> None:
        """The choice was made by the search."""
